//! What a tool's file has to say.

use std::{future::Future, sync::Arc};

use domain::Failure;
use futures_util::future::BoxFuture;
use rmcp::model::{JsonObject, Tool as Definition, ToolAnnotations};
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use validator::Validate;

use super::super::{arguments, call::Call, schema, server::McpServer};

/// A tool: the words that the model reads, the parameters, and the use case they are handed to.
pub(super) trait Tool: 'static {
    /// Verb and noun; the name of its file and of its use case.
    const NAME: &'static str;
    /// For people.
    const TITLE: &'static str;
    /// For the model: when to use it, when another, what comes back.
    const DESCRIPTION: &'static str;
    const GROUP: Group;
    /// Whether a database may keep it waiting. What only looks at or ends what this server has answers while every
    /// place for calls is taken.
    const REACHES_DATABASE: bool = true;
    type Params: DeserializeOwned + JsonSchema + Validate + Send;

    /// What it does to the world, given whether any known connection may write.
    fn hints(any_writable: bool) -> Hints;

    /// The schema of its answers, for clients that are sent structured content.
    fn output_schema() -> Option<JsonObject> {
        None
    }

    /// The arguments as parameters. Held against the schema, unless the use case does more than that itself.
    fn read(arguments: JsonObject, schema: &JsonObject) -> Result<Self::Params, Failure> {
        arguments::read(arguments, schema)
    }

    fn call(
        server: &McpServer,
        params: Self::Params,
        call: &Call,
    ) -> impl Future<Output = Result<String, Failure>> + Send;
}

/// Tools that are chosen together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    /// Asking a database.
    Queries,
    /// Finding out what it holds.
    Schema,
    /// Opening, closing and looking at connections.
    Connections,
    /// Connections that are made from what a call says rather than from configuration.
    AdHoc,
    /// This server itself.
    Health,
}

/// What a tool does to its surroundings, as clients are told it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hints {
    pub(super) read_only: bool,
    pub(super) destructive: bool,
    pub(super) idempotent: bool,
}

impl Hints {
    pub(super) const READS: Self = Self {
        read_only: true,
        destructive: false,
        idempotent: true,
    };
    /// Changes this server's state and nothing else; once more changes nothing more.
    pub(super) const SETTLES: Self = Self {
        read_only: false,
        destructive: false,
        idempotent: true,
    };
    /// Changes this server's state, and may take the place of what was there.
    pub(super) const REPLACES: Self = Self {
        read_only: false,
        destructive: true,
        idempotent: true,
    };
    pub(super) const DESTROYS: Self = Self {
        read_only: false,
        destructive: true,
        idempotent: false,
    };
}

/// Runs a tool: its schema, the arguments of the call, the call.
type CallTool = for<'call> fn(
    &'call McpServer,
    &'call JsonObject,
    JsonObject,
    &'call Call,
) -> BoxFuture<'call, Result<String, Failure>>;

/// A tool in the list of tools.
pub(super) struct Entry {
    pub(super) name: &'static str,
    pub(super) group: Group,
    pub(super) reaches_database: bool,
    pub(super) define: fn(any_writable: bool) -> Definition,
    pub(super) output_schema: fn() -> Option<JsonObject>,
    pub(super) call: CallTool,
}

impl Entry {
    pub(super) const fn of<T: Tool>() -> Self {
        Self {
            name: T::NAME,
            group: T::GROUP,
            reaches_database: T::REACHES_DATABASE,
            define: define::<T>,
            output_schema: T::output_schema,
            call: call::<T>,
        }
    }
}

fn define<T: Tool>(any_writable: bool) -> Definition {
    let hints = T::hints(any_writable);
    let schema = Arc::new(schema::of_arguments::<T::Params>());
    Definition::new(T::NAME, T::DESCRIPTION.trim_end(), schema)
        .with_title(T::TITLE)
        .with_annotations(ToolAnnotations::from_raw(
            None,
            Some(hints.read_only),
            Some(hints.destructive),
            Some(hints.idempotent),
            // Whatever a tool reaches is what somebody has configured or named.
            Some(false),
        ))
}

fn call<'call, T: Tool>(
    server: &'call McpServer,
    schema: &'call JsonObject,
    arguments: JsonObject,
    call: &'call Call,
) -> BoxFuture<'call, Result<String, Failure>> {
    Box::pin(async move {
        let is_missing = |name: &str| arguments.get(name).is_none_or(serde_json::Value::is_null);
        let required = schema.get("required").and_then(serde_json::Value::as_array);
        if required.is_some_and(|names| names.iter().any(|name| name == "connection"))
            && is_missing("connection")
        {
            // The schema cannot know the names.
            return Err(server.view(call).unnamed());
        }
        let params = T::read(arguments, schema)?;
        T::call(server, params, call).await
    })
}

/// An answer as compact JSON: an object with one field.
pub(super) fn json_under(name: &str, answer: &impl Serialize) -> Result<String, Failure> {
    Ok(format!("{{\"{name}\":{}}}", json(answer)?))
}

/// An answer as compact JSON.
pub(super) fn json(answer: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(answer).map_err(|error| {
        Failure::internal("The answer cannot be written as JSON.").with_source(error)
    })
}

/// Takes a single word for a list of one, as models write it.
pub(super) fn one_is_a_list(arguments: &mut JsonObject, name: &str) {
    if let Some(value) = arguments.get_mut(name)
        && value.is_string()
    {
        *value = serde_json::Value::Array(vec![value.take()]);
    }
}
