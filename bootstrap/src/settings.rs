//! The settings of the server itself: `MCP_*`, or the same keys under `server` in the file.
//!
//! Connections are not here: they are read by prefix, so that one bad entry harms no other.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use domain::{
    connection::{
        AllowedHosts, Mistake,
        parameters::{NAMED_FILE, boolean},
    },
    nearest::nearest,
};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error as _, IntoDeserializer},
};
use validator::Validate;

use crate::environment::Environment;

/// What is written to the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
}

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Json,
    Text,
    /// Text if the error stream is a terminal, else JSON.
    #[default]
    Auto,
}

/// Every setting of the server. Each may be left out.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, Validate)]
#[serde(default)]
pub struct Settings {
    /// The least important lines of the log: error, warn, info (default) or debug. Libraries log warnings at most.
    #[serde(deserialize_with = "word")]
    pub log_level: LogLevel,
    /// json, text, or auto (default).
    #[serde(deserialize_with = "word")]
    pub log_format: LogFormat,
    /// The tools that are offered: a profile, groups or names, separated by commas. Default: standard.
    pub tools: String,
    /// Most rows that a call can ask for. Default 100,000.
    #[validate(range(min = 1, max = 1_000_000_000))]
    pub max_rows_ceiling: u64,
    /// Most bytes of result text that a call can ask for. Default 67,108,864 (64 MiB).
    #[validate(range(min = 1_000, max = 1_073_741_824))]
    pub max_bytes_ceiling: u64,
    /// Calls that run at the same time; others wait their turn. Default 64.
    #[validate(range(min = 1, max = 10_000))]
    pub max_concurrent_calls: usize,
    /// The folders below which a client may open `SQLite` files, separated as in PATH. Default: the working
    /// directory (`.`). [`Settings::sqlite_roots`] reads it.
    pub sqlite_roots: String,
    /// The hosts and sockets that a client may connect to. Default: any host but link-local and metadata addresses,
    /// and no socket (`*`).
    #[serde(deserialize_with = "hosts", serialize_with = "shown")]
    pub allowed_hosts: AllowedHosts,
    /// Whether a client may open and import connections of its own. Default true.
    #[serde(deserialize_with = "truth")]
    pub adhoc_connections: bool,
    /// Whether a read-only connection is refused whose role in the database could write. Default false.
    #[serde(deserialize_with = "truth")]
    pub require_least_privilege: bool,
    /// How long running calls may go on once the server is to stop, in milliseconds. Default 500.
    #[validate(range(max = 600_000))]
    pub shutdown_grace_ms: u64,
    /// Whether rows are sent as structured content too, with a schema. Default false.
    #[serde(deserialize_with = "truth")]
    pub structured_results: bool,
    /// Calls that take at least this many milliseconds are logged as warnings. Default 500.
    #[validate(range(max = 86_400_000))]
    pub slow_call_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            log_level: LogLevel::default(),
            log_format: LogFormat::default(),
            tools: "standard".to_owned(),
            max_rows_ceiling: 100_000,
            max_bytes_ceiling: 64 << 20,
            max_concurrent_calls: 64,
            sqlite_roots: ".".to_owned(),
            allowed_hosts: AllowedHosts::default(),
            adhoc_connections: true,
            require_least_privilege: false,
            shutdown_grace_ms: 500,
            structured_results: false,
            slow_call_ms: 500,
        }
    }
}

impl Settings {
    /// The folders below which a client may open `SQLite` files. Relative ones begin at the working directory.
    pub fn sqlite_roots(&self, working_directory: &Path) -> Vec<PathBuf> {
        std::env::split_paths(&self.sqlite_roots)
            .filter(|path| !path.as_os_str().is_empty())
            .map(|path| working_directory.join(path))
            .collect()
    }
}

/// One setting as it is in force, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// As under `server`.
    pub key: &'static str,
    pub value: serde_json::Value,
    pub is_default: bool,
}

impl Settings {
    /// Every setting, in the order of the table.
    pub fn effective(&self) -> Vec<Effective> {
        let fields = |settings: &Self| serde_json::to_value(settings).unwrap_or_default();
        let (mine, default) = (fields(self), fields(&Self::default()));
        FACTS
            .iter()
            .map(|facts| {
                let field = facts.word.to_ascii_lowercase();
                let value = mine.get(&field).cloned().unwrap_or_default();
                Effective {
                    key: facts.key,
                    is_default: default.get(&field) == Some(&value),
                    value,
                }
            })
            .collect()
    }
}

/// What is known of a setting beside its field.
struct Facts {
    /// As in `MCP_{word}`; in lower case the name of the field.
    word: &'static str,
    /// As under `server`.
    key: &'static str,
    /// To be read after "expected".
    expected: &'static str,
    /// How a list of the file is joined.
    separator: Option<Separator>,
    /// Whether a file that was merely found may say this; it may not loosen anything.
    from_found: fn(&str) -> bool,
}

#[derive(Clone, Copy)]
enum Separator {
    Comma,
    Path,
}

const BOOLEAN: &str = "true or false";
const LEVELS: &str = "error, warn, info or debug";

fn always(_: &str) -> bool {
    true
}

