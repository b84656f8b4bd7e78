//! What a client's user could mean while typing: names of connections, schemas and tables.

use std::sync::Arc;

use application::registry::{OpenConnection, View, Visitor};
use domain::{Cancel, Failure, calls::Caller};
use rmcp::model::{CompleteRequestParams, CompletionInfo, Reference};

use super::{call::Call, prompts, resources, server::McpServer};

/// What is to be completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Connection,
    Schema,
    Table,
}

/// The names that begin with what was typed, then those that contain it. None where nothing is known: that a database
/// cannot be reached is no answer to somebody who types.
pub(super) async fn complete(
    server: &McpServer,
    request: &CompleteRequestParams,
    caller: Arc<Caller>,
    cancel: Cancel,
) -> CompletionInfo {
    let Some(wanted) = wanted(request) else {
        return CompletionInfo::default();
    };
    let grant = server.grant(&caller);
    let names = match wanted {
        Wanted::Connection => connections(&server.seen_by(Visitor {
            caller: &caller,
            grant: &grant,
            tool: None,
        })),
        Wanted::Schema | Wanted::Table => {
            let right = resources::BY_RIGHT_OF;
            let call = Arc::new(Call::new(
                "completion/complete",
                right,
                caller,
                grant,
                cancel,
            ));
            let work = of_schema(server, wanted, request, &call);
            server.guarded(&call, true, work).await.unwrap_or_default()
        }
    };
    matching(names, &request.argument.value)
}

/// `None` for what has no names to choose from.
fn wanted(request: &CompleteRequestParams) -> Option<Wanted> {
    let argument = request.argument.name.as_str();
    match &request.r#ref {
        Reference::Resource(resource) => match (resource.uri.as_str(), argument) {
            (resources::OVERVIEW | resources::DIAGRAM | resources::TABLE, "connection") => {
                Some(Wanted::Connection)
            }
            (resources::TABLE, "schema") => Some(Wanted::Schema),
            (resources::TABLE, "table") => Some(Wanted::Table),
            _ => None,
        },
        Reference::Prompt(prompt) => (prompts::is_known(&prompt.name) && argument == "connection")
            .then_some(Wanted::Connection),
        _ => None,
    }
}

fn connections(view: &View<'_>) -> Vec<String> {
    view.names().iter().map(ToString::to_string).collect()
}

async fn of_schema(
    server: &McpServer,
    wanted: Wanted,
    request: &CompleteRequestParams,
    call: &Call,
) -> Result<Vec<String>, Failure> {
    let chosen = |name: &str| {
        request
            .context
            .as_ref()
            .and_then(|context| context.get_argument(name))
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    };
    let connection = server.connection(chosen("connection"), call).await?;
    names(&connection, wanted, chosen("schema"), &call.cancel).await
}

async fn names(
    connection: &OpenConnection,
    wanted: Wanted,
    schema: Option<&str>,
    cancel: &Cancel,
) -> Result<Vec<String>, Failure> {
    let snapshot = connection.known(cancel).await?.snapshot;
    Ok(if wanted == Wanted::Schema {
        snapshot
            .schemas
            .iter()
            .map(|schema| schema.name.to_string())
            .collect()
    } else {
        snapshot
            .relations
            .iter()
            .filter(|relation| schema.is_none_or(|schema| *relation.schema == *schema))
            .map(|relation| relation.name.to_string())
            .collect()
    })
}

/// The best ones first, and how many there are in all.
fn matching(names: Vec<String>, typed: &str) -> CompletionInfo {
    let typed = typed.to_lowercase();
    let mut found: Vec<(bool, String)> = names
        .into_iter()
        .filter_map(|name| {
            let at = name.to_lowercase().find(&typed)?;
            Some((at > 0, name))
        })
        .collect();
    found.sort();
    found.dedup();
    let total = found.len();
    let mut completion = CompletionInfo::default();
    completion.values = found
        .into_iter()
        .take(CompletionInfo::MAX_VALUES)
        .map(|(_, name)| name)
        .collect();
    completion.total = u32::try_from(total).ok();
    completion.has_more = Some(total > CompletionInfo::MAX_VALUES);
    completion
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_begin_with_what_was_typed_come_first() {
        let names = ["reorders", "Orders", "order_items", "people"].map(str::to_owned);

        let found = matching(names.into(), "ord");

        assert_eq!(found.values, ["Orders", "order_items", "reorders"]);
        assert_eq!((found.total, found.has_more), (Some(3), Some(false)));
    }

    #[test]
    fn of_many_names_a_hundred_are_told() {
        let names = (0..250).map(|index| format!("t{index}")).collect();

        let found = matching(names, "");

        assert_eq!(found.values.len(), 100);
        assert_eq!((found.total, found.has_more), (Some(250), Some(true)));
    }
}
