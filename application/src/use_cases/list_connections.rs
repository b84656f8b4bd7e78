//! The open connections.

use super::report::ConnectionReport;
use crate::registry::View;

#[derive(Debug, Clone, Copy)]
pub struct ListConnections;

impl ListConnections {
    pub fn execute(self, view: &View<'_>) -> Vec<ConnectionReport> {
        view.open_connections()
            .iter()
            .map(|connection| ConnectionReport::of(connection))
            .collect()
    }
}
