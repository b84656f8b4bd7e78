//! The chain: each line ends with the hash of the line before it and with its own.
//!
//! What is hashed are a line's bytes up to its own hash, so nothing of it can change unseen, and neither can the order
//! of lines. With a key the hash is an HMAC: without the key nobody can make a chain that looks whole.

use std::fmt::{self, Write as _};

use ring::{digest, hmac};
use secrecy::{ExposeSecret, SecretSlice};

/// Of SHA-256, with a key or without.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hash([u8; 32]);

/// As text.
const HASH_DIGITS: usize = 64;

impl Hash {
    /// What the first line of a chain says of the line before it.
    pub(super) const NONE: Self = Self([0; 32]);

    /// Without a key.
    pub(super) fn of(text: &str) -> Self {
        Self::of_bytes(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
    }

    /// `bytes` are the 32 of SHA-256.
    fn of_bytes(bytes: &[u8]) -> Self {
        Self(bytes.try_into().unwrap_or_default())
    }

    pub fn parse(digits: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        if digits.len() != HASH_DIGITS {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks(2)) {
            let [high, low] = pair else { return None };
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Some(Self(bytes))
    }
}

/// Lower case only, as they are written.
fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        _ => None,
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // At once: there are three of them in a line, and a `write!` for each byte takes longer than the hash.
        let mut digits = String::with_capacity(HASH_DIGITS);
        digits.extend(
            self.0
                .iter()
                .flat_map(|byte| [byte >> 4, byte & 0xf])
                .map(|half| {
                    char::from(if half < 10 {
                        b'0' + half
                    } else {
                        b'a' - 10 + half
                    })
                }),
        );
        formatter.write_str(&digits)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// What only who may write the chain knows.
#[derive(Debug, Clone)]
pub struct ChainKey(SecretSlice<u8>);

impl ChainKey {
    /// Fewer bytes could be guessed.
    pub const MIN_BYTES: usize = 16;

    /// The content of a key file; the line breaks at its end do not count. Nothing, if it is too short.
    pub fn from_file(mut content: Vec<u8>) -> Option<Self> {
        while content.last().is_some_and(u8::is_ascii_whitespace) {
            content.pop();
        }
        (content.len() >= Self::MIN_BYTES).then(|| Self(content.into()))
    }
}

/// Where a chain stands: the number of a line, counted from 1, and its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) number: u64,
    pub(super) hash: Hash,
}

impl Link {
    /// Before the first line.
    pub(super) const START: Self = Self {
        number: 0,
        hash: Hash::NONE,
    };
}

/// A line that was read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sealed {
    pub(super) link: Link,
    /// What it says of the line before it.
    pub(super) previous: Hash,
    /// Its bytes are those that were written.
    pub(super) is_unchanged: bool,
}

/// Why a line could not be read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    NotALine,
    /// It was written with a key and is read without one.
    NeedsKey,
    /// It was written without a key and is read with one.
    HasNoKey,
}

/// Makes and reads lines of a chain.
#[derive(Clone)]
pub(super) struct Sealing {
    key: Option<hmac::Key>,
}

impl fmt::Debug for Sealing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Sealing")
            .field("has_key", &self.key.is_some())
            .finish()
    }
}

/// A number, two hashes and what names them.
const ROOM_BESIDE_FIELDS: usize = 200;
const BEFORE_NUMBER: &str = "{\"seq\":";
const BEFORE_PREVIOUS: &str = ",\"prev\":\"";
const BEFORE_HASH: &str = ",\"hash\":\"";
const BEFORE_MAC: &str = ",\"mac\":\"";
const END: &str = "\"}";

impl Sealing {
    pub(super) fn new(key: Option<&ChainKey>) -> Self {
        Self {
            key: key.map(|key| hmac::Key::new(hmac::HMAC_SHA256, key.0.expose_secret())),
        }
    }

    fn hash(&self, text: &str) -> Hash {
        let sealed = self
            .key
            .as_ref()
            .map(|key| hmac::sign(key, text.as_bytes()));
        match &sealed {
            Some(tag) => Hash::of_bytes(tag.as_ref()),
            None => Hash::of(text),
        }
    }

    /// The line that follows `last`, without its line break. `body` is a JSON object with at least one field.
    pub(super) fn next(&self, body: &str, last: Link) -> (String, Link) {
        self.seal(last.number + 1, body, last.hash)
    }

    /// A line of this number.
    pub(super) fn seal(&self, number: u64, body: &str, previous: Hash) -> (String, Link) {
        let fields = body
            .strip_prefix('{')
            .and_then(|fields| fields.strip_suffix('}'))
            .unwrap_or_default();
        let mut line = String::with_capacity(fields.len() + ROOM_BESIDE_FIELDS);
        // Nothing keeps a text from being written to one.
        let _ = write!(
            line,
            "{BEFORE_NUMBER}{number},{fields}{BEFORE_PREVIOUS}{previous}\""
        );
        let hash = self.hash(&line);
        line.push_str(if self.key.is_some() {
            BEFORE_MAC
        } else {
            BEFORE_HASH
        });
        line.push_str(&hash.to_string());
        line.push_str(END);
        (line, Link { number, hash })
    }

    /// The number that a line has by its own words.
    pub(super) fn number(line: &str) -> Option<u64> {
        Parts::of(line.trim_end_matches('\n')).map(|parts| parts.number)
    }

