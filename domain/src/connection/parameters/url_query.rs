//! The words after a URL's question mark: those of libpq and MySQL's clients, and our own.

use super::parameter::Parameter;
use crate::{connection::config::TlsMode, nearest::nearest};

/// What a word does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Parameter(Parameter),
    /// Given in seconds, held in milliseconds.
    Seconds(Parameter),
    /// A mode of protection, also in the words of MySQL.
    TlsMode,
    /// How a file is opened.
    FileMode,
    /// Known and without effect, with the reason.
    Ignored(&'static str),
}

const WORDS: &[(&str, Meaning)] = &[
    ("sslmode", Meaning::TlsMode),
    ("ssl_mode", Meaning::TlsMode),
    ("sslrootcert", Meaning::Parameter(Parameter::SslCa)),
    ("sslca", Meaning::Parameter(Parameter::SslCa)),
    ("sslcert", Meaning::Parameter(Parameter::SslCert)),
    ("sslkey", Meaning::Parameter(Parameter::SslKey)),
    ("usessl", Meaning::Parameter(Parameter::Ssl)),
    ("socket", Meaning::Parameter(Parameter::Host)),
    ("dbname", Meaning::Parameter(Parameter::Name)),
    (
        "connect_timeout",
        Meaning::Seconds(Parameter::ConnectionTimeout),
    ),
    ("mode", Meaning::FileMode),
    (
        "application_name",
        Meaning::Ignored("Portolan gives its own name"),
    ),
    (
        "fallback_application_name",
        Meaning::Ignored("Portolan gives its own name"),
    ),
    (
        "charset",
        Meaning::Ignored("text is always exchanged as UTF-8"),
    ),
    (
        "client_encoding",
        Meaning::Ignored("text is always exchanged as UTF-8"),
    ),
];

/// For an expectation.
pub(super) const EXAMPLES: &str =
    "sslmode, sslrootcert, sslcert, sslkey, host, connect_timeout, schema, maxRows, readOnly";

/// What the word does; `None` for an unknown one. Letter case and `-` for `_` do not count.
pub(super) fn meaning(word: &str) -> Option<Meaning> {
    let lower = word.to_ascii_lowercase().replace('-', "_");
    if let Some((_, meaning)) = WORDS.iter().find(|(known, _)| *known == lower) {
        return Some(*meaning);
    }
    let parameter = Parameter::from_key(word).or_else(|| Parameter::from_key(&lower))?;
    // The scheme and the URL itself have been given already.
    (!matches!(parameter, Parameter::Type | Parameter::Url))
        .then_some(Meaning::Parameter(parameter))
}

pub(super) fn nearest_word(word: &str) -> Option<&'static str> {
    let known = WORDS.iter().map(|(known, _)| *known);
    nearest(&word.replace('-', "_"), known).or_else(|| {
        Parameter::nearest(word)
            .filter(|parameter| !matches!(parameter, Parameter::Type | Parameter::Url))
            .map(|parameter| parameter.facts().key)
    })
}

/// The mode that a word of MySQL's clients means.
pub(super) fn tls_mode(word: &str) -> Option<TlsMode> {
    match word.to_ascii_lowercase().replace('_', "-").as_str() {
        "disabled" => Some(TlsMode::Disable),
        "preferred" => Some(TlsMode::Prefer),
        "required" => Some(TlsMode::Require),
        "verify-ca" => Some(TlsMode::VerifyCa),
        "verify-identity" => Some(TlsMode::VerifyFull),
        _ => None,
    }
}

/// Whether this can be the query of a URL at all, rather than the end of a password with a question mark in it.
pub(super) fn is_plausible(query: &str) -> bool {
    words(query).all(|word| {
        word.is_some_and(|word| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
        })
    })
}

/// Whether every word of it is one of ours.
pub(super) fn is_known(query: &str) -> bool {
    words(query).all(|word| word.is_some_and(|word| meaning(word).is_some()))
}

fn words(query: &str) -> impl Iterator<Item = Option<&str>> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').map(|(word, _)| word))
}
