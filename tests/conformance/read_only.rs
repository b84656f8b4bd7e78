//! Read-only as the database itself holds it: no policy stands in between.

use domain::FailureKind;
use support::{
    databases::{open, read, unique, writable, write},
    on_every_engine,
    subject::Subject,
};

use super::helpers::refused;

on_every_engine!(
    a_read_that_writes_is_refused_and_changes_nothing,
    async |subject: &Subject| {
        let table = subject
            .table("id INTEGER PRIMARY KEY, a INTEGER", "(1, 1), (2, 2)")
            .await;
        let name = &table.name;

        // The second one may write, but is asked to read.
        for config in [subject.narrow(), writable(subject.narrow())] {
            let database = open(config).await;
            for sql in [
                format!("INSERT INTO {name} VALUES (3, 3)"),
                format!("UPDATE {name} SET a = 9"),
                format!("DELETE FROM {name}"),
            ] {
                let failure = refused(&database, &sql, vec![]).await;
                assert_eq!(failure.kind, FailureKind::NotAllowed, "{sql}: {failure:?}");
                assert!(failure.hint.unwrap().contains("READ_ONLY=false"));
            }
            let sql = format!("SELECT id FROM {name} WHERE a <> 9");
            assert_eq!(read(&database, &sql, vec![]).await.unwrap().rows.len(), 2);
        }
        assert_eq!(table.count().await, 2);
        table.drop().await;
    }
);

on_every_engine!(
    a_read_that_changes_the_schema_is_refused,
    async |subject: &Subject| {
        let table = subject.table("id INTEGER PRIMARY KEY", "(1)").await;
        let (name, other) = (&table.name, unique("never"));

        for config in [subject.narrow(), writable(subject.narrow())] {
            let database = open(config).await;
            for sql in [
                format!("CREATE TABLE {other} (a INTEGER)"),
                format!("CREATE VIEW {other} AS SELECT 1 AS a"),
                format!("CREATE INDEX {other} ON {name} (id)"),
                format!("ALTER TABLE {name} ADD COLUMN b INTEGER"),
                format!("DROP TABLE {name}"),
            ] {
                let failure = refused(&database, &sql, vec![]).await;
                assert_eq!(failure.kind, FailureKind::NotAllowed, "{sql}: {failure:?}");
            }
            let sql = format!("SELECT * FROM {other}");
            assert_eq!(
                refused(&database, &sql, vec![]).await.kind,
                FailureKind::InvalidSql
            );
            let sql = format!("SELECT * FROM {name}");
            let rows = read(&database, &sql, vec![]).await.unwrap();
            assert_eq!((rows.columns.len(), rows.rows.len()), (1, 1));
        }
        table.drop().await;
    }
);

on_every_engine!(
    a_read_only_configuration_cannot_be_written_through,
    async |subject: &Subject| {
        let table = subject.table("a INTEGER", "(1)").await;
        let database = subject.open_narrow().await;

        let sql = format!("DELETE FROM {}", table.name);
        let failure = write(&database, &sql, vec![]).await.unwrap_err();

        assert_eq!(failure.kind, FailureKind::NotAllowed, "{failure:?}");
        assert_eq!(table.count().await, 1);
        table.drop().await;
    }
);
