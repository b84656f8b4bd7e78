//! Every configuration as an object that can be imported again, without secrets.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::registry::View;

#[derive(Debug, Clone, Copy)]
pub struct ExportConnections;

/// What `import_connections` takes, and what it would refuse.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Exported {
    /// By name. Invalid ones too: what was given is not lost.
    pub connections: BTreeMap<String, Map<String, Value>>,
    /// Parameters that only the server's own configuration may give, by the connection's name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub left_out: BTreeMap<String, Vec<&'static str>>,
}

impl ExportConnections {
    pub fn execute(self, view: &View<'_>) -> Exported {
        let mut exported = Exported {
            connections: BTreeMap::new(),
            left_out: BTreeMap::new(),
        };
        for known in view.known() {
            let (parameters, left_out) = known.importable();
            let name = known.name.to_string();
            if !left_out.is_empty() {
                exported.left_out.insert(name.clone(), left_out);
            }
            exported.connections.insert(name, parameters);
        }
        exported
    }
}
