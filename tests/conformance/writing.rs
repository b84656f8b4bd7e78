//! Writes, where they are allowed: kept as a whole, or not at all.

use domain::FailureKind;
use support::{databases::write, on_every_engine, subject::Subject};

on_every_engine!(
    a_write_is_committed_and_tells_how_many_rows_it_changed,
    async |subject: &Subject| {
        let table = subject.table("id INTEGER PRIMARY KEY, a INTEGER", "").await;
        let name = &table.name;

        for (sql, affected, left) in [
            (
                format!("INSERT INTO {name} VALUES (1, 1), (2, 2), (3, 3)"),
                3,
                3,
            ),
            (format!("UPDATE {name} SET a = 9 WHERE id > 1"), 2, 3),
            (format!("DELETE FROM {name} WHERE id = 7"), 0, 3),
            (format!("DELETE FROM {name} WHERE a = 9"), 2, 1),
        ] {
            let (_, outcome) = write(&table.admin, &sql, vec![]).await.unwrap();
            assert_eq!(outcome.affected_rows, Some(affected), "{sql}");
            assert_eq!(table.count().await, left, "{sql}");
        }
        table.drop().await;
    }
);

on_every_engine!(
    a_write_that_fails_leaves_nothing,
    async |subject: &Subject| {
        let table = subject.table("id INTEGER PRIMARY KEY", "(2)").await;

        let sql = format!("INSERT INTO {} VALUES (1), (2), (3)", table.name);
        let failure = write(&table.admin, &sql, vec![]).await.unwrap_err();

        assert_eq!(failure.kind, FailureKind::InvalidSql, "{failure:?}");
        assert_eq!(table.count().await, 1);
        let sql = format!("INSERT INTO {} VALUES (1), (3)", table.name);
        write(&table.admin, &sql, vec![]).await.unwrap();
        assert_eq!(table.count().await, 3);
        table.drop().await;
    }
);