fn never(_: &str) -> bool {
    false
}

fn only_false(text: &str) -> bool {
    boolean(text) == Some(false)
}

fn only_true(text: &str) -> bool {
    boolean(text) == Some(true)
}

fn at_most<const LIMIT: u64>(text: &str) -> bool {
    text.parse::<u64>().is_ok_and(|number| number <= LIMIT)
}

#[rustfmt::skip]
const FACTS: [Facts; 13] = [
    Facts { word: "LOG_LEVEL", key: "logLevel", expected: LEVELS, separator: None, from_found: always },
    Facts { word: "LOG_FORMAT", key: "logFormat", expected: "json, text or auto", separator: None, from_found: always },
    Facts { word: "TOOLS", key: "tools", expected: "profiles, groups or names of tools", separator: Some(Separator::Comma), from_found: always },
    Facts { word: "MAX_ROWS_CEILING", key: "maxRowsCeiling", expected: "a whole number of rows from 1 to 1,000,000,000", separator: None, from_found: at_most::<100_000> },
    Facts { word: "MAX_BYTES_CEILING", key: "maxBytesCeiling", expected: "a whole number of bytes from 1,000 to 1,073,741,824", separator: None, from_found: at_most::<{ 64 << 20 }> },
    Facts { word: "MAX_CONCURRENT_CALLS", key: "maxConcurrentCalls", expected: "a whole number of calls from 1 to 10,000", separator: None, from_found: at_most::<64> },
    Facts { word: "SQLITE_ROOTS", key: "sqliteRoots", expected: "folders, separated as in PATH", separator: Some(Separator::Path), from_found: never },
    Facts { word: "ALLOWED_HOSTS", key: "allowedHosts", expected: AllowedHosts::EXPECTED, separator: Some(Separator::Comma), from_found: never },
    Facts { word: "ADHOC_CONNECTIONS", key: "adhocConnections", expected: BOOLEAN, separator: None, from_found: only_false },
    Facts { word: "REQUIRE_LEAST_PRIVILEGE", key: "requireLeastPrivilege", expected: BOOLEAN, separator: None, from_found: only_true },
    Facts { word: "SHUTDOWN_GRACE_MS", key: "shutdownGraceMs", expected: "a whole number of milliseconds from 0 to 600,000", separator: None, from_found: always },
    Facts { word: "STRUCTURED_RESULTS", key: "structuredResults", expected: BOOLEAN, separator: None, from_found: always },
    Facts { word: "SLOW_CALL_MS", key: "slowCallMs", expected: "a whole number of milliseconds from 0 to 86,400,000", separator: None, from_found: always },
];

/// Read elsewhere, and not an unknown word.
const READ_ELSEWHERE: [&str; 1] = ["CONFIG_PATH"];

/// What a file says under `server`.
pub(crate) struct FromFile {
    pub(crate) given: Vec<(String, Result<Vec<String>, Mistake>)>,
    pub(crate) merely_found: bool,
}

pub(crate) struct SettingsReading {
    pub(crate) outcome: Result<Settings, Vec<Mistake>>,
    pub(crate) warnings: Vec<Mistake>,
}

/// The values that are in force so far, with the places they stand in.
#[derive(Default)]
struct Reading {
    given: BTreeMap<&'static str, (String, String)>,
    mistakes: Vec<Mistake>,
    warnings: Vec<Mistake>,
}

/// Reads the settings: the file, then the environment, then `--tools`.
///
/// `file_unread` says that a file was named and could not be read. What it would have forbidden is then forbidden.
pub(crate) fn read(
    environment: &Environment,
    file: Option<FromFile>,
    tools: Option<&str>,
    file_unread: bool,
) -> SettingsReading {
    let mut reading = Reading::default();
    if let Some(file) = file {
        reading.add_file(file);
    }
    reading.add_environment(environment);
    if let Some(tools) = tools {
        reading
            .given
            .insert("TOOLS", (tools.to_owned(), "--tools".to_owned()));
    }
    if file_unread {
        reading.be_strict(
            "ADHOC_CONNECTIONS",
            "false",
            "Clients cannot open connections of their own, because the configuration file that might forbid it \
             could not be read.",
        );
        reading.be_strict(
            "REQUIRE_LEAST_PRIVILEGE",
            "true",
            "Read-only connections whose role could write are refused, because the configuration file that might \
             ask for that could not be read.",
        );
    }
    let outcome = reading.settings();
    SettingsReading {
        outcome,
        warnings: reading.warnings,
    }
}

impl Reading {
    fn add_file(&mut self, file: FromFile) {
        for (key, value) in file.given {
            let place = format!("server.{key}");
            let Some(facts) = facts_of_key(&key) else {
                let keys = FACTS.iter().map(|facts| facts.key);
                self.mistakes.push(
                    Mistake::new(place, "Is not a setting.")
                        .did_you_mean(nearest(&key, keys).map(|key| format!("server.{key}"))),
                );
                continue;
            };
            let joined = value.and_then(|texts| join(&texts, facts, &place));
            match joined {
                Err(mistake) => self.mistakes.push(mistake),
                Ok(text) if text.is_empty() => {}
                Ok(text) if file.merely_found && !(facts.from_found)(&text) => self.mistakes.push(
                    Mistake::new(
                        place,
                        "Is refused in a file that was merely found, because it loosens a limit.",
                    )
                    .expected(NAMED_FILE),
                ),
                Ok(_) if self.given.contains_key(facts.word) => {
                    self.mistakes.push(Mistake::new(place, "Is given twice."));
                }
                Ok(text) => {
                    self.given.insert(facts.word, (text, place));
                }
            }
        }
    }

