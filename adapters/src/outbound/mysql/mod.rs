//! MySQL and MariaDB: one protocol, two servers, told apart when a session is opened.

mod call;
mod catalog;
mod column;
mod confined;
mod connect;
mod connection_pool;
mod dialect;
mod explain;
mod failure;
mod flavor;
mod functions;
#[cfg(test)]
mod fuzz;
mod granted;
mod grants;
mod hints;
mod kill;
mod masking;
mod mismatch;
mod named;
mod parameters;
mod plan;
mod posture;
mod prepared;
mod query_runner;
mod reserved;
mod result;
mod session;
mod settle;
mod telling;
mod text;
mod traces;
mod value;

use std::sync::Arc;

use domain::connection::{Addressing, EngineFacts, Identity};

use super::Engine;

pub(super) const ENGINE: Engine = Engine {
    facts: EngineFacts {
        name: "mysql",
        words: &["mysql", "mariadb"],
        addressing: Addressing::Server { default_port: 3306 },
        schemas: false,
        poolers: false,
        tells_tables: true,
        row_security: Identity::Variables,
    },
    connector: || Arc::new(connect::MySqlConnector),
    dialect: &dialect::MySql(flavor::Flavor::MYSQL),
};
