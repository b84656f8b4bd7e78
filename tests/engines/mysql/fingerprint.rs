//! The word that is another one once the schema is.

use domain::{Cancel, connection::Database};
use support::{databases::open, on_mysql, waiting::until};

use super::house::House;

async fn fingerprint(database: &Database) -> Option<String> {
    database.catalog.fingerprint(&Cancel::new()).await.unwrap()
}

/// Once nothing has changed for a while.
async fn settled(database: &Database) -> Option<String> {
    until("the fingerprint stays", async || {
        fingerprint(database).await == fingerprint(database).await
    })
    .await;
    fingerprint(database).await
}

on_mysql!(a_change_is_another_fingerprint, async |server: &str| {
    let mut house = House::empty(server).await;
    house.run("CREATE TABLE t (a INT)").await;
    house.run("CREATE VIEW v AS SELECT a FROM t").await;
    let config = house
        .account(&["SELECT, SHOW VIEW, TRIGGER, EXECUTE ON {name}.*"])
        .await;
    let database = open(config).await;
    let mut before = settled(&database).await;
    for change in [
        "ALTER TABLE t ADD COLUMN b INT",
        "ALTER TABLE t COMMENT = 'said'",
        "RENAME TABLE t TO u",
        "CREATE OR REPLACE VIEW v AS SELECT 1 AS b",
        "CREATE TRIGGER g BEFORE INSERT ON u FOR EACH ROW SET NEW.a = 1",
        "CREATE FUNCTION f () RETURNS INT RETURN 1",
        "DROP TABLE u",
    ] {
        house.run(change).await;
        assert_ne!(fingerprint(&database).await, before, "{change}");
        before = settled(&database).await;
    }
    database.pool.close().await;
    house.leave().await;
});
