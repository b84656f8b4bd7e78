//! Texts that are not one statement.

use domain::FailureKind;
use serde_json::json;
use support::{databases::write, on_every_engine, subject::Subject};

use super::helpers::{refused, rows};

on_every_engine!(
    two_statements_are_refused_and_neither_runs,
    async |subject: &Subject| {
        let table = subject.table("a INTEGER", "(0)").await;
        let name = &table.name;

        for sql in [
            format!("INSERT INTO {name} VALUES (1); INSERT INTO {name} VALUES (2)"),
            format!("INSERT INTO {name} VALUES (1); SELECT 1"),
            format!("SELECT 1; INSERT INTO {name} VALUES (2)"),
            format!("INSERT INTO {name} VALUES (1); -- and\n DROP TABLE {name}"),
        ] {
            let failure = write(&table.admin, &sql, vec![]).await.unwrap_err();
            assert_eq!(failure.kind, FailureKind::InvalidSql, "{sql}: {failure:?}");
            let failure = refused(&table.admin, &sql, vec![]).await;
            assert_eq!(failure.kind, FailureKind::InvalidSql, "{sql}: {failure:?}");
        }

        assert_eq!(table.count().await, 1);
        table.drop().await;
    }
);

on_every_engine!(
    a_last_semicolon_and_a_comment_are_no_second_statement,
    async |subject: &Subject| {
        let database = subject.open_narrow().await;

        for sql in ["SELECT 1;", "SELECT 1; -- done", "/* one */ SELECT 1"] {
            assert_eq!(rows(&database, sql, vec![]).await, json!([[1]]), "{sql}");
        }
    }
);

on_every_engine!(
    a_text_without_a_statement_is_refused_as_invalid,
    async |subject: &Subject| {
        let database = subject.open_narrow().await;

        for sql in ["", "  \n"] {
            let failure = refused(&database, sql, vec![]).await;
            assert_eq!(failure.kind, FailureKind::InvalidArgument, "{sql:?}");
        }
        for sql in [";", "-- nothing", "/* nothing */", "/* a */ -- b\n ;"] {
            let failure = refused(&database, sql, vec![]).await;
            assert_eq!(
                failure.kind,
                FailureKind::InvalidSql,
                "{sql:?}: {failure:?}"
            );
            assert!(
                failure.message.contains("holds no statement"),
                "{failure:?}"
            );
        }
        assert_eq!(rows(&database, "SELECT 1", vec![]).await, json!([[1]]));
    }
);
