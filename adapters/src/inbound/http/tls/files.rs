//! A certificate and its key, as they lie in files.

use std::{
    fmt,
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use ring::digest::{Digest, SHA256, digest};
use rustls::{
    ServerConfig,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    version::{TLS12, TLS13},
};
use x509_cert::{Certificate, der::Decode as _};

/// No chain of certificates is longer, and what is has another purpose.
const LONGEST: u64 = 1 << 20;

/// Where they are: PEM, the chain beginning with the server's own certificate.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// What the files hold at one time.
pub(super) struct Content {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl TlsFiles {
    /// Fails with an explanation. May block.
    pub(super) fn read(&self) -> Result<Content, String> {
        let read = |path: &Path| {
            content(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))
        };
        Ok(Content {
            certificate: read(&self.certificate)?,
            key: read(&self.key)?,
        })
    }
}

fn content(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LONGEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl Content {
    /// Tells it from other contents.
    pub(super) fn mark(&self) -> Digest {
        let both = [&*self.certificate, &*self.key].map(|part| digest(&SHA256, part));
        digest(&SHA256, &both.map(|part| part.as_ref().to_vec()).concat())
    }
}

/// What clients are shown, and what proves that it is ours.
pub(super) struct Pair {
    pub(super) config: Arc<ServerConfig>,
    pub(super) ends: SystemTime,
    pub(super) mark: Digest,
}

impl Pair {
    /// Fails with an explanation: what is no certificate or no key, and a key of another certificate.
    pub(super) fn new(files: &TlsFiles, content: &Content) -> Result<Self, String> {
        let certificate = files.certificate.display();
        let key = files.key.display();
        let chain = CertificateDer::pem_slice_iter(&content.certificate)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| format!("{certificate} is not PEM: {error}"))?;
        let Some(own) = chain.first() else {
            return Err(format!("{certificate} holds no certificate"));
        };
        let ends = end(own)
            .ok_or_else(|| format!("{certificate} holds no certificate that can be read"))?;
        let secret = PrivateKeyDer::from_pem_slice(&content.key)
            .map_err(|error| format!("{key} holds no private key: {error}"))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .and_then(|config| config.with_no_client_auth().with_single_cert(chain, secret))
            .map_err(|error| format!("{key} is no key for {certificate}: {error}"))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            config: Arc::new(config),
            ends,
            mark: content.mark(),
        })
    }
}

fn end(certificate: &[u8]) -> Option<SystemTime> {
    let certificate = Certificate::from_der(certificate).ok()?;
    let since_1970 = certificate
        .tbs_certificate()
        .validity()
        .not_after
        .to_unix_duration();
    // To the second, as it is told.
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(since_1970.as_secs()))
}

impl fmt::Debug for Pair {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Pair")
            .field("ends", &self.ends)
            .finish_non_exhaustive()
    }
}
