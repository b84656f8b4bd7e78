//! A database URL, taken apart into parameters.
//!
//! People paste passwords into URLs as they are, so this reads more than the standard allows, and only what can be
//! read in one way: what the standard reads goes first; then the one `@` after which a host, a port and a database
//! can stand ends the password. Where there are two such, that is a mistake and the hint is to encode.
//! No message repeats any of the URL but words that it shares with every other.

use super::{
    given::{Given, GivenValue},
    parameter::Parameter,
    percent::{Undecodable, decode},
    url_query::{self, Meaning},
};
use crate::{
    connection::{
        config::TlsMode,
        engine::{Addressing, EngineFacts},
        mistake::Mistake,
    },
    nearest::nearest,
};

const SHAPE: &str = "scheme://user:password@host:port/database";
const ENCODE: &str = "those of @ : / ? # [ ] % that belong to the user or the password percent-encoded, such as %40 for @";
/// What an encoder would not have left in a user or a password.
const RESERVED: [char; 5] = ['@', '/', '?', '#', ' '];

/// What a URL says.
#[derive(Debug, Default)]
pub(super) struct UrlReading {
    pub(super) parts: Vec<Given>,
    pub(super) mistakes: Vec<Mistake>,
    /// What was read and has no effect.
    pub(super) notes: Vec<String>,
}

/// A server's URL, split but not decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Split<'a> {
    userinfo: Option<&'a str>,
    tail: Tail<'a>,
}

/// Everything after the `@`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tail<'a> {
    host: &'a str,
    port: &'a str,
    path: &'a str,
    query: Option<&'a str>,
}

pub(super) fn read_url(url: &Given, engines: &[EngineFacts]) -> UrlReading {
    let mut reading = UrlReading::default();
    let Some(text) = url.value.as_text().map(str::trim) else {
        reading.mistakes.push(
            Mistake::new(&url.key, format!("Is {}.", url.value.type_name()))
                .expected(Parameter::Url.facts().kind.expectation()),
        );
        return reading;
    };
    match engine_of(url, text, engines) {
        Err(mistake) => reading.mistakes.push(mistake),
        Ok((engine, rest)) => {
            reading.give(url, Parameter::Type, "scheme", engine.name.to_owned());
            match engine.addressing {
                Addressing::File => reading.read_file(url, rest),
                Addressing::Server { .. } => reading.read_server(url, rest),
            }
        }
    }
    reading
}

