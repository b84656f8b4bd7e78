//! Every configuration as an object that can be imported again, without secrets.

use std::collections::BTreeMap;

use domain::connection::ExportedParameters;

use crate::registry::Registry;

#[derive(Debug, Clone, Copy)]
pub struct ExportConnections;

impl ExportConnections {
    /// By name. Invalid ones too: what was given is not lost.
    pub fn execute(self, registry: &Registry) -> BTreeMap<String, ExportedParameters> {
        registry
            .known()
            .into_iter()
            .map(|known| (known.name.to_string(), known.exported))
            .collect()
    }
}
