//! JSON and TOML as one kind of tree, which keeps what a map would lose: the order of keys, and a key given twice.

use std::{fmt, path::Path};

use domain::connection::Mistake;
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;

/// A value of a file. It may hold secrets, so it has no `Debug`.
pub(super) enum Node {
    /// Text, number, truth value or null.
    Leaf(Value),
    List(Vec<Node>),
    Table(Vec<(String, Node)>),
}

impl Node {
    pub(super) const fn type_name(&self) -> &'static str {
        match self {
            Self::Leaf(Value::String(_)) => "text",
            Self::Leaf(Value::Number(_)) => "a number",
            Self::Leaf(Value::Bool(_)) => "a truth value",
            Self::Leaf(_) => "null",
            Self::List(_) => "a list",
            Self::Table(_) => "an object",
        }
    }

    /// As JSON. Of a key that is given twice the last one counts.
    pub(super) fn into_value(self) -> Value {
        match self {
            Self::Leaf(value) => value,
            Self::List(nodes) => nodes.into_iter().map(Self::into_value).collect(),
            Self::Table(entries) => entries
                .into_iter()
                .map(|(key, node)| (key, node.into_value()))
                .collect(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    Json,
    Toml,
}

impl Syntax {
    pub(super) fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "json" => Some(Self::Json),
            "toml" => Some(Self::Toml),
            _ => None,
        }
    }

    /// `key` is what a mistake is said of: the file.
    pub(super) fn parse(self, text: &str, key: &str) -> Result<Node, Mistake> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        match self {
            Self::Json => serde_json::from_str(text).map_err(|error| json_mistake(&error, key)),
            Self::Toml => toml::from_str(text).map_err(|error| toml_mistake(&error, text, key)),
        }
    }
}

fn json_mistake(error: &serde_json::Error, key: &str) -> Mistake {
    let told = error.to_string();
    // The place is told first, for both syntaxes alike.
    let what = told.split(" at line ").next().unwrap_or_default();
    let mistake = Mistake::new(key, at(error.line(), error.column(), what));
    if what.contains("invalid escape") {
        return mistake
            .expected(r"every backslash twice, as in C:\\data\\shop.db, or slashes instead");
    }
    mistake
}

/// The error's own text would show the line, and the line may hold a password.
fn toml_mistake(error: &toml::de::Error, text: &str, key: &str) -> Mistake {
    let what = error.message();
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else {
        return Mistake::new(key, format!("Is not valid TOML: {what}."));
    };
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    let mistake = Mistake::new(key, at(line, column, what));
    if what.contains("escape") {
        return mistake
            .expected(r"single quotes, as in 'C:\data\shop.db', or every backslash twice");
    }
    mistake
}

fn at(line: usize, column: usize, what: &str) -> String {
    format!("Line {line}, column {column}: {what}.")
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Leaf(value.into()))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Leaf(value.into()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Leaf(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Leaf(value.into()))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Leaf(value.into()))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Node, E> {
        Ok(Node::Leaf(Value::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut table = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            table.push(entry);
        }
        Ok(Node::Table(table))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_syntax_error_says_where_and_shows_nothing() {
        for (syntax, text, expected) in [
            (
                Syntax::Json,
                "{\n  \"password\": \"hunter2\"\n  \"host\": 1}",
                "f: Line 3, column 3: expected `,` or `}`.",
            ),
            (
                Syntax::Json,
                r#"{"name": "C:\data"}"#,
                r"f: Line 1, column 14: invalid escape. Expected every backslash twice, as in C:\\data\\shop.db, or slashes instead.",
            ),
            (
                Syntax::Json,
                "",
                "f: Line 1, column 0: EOF while parsing a value.",
            ),
            (
                Syntax::Toml,
                "a = 1\npassword = hunter2",
                "f: Line 2, column 12: ",
            ),
            (Syntax::Toml, "password = \"hunter2", "f: Line 1, column "),
            (
                Syntax::Toml,
                "a = 1\na = 2",
                "f: Line 2, column 1: duplicate key.",
            ),
        ] {
            let told = syntax.parse(text, "f").err().unwrap().to_string();
            assert!(told.starts_with(expected), "{text}: {told}");
            assert!(!told.contains("hunter2"), "{told}");
        }
    }

    #[test]
    fn a_key_given_twice_is_kept_twice() {
        let Ok(Node::Table(table)) = Syntax::Json.parse("\u{feff}{\"a\": 1, \"a\": [null]}", "f")
        else {
            panic!("not a table");
        };

        assert_eq!(table.len(), 2);
    }

    #[test]
    fn the_extension_says_which_it_is() {
        for (path, expected) in [
            ("a/b.json", Some(Syntax::Json)),
            ("b.TOML", Some(Syntax::Toml)),
            ("b.yaml", None),
            ("json", None),
        ] {
            assert_eq!(Syntax::of(Path::new(path)), expected, "{path}");
        }
    }
}
