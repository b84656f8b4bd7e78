//! `export_connections`: every configuration as what `import_connections` takes.

use application::use_cases::ExportConnections;
use domain::Failure;
use schemars::JsonSchema;
use serde::Deserialize;
use validator::Validate;

use super::{
    super::{call::Call, server::McpServer},
    tool::{Group, Hints, Tool, json},
};

#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {}

pub(super) struct ExportConnectionsTool;

impl Tool for ExportConnectionsTool {
    const NAME: &'static str = "export_connections";
    const TITLE: &'static str = "Export configurations";
    const DESCRIPTION: &'static str = "All configurations as arguments of import_connections, passwords as \
         \"***\".";
    const GROUP: Group = Group::Connections;
    const REACHES_DATABASE: bool = false;
    type Params = Params;

    fn hints(_: bool) -> Hints {
        Hints::READS
    }

    async fn call(server: &McpServer, _: Params, call: &Call) -> Result<String, Failure> {
        json(&ExportConnections.execute(&server.view(call)))
    }
}
