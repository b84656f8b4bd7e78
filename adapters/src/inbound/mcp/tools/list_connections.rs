//! `list_connections`: the open connections.

use application::use_cases::ListConnections;
use domain::Failure;
use schemars::JsonSchema;
use serde::Deserialize;
use validator::Validate;

use super::{
    super::{call::Call, server::McpServer},
    tool::{Group, Hints, Tool, json_under},
};

#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {}

pub(super) struct ListConnectionsTool;

impl Tool for ListConnectionsTool {
    const NAME: &'static str = "list_connections";
    const TITLE: &'static str = "List connections";
    const DESCRIPTION: &'static str = "Open connections: server version, database, access, pool use, age. Others: show_configurations.";
    const GROUP: Group = Group::Connections;
    const REACHES_DATABASE: bool = false;
    type Params = Params;

    fn hints(_: bool) -> Hints {
        Hints::READS
    }

    async fn call(server: &McpServer, _: Params, call: &Call) -> Result<String, Failure> {
        json_under("connections", &ListConnections.execute(&server.view(call)))
    }
}
