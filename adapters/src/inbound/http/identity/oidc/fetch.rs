//! Asks an issuer for its keys: bounded in size and time, and led nowhere else.

use std::time::Duration;

use http::{StatusCode, Uri, uri::Scheme};
use rustls::CertificateError;
use serde::Deserialize;
use ureq::Agent;

use super::key_set::KeySet;
use crate::web::{Authorities, WebOptions, agent};

/// Where an issuer says what it is: <https://openid.net/specs/openid-connect-discovery-1_0.html>.
const DISCOVERY: &str = "/.well-known/openid-configuration";
/// Of either answer. The largest known have some ten kilobytes.
const LONGEST: u64 = 512 << 10;

/// Whether tokens and keys may be believed that come from there: by TLS, or without leaving this machine.
pub fn is_issuer_url(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else {
        return false;
    };
    let Some(host) = uri.host().filter(|host| !host.is_empty()) else {
        return false;
    };
    let is_plain = uri.query().is_none() && !url.contains(['#', '@']);
    is_plain
        && match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) if *scheme == Scheme::HTTP => is_loopback(host),
            _ => false,
        }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// What an issuer answered.
pub(super) struct Fetched {
    pub(super) keys: KeySet,
    /// As it was sent.
    pub(super) text: Vec<u8>,
}

/// Asks one issuer. Blocks.
pub(super) struct Fetcher {
    issuer: String,
    keys_url: Option<String>,
    agent: Agent,
}

#[derive(Deserialize)]
struct Discovered {
    issuer: String,
    jwks_uri: String,
}

impl Fetcher {
    pub(super) fn new(
        issuer: &str,
        keys_url: Option<&str>,
        authorities: &Authorities,
        timeout: Duration,
    ) -> Self {
        let options = WebOptions {
            authorities: authorities.clone(),
            timeout,
            is_tls: true,
            // Keys are asked for every few minutes.
            keeps_connections: false,
        };
        Self {
            issuer: issuer.to_owned(),
            keys_url: keys_url.map(str::to_owned),
            agent: agent(&options),
        }
    }

    /// The reason of a failure is for the log.
    pub(super) fn fetch(&self) -> Result<Fetched, String> {
        let url = match &self.keys_url {
            Some(url) => url.clone(),
            None => self.discover()?,
        };
        let text = self.get(&url)?;
        let keys = KeySet::parse(&text)?;
        Ok(Fetched { keys, text })
    }

    fn discover(&self) -> Result<String, String> {
        let url = format!("{}{DISCOVERY}", self.issuer.trim_end_matches('/'));
        let text = self.get(&url)?;
        let found: Discovered = serde_json::from_slice(&text)
            .map_err(|error| format!("{url} says nothing of an issuer: {error}"))?;
        // Else one issuer could speak for another.
        if found.issuer != self.issuer {
            return Err(format!(
                "{url} is of the issuer {:?}, and the configuration says {:?}",
                found.issuer, self.issuer
            ));
        }
        let may_be_local = self.issuer.starts_with("http:");
        let is_believed = is_issuer_url(without_query(&found.jwks_uri))
            && (may_be_local || found.jwks_uri.starts_with("https:"));
        if !is_believed {
            return Err(format!("{url} names keys that do not come by TLS"));
        }
        Ok(found.jwks_uri)
    }

    fn get(&self, url: &str) -> Result<Vec<u8>, String> {
        let answer = self
            .agent
            .get(url)
            .header("accept", "application/json")
            .call()
            .map_err(|error| unreached(url, &error))?;
        if answer.status() != StatusCode::OK {
            return Err(format!("{url} answers {}", answer.status()));
        }
        answer
            .into_body()
            .into_with_config()
            .limit(LONGEST)
            .read_to_vec()
            .map_err(|error| format!("{url} does not answer to its end: {error}"))
    }
}

/// What whoever runs this server can do about it, where the certificate is to blame.
fn unreached(url: &str, error: &ureq::Error) -> String {
    let within = match error {
        ureq::Error::Rustls(error) => Some(error),
        ureq::Error::Io(error) => error.get_ref().and_then(|within| within.downcast_ref()),
        _ => None,
    };
    let Some(rustls::Error::InvalidCertificate(flaw)) = within else {
        return format!("{url} cannot be reached: {error}");
    };
    let advice = match flaw {
        // The second of an authority of the same name with another key, such as one that was made anew.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "it is from an authority that is not trusted here; `caFile` of the issuer names those that are"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "it has expired; the issuer must renew it"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it is for another host; the URL must have the name that is in it"
        }
        _ => "it cannot be verified",
    };
    format!("{url} is not believed for its certificate: {advice} ({error})")
}

fn without_query(url: &str) -> &str {
    url.split('?').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_reached_by_tls_or_on_this_machine() {
        for (url, expected) in [
            ("https://login.example.com", true),
            ("https://login.example.com/realms/shop/", true),
            ("http://127.0.0.1:9000", true),
            ("http://[::1]:9000/a", true),
            ("http://localhost", true),
            ("http://login.example.com", false),
            ("http://127.0.0.1.example.com", false),
            ("http://10.0.0.1", false),
            ("https://", false),
            ("https://a@login.example.com", false),
            ("https://login.example.com?a=b", false),
            ("https://login.example.com#a", false),
            ("ftp://login.example.com", false),
            ("login.example.com", false),
            ("/a", false),
            ("", false),
        ] {
            assert_eq!(is_issuer_url(url), expected, "{url}");
        }
    }
}
