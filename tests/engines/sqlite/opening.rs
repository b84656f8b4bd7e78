//! How files are opened, and which are not.

use std::{path::Path, time::Duration};

use domain::{Cancel, ConnectStep, Failure, FailureKind, connection::ConnectionConfig};
use support::{
    databases::{open, try_open, writable},
    scratch::{Scratch, bare_sqlite, run_beside},
};

use super::helpers::{config, folder_of, number, shop};

async fn failure_of(config: ConnectionConfig) -> Failure {
    try_open(config).await.expect_err("it must not open")
}

#[tokio::test]
async fn it_says_what_answers() {
    let scratch = Scratch::new();

    let database = open(shop(&scratch).await).await;

    assert_eq!(database.server.product, "SQLite");
    assert!(
        database.server.version.starts_with("3."),
        "{}",
        database.server.version
    );
    let report = database.pool.test(&Cancel::new()).await.unwrap();
    assert_eq!(report.version, database.server.version);
}

#[tokio::test]
async fn a_missing_file_is_not_made_and_its_neighbour_is_named() {
    let scratch = Scratch::new();
    shop(&scratch).await;

    let failure = failure_of(writable(config(&scratch.path("shp.db")))).await;

    assert_eq!(
        (failure.kind, failure.step),
        (FailureKind::Unavailable, Some(ConnectStep::Database))
    );
    assert_eq!(
        failure.message,
        "The database file `shp.db` does not exist."
    );
    assert_eq!(failure.hint.as_deref(), Some("Did you mean `shop.db`?"));
    assert_eq!(folder_of(&scratch.path("shp.db")), ["shop.db"]);
}

#[tokio::test]
async fn words_that_sqlite_takes_for_more_than_a_name_are_only_names() {
    for name in [":memory:", "file:made.db?mode=rwc", "made.db?mode=rwc"] {
        let failure = failure_of(writable(config(Path::new(name)))).await;
        assert_eq!(failure.kind, FailureKind::Unavailable, "{name}");
    }
    assert!(!Path::new("made.db").exists());
}

#[tokio::test]
async fn an_empty_path_is_refused() {
    assert_eq!(
        failure_of(config(Path::new(""))).await.kind,
        FailureKind::InvalidArgument
    );
}

#[tokio::test]
async fn another_kind_of_file_is_told_from_a_database() {
    let scratch = Scratch::new();
    let file = scratch.path("notes.txt");
    std::fs::write(&file, "x".repeat(5000)).unwrap();

    let failure = failure_of(config(&file)).await;

    assert_eq!(
        (failure.kind, failure.step),
        (FailureKind::Unavailable, Some(ConnectStep::Database))
    );
    assert_eq!(
        failure.message,
        "The file `notes.txt` is not a SQLite database."
    );
}

#[tokio::test]
async fn a_folder_is_told_from_a_database() {
    let scratch = Scratch::new();
    let folder = scratch.path("shop.db");
    std::fs::create_dir(&folder).unwrap();

    let failure = failure_of(config(&folder)).await;

    assert_eq!(
        failure.message,
        "`shop.db` is a folder, not a database file."
    );
}

/// Stands in for a folder that cannot be written to, which a superuser always can: a folder has the name of
/// each file that WAL mode needs.
#[tokio::test]
async fn wal_without_its_files_says_so_and_names_ways_out() {
    let scratch = Scratch::new();
    let file = scratch.path("wal.db");
    run_beside(&file, "PRAGMA journal_mode = WAL; CREATE TABLE t (a)").await;
    std::fs::create_dir(scratch.path("wal.db-shm")).unwrap();
    std::fs::create_dir(scratch.path("wal.db-wal")).unwrap();

    let failure = failure_of(config(&file)).await;

    assert_eq!(
        (failure.kind, failure.step),
        (FailureKind::Unavailable, Some(ConnectStep::Database))
    );
    assert!(failure.message.contains("WAL mode"), "{}", failure.message);
    assert!(failure.hint.unwrap().contains("PRAGMA journal_mode=DELETE"));
}

#[tokio::test]
async fn a_wal_database_is_read_while_another_program_writes() {
    let scratch = Scratch::new();
    let file = scratch.path("wal.db");
    let mut writer = bare_sqlite(&file).await;
    let begin = "PRAGMA journal_mode = WAL; CREATE TABLE t (a); INSERT INTO t VALUES (1); BEGIN IMMEDIATE; INSERT INTO t VALUES (2)";
    sqlx::raw_sql(begin).execute(&mut writer).await.unwrap();

    let database = open(config(&file)).await;

    assert_eq!(number(&database, "SELECT count(*) FROM t").await, 1);
    sqlx::raw_sql("COMMIT").execute(&mut writer).await.unwrap();
    assert_eq!(number(&database, "SELECT count(*) FROM t").await, 2);
}

#[tokio::test]
async fn a_locked_file_is_busy() {
    let scratch = Scratch::new();
    let mut config = shop(&scratch).await;
    config.pool.connect_timeout = Duration::from_millis(400);
    let mut other = bare_sqlite(&scratch.path("shop.db")).await;
    sqlx::raw_sql("BEGIN EXCLUSIVE")
        .execute(&mut other)
        .await
        .unwrap();

    let failure = failure_of(config).await;

    assert_eq!(
        (failure.kind, failure.step),
        (FailureKind::Busy, Some(ConnectStep::Query))
    );
    drop(other);
}
