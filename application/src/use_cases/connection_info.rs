//! Everything about one open connection, or about all of them, without secrets.

use domain::{
    Failure,
    connection::{Address, TlsMode},
};
use serde::Serialize;

use super::report::ConnectionReport;
use crate::registry::{OpenConnection, Registry};

/// Without a name: every open connection.
#[derive(Debug, Clone, Default)]
pub struct ConnectionInfo {
    pub connection: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Info {
    #[serde(flatten)]
    pub connection: ConnectionReport,
    pub settings: Settings,
    pub calls: u64,
    pub failures: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<String>,
}

/// The settings in force. Times are in milliseconds.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub socket: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    pub ssl_mode: TlsMode,
    pub max_connections: u32,
    pub min_connections: u32,
    pub idle_timeout: u128,
    pub connection_timeout: u128,
    pub acquire_timeout: u128,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_lifetime: Option<u128>,
    pub statement_timeout: u128,
    pub max_rows: u64,
    pub max_bytes: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    pub time_zone: String,
    pub pooler: bool,
}

impl ConnectionInfo {
    /// A configured connection that is not open yet is opened: its version and pool are what is asked for.
    pub async fn execute(self, registry: &Registry) -> Result<Vec<Info>, Failure> {
        match self.connection {
            Some(name) => Ok(vec![info(&*registry.connection(Some(&name)).await?)]),
            None => Ok(registry
                .open_connections()
                .iter()
                .map(|connection| info(connection))
                .collect()),
        }
    }
}

fn info(connection: &OpenConnection) -> Info {
    let config = &connection.database.config;
    let (host, port, socket) = match &config.address {
        Address::Tcp { host, port } => (Some(host.clone()), Some(*port), None),
        Address::Socket { path, .. } => (None, None, Some(path.display().to_string())),
        Address::File(_) | Address::Memory => (None, None, None),
    };
    let figures = connection.figures();
    Info {
        connection: ConnectionReport::of(connection),
        settings: Settings {
            host,
            port,
            socket,
            user: config.user.clone(),
            ssl_mode: config.tls.mode,
            max_connections: config.pool.max_connections,
            min_connections: config.pool.min_connections,
            idle_timeout: config.pool.idle_timeout.as_millis(),
            connection_timeout: config.pool.connect_timeout.as_millis(),
            acquire_timeout: config.pool.acquire_timeout.as_millis(),
            max_lifetime: config.pool.max_lifetime.map(|limit| limit.as_millis()),
            statement_timeout: config.statement_timeout.as_millis(),
            max_rows: config.max_rows,
            max_bytes: config.max_bytes,
            schema: config.schema.clone(),
            time_zone: config.time_zone.clone(),
            pooler: config.pooler,
        },
        calls: figures.calls,
        failures: figures.failures,
        last_failure: figures.last_failure,
    }
}
