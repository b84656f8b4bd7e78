//! Values that are bound.

use domain::FailureKind;
use serde_json::json;
use support::{
    databases::{config, open, read},
    on_mysql,
    rows::Owned,
};

use super::helpers::{alone, cell, text};

/// Closing a statement is a message without an answer, after which the next one waits for the network.
const CLOSED: &str = "SHOW SESSION STATUS LIKE 'Com_stmt_close'";

on_mysql!(every_json_value_binds, async |server: &str| {
    // One session, whose prepared statement has seen all the types before.
    let database = open(alone(config(server))).await;
    for (value, expected) in [
        (
            json!(9_223_372_036_854_775_807_i64),
            Owned::Int(i64::MAX.into()),
        ),
        (
            json!(18_446_744_073_709_551_615_u64),
            Owned::Int(u64::MAX.into()),
        ),
        (json!(-5), Owned::Int(-5)),
        (json!(0.1), Owned::Float(0.1)),
        (json!("Grüße 🌍 ' \\"), text("Grüße 🌍 ' \\")),
        (json!([1, {"a": "ö"}]), text(r#"[1,{"a":"ö"}]"#)),
        (json!(null), Owned::Null),
        (json!(true), Owned::Int(1)),
    ] {
        assert_eq!(
            cell(&database, "SELECT ?", vec![value.clone()]).await,
            expected,
            "{value}"
        );
    }
});

on_mysql!(
    values_of_other_types_leave_nothing_to_close,
    async |server: &str| {
        let database = open(alone(config(server))).await;
        for value in [json!(1), json!("a"), json!(null), json!("b"), json!(2)] {
            cell(&database, "SELECT ?", vec![value]).await;
        }

        let closed = read(&database, CLOSED, vec![]).await.unwrap();

        assert_eq!(closed.rows[0][1], text("0"));
    }
);

on_mysql!(null_binds_everywhere, async |server: &str| {
    let database = open(config(server)).await;
    for sql in [
        "SELECT CAST(? AS SIGNED)",
        "SELECT 1 + ?",
        "SELECT CONCAT('a', ?)",
        "SELECT DATE_ADD(?, INTERVAL 1 DAY)",
        "SELECT ST_GeomFromText(?)",
        "SELECT NULLIF(?, 1)",
    ] {
        assert_eq!(
            cell(&database, sql, vec![json!(null)]).await,
            Owned::Null,
            "{sql}"
        );
    }
});

on_mysql!(a_number_binds_to_a_limit, async |server: &str| {
    let database = open(config(server)).await;

    let rows = read(
        &database,
        "SELECT 1 AS a UNION ALL SELECT 2 LIMIT ?",
        vec![json!(1)],
    )
    .await
    .unwrap();

    assert_eq!(rows.rows.len(), 1);
});

on_mysql!(
    a_wrong_number_of_parameters_says_both_numbers,
    async |server: &str| {
        let database = open(config(server)).await;
        for (sql, params, message) in [
            (
                "SELECT ?",
                vec![],
                "The statement has 1 placeholder (`?`), and `params` has 0 values.",
            ),
            (
                "SELECT 1",
                vec![json!(1)],
                "The statement has 0 placeholders (`?`), and `params` has 1 value.",
            ),
            (
                "SELECT ?, ?",
                vec![json!(1), json!(2), json!(3)],
                "The statement has 2 placeholders (`?`), and `params` has 3 values.",
            ),
        ] {
            let failure = read(&database, sql, params).await.unwrap_err();
            assert_eq!(
                (failure.kind, failure.message.as_str()),
                (FailureKind::InvalidArgument, message)
            );
        }
    }
);

on_mysql!(
    another_databases_placeholder_gets_a_hint,
    async |server: &str| {
        let database = open(config(server)).await;
        for sql in [
            "SELECT $1",
            "SELECT * FROM information_schema.tables WHERE table_name = :name",
        ] {
            let failure = read(&database, sql, vec![json!(1)]).await.unwrap_err();
            assert!(
                failure.hint.as_deref().unwrap().contains("Write `?`"),
                "{sql}: {failure:?}"
            );
        }
    }
);
