//! From what files, the environment and the command line say to settings, with every mistake at once.

use std::collections::BTreeMap;

use domain::{
    connection::{Mistake, parameters::NAMED_FILE},
    nearest::nearest,
};
use validator::Validate;

use super::{
    Settings,
    facts::{FACTS, Facts, Separator, facts_of_key},
};
use crate::environment::Environment;

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

/// Reads the settings: the file, then the environment, then the command line: words of settings, each with its option
/// and what it says.
///
/// `file_unread` says that a file was named and could not be read. What it would have forbidden is then forbidden.
pub(crate) fn read(
    environment: &Environment,
    file: Option<FromFile>,
    command_line: &[(&'static str, &'static str, Option<&str>)],
    file_unread: bool,
) -> SettingsReading {
    let mut reading = Reading::default();
    if let Some(file) = file {
        reading.add_file(file);
    }
    reading.add_environment(environment);
    for (word, option, given) in command_line {
        if let Some(given) = given {
            reading
                .given
                .insert(word, ((*given).to_owned(), (*option).to_owned()));
        }
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
        for facts in FACTS {
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
        for alone in settings.alone() {
            let place = self.given.get(alone.given).map(|(_, place)| place.as_str());
            self.mistakes.push(Mistake::new(
                place.unwrap_or(alone.given),
                format!("Is of no use without MCP_{}.", alone.missing),
            ));
        }
        if self.mistakes.is_empty() {
            return Ok(settings);
        }
        self.mistakes.sort_by(|one, other| one.key.cmp(&other.key));
        Err(std::mem::take(&mut self.mistakes))
    }
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
