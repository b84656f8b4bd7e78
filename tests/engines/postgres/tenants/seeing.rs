//! Who sees what.

use domain::{FailureKind, connection::TlsMode};
use serde_json::json;
use support::{
    databases::{open, read, unique},
    on_postgres,
    pooler::Pooler,
    proxy::Proxy,
    rows::Owned,
    waiting::until,
};

use super::{BY_SETTING, House, caller, read_as, tenant};

const COUNT: &str = "SELECT count(*), min(tenant), max(tenant) FROM orders";

fn own(tenant: &str) -> Vec<Vec<Owned>> {
    let text = |text: &str| Owned::Text(text.to_owned());
    vec![vec![
        Owned::Number("5".to_owned()),
        text(tenant),
        text(tenant),
    ]]
}

on_postgres!(each_caller_sees_its_own_rows, async |server: &str| {
    let house = House::new(server).await;
    let database = house.open().await;

    for number in [0, 7, 19, 7] {
        let rows = read_as(&database, &tenant(number), COUNT, vec![]).await;
        assert_eq!(rows.unwrap().rows, own(&format!("t{number}")));
        // Parameters go another way.
        let sql = "SELECT count(*), min(tenant), max(tenant) FROM orders WHERE total >= $1";
        let rows = read_as(&database, &tenant(number), sql, vec![json!(0)]).await;
        assert_eq!(rows.unwrap().rows, own(&format!("t{number}")));
    }

    database.pool.close().await;
    house.drop().await;
});

on_postgres!(
    a_role_of_its_own_shows_a_tenant_its_own_rows,
    async |server: &str| {
        let mut house = House::new(server).await;
        let [north, south, prefix] =
            ["north", "south", ""].map(|it| format!("{}_{it}", house.name));
        house
            .run(&format!(
                "CREATE ROLE {north}; CREATE ROLE {south}; GRANT {north}, {south} TO :role;
                 GRANT SELECT ON orders TO {north}, {south}; REVOKE SELECT ON orders FROM :role;
                 DROP POLICY own ON orders; CREATE POLICY own ON orders USING (tenant = current_user);
                 UPDATE orders SET tenant = CASE WHEN id < 1000 THEN '{north}' ELSE '{south}' END;
                 ALTER ROLE :role NOINHERIT"
            ))
            .await;
        let mapping = json!({"role": format!("{prefix}{{claim:tenant}}")}).to_string();
        let database = open(house.config(&mapping, "")).await;
        let sql = "SELECT DISTINCT tenant FROM orders";

        for (tenant, role) in [("north", &north), ("south", &south), ("north", &north)] {
            let seen = read_as(&database, &caller(&json!({"tenant": tenant})), sql, vec![]).await;
            assert_eq!(seen.unwrap().rows, [[Owned::Text(role.clone())]]);
            // Without a row the columns are asked for by another way.
            let sql = "SELECT tenant FROM orders WHERE id = $1";
            let none = read_as(
                &database,
                &caller(&json!({"tenant": tenant})),
                sql,
                vec![json!(-1)],
            )
            .await;
            assert_eq!(none.unwrap().columns.len(), 1);
        }
        for stranger in ["west", "north\"; RESET ROLE; --"] {
            let refused = read_as(
                &database,
                &caller(&json!({"tenant": stranger})),
                sql,
                vec![],
            )
            .await
            .unwrap_err();
            assert_eq!(refused.kind, FailureKind::NotAllowed);
            assert_eq!(
                refused.message,
                "The database does not let this connection act for the caller."
            );
        }
        let after = read_as(&database, &caller(&json!({"tenant": "south"})), sql, vec![]).await;
        assert_eq!(after.unwrap().rows, [[Owned::Text(south.clone())]]);

        database.pool.close().await;
        house.drop_with(&[north, south]).await;
    }
);

on_postgres!(
    a_value_is_a_value_whatever_is_in_it,
    async |server: &str| {
        let house = House::new(server).await;
        let database = house.open().await;
        let sql = "SELECT current_setting('app.tenant'), (SELECT count(*) FROM orders)";

        for name in [
            "t2'; SET LOCAL app.tenant = 't1",
            "\\'; RESET ROLE; --",
            "$$",
            "t1\u{0}".trim_end_matches('\0'),
            "ünïcödé — ✓",
        ] {
            let rows = read_as(&database, &caller(&json!({"tenant": name})), sql, vec![]).await;
            let count = if name == "t1" { "5" } else { "0" };
            assert_eq!(
                rows.unwrap().rows,
                [[
                    Owned::Text(name.to_owned()),
                    Owned::Number(count.to_owned())
                ]]
            );
        }

        database.pool.close().await;
        house.drop().await;
    }
);

