//! One statement a call.

use domain::FailureKind;
use support::{
    databases::{open, writable, write},
    scratch::Scratch,
};

use super::helpers::{number, refused, shop};

#[tokio::test]
async fn a_second_statement_is_refused_and_neither_runs() {
    let scratch = Scratch::new();
    let database = open(writable(shop(&scratch).await)).await;
    for sql in [
        "DELETE FROM orders; DELETE FROM customers",
        "DELETE FROM customers;;SELECT 1",
        "DELETE FROM customers; -- and\n garbage",
        "DELETE FROM customers; \u{a0}",
    ] {
        let failure = write(&database, sql, vec![]).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::InvalidSql, "{sql}");
        assert!(failure.message.contains("more than one statement"), "{sql}");
    }
    assert_eq!(number(&database, "SELECT count(*) FROM customers").await, 2);
}

#[tokio::test]
async fn the_position_is_where_the_second_begins() {
    let scratch = Scratch::new();
    let database = open(shop(&scratch).await).await;

    let failure = refused(&database, "SELECT 'é'; SELECT 2").await;

    assert_eq!(failure.position, Some(13));
}

#[tokio::test]
async fn comments_and_semicolons_around_one_statement_are_fine() {
    let scratch = Scratch::new();
    let database = open(shop(&scratch).await).await;
    for sql in [
        "SELECT 1;",
        ";;/* a */ SELECT 1 ; ; -- the end",
        "-- DELETE FROM customers;\nSELECT 1 /* ; SELECT 2",
        "SELECT 1 -- ; SELECT 2",
    ] {
        assert_eq!(number(&database, sql).await, 1, "{sql}");
        assert_eq!(number(&database, sql).await, 1, "{sql}, again");
    }
}

#[tokio::test]
async fn a_text_without_a_statement_is_refused() {
    let scratch = Scratch::new();
    let database = open(shop(&scratch).await).await;
    for sql in [";", "-- nothing", "/* nothing"] {
        assert_eq!(
            refused(&database, sql).await.kind,
            FailureKind::InvalidSql,
            "{sql}"
        );
    }
}

#[tokio::test]
async fn a_pragma_in_a_refused_text_has_no_effect() {
    let scratch = Scratch::new();
    let database = open(shop(&scratch).await).await;

    refused(&database, "SELECT 1; PRAGMA foreign_keys = 0").await;

    assert_eq!(number(&database, "PRAGMA foreign_keys").await, 1);
}
