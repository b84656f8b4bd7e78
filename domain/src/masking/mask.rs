//! One value and what is shown in its place.

use std::{fmt, sync::Arc};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// How a value is masked. The later ones tell less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mask {
    /// As it is: an exception from a wider pattern.
    Shown,
    /// The first letter and the domain of an address, the last four characters of a longer text.
    Partial,
    /// A keyed hash: equal values look equal, and nothing else is told.
    Hash,
    /// Three stars, whatever the value.
    Full,
}

/// What stands in place of a value that is not shown.
const HIDDEN: &str = "***";
/// A text of fewer characters has none to spare.
const SHORTEST_PARTLY_SHOWN: usize = 8;
/// Characters at the end of such a text that are shown.
const SHOWN_AT_THE_END: usize = 4;
/// Of the hash; enough that a million values hardly share one.
const HASH_BYTES: usize = 8;

impl Mask {
    pub const WORDS: [(&'static str, Self); 4] = [
        ("full", Self::Full),
        ("partial", Self::Partial),
        ("hash", Self::Hash),
        ("none", Self::Shown),
    ];

    pub fn as_str(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(_, mask)| *mask == self)
            .map_or("", |(word, _)| word)
    }

    /// What is shown in place of `value`.
    pub fn of(self, value: &str, key: Option<&MaskKey>) -> String {
        match (self, key) {
            (Self::Shown, _) => value.to_owned(),
            (Self::Partial, _) => partly(value),
            (Self::Hash, Some(key)) => key.hash(value),
            (Self::Hash, None) | (Self::Full, _) => HIDDEN.to_owned(),
        }
    }
}

fn partly(value: &str) -> String {
    if let Some((name, domain)) = value.rsplit_once('@')
        && !domain.is_empty()
    {
        let first: String = name.chars().take(1).collect();
        return format!("{first}{HIDDEN}@{domain}");
    }
    let length = value.chars().count();
    if length < SHORTEST_PARTLY_SHOWN {
        return HIDDEN.to_owned();
    }
    let end: String = value.chars().skip(length - SHOWN_AT_THE_END).collect();
    format!("{HIDDEN}{end}")
}

/// What hashes are made with: whoever has it can find out which value a hash stands for.
#[derive(Clone, PartialEq, Eq)]
pub struct MaskKey(Arc<[u8]>);

impl MaskKey {
    /// `None` for a key that could be guessed.
    pub fn new(key: &[u8]) -> Option<Self> {
        (key.len() >= Self::FEWEST_BYTES).then(|| Self(key.into()))
    }

    pub const FEWEST_BYTES: usize = 16;

    fn hash(&self, value: &str) -> String {
        use fmt::Write as _;
        let Ok(mut code) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            return HIDDEN.to_owned();
        };
        code.update(value.as_bytes());
        let mut text = "#".to_owned();
        for byte in code.finalize().into_bytes().iter().take(HASH_BYTES) {
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

impl fmt::Debug for MaskKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("MaskKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_value_is_shown_only_of_what_has_one_to_spare() {
        for (value, shown) in [
            ("ada@example.com", "a***@example.com"),
            ("@example.com", "***@example.com"),
            ("ada@", "***"),
            ("+351 912 345 678", "*** 678"),
            ("12345678", "***5678"),
            ("1234567", "***"),
            ("", "***"),
        ] {
            assert_eq!(Mask::Partial.of(value, None), shown, "{value}");
        }
    }

    #[test]
    fn equal_values_have_equal_hashes_under_one_key_and_others_under_another() {
        let one = MaskKey::new(&[1; 16]).unwrap();
        let other = MaskKey::new(&[2; 16]).unwrap();
        let hash = |value, key| Mask::Hash.of(value, Some(key));

        assert_eq!(hash("ada", &one), hash("ada", &one));
        assert_ne!(hash("ada", &one), hash("Ada", &one));
        assert_ne!(hash("ada", &one), hash("ada", &other));
        assert_eq!(hash("ada", &one).len(), 17);
    }

    #[test]
    fn without_a_key_nothing_is_hashed_and_nothing_shown() {
        assert_eq!(Mask::Hash.of("ada", None), "***");
        assert_eq!(MaskKey::new(b"short"), None);
    }

    #[test]
    fn a_key_does_not_show() {
        let key = MaskKey::new(b"0123456789abcdef").unwrap();
        assert_eq!(format!("{key:?}"), "MaskKey(***)");
    }
}
