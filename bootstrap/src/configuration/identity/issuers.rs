//! Issuers that are trusted: `identity.issuers`.

use std::{collections::BTreeMap, time::Duration};

use adapters::{
    inbound::http::identity::{
        ALGORITHMS, IssuerOptions, KeyOptions, RequiredClaim, is_issuer_url,
    },
    web::Authorities,
};
use domain::nearest::nearest;
use serde_json::Value;

use super::{
    section::Surroundings,
    tokens::{NAME, is_name},
};
use crate::configuration::section::Section;

const URL: &str = "a URL that begins with https://, or with http:// on this machine, without query";
/// What an authority's certificates take at most.
const LONGEST_CA: u64 = 1 << 20;

pub(super) fn issuer(
    name: &str,
    mut entry: Section<'_>,
    around: Surroundings<'_>,
    seen: &mut BTreeMap<String, String>,
) -> Option<IssuerOptions> {
    if !is_name(name) {
        entry.complain_of_all("Is not the name of an issuer.", NAME);
    }
    let url = url(&mut entry, "issuer");
    if url.is_none() && !entry.has("issuer") {
        entry.complain("issuer", "Is missing.", Some(URL));
    }
    if let Some(url) = &url
        && let Some(other) = seen.insert(url.clone(), name.to_owned())
    {
        entry.complain("issuer", format!("Is that of {other} too."), None);
    }
    let audiences = entry
        .texts("audience")
        .or_else(|| Some(vec![around.public_url?.to_owned()]))
        .unwrap_or_default();
    if audiences.iter().all(String::is_empty) {
        entry.complain(
            "audience",
            "Is missing, so tokens for any other server would do here.",
            Some("what tokens for this server are issued for, or MCP_PUBLIC_URL"),
        );
    }
    let defaults = KeyOptions::default();
    let options = IssuerOptions {
        name: name.to_owned(),
        url: url.clone().unwrap_or_default(),
        audiences,
        algorithms: algorithms(&mut entry),
        principal: entry.text("principal").unwrap_or_else(|| "sub".to_owned()),
        required: required(&mut entry),
        scopes: scopes(&mut entry),
        clock_skew: entry
            .number("clockSkewSecs", 0..=300, "seconds")
            .map_or(Duration::from_mins(1), Duration::from_secs),
        keys: KeyOptions {
            url: self::url(&mut entry, "keysUrl"),
            authorities: authorities(&mut entry, around).unwrap_or_default(),
            timeout: entry
                .milliseconds("timeoutMs", 100..=60_000)
                .unwrap_or(defaults.timeout),
            refresh: entry
                .milliseconds("keysRefreshMs", 1_000..=86_400_000)
                .unwrap_or(defaults.refresh),
            pause: entry
                .milliseconds("keysPauseMs", 100..=3_600_000)
                .unwrap_or(defaults.pause),
            max_age: entry
                .milliseconds("keysMaxAgeMs", 1_000..=604_800_000)
                .unwrap_or(defaults.max_age),
        },
    };
    entry.finish();
    url.map(|_| options)
}

fn url(entry: &mut Section<'_>, key: &'static str) -> Option<String> {
    let url = entry.text(key)?;
    if is_issuer_url(&url) {
        return Some(url);
    }
    entry.complain(key, "Is not where an issuer can be asked.", Some(URL));
    None
}

fn algorithms(entry: &mut Section<'_>) -> Vec<&'static str> {
    let Some(given) = entry.texts("algorithms") else {
        return ALGORITHMS.to_vec();
    };
    let mut known = Vec::new();
    for word in given {
        if let Some(name) = ALGORITHMS.iter().find(|name| **name == word) {
            known.push(*name);
            continue;
        }
        let mut expected = ALGORITHMS.join(", ");
        if let Some(meant) = nearest(&word, ALGORITHMS) {
            expected = format!("{expected}; perhaps {meant}");
        }
        entry.complain(
            "algorithms",
            "Names an algorithm that is not accepted.",
            Some(&expected),
        );
    }
    known
}

/// A claim and its value, or several of which one must be there.
fn required(entry: &mut Section<'_>) -> Vec<RequiredClaim> {
    let claims = entry.object("requiredClaims").unwrap_or_default();
    let claims = claims.into_iter().map(|(name, value)| {
        let values = match value {
            Value::Array(values) => values,
            value => vec![value],
        };
        RequiredClaim { name, values }
    });
    claims.collect()
}

fn scopes(entry: &mut Section<'_>) -> Vec<String> {
    let scopes = entry.texts("scopes").unwrap_or_default();
    // As RFC 6749 has them: they stand in a header.
    let is_scope = |scope: &String| {
        let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
        !scope.is_empty() && scope.bytes().all(plain)
    };
    if !scopes.iter().all(is_scope) {
        entry.complain(
            "scopes",
            "Names what is no scope.",
            Some("printable characters without spaces, quotes and backslashes"),
        );
    }
    scopes
}

fn authorities(entry: &mut Section<'_>, around: Surroundings<'_>) -> Option<Authorities> {
    let path = around.working_directory.join(entry.text("caFile")?);
    let is_short = std::fs::metadata(&path).is_ok_and(|file| file.len() <= LONGEST_CA);
    let read = is_short.then(|| std::fs::read(&path).ok()).flatten();
    let authorities = read.and_then(|pem| Authorities::from_pem(&pem));
    if authorities.is_none() {
        entry.complain(
            "caFile",
            "Cannot be read.",
            Some("a file of certificates in PEM"),
        );
    }
    authorities
}
