//! Read-only as the server holds it, with no policy in between.

use domain::FailureKind;
use support::databases::{config, open, read, unique, writable, write};
use support::on_postgres;

use super::helpers::{number, one, refused};

on_postgres!(read_only_holds_in_the_server, async |server: &str| {
    let admin = open(writable(config(server))).await;
    let table = unique("read_only");
    write(
        &admin,
        &format!("CREATE TABLE {table} AS SELECT 1 AS a"),
        vec![],
    )
    .await
    .unwrap();
    let database = open(config(server)).await;

    for sql in [
        format!("INSERT INTO {table} VALUES (2)"),
        format!("UPDATE {table} SET a = 2"),
        format!("DELETE FROM {table}"),
        format!("WITH gone AS (DELETE FROM {table} RETURNING a) SELECT * FROM gone"),
        format!("EXPLAIN ANALYZE DELETE FROM {table}"),
        format!("SELECT * INTO {table}_2 FROM {table}"),
        format!("CREATE TABLE {table}_2 ()"),
        format!("CREATE TEMP TABLE {table}_2 ()"),
        format!("DROP TABLE {table}"),
        format!("TRUNCATE {table}"),
        format!("SELECT * FROM {table} FOR UPDATE"),
        format!("DO $$ BEGIN DELETE FROM {table}; END $$"),
    ] {
        let failure = refused(&database, &sql, vec![]).await;
        assert_eq!(failure.kind, FailureKind::NotAllowed, "{sql}: {failure:?}");
        assert_eq!(failure.sqlstate.as_deref(), Some("25006"), "{sql}");
        assert!(failure.hint.unwrap().contains("READ_ONLY=false"));
    }
    assert_eq!(
        one(&database, &format!("SELECT a FROM {table}")).await,
        number("1")
    );
    write(&admin, &format!("DROP TABLE {table}"), vec![])
        .await
        .unwrap();
});

on_postgres!(read_only_is_not_talked_out_of, async |server: &str| {
    let mut config = config(server);
    config.pool.max_connections = 1;
    let database = open(config).await;
    let table = unique("talked_out");

    for sql in [
        "SELECT set_config('default_transaction_read_only', 'off', false)",
        "SELECT set_config('transaction_read_only', 'off', false)",
        "SET TRANSACTION READ WRITE",
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
        "RESET ALL",
        "COMMIT",
        "ROLLBACK",
        "BEGIN READ WRITE",
        "ROLLBACK TO SAVEPOINT portolan",
        "RELEASE SAVEPOINT portolan",
    ] {
        let _ = read(&database, sql, vec![]).await;
        let failure = refused(&database, &format!("CREATE TABLE {table} ()"), vec![]).await;
        assert_eq!(failure.sqlstate.as_deref(), Some("25006"), "{sql}");
    }
});

on_postgres!(
    a_statement_that_ends_its_transaction_costs_the_session,
    async |server: &str| {
        let mut config = config(server);
        config.pool.max_connections = 1;
        let database = open(config).await;
        let before = one(&database, "SELECT pg_backend_pid()").await;

        let _ = read(&database, "COMMIT", vec![]).await;

        assert_ne!(one(&database, "SELECT pg_backend_pid()").await, before);
    }
);
