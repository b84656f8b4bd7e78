//! `execute_query`: runs one statement and returns its rows.

use std::time::Duration;

use application::{
    encode::{Answer, Format},
    use_cases::{AskedLimits, ExecuteQuery, ReadOn},
};
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
    sql: Option<String>,
    /// For $1 or ?.
    #[serde(default)]
    #[schemars(schema_with = "values")]
    params: Option<Vec<Value>>,
    #[validate(range(min = 1, message = "must be at least 1"))]
    max_rows: Option<u64>,
    #[validate(range(min = 1, message = "must be at least 1"))]
    max_bytes: Option<usize>,
    #[validate(range(min = 1, message = "must be at least 1"))]
    timeout_ms: Option<u64>,
    /// Column stats.
    profile: Option<bool>,
    #[serde(default)]
    #[schemars(schema_with = "formats")]
    format: Option<Format>,
    /// Of `truncated`: reads on, without sql.
    cursor: Option<String>,
}

impl Params {
    fn limits(&self) -> AskedLimits {
        AskedLimits {
            max_rows: self.max_rows,
            max_bytes: self.max_bytes,
            timeout: self.timeout_ms.map(Duration::from_millis),
            profile: self.profile.unwrap_or_default(),
        }
    }

    /// What does not go together with a cursor, which has its statement and its format already.
    fn beside_cursor(&self) -> Option<&'static str> {
        [
            ("sql", self.sql.is_some()),
            ("params", self.params.is_some()),
            ("format", self.format.is_some()),
        ]
        .into_iter()
        .find_map(|(name, given)| given.then_some(name))
    }
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
                    "properties": {
                        "by": {"type": "string"},
                        "limit": {"type": "integer"},
                        "cursor": {"type": "string"},
                    },
                    "required": ["by", "limit"],
                },
                "affectedRows": {"type": "integer"},
                "profile": {
                    "type": "object",
                    "properties": {
                        "rows": {"type": "integer"},
                        "columns": {"type": "array", "items": {"type": "object"}},
                        "leftOut": {"type": "integer"},
                    },
                    "required": ["rows", "columns"],
                },
                "insertId": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
                "notices": {"type": "array", "items": {"type": "string"}},
            },
            "required": ["rowCount"],
        });
        schema.as_object().cloned()
    }

    async fn call(server: &McpServer, params: Params, call: &Call) -> Result<String, Failure> {
        let answer = match params.cursor.clone() {
            Some(cursor) => read_on(server, cursor, &params, call).await,
            None => run(server, params, call).await,
        }?;
        call.returned(answer.rows);
        Ok(answer.text)
    }
}

async fn run(server: &McpServer, params: Params, call: &Call) -> Result<Answer, Failure> {
    let asked = params.limits();
    let sql = params.sql.ok_or_else(|| {
        Failure::invalid_argument("The argument `sql` is missing.")
            .with_hint("Send one SQL statement as `sql`, or the `cursor` of a truncated result.")
    })?;
    let mut query = ExecuteQuery {
        statement: Statement::new(sql, params.params.unwrap_or_default())?,
        format: params.format.unwrap_or_default(),
        asked,
    };
    call.runs(&query.statement.sql);
    let connection = server
        .connection(params.connection.as_deref(), call)
        .await?;
    query.statement.acts_as = call.acts_as(&connection)?;
    let ceilings = server.options().ceilings;
    let longest = asked.longest_answer(&connection.database.config, ceilings);
    let _room = server.room(longest, call).await?;
    let answer = call
        .timed(query.execute(&connection, ceilings, &call.cancel))
        .await;
    connection.record(&answer);
    answer
}

async fn read_on(
    server: &McpServer,
    cursor: String,
    params: &Params,
    call: &Call,
) -> Result<Answer, Failure> {
    if let Some(name) = params.beside_cursor() {
        return Err(
            Failure::invalid_argument(format!("`{name}` cannot stand beside `cursor`.")).with_hint(
                "A cursor reads on in its own statement and format; send it with maxRows, maxBytes or timeoutMs alone.",
            ),
        );
    }
    let mut page = ReadOn {
        cursor,
        asked: params.limits(),
        acts_as: None,
    };
    let connection = page.connection(&server.view(call), params.connection.as_deref())?;
    call.on(&connection);
    page.acts_as = call.acts_as(&connection)?;
    let ceilings = server.options().ceilings;
    let longest = page
        .asked
        .longest_answer(&connection.database.config, ceilings);
    let _room = server.room(longest, call).await?;
    let answer = call
        .timed(page.execute(&connection, ceilings, &call.cancel))
        .await;
    connection.record(&answer);
    answer
}
