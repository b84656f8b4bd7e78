//! Roles as the file writes them. A mistake is told, and nothing is guessed.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use adapters::inbound::mcp::ToolSelection;
use domain::{
    access::{ClaimRule, Pattern, Role, Roles, TablePattern, TableRules, When},
    connection::Mistake,
    nearest::nearest,
};
use serde_json::Value;

use super::syntax::Node;

const KEYS: [&str; 9] = [
    "when",
    "connections",
    "tools",
    "tables",
    "functions",
    "readOnly",
    "maxRows",
    "maxTimeMs",
    "manageConnections",
];

/// Every role, or every mistake in any of them.
pub(super) fn read(entries: Vec<(String, Node)>) -> Result<Vec<Role>, Vec<Mistake>> {
    let mut roles = Vec::new();
    let mut mistakes = Vec::new();
    let mut seen = BTreeSet::new();
    for (name, node) in entries {
        let path = format!("roles.{name}");
        if !seen.insert(name.clone()) {
            mistakes.push(Mistake::new(path, "Is given twice."));
            continue;
        }
        let Node::Table(fields) = node else {
            mistakes.push(
                Mistake::new(path, format!("Is {}.", node.type_name())).expected("an object"),
            );
            continue;
        };
        let mut reading = Fields::of(path, fields);
        let role = reading.role(name);
        if reading.mistakes.is_empty() {
            roles.extend(role);
        }
        mistakes.append(&mut reading.mistakes);
    }
    if mistakes.is_empty() {
        Ok(roles)
    } else {
        Err(mistakes)
    }
}

/// What one object says.
struct Fields {
    path: String,
    entries: BTreeMap<String, Node>,
    mistakes: Vec<Mistake>,
}

impl Fields {
    fn of(path: String, entries: Vec<(String, Node)>) -> Self {
        let mut reading = Self {
            path,
            entries: BTreeMap::new(),
            mistakes: Vec::new(),
        };
        for (key, node) in entries {
            // What is null is not given.
            if matches!(node, Node::Leaf(Value::Null)) {
                continue;
            }
            if reading.entries.contains_key(&key) {
                reading.mistake(&key, "Is given twice.", None);
                continue;
            }
            reading.entries.insert(key, node);
        }
        reading
    }

    fn role(&mut self, name: String) -> Option<Role> {
        self.refuse_others(&KEYS);
        let when = self.when(&name);
        let connections =
            self.needed_texts("connections", "names of connections, which may have stars");
        let tools = self.tools();
        let tables = self.tables();
        let functions = self.texts("functions").unwrap_or_default();
        let read_only = self.truth("readOnly");
        if tables.is_some() && read_only == Some(false) {
            self.mistake(
                "readOnly",
                "Cannot be false where there are rules about tables: what a statement that writes touches cannot all be told.",
                None,
            );
        }
        if !functions.is_empty() && tables.is_none() {
            self.mistake("functions", "Has no meaning without `tables`.", None);
        }
        let max_rows = self.number("maxRows");
        let max_time = self.number("maxTimeMs").map(Duration::from_millis);
        let manages_connections = self.truth("manageConnections").unwrap_or(false);
        Some(Role {
            name,
            when: when?,
            connections: patterns(connections?),
            tools: tools?,
            tables,
            functions: patterns(functions),
            read_only: read_only.unwrap_or(true),
            max_rows,
            max_time,
            manages_connections,
        })
    }

    fn refuse_others(&mut self, known: &[&str]) {
        let others: Vec<String> = self
            .entries
            .keys()
            .filter(|key| !known.contains(&key.as_str()))
            .cloned()
            .collect();
        for key in others {
            let place = format!("{}.{key}", self.path);
            let meant = nearest(&key, known.iter().copied());
            self.mistakes
                .push(Mistake::new(place, "Is not a key of a role.").did_you_mean(meant));
        }
    }

