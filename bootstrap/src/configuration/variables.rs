//! Connections from environment variables: `DB_*`, `{NAME}_DB_*` and `DATABASE_URL`.

use std::collections::{BTreeMap, BTreeSet};

use domain::connection::{
    ConnectionName, Mistake,
    parameters::{GivenValue, Keys, Layer, Origin, Parameter},
};

use super::Ignored;
use crate::environment::Environment;

/// The variables of one connection, before it is known whether they are ours.
pub(super) struct Group<'a> {
    /// `PROD_DB_` or `DB_`.
    prefix: &'a str,
    words: Vec<&'a str>,
}

/// Every group by the name of the connection that it would make.
pub(super) struct Groups<'a> {
    pub(super) by_name: BTreeMap<ConnectionName, Group<'a>>,
    pub(super) ignored: Vec<Ignored>,
}

const ADDRESS: [Parameter; 2] = [Parameter::Type, Parameter::Url];

impl<'a> Groups<'a> {
    pub(super) fn of(environment: &'a Environment) -> Self {
        let mut by_prefix: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for variable in environment.names() {
            // A variable that is set to nothing is as good as not set.
            if !environment.is_unreadable(variable) && environment.get_filled(variable).is_none() {
                continue;
            }
            if let Some((prefix, word)) = split(variable) {
                by_prefix.entry(prefix).or_default().push(word);
            }
        }
        let mut found: Vec<(ConnectionName, Group<'_>)> = Vec::new();
        let mut ignored = Vec::new();
        for (prefix, words) in by_prefix {
            let name = prefix
                .strip_suffix("_DB_")
                .unwrap_or(ConnectionName::DEFAULT);
            let group = Group { prefix, words };
            match ConnectionName::new(name) {
                Ok(name) => found.push((name, group)),
                Err(_) if group.names_a_database() => ignored.push(Ignored::new(
                    group.told(),
                    "The name of a connection begins with a letter or a digit and has at most 64 characters.",
                )),
                Err(_) => {}
            }
        }
        let mut groups = Self {
            by_name: BTreeMap::new(),
            ignored,
        };
        // `DB_*` and `DEFAULT_DB_*` make the same name; the one that says which database is meant comes first.
        found.sort_by_key(|(_, group)| !group.names_a_database());
        for (name, group) in found {
            if let Some(other) = groups.by_name.get(&name) {
                groups.ignored.push(Ignored::new(
                    group.told(),
                    format!(
                        "The connection {name} is already given by {}*.",
                        other.prefix
                    ),
                ));
            } else {
                groups.by_name.insert(name, group);
            }
        }
        groups
    }
}

/// Prefix and word of a variable that could be ours by its form.
fn split(variable: &str) -> Option<(&str, &str)> {
    if let Some(at) = variable.rfind("_DB_").filter(|at| *at > 0) {
        let (name, _) = variable.split_at(at);
        let (prefix, word) = variable.split_at(at + "_DB_".len());
        let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        if name.bytes().all(plain) && !word.is_empty() {
            return Some((prefix, word));
        }
    }
    let word = variable
        .strip_prefix("DB_")
        .filter(|word| !word.is_empty())?;
    Some((variable.get(.."DB_".len())?, word))
}

impl Group<'_> {
    /// Whether these variables say by themselves which database is meant, which is what makes them ours.
    pub(super) fn names_a_database(&self) -> bool {
        self.words
            .iter()
            .filter_map(|word| Parameter::from_word(word))
            .any(|parameter| ADDRESS.contains(&parameter))
    }

    pub(super) fn is_default(&self) -> bool {
        self.prefix == "DB_"
    }

    pub(super) fn layer(&self, environment: &Environment) -> Layer {
        let prefix = self.prefix;
        let mut layer = Layer::new(
            format!("environment ({prefix}*)"),
            Origin::Operator,
            Keys::Variables {
                prefix: prefix.to_owned(),
            },
        );
        let known: BTreeSet<&str> = Parameter::ALL
            .iter()
            .map(|parameter| parameter.facts().word)
            .collect();
        for word in &self.words {
            // Many programs have variables that begin with DB_; only what looks like a slip is said to be one.
            if self.is_default() && !known.contains(word) && Parameter::nearest(word).is_none() {
                continue;
            }
            let variable = format!("{prefix}{word}");
            match environment.get(&variable) {
                Some(value) => layer.give(word, GivenValue::text(value), Some(variable)),
                None => layer.give_mistake(word, Mistake::new(variable, "Is not valid UTF-8.")),
            }
        }
        layer
    }

    /// Why nothing is made of these variables, if somebody might have meant them for us.
    pub(super) fn why_ignored(&self) -> Option<Ignored> {
        let known = self
            .words
            .iter()
            .any(|word| Parameter::from_word(word).is_some());
        let slip = self.words.iter().find_map(|word| {
            let meant = Parameter::nearest(word)?;
            (Parameter::from_word(word).is_none() && ADDRESS.contains(&meant)).then(|| {
                format!(
                    " Did you mean {0}{1} where it says {0}{word}?",
                    self.prefix,
                    meant.facts().word
                )
            })
        });
        (known || slip.is_some()).then(|| {
            Ignored::new(
                self.told(),
                format!(
                    "There is neither {0}TYPE nor {0}URL, so they are taken for another program's.{1}",
                    self.prefix,
                    slip.unwrap_or_default()
                ),
            )
        })
    }

    /// Names only.
    pub(super) fn told(&self) -> String {
        let names: Vec<String> = self
            .words
            .iter()
            .map(|word| format!("{}{word}", self.prefix))
            .collect();
        names.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_split_at_the_last_joint() {
        for (variable, expected) in [
            ("PROD_DB_HOST", Some(("PROD_DB_", "HOST"))),
            ("EU_WEST_DB_SSL_MODE", Some(("EU_WEST_DB_", "SSL_MODE"))),
            ("A_DB_B_DB_HOST", Some(("A_DB_B_DB_", "HOST"))),
            ("A_DB_DB_HOST", Some(("A_DB_DB_", "HOST"))),
            ("7_DB_TYPE", Some(("7_DB_", "TYPE"))),
            ("DB_DB_TYPE", Some(("DB_DB_", "TYPE"))),
            ("DB_TYPE", Some(("DB_", "TYPE"))),
            ("DB_PROD_TYPE", Some(("DB_", "PROD_TYPE"))),
            ("prod_DB_TYPE", None),
            ("Prod_DB_TYPE", None),
            ("PROD-1_DB_TYPE", None),
            ("INVALID_PROD_TYPE", None),
            ("PROD_DB_", None),
            ("PROD_DB", None),
            ("DB_", None),
        ] {
            assert_eq!(split(variable), expected, "{variable}");
        }
    }
}
