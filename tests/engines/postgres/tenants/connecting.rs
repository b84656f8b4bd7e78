//! Which connections are refused, because the policies of the database would not hold on them.

use domain::{FailureKind, connection::FindingKind};
use support::{
    databases::{open, try_open},
    on_postgres,
};

use super::{BY_SETTING, House};

on_postgres!(
    a_role_for_whom_policies_do_not_hold_is_refused_with_the_reason,
    async |server: &str| {
        let mut house = House::new(server).await;
        for (hole, mended, reason) in [
            ("ALTER ROLE :role SUPERUSER", "ALTER ROLE :role NOSUPERUSER", "superuser or BYPASSRLS"),
            ("ALTER ROLE :role BYPASSRLS", "ALTER ROLE :role NOBYPASSRLS", "superuser or BYPASSRLS"),
            (
                "ALTER TABLE orders OWNER TO :role; ALTER TABLE orders NO FORCE ROW LEVEL SECURITY",
                "ALTER TABLE orders FORCE ROW LEVEL SECURITY; ALTER TABLE orders OWNER TO CURRENT_USER; GRANT ALL ON orders TO :role",
                "owns tables whose row security is not forced on their owner: public.orders",
            ),
            (
                "ALTER TABLE orders DISABLE ROW LEVEL SECURITY",
                "ALTER TABLE orders ENABLE ROW LEVEL SECURITY",
                "no table that it may read has row security",
            ),
            (
                "CREATE VIEW seen AS SELECT * FROM orders; GRANT SELECT ON seen TO :role",
                "DROP VIEW seen",
                "an owner for whom row security does not hold: public.seen",
            ),
            (
                "CREATE VIEW under AS SELECT * FROM orders; CREATE VIEW seen AS SELECT * FROM under; GRANT SELECT ON seen TO :role",
                "DROP VIEW seen, under",
                "an owner for whom row security does not hold: public.seen",
            ),
            (
                "CREATE MATERIALIZED VIEW held AS SELECT * FROM orders; GRANT SELECT ON held TO :role",
                "DROP MATERIALIZED VIEW held",
                "materialized views hold rows of protected tables: public.held",
            ),
            (
                "CREATE TABLE child () INHERITS (orders); GRANT SELECT ON child TO :role",
                "DROP TABLE child",
                "can be read directly and have no row security: public.child",
            ),
            (
                "CREATE FUNCTION sneak(text, int) RETURNS text LANGUAGE sql AS $$ SELECT set_config('app.tenant', $1, true) $$;
                 CREATE OPERATOR <@@> (LEFTARG = text, RIGHTARG = int, FUNCTION = sneak)",
                "DROP FUNCTION sneak CASCADE",
                "call functions that are not in ROW_SECURITY_FUNCTIONS: sneak",
            ),
        ] {
            house.run(hole).await;
            let refused = try_open(house.config(BY_SETTING, "")).await.map(|_| ()).unwrap_err();
            house.run(mended).await;

            assert_eq!(refused.kind, FailureKind::NotAllowed, "{hole}");
            assert!(refused.message.contains(reason), "{hole}: {}", refused.message);
        }
        open(house.config(BY_SETTING, "")).await.pool.close().await;
        house.drop().await;
    }
);

on_postgres!(
    a_view_that_asks_as_its_caller_is_no_reason,
    async |server: &str| {
        if server == "postgres_15" || server == "postgres_18" {
            let mut house = House::new(server).await;
            house
                .run("CREATE VIEW seen WITH (security_invoker = true) AS SELECT * FROM orders; GRANT SELECT ON seen TO :role")
                .await;

            open(house.config(BY_SETTING, "")).await.pool.close().await;

            house.drop().await;
        }
    }
);

on_postgres!(
    tables_that_show_everybody_the_same_are_told,
    async |server: &str| {
        let house = House::new(server).await;

        let database = house.open().await;

        let told = database
            .posture
            .findings()
            .iter()
            .find(|finding| finding.kind == FindingKind::BypassesRowSecurity);
        assert_eq!(
            told.unwrap().what,
            "Tables without row security show every caller the same: public.products."
        );
        database.pool.close().await;
        house.drop().await;
    }
);

on_postgres!(
    a_role_that_a_claim_could_name_is_looked_at_too,
    async |server: &str| {
        let mut house = House::new(server).await;
        let tenant = format!("{}_north", house.name);
        house
            .run(&format!(
                "CREATE ROLE {tenant} BYPASSRLS; GRANT {tenant} TO :role"
            ))
            .await;
        let mapping = format!(r#"{{"role": "{}_{{claim:tenant}}"}}"#, house.name);

        let refused = try_open(house.config(&mapping, ""))
            .await
            .map(|_| ())
            .unwrap_err();

        assert!(refused.message.contains(&tenant), "{}", refused.message);
        house.drop_with(&[tenant]).await;
    }
);
