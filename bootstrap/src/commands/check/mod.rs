//! `portolan check`: what is configured, what is in force and what is wrong.
//!
//! The reports are pure functions over what was loaded and tried; printing is the caller's.

mod json;
mod serving;
mod text;

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use domain::{
    Cancel, Failure,
    connection::{
        ConnectionConfig, ConnectionName, Connector, KnownConfiguration, Posture, ServerInfo,
        parameters::Parameter,
    },
};
use serde_json::Value;

pub use json::report_json;
pub use text::report_text;

use crate::configuration::Configuration;

/// What is to be done besides reporting.
#[derive(Debug, Clone, Copy, Default)]
pub struct CheckOptions {
    /// Connect to each database.
    pub connect: bool,
    /// Report as JSON.
    pub json: bool,
}

/// The report, for standard output, and the exit code: 0 if nothing is wrong, else 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckOutcome {
    pub report: String,
    pub exit_code: u8,
}

/// A database that answered.
#[derive(Debug, Clone)]
pub struct Reached {
    pub server: ServerInfo,
    pub posture: Posture,
    /// Of a round trip once connected.
    pub latency: Duration,
}

/// What connecting to each valid configuration came to.
pub type Attempts = BTreeMap<ConnectionName, Result<Reached, Failure>>;

/// Looks at the files that connections and the server name, connects if asked to, and reports. `connector` knows engines by name.
pub async fn check(
    mut configuration: Configuration,
    options: CheckOptions,
    working_directory: &Path,
    connector: impl Fn(&str) -> Option<Arc<dyn Connector>>,
) -> CheckOutcome {
    configuration.look_at_files(working_directory);
    let serving = serving::mistakes(&configuration, working_directory);
    configuration.mistakes.extend(serving);
    let attempts = if options.connect {
        connect(&configuration, connector).await
    } else {
        Attempts::new()
    };
    let valid = configuration.is_valid() && attempts.values().all(Result::is_ok);
    CheckOutcome {
        report: if options.json {
            format!("{:#}\n", report_json(&configuration, &attempts))
        } else {
            report_text(&configuration, &attempts)
        },
        exit_code: u8::from(!valid),
    }
}

/// Opens, tries and closes each valid configuration, all side by side.
async fn connect(
    configuration: &Configuration,
    connector: impl Fn(&str) -> Option<Arc<dyn Connector>>,
) -> Attempts {
    let least_privilege = configuration
        .settings
        .as_ref()
        .is_ok_and(|settings| settings.require_least_privilege);
    let mut running = Vec::new();
    for known in &configuration.known {
        let Ok(config) = &known.outcome else {
            continue;
        };
        let connector = connector(config.engine.name);
        let attempt = tokio::spawn(attempt(connector, Arc::clone(config), least_privilege));
        running.push((known.name.clone(), attempt));
    }
    let mut attempts = Attempts::new();
    for (name, attempt) in running {
        let outcome = attempt.await.unwrap_or_else(|error| {
            Err(Failure::internal("The attempt broke off.").with_source(error))
        });
        attempts.insert(name, outcome);
    }
    attempts
}

async fn attempt(
    connector: Option<Arc<dyn Connector>>,
    config: Arc<ConnectionConfig>,
    least_privilege: bool,
) -> Result<Reached, Failure> {
    let connector = connector.ok_or_else(|| Failure::internal("No connector for this engine."))?;
    let database = connector.open(config).await?;
    let tested = database.pool.test(&Cancel::new()).await;
    database.pool.close().await;
    let latency = tested?.latency;
    if least_privilege {
        database.posture.must_only_read(database.config.policy)?;
    }
    Ok(Reached {
        server: database.server,
        posture: Posture::clone(&database.posture),
        latency,
    })
}

/// The value as somebody gave it tells more of a secret: the variable it came from.
fn shown(known: &KnownConfiguration, parameter: Parameter, value: Value) -> Value {
    match known.exported.get(parameter) {
        Some(given) if parameter == Parameter::Password => given.value.clone(),
        _ => value,
    }
}

fn milliseconds(latency: Duration) -> f64 {
    (latency.as_secs_f64() * 10_000.0).round() / 10.0
}
