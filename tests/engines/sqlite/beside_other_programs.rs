//! Files that other programs change.

use std::sync::Arc;

use domain::{FailureKind, connection::Database};
use serde_json::json;
use support::{
    databases::{open, read, writable, write},
    rows::Owned,
    scratch::{Scratch, run_beside},
};

use super::helpers::{config, number, refused, shop};

async fn columns(database: &Database, sql: &str) -> Vec<String> {
    let rows = read(database, sql, vec![]).await.unwrap();
    rows.columns.into_iter().map(|column| column.name).collect()
}

#[tokio::test]
async fn a_changed_table_is_seen_by_a_statement_that_was_seen_before() {
    let scratch = Scratch::new();
    let database = open(shop(&scratch).await).await;
    let file = scratch.path("shop.db");
    let sql = "SELECT * FROM customers";
    assert_eq!(columns(&database, sql).await, ["id", "email", "name"]);

    run_beside(&file, "ALTER TABLE customers ADD COLUMN city TEXT").await;
    assert_eq!(
        columns(&database, sql).await,
        ["id", "email", "name", "city"]
    );

    run_beside(&file, "ALTER TABLE customers RENAME COLUMN city TO town").await;
    assert_eq!(
        columns(&database, sql).await,
        ["id", "email", "name", "town"]
    );

    run_beside(&file, "ALTER TABLE customers DROP COLUMN name").await;
    assert_eq!(columns(&database, sql).await, ["id", "email", "town"]);
}

#[tokio::test]
async fn a_table_that_was_changed_here_is_seen_by_the_other_sessions() {
    let scratch = Scratch::new();
    let database = open(writable(shop(&scratch).await)).await;
    let sql = "SELECT * FROM orders";
    assert_eq!(columns(&database, sql).await.len(), 3);

    write(&database, "ALTER TABLE orders ADD COLUMN note TEXT", vec![])
        .await
        .unwrap();

    assert_eq!(columns(&database, sql).await.len(), 4);
}

#[tokio::test]
async fn a_file_put_in_the_place_of_another_is_the_one_that_is_read() {
    let scratch = Scratch::new();
    let database = open(shop(&scratch).await).await;
    assert_eq!(number(&database, "SELECT count(*) FROM customers").await, 2);
    run_beside(
        &scratch.path("new.db"),
        "CREATE TABLE customers (id); INSERT INTO customers VALUES (1)",
    )
    .await;

    std::fs::rename(scratch.path("new.db"), scratch.path("shop.db")).unwrap();

    assert_eq!(number(&database, "SELECT count(*) FROM customers").await, 1);
}

#[tokio::test]
async fn a_file_that_is_gone_is_unavailable_until_it_is_back() {
    let scratch = Scratch::new();
    let database = open(shop(&scratch).await).await;
    std::fs::rename(scratch.path("shop.db"), scratch.path("away.db")).unwrap();

    assert_eq!(
        refused(&database, "SELECT 1 FROM customers").await.kind,
        FailureKind::Unavailable
    );

    std::fs::rename(scratch.path("away.db"), scratch.path("shop.db")).unwrap();
    assert_eq!(number(&database, "SELECT count(*) FROM customers").await, 2);
}

#[tokio::test]
async fn many_calls_share_few_sessions() {
    let scratch = Scratch::new();
    let mut config = shop(&scratch).await;
    config.pool.max_connections = 4;
    let database = Arc::new(open(config).await);
    let calls: Vec<_> = (0..64)
        .map(|index| {
            let database = Arc::clone(&database);
            tokio::spawn(async move {
                let rows = read(
                    &database,
                    "SELECT ?, count(*) FROM customers",
                    vec![json!(index)],
                )
                .await
                .unwrap();
                assert_eq!(rows.rows, [[Owned::Int(index), Owned::Int(2)]]);
            })
        })
        .collect();

    for call in calls {
        call.await.unwrap();
    }

    assert!(database.pool.figures().idle <= 4);
}

#[tokio::test]
async fn a_name_that_is_not_text_is_refused_and_the_session_lives_on() {
    let scratch = Scratch::new();
    let file = scratch.path("names.db");
    run_beside(
        &file,
        "CREATE TABLE t (abcd INTEGER); INSERT INTO t VALUES (7);
         PRAGMA writable_schema = 1;
         UPDATE sqlite_schema SET sql = CAST(x'435245415445205441424c4520742028ff62636420494e544547455229' AS TEXT)",
    )
    .await;
    let database = open(config(&file)).await;

    assert_eq!(
        refused(&database, "SELECT * FROM t").await.kind,
        FailureKind::Unsupported
    );

    assert_eq!(number(&database, "SELECT count(*) FROM t").await, 1);
}
