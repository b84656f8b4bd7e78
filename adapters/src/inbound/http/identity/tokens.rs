//! Bearer tokens of this server's own: made here, known here by their hash alone.
//!
//! A hash that is slow on purpose protects what people choose and others can guess. A token is drawn at random, or was
//! at least long enough to be, so there is nothing to guess: to try 2^128 of them takes for ever at any speed. One
//! SHA-256 is therefore enough, and keeps wrong tokens cheap, however many of them come.

use std::{collections::BTreeSet, fmt, sync::Arc, time::SystemTime};

use domain::calls::{Caller, Claims, Principal};
use ring::{
    digest,
    rand::{SecureRandom, SystemRandom},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Map;
use subtle::ConstantTimeEq;

use super::{Denied, Refusal};

/// So that a token which lies where it should not is known for one of ours.
const PREFIX: &str = "portolan_";
/// Of random bytes.
const LENGTH: usize = 32;
/// 128 bits in the 64 characters of Base64.
const SHORTEST: usize = 22;
/// Text drawn at random has more of them; a word repeated has not.
const FEWEST_CHARACTERS: usize = 10;

/// What is kept of a token.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; digest::SHA256_OUTPUT_LEN]);

impl TokenHash {
    /// How it is written.
    pub const EXPECTED: &str =
        "`sha256:` and 64 hexadecimal digits, as `portolan token new` prints it";

    pub fn of(token: &str) -> Self {
        let mut hash = [0; digest::SHA256_OUTPUT_LEN];
        hash.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
        Self(hash)
    }

    /// `sha256:` and its hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("sha256:")?;
        let mut hash = [0; digest::SHA256_OUTPUT_LEN];
        if digits.len() != 2 * hash.len() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        for (byte, at) in hash.iter_mut().zip((0..).step_by(2)) {
            *byte = u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()?;
        }
        Some(Self(hash))
    }

    /// Takes as long whatever the two have in common.
    fn is(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Display for TokenHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "sha256:{}", Hexadecimal(&self.0))
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// A token that nobody had before: 256 bits of the system's randomness.
pub fn new_token() -> Option<SecretString> {
    let mut bytes = [0; LENGTH];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(SecretString::from(format!(
        "{PREFIX}{}",
        Hexadecimal(&bytes)
    )))
}

struct Hexadecimal<'a>(&'a [u8]);

impl fmt::Display for Hexadecimal<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

/// Why a token of the operator's own choice is none, to be read after "expected".
pub fn too_weak(token: &SecretString) -> Option<&'static str> {
    let token = token.expose_secret();
    let characters: BTreeSet<u8> = token.bytes().collect();
    let is_sendable = token.bytes().all(|byte| byte.is_ascii_graphic());
    (!is_sendable || token.len() < SHORTEST || characters.len() < FEWEST_CHARACTERS).then_some(
        "at least 128 random bits: 22 or more printable characters without spaces, as of `openssl rand -base64 24`",
    )
}

/// One of the tokens that let somebody in.
#[derive(Debug, Clone)]
pub struct StaticToken {
    hash: TokenHash,
    expires: Option<SystemTime>,
    caller: Arc<Caller>,
}

impl StaticToken {
    /// Under `name` its holder is known here.
    pub fn new(
        name: &str,
        hash: TokenHash,
        expires: Option<SystemTime>,
        claims: Map<String, serde_json::Value>,
    ) -> Self {
        Self {
            hash,
            expires,
            caller: Arc::new(Caller::new(Principal::new(name), Claims::new(claims))),
        }
    }

    pub fn hash(&self) -> &TokenHash {
        &self.hash
    }

    pub fn expires(&self) -> Option<SystemTime> {
        self.expires
    }

    pub fn principal(&self) -> &Principal {
        &self.caller.principal
    }
}

/// Whose token this is; nothing, if it is nobody's.
pub(super) fn holder(
    tokens: &[StaticToken],
    hash: &TokenHash,
    now: SystemTime,
) -> Option<Result<Arc<Caller>, Denied>> {
    // All of them are looked at, so that the time it takes does not tell which one it was.
    let found = tokens.iter().fold(None, |found, token| {
        if token.hash.is(hash) {
            Some(token)
        } else {
            found
        }
    })?;
    Some(match found.expires {
        Some(expires) if expires <= now => Err(Refusal::Expired.of(&found.caller)),
        _ => Ok(Arc::clone(&found.caller)),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn token(name: &str, text: &str, expires: Option<SystemTime>) -> StaticToken {
        StaticToken::new(name, TokenHash::of(text), expires, Map::new())
    }

    #[test]
    fn a_hash_is_what_other_tools_make_of_the_token() {
        // printf abc | sha256sum
        let hash = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

        assert_eq!(TokenHash::of("abc").to_string(), hash);
        assert_eq!(TokenHash::parse(hash), Some(TokenHash::of("abc")));
    }

    #[test]
    fn what_is_no_hash_is_not_read_as_one() {
        let digits = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        for text in [
            String::new(),
            digits.to_owned(),
            format!("sha256:{digits}0"),
            format!("sha512:{digits}"),
            format!("sha256:{}", digits.replace('b', "g")),
            format!("sha256:{}", digits.replace("ba", "+1")),
            format!("sha256:{}", digits.replace("ba", "é")),
        ] {
            assert_eq!(TokenHash::parse(&text), None, "{text}");
        }
    }

    #[test]
    fn a_new_token_is_another_one_each_time() {
        let (one, other) = (new_token().unwrap(), new_token().unwrap());

        assert_ne!(one.expose_secret(), other.expose_secret());
        assert_eq!(one.expose_secret().len(), PREFIX.len() + 64);
        assert_eq!(too_weak(&one), None);
    }

    #[test]
    fn what_could_be_guessed_is_no_token() {
        for weak in [
            "",
            "hunter2",
            "correct horse battery staple",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "12341234123412341234123412341234",
            "dvI8pbgT4dWq9wkrQxYbö",
        ] {
            assert!(too_weak(&SecretString::from(weak)).is_some(), "{weak}");
        }
        let strong = SecretString::from("dvI8pbgT4dWq9wkrQxYbTt");
        assert_eq!(too_weak(&strong), None);
    }

    #[test]
    fn a_token_is_its_holders_until_it_expires() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        let tokens = [
            token("ci", "one", None),
            token("ada", "two", Some(now + Duration::from_secs(1))),
            token("bob", "three", Some(now)),
        ];
        let name = |text: &str| {
            holder(&tokens, &TokenHash::of(text), now)
                .map(|found| found.map(|caller| caller.principal.to_string()))
        };

        assert_eq!(name("one"), Some(Ok("ci".to_owned())));
        assert_eq!(name("two"), Some(Ok("ada".to_owned())));
        let expired = Denied {
            refusal: Refusal::Expired,
            principal: Some(Principal::new("bob")),
        };
        assert_eq!(name("three"), Some(Err(expired)));
        assert_eq!(name("four"), None);
    }
}
