//! `describe_table`: everything about some tables.

use application::use_cases::DescribeTable;
use domain::Failure;
use rmcp::model::JsonObject;
use schemars::JsonSchema;
use serde::Deserialize;
use validator::Validate;

use super::{
    super::{arguments, call::Call, server::McpServer},
    tool::{Group, Hints, Tool, one_is_a_list},
};

#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Params {
    connection: Option<String>,
    tables: Vec<String>,
    #[validate(range(min = 1, message = "must be at least 1"))]
    max_bytes: Option<usize>,
}

pub(super) struct DescribeTableTool;

impl Tool for DescribeTableTool {
    const NAME: &'static str = "describe_table";
    const TITLE: &'static str = "Describe tables";
    const DESCRIPTION: &'static str =
        "Columns, keys in and out, indexes, triggers of up to 20 tables.";
    const GROUP: Group = Group::Schema;
    type Params = Params;

    fn hints(_: bool) -> Hints {
        Hints::READS
    }

    fn read(mut arguments: JsonObject, schema: &JsonObject) -> Result<Params, Failure> {
        one_is_a_list(&mut arguments, "tables");
        arguments::read(arguments, schema)
    }

    async fn call(server: &McpServer, params: Params, call: &Call) -> Result<String, Failure> {
        let describe = DescribeTable {
            tables: params.tables,
            max_bytes: params.max_bytes,
        };
        let connection = server
            .connection(params.connection.as_deref(), call)
            .await?;
        let answer = describe.execute(&connection, &call.cancel).await;
        connection.record(&answer);
        answer
    }
}
