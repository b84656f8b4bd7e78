//! PostgreSQL.
//!
//! A text of the client is first only parsed, by the extended protocol, so that the server itself guarantees that it
//! is one statement. It is then run by the simple protocol, whose results are the server's own text for every type:
//! without parameters that same text, with parameters an `EXECUTE` of ours, as a rule of a cursor over it.

mod answer;
mod array;
mod builtin_types;
mod catalog;
mod confined;
mod connect;
mod connector;
mod describe;
mod dialect;
mod encoding;
mod execution;
mod failure;
mod functions;
#[cfg(test)]
mod fuzz;
mod granted;
mod guess;
mod hint;
mod identity;
mod json;
mod masking;
mod message;
mod operators;
mod outcome;
mod parameters;
mod plan;
mod posture;
mod query_runner;
mod quoting;
mod remedy;
mod rows;
mod session;
mod sources;
mod statements;
mod stop;
mod syntax;
mod tokens;
mod transaction;
mod trial;
mod types;
mod value;

use std::sync::Arc;

use domain::connection::{Addressing, EngineFacts, Identity};
use sqlx::{Row as _, ValueRef as _, postgres::PgRow};

use super::Engine;

pub(super) const ENGINE: Engine = Engine {
    facts: EngineFacts {
        name: "postgresql",
        words: &["postgresql", "postgres", "pg"],
        addressing: Addressing::Server { default_port: 5432 },
        schemas: true,
        poolers: true,
        tells_tables: true,
        row_security: Identity::RoleAndSettings,
    },
    connector: || Arc::new(connector::PostgresConnector),
    dialect: &dialect::PostgresDialect,
};

/// The text of one value of a simple query; `None` for NULL.
fn text_of(row: &PgRow, index: usize) -> Option<&str> {
    let value = row.try_get_raw(index).ok()?;
    if value.is_null() {
        return None;
    }
    value.as_str().ok()
}