    /// Reads a line back, without its line break.
    pub(super) fn read(&self, line: &str) -> Result<Sealed, Unread> {
        let parts = Parts::of(line).ok_or(Unread::NotALine)?;
        match (&self.key, parts.has_key) {
            (None, true) => return Err(Unread::NeedsKey),
            (Some(_), false) => return Err(Unread::HasNoKey),
            _ => {}
        }
        Ok(Sealed {
            link: Link {
                number: parts.number,
                hash: parts.hash,
            },
            previous: parts.previous,
            is_unchanged: self.hash(parts.hashed) == parts.hash,
        })
    }
}

/// A line taken apart, by the places in which its parts stand: no field in between can pass for one of them.
struct Parts<'line> {
    number: u64,
    previous: Hash,
    hashed: &'line str,
    has_key: bool,
    hash: Hash,
}

impl<'line> Parts<'line> {
    fn of(line: &'line str) -> Option<Self> {
        let (rest, hash) = last_hash(line.strip_suffix(END)?)?;
        let (hashed, has_key) = match rest.strip_suffix(BEFORE_MAC) {
            Some(hashed) => (hashed, true),
            None => (rest.strip_suffix(BEFORE_HASH)?, false),
        };
        let (rest, previous) = last_hash(hashed.strip_suffix('"')?)?;
        rest.strip_suffix(BEFORE_PREVIOUS)?;
        let (number, _) = hashed.strip_prefix(BEFORE_NUMBER)?.split_once(',')?;
        Some(Self {
            number: number.parse().ok()?,
            previous,
            hashed,
            has_key,
            hash,
        })
    }
}

/// The hash at the end of a text, and what stands before it.
fn last_hash(text: &str) -> Option<(&str, Hash)> {
    let (rest, digits) = text.split_at_checked(text.len().checked_sub(HASH_DIGITS)?)?;
    Some((rest, Hash::parse(digits)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> ChainKey {
        ChainKey::from_file(text.as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn a_line_holds_its_number_the_hash_before_it_and_its_own() {
        let (line, end) = Sealing::new(None).next(r#"{"tool":"x"}"#, Link::START);

        let hashed = format!(r#"{{"seq":1,"tool":"x","prev":"{}""#, "0".repeat(64));
        let hash = Hash::of_bytes(digest::digest(&digest::SHA256, hashed.as_bytes()).as_ref());
        assert_eq!(line, format!(r#"{hashed},"hash":"{hash}"}}"#));
        assert_eq!(end, Link { number: 1, hash });
    }

    #[test]
    fn a_line_is_read_back_as_it_was_written() {
        for sealing in [
            Sealing::new(None),
            Sealing::new(Some(&key("0123456789abcdef"))),
        ] {
            let (_, one) = sealing.next(r#"{"a":1}"#, Link::START);
            // Fields that look like the chain's own.
            let body = format!(
                r#"{{"seq":7,"prev":"{0}","hash":"{0}","é":"\"}}"}}"#,
                one.hash
            );
            let (line, two) = sealing.next(&body, one);

            assert_eq!(
                sealing.read(&line),
                Ok(Sealed {
                    link: two,
                    previous: one.hash,
                    is_unchanged: true
                })
            );
        }
    }

    #[test]
    fn no_byte_of_a_line_changes_unseen() {
        let sealing = Sealing::new(None);
        let (line, end) = sealing.next(r#"{"principal":"ada"}"#, Link::START);
        for at in 0..line.len() {
            let mut bytes = line.clone().into_bytes();
            bytes[at] ^= 1;
            let changed = String::from_utf8(bytes).unwrap();

            if let Ok(read) = sealing.read(&changed) {
                assert!(!read.is_unchanged, "{changed}");
            }
        }
        assert_eq!(sealing.read(&line).unwrap().link, end);
    }

    #[test]
    fn a_chain_is_made_and_read_with_the_same_key_alone() {
        let (with, other, without) = (
            Sealing::new(Some(&key("0123456789abcdef"))),
            Sealing::new(Some(&key("fedcba9876543210"))),
            Sealing::new(None),
        );
        let (line, _) = with.next(r#"{"a":1}"#, Link::START);
        let (plain, _) = without.next(r#"{"a":1}"#, Link::START);

        assert_eq!(without.read(&line), Err(Unread::NeedsKey));
        assert_eq!(with.read(&plain), Err(Unread::HasNoKey));
        assert!(!other.read(&line).unwrap().is_unchanged);
    }

    #[test]
    fn what_is_not_a_line_is_told_so() {
        let (line, _) = Sealing::new(None).next(r#"{"a":1}"#, Link::START);
        for text in [
            "",
            "{}",
            "hello",
            &line[1..],
            &line[..line.len() - 1],
            &format!("{line}\n"),
            &line.replace("prev", "perv"),
            &line.replace("{\"seq\":1", "{\"seq\":one"),
        ] {
            assert_eq!(
                Sealing::new(None).read(text),
                Err(Unread::NotALine),
                "{text}"
            );
        }
    }

    #[test]
    fn a_key_is_long_enough_and_ends_before_its_line_break() {
        assert!(ChainKey::from_file(b"0123456789abcde\n".to_vec()).is_none());
        let read = ChainKey::from_file(b"0123456789abcdef\r\n".to_vec()).unwrap();
        assert_eq!(read.0.expose_secret(), b"0123456789abcdef");
        assert!(!format!("{read:?}").contains("48"));
    }
}
