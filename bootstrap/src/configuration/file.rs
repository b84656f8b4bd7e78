//! The configuration file: which one is read, how far it is trusted, and what it says.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
};

use domain::{
    access::Role,
    connection::{
        ConnectionName, Mistake,
        parameters::{GivenValue, Keys, Layer, NAMED_FILE, Origin, Parameter},
    },
    nearest::nearest,
};
use serde_json::Value;

use super::{
    Ignored, Inputs,
    interpolate::interpolate,
    roles,
    syntax::{Node, Syntax},
};
use crate::environment::Environment;

/// Read without being named, in this order, from the working directory.
const FOUND: [&str; 2] = ["database-config.json", "config.json"];
/// The variables that name a file. They mean the same.
const NAMING: [&str; 2] = ["DATABASE_CONFIG_PATH", "MCP_CONFIG_PATH"];
/// What a file may hold beside connections and settings. Each has a reader of its own, and none counts in a file that
/// was merely found: they say who may call and what they may do.
const SECTIONS: [&str; 1] = ["identity"];
/// No configuration is longer; anything that is was named by mistake.
const LONGEST: u64 = 4 << 20;

/// What one file says.
pub(super) struct ConfigurationFile {
    /// As it was named; just its name for one that was found.
    pub(super) name: String,
    pub(super) origin: Origin,
    pub(super) connections: Vec<(ConnectionName, Layer)>,
    /// Key and value of each setting of the server; a list is several texts.
    pub(super) server: Vec<(String, Result<Vec<String>, Mistake>)>,
    /// By name; no name twice.
    pub(super) sections: BTreeMap<String, Node>,
    /// `None` where it says nothing of them.
    pub(super) roles: Option<Result<Vec<Role>, Vec<Mistake>>>,
}

/// The outcome of looking for a file.
#[derive(Default)]
pub(super) struct FileReading {
    pub(super) file: Option<ConfigurationFile>,
    pub(super) mistakes: Vec<Mistake>,
    pub(super) ignored: Vec<Ignored>,
    /// A file that was named could not be read: nobody knows what it wanted.
    pub(super) unread: bool,
}

/// Reads the file that was named, else one that lies in the working directory.
pub(super) fn read(inputs: &Inputs<'_>) -> FileReading {
    let mut reading = FileReading::default();
    match named(inputs, &mut reading.mistakes) {
        Some((path, key)) => reading.read_named(&path, &key, inputs),
        None => reading.read_found(inputs),
    }
    reading
}

/// The path that was given, and where it was given.
fn named(inputs: &Inputs<'_>, mistakes: &mut Vec<Mistake>) -> Option<(PathBuf, String)> {
    if let Some(path) = inputs.config {
        return Some((path.to_owned(), "--config".to_owned()));
    }
    let mut chosen: Option<(&str, &str)> = None;
    for variable in NAMING {
        if inputs.environment.is_unreadable(variable) {
            mistakes.push(Mistake::new(variable, "Is not valid UTF-8."));
        }
        let Some(path) = inputs.environment.get_filled(variable) else {
            continue;
        };
        match chosen {
            Some((other, before)) if before != path => mistakes.push(Mistake::new(
                variable,
                format!("Contradicts `{other}`; leave one of them out. `{other}` is used."),
            )),
            Some(_) => {}
            None => chosen = Some((variable, path)),
        }
    }
    chosen.map(|(variable, path)| (PathBuf::from(path), variable.to_owned()))
}

impl FileReading {
    fn read_named(&mut self, path: &Path, key: &str, inputs: &Inputs<'_>) {
        let name = path.to_string_lossy().into_owned();
        let result = match Syntax::of(path) {
            None => Err(Mistake::new(
                key,
                format!("The file {name} is neither JSON nor TOML by its name."),
            )
            .expected("a name that ends in .json or .toml")),
            Some(syntax) => read_text(&inputs.working_directory.join(path))
                .map_err(|error| {
                    Mistake::new(
                        key,
                        format!("The file {name} cannot be read: {}.", reason(&error)),
                    )
                })
                .and_then(|text| syntax.parse(&text, &name)),
        };
        match result {
            Err(mistake) => {
                self.unread = true;
                self.mistakes.push(mistake);
            }
            Ok(node) => self.take(name, Origin::Operator, node, inputs.environment),
        }
    }

