//! The tools that one server offers, made once.

use std::sync::Arc;

use application::{ad_hoc::AdHoc, registry::Registry};
use domain::{Failure, access::Grant, nearest::nearest};
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
    /// As it is told to those who may write nowhere.
    only_reading: Definition,
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
                let define = |any_writable| {
                    let mut definition = (entry.define)(any_writable);
                    if options.structured_results {
                        definition.output_schema = (entry.output_schema)().map(Arc::new);
                    }
                    definition
                };
                Offered {
                    entry,
                    definition: define(any_writable),
                    only_reading: define(false),
                }
            });
        Self(offered.collect())
    }

    /// Those that a caller may call.
    pub(in crate::inbound::mcp) fn definitions(&self, grant: &Grant) -> Vec<Definition> {
        let may_write = grant.may_write();
        self.granted(grant)
            .map(|tool| {
                if may_write {
                    tool.definition.clone()
                } else {
                    tool.only_reading.clone()
                }
            })
            .collect()
    }

    pub(in crate::inbound::mcp) fn definition(&self, name: &str) -> Option<Definition> {
        self.find(name).map(|tool| tool.definition.clone())
    }

    /// Whether the answers of a tool are sent as structured content too.
    pub(in crate::inbound::mcp) fn is_structured(&self, name: &str) -> bool {
        self.find(name)
            .is_some_and(|tool| tool.definition.output_schema.is_some())
    }

    /// Fails with the names there are for this caller.
    pub(in crate::inbound::mcp) fn get(
        &self,
        name: &str,
        grant: &Grant,
    ) -> Result<&Offered, String> {
        let mut granted = self.granted(grant);
        granted.find(|tool| tool.entry.name == name).ok_or_else(|| {
            let names: Vec<&str> = self.granted(grant).map(|tool| tool.entry.name).collect();
            if names.is_empty() {
                return format!("There is no tool `{name}`: no role gives you any.");
            }
            let known = names.join(", ");
            match nearest(name, names) {
                Some(meant) => {
                    format!("There is no tool `{name}`. Did you mean `{meant}`? Tools: {known}.")
                }
                None => format!("There is no tool `{name}`. Tools: {known}."),
            }
        })
    }

    fn granted(&self, grant: &Grant) -> impl Iterator<Item = &Offered> {
        self.0.iter().filter(|tool| grant.may_call(tool.entry.name))
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
