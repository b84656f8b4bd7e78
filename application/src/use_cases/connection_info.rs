//! Everything about one open connection, or about all of them, without secrets.

use domain::{
    Failure,
    connection::{
        Posture,
        parameters::{Parameter, effective},
    },
};
use serde::Serialize;
use serde_json::{Map, Value};

use super::report::ConnectionReport;
use crate::registry::{OpenConnection, View};

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
    /// What is in force, by the key of the parameter. Times are in milliseconds.
    pub settings: Map<String, Value>,
    /// As it was found when the connection was opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub posture: Option<Posture>,
    pub calls: u64,
    pub failures: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<String>,
}

/// What the report beside the settings says already, and secrets.
const TOLD_ELSEWHERE: [Parameter; 5] = [
    Parameter::Type,
    Parameter::Name,
    Parameter::ReadOnly,
    Parameter::Password,
    Parameter::PasswordFile,
];

impl ConnectionInfo {
    /// A configured connection that is not open yet is opened: its version and pool are what is asked for.
    pub async fn execute(self, view: &View<'_>) -> Result<Vec<Info>, Failure> {
        match self.connection {
            Some(name) => Ok(vec![info(&*view.connection(Some(&name)).await?)]),
            None => Ok(view
                .open_connections()
                .iter()
                .map(|connection| info(connection))
                .collect()),
        }
    }
}

fn info(connection: &OpenConnection) -> Info {
    let config = &connection.database.config;
    let settings = effective(config)
        .into_iter()
        .filter(|(parameter, _)| !TOLD_ELSEWHERE.contains(parameter))
        .map(|(parameter, value)| (parameter.facts().key.to_owned(), value))
        .collect();
    let figures = connection.figures();
    Info {
        connection: ConnectionReport::of(connection),
        settings,
        // It tells of tables.
        posture: (connection.reader.allowed.tables.is_none())
            .then(|| Posture::clone(&connection.database.posture)),
        calls: figures.calls,
        failures: figures.failures,
        last_failure: figures.last_failure,
    }
}
