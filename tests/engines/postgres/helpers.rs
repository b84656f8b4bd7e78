//! What the facts about PostgreSQL have in common.

use domain::{
    Cancel, Failure,
    connection::Database,
    query::{Outcome, QueryLimits, Statement},
};
use serde_json::{Value, json};
use support::{
    databases::read,
    rows::{Owned, Rows},
};

pub(super) async fn run(
    database: &Database,
    sql: &str,
    limits: QueryLimits,
    rows: usize,
    cancel: &Cancel,
) -> Result<(Rows, Outcome), Failure> {
    let mut rows = Rows::up_to(rows);
    let statement = Statement::new(sql.to_owned(), Vec::new())?;
    let outcome = database
        .query_runner
        .run_read(&statement, &limits, &mut rows, cancel)
        .await?;
    Ok((rows, outcome))
}

pub(super) async fn one(database: &Database, sql: &str) -> Owned {
    one_with(database, sql, Vec::new()).await
}

pub(super) async fn one_with(database: &Database, sql: &str, params: Vec<Value>) -> Owned {
    let mut rows = read(database, sql, params)
        .await
        .unwrap_or_else(|failure| panic!("{sql}: {failure:?}"));
    assert_eq!(rows.rows.len(), 1, "{sql}");
    rows.rows.remove(0).remove(0)
}

pub(super) async fn refused(database: &Database, sql: &str, params: Vec<Value>) -> Failure {
    match read(database, sql, params).await {
        Ok(rows) => panic!("{sql}: {rows:?}"),
        Err(failure) => failure,
    }
}

pub(super) fn number(text: &str) -> Owned {
    Owned::Number(text.to_owned())
}

/// A statement that runs for a minute. Only its name stands in the statement that executes it, so the mark is a value.
pub(super) fn slow(mark: &str) -> Statement {
    Statement::new(
        "SELECT pg_sleep(60), $1::text".to_owned(),
        vec![json!(mark)],
    )
    .unwrap()
}

pub(super) async fn run_slow(
    database: Database,
    mark: String,
    limits: QueryLimits,
    cancel: Cancel,
) -> Failure {
    let mut rows = Rows::up_to(10);
    database
        .query_runner
        .run_read(&slow(&mark), &limits, &mut rows, &cancel)
        .await
        .unwrap_err()
}
