//! `close_connection`: ends the calls on a connection and closes its pool.

use application::use_cases::CloseConnection;
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
pub(super) struct Params {
    connection: String,
}

pub(super) struct CloseConnectionTool;

impl Tool for CloseConnectionTool {
    const NAME: &'static str = "close_connection";
    const TITLE: &'static str = "Close connection";
    const DESCRIPTION: &'static str = "Ends the calls on a connection and closes it. A configured one opens \
         again when used.";
    const GROUP: Group = Group::Connections;
    const REACHES_DATABASE: bool = false;
    type Params = Params;

    fn hints(_: bool) -> Hints {
        Hints::SETTLES
    }

    async fn call(server: &McpServer, params: Params, call: &Call) -> Result<String, Failure> {
        let close = CloseConnection {
            connection: params.connection,
        };
        json(&close.execute(&server.view(call)).await?)
    }
}
