//! `import_connections`: adds configurations.

use application::use_cases::ImportConnections;
use domain::Failure;
use rmcp::model::JsonObject;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use validator::Validate;

use super::{
    super::{call::Call, server::McpServer},
    tool::{Group, Hints, Tool, json_under},
};

#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// By name, as exported or for `connect_database`. Password "***" keeps the known one.
    #[schemars(schema_with = "by_name")]
    connections: JsonObject,
    /// Replace known ones. Default false.
    overwrite: Option<bool>,
}

fn by_name(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object"})
}

pub(super) struct ImportConnectionsTool;

impl Tool for ImportConnectionsTool {
    const NAME: &'static str = "import_connections";
    const TITLE: &'static str = "Import configurations";
    const DESCRIPTION: &'static str =
        "Adds configurations, read-only, until the server stops; tells what became of each.";
    const GROUP: Group = Group::AdHoc;
    const REACHES_DATABASE: bool = false;
    type Params = Params;

    fn hints(_: bool) -> Hints {
        Hints::REPLACES
    }

    async fn call(server: &McpServer, params: Params, call: &Call) -> Result<String, Failure> {
        let import = ImportConnections {
            connections: params.connections,
            overwrite: params.overwrite.unwrap_or(false),
        };
        let imported = import.execute(&server.view(call), server.ad_hoc())?;
        json_under("connections", &imported)
    }
}
