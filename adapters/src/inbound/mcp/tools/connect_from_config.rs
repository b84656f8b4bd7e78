//! `connect_from_config`: opens a configured database.

use application::use_cases::ConnectFromConfig;
use domain::Failure;
use schemars::JsonSchema;
use serde::Deserialize;
use validator::Validate;

use super::{
    super::{call::Call, server::McpServer},
    tool::{Group, Hints, Tool, json},
};

#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Params {
    /// Default: the only or `default` one.
    config_name: Option<String>,
    /// Default: the same name.
    connection_name: Option<String>,
}

pub(super) struct ConnectFromConfigTool;

impl Tool for ConnectFromConfigTool {
    const NAME: &'static str = "connect_from_config";
    const TITLE: &'static str = "Connect configured";
    const DESCRIPTION: &'static str = "Opens a configured database. Rarely needed: naming it as \
         `connection` opens it.";
    const GROUP: Group = Group::Connections;
    type Params = Params;

    fn hints(_: bool) -> Hints {
        Hints::SETTLES
    }

    async fn call(server: &McpServer, params: Params, call: &Call) -> Result<String, Failure> {
        let connect = ConnectFromConfig {
            config_name: params.config_name,
            connection_name: params.connection_name,
        };
        json(
            &call
                .unless_cancelled(connect.execute(&server.view(call)))
                .await?,
        )
    }
}