    fn add_environment(&mut self, environment: &Environment) {
        for variable in environment.names() {
            let Some(word) = variable.strip_prefix("MCP_") else {
                continue;
            };
            let facts = FACTS.iter().find(|facts| facts.word == word);
            if let Some(facts) = facts {
                if environment.is_unreadable(variable) {
                    self.mistakes
                        .push(Mistake::new(variable, "Is not valid UTF-8."));
                } else if let Some(value) = environment.get_filled(variable) {
                    self.given
                        .insert(facts.word, (value.to_owned(), variable.to_owned()));
                }
            } else if !READ_ELSEWHERE.contains(&word) && !variable.contains("_DB_") {
                let words = FACTS.iter().map(|facts| facts.word).chain(READ_ELSEWHERE);
                self.warnings.push(
                    Mistake::new(variable, "Is not a setting of this version, and ignored.")
                        .did_you_mean(nearest(word, words).map(|word| format!("MCP_{word}"))),
                );
            }
        }
    }

    /// Takes the stricter value of a setting, unless somebody said another, and tells why.
    fn be_strict(&mut self, word: &'static str, value: &str, why: &str) {
        if self.given.contains_key(word) {
            return;
        }
        self.given
            .insert(word, (value.to_owned(), "--config".to_owned()));
        if let Some(facts) = FACTS.iter().find(|facts| facts.word == word) {
            self.warnings.push(Mistake::new(facts.key, why));
        }
    }

    fn settings(&mut self) -> Result<Settings, Vec<Mistake>> {
        let mut pairs = Vec::new();
        for facts in &FACTS {
            let Some((text, place)) = self.given.get(facts.word) else {
                continue;
            };
            let pair = (facts.word.to_owned(), text.trim().to_owned());
            // Alone first: all of them together would only tell of the first one that is wrong.
            if envy::from_iter::<_, Settings>([pair.clone()]).is_ok() {
                pairs.push(pair);
            } else {
                let words = facts
                    .expected
                    .split([',', ' '])
                    .filter(|word| !matches!(*word, "" | "or"));
                self.mistakes.push(
                    Mistake::new(place, "Is not what it should be.")
                        .expected(facts.expected)
                        .did_you_mean(
                            nearest(text, words).filter(|_| !facts.expected.starts_with("a whole")),
                        ),
                );
            }
        }
        let settings: Settings = envy::from_iter(pairs).unwrap_or_default();
        if let Err(errors) = settings.validate() {
            for field in errors.field_errors().keys() {
                let Some(facts) = FACTS
                    .iter()
                    .find(|facts| facts.word.eq_ignore_ascii_case(field))
                else {
                    continue;
                };
                let place = self.given.get(facts.word).map(|(_, place)| place.as_str());
                self.mistakes.push(
                    Mistake::new(place.unwrap_or(facts.key), "Is out of range.")
                        .expected(facts.expected),
                );
            }
        }
        if self.mistakes.is_empty() {
            return Ok(settings);
        }
        self.mistakes.sort_by(|one, other| one.key.cmp(&other.key));
        Err(std::mem::take(&mut self.mistakes))
    }
}

/// A truth value in any of its words.
fn truth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let text = String::deserialize(deserializer)?;
    boolean(&text).ok_or_else(|| D::Error::custom("neither true nor false"))
}

/// A list of hosts.
fn hosts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<AllowedHosts, D::Error> {
    let text = String::deserialize(deserializer)?;
    AllowedHosts::parse(&text).ok_or_else(|| D::Error::custom("not a list of hosts"))
}

/// As it would be given.
fn shown<S: Serializer>(hosts: &AllowedHosts, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(hosts)
}

/// A word in any letter case.
fn word<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer)?;
    T::deserialize(text.to_ascii_lowercase().into_deserializer())
}

fn facts_of_key(key: &str) -> Option<&'static Facts> {
    FACTS.iter().find(|facts| {
        facts.key == key || facts.word == key || facts.word.to_ascii_lowercase() == key
    })
}

fn join(texts: &[String], facts: &Facts, place: &str) -> Result<String, Mistake> {
    match (texts, facts.separator) {
        ([one], _) => Ok(one.clone()),
        (_, Some(Separator::Comma)) => Ok(texts.join(",")),
        (_, Some(Separator::Path)) => std::env::join_paths(texts)
            .ok()
            .and_then(|joined| joined.into_string().ok())
            .ok_or_else(|| {
                Mistake::new(
                    place,
                    "Holds a path with the character that separates paths.",
                )
            }),
        (_, None) => Err(Mistake::new(place, "Is a list.").expected(facts.expected)),
    }
}
