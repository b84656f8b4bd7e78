//! A URL that may hold a password.

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Shown without whoever it names, and without what follows its path.
#[derive(Debug, Clone, Default)]
pub struct SecretUrl(SecretString);

impl SecretUrl {
    /// All of it; nothing, if it is empty.
    pub fn expose(&self) -> Option<&str> {
        Some(self.0.expose_secret()).filter(|url| !url.is_empty())
    }

    fn shown(&self) -> String {
        let Some((scheme, rest)) = self.expose().unwrap_or_default().split_once("://") else {
            return String::new();
        };
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        if path.contains('@') {
            // A password that was not escaped can hold slashes, and what comes before them is part of it.
            return format!("{scheme}://");
        }
        let host = authority.rsplit('@').next().unwrap_or_default();
        format!("{scheme}://{host}{path}")
    }
}

impl PartialEq for SecretUrl {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose_secret() == other.0.expose_secret()
    }
}

impl Eq for SecretUrl {}

impl Serialize for SecretUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.shown())
    }
}

impl<'de> Deserialize<'de> for SecretUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|url| Self(url.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_shown_without_who_and_what_is_secret() {
        for (url, shown) in [
            ("", ""),
            ("redis://cache:6379/1", "redis://cache:6379/1"),
            (
                "rediss://ops:secret@cache/0?protocol=resp3",
                "rediss://cache/0",
            ),
            ("redis://:se@cret@cache", "redis://cache"),
            ("redis://:se/cr@et@cache/1", "redis://"),
            ("secret", ""),
        ] {
            assert_eq!(SecretUrl(url.into()).shown(), shown, "{url}");
        }
    }
}
