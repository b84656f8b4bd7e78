//! Every known configuration: its source, whether it is valid and why not, whether it is connected.

use domain::connection::{ExportedParameters, Mistake};
use serde::Serialize;

use crate::registry::Registry;

#[derive(Debug, Clone, Copy)]
pub struct ShowConfigurations;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shown {
    pub name: String,
    pub source: String,
    pub valid: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mistakes: Vec<Mistake>,
    pub connected: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_only: Option<bool>,
    /// As given, without secrets.
    pub parameters: ExportedParameters,
}

impl ShowConfigurations {
    pub fn execute(self, registry: &Registry) -> Vec<Shown> {
        registry
            .known()
            .into_iter()
            .map(|known| {
                let config = known.outcome.as_ref().ok();
                Shown {
                    connected: registry.open_connection(known.name.as_str()).is_some(),
                    name: known.name.to_string(),
                    source: known.source,
                    valid: config.is_some(),
                    engine: config.map(|config| config.engine.name),
                    read_only: config.map(|config| config.policy.is_read_only()),
                    mistakes: known.outcome.err().unwrap_or_default(),
                    parameters: known.exported,
                }
            })
            .collect()
    }
}
