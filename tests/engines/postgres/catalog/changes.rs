//! How a change is noticed, and what changes in mid-reading.

use domain::{Cancel, connection::Database};
use support::{databases::open, on_postgres, pooler::Pooler, waiting::until};

use super::{Shop, describe, names, read};

async fn fingerprint(database: &Database) -> Option<String> {
    let catalog = &database.catalog;
    catalog.fingerprint(&Cancel::new()).await.unwrap()
}

on_postgres!(
    a_schema_that_does_not_change_keeps_its_fingerprint,
    async |server: &str| {
        let mut shop = Shop::on(server).await;
        // What the making of the shop has counted is told when its session ends.
        shop.house.settle().await;

        // Housekeeping of the server's own may come in between, but not each time.
        until("a row and a look leave it as it is", async || {
            let before = fingerprint(&shop.database).await;
            shop.database.catalog.read(&Cancel::new()).await.unwrap();
            shop.house.run("INSERT INTO shop.fresh VALUES (1)").await;
            shop.house.settle().await;
            before.is_some() && before == fingerprint(&shop.database).await
        })
        .await;

        shop.leave().await;
    }
);

on_postgres!(
    every_change_of_the_schema_changes_the_fingerprint,
    async |server: &str| {
        let mut shop = Shop::on(server).await;
        shop.house.settle().await;
        for change in [
            "CREATE TABLE shop.added (n int)",
            "ALTER TABLE shop.added ADD COLUMN more text",
            "ALTER TABLE shop.added RENAME COLUMN more TO less",
            "ALTER TABLE shop.added DROP COLUMN less",
            "COMMENT ON TABLE shop.added IS 'New'",
            "CREATE INDEX ON shop.added (n)",
            "GRANT SELECT ON shop.added TO {role}",
            "ALTER TYPE shop.mood ADD VALUE 'new'",
            "CREATE OR REPLACE FUNCTION shop.worth(customer bigint, since date DEFAULT '2020-01-02') RETURNS numeric \
                LANGUAGE sql STABLE AS 'SELECT 1.0'",
            "ALTER SEQUENCE shop.alone INCREMENT 3",
            "DROP TABLE shop.added",
            "DROP SCHEMA other CASCADE",
        ] {
            let before = fingerprint(&shop.database).await;
            shop.house.run(change).await;
            // A session tells what it has counted at once when it ends, and otherwise within a second or so.
            shop.house.settle().await;
            until(change, async || fingerprint(&shop.database).await != before).await;
        }
        shop.leave().await;
    }
);

on_postgres!(
    a_new_table_changes_the_fingerprint_at_once,
    async |server: &str| {
        let mut shop = Shop::on(server).await;
        let before = fingerprint(&shop.database).await;

        shop.house.run("CREATE TABLE shop.added (n int)").await;

        assert_ne!(fingerprint(&shop.database).await, before);
        shop.leave().await;
    }
);

on_postgres!(
    what_is_gone_between_two_calls_is_left_out,
    async |server: &str| {
        let mut shop = Shop::on(server).await;
        assert!(names(&shop.read().await).contains(&"other.notes".to_owned()));

        shop.house.run("DROP SCHEMA other CASCADE").await;

        let told = describe(&shop.database, &[("other", "notes"), ("shop", "animals")])
            .await
            .unwrap();
        assert_eq!(told.len(), 1);
        let snapshot = shop.read().await;
        assert!(!names(&snapshot).contains(&"other.notes".to_owned()));
        assert!(!snapshot.schemas.iter().any(|one| &*one.name == "other"));
        shop.leave().await;
    }
);

on_postgres!(
    a_locked_table_keeps_nobody_from_reading_the_schema,
    async |server: &str| {
        let mut shop = Shop::on(server).await;
        shop.house
            .run("BEGIN; LOCK TABLE shop.customers, shop.orders IN ACCESS EXCLUSIVE MODE")
            .await;

        let snapshot = shop.read().await;

        assert!(names(&snapshot).contains(&"shop.customers".to_owned()));
        shop.house.run("ROLLBACK").await;
        shop.leave().await;
    }
);

on_postgres!(behind_a_pooler_it_is_the_same, async |server: &str| {
    let shop = Shop::on(server).await;
    let mut config = shop.house.config(&shop.house.name);
    let _pooler = Pooler::before(&mut config, 2, "").await;
    config.pooler = true;
    let behind = open(config).await;

    assert_eq!(read(&behind).await, shop.read().await);
    let tables = [
        ("shop", "customers"),
        ("shop", "orders"),
        ("other", "notes"),
    ];
    assert_eq!(
        describe(&behind, &tables).await.unwrap(),
        describe(&shop.database, &tables).await.unwrap()
    );
    assert!(fingerprint(&behind).await.is_some());
    behind.pool.close().await;
    shop.leave().await;
});
