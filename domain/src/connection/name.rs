//! The name under which a connection is known.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::failure::Failure;

/// Lower-case letters, digits, `_` and `-`, up to 64 characters, beginning with a letter or a digit.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionName(String);

impl ConnectionName {
    /// The connection that `DB_*`, `DATABASE_URL` and calls without a name mean.
    pub const DEFAULT: &'static str = "default";

    /// Upper-case letters are taken as lower-case.
    pub fn new(name: &str) -> Result<Self, Failure> {
        let name = name.to_ascii_lowercase();
        let mut characters = name.chars();
        let starts_well = characters
            .next()
            .is_some_and(|first| first.is_ascii_lowercase() || first.is_ascii_digit());
        let goes_on_well = characters.all(|next| {
            next.is_ascii_lowercase() || next.is_ascii_digit() || next == '_' || next == '-'
        });
        if starts_well && goes_on_well && name.len() <= 64 {
            return Ok(Self(name));
        }
        Err(
            Failure::invalid_argument(format!("`{name}` cannot be the name of a connection.")).with_hint(
                "Use letters, digits, `_` and `-`, at most 64, beginning with a letter or a digit.",
            ),
        )
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ConnectionName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Serialize for ConnectionName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl std::borrow::Borrow<str> for ConnectionName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_and_lowered() {
        for (given, expected) in [
            ("prod", Some("prod")),
            ("EU_WEST", Some("eu_west")),
            ("7eleven", Some("7eleven")),
            ("a-b", Some("a-b")),
            ("", None),
            ("_x", None),
            ("a b", None),
            ("prod;drop", None),
        ] {
            let name = ConnectionName::new(given).ok();
            assert_eq!(
                name.as_ref().map(ConnectionName::as_str),
                expected,
                "{given}"
            );
        }
    }
}
