//! `get_health_status`: how this server does.

use application::use_cases::GetHealthStatus;
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
    /// Also connections, memory, error rate and times by method.
    detailed: Option<bool>,
}

pub(super) struct GetHealthStatusTool;

impl Tool for GetHealthStatusTool {
    const NAME: &'static str = "get_health_status";
    const TITLE: &'static str = "Health";
    const DESCRIPTION: &'static str =
        "How this server does: healthy, degraded or unhealthy, and why.";
    const GROUP: Group = Group::Health;
    const REACHES_DATABASE: bool = false;
    type Params = Params;

    fn hints(_: bool) -> Hints {
        Hints::READS
    }

    async fn call(server: &McpServer, params: Params, call: &Call) -> Result<String, Failure> {
        let source = server.health().ok_or_else(|| {
            Failure::new(
                domain::FailureKind::Unsupported,
                "This server does not watch its health.",
            )
        })?;
        let view = server.view(call);
        let status = GetHealthStatus {
            detailed: params.detailed.unwrap_or_default(),
            of_all: view.reaches_all(),
        };
        let names = view.names();
        json(&status.execute(source, |name| {
            names.iter().any(|seen| seen.as_str() == name)
        }))
    }
}