    fn when(&mut self, role: &str) -> Option<When> {
        const EXPECTED: &str =
            "an object of claims and the values that will do, or {} for everybody who signs in";
        let is_local = role == Roles::LOCAL;
        match self.entries.remove("when") {
            None if is_local => Some(When::default()),
            None => {
                self.mistake("when", "Is missing.", Some(EXPECTED));
                None
            }
            Some(_) if is_local => {
                self.mistake(
                    "when",
                    "Has no meaning: the role `local` is that of whoever starts the process, and of nobody else.",
                    None,
                );
                None
            }
            Some(Node::Table(claims)) => {
                let mut rules = Vec::new();
                for (claim, node) in claims {
                    let values = match node {
                        Node::List(nodes) => nodes.into_iter().map(scalar).collect(),
                        node => scalar(node).map(|value| vec![value]),
                    };
                    match values {
                        Some(any_of) if !any_of.is_empty() => {
                            rules.push(ClaimRule { claim, any_of });
                        }
                        _ => self.mistake(
                            &format!("when.{claim}"),
                            "Is no value of a claim.",
                            Some("text, a number, a truth value or a list of them"),
                        ),
                    }
                }
                Some(When::new(rules))
            }
            Some(other) => {
                self.mistake(
                    "when",
                    &format!("Is {}.", other.type_name()),
                    Some(EXPECTED),
                );
                None
            }
        }
    }

    fn tools(&mut self) -> Option<BTreeSet<String>> {
        let words = self.needed_texts("tools", "names of tools, groups or profiles")?;
        let mut tools = BTreeSet::new();
        for word in words {
            match ToolSelection::parse(&word) {
                Ok(chosen) => tools.extend(chosen.names().map(str::to_owned)),
                Err(failure) => self.mistake("tools", &failure.message, None),
            }
        }
        Some(tools)
    }

    fn tables(&mut self) -> Option<TableRules> {
        let node = self.entries.remove("tables")?;
        let Node::Table(entries) = node else {
            self.mistake(
                "tables",
                &format!("Is {}.", node.type_name()),
                Some("an object with `allow` and perhaps `deny`"),
            );
            return None;
        };
        let mut inner = Self::of(format!("{}.tables", self.path), entries);
        inner.refuse_others(&["allow", "deny"]);
        let allow = inner.needed_texts(
            "allow",
            "names of tables such as `public.orders` or `public.*`",
        );
        let deny = inner.texts("deny").unwrap_or_default();
        self.mistakes.append(&mut inner.mistakes);
        let parse =
            |texts: Vec<String>| texts.iter().map(|text| TablePattern::parse(text)).collect();
        Some(TableRules {
            allow: parse(allow?),
            deny: parse(deny),
        })
    }

    fn needed_texts(&mut self, key: &str, expected: &'static str) -> Option<Vec<String>> {
        if !self.entries.contains_key(key) {
            self.mistake(
                key,
                "Is missing: nothing is granted that is not named.",
                Some(expected),
            );
            return None;
        }
        self.texts(key)
    }

    /// A list of texts, or one.
    fn texts(&mut self, key: &str) -> Option<Vec<String>> {
        let nodes = match self.entries.remove(key)? {
            Node::List(nodes) => nodes,
            node => vec![node],
        };
        let texts: Option<Vec<String>> = nodes
            .into_iter()
            .map(|node| match node {
                Node::Leaf(Value::String(text)) if !text.is_empty() => Some(text),
                _ => None,
            })
            .collect();
        if texts.is_none() {
            self.mistake(
                key,
                "Holds something else than text.",
                Some("a list of texts"),
            );
        }
        texts
    }

    fn truth(&mut self, key: &str) -> Option<bool> {
        match self.entries.remove(key)? {
            Node::Leaf(Value::Bool(truth)) => Some(truth),
            other => {
                self.mistake(
                    key,
                    &format!("Is {}.", other.type_name()),
                    Some("true or false"),
                );
                None
            }
        }
    }

    fn number(&mut self, key: &str) -> Option<u64> {
        let found = match self.entries.remove(key)? {
            Node::Leaf(Value::Number(number)) => number.as_u64().filter(|number| *number > 0),
            _ => None,
        };
        if found.is_none() {
            self.mistake(
                key,
                "Is not what it should be.",
                Some("a whole number from 1"),
            );
        }
        found
    }

    fn mistake(&mut self, key: &str, message: &str, expected: Option<&str>) {
        let mistake = Mistake::new(format!("{}.{key}", self.path), message);
        self.mistakes.push(match expected {
            Some(expected) => mistake.expected(expected),
            None => mistake,
        });
    }
}

fn patterns(texts: Vec<String>) -> Vec<Pattern> {
    texts.into_iter().map(Pattern::new).collect()
}

fn scalar(node: Node) -> Option<Value> {
    match node {
        Node::Leaf(Value::Null) | Node::List(_) | Node::Table(_) => None,
        Node::Leaf(value) => Some(value),
    }
}
