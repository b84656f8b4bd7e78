//! What one source says about one connection.

use super::{
    given::{Given, GivenValue, Origin},
    parameter::{Kind, Parameter},
};
use crate::connection::mistake::Mistake;

/// How a source spells the places of its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keys {
    /// Environment variables: `{prefix}HOST`, with a prefix such as `PROD_DB_`.
    Variables { prefix: String },
    /// Keys of a file, or arguments: `{prefix}host`, with a prefix such as `connections.prod.` or none.
    Path { prefix: String },
    /// A single place that holds a URL: `DATABASE_URL`, `--url prod`.
    Only(String),
}

impl Keys {
    /// Where this source would give the parameter.
    pub fn of(&self, parameter: Parameter) -> String {
        let facts = parameter.facts();
        match self {
            Self::Variables { prefix } => format!("{prefix}{}", facts.word),
            Self::Path { prefix } => format!("{prefix}{}", facts.key),
            Self::Only(key) => key.clone(),
        }
    }

    fn at(&self, word: &str) -> String {
        match self {
            Self::Variables { prefix } | Self::Path { prefix } => format!("{prefix}{word}"),
            Self::Only(key) => key.clone(),
        }
    }

    fn parameter(&self, word: &str) -> Option<Parameter> {
        match self {
            Self::Variables { .. } => Parameter::from_word(word),
            Self::Path { .. } => Parameter::from_key(word),
            Self::Only(_) => Some(Parameter::Url),
        }
    }
}

/// What one source says about one connection, with the mistakes that reading it has already shown.
#[derive(Debug, Clone)]
pub struct Layer {
    /// Told to people: `environment (PROD_DB_*)`, `database-config.json`, `--url`.
    pub source: String,
    pub origin: Origin,
    pub keys: Keys,
    pub given: Vec<Given>,
    pub mistakes: Vec<Mistake>,
    /// A password was given and is the empty text.
    empty_password: bool,
    /// Given, but not well: not to be reported as missing too.
    pub(super) unusable: Vec<Parameter>,
}

impl Layer {
    pub fn new(source: impl Into<String>, origin: Origin, keys: Keys) -> Self {
        Self {
            source: source.into(),
            origin,
            keys,
            given: Vec::new(),
            mistakes: Vec::new(),
            empty_password: false,
            unusable: Vec::new(),
        }
    }

    /// A source that is one URL and nothing else.
    pub fn of_url(
        source: impl Into<String>,
        origin: Origin,
        key: impl Into<String>,
        url: GivenValue,
    ) -> Self {
        let mut layer = Self::new(source, origin, Keys::Only(key.into()));
        layer.give("", url, None);
        layer
    }

    /// Adds a value under the source's own word for the parameter. A word that is none is a mistake; an empty
    /// text is nothing.
    ///
    /// `variable` is the environment variable that the whole value was taken from, if it was.
    pub fn give(&mut self, word: &str, value: GivenValue, variable: Option<String>) {
        let key = self.keys.at(word);
        let Some(parameter) = self.keys.parameter(word) else {
            self.mistakes.push(self.unknown(word));
            return;
        };
        if let Some(other) = self.given.iter().find(|given| given.parameter == parameter) {
            self.mistakes.push(Mistake::new(
                key,
                format!("Says the same as `{}`; leave one of them out.", other.key),
            ));
            return;
        }
        if value.is_empty() {
            self.empty_password |= parameter == Parameter::Password;
            return;
        }
        self.given.push(Given {
            parameter,
            value,
            key,
            variable,
            part: None,
        });
    }

    /// Notes a value of a type that no parameter can hold.
    pub fn give_wrong_type(&mut self, word: &str, type_name: &str) {
        let mistake = match self.keys.parameter(word) {
            Some(parameter) => Mistake::new(self.keys.at(word), format!("Is {type_name}."))
                .expected(expectation_of(parameter)),
            None => self.unknown(word),
        };
        self.give_mistake(word, mistake);
    }

    /// Whether a word means a parameter that is written as an object where that can be.
    pub fn takes_an_object(&self, word: &str) -> bool {
        self.keys.parameter(word) == Some(Parameter::RowSecurity)
    }

    /// Whether a word means a parameter that is written as a list where that can be.
    pub fn takes_a_list(&self, word: &str) -> bool {
        self.keys.parameter(word) == Some(Parameter::RowSecurityFunctions)
    }

    /// Notes that a value was given and cannot even be read.
    pub fn give_mistake(&mut self, word: &str, mistake: Mistake) {
        self.unusable.extend(self.keys.parameter(word));
        self.mistakes.push(mistake);
    }

    /// Where a word of this source stands.
    pub fn key(&self, word: &str) -> String {
        self.keys.at(word)
    }

    /// Whether it says by itself which database is meant.
    pub fn names_a_database(&self) -> bool {
        self.given
            .iter()
            .any(|given| matches!(given.parameter, Parameter::Type | Parameter::Url))
    }

    pub(super) const fn password_left_empty(&self) -> bool {
        self.empty_password
    }

    /// Whether the value came from here.
    pub(super) fn holds(&self, given: &Given) -> bool {
        self.given.iter().any(|mine| mine.key == given.key)
    }

    fn unknown(&self, word: &str) -> Mistake {
        let meant = Parameter::nearest(word);
        let mistake = Mistake::new(self.keys.at(word), "Is not a parameter of a connection.")
            .did_you_mean(meant.map(|parameter| self.keys.of(parameter)));
        if meant.is_some() {
            return mistake;
        }
        let known: Vec<&str> = Parameter::ALL
            .into_iter()
            .map(|parameter| match self.keys {
                Keys::Variables { .. } => parameter.facts().word,
                Keys::Path { .. } | Keys::Only(_) => parameter.facts().key,
            })
            .collect();
        mistake.expected(format!("one of {}", known.join(", ")))
    }
}

fn expectation_of(parameter: Parameter) -> String {
    match parameter.facts().kind {
        Kind::Engine => "the name of an engine as text".to_owned(),
        kind => kind.expectation(),
    }
}
