//! Read-only, with no policy in between: only the engine stands in the way.

use domain::FailureKind;
use support::{
    databases::{open, read, writable},
    scratch::{Scratch, run_beside},
};

use super::helpers::{SHOP, folder_of, number, refused, shop};

#[tokio::test]
async fn nothing_that_writes_gets_through() {
    for writes_allowed in [false, true] {
        let scratch = Scratch::new();
        let mut config = shop(&scratch).await;
        let file = scratch.path("shop.db");
        run_beside(&scratch.path("other.db"), SHOP).await;
        if writes_allowed {
            config = writable(config);
        }
        let database = open(config).await;
        let before = std::fs::read(&file).unwrap();
        let other = scratch.path("other.db").display().to_string();
        let copy = scratch.path("copy.db").display().to_string();
        for sql in [
            "INSERT INTO customers (email) VALUES ('x')".to_owned(),
            "INSERT INTO customers (email) VALUES ('x') RETURNING id".to_owned(),
            "REPLACE INTO customers (email) VALUES ('x')".to_owned(),
            "UPDATE customers SET name = 'x'".to_owned(),
            "DELETE FROM customers".to_owned(),
            "WITH x AS (SELECT 1) DELETE FROM customers".to_owned(),
            "CREATE TABLE t (a)".to_owned(),
            "CREATE TEMP TABLE t (a)".to_owned(),
            "CREATE TEMP VIEW customers AS SELECT 1".to_owned(),
            "CREATE INDEX i ON customers(name)".to_owned(),
            "DROP TABLE orders".to_owned(),
            "ALTER TABLE orders ADD COLUMN a".to_owned(),
            "REINDEX".to_owned(),
            "ANALYZE".to_owned(),
            "VACUUM".to_owned(),
            format!("VACUUM INTO '{copy}'"),
            format!("ATTACH '{copy}' AS copy"),
            format!("ATTACH '{other}' AS other"),
            format!("ATTACH 'file:{other}?mode=rw' AS other"),
            "ATTACH ':memory:' AS m".to_owned(),
            "UPDATE sqlite_schema SET sql = ''".to_owned(),
            "PRAGMA user_version = 5".to_owned(),
            "PRAGMA application_id(5)".to_owned(),
            "SELECT load_extension('x')".to_owned(),
            "SELECT fts3_tokenizer('simple', x'00')".to_owned(),
            "SELECT writefile('x', 'y')".to_owned(),
            "SELECT readfile('/etc/passwd')".to_owned(),
            "SELECT edit('x')".to_owned(),
            "BEGIN".to_owned(),
            "BEGIN IMMEDIATE".to_owned(),
            "BEGIN EXCLUSIVE".to_owned(),
            "SAVEPOINT s".to_owned(),
            "PRAGMA journal_mode = WAL".to_owned(),
            "PRAGMA query_only = 0".to_owned(),
            "EXPLAIN PRAGMA query_only = 0".to_owned(),
            "PRAGMA writable_schema = 1".to_owned(),
            "PRAGMA case_sensitive_like = 1".to_owned(),
            "PRAGMA wal_checkpoint(TRUNCATE)".to_owned(),
            "PRAGMA optimize".to_owned(),
            "PRAGMA incremental_vacuum".to_owned(),
        ] {
            refused(&database, &sql).await;
        }
        // Accepted, and changes nothing.
        read(&database, "EXPLAIN DELETE FROM customers", vec![])
            .await
            .unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), before);
        assert_eq!(folder_of(&file), ["other.db", "shop.db"]);
    }
}

#[tokio::test]
async fn a_refusal_names_the_setting_that_would_allow_it() {
    let scratch = Scratch::new();
    let database = open(shop(&scratch).await).await;

    let failure = refused(&database, "DELETE FROM customers").await;

    assert_eq!(
        (failure.kind, failure.native_code),
        (FailureKind::NotAllowed, Some(8))
    );
    assert!(failure.hint.unwrap().contains("READ_ONLY=false"));
}

#[tokio::test]
async fn pragma_functions_change_nothing() {
    let scratch = Scratch::new();
    let database = open(shop(&scratch).await).await;

    refused(&database, "SELECT * FROM pragma_query_only(0)").await;

    assert_eq!(number(&database, "PRAGMA query_only").await, 1);
}
