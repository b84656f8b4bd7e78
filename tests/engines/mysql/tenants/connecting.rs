//! Which connections are refused, because the views of the database would not stand before every row.

use domain::{FailureKind, connection::FindingKind};
use support::{
    databases::{open, try_open},
    on_mysql,
};

use super::{PRIVILEGES, mapped, shared};

on_mysql!(
    an_account_that_sees_past_the_views_is_refused_with_the_reason,
    async |server: &str| {
        let mut house = shared(server).await;
        let config = mapped(house.account(PRIVILEGES).await, "");
        for (hole, mended, reason) in [
            (
                "GRANT SELECT ON {name}_far.orders TO {name}",
                "REVOKE SELECT ON {name}_far.orders FROM {name}",
                "it may read tables beneath the views: {name}_far.orders",
            ),
            (
                "CREATE VIEW seen AS SELECT id, word FROM {name}_far.orders",
                "DROP VIEW seen",
                "views read those tables without asking whose rows to show: {name}.seen",
            ),
            (
                "CREATE VIEW seen AS SELECT id FROM {name}_far.orders WHERE tenant = {name}.tenant()",
                "DROP VIEW seen",
                "conditions would be asked of everybody's rows: {name}.seen",
            ),
            (
                "CREATE ALGORITHM=MERGE VIEW seen AS SELECT id FROM {name}_far.orders WHERE tenant = {name}.tenant()",
                "DROP VIEW seen",
                "conditions would be asked of everybody's rows: {name}.seen",
            ),
            (
                "REVOKE SHOW VIEW ON {name}.* FROM {name}",
                "GRANT SHOW VIEW ON {name}.* TO {name}",
                "the texts of views are not shown to it: {name}.orders, {name}.totals",
            ),
            (
                "ALTER ALGORITHM=TEMPTABLE VIEW orders AS SELECT * FROM {name}_far.orders WHERE tenant = 't1'",
                "ALTER ALGORITHM=TEMPTABLE VIEW orders AS \
                 SELECT id, tenant, customer, total, word FROM {name}_far.orders WHERE tenant = {name}.tenant()",
                "no view that it may read calls a function",
            ),
        ] {
            house.run(hole).await;
            let refused = try_open(config.clone()).await.map(|_| ()).unwrap_err();
            house.run(mended).await;

            let reason = reason.replace("{name}", &house.name);
            assert_eq!(refused.kind, FailureKind::NotAllowed, "{hole}");
            assert!(
                refused.message.contains(&reason),
                "{hole}: {}",
                refused.message
            );
        }
        open(config).await.pool.close().await;
        house.leave().await;
    }
);

on_mysql!(
    tables_that_show_everybody_the_same_are_told,
    async |server: &str| {
        let mut house = shared(server).await;
        let config = mapped(house.account(PRIVILEGES).await, "");

        let database = open(config).await;

        let told = database
            .posture
            .findings()
            .iter()
            .find(|finding| finding.kind == FindingKind::BypassesRowSecurity);
        assert_eq!(
            told.unwrap().what,
            format!(
                "Tables without row security show every caller the same: {}.products.",
                house.name
            )
        );
        database.pool.close().await;
        house.leave().await;
    }
);
