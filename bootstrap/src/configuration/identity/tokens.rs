//! Tokens of this server's own: `identity.tokens`.

use std::{
    collections::BTreeMap,
    io::Read,
    path::Path,
    time::{Duration, SystemTime},
};

use adapters::inbound::http::identity::{StaticToken, TokenHash, too_weak};
use secrecy::{ExposeSecret, SecretString};

use crate::configuration::section::Section;

/// A file that holds more holds no token.
const LONGEST_TOKEN_FILE: u64 = 64 << 10;
const LONGEST_NAME: usize = 64;
pub(super) const NAME: &str = "1 to 64 letters, digits and the characters . _ - @";

/// What a principal that the operator names may be called. A colon would make it look like somebody whom an issuer
/// knows.
pub(crate) fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '@');
    (1..=LONGEST_NAME).contains(&name.len()) && name.chars().all(plain)
}

pub(super) fn token(
    name: &str,
    mut entry: Section<'_>,
    working_directory: &Path,
    seen: &mut BTreeMap<String, String>,
) -> Option<StaticToken> {
    if !is_name(name) {
        entry.complain_of_all("Is not the name of a token.", NAME);
    }
    let hash = hash(&mut entry, working_directory);
    let expires = entry.text("expires").map(|text| {
        let read = instant(&text);
        if read.is_none() {
            entry.complain(
                "expires",
                "Is no instant.",
                Some("a date such as 2027-01-31, or an instant such as 2027-01-31T12:00:00Z"),
            );
        }
        read
    });
    let claims = entry.object("claims").unwrap_or_default();
    if let Some(hash) = hash
        && let Some(other) = seen.insert(hash.to_string(), name.to_owned())
    {
        entry.complain_of_all(
            format!("Is the same token as that of {other}."),
            "a token for each name",
        );
    }
    entry.finish();
    // An expiry that cannot be read must not become none.
    let expires = match expires {
        None => None,
        Some(read) => Some(read?),
    };
    Some(StaticToken::new(name, hash?, expires, claims))
}

/// The hash as it stands there, or of the token that a variable or a file holds.
fn hash(entry: &mut Section<'_>, working_directory: &Path) -> Option<TokenHash> {
    let given = entry.text("hash");
    let token = entry.interpolated("token");
    let file = entry.text("tokenFile");
    match (given, token, file) {
        (Some(text), None, None) => {
            let hash = TokenHash::parse(&text);
            if hash.is_none() {
                entry.complain(
                    "hash",
                    "Is not the hash of a token.",
                    Some(TokenHash::EXPECTED),
                );
            }
            hash
        }
        (None, Some(token), None) => {
            if token.variable.is_none() {
                entry.complain(
                    "token",
                    "Stands in the file as it is, where others can read it.",
                    Some("`hash` instead, or a variable such as `${CI_TOKEN}`"),
                );
                return None;
            }
            strong(entry, "token", &SecretString::from(token.text))
        }
        (None, None, Some(file)) => {
            let path = working_directory.join(file);
            match read_token(&path) {
                Ok(token) => strong(entry, "tokenFile", &token),
                Err(reason) => {
                    entry.complain("tokenFile", format!("Cannot be read: {reason}."), None);
                    None
                }
            }
        }
        (None, None, None) => {
            entry.complain_of_all(
                "Has no token.",
                "`hash`, or `token` or `tokenFile` where the token itself is kept",
            );
            None
        }
        _ => {
            entry.complain_of_all(
                "Gives its token in more than one way.",
                "one of `hash`, `token` and `tokenFile`",
            );
            None
        }
    }
}

fn strong(entry: &mut Section<'_>, key: &'static str, token: &SecretString) -> Option<TokenHash> {
    if let Some(expected) = too_weak(token) {
        entry.complain(key, "Could be guessed.", Some(expected));
        return None;
    }
    Some(TokenHash::of(token.expose_secret()))
}

fn read_token(path: &Path) -> Result<SecretString, String> {
    let mut text = String::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(LONGEST_TOKEN_FILE).read_to_string(&mut text))
        .map_err(|error| error.kind().to_string())?;
    Ok(SecretString::from(text.trim_end_matches(['\r', '\n'])))
}

/// A date is its first moment, in UTC.
fn instant(text: &str) -> Option<SystemTime> {
    let whole = if text.len() == "2027-01-31".len() {
        format!("{text}T00:00:00Z")
    } else {
        text.to_owned()
    };
    humantime::parse_rfc3339(&whole).ok()
}

/// As a file would have it, to the second.
pub(crate) fn shown(instant: SystemTime) -> String {
    let seconds = instant
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let whole = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    humantime::format_rfc3339_seconds(whole).to_string()
}
