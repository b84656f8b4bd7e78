//! What the facts have in common.

use std::time::Duration;

use application::encode::{AnswerSink, Format};
use domain::{
    Cancel, Failure,
    connection::Database,
    query::{QueryLimits, Statement},
};
use serde_json::Value;
use support::{databases::read, rows::Rows, waiting::until};
use tokio::task::JoinHandle;

/// What a client would be told, which is the same on every engine.
pub(super) async fn answer(
    database: &Database,
    sql: &str,
    params: Vec<Value>,
    limits: QueryLimits,
) -> Result<Value, Failure> {
    let statement = Statement::new(sql.to_owned(), params)?;
    let mut sink = AnswerSink::new(Format::Json, limits);
    let outcome = database
        .query_runner
        .run_read(&statement, &limits, &mut sink, &Cancel::new())
        .await?;
    Ok(serde_json::from_str(&sink.finish(outcome)?.text).unwrap())
}

/// The rows of an answer within the usual limits.
pub(super) async fn rows(database: &Database, sql: &str, params: Vec<Value>) -> Value {
    answer(database, sql, params, QueryLimits::default())
        .await
        .unwrap_or_else(|failure| panic!("{sql}: {failure:?}"))["rows"]
        .clone()
}

pub(super) async fn refused(database: &Database, sql: &str, params: Vec<Value>) -> Failure {
    match read(database, sql, params).await {
        Ok(rows) => panic!("{sql}: {rows:?}"),
        Err(failure) => failure,
    }
}

/// The numbers from 1 to `count`.
pub(super) fn numbers(count: u32) -> String {
    format!(
        "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count}) \
         SELECT n FROM numbers"
    )
}

/// A call that runs beside.
pub(super) fn in_background(
    database: &Database,
    statement: Statement,
    limits: QueryLimits,
    cancel: &Cancel,
) -> JoinHandle<Result<Rows, Failure>> {
    let (database, cancel) = (database.clone(), cancel.clone());
    tokio::spawn(async move {
        let mut rows = Rows::up_to(10);
        database
            .query_runner
            .run_read(&statement, &limits, &mut rows, &cancel)
            .await?;
        Ok(rows)
    })
}

pub(super) fn within(time: Duration) -> QueryLimits {
    QueryLimits {
        time,
        ..QueryLimits::default()
    }
}

/// Waits until no call has a session, nor cleans one up.
pub(super) async fn at_rest(database: &Database) {
    until("every session has come back", async || {
        database.pool.figures().in_use == 0
    })
    .await;
}
