//! A table of the file whose keys are known: each is read by its type, and every mistake in it is told.

use std::{fmt, ops::RangeInclusive, time::Duration};

use domain::{connection::Mistake, nearest::nearest};
use serde_json::{Map, Value};

use super::{
    interpolate::{Interpolated, interpolate},
    syntax::Node,
};
use crate::environment::Environment;

/// What is left of a table while it is read. Whatever is missing or wrong is `None`; what is wrong is told besides.
pub(super) struct Section<'a> {
    /// As in `identity.tokens.ci`.
    path: String,
    entries: Vec<(String, Node)>,
    /// The keys that were asked for so far: what is left at the end is none of them.
    known: Vec<&'static str>,
    /// Those of them that were there.
    given: Vec<&'static str>,
    environment: &'a Environment,
    mistakes: &'a mut Vec<Mistake>,
}

impl<'a> Section<'a> {
    /// `None` if it is no table, which is a mistake.
    pub(super) fn open(
        path: impl Into<String>,
        node: Node,
        environment: &'a Environment,
        mistakes: &'a mut Vec<Mistake>,
    ) -> Option<Self> {
        let path = path.into();
        let Node::Table(entries) = node else {
            mistakes.push(
                Mistake::new(path, format!("Is {}.", node.type_name())).expected("an object"),
            );
            return None;
        };
        let mut seen = Vec::with_capacity(entries.len());
        for (key, _) in &entries {
            if seen.contains(&key) {
                mistakes.push(Mistake::new(format!("{path}.{key}"), "Is given twice."));
            }
            seen.push(key);
        }
        Some(Self {
            path,
            entries,
            known: Vec::new(),
            given: Vec::new(),
            environment,
            mistakes,
        })
    }

