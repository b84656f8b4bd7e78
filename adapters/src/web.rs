//! A client for the web: what it trusts, how long it waits, and that nothing of the environment leads it elsewhere.

use std::{fmt, sync::Arc, time::Duration};

use ureq::{
    Agent,
    tls::{Certificate, PemItem, RootCerts, TlsConfig, TlsProvider, parse_pem},
};

/// Whose word a server's certificate counts by.
#[derive(Clone, Default)]
pub enum Authorities {
    /// Those that this machine trusts.
    #[default]
    System,
    /// These and no others.
    These(Arc<Vec<Certificate<'static>>>),
    /// Nobody is asked: whoever answers is believed.
    Nobody,
}

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
        (!certificates.is_empty()).then(|| Self::These(Arc::new(certificates)))
    }

    fn roots(&self) -> Arc<Vec<Certificate<'static>>> {
        match self {
            Self::System => of_the_system(),
            Self::These(certificates) => Arc::clone(certificates),
            Self::Nobody => Arc::default(),
        }
    }
}

impl fmt::Debug for Authorities {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => formatter.write_str("those of the system"),
            Self::These(these) => write!(formatter, "{} certificates", these.len()),
            Self::Nobody => formatter.write_str("nobody"),
        }
    }
}

impl PartialEq for Authorities {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::System, Self::System) | (Self::Nobody, Self::Nobody) => true,
            (Self::These(mine), Self::These(others)) => mine
                .iter()
                .map(Certificate::der)
                .eq(others.iter().map(Certificate::der)),
            _ => false,
        }
    }
}

fn of_the_system() -> Arc<Vec<Certificate<'static>>> {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "a certificate of the system cannot be read");
    }
    let certificates = found.certs.iter();
    Arc::new(
        certificates
            .map(|certificate| Certificate::from_der(certificate).to_owned())
            .collect(),
    )
}

/// What a client may do.
#[derive(Debug, Clone, Default)]
pub struct WebOptions {
    pub authorities: Authorities,
    /// From the name of the server to the last byte of its answer.
    pub timeout: Duration,
    /// Whether it speaks TLS at all: those that are trusted are not looked up otherwise.
    pub is_tls: bool,
    /// Whether a connection waits for the next question; where that comes late, it has often been closed meanwhile.
    pub keeps_connections: bool,
}

/// A client that blocks. What a server answers is an answer, whatever its status, and leads nowhere else.
pub fn agent(options: &WebOptions) -> Agent {
    let mut config = Agent::config_builder();
    if options.is_tls {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        config = config.tls_config(
            TlsConfig::builder()
                .provider(TlsProvider::Rustls)
                .root_certs(RootCerts::Specific(options.authorities.roots()))
                .disable_verification(matches!(options.authorities, Authorities::Nobody))
                // Named, because the client would otherwise look for one in the whole process, where others may set one.
                .unversioned_rustls_crypto_provider(provider)
                .build(),
        );
    }
    if !options.keeps_connections {
        config = config.max_idle_connections(0);
    }
    config
        .timeout_global(Some(options.timeout))
        .max_redirects(0)
        .http_status_as_error(false)
        // The client would read it from the environment of other programs.
        .proxy(None)
        .user_agent("portolan")
        .build()
        .new_agent()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorities_are_certificates_and_at_least_one() {
        assert!(Authorities::from_pem(b"").is_none());
        assert!(Authorities::from_pem(b"nothing").is_none());
        let key = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        assert!(Authorities::from_pem(key).is_none());
    }
}