on_postgres!(
    a_position_is_that_of_the_callers_text_whatever_the_claim,
    async |server: &str| {
        let mut house = House::new(server).await;
        let mut config = house.config(BY_SETTING, "");
        config.pool.max_connections = 1;
        let database = open(config).await;
        let sql = "SELECT 'é', customer FROM orders";
        let caller = caller(&json!({"tenant": "ünïcödé"}));
        read_as(&database, &caller, sql, vec![]).await.unwrap();
        // The session knows the text, so it is read again behind the claim's value only.
        house
            .run("ALTER TABLE orders RENAME COLUMN customer TO client")
            .await;

        let failure = read_as(&database, &caller, sql, vec![]).await.unwrap_err();

        assert_eq!(failure.position, Some(13));
        database.pool.close().await;
        house.drop().await;
    }
);

on_postgres!(nobody_runs_a_statement_for_nobody, async |server: &str| {
    let house = House::new(server).await;
    let database = house.open().await;

    let failure = read(&database, "SELECT 1", vec![]).await.unwrap_err();

    assert_eq!(failure.kind, FailureKind::Internal);
    database.pool.close().await;
    house.drop().await;
});

on_postgres!(
    whose_rows_are_shown_costs_no_round_trip,
    async |server: &str| {
        let house = House::new(server).await;
        let mut config = house.config(BY_SETTING, "");
        config.tls.mode = TlsMode::Disable;
        config.pool.max_connections = 1;
        let proxy = Proxy::before(&mut config).await;
        let database = open(config).await;
        let lookup = "SELECT word FROM orders WHERE total >= $1";

        for (tenant_number, sql, params, expected) in [
            (1, COUNT, vec![], 2),
            (1, COUNT, vec![], 1),
            (2, COUNT, vec![], 1),
            (1, lookup, vec![json!(0)], 2),
            (2, lookup, vec![json!(0)], 1),
        ] {
            until("the session is at rest", async || {
                database.pool.figures().in_use == 0
            })
            .await;
            let before = proxy.round_trips();
            read_as(&database, &tenant(tenant_number), sql, params)
                .await
                .unwrap();
            assert_eq!(proxy.round_trips() - before, expected, "{sql}");
        }

        database.pool.close().await;
        house.drop().await;
    }
);

on_postgres!(
    behind_a_pooler_each_caller_sees_its_own_rows,
    async |server: &str| {
        let house = House::new(server).await;
        let mut config = house.config(BY_SETTING, "");
        config.pooler = true;
        config.pool.max_connections = 3;
        let _pooler = Pooler::before(&mut config, 1, "").await;
        let database = open(config).await;

        for round in 0..20 {
            let number = round % 3;
            let rows = read_as(&database, &tenant(number), COUNT, vec![]).await;
            assert_eq!(rows.unwrap().rows, own(&format!("t{number}")));
        }

        database.pool.close().await;
        house.drop().await;
    }
);

on_postgres!(
    a_caller_that_may_act_as_another_sees_that_ones_rows,
    async |server: &str| {
        let house = House::new(server).await;
        let database = house.open().await;
        let mut support = caller(&json!({"tenant": "t1", "desk": "support"}));
        support.acts_for = Some("t3".to_owned());
        let mut other = tenant(1);
        other.acts_for = Some("t3".to_owned());

        let seen = read_as(&database, &support, COUNT, vec![]).await;
        let refused = read_as(&database, &other, COUNT, vec![]).await;

        assert_eq!(seen.unwrap().rows, own("t3"));
        assert_eq!(refused.unwrap_err().kind, FailureKind::NotAllowed);
        database.pool.close().await;
        house.drop().await;
    }
);

on_postgres!(
    a_caller_that_lacks_the_claim_is_refused_before_a_session_is_taken,
    async |server: &str| {
        let house = House::new(server).await;
        let database = house.open().await;
        let stranger = caller(&json!({"name": unique("x")}));

        let failure = read_as(&database, &stranger, COUNT, vec![])
            .await
            .unwrap_err();

        assert_eq!(failure.kind, FailureKind::NotAllowed);
        assert_eq!(database.pool.figures().in_use, 0);
        database.pool.close().await;
        house.drop().await;
    }
);
