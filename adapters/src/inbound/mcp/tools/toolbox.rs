//! The tools that one server offers, made once.

use std::sync::Arc;

use application::{ad_hoc::AdHoc, registry::Registry};
use domain::{Failure, nearest::nearest};
use rmcp::model::{JsonObject, Tool as Definition};

use super::{
    TOOLS,
    tool::{Entry, Group},
};
use crate::inbound::mcp::{
    call::Call,
    server::{McpOptions, McpServer},
};

#[derive(Debug)]
pub(in crate::inbound::mcp) struct Toolbox(Vec<Offered>);

/// A tool that is offered, with what clients are told of it.
pub(in crate::inbound::mcp) struct Offered {
    entry: &'static Entry,
    definition: Definition,
}

impl Toolbox {
    pub(in crate::inbound::mcp) fn new(
        registry: &Registry,
        ad_hoc: &AdHoc,
        options: &McpOptions,
    ) -> Self {
        let any_writable = registry.any_writable();
        let offered = TOOLS
            .iter()
            .filter(|entry| options.tools.includes(entry.name))
            .filter(|entry| ad_hoc.is_allowed() || entry.group != Group::AdHoc)
            .map(|entry| {
                let mut definition = (entry.define)(any_writable);
                if options.structured_results {
                    definition.output_schema = (entry.output_schema)().map(Arc::new);
                }
                Offered { entry, definition }
            });
        Self(offered.collect())
    }

    pub(in crate::inbound::mcp) fn definitions(&self) -> Vec<Definition> {
        self.0.iter().map(|tool| tool.definition.clone()).collect()
    }

    pub(in crate::inbound::mcp) fn definition(&self, name: &str) -> Option<Definition> {
        self.find(name).map(|tool| tool.definition.clone())
    }

    /// Whether the answers of a tool are sent as structured content too.
    pub(in crate::inbound::mcp) fn is_structured(&self, name: &str) -> bool {
        self.find(name)
            .is_some_and(|tool| tool.definition.output_schema.is_some())
    }

    /// Fails with the names there are.
    pub(in crate::inbound::mcp) fn get(&self, name: &str) -> Result<&Offered, String> {
        self.find(name).ok_or_else(|| {
            let names: Vec<&str> = self.0.iter().map(|tool| tool.entry.name).collect();
            let known = names.join(", ");
            match nearest(name, names) {
                Some(meant) => {
                    format!("There is no tool `{name}`. Did you mean `{meant}`? Tools: {known}.")
                }
                None => format!("There is no tool `{name}`. Tools: {known}."),
            }
        })
    }

    fn find(&self, name: &str) -> Option<&Offered> {
        self.0.iter().find(|tool| tool.entry.name == name)
    }
}

impl Offered {
    pub(in crate::inbound::mcp) fn name(&self) -> &'static str {
        self.entry.name
    }

    pub(in crate::inbound::mcp) fn reaches_database(&self) -> bool {
        self.entry.reaches_database
    }

    pub(in crate::inbound::mcp) async fn call(
        &self,
        server: &McpServer,
        arguments: JsonObject,
        call: &Call,
    ) -> Result<String, Failure> {
        (self.entry.call)(server, &self.definition.input_schema, arguments, call).await
    }
}

impl std::fmt::Debug for Offered {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.entry.name)
    }
}
