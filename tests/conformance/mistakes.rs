//! What a client is told about its mistakes.

use domain::FailureKind;
use serde_json::json;
use support::{on_every_engine, subject::Subject};

use super::helpers::{refused, rows};

on_every_engine!(
    an_unknown_table_is_answered_with_the_nearest,
    async |subject: &Subject| {
        let table = subject.table("id INTEGER", "").await;
        let database = subject.open_narrow().await;

        let misspelt = table.name.replace("conformance", "confromance");
        let sql = format!("SELECT id, 'é' FROM {misspelt}");
        let failure = refused(&database, &sql, vec![]).await;

        assert_eq!(
            (failure.kind, failure.hint, failure.position),
            (
                FailureKind::InvalidSql,
                Some((subject.words.nearest_table)(&table.name)),
                subject.words.unknown_table_at
            )
        );
        table.drop().await;
    }
);

on_every_engine!(
    an_unknown_column_is_answered_with_the_nearest,
    async |subject: &Subject| {
        let table = subject
            .table("id INTEGER, email VARCHAR(40), phone VARCHAR(40)", "")
            .await;
        let database = subject.open_narrow().await;

        let sql = format!("SELECT emial, 'é' FROM {}", table.name);
        let failure = refused(&database, &sql, vec![]).await;

        assert_eq!(
            (failure.kind, failure.hint, failure.position),
            (
                FailureKind::InvalidSql,
                Some((subject.words.nearest_column)(&table.name, "email")),
                subject.words.unknown_column_at
            )
        );
        table.drop().await;
    }
);

on_every_engine!(
    a_syntax_error_has_its_place_in_characters,
    async |subject: &Subject| {
        let database = subject.open_narrow().await;
        for (sql, position) in [
            ("SELECT 'é',\n 1 FRM t", 20),
            ("SELECT '🚢🚢' AS a WHERE WHERE", 24),
            ("SELEC 1", 1),
        ] {
            let failure = refused(&database, sql, vec![]).await;
            assert_eq!(
                (failure.kind, failure.position),
                (FailureKind::InvalidSql, Some(position)),
                "{sql}: {failure:?}"
            );
        }
    }
);

on_every_engine!(
    after_a_failure_the_next_call_works,
    async |subject: &Subject| {
        let database = subject.open_narrow().await;
        for sql in [
            "SELEC 1",
            "SELECT nothing",
            "SELECT 1 FROM nowhere_at_all",
            "SELECT 1; SELECT 2",
            "CREATE TABLE never (a INTEGER)",
        ] {
            refused(&database, sql, vec![]).await;
            assert_eq!(rows(&database, "SELECT 1", vec![]).await, json!([[1]]));
        }
    }
);
