//! What is told of an open connection, without secrets.

use std::time::SystemTime;

use domain::connection::{Address, ConnectionConfig, PoolFigures, ServerInfo};
use serde::Serialize;

use crate::registry::{OpenConnection, Opened};

/// One open connection as the list shows it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionReport {
    pub name: String,
    pub engine: &'static str,
    pub server: ServerInfo,
    /// The database's name, or the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    pub read_only: bool,
    pub pool: PoolFigures,
    /// When it was opened, RFC 3339.
    pub since: String,
}

impl ConnectionReport {
    pub(super) fn of(connection: &OpenConnection) -> Self {
        let database = &connection.database;
        Self {
            name: connection.name.to_string(),
            engine: database.config.engine.name,
            server: database.server.clone(),
            database: database_name(&database.config),
            read_only: database.config.policy.is_read_only(),
            pool: database.pool.figures(),
            since: timestamp(connection.opened_at),
        }
    }
}

/// A connection that was asked to be opened.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenedReport {
    /// False when it was open before with the same settings.
    pub opened: bool,
    #[serde(flatten)]
    pub connection: ConnectionReport,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
}

impl OpenedReport {
    pub(super) fn of(opened: &Opened) -> Self {
        let database = &opened.connection().database;
        let notice = database.posture.notice(database.config.policy);
        Self {
            opened: matches!(opened, Opened::New(_)),
            connection: ConnectionReport::of(opened.connection()),
            notices: notice.into_iter().collect(),
        }
    }
}

pub(super) fn database_name(config: &ConnectionConfig) -> Option<String> {
    config.database.clone().or_else(|| match &config.address {
        Address::File(path) => Some(path.display().to_string()),
        Address::Memory => Some(":memory:".to_owned()),
        Address::Tcp { .. } | Address::Socket { .. } => None,
    })
}

pub(super) fn timestamp(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}
