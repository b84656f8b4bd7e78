//! `find_join_path`: how to join two tables.

use application::use_cases::FindJoinPath;
use domain::Failure;
use schemars::JsonSchema;
use serde::Deserialize;
use validator::Validate;

use super::{
    super::{call::Call, server::McpServer},
    tool::{Group, Hints, Tool},
};

#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    connection: Option<String>,
    /// A table.
    from: String,
    /// Another.
    to: String,
}

pub(super) struct FindJoinPathTool;

impl Tool for FindJoinPathTool {
    const NAME: &'static str = "find_join_path";
    const TITLE: &'static str = "Find joins";
    const DESCRIPTION: &'static str = "The shortest chains of foreign keys between two tables as FROM … JOIN … text, and how each join multiplies rows.";
    const GROUP: Group = Group::Schema;
    type Params = Params;

    fn hints(_: bool) -> Hints {
        Hints::READS
    }

    async fn call(server: &McpServer, params: Params, call: &Call) -> Result<String, Failure> {
        let find = FindJoinPath {
            from: params.from,
            to: params.to,
        };
        let connection = server
            .connection(params.connection.as_deref(), call)
            .await?;
        let answer = find.execute(&connection, &call.cancel).await;
        connection.record(&answer);
        answer
    }
}
