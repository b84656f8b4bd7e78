//! One connected database: its ports, its policy and its dialect.

use std::{fmt, sync::Arc};

use super::{
    config::ConnectionConfig,
    port::{ConnectionPool, ServerInfo},
    posture::Posture,
};
use crate::{
    query::{dialect::Dialect, port::QueryRunner},
    schema::Catalog,
};

#[derive(Clone)]
pub struct Database {
    pub config: Arc<ConnectionConfig>,
    pub server: ServerInfo,
    /// Shared: a database is cloned for each call that is traced.
    pub posture: Arc<Posture>,
    pub dialect: Arc<dyn Dialect>,
    pub query_runner: Arc<dyn QueryRunner>,
    pub catalog: Arc<dyn Catalog>,
    pub pool: Arc<dyn ConnectionPool>,
}

impl fmt::Debug for Database {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Database")
            .field("engine", &self.config.engine.name)
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}
