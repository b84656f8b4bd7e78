//! `test_connection`: a real round trip to a database.

use application::use_cases::TestConnection;
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
    /// Opened if configured.
    connection: String,
}

pub(super) struct TestConnectionTool;

impl Tool for TestConnectionTool {
    const NAME: &'static str = "test_connection";
    const TITLE: &'static str = "Test connection";
    const DESCRIPTION: &'static str = "Makes a real round trip: ok, latency, server version; or the failure and the step it came to.";
    const GROUP: Group = Group::Connections;
    type Params = Params;

    fn hints(_: bool) -> Hints {
        Hints::READS
    }

    async fn call(server: &McpServer, params: Params, call: &Call) -> Result<String, Failure> {
        let test = TestConnection {
            connection: params.connection,
        };
        let tested = call
            .unless_cancelled(test.execute(&server.view(call), &call.cancel))
            .await?;
        json(&tested)
    }
}
