//! The demo database: a chain of shops in European ports, two and a half years of it, the same on every machine.

mod calendar;
mod catalog;
mod customers;
mod orders;
mod people;
mod random;
mod shop;
mod writer;

use std::path::Path;

use domain::Failure;
use sqlx::{
    ConnectOptions, Connection, Executor, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteLockingMode, SqliteSynchronous},
};

use super::failure;
use random::Random;

const SEED: u64 = 0x0070_6f72_746f_6c61;

/// Makes the demo database as a new file at `path`.
///
/// Fails if the file exists. One that could not be completed is removed again.
pub async fn create_demo(path: &Path) -> Result<(), Failure> {
    std::fs::File::create_new(path).map_err(|error| {
        Failure::invalid_argument("The demo database's file exists already or cannot be made.")
            .with_hint("Choose another place for it.")
            .with_source(error)
    })?;
    let filled = fill(path).await;
    if filled.is_err() {
        std::fs::remove_file(path).ok();
    }
    filled
}

async fn fill(path: &Path) -> Result<(), Failure> {
    // Nobody else sees the file before it is complete, so nothing needs to survive a crash. Rows refer to rows that
    // come later, such as a store to its manager; the suite checks every reference.
    let path = std::path::absolute(path).map_err(|error| {
        Failure::internal("The demo database's path cannot be used.").with_source(error)
    })?;
    let mut connection = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Off)
        .synchronous(SqliteSynchronous::Off)
        .locking_mode(SqliteLockingMode::Exclusive)
        .foreign_keys(false)
        .disable_statement_logging()
        .connect()
        .await
        .map_err(failure::of_driver)?;
    let filled = rows(&mut connection).await;
    let closed = connection.close().await.map_err(failure::of_driver);
    filled.and(closed)
}

async fn rows(connection: &mut SqliteConnection) -> Result<(), Failure> {
    let mut random = Random::new(SEED);
    run(connection, "BEGIN").await?;
    run(connection, include_str!("schema.sql")).await?;
    let shop = shop::open(connection, &mut random).await?;
    let customers = customers::invite(connection, &mut random).await?;
    orders::take(connection, &mut random, &shop, &customers).await?;
    run(connection, "ANALYZE; COMMIT").await
}

async fn run(connection: &mut SqliteConnection, sql: &'static str) -> Result<(), Failure> {
    connection
        .execute(sqlx::raw_sql(sql))
        .await
        .map_err(failure::of_driver)?;
    Ok(())
}
