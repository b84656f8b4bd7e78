//! A configuration that somebody named, valid or not.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

use super::{config::ConnectionConfig, name::ConnectionName};

/// One thing that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Mistake {
    /// The variable, file key or argument it stands in.
    pub key: String,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub did_you_mean: Option<String>,
}

/// Every parameter as it was given; a secret is `***` or the name of where it came from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct ExportedParameters(pub Map<String, Value>);

#[derive(Debug, Clone)]
pub struct KnownConfiguration {
    pub name: ConnectionName,
    /// Where it was found, such as `environment (PROD_DB_*)`.
    pub source: String,
    pub outcome: Result<Arc<ConnectionConfig>, Vec<Mistake>>,
    pub exported: ExportedParameters,
}
