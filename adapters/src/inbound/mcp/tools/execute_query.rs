//! `execute_query`: runs one statement and returns its rows.

use std::time::Duration;

use application::{encode::Format, use_cases::ExecuteQuery};
use domain::{Failure, query::Statement};
use rmcp::model::JsonObject;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::{Value, json};
use validator::Validate;

use super::{
    super::{call::Call, server::McpServer},
    tool::{Group, Hints, Tool},
};

#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(
    clippy::struct_field_names,
    reason = "`params` is the word of the wire"
)]
pub(super) struct Params {
    connection: Option<String>,
    sql: String,
    /// For $1 (PostgreSQL) or ? (others).
    #[serde(default)]
    #[schemars(schema_with = "values")]
    params: Option<Vec<Value>>,
    /// Default 1000.
    #[validate(range(min = 1, message = "must be at least 1"))]
    max_rows: Option<u64>,
    /// Default 48000.
    #[validate(range(min = 1, message = "must be at least 1"))]
    max_bytes: Option<usize>,
    #[validate(range(min = 1, message = "must be at least 1"))]
    timeout_ms: Option<u64>,
    #[serde(default)]
    #[schemars(schema_with = "formats")]
    format: Option<Format>,
}

/// A schema of values to bind.
pub(super) fn values(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "array", "items": any_value()})
}

/// Any JSON value. Not every client follows a list of types in one place, or a schema that says nothing.
fn any_value() -> Value {
    let types = ["string", "number", "boolean", "null", "array", "object"];
    json!({"anyOf": types.map(|word| json!({"type": word}))})
}

fn formats(_: &mut SchemaGenerator) -> Schema {
    let words = Format::WORDS.map(|(word, _)| word);
    json_schema!({"type": "string", "enum": words})
}

pub(super) struct ExecuteQueryTool;

impl Tool for ExecuteQueryTool {
    const NAME: &'static str = "execute_query";
    const TITLE: &'static str = "Run SQL";
    const DESCRIPTION: &'static str = include_str!("execute_query.md");
    const GROUP: Group = Group::Queries;
    type Params = Params;

    fn hints(any_writable: bool) -> Hints {
        if any_writable {
            Hints::DESTROYS
        } else {
            Hints::READS
        }
    }

    fn output_schema() -> Option<JsonObject> {
        let cell = any_value();
        let schema = json!({
            "type": "object",
            "properties": {
                "columns": {"type": "array", "items": {"type": "string"}},
                "types": {"type": "array", "items": {"type": "string"}},
                "rows": {"type": "array", "items": {"anyOf": [
                    {"type": "array", "items": cell},
                    {"type": "object", "additionalProperties": cell},
                ]}},
                "csv": {"type": "string"},
                "markdown": {"type": "string"},
                "rowCount": {"type": "integer"},
                "truncated": {
                    "type": "object",
                    "properties": {"by": {"type": "string"}, "limit": {"type": "integer"}},
                    "required": ["by", "limit"],
                },
                "affectedRows": {"type": "integer"},
                "insertId": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
                "notices": {"type": "array", "items": {"type": "string"}},
            },
            "required": ["rowCount"],
        });
        schema.as_object().cloned()
    }

    async fn call(server: &McpServer, params: Params, call: &Call) -> Result<String, Failure> {
        let query = ExecuteQuery {
            statement: Statement::new(params.sql, params.params.unwrap_or_default())?,
            format: params.format.unwrap_or_default(),
            max_rows: params.max_rows,
            max_bytes: params.max_bytes,
            timeout: params.timeout_ms.map(Duration::from_millis),
        };
        call.runs(&query.statement.sql);
        let connection = server
            .connection(params.connection.as_deref(), call)
            .await?;
        let ceilings = server.options().ceilings;
        let longest = query.longest_answer(&connection.database, ceilings);
        let _room = server.room(longest, call).await?;
        let answer = query.execute_on(&connection, ceilings, &call.cancel).await;
        connection.record(&answer);
        let answer = answer?;
        call.returned(answer.rows);
        Ok(answer.text)
    }
}
