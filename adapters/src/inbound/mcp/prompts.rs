//! Prompts that a client's user picks from a menu: what to look at first, and with which tools.

use application::registry::View;
use domain::Failure;
use rmcp::{
    ErrorData,
    model::{GetPromptResult, JsonObject, Prompt, PromptArgument, PromptMessage, Role},
};

struct Offered {
    name: &'static str,
    title: &'static str,
    description: &'static str,
    /// What it takes besides the connection, which may be left out.
    needed: Option<(&'static str, &'static str)>,
    /// What the model is asked. `{on}` and `{given}` stand for the arguments.
    text: &'static str,
}

const OFFERED: [Offered; 3] = [
    Offered {
        name: "explore_database",
        title: "Explore this database",
        description: "What it holds, how its tables hang together, and what one could ask it.",
        needed: None,
        text: include_str!("prompts/explore_database.md"),
    },
    Offered {
        name: "explain_slow_query",
        title: "Explain this slow query",
        description: "Why a query is slow, and what would make it faster.",
        needed: Some(("sql", "The slow statement, as it is.")),
        text: include_str!("prompts/explain_slow_query.md"),
    },
    Offered {
        name: "write_query",
        title: "Write a query for a question",
        description: "SQL that answers a question, tried out on the database.",
        needed: Some(("question", "What you want to know, in your own words.")),
        text: include_str!("prompts/write_query.md"),
    },
];

const CONNECTION: &str = "connection";

pub(super) fn list() -> Vec<Prompt> {
    OFFERED
        .iter()
        .map(|offered| {
            let connection = PromptArgument::new(CONNECTION)
                .with_description("The database; may be left out where there is only one.")
                .with_required(false);
            let needed = offered.needed.map(|(name, description)| {
                PromptArgument::new(name)
                    .with_description(description)
                    .with_required(true)
            });
            Prompt::new(
                offered.name,
                Some(offered.description),
                Some([connection].into_iter().chain(needed).collect()),
            )
            .with_title(offered.title)
        })
        .collect()
}

pub(super) fn is_known(name: &str) -> bool {
    OFFERED.iter().any(|offered| offered.name == name)
}

/// The message that a prompt stands for. Nothing is asked of a database.
pub(super) fn get(
    view: &View<'_>,
    name: &str,
    arguments: &JsonObject,
) -> Result<GetPromptResult, ErrorData> {
    let offered = OFFERED
        .iter()
        .find(|offered| offered.name == name)
        .ok_or_else(|| {
            let names: Vec<&str> = OFFERED.iter().map(|offered| offered.name).collect();
            invalid(format!(
                "There is no prompt `{name}`. Prompts: {}.",
                names.join(", ")
            ))
        })?;
    let given = |name: &str| {
        arguments
            .get(name)
            .and_then(|value| value.as_str())
            .map(str::trim)
            .filter(|value| !value.is_empty())
    };
    let on = match given(CONNECTION) {
        Some(name) => on(view, name).map_err(|failure| {
            invalid(match failure.hint {
                Some(hint) => format!("{} {hint}", failure.message),
                None => failure.message,
            })
        })?,
        None => "the database".to_owned(),
    };
    let mut text = offered.text.trim_end().replace("{on}", &on);
    if let Some((needed, description)) = offered.needed {
        let value = given(needed)
            .ok_or_else(|| invalid(format!("The argument `{needed}` is missing: {description}")))?;
        // Last, so that nothing in it is taken for a place to fill in.
        text = text.replace("{given}", &fenced(value));
    }
    let message = PromptMessage::new_text(Role::User, text);
    Ok(GetPromptResult::new(vec![message]).with_description(offered.description))
}

/// Only names that are known: whatever else stands there would be read by the model as our words.
fn on(view: &View<'_>, name: &str) -> Result<String, Failure> {
    let name = domain::connection::ConnectionName::new(name)?;
    if view.names().contains(&name) {
        Ok(format!("the connection `{name}`"))
    } else {
        Err(view.unknown(name.as_str()))
    }
}

/// Between fences that the text itself cannot close.
fn fenced(text: &str) -> String {
    let mut fence = "```".to_owned();
    while text.contains(&fence) {
        fence.push('`');
    }
    format!("{fence}\n{text}\n{fence}")
}

fn invalid(message: String) -> ErrorData {
    ErrorData::invalid_params(message, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_leave_its_fence() {
        assert_eq!(fenced("SELECT 1"), "```\nSELECT 1\n```");
        assert_eq!(fenced("a ``` b"), "````\na ``` b\n````");
    }

    #[test]
    fn every_prompt_has_a_place_for_what_it_takes() {
        for offered in &OFFERED {
            assert_eq!(
                offered.text.contains("{given}"),
                offered.needed.is_some(),
                "{}",
                offered.name
            );
        }
    }
}
