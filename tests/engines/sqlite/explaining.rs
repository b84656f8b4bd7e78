//! What a mistake is answered with.

use domain::FailureKind;
use serde_json::json;
use support::{
    databases::{open, read, writable, write},
    scratch::Scratch,
};

use super::helpers::{refused, shop};

#[tokio::test]
async fn a_mistake_has_its_place_and_a_hint() {
    let scratch = Scratch::new();
    let database = open(shop(&scratch).await).await;
    for (sql, message, position, hint) in [
        (
            "SELECT * FORM customers",
            "near \"FORM\": syntax error",
            Some(10),
            Some("Check the SQL at the position given."),
        ),
        (
            "SELECT 'é', emial FROM customers",
            "no such column: emial",
            Some(13),
            Some("Did you mean customers.email?"),
        ),
        (
            "SELECT c.nmae FROM customers c",
            "no such column: c.nmae",
            Some(8),
            Some("Did you mean c.name?"),
        ),
        (
            "SELECT price FROM orders",
            "no such column: price",
            Some(8),
            Some("Known columns: orders.id, orders.customer, orders.total."),
        ),
        (
            "SELECT * FROM custmers",
            "no such table: custmers",
            None,
            Some("Did you mean `customers`?"),
        ),
        (
            "SELECT * FROM xyz",
            "no such table: xyz",
            None,
            Some("`SELECT name FROM sqlite_schema` lists the tables and views."),
        ),
        (
            "SELECT substring_index('a')",
            "no such function: substring_index",
            Some(8),
            Some("`SELECT DISTINCT name FROM pragma_function_list` lists the functions."),
        ),
        (
            "SELECT uper('a')",
            "no such function: uper",
            Some(8),
            Some("Did you mean `upper`?"),
        ),
        (
            " \n SELECT ( ",
            "incomplete input",
            Some(12),
            Some("The text ends too early; add what is missing at its end."),
        ),
    ] {
        let failure = refused(&database, sql).await;
        assert_eq!(
            (
                failure.kind,
                failure.message.as_str(),
                failure.position,
                failure.hint.as_deref()
            ),
            (FailureKind::InvalidSql, message, position, hint),
            "{sql}"
        );
        assert_eq!(failure.native_code, Some(1), "{sql}");
    }
}

#[tokio::test]
async fn a_mistake_is_answered_with_what_to_write() {
    let scratch = Scratch::new();
    let database = open(shop(&scratch).await).await;
    for (sql, message, position, hint) in [
        (
            "SELECT id FROM customers c JOIN orders o ON o.customer = c.id",
            "ambiguous column name: id",
            Some(8),
            Some("Write c.id or o.id."),
        ),
        (
            "SELECT emial FROM orders",
            "no such column: emial",
            Some(8),
            Some(
                "Known columns: orders.id, orders.customer, orders.total. Of other tables: customers.email.",
            ),
        ),
        (
            "SELECT * FROM archive.customers",
            "no such table: archive.customers",
            None,
            Some("Did you mean `customers`?"),
        ),
        (
            "SELECT * FROM archive.nothing_of_the_kind",
            "no such table: archive.nothing_of_the_kind",
            None,
            Some("The databases here are main."),
        ),
        (
            "SELECT substr('a')",
            "wrong number of arguments to function substr()",
            Some(8),
            Some("substr() takes 2 or 3 arguments."),
        ),
        (
            "SELECT * FROM orders WHERE id = %s",
            "near \"%\": syntax error",
            Some(33),
            Some("Placeholders are written `?` or `?1`."),
        ),
    ] {
        let failure = refused(&database, sql).await;
        assert_eq!(
            (
                failure.message.as_str(),
                failure.position,
                failure.hint.as_deref()
            ),
            (message, position, hint),
            "{sql}"
        );
    }
}

#[tokio::test]
async fn placeholders_and_values_are_counted() {
    let scratch = Scratch::new();
    let database = open(shop(&scratch).await).await;
    for (sql, params, kind, message) in [
        (
            "SELECT ?, ?",
            vec![json!(1)],
            FailureKind::InvalidArgument,
            "The statement has 2 placeholders, but `params` has 1 value.",
        ),
        (
            "SELECT 1",
            vec![json!(1)],
            FailureKind::InvalidArgument,
            "The statement has 0 placeholders, but `params` has 1 value.",
        ),
        (
            "SELECT :name",
            vec![json!(1)],
            FailureKind::InvalidSql,
            "The placeholder `:name` has no position.",
        ),
        (
            "SELECT ?1, ?",
            vec![json!(1), json!(2)],
            FailureKind::InvalidSql,
            "Numbered placeholders are mixed with `?`, or leave a number out.",
        ),
    ] {
        let failure = read(&database, sql, params).await.unwrap_err();
        assert_eq!(
            (failure.kind, failure.message.as_str()),
            (kind, message),
            "{sql}"
        );
    }
    let failure = read(&database, "SELECT %s", vec![json!(1)])
        .await
        .unwrap_err();
    assert_eq!(
        failure.hint.as_deref(),
        Some("Placeholders are written `?` or `?1`.")
    );
}

#[tokio::test]
async fn a_mistake_while_it_runs_is_the_statements_own() {
    let scratch = Scratch::new();
    let database = open(shop(&scratch).await).await;

    let failure = refused(&database, "SELECT abs(-9223372036854775807 - 1)").await;

    assert_eq!(
        (failure.kind, failure.message.as_str()),
        (FailureKind::InvalidSql, "integer overflow")
    );
}

#[tokio::test]
async fn a_strict_column_is_told_with_both_types() {
    let scratch = Scratch::new();
    let database = open(writable(shop(&scratch).await)).await;
    write(&database, "CREATE TABLE kept (n INTEGER) STRICT", vec![])
        .await
        .unwrap();

    let failure = write(&database, "INSERT INTO kept VALUES ('abc')", vec![])
        .await
        .unwrap_err();

    assert_eq!(
        (failure.message.as_str(), failure.hint.as_deref()),
        (
            "cannot store TEXT value in INTEGER column kept.n",
            Some(
                "The table is STRICT: n takes INTEGER and no TEXT. Give such a value, or convert it with CAST(value AS INTEGER)."
            )
        )
    );
}
