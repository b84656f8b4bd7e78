//! Writes: kept as a whole, or not at all.

use std::time::Duration;

use domain::{
    Cancel, FailureKind,
    query::{QueryLimits, Statement},
};
use sqlx::Connection;
use support::{
    databases::{open, writable, write},
    rows::{Owned, Rows},
    scratch::{Scratch, bare_sqlite, run_beside},
};

use super::helpers::{ENDLESS, folder_of, number, shop};

#[tokio::test]
async fn a_write_tells_rows_and_key() {
    let scratch = Scratch::new();
    let database = open(writable(shop(&scratch).await)).await;
    for (sql, affected, key) in [
        (
            "INSERT INTO customers (email) VALUES ('c'), ('d')",
            Some(2),
            Some(4),
        ),
        (
            "UPDATE customers SET name = 'x' WHERE name IS NULL",
            Some(3),
            None,
        ),
        (
            "WITH x AS (SELECT 1 AS id) DELETE FROM customers WHERE id IN (SELECT id FROM x)",
            Some(1),
            None,
        ),
        ("DELETE FROM customers WHERE id = 99", Some(0), None),
        ("CREATE TABLE t (a)", None, None),
    ] {
        let (_, outcome) = write(&database, sql, vec![]).await.unwrap();
        assert_eq!(
            (outcome.affected_rows, outcome.insert_id),
            (affected, key),
            "{sql}"
        );
    }
    assert_eq!(number(&database, "SELECT count(*) FROM customers").await, 3);
}

#[tokio::test]
async fn returned_rows_reach_the_sink_and_surplus_ones_are_written_all_the_same() {
    let scratch = Scratch::new();
    let database = open(writable(shop(&scratch).await)).await;
    let statement = Statement::new(
        "INSERT INTO customers (email) VALUES ('c'), ('d'), ('e') RETURNING id".to_owned(),
        vec![],
    )
    .unwrap();
    let mut rows = Rows::up_to(1);

    let outcome = database
        .query_runner
        .run_write(
            &statement,
            &QueryLimits::default(),
            &mut rows,
            &Cancel::new(),
        )
        .await
        .unwrap();

    assert_eq!((rows.rows, rows.cut), (vec![vec![Owned::Int(3)]], true));
    assert_eq!(outcome.affected_rows, Some(3));
    assert_eq!(number(&database, "SELECT count(*) FROM customers").await, 5);
}

#[tokio::test]
async fn a_failed_write_leaves_nothing() {
    let scratch = Scratch::new();
    let database = open(writable(shop(&scratch).await)).await;

    let failure = write(
        &database,
        "INSERT INTO customers (email) VALUES ('new'), ('ada@example.org')",
        vec![],
    )
    .await
    .unwrap_err();

    assert_eq!(
        (failure.kind, failure.native_code),
        (FailureKind::InvalidSql, Some(2067))
    );
    assert_eq!(failure.message, "UNIQUE constraint failed: customers.email");
    assert_eq!(number(&database, "SELECT count(*) FROM customers").await, 2);
}

#[tokio::test]
async fn a_broken_reference_is_refused() {
    let scratch = Scratch::new();
    let database = open(writable(shop(&scratch).await)).await;

    let failure = write(
        &database,
        "INSERT INTO orders (customer) VALUES (99)",
        vec![],
    )
    .await
    .unwrap_err();

    assert_eq!(failure.message, "FOREIGN KEY constraint failed");
}

#[tokio::test]
async fn a_commit_inside_is_refused() {
    let scratch = Scratch::new();
    let database = open(writable(shop(&scratch).await)).await;

    for sql in ["COMMIT", "ROLLBACK", "SAVEPOINT s"] {
        let failure = write(&database, sql, vec![]).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::NotAllowed, "{sql}");
    }
}

#[tokio::test]
async fn no_other_file_is_written_even_where_writing_is_allowed() {
    let scratch = Scratch::new();
    let database = open(writable(shop(&scratch).await)).await;
    let copy = scratch.path("copy.db").display().to_string();

    for sql in [
        format!("ATTACH '{copy}' AS copy"),
        format!("VACUUM INTO '{copy}'"),
    ] {
        write(&database, &sql, vec![]).await.unwrap_err();
    }

    assert_eq!(folder_of(&scratch.path("shop.db")), ["shop.db"]);
}

#[tokio::test]
async fn a_write_that_is_cut_off_is_undone_and_frees_the_file() {
    let scratch = Scratch::new();
    let database = open(writable(shop(&scratch).await)).await;
    let sql = format!("INSERT INTO orders (total) {ENDLESS} SELECT x FROM n");
    let statement = Statement::new(sql, vec![]).unwrap();
    let limits = QueryLimits {
        time: Duration::from_millis(100),
        ..QueryLimits::default()
    };
    let mut rows = Rows::up_to(1);

    let failure = database
        .query_runner
        .run_write(&statement, &limits, &mut rows, &Cancel::new())
        .await
        .unwrap_err();

    assert_eq!(failure.kind, FailureKind::Timeout);
    run_beside(&scratch.path("shop.db"), "BEGIN EXCLUSIVE; COMMIT").await;
    assert_eq!(number(&database, "SELECT count(*) FROM orders").await, 0);
}

/// The caller is gone, so nobody waits for the end: the lock must go by itself.
#[tokio::test]
async fn a_write_whose_caller_is_gone_ends() {
    let scratch = Scratch::new();
    let database = open(writable(shop(&scratch).await)).await;
    let sql = format!("INSERT INTO orders (total) {ENDLESS} SELECT x FROM n");
    let mut locked = false;
    let mut other = bare_sqlite(&scratch.path("shop.db")).await;
    {
        let call = write(&database, &sql, vec![]);
        tokio::pin!(call);
        while !locked {
            tokio::select! {
                _ = &mut call => panic!("it never ends"),
                () = tokio::time::sleep(Duration::from_millis(5)) => {}
            }
            sqlx::raw_sql("PRAGMA busy_timeout = 0")
                .execute(&mut other)
                .await
                .unwrap();
            locked = sqlx::raw_sql("BEGIN IMMEDIATE; ROLLBACK")
                .execute(&mut other)
                .await
                .is_err();
        }
    }

    sqlx::raw_sql("PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE; ROLLBACK")
        .execute(&mut other)
        .await
        .unwrap();
    other.close().await.unwrap();
}