/// The engine of the scheme, and what follows the colon.
fn engine_of<'a>(
    url: &Given,
    text: &'a str,
    engines: &[EngineFacts],
) -> Result<(EngineFacts, &'a str), Mistake> {
    let expectation = || Parameter::Url.facts().kind.expectation();
    let Some((scheme, rest)) = text.split_once(':').filter(|(scheme, _)| is_scheme(scheme)) else {
        return Err(Mistake::new(&url.key, "Is not a URL.").expected(expectation()));
    };
    let lower = scheme.to_ascii_lowercase();
    if let Some(engine) = engines
        .iter()
        .find(|engine| engine.words.contains(&lower.as_str()))
    {
        return Ok((*engine, rest));
    }
    if scheme.len() == 1 {
        return Err(Mistake::new(&url.key, "Is a path, not a URL.")
            .expected("`sqlite:` before the path of a database file"));
    }
    let words = || {
        engines
            .iter()
            .flat_map(|engine| engine.words.iter().copied())
    };
    // `jdbc:postgresql://`, `postgresql+asyncpg://`: the words of other programs for the same.
    let core = lower.split('+').next().unwrap_or_default();
    let inner = rest.split(':').next().unwrap_or_default();
    let meant = if lower == "jdbc" {
        words().find(|word| *word == inner)
    } else {
        words()
            .find(|word| *word == core)
            .or_else(|| nearest(&lower, words()))
    };
    // Without the slashes the first word may be anything, even a secret.
    let message = if rest.starts_with("//") || meant.is_some() {
        format!("`{lower}` is not the scheme of a known engine.")
    } else {
        "Does not begin with the scheme of a known engine.".to_owned()
    };
    let known: Vec<String> = words().map(|word| format!("{word}:")).collect();
    Err(Mistake::new(&url.key, message)
        .expected(format!("one of {}", known.join(" ")))
        .did_you_mean(meant.map(|word| format!("{word}:"))))
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

impl UrlReading {
    fn give(&mut self, url: &Given, parameter: Parameter, part: &str, text: String) {
        self.parts.push(Given {
            parameter,
            value: GivenValue::text(text),
            key: url.key.clone(),
            variable: None,
            part: Some(part.to_owned()),
        });
    }

    /// Decodes and gives a part that is not empty.
    fn give_decoded(
        &mut self,
        url: &Given,
        parameter: Parameter,
        part: &str,
        text: &str,
        reserved: &[char],
    ) {
        match decode(text, reserved) {
            Ok(text) if text.is_empty() => {}
            Ok(text) => self.give(url, parameter, part, text),
            Err(undecodable) => self.mistakes.push(undecodable_part(url, part, undecodable)),
        }
    }

    fn read_server(&mut self, url: &Given, rest: &str) {
        let Some(rest) = rest.strip_prefix("//") else {
            self.mistakes
                .push(Mistake::new(&url.key, "Lacks the `//` after its scheme.").expected(SHAPE));
            return;
        };
        let Split { userinfo, tail } = match split(rest) {
            Ok(split) => split,
            Err((message, expected)) => {
                self.mistakes
                    .push(Mistake::new(&url.key, message).expected(expected));
                return;
            }
        };
        if let Some(userinfo) = userinfo {
            let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
            self.give_decoded(url, Parameter::User, "user", user, &[]);
            self.give_decoded(url, Parameter::Password, "password", password, &RESERVED);
        }
        if tail.host.contains(',') {
            self.mistakes
                .push(Mistake::new(&url.key, "Lists several hosts.").expected("one host"));
        } else {
            self.give_decoded(url, Parameter::Host, "host", tail.host, &[]);
        }
        self.give_decoded(url, Parameter::Port, "port", tail.port, &[]);
        self.give_decoded(url, Parameter::Name, "database", tail.path, &[]);
        if let Some(query) = tail.query {
            self.read_query(url, query, false);
        }
    }

    /// The path of a database file, in the forms that are in use: `sqlite:shop.db`, `sqlite://shop.db`,
    /// `sqlite:/srv/shop.db`, `sqlite:///srv/shop.db`, `sqlite:///C:/data/shop.db`, `sqlite:C:\data\shop.db`,
    /// `sqlite::memory:`.
    fn read_file(&mut self, url: &Given, rest: &str) {
        let (path, query) = match rest.rsplit_once('?') {
            Some((path, query)) if url_query::is_plausible(query) => (path, Some(query)),
            _ => (rest, None),
        };
        if path.strip_prefix("//").is_some_and(has_password) {
            // As a path it would be shown, password and all.
            self.mistakes.push(
                Mistake::new(
                    &url.key,
                    "Gives a user and a password, which a file does not have.",
                )
                .expected("sqlite: and a path"),
            );
            return;
        }
        let path = path.strip_prefix("//").unwrap_or(path);
        // Some programs want a fourth slash before a path from the root.
        let path = if path.starts_with("//") {
            path.get(1..).unwrap_or(path)
        } else {
            path
        };
        // A drive or `:memory:` after the third slash is no folder of the root.
        let path = match path.strip_prefix('/') {
            Some(bare) if is_drive(bare) || bare == ":memory:" => bare,
            _ => path,
        };
        if path.is_empty() {
            self.mistakes.push(
                Mistake::new(&url.key, "Names no file.")
                    .expected("sqlite: and a path, or sqlite::memory:"),
            );
        } else if path.contains('\\') {
            // A raw Windows path: nobody encodes one and leaves the backslashes.
            self.give(url, Parameter::Name, "path", path.to_owned());
        } else {
            self.give_decoded(url, Parameter::Name, "path", path, &[]);
        }
        if let Some(query) = query {
            self.read_query(url, query, true);
        }
    }

    fn read_query(&mut self, url: &Given, query: &str, of_file: bool) {
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (word, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = match decode(value, &[]) {
                Ok(value) => value,
                Err(undecodable) => {
                    self.mistakes.push(undecodable_part(url, word, undecodable));
                    continue;
                }
            };
            match url_query::meaning(word).filter(|meaning| of_file || *meaning != Meaning::FileMode) {
                Some(Meaning::Parameter(parameter)) => self.give_once(url, parameter, word, value),
                Some(Meaning::Seconds(parameter)) => match value.parse::<u64>() {
                    Ok(seconds) => {
                        let milliseconds = seconds.saturating_mul(1_000);
                        self.give_once(url, parameter, word, milliseconds.to_string());
                    }
                    Err(_) => self.mistakes.push(
                        Mistake::new(&url.key, format!("Its `{word}` is not a whole number."))
                            .expected("a whole number of seconds"),
                    ),
                },
                Some(Meaning::TlsMode) => {
                    let word_of_ours = url_query::tls_mode(&value).map(TlsMode::as_str);
                    let value = word_of_ours.map_or(value, str::to_owned);
                    self.give_once(url, Parameter::SslMode, word, value);
                }
                Some(Meaning::FileMode) => match value.as_str() {
                    "ro" => self.give_once(url, Parameter::ReadOnly, word, "true".to_owned()),
                    "rw" => self.give_once(url, Parameter::ReadOnly, word, "false".to_owned()),
                    _ => self.mistakes.push(
                        Mistake::new(&url.key, format!("Its `{word}` is not one that is supported; files are never created."))
                            .expected("ro or rw"),
                    ),
                },
                Some(Meaning::Ignored(why)) => {
                    self.notes.push(format!("{}: `{word}` in the URL has no effect: {why}.", url.key));
                }
                None => self.mistakes.push(unknown(url, word)),
            }
        }
    }

    fn give_once(&mut self, url: &Given, parameter: Parameter, word: &str, value: String) {
        if let Some(other) = self.parts.iter().find(|part| part.parameter == parameter) {
            let other = other.part.clone().unwrap_or_default();
            self.mistakes.push(Mistake::new(
                &url.key,
                format!("Gives its {other} twice; `{word}` says it again."),
            ));
        } else if !value.is_empty() {
            self.give(url, parameter, word, value);
        }
    }
}

fn unknown(url: &Given, word: &str) -> Mistake {
    // Where the question mark belongs to a password, the word is a piece of it: it is only repeated if it is near
    // a known one.
    match url_query::nearest_word(word) {
        Some(meant) => Mistake::new(
            &url.key,
            format!("Its `{word}` after the question mark is not known."),
        )
        .did_you_mean(Some(meant)),
        None => Mistake::new(&url.key, "Has an unknown word after the question mark.")
            .expected(format!("words such as {}", url_query::EXAMPLES)),
    }
}

fn undecodable_part(url: &Given, part: &str, why: Undecodable) -> Mistake {
    match why {
        Undecodable::Ambiguous => Mistake::new(
            &url.key,
            format!("Its {part} is percent-encoded in one place and not in another, so it can be read in two ways."),
        )
        .expected("every @ / ? # % and space in it percent-encoded, such as %25 for %"),
        Undecodable::NotUtf8 => {
            Mistake::new(&url.key, format!("Its {part} is not valid UTF-8 once decoded."))
                .expected("percent-encoded UTF-8, or %25 for a percent sign")
        }
    }
}

/// Whether the first part of a path looks like `user:password@host`.
fn has_password(path: &str) -> bool {
    let first = path.split('/').next().unwrap_or_default();
    !is_drive(path)
        && first
            .rsplit_once('@')
            .is_some_and(|(userinfo, _)| userinfo.contains(':'))
}

fn is_drive(text: &str) -> bool {
    let mut characters = text.chars();
    characters
        .next()
        .is_some_and(|letter| letter.is_ascii_alphabetic())
        && characters.next() == Some(':')
        && matches!(characters.next(), Some('/' | '\\'))
}

/// Splits what follows the `//`. The error is a message and what was expected.
fn split(rest: &str) -> Result<Split<'_>, (&'static str, &'static str)> {
    // First as the standard does: the authority ends at the first of / ? #, the user at its last @.
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let at = rest.get(..end).and_then(|authority| authority.rfind('@'));
    let standard = cut(rest, at);
    if let Some(split) = standard
        && split.tail.query.is_none_or(url_query::is_known)
    {
        return Ok(split);
    }
    let candidates: Vec<Split<'_>> = rest
        .match_indices('@')
        .filter_map(|(at, _)| cut(rest, Some(at)))
        .chain(standard.filter(|split| split.userinfo.is_none()))
        .collect();
    match candidates.as_slice() {
        [only] => Ok(*only),
        [] => Err(why_unreadable(rest, at, end)),
        _ => Err((
            "Can be read in more than one way, because of an `@`.",
            ENCODE,
        )),
    }
}

