//! `connection_info`: everything about one or all open connections.

use application::use_cases::ConnectionInfo;
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
pub(super) struct Params {
    /// Default: all.
    connection: Option<String>,
}

pub(super) struct ConnectionInfoTool;

impl Tool for ConnectionInfoTool {
    const NAME: &'static str = "connection_info";
    const TITLE: &'static str = "Connection details";
    const DESCRIPTION: &'static str =
        "Settings, posture of the role, pool, calls, failures of open connections. In ms.";
    const GROUP: Group = Group::Connections;
    const REACHES_DATABASE: bool = false;
    type Params = Params;

    fn hints(_: bool) -> Hints {
        Hints::READS
    }

    async fn call(server: &McpServer, params: Params, call: &Call) -> Result<String, Failure> {
        let info = ConnectionInfo {
            connection: params.connection,
        };
        let connections = call
            .unless_cancelled(info.execute(&server.view(call)))
            .await?;
        json_under("connections", &connections)
    }
}
