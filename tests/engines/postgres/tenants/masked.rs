//! Rows by caller and masked columns on one connection: each holds as it does alone.

use domain::{
    FailureKind,
    connection::Database,
    masking::{MaskKey, MaskRules, Masking},
};
use support::{databases::open, on_postgres, rows::Owned};

use super::{BY_SETTING, House, read_as, tenant};

async fn masked(house: &House) -> Database {
    let mut config = house.config(BY_SETTING, "");
    config.masking = Some(Masking {
        rules: MaskRules::parse("orders.word=full").unwrap(),
        key: MaskKey::new(b"a key of the suite"),
    });
    open(config).await
}

on_postgres!(
    a_tenant_sees_its_own_rows_and_the_mask_in_them,
    async |server: &str| {
        let house = House::new(server).await;
        let database = masked(&house).await;

        for number in [3, 4, 3] {
            let sql = "SELECT tenant, word FROM orders ORDER BY id";
            let rows = read_as(&database, &tenant(number), sql, vec![])
                .await
                .unwrap();

            let own = vec![
                Owned::Text(format!("t{number}")),
                Owned::Text("***".to_owned()),
            ];
            assert_eq!(rows.rows, vec![own; 5]);
        }

        database.pool.close().await;
        house.drop().await;
    }
);

on_postgres!(
    neither_lets_through_what_the_other_refuses,
    async |server: &str| {
        let house = House::new(server).await;
        let database = masked(&house).await;

        for sql in [
            // What the mask refuses.
            "SELECT id FROM orders WHERE word LIKE 'secret-of-t3-1'",
            "SELECT upper(word) FROM orders",
            "SELECT id FROM orders ORDER BY word",
            // What the rows of others refuse.
            "SELECT set_config('app.tenant', 't4', true), id FROM orders",
            "SELECT become('t4'), count(*) FROM orders",
            "SELECT * FROM everything()",
            "EXPLAIN SELECT id FROM orders",
        ] {
            let failure = read_as(&database, &tenant(3), sql, vec![])
                .await
                .map(|rows| rows.rows)
                .unwrap_err();

            assert_eq!(failure.kind, FailureKind::NotAllowed, "{sql}: {failure:?}");
        }

        database.pool.close().await;
        house.drop().await;
    }
);
