//! Asks an issuer for its keys: bounded in size and time, and led nowhere else.

use std::{fmt, sync::Arc, time::Duration};

use http::{StatusCode, Uri, uri::Scheme};
use serde::Deserialize;
use ureq::{
    Agent,
    tls::{Certificate, PemItem, RootCerts, TlsConfig, TlsProvider, parse_pem},
};

use super::key_set::KeySet;

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

/// Certificates of authorities that are trusted instead of the system's.
#[derive(Clone)]
pub struct Authorities(Arc<Vec<Certificate<'static>>>);

impl Authorities {
    /// `None` if there is none among these PEM blocks, or one that cannot be read.
    pub fn from_pem(pem: &[u8]) -> Option<Self> {
        let certificates = parse_pem(pem)
            .filter_map(|item| match item {
                Ok(PemItem::Certificate(certificate)) => Some(Ok(certificate)),
                Ok(_) => None,
                Err(error) => Some(Err(error)),
            })
            .collect::<Result<Vec<_>, _>>()
            .ok()?;
        (!certificates.is_empty()).then(|| Self(Arc::new(certificates)))
    }

    /// Those that this machine trusts.
    fn of_the_system() -> Self {
        let found = rustls_native_certs::load_native_certs();
        for error in &found.errors {
            tracing::warn!(%error, "a certificate of the system cannot be read");
        }
        let certificates = found.certs.iter();
        Self(Arc::new(
            certificates
                .map(|certificate| Certificate::from_der(certificate).to_owned())
                .collect(),
        ))
    }
}

impl fmt::Debug for Authorities {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} certificates", self.0.len())
    }
}

impl PartialEq for Authorities {
    fn eq(&self, other: &Self) -> bool {
        let ders = |all: &Self| {
            all.0
                .iter()
                .map(|one| one.der().to_vec())
                .collect::<Vec<_>>()
        };
        ders(self) == ders(other)
    }
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
        authorities: Option<&Authorities>,
        timeout: Duration,
    ) -> Self {
        let authorities = authorities
            .cloned()
            .unwrap_or_else(Authorities::of_the_system);
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .root_certs(RootCerts::Specific(authorities.0))
            // Named, because the client would otherwise look for one in the whole process, where others may set one.
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .timeout_global(Some(timeout))
            // An answer that leads elsewhere is no answer: what is asked for is where keys are trusted to be.
            .max_redirects(0)
            .http_status_as_error(false)
            // The client would read it from the environment of other programs.
            .proxy(None)
            .max_idle_connections(0)
            .user_agent("portolan")
            .build();
        Self {
            issuer: issuer.to_owned(),
            keys_url: keys_url.map(str::to_owned),
            agent: config.new_agent(),
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
            .map_err(|error| format!("{url} cannot be reached: {error}"))?;
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

    #[test]
    fn authorities_are_certificates_and_at_least_one() {
        assert!(Authorities::from_pem(b"").is_none());
        assert!(Authorities::from_pem(b"nothing").is_none());
        let key = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        assert!(Authorities::from_pem(key).is_none());
    }
}
