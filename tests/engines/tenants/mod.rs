//! What the tests of row security have in common, whichever engine shows the rows: twenty tenants, whose orders have words that
//! only they may read.

pub(super) mod interleaved;

use std::sync::Arc;

use domain::{
    Cancel, Failure,
    calls::{Caller, Claims, Principal},
    connection::Database,
    query::{ActsAs, QueryLimits, Statement},
};
use serde_json::{Value, json};
use support::rows::Rows;

pub(super) const TENANTS: usize = 20;

/// Every order has a word that only its tenant may read.
pub(super) fn secret(tenant: usize) -> String {
    format!("secret-of-t{tenant}-")
}

pub(super) fn caller(claims: &Value) -> Caller {
    Caller::new(
        Principal::new("somebody"),
        Claims::new(claims.as_object().unwrap().clone()),
    )
}

pub(super) fn tenant(tenant: usize) -> Caller {
    caller(&json!({"tenant": format!("t{tenant}")}))
}

pub(super) fn acts_as(database: &Database, caller: &Caller) -> Result<Arc<ActsAs>, Failure> {
    let mapping = database.config.row_security.as_ref().unwrap();
    mapping.acts_as(caller).map(Arc::new)
}

/// A statement of a caller's.
pub(super) fn statement(
    database: &Database,
    caller: &Caller,
    sql: &str,
    params: Vec<Value>,
) -> Result<Statement, Failure> {
    let mut statement = Statement::new(sql.to_owned(), params)?;
    statement.acts_as = Some(acts_as(database, caller)?);
    Ok(statement)
}

/// Through the port, without policy or use case in between.
pub(super) async fn read_as(
    database: &Database,
    caller: &Caller,
    sql: &str,
    params: Vec<Value>,
) -> Result<Rows, Failure> {
    let statement = statement(database, caller, sql, params)?;
    let mut rows = Rows::up_to(1_000);
    database
        .query_runner
        .run_read(
            &statement,
            &QueryLimits::default(),
            &mut rows,
            &Cancel::new(),
        )
        .await?;
    Ok(rows)
}
