//! `explain_query`: how a statement is run, and where its work is.

use application::use_cases::ExplainQuery;
use domain::{Failure, query::Statement};
use rmcp::model::JsonObject;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::Value;
use validator::Validate;

use super::{
    super::{arguments, call::Call, server::McpServer},
    execute_query::values,
    tool::{Group, Hints, Tool, json, one_is_a_list},
};

#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(
    clippy::struct_field_names,
    reason = "`params` is the word of the wire"
)]
pub(super) struct Params {
    connection: Option<String>,
    /// The statement itself, without EXPLAIN.
    sql: String,
    #[serde(default)]
    #[schemars(schema_with = "values")]
    params: Option<Vec<Value>>,
    /// Run it too.
    #[serde(default)]
    analyze: Option<bool>,
    #[serde(default)]
    #[schemars(schema_with = "indexes")]
    try_indexes: Option<Vec<String>>,
}

fn indexes(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "items": {"type": "string"},
        "description": "CREATE INDEX …: plan with them, make none (PostgreSQL, hypopg).",
    })
}

pub(super) struct ExplainQueryTool;

impl Tool for ExplainQueryTool {
    const NAME: &'static str = "explain_query";
    const TITLE: &'static str = "Explain SQL";
    const DESCRIPTION: &'static str = include_str!("explain_query.md");
    const GROUP: Group = Group::Queries;
    type Params = Params;

    fn hints(_: bool) -> Hints {
        Hints::READS
    }

    fn read(mut arguments: JsonObject, schema: &JsonObject) -> Result<Params, Failure> {
        one_is_a_list(&mut arguments, "tryIndexes");
        arguments::read(arguments, schema)
    }

    async fn call(server: &McpServer, params: Params, call: &Call) -> Result<String, Failure> {
        let mut explain = ExplainQuery {
            statement: Statement::new(params.sql, params.params.unwrap_or_default())?,
            analyze: params.analyze.unwrap_or_default(),
            try_indexes: params.try_indexes.unwrap_or_default(),
        };
        call.runs(&explain.statement.sql);
        let connection = server
            .connection(params.connection.as_deref(), call)
            .await?;
        explain.statement.acts_as = call.acts_as(&connection)?;
        let report = call.timed(explain.execute(&connection, &call.cancel)).await;
        connection.record(&report);
        json(&report?)
    }
}
