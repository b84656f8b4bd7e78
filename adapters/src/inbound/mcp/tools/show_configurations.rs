//! `show_configurations`: every known configuration, valid or not.

use application::use_cases::ShowConfigurations;
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

pub(super) struct ShowConfigurationsTool;

impl Tool for ShowConfigurationsTool {
    const NAME: &'static str = "show_configurations";
    const TITLE: &'static str = "Show configurations";
    const DESCRIPTION: &'static str =
        "All configured databases: valid or what is wrong, connected or not. Secrets are masked.";
    const GROUP: Group = Group::Connections;
    const REACHES_DATABASE: bool = false;
    type Params = Params;

    fn hints(_: bool) -> Hints {
        Hints::READS
    }

    async fn call(server: &McpServer, _: Params, call: &Call) -> Result<String, Failure> {
        json_under(
            "configurations",
            &ShowConfigurations.execute(&server.view(call)),
        )
    }
}
