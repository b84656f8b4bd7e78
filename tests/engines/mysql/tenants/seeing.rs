//! Who sees what.

use domain::{FailureKind, connection::TlsMode};
use serde_json::json;
use support::{
    databases::{open, read},
    on_mysql,
    proxy::Proxy,
    rows::Owned,
    waiting::until,
};

use super::{PRIVILEGES, caller, mapped, opened_for_tenants, read_as, shared, tenant};

const COUNT: &str = "SELECT COUNT(*), MIN(tenant), MAX(tenant) FROM orders";

fn own(tenant: &str) -> Vec<Vec<Owned>> {
    let text = |text: &str| Owned::Text(text.to_owned());
    vec![vec![Owned::Int(5), text(tenant), text(tenant)]]
}

on_mysql!(each_caller_sees_its_own_rows, async |server: &str| {
    let mut house = shared(server).await;
    let mut config = mapped(house.account(PRIVILEGES).await, "");
    config.pool.max_connections = 1;
    let database = open(config).await;

    for number in [0, 7, 19, 7] {
        let rows = read_as(&database, &tenant(number), COUNT, vec![]).await;
        assert_eq!(rows.unwrap().rows, own(&format!("t{number}")));
        let sql = "SELECT COUNT(*), MIN(tenant), MAX(tenant) FROM orders WHERE total >= ?";
        let rows = read_as(&database, &tenant(number), sql, vec![json!(0)]).await;
        assert_eq!(rows.unwrap().rows, own(&format!("t{number}")));
    }

    database.pool.close().await;
    house.leave().await;
});

on_mysql!(
    a_session_serves_one_caller_after_another,
    async |server: &str| {
        let mut house = shared(server).await;
        let mut config = mapped(house.account(PRIVILEGES).await, "");
        config.pool.max_connections = 1;
        let database = open(config).await;
        let session = "SELECT CONNECTION_ID()";

        let first = read_as(&database, &tenant(1), session, vec![]).await;
        for number in 0..5 {
            read_as(&database, &tenant(number), COUNT, vec![])
                .await
                .unwrap();
        }
        let last = read_as(&database, &tenant(2), session, vec![]).await;

        assert_eq!(first.unwrap().rows, last.unwrap().rows);
        database.pool.close().await;
        house.leave().await;
    }
);

on_mysql!(
    a_value_is_a_value_whatever_is_in_it,
    async |server: &str| {
        let mut house = shared(server).await;
        let config = house.account(PRIVILEGES).await;
        let listed = format!("{}.tenant", house.name);
        let database = open(mapped(config, &listed)).await;
        let sql = format!("SELECT {listed}(), (SELECT COUNT(*) FROM orders)");

        for name in [
            "t2', @other = 't1",
            "\\'; SET @tenant = 't1'; --",
            "t1\\",
            "''",
            "T1",
            "ünïcödé — ✓",
            "t1",
        ] {
            let rows = read_as(&database, &caller(&json!({"tenant": name})), &sql, vec![]).await;
            let count = if name == "t1" { 5 } else { 0 };
            assert_eq!(
                rows.unwrap().rows,
                [[Owned::Text(name.to_owned()), Owned::Int(count)]]
            );
        }
        let blank = read_as(&database, &caller(&json!({"tenant": "t1 "})), &sql, vec![]).await;

        assert_eq!(blank.unwrap_err().kind, FailureKind::NotAllowed);
        database.pool.close().await;
        house.leave().await;
    }
);

on_mysql!(nobody_runs_a_statement_for_nobody, async |server: &str| {
    let mut house = shared(server).await;
    let database = opened_for_tenants(&mut house).await;

    let failure = read(&database, "SELECT 1", vec![]).await.unwrap_err();

    assert_eq!(failure.kind, FailureKind::Internal);
    database.pool.close().await;
    house.leave().await;
});

on_mysql!(
    a_caller_that_may_act_as_another_sees_that_ones_rows,
    async |server: &str| {
        let mut house = shared(server).await;
        let database = opened_for_tenants(&mut house).await;
        let mut support = caller(&json!({"tenant": "t1", "desk": "support"}));
        support.acts_for = Some("t3".to_owned());
        let mut other = tenant(1);
        other.acts_for = Some("t3".to_owned());

        let seen = read_as(&database, &support, COUNT, vec![]).await;
        let refused = read_as(&database, &other, COUNT, vec![]).await;

        assert_eq!(seen.unwrap().rows, own("t3"));
        assert_eq!(refused.unwrap_err().kind, FailureKind::NotAllowed);
        database.pool.close().await;
        house.leave().await;
    }
);

on_mysql!(
    what_reads_ones_own_rows_is_answered,
    async |server: &str| {
        let mut house = shared(server).await;
        let database = opened_for_tenants(&mut house).await;

        for sql in [
            "SELECT * FROM orders ORDER BY id LIMIT 2",
            "SELECT o.id, p.name FROM orders o JOIN products p ON p.id = o.id % 2 + 1",
            "WITH mine AS (SELECT * FROM orders WHERE total > 0) SELECT COUNT(*) FROM mine",
            "SELECT customer, SUM(total) OVER (PARTITION BY customer) FROM orders",
            "SELECT UPPER(customer), REPLACE(word, '-', '.'), ROUND(total), NOW() FROM orders",
            "SELECT @@version, DATABASE()",
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'orders'",
            "SHOW TABLES",
            "SHOW COLUMNS FROM orders",
            "DESCRIBE orders",
            "SELECT total FROM totals",
        ] {
            let rows = read_as(&database, &tenant(4), sql, vec![]).await;
            assert!(!rows.unwrap().rows.is_empty(), "{sql}");
        }

        database.pool.close().await;
        house.leave().await;
    }
);

on_mysql!(
    a_callers_own_rows_cost_one_round_trip_more,
    async |server: &str| {
        let mut house = shared(server).await;
        let mut config = mapped(house.account(PRIVILEGES).await, "");
        config.pool.max_connections = 1;
        // One of the servers takes a password's hash in the clear only once it knows the password.
        open(config.clone()).await.pool.close().await;
        config.tls.mode = TlsMode::Disable;
        let proxy = Proxy::before(&mut config).await;
        let database = open(config).await;

        // What was prepared for one caller is not run for another, and is still there for the one.
        for (number, expected) in [(1, 3), (1, 2), (2, 3), (1, 2), (2, 2)] {
            until("the session is at rest", async || {
                database.pool.figures().in_use == 0
            })
            .await;
            let before = proxy.round_trips();
            let rows = read_as(&database, &tenant(number), COUNT, vec![]).await;
            // No other task has run since the answer came: the runtime of a test has one thread.
            assert_eq!(proxy.round_trips() - before, expected, "{number}");
            assert_eq!(rows.unwrap().rows, own(&format!("t{number}")));
        }

        database.pool.close().await;
        house.leave().await;
    }
);
