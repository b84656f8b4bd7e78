//! `show_configurations`: every known configuration, valid or not.

use application::use_cases::ShowConfigurations;
use domain::Failure;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use validator::Validate;

use super::{
    super::{call::Call, server::McpServer},
    tool::{Group, Hints, Tool, json},
};

#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {}

pub(super) struct ShowConfigurationsTool;

impl Tool for ShowConfigurationsTool {
    const NAME: &'static str = "show_configurations";
    const TITLE: &'static str = "Show configured databases";
    const DESCRIPTION: &'static str = "Lists every configured database: name, where it is configured, engine, whether valid \
         and what is wrong if not, whether connected. Secrets are masked.";
    const GROUP: Group = Group::Connections;
    type Params = Params;

    fn hints(_: bool) -> Hints {
        Hints::READS
    }

    async fn call(server: &McpServer, _: Params, _: &Call) -> Result<String, Failure> {
        json(&json!({"configurations": ShowConfigurations.execute(server.registry())}))
    }
}
