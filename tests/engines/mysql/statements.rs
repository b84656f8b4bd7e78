//! One statement a call, and what it may do.

use domain::FailureKind;
use support::databases::{config, open, read, unique, writable};
use support::on_mysql;

use super::helpers::{alone, cell, run_beside, text};

on_mysql!(
    two_statements_are_refused_by_the_server,
    async |server: &str| {
        let database = open(writable(config(server))).await;

        let failure = read(&database, "SELECT 1; SELECT 2", vec![])
            .await
            .unwrap_err();

        assert_eq!(
            (failure.kind, failure.native_code),
            (FailureKind::InvalidSql, Some(1064))
        );
        assert_eq!(
            (failure.message.as_str(), failure.position),
            (
                "The text holds more than one statement; a call runs exactly one.",
                Some(11)
            )
        );
        assert_eq!(
            failure.hint.as_deref(),
            Some("Send each statement in a call of its own.")
        );
    }
);

on_mysql!(
    the_server_refuses_every_write_and_all_ddl,
    async |server: &str| {
        let table = unique("refused");
        run_beside(
            server,
            format!("CREATE TABLE {table} (id INT PRIMARY KEY); INSERT INTO {table} VALUES (1)"),
        )
        .await;
        for config in [config(server), writable(config(server))] {
            let database = open(config).await;
            for sql in [
                format!("INSERT INTO {table} VALUES (2)"),
                format!("UPDATE {table} SET id = 3"),
                format!("DELETE FROM {table}"),
                format!("REPLACE INTO {table} VALUES (4)"),
                format!("TRUNCATE {table}"),
                format!("DROP TABLE {table}"),
                format!("ALTER TABLE {table} ADD a INT"),
                format!("CREATE TABLE {table}_2 (id INT)"),
                format!("CREATE TEMPORARY TABLE {table}_3 (id INT)"),
                format!("CREATE INDEX i ON {table} (id)"),
                format!("RENAME TABLE {table} TO {table}_4"),
                format!("CREATE VIEW {table}_5 AS SELECT 1"),
                format!("OPTIMIZE TABLE {table}"),
                "CREATE USER never@'%'".to_owned(),
                "SET PASSWORD = 'never'".to_owned(),
            ] {
                let failure = read(&database, &sql, vec![]).await.unwrap_err();
                assert_eq!(
                    (failure.kind, failure.native_code),
                    (FailureKind::NotAllowed, Some(1792)),
                    "{sql}"
                );
                assert!(failure.hint.unwrap().contains("READ_ONLY=false"));
            }
            assert_eq!(
                cell(
                    &database,
                    &format!("SELECT GROUP_CONCAT(id) FROM {table}"),
                    vec![]
                )
                .await,
                text("1")
            );
        }
        run_beside(server, format!("DROP TABLE {table}")).await;
    }
);

on_mysql!(
    ending_the_transaction_gains_nothing,
    async |server: &str| {
        let table = unique("ended");
        run_beside(server, format!("CREATE TABLE {table} (id INT)")).await;
        let database = open(alone(config(server))).await;
        for sql in [
            "COMMIT",
            "ROLLBACK",
            "START TRANSACTION READ WRITE",
            "SET SESSION TRANSACTION READ WRITE",
        ] {
            let before = cell(&database, "SELECT CONNECTION_ID()", vec![]).await;

            let ended = read(&database, sql, vec![]).await;

            let failure = read(
                &database,
                &format!("INSERT INTO {table} VALUES (1)"),
                vec![],
            )
            .await
            .unwrap_err();
            assert_eq!(failure.native_code, Some(1792), "{sql}");
            // One server cannot prepare some of these; the session of what was never run is as it was.
            let never_ran = ended.is_err_and(|failure| failure.native_code == Some(1295));
            let after = cell(&database, "SELECT CONNECTION_ID()", vec![]).await;
            assert_eq!(after == before, never_ran, "{sql}");
        }
        run_beside(server, format!("DROP TABLE {table}")).await;
    }
);

on_mysql!(
    what_cannot_be_prepared_is_unsupported,
    async |server: &str| {
        let database = open(config(server)).await;

        let failure = read(&database, "PREPARE s FROM 'SELECT 1'", vec![])
            .await
            .unwrap_err();

        assert_eq!(
            (failure.kind, failure.native_code),
            (FailureKind::Unsupported, Some(1295))
        );
    }
);
