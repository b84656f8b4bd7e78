//! The report for programs.

use domain::{
    access::Roles,
    connection::{KnownConfiguration, parameters::effective},
};
use serde_json::{Map, Value, json};

use super::{Attempts, milliseconds, shown};
use crate::{configuration::Configuration, settings::Settings};

/// The same as the report for people, as one object.
pub fn report_json(configuration: &Configuration, attempts: &Attempts) -> Value {
    let connections: Vec<Value> = configuration
        .known
        .iter()
        .map(|known| connection_json(known, attempts))
        .collect();
    let settings: Map<String, Value> = configuration
        .settings
        .iter()
        .flat_map(Settings::effective)
        .map(|setting| (setting.key.to_owned(), setting.value))
        .collect();
    json!({
        "valid": configuration.is_valid() && attempts.values().all(Result::is_ok),
        "sources": configuration.sources,
        "settings": settings,
        "settingMistakes": configuration.settings.as_ref().err().cloned().unwrap_or_default(),
        "roles": configuration.roles.iter().flatten().flat_map(Roles::names).collect::<Vec<_>>(),
        "roleMistakes": configuration.roles.as_ref().err().cloned().unwrap_or_default(),
        "connections": connections,
        "mistakes": configuration.mistakes,
        "warnings": configuration.warnings,
        "ignored": configuration.ignored,
    })
}

fn connection_json(known: &KnownConfiguration, attempts: &Attempts) -> Value {
    let mut object = Map::from_iter([
        ("name".to_owned(), json!(known.name)),
        ("source".to_owned(), json!(known.source)),
        ("valid".to_owned(), json!(known.outcome.is_ok())),
        ("given".to_owned(), json!(known.exported)),
        ("notes".to_owned(), json!(known.notes)),
    ]);
    let mut add = |key: &str, value: Value| object.insert(key.to_owned(), value);
    match &known.outcome {
        Err(mistakes) => {
            add("mistakes", json!(mistakes));
        }
        Ok(config) => {
            let parameters: Map<String, Value> = effective(config)
                .into_iter()
                .map(|(parameter, value)| {
                    (
                        parameter.facts().key.to_owned(),
                        shown(known, parameter, value),
                    )
                })
                .collect();
            add("policy", json!(config.policy));
            add("parameters", Value::Object(parameters));
        }
    }
    match attempts.get(&known.name) {
        None => {}
        Some(Ok(reached)) => {
            add(
                "connected",
                json!({
                    "ok": true,
                    "server": reached.server,
                    "latencyMs": milliseconds(reached.latency),
                    "posture": reached.posture,
                }),
            );
        }
        Some(Err(failure)) => {
            add("connected", json!({"ok": false, "failure": failure}));
        }
    }
    Value::Object(object)
}
