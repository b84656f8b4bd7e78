//! The open connections.

use super::report::ConnectionReport;
use crate::registry::Registry;

#[derive(Debug, Clone, Copy)]
pub struct ListConnections;

impl ListConnections {
    pub fn execute(self, registry: &Registry) -> Vec<ConnectionReport> {
        registry
            .open_connections()
            .iter()
            .map(|connection| ConnectionReport::of(connection))
            .collect()
    }
}