    /// A table whose keys are names of the operator's own, each with a table of its own.
    pub(super) fn named(&mut self, key: &'static str, mut read: impl FnMut(&str, Section<'_>)) {
        let Some(node) = self.node(key) else {
            return;
        };
        let path = self.path_of(key);
        let Some(table) = Section::open(path.clone(), node, self.environment, self.mistakes) else {
            return;
        };
        let (environment, mistakes) = (table.environment, table.mistakes);
        for (name, node) in table.entries {
            let path = format!("{path}.{name}");
            if let Some(section) = Section::open(path, node, environment, mistakes) {
                read(&name, section);
            }
        }
    }

    /// A text, with its variables put in.
    pub(super) fn text(&mut self, key: &'static str) -> Option<String> {
        self.interpolated(key).map(|read| read.text)
    }

    /// A text, and the variable that it was taken from.
    pub(super) fn interpolated(&mut self, key: &'static str) -> Option<Interpolated> {
        let node = self.node(key)?;
        self.interpolate(self.path_of(key), node)
    }

    /// One text or a list of them.
    pub(super) fn texts(&mut self, key: &'static str) -> Option<Vec<String>> {
        let path = self.path_of(key);
        let nodes = match self.node(key)? {
            Node::List(nodes) => nodes,
            node => vec![node],
        };
        nodes
            .into_iter()
            .map(|node| self.interpolate(path.clone(), node).map(|read| read.text))
            .collect()
    }

    /// A whole number.
    pub(super) fn number(
        &mut self,
        key: &'static str,
        range: RangeInclusive<u64>,
        unit: &str,
    ) -> Option<u64> {
        let expected = format!(
            "a whole number of {unit} from {} to {}",
            range.start(),
            range.end()
        );
        let path = self.path_of(key);
        let given = match self.node(key)? {
            Node::Leaf(Value::Number(number)) => number.as_u64(),
            node @ Node::Leaf(Value::String(_)) => {
                self.interpolate(path.clone(), node)?.text.parse().ok()
            }
            node => {
                self.mistakes.push(
                    Mistake::new(path, format!("Is {}.", node.type_name())).expected(expected),
                );
                return None;
            }
        };
        let number = given.filter(|number| range.contains(number));
        if number.is_none() {
            self.mistakes
                .push(Mistake::new(path, "Is out of range.").expected(expected));
        }
        number
    }

    /// A time in milliseconds.
    pub(super) fn milliseconds(
        &mut self,
        key: &'static str,
        range: RangeInclusive<u64>,
    ) -> Option<Duration> {
        self.number(key, range, "milliseconds")
            .map(Duration::from_millis)
    }

    /// Whatever stands there, with variables put into its texts.
    pub(super) fn value(&mut self, key: &'static str) -> Option<Value> {
        let node = self.node(key)?;
        self.json(&self.path_of(key), node)
    }

    /// An object of whatever keys.
    pub(super) fn object(&mut self, key: &'static str) -> Option<Map<String, Value>> {
        if let Value::Object(object) = self.value(key)? {
            return Some(object);
        }
        self.complain(key, "Is no object.", Some("an object"));
        None
    }

    /// Whether anything was said under a key that was asked for.
    pub(super) fn has(&self, key: &str) -> bool {
        self.given.contains(&key)
    }

    pub(super) fn path_of(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
    }

    /// Tells a mistake in what a key says.
    pub(super) fn complain(
        &mut self,
        key: &str,
        message: impl Into<String>,
        expected: Option<&str>,
    ) {
        let mistake = Mistake::new(self.path_of(key), message);
        self.mistakes.push(match expected {
            Some(expected) => mistake.expected(expected),
            None => mistake,
        });
    }

    /// Tells a mistake in the table as a whole.
    pub(super) fn complain_of_all(&mut self, message: impl Into<String>, expected: &str) {
        self.mistakes
            .push(Mistake::new(&self.path, message).expected(expected));
    }

    /// Tells every key that nobody asked for.
    pub(super) fn finish(self) {
        for (key, _) in &self.entries {
            let keys: Vec<String> = self.known.iter().map(|key| format!("`{key}`")).collect();
            self.mistakes.push(
                Mistake::new(
                    format!("{}.{key}", self.path),
                    "Is not a key of this table.",
                )
                .expected(keys.join(", "))
                .did_you_mean(nearest(key, self.known.iter().copied())),
            );
        }
    }

    /// What stands under the key; null is as good as nothing.
    fn node(&mut self, key: &'static str) -> Option<Node> {
        self.known.push(key);
        let at = self.entries.iter().position(|(given, _)| given == key)?;
        let (_, node) = self.entries.remove(at);
        // A second one was told of already.
        self.entries.retain(|(given, _)| given != key);
        if matches!(node, Node::Leaf(Value::Null)) {
            return None;
        }
        self.given.push(key);
        Some(node)
    }

    fn interpolate(&mut self, path: String, node: Node) -> Option<Interpolated> {
        let text = if let Some(text) = date(&node) {
            text
        } else if let Node::Leaf(Value::String(text)) = node {
            text
        } else {
            self.mistakes
                .push(Mistake::new(path, format!("Is {}.", node.type_name())).expected("text"));
            return None;
        };
        match interpolate(&text, &path, Some(self.environment)) {
            Ok(read) => Some(read),
            Err(mistakes) => {
                self.mistakes.extend(mistakes);
                None
            }
        }
    }

    fn json(&mut self, path: &str, node: Node) -> Option<Value> {
        if let Some(text) = date(&node) {
            return Some(Value::String(text));
        }
        match node {
            node @ Node::Leaf(Value::String(_)) => self
                .interpolate(path.to_owned(), node)
                .map(|read| Value::String(read.text)),
            Node::Leaf(value) => Some(value),
            Node::List(nodes) => nodes
                .into_iter()
                .map(|node| self.json(path, node))
                .collect::<Option<Vec<Value>>>()
                .map(Value::Array),
            Node::Table(entries) => {
                let mut object = Map::new();
                for (key, node) in entries {
                    let path = format!("{path}.{key}");
                    let value = self.json(&path, node)?;
                    if object.insert(key, value).is_some() {
                        self.mistakes.push(Mistake::new(path, "Is given twice."));
                    }
                }
                Some(Value::Object(object))
            }
        }
    }
}

/// A date of TOML's own, as text: serde shows it as a table of one key.
fn date(node: &Node) -> Option<String> {
    match node {
        Node::Table(entries) => match entries.as_slice() {
            [(key, Node::Leaf(Value::String(text)))] if key == "$__toml_private_datetime" => {
                Some(text.clone())
            }
            _ => None,
        },
        _ => None,
    }
}

/// Where it stands and what was asked for: what is in it may be secret.
impl fmt::Debug for Section<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Section")
            .field("path", &self.path)
            .field("known", &self.known)
            .finish_non_exhaustive()
    }
}
