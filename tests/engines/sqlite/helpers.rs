//! What the facts about `SQLite` have in common.

use std::path::Path;

use domain::{
    Cancel, Failure,
    connection::{ConnectionConfig, Database},
    query::{Outcome, QueryLimits, RowSink, Statement},
};
use support::{
    databases::{read, sqlite_config},
    rows::Owned,
    scratch::{Scratch, run_beside},
};

pub(super) const SHOP: &str = "CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customers(id), total DECIMAL(10,2));
    INSERT INTO customers (email, name) VALUES ('ada@example.org', 'Ada'), ('bob@example.org', NULL)";

pub(super) const ENDLESS: &str = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)";

/// A file with [`SHOP`], and its configuration with a single connection, so that a leak would be met.
pub(super) async fn shop(scratch: &Scratch) -> ConnectionConfig {
    let file = scratch.path("shop.db");
    run_beside(&file, SHOP).await;
    config(&file)
}

pub(super) fn config(file: &Path) -> ConnectionConfig {
    let mut config = sqlite_config(file);
    config.pool.max_connections = 1;
    config
}

pub(super) async fn refused(database: &Database, sql: &str) -> Failure {
    match read(database, sql, vec![]).await {
        Err(failure) => failure,
        Ok(rows) => panic!("{sql} returned {:?}", rows.rows),
    }
}

pub(super) async fn number(database: &Database, sql: &str) -> i128 {
    match read(database, sql, vec![])
        .await
        .unwrap()
        .rows
        .concat()
        .as_slice()
    {
        [Owned::Int(number)] => *number,
        other => panic!("{sql} returned {other:?}"),
    }
}

pub(super) fn folder_of(file: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(file.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

pub(super) async fn run(
    database: &Database,
    sql: &str,
    limits: QueryLimits,
    sink: &mut (dyn RowSink + 'static),
    cancel: &Cancel,
) -> Result<Outcome, Failure> {
    let statement = Statement::new(sql.to_owned(), vec![]).unwrap();
    database
        .query_runner
        .run_read(&statement, &limits, sink, cancel)
        .await
}
