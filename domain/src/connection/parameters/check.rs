//! One given value against the kind of its parameter.

use std::path::PathBuf;

use super::{
    given::{Given, GivenValue},
    parameter::{Kind, Parameter, whole_number},
    refuse::KEPT_SECRET,
};
use crate::{
    connection::{
        config::{Secret, TlsMode},
        engine::EngineFacts,
        mistake::Mistake,
        row_security::RowSecurity,
    },
    masking::MaskRules,
    nearest::nearest,
};

/// A value that its parameter can hold.
#[derive(Debug, Clone)]
pub(super) enum Checked {
    Engine(EngineFacts),
    Text(String),
    Secret(Secret),
    Path(PathBuf),
    Boolean(bool),
    TlsMode(TlsMode),
    Whole(u64),
    Columns(MaskRules),
}

/// The longest word that is repeated in a message; what is longer was hardly meant as a word.
const LONGEST_ECHO: usize = 24;

/// `true`, `yes`, `on`, `1` and their opposites, in any letter case.
pub fn boolean(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// A mistake at the place of a value; for a part of a URL it says which.
pub(super) fn mistake_at(given: &Given, message: impl AsRef<str>) -> Mistake {
    let message = message.as_ref();
    match &given.part {
        None => Mistake::new(&given.key, message),
        Some(part) => {
            let mut characters = message.chars();
            let first = characters
                .next()
                .map(|first| first.to_lowercase().to_string());
            Mistake::new(
                &given.key,
                format!(
                    "Its `{part}` {}{}",
                    first.unwrap_or_default(),
                    characters.as_str()
                ),
            )
        }
    }
}

pub(super) fn check(given: &Given, engines: &[EngineFacts]) -> Result<Checked, Mistake> {
    let kind = given.parameter.facts().kind;
    match kind {
        Kind::Engine => engine(given, engines).map(Checked::Engine),
        Kind::Whole { min, max, .. } => whole(given, min, max).map(Checked::Whole),
        Kind::Boolean => truth(given).map(Checked::Boolean),
        Kind::TlsMode => tls_mode(given).map(Checked::TlsMode),
        Kind::Path => path(given).map(|text| Checked::Path(PathBuf::from(text))),
        Kind::Host => host(given).map(Checked::Text),
        Kind::Columns => columns(given).map(Checked::Columns),
        Kind::Text => name(given).map(Checked::Text),
        Kind::TimeZone => time_zone(given).map(Checked::Text),
        Kind::RowSecurity => mapping(given).map(Checked::Text),
        Kind::Secret | Kind::Url => secret(given).map(|text| Checked::Secret(text.into())),
    }
}

fn wrong_type(given: &Given) -> Mistake {
    mistake_at(given, format!("Is {}.", given.value.type_name()))
        .expected(given.parameter.facts().kind.expectation())
}

fn unfit(given: &Given, message: impl AsRef<str>) -> Mistake {
    mistake_at(given, message).expected(given.parameter.facts().kind.expectation())
}

/// A short plain word may be repeated; anything else could be a secret in the wrong place.
fn echo(text: &str) -> String {
    let plain = text.len() <= LONGEST_ECHO
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    if plain {
        format!("`{text}`")
    } else {
        "The given text".to_owned()
    }
}

fn columns(given: &Given) -> Result<MaskRules, Mistake> {
    let text = given.value.as_text().ok_or_else(|| wrong_type(given))?;
    MaskRules::parse(text).map_err(|why| unfit(given, why))
}

fn engine(given: &Given, engines: &[EngineFacts]) -> Result<EngineFacts, Mistake> {
    let text = given.value.as_text().ok_or_else(|| wrong_type(given))?;
    let word = text.trim().to_ascii_lowercase();
    if let Some(engine) = engines
        .iter()
        .find(|engine| engine.words.contains(&word.as_str()))
    {
        return Ok(*engine);
    }
    let words = engines
        .iter()
        .flat_map(|engine| engine.words.iter().copied());
    let known: Vec<&str> = words.clone().collect();
    let mistake = mistake_at(given, format!("{} is not a known engine.", echo(text)))
        .expected(format!("one of {}", known.join(", ")))
        .did_you_mean(nearest(&word, words));
    Err(if text.contains("://") {
        mistake_at(given, "Is a URL.")
            .expected("the name of an engine; a URL belongs into the parameter URL")
    } else {
        mistake
    })
}

fn whole(given: &Given, min: u64, max: u64) -> Result<u64, Mistake> {
    let number = match &given.value {
        GivenValue::Bool(_) => return Err(wrong_type(given)),
        // A number such as 5432.0 is whole, but writing it so was hardly meant.
        GivenValue::Number(number) => number.as_u64().ok_or_else(|| {
            unfit(
                given,
                if number.is_i64() {
                    "Is negative."
                } else {
                    "Is not a whole number."
                },
            )
        })?,
        GivenValue::Text(_) => {
            let text = given.value.as_text().unwrap_or_default().trim();
            text.parse::<u64>().map_err(|error| {
                let negative = text
                    .strip_prefix('-')
                    .is_some_and(|rest| rest.parse::<u64>().is_ok());
                unfit(
                    given,
                    match error.kind() {
                        std::num::IntErrorKind::PosOverflow => "Is too large.",
                        _ if negative => "Is negative.",
                        _ => "Is not a whole number.",
                    },
                )
            })?
        }
    };
    if number < min || number > max {
        return Err(unfit(
            given,
            format!("{} is out of range.", whole_number(number)),
        ));
    }
    Ok(number)
}

fn truth(given: &Given) -> Result<bool, Mistake> {
    let read = match &given.value {
        GivenValue::Bool(value) => Some(*value),
        GivenValue::Number(number) => boolean(&number.to_string()),
        GivenValue::Text(_) => given.value.as_text().and_then(boolean),
    };
    read.ok_or_else(|| {
        let mode = given.value.as_text().and_then(|text| mode_of(text.trim()));
        let mistake = unfit(given, "Is neither true nor false.");
        match (given.parameter, mode) {
            (Parameter::Ssl, Some(mode)) => mistake.did_you_mean(Some(format!(
                "{}={}",
                Parameter::SslMode.facts().word,
                mode.as_str()
            ))),
            _ => mistake,
        }
    })
}

fn mode_of(text: &str) -> Option<TlsMode> {
    TlsMode::WORDS
        .iter()
        .find(|(word, _)| *word == text)
        .map(|(_, mode)| *mode)
}

fn tls_mode(given: &Given) -> Result<TlsMode, Mistake> {
    let text = given.value.as_text().ok_or_else(|| wrong_type(given))?;
    let word = text.trim().to_ascii_lowercase();
    if let Some(mode) = mode_of(&word) {
        return Ok(mode);
    }
    // What MySQL, JDBC and libpq call the same, and truth values.
    let meant = match word.replace('_', "-").as_str() {
        "disabled" | "false" | "off" | "no" => Some(TlsMode::Disable),
        "preferred" | "allow" => Some(TlsMode::Prefer),
        "required" | "true" | "on" | "yes" => Some(TlsMode::Require),
        "verify-identity" | "verify-full" => Some(TlsMode::VerifyFull),
        "verify-ca" => Some(TlsMode::VerifyCa),
        _ => None,
    };
    let word = meant
        .map(TlsMode::as_str)
        .or_else(|| nearest(&word, TlsMode::WORDS.map(|(word, _)| word)));
    Err(unfit(
        given,
        format!("{} is not a mode of protection.", echo(text)),
    )
    .did_you_mean(word))
}

/// Text without control characters: none belongs into a name, and in a file one usually began as a Windows path.
fn plain_text(given: &Given) -> Result<String, Mistake> {
    let text = given.value.as_text().ok_or_else(|| wrong_type(given))?;
    if text.chars().any(char::is_control) {
        return Err(mistake_at(given, "Holds a control character.").expected(
            "text without them; in JSON and in quoted TOML a backslash is written twice",
        ));
    }
    Ok(text.to_owned())
}

/// JSON, which may have several lines.
fn mapping(given: &Given) -> Result<String, Mistake> {
    let text = given.value.as_text().ok_or_else(|| wrong_type(given))?;
    RowSecurity::parse(text, "").map_err(|wrong| unfit(given, wrong))?;
    Ok(text.to_owned())
}

fn path(given: &Given) -> Result<String, Mistake> {
    plain_text(given)
}

fn name(given: &Given) -> Result<String, Mistake> {
    let text = plain_text(given)?;
    if given.parameter == Parameter::Name && given.part.is_none() {
        if text.contains("://") || text.starts_with("sqlite:") {
            return Err(mistake_at(given, "Is a URL.")
                .expected("the name of a database or the path of a file; a URL belongs into the parameter URL"));
        }
        if text.starts_with("file:") {
            return Err(
                mistake_at(given, "Is a `file:` address.").expected("the plain path of the file")
            );
        }
    }
    Ok(text)
}

fn time_zone(given: &Given) -> Result<String, Mistake> {
    let text = plain_text(given)?;
    let plain = text.len() <= 64
        && text.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'+' | b'-' | b':')
        });
    if plain {
        Ok(text)
    } else {
        Err(unfit(given, "Is not the name of a time zone."))
    }
}

