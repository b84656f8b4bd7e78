//! Every known configuration: its source, whether it is valid and why not, whether it is connected.

use domain::connection::{ExportedParameters, Mistake};
use serde::Serialize;

use crate::registry::View;

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
    pub fn execute(self, view: &View<'_>) -> Vec<Shown> {
        view.known()
            .into_iter()
            .map(|known| {
                let config = known.outcome.as_ref().ok();
                Shown {
                    connected: view.open_connection(known.name.as_str()).is_some(),
                    name: known.name.to_string(),
                    source: known.source,
                    valid: config.is_some(),
                    engine: config.map(|config| config.engine.name),
                    read_only: config.map(|config| view.is_read_only(&known.name, config)),
                    mistakes: known.outcome.err().unwrap_or_default(),
                    parameters: known.exported,
                }
            })
            .collect()
    }
}
