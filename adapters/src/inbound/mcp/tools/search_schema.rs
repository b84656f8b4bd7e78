//! `search_schema`: finds tables, columns and all else by name or comment, or gives an overview.

use application::use_cases::{Detail, SearchSchema};
use domain::{Failure, schema::search::Kind};
use rmcp::model::JsonObject;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
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
    /// Words, or a %pattern%.
    search: Option<String>,
    #[serde(default)]
    #[schemars(schema_with = "kinds")]
    kinds: Option<Vec<String>>,
    schema: Option<String>,
    #[serde(default)]
    #[schemars(schema_with = "details")]
    detail: Option<Detail>,
    #[validate(range(min = 1, message = "must be at least 1"))]
    limit: Option<usize>,
    #[validate(range(min = 1, message = "must be at least 1"))]
    max_bytes: Option<usize>,
    cursor: Option<String>,
}

/// Its words are told by the failure that meets an unknown one: nine of them cost more than they are worth.
fn kinds(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "items": {"type": "string"},
        "description": "table, column, index, …",
    })
}

fn details(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": Detail::WORDS})
}

pub(super) struct SearchSchemaTool;

impl Tool for SearchSchemaTool {
    const NAME: &'static str = "search_schema";
    const TITLE: &'static str = "Search the schema";
    const DESCRIPTION: &'static str = include_str!("search_schema.md");
    const GROUP: Group = Group::Schema;
    type Params = Params;

    fn hints(_: bool) -> Hints {
        Hints::READS
    }

    fn read(mut arguments: JsonObject, schema: &JsonObject) -> Result<Params, Failure> {
        one_is_a_list(&mut arguments, "kinds");
        arguments::read(arguments, schema)
    }

    async fn call(server: &McpServer, params: Params, call: &Call) -> Result<String, Failure> {
        let kinds = params.kinds.unwrap_or_default();
        let search = SearchSchema {
            search: params.search,
            kinds: kinds
                .iter()
                .map(|word| Kind::parse(word))
                .collect::<Result<_, _>>()?,
            schema: params.schema,
            detail: params.detail.unwrap_or_default(),
            limit: params.limit,
            max_bytes: params.max_bytes,
            cursor: params.cursor,
        };
        let connection = server
            .connection(params.connection.as_deref(), call)
            .await?;
        let answer = search.execute(&connection, &call.cancel).await;
        connection.record(&answer);
        answer
    }
}
