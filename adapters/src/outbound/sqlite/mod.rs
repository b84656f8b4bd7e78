//! `SQLite`.

mod attached;
mod blank;
mod catalog;
mod connect;
mod deaf;
mod demo;
mod depth;
mod dialect;
mod failure;
mod functions;
mod handle;
mod hints;
mod judge;
mod lane;
mod masking;
mod names;
mod opening;
mod parameters;
mod patience;
mod plan;
mod posture;
mod pragmas;
mod query_runner;
mod rows;
mod schema;
mod session;
mod statement;
mod value;
mod watched_file;

use std::sync::Arc;

use domain::connection::{Addressing, EngineFacts, Identity};

pub use demo::create_demo;

use super::Engine;

pub(super) const ENGINE: Engine = Engine {
    facts: EngineFacts {
        name: "sqlite",
        words: &["sqlite", "sqlite3"],
        addressing: Addressing::File,
        schemas: false,
        poolers: false,
        tells_tables: true,
        row_security: Identity::None,
    },
    connector: || Arc::new(connect::SqliteConnector),
    dialect: &dialect::SqliteDialect,
};