    fn read_found(&mut self, inputs: &Inputs<'_>) {
        for name in FOUND {
            let path = inputs.working_directory.join(name);
            if !path.is_file() {
                continue;
            }
            let ours_by_name = name == FOUND[0];
            let parsed = read_text(&path)
                .map_err(|error| Mistake::new(name, format!("Cannot be read: {}.", reason(&error))))
                .and_then(|text| Syntax::Json.parse(&text, name));
            match parsed {
                Err(mistake) if ours_by_name => {
                    self.mistakes.push(mistake);
                    return;
                }
                // Any program may have a `config.json`, and in a dialect of its own.
                Err(mistake) => self.ignored.push(Ignored::new(name, mistake.message)),
                Ok(Node::Table(table)) if table.iter().any(|(key, _)| key == "connections") => {
                    self.take(
                        name.to_owned(),
                        Origin::FoundFile,
                        Node::Table(table),
                        inputs.environment,
                    );
                    return;
                }
                Ok(_) => self
                    .ignored
                    .push(Ignored::new(name, "It has no key `connections`.")),
            }
        }
    }

    fn take(&mut self, name: String, origin: Origin, node: Node, environment: &Environment) {
        // What was merely found must not reach into the environment.
        let environment = (origin == Origin::Operator).then_some(environment);
        let mut file = ConfigurationFile {
            name,
            origin,
            connections: Vec::new(),
            server: Vec::new(),
            sections: BTreeMap::new(),
            roles: None,
        };
        let Node::Table(table) = node else {
            self.mistakes.push(
                Mistake::new(&file.name, format!("Is {}.", node.type_name()))
                    .expected("an object with the keys `connections` and `server`"),
            );
            self.unread = origin == Origin::Operator;
            return;
        };
        let mut seen = BTreeSet::new();
        for (key, node) in table {
            if !seen.insert(key.clone()) {
                self.mistakes.push(Mistake::new(key, "Is given twice."));
                continue;
            }
            match (key.as_str(), node) {
                ("connections", Node::Table(entries)) => {
                    self.take_connections(&mut file, entries, environment);
                }
                ("server", Node::Table(entries)) => {
                    for (key, node) in entries {
                        let path = format!("server.{key}");
                        let value = setting(&path, node, environment);
                        file.server.push((key, value));
                    }
                }
                ("roles", _) if origin == Origin::FoundFile => {
                    let mistake = Mistake::new(key, "Is refused in a file that was merely found.")
                        .expected(NAMED_FILE);
                    file.roles = Some(Err(vec![mistake]));
                }
                ("roles", Node::Table(entries)) => file.roles = Some(roles::read(entries)),
                ("roles", other) => {
                    let mistake = Mistake::new(key, format!("Is {}.", other.type_name()))
                        .expected("an object of roles by their names");
                    file.roles = Some(Err(vec![mistake]));
                }
                ("connections" | "server", other) => self.mistakes.push(
                    Mistake::new(key, format!("Is {}.", other.type_name())).expected("an object"),
                ),
                // Editors look here for a schema.
                ("$schema", _) => {}
                (section, node) if SECTIONS.contains(&section) => {
                    if origin == Origin::FoundFile {
                        self.mistakes.push(
                            Mistake::new(key, "Is refused in a file that was merely found.")
                                .expected(NAMED_FILE),
                        );
                    } else {
                        file.sections.insert(key, node);
                    }
                }
                (_, _) => {
                    let keys = ["connections", "server", "roles"]
                        .into_iter()
                        .chain(SECTIONS);
                    self.mistakes.push(
                        Mistake::new(&key, "Is not a key of this file.")
                            .expected("`connections`, `server`, `identity` or `roles`")
                            .did_you_mean(nearest(&key, keys)),
                    );
                }
            }
        }
        self.file = Some(file);
    }

    fn take_connections(
        &mut self,
        file: &mut ConfigurationFile,
        entries: Vec<(String, Node)>,
        environment: Option<&Environment>,
    ) {
        for (given_name, node) in entries {
            let path = format!("connections.{given_name}");
            let name = match ConnectionName::new(&given_name) {
                Ok(name) => name,
                Err(failure) => {
                    let mistake = Mistake::new(path, failure.message);
                    self.mistakes.push(match failure.hint {
                        Some(hint) => mistake.expected(lower_first(&hint)),
                        None => mistake,
                    });
                    continue;
                }
            };
            if let Some((_, first)) = file
                .connections
                .iter_mut()
                .find(|(other, _)| *other == name)
            {
                first.mistakes.push(Mistake::new(
                    path,
                    format!("Names the connection {name} a second time; names differ by more than letter case."),
                ));
                continue;
            }
            let keys = Keys::Path {
                prefix: format!("{path}."),
            };
            let mut layer = Layer::new(file.name.clone(), file.origin, keys);
            match node {
                Node::Table(parameters) => {
                    for (word, node) in parameters {
                        give(&mut layer, &word, node, environment);
                    }
                }
                other => layer.mistakes.push(
                    Mistake::new(path, format!("Is {}.", other.type_name()))
                        .expected("an object with the parameters of a connection"),
                ),
            }
            file.connections.push((name, layer));
        }
    }
}

