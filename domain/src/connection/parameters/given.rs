//! A value as somebody gave it, not yet checked.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::parameter::Parameter;

/// Who gave it, which decides what it may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// Whoever runs the server: the environment, the command line, a file that they named.
    Operator,
    /// A file that merely lay in the working directory: it may be somebody else's.
    FoundFile,
    /// The client, by `connect_database`.
    ConnectDatabase,
    /// The client, by `import_connections`.
    Import,
}

impl Origin {
    pub const fn is_client(self) -> bool {
        matches!(self, Self::ConnectDatabase | Self::Import)
    }
}

/// Text, number or truth value. Text may be a secret, so none of it shows in `Debug`.
#[derive(Clone)]
pub enum GivenValue {
    Text(SecretString),
    Number(serde_json::Number),
    Bool(bool),
}

impl GivenValue {
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(SecretString::from(text.into()))
    }

    /// `None` for a null, which is as good as absent.
    ///
    /// The error names the type of a value that no parameter can hold.
    pub fn from_json(value: &Value) -> Result<Option<Self>, &'static str> {
        match value {
            Value::Null => Ok(None),
            Value::Bool(value) => Ok(Some(Self::Bool(*value))),
            Value::Number(number) => Ok(Some(Self::Number(number.clone()))),
            Value::String(text) => Ok(Some(Self::text(text.as_str()))),
            Value::Array(_) => Err("a list"),
            Value::Object(_) => Err("an object"),
        }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text.expose_secret()),
            Self::Number(_) | Self::Bool(_) => None,
        }
    }

    /// An empty text is as good as absent: compose files and shells set variables to nothing.
    pub fn is_empty(&self) -> bool {
        self.as_text().is_some_and(str::is_empty)
    }

    pub(super) const fn type_name(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Number(_) => "a number",
            Self::Bool(_) => "a truth value",
        }
    }
}

impl fmt::Debug for GivenValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.type_name())
    }
}

/// One parameter of one source.
#[derive(Debug, Clone)]
pub struct Given {
    pub parameter: Parameter,
    pub value: GivenValue,
    /// Where it stands: `PROD_DB_PORT`, `connections.prod.port`, `port`, `DATABASE_URL`.
    pub key: String,
    /// The environment variable that a secret came from, where it was one on its own.
    pub variable: Option<String>,
    /// For a part of a URL, what it is called there: `host`, `sslmode`.
    pub part: Option<String>,
}
