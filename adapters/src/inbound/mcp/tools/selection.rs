//! Which tools are offered: a profile, groups and names.

use domain::{Failure, nearest::nearest};

use super::{
    TOOLS,
    tool::{Entry, Group},
};

/// The tools of `minimal`.
const MINIMAL: &[&str] = &["execute_query", "search_schema", "describe_table"];

type Includes = fn(&Entry) -> bool;

/// Words that mean more than one tool.
const WORDS: &[(&str, Includes)] = &[
    ("minimal", |tool| MINIMAL.contains(&tool.name)),
    ("standard", is_standard),
    ("full", |_| true),
    ("schema", |tool| tool.group == Group::Schema),
    ("connections", |tool| {
        matches!(tool.group, Group::Connections | Group::AdHoc)
    }),
    ("health", |tool| tool.group == Group::Health),
];

/// What models work with; the rest is for those who keep the server running.
fn is_standard(tool: &Entry) -> bool {
    tool.group != Group::Health
}

/// A choice of tools, `standard` unless said otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolSelection(Vec<&'static str>);

impl ToolSelection {
    /// Reads profiles (`minimal`, `standard`, `full`), groups (`schema`, `connections`, `health`) and names of tools, separated by commas.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let mut names = Vec::new();
        for word in text
            .split(',')
            .map(str::trim)
            .filter(|word| !word.is_empty())
        {
            let word = word.to_ascii_lowercase();
            let meant = WORDS.iter().find(|(known, _)| *known == word);
            let before = names.len();
            names.extend(
                TOOLS
                    .iter()
                    .filter(|tool| meant.map_or(tool.name == word, |(_, includes)| includes(tool)))
                    .map(|tool| tool.name),
            );
            if names.len() == before {
                return Err(unknown(&word));
            }
        }
        if names.is_empty() {
            return Err(Failure::invalid_argument("No tool is chosen.")
                .with_hint("Use `standard`, `minimal`, `full`, a group or names of tools."));
        }
        Ok(Self(names))
    }

    /// The tools that are chosen.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().copied()
    }

    /// Whether one of the tools tells how the server does.
    pub fn tells_health(&self) -> bool {
        TOOLS
            .iter()
            .any(|tool| tool.group == Group::Health && self.includes(tool.name))
    }

    pub(super) fn includes(&self, name: &str) -> bool {
        self.0.contains(&name)
    }
}

impl Default for ToolSelection {
    fn default() -> Self {
        Self(
            TOOLS
                .iter()
                .filter(|tool| is_standard(tool))
                .map(|tool| tool.name)
                .collect(),
        )
    }
}

fn unknown(word: &str) -> Failure {
    let known: Vec<&str> = WORDS
        .iter()
        .map(|(word, _)| *word)
        .chain(TOOLS.iter().map(|tool| tool.name))
        .collect();
    let failure = Failure::invalid_argument(format!("`{word}` is no tool, group or profile."));
    let list = known.join(", ");
    failure.with_hint(match nearest(word, known) {
        Some(meant) => format!("Did you mean `{meant}`?"),
        None => format!("Known: {list}."),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_groups_and_names_choose_tools() {
        for (text, included, left_out) in [
            ("minimal", "execute_query", Some("list_connections")),
            ("minimal", "describe_table", Some("find_join_path")),
            ("schema", "find_join_path", Some("execute_query")),
            ("standard", "list_connections", Some("get_health_status")),
            ("FULL", "get_health_status", None),
            ("health", "get_health_status", Some("list_connections")),
            ("connections", "close_connection", Some("execute_query")),
            (" execute_query , connections", "execute_query", None),
            ("test_connection,", "test_connection", Some("execute_query")),
        ] {
            let selection = ToolSelection::parse(text).unwrap();
            assert!(selection.includes(included), "{text}");
            assert!(
                left_out.is_none_or(|name| !selection.includes(name)),
                "{text}"
            );
        }
    }

    #[test]
    fn an_unknown_word_is_a_mistake_with_the_nearest_one() {
        let failure = ToolSelection::parse("minimal,conections").unwrap_err();

        assert_eq!(
            failure.message,
            "`conections` is no tool, group or profile."
        );
        assert_eq!(failure.hint.as_deref(), Some("Did you mean `connections`?"));
        assert!(ToolSelection::parse(" , ").is_err());
    }
}
