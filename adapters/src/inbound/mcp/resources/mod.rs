//! The schemas of databases as resources: what a client may show to its user, or put before the model unasked.

mod contents;
mod uri;

use std::sync::Arc;

use application::registry::View;
use domain::{Cancel, Failure, FailureKind, calls::Caller};
use rmcp::{
    ErrorData,
    model::{Resource, ResourceContents, ResourceTemplate},
};
use serde_json::json;

use super::{call::Call, failure, server::McpServer};
use uri::{Place, SchemaUri};

const JSON: &str = "application/json";
const MERMAID: &str = "text/vnd.mermaid";

/// What a client fills in to name a resource. Completion knows the words between the braces.
pub(super) const OVERVIEW: &str = "portolan://{connection}/schema";
pub(super) const DIAGRAM: &str = "portolan://{connection}/schema/diagram";
pub(super) const TABLE: &str = "portolan://{connection}/schema/{schema}/{table}";

/// The tool that tells what the overview and the diagram tell: who may not call it sees neither.
pub(super) const BY_RIGHT_OF: &str = "search_schema";

/// The overview and the diagram of every connection that is known. Tables are not listed: there may be thousands.
pub(super) fn list(view: &View<'_>) -> Vec<Resource> {
    view.names()
        .iter()
        .flat_map(|name| {
            let uri = |place| SchemaUri::new(name.as_str(), place).to_string();
            [
                Resource::new(uri(Place::Overview), format!("{name} schema"))
                    .with_description(format!("The tables and views of `{name}`."))
                    .with_mime_type(JSON),
                Resource::new(uri(Place::Diagram), format!("{name} diagram"))
                    .with_description(format!(
                        "An entity-relationship diagram of `{name}`, in Mermaid."
                    ))
                    .with_mime_type(MERMAID),
            ]
        })
        .collect()
}

pub(super) fn templates() -> Vec<ResourceTemplate> {
    vec![
        ResourceTemplate::new(OVERVIEW, "schema")
            .with_title("Schema of a database")
            .with_description("The tables and views of a connection.")
            .with_mime_type(JSON),
        ResourceTemplate::new(TABLE, "table")
            .with_title("One table")
            .with_description("Columns, keys, indexes, triggers and definition of a table or view.")
            .with_mime_type(JSON),
        ResourceTemplate::new(DIAGRAM, "diagram")
            .with_title("Diagram of a database")
            .with_description("The tables and their foreign keys, in Mermaid.")
            .with_mime_type(MERMAID),
    ]
}

/// Reads a resource as a call: in its turn, and with a line in the log.
pub(super) async fn read(
    server: &McpServer,
    uri: &str,
    caller: Arc<Caller>,
    cancel: Cancel,
) -> Result<ResourceContents, ErrorData> {
    let wanted = SchemaUri::parse(uri);
    let right = wanted
        .as_ref()
        .map_or(BY_RIGHT_OF, |wanted| wanted.place.by_right_of());
    let grant = server.grant(&caller);
    let call = Arc::new(Call::new("resources/read", right, caller, grant, cancel));
    let contents = server
        .guarded(&call, true, async {
            let wanted = wanted?;
            let connection = server.connection(Some(&wanted.connection), &call).await?;
            let contents = contents::of(&connection, &wanted.place, &call.cancel).await;
            connection.record(&contents);
            Ok((contents?, wanted.place.mime_type()))
        })
        .await;
    match contents {
        Ok((text, mime_type)) => Ok(ResourceContents::text(text, uri).with_mime_type(mime_type)),
        Err(failure) => Err(error(uri, &failure)),
    }
}

impl Place {
    /// The tool that tells the same.
    const fn by_right_of(&self) -> &'static str {
        match self {
            Self::Overview | Self::Diagram => BY_RIGHT_OF,
            Self::Table { .. } => "describe_table",
        }
    }

    const fn mime_type(&self) -> &'static str {
        match self {
            Self::Overview | Self::Table { .. } => JSON,
            Self::Diagram => MERMAID,
        }
    }
}

/// What the client's user can mend is told as something that is not there.
fn error(uri: &str, failure: &Failure) -> ErrorData {
    let message = match &failure.hint {
        Some(hint) => format!("{} {hint}", failure.message),
        None => failure.message.clone(),
    };
    if failure.kind == FailureKind::InvalidArgument {
        return ErrorData::resource_not_found(message, Some(json!({"uri": uri})));
    }
    let told = serde_json::from_str(&failure::text(failure)).ok();
    ErrorData::internal_error(message, told)
}
