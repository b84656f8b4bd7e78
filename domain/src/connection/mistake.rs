//! One mistake in a configuration, told so that whoever wrote it can mend it.

use std::fmt;

use serde::Serialize;

/// Where it stands, what is wrong, what was expected. Never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Mistake {
    /// The variable, file key or argument it stands in, such as `PROD_DB_PORT` or `connections.prod.port`.
    pub key: String,
    /// One sentence.
    pub message: String,
    /// What would have been right, to be read after "expected".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// The nearest right word to a misspelt one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub did_you_mean: Option<String>,
}

impl Mistake {
    pub fn new(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            message: message.into(),
            expected: None,
            did_you_mean: None,
        }
    }

    #[must_use]
    pub fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    #[must_use]
    pub fn did_you_mean(mut self, word: Option<impl Into<String>>) -> Self {
        self.did_you_mean = word.map(Into::into);
        self
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.key, self.message)?;
        if let Some(expected) = &self.expected {
            write!(formatter, " Expected {expected}.")?;
        }
        if let Some(word) = &self.did_you_mean {
            write!(formatter, " Did you mean {word}?")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_reads_as_sentences() {
        let mistake = Mistake::new("PROD_DB_TYPE", "`postgre` is not an engine.")
            .expected("postgresql, mysql or sqlite")
            .did_you_mean(Some("postgres"));

        assert_eq!(
            mistake.to_string(),
            "PROD_DB_TYPE: `postgre` is not an engine. Expected postgresql, mysql or sqlite. Did you mean postgres?"
        );
    }
}
