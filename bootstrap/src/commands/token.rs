//! `portolan token new`: makes a bearer token, and the entry that lets its holder in.

use std::time::{Duration, SystemTime};

use adapters::inbound::http::identity::{TokenHash, new_token};
use domain::connection::Mistake;
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};

use crate::{
    cli::NewTokenArguments,
    configuration::{is_principal_name, shown_instant},
};

/// What is printed: the token, which nobody can find out again, and the entry.
pub fn new(arguments: &NewTokenArguments, now: SystemTime) -> Result<String, Vec<Mistake>> {
    let mut mistakes = Vec::new();
    let name = &arguments.name;
    if !is_principal_name(name) {
        mistakes.push(
            Mistake::new("--name", "Is not the name of a token.")
                .expected("1 to 64 letters, digits and the characters . _ - @"),
        );
    }
    let expires = arguments.expires.as_deref().and_then(|text| {
        let expires = humantime::parse_duration(text)
            .ok()
            .filter(|left| *left >= Duration::from_secs(1))
            .and_then(|left| now.checked_add(left))
            .map(shown_instant);
        if expires.is_none() {
            mistakes.push(Mistake::new("--expires", "Is no time.").expected("such as 90d or 12h"));
        }
        expires
    });
    let mut claims = Map::new();
    for claim in &arguments.claims {
        match claim.split_once('=') {
            Some((key, value)) if !key.is_empty() => {
                claims.insert(key.to_owned(), Value::from(value));
            }
            _ => mistakes
                .push(Mistake::new("--claim", "Is no claim.").expected("such as team=billing")),
        }
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let token = new_token().ok_or_else(|| {
        vec![Mistake::new(
            "token",
            "The system gave no randomness to make one of.",
        )]
    })?;
    let token = token.expose_secret();
    let hash = TokenHash::of(token).to_string();
    Ok(if arguments.json {
        let mut entry = Map::from_iter([("hash".to_owned(), json!(hash))]);
        if let Some(expires) = expires {
            entry.insert("expires".to_owned(), json!(expires));
        }
        if !claims.is_empty() {
            entry.insert("claims".to_owned(), Value::Object(claims));
        }
        let file = json!({"identity": {"tokens": {name.as_str(): entry}}});
        format!("{:#}\n", json!({"token": token, "file": file}))
    } else {
        let mut lines = vec![
            format!("[identity.tokens.{}]", toml_key(name)),
            format!("hash = \"{hash}\""),
        ];
        lines.extend(expires.map(|expires| format!("expires = \"{expires}\"")));
        // JSON's quotes are TOML's too.
        let claims = claims.into_iter();
        lines.extend(claims.map(|(key, value)| format!("claims.{} = {value}", Value::from(key))));
        format!(
            "{token}\n\nThis is the only time that the token is shown. The server knows it by this entry of its \
             configuration file:\n\n{}\n",
            lines.join("\n")
        )
    })
}

/// Bare keys have no dots and no `@`.
fn toml_key(name: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if name.chars().all(is_bare) {
        name.to_owned()
    } else {
        format!("\"{name}\"")
    }
}