/// The value is never repeated: people put whole URLs here, with their passwords.
fn host(given: &Given) -> Result<String, Mistake> {
    let text = plain_text(given)?;
    if text.starts_with('/') {
        return Ok(text);
    }
    if text.contains("://") || text.contains('@') {
        return Err(
            unfit(given, "Is more than a host.").did_you_mean(Some(format!(
                "the parameter {}",
                Parameter::Url.facts().word
            ))),
        );
    }
    if text.contains(',') {
        return Err(mistake_at(given, "Lists several hosts.").expected("one host"));
    }
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(&text);
    if bare.contains(':') {
        let address = bare.split_once('%').map_or(bare, |(address, _)| address);
        if address.parse::<std::net::Ipv6Addr>().is_ok() {
            return Ok(bare.to_owned());
        }
        return Err(unfit(given, "Is neither a host name nor an IPv6 address.")
            .expected("a host name alone; the port is the parameter PORT"));
    }
    if bare.chars().any(|character| {
        character.is_whitespace() || matches!(character, '/' | '\\' | '?' | '#' | '[' | ']')
    }) {
        return Err(unfit(given, "Holds a character that no host name has."));
    }
    Ok(bare.to_owned())
}

fn secret(given: &Given) -> Result<String, Mistake> {
    let text = given.value.as_text().ok_or_else(|| {
        let mistake = wrong_type(given);
        match given.value {
            GivenValue::Number(_) => mistake.expected("text in quotes"),
            _ => mistake,
        }
    })?;
    if text.contains('\0') {
        return Err(mistake_at(given, "Holds a NUL character."));
    }
    if given.parameter == Parameter::Password && text == KEPT_SECRET {
        return Err(mistake_at(
            given,
            "`***` only stands for a password; an export does not hold it.",
        )
        .expected("the password itself"));
    }
    Ok(text.to_owned())
}