fn give(layer: &mut Layer, word: &str, node: Node, environment: Option<&Environment>) {
    let value = match node {
        Node::Leaf(Value::String(text)) => {
            match interpolate(&text, &layer.key(word), environment) {
                Ok(read) => {
                    layer.give(word, GivenValue::text(read.text), read.variable);
                    return;
                }
                Err(mistakes) => {
                    for mistake in mistakes {
                        layer.give_mistake(word, mistake);
                    }
                    return;
                }
            }
        }
        Node::Leaf(value) => GivenValue::from_json(&value),
        // The one parameter that may be more than a word.
        ref other if Parameter::from_key(word) == Some(Parameter::Mask) => match json(other) {
            Some(json) => Ok(Some(GivenValue::text(json.to_string()))),
            None => Err(other.type_name()),
        },
        Node::Table(_) if layer.takes_an_object(word) => {
            Ok(Some(GivenValue::text(node.into_value().to_string())))
        }
        Node::List(nodes) if layer.takes_a_list(word) => {
            let words = nodes.into_iter().map(Node::into_value);
            let words: Vec<String> = words
                .map(|word| {
                    word.as_str()
                        .map_or_else(|| word.to_string(), str::to_owned)
                })
                .collect();
            Ok(Some(GivenValue::text(words.join(","))))
        }
        ref other => Err(other.type_name()),
    };
    match value {
        Ok(Some(value)) => layer.give(word, value, None),
        Ok(None) => {}
        Err(type_name) => layer.give_wrong_type(word, type_name),
    }
}

/// A list or an object of leaves; `None` for what is deeper or says something twice.
fn json(node: &Node) -> Option<Value> {
    let leaf = |node: &Node| match node {
        Node::Leaf(value) => Some(value.clone()),
        _ => None,
    };
    match node {
        Node::Leaf(value) => Some(value.clone()),
        Node::List(items) => items
            .iter()
            .map(leaf)
            .collect::<Option<_>>()
            .map(Value::Array),
        Node::Table(entries) => {
            let mut object = serde_json::Map::new();
            for (key, node) in entries {
                if object.insert(key.clone(), leaf(node)?).is_some() {
                    return None;
                }
            }
            Some(Value::Object(object))
        }
    }
}

/// A setting of the server as the texts that a variable would hold.
fn setting(
    path: &str,
    node: Node,
    environment: Option<&Environment>,
) -> Result<Vec<String>, Mistake> {
    let nodes = match node {
        Node::List(items) => items,
        other => vec![other],
    };
    let mut texts = Vec::with_capacity(nodes.len());
    for node in nodes {
        texts.push(match node {
            Node::Leaf(Value::String(text)) => interpolate(&text, path, environment)
                .map(|read| read.text)
                .map_err(|mut mistakes| mistakes.swap_remove(0))?,
            Node::Leaf(Value::Null) => String::new(),
            Node::Leaf(value) => value.to_string(),
            Node::List(_) | Node::Table(_) => {
                return Err(Mistake::new(path, format!("Holds {}.", node.type_name()))
                    .expected("text, a number, a truth value or a list of them"));
            }
        });
    }
    Ok(texts)
}

fn read_text(path: &Path) -> io::Result<String> {
    let length = std::fs::metadata(path)?.len();
    if length > LONGEST {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "it is too large",
        ));
    }
    std::fs::read_to_string(path)
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "it does not exist".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::InvalidData => "it is not valid UTF-8".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        io::ErrorKind::FileTooLarge => "it is larger than any configuration".to_owned(),
        _ => error.to_string(),
    }
}

fn lower_first(text: &str) -> String {
    let mut characters = text.trim_end_matches('.').chars();
    characters
        .next()
        .map(|first| first.to_lowercase().chain(characters).collect())
        .unwrap_or_default()
}