fn cut(rest: &str, at: Option<usize>) -> Option<Split<'_>> {
    let (userinfo, tail) = match at {
        None => (None, rest),
        Some(at) => (Some(rest.get(..at)?), rest.get(at + 1..)?),
    };
    Some(Split {
        userinfo,
        tail: Tail::read(tail)?,
    })
}

impl<'a> Tail<'a> {
    /// `None` for what cannot be the end of a URL.
    fn read(text: &'a str) -> Option<Self> {
        if text.contains('#') {
            return None;
        }
        let (text, query) = match text.split_once('?') {
            Some((text, query)) => (text, Some(query)),
            None => (text, None),
        };
        let (authority, path) = text.split_once('/').unwrap_or((text, ""));
        if path.contains(['@', '/']) || query.is_some_and(|query| !url_query::is_plausible(query)) {
            return None;
        }
        let (host, port) = if authority.starts_with('[') {
            let end = authority.find(']')?;
            let after = authority.get(end + 1..)?;
            let port = if after.is_empty() {
                ""
            } else {
                after.strip_prefix(':')?
            };
            (authority.get(..=end)?, port)
        } else if authority.contains(',') {
            (authority, "")
        } else {
            authority.rsplit_once(':').unwrap_or((authority, ""))
        };
        let plain = |character: char| {
            character.is_alphanumeric() || matches!(character, '.' | '-' | '_' | '%')
        };
        let host_fits = host.starts_with('[')
            || host.chars().all(|character| {
                plain(character) || (host.contains(',') && ":,".contains(character))
            });
        let port_fits = port.bytes().all(|byte| byte.is_ascii_digit());
        (host_fits && port_fits).then_some(Self {
            host,
            port,
            path,
            query,
        })
    }
}

/// The likeliest reason that no reading fits, judged by the standard's split.
fn why_unreadable(rest: &str, at: Option<usize>, end: usize) -> (&'static str, &'static str) {
    let authority = rest.get(at.map_or(0, |at| at + 1)..end).unwrap_or_default();
    let path = rest.get(end..).unwrap_or_default();
    if authority.matches(':').count() > 1 && !authority.starts_with('[') {
        return (
            "Has an IPv6 address without brackets.",
            "scheme://user:password@[::1]:port/database",
        );
    }
    if path.contains('#') {
        return ("Has a `#` that is not encoded.", ENCODE);
    }
    if path
        .split('?')
        .next()
        .is_some_and(|path| path.trim_start_matches('/').contains('/'))
    {
        return ("Has more than a database after its host.", SHAPE);
    }
    if authority
        .rsplit_once(':')
        .is_some_and(|(_, port)| !port.bytes().all(|byte| byte.is_ascii_digit()))
    {
        return ("Has a port that is not a number.", SHAPE);
    }
    ("Cannot be read.", SHAPE)
}
