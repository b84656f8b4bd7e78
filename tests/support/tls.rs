//! Certificates of a test's own, and a client that trusts them.

use std::{
    net::SocketAddr,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
};
use tokio::{io, net::TcpStream};
use tokio_rustls::{
    TlsAcceptor, TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion,
        crypto::ring::default_provider,
        pki_types::{PrivateKeyDer, ServerName, pem::PemObject},
        version::{TLS12, TLS13},
    },
};

/// Longer than any warning looks ahead.
pub const FOR_LONG: Duration = Duration::from_hours(100 * 24);

/// Signs certificates of this machine.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key.
#[derive(Clone)]
pub struct Pair {
    pub certificate: String,
    pub key: String,
    pub der: Vec<u8>,
}

impl Pair {
    /// Where [`Pair::write`] puts them in a folder.
    pub const CERTIFICATE: &str = "server.pem";
    pub const KEY: &str = "server.key";

    pub fn write(&self, folder: &Path) {
        std::fs::write(folder.join(Self::KEY), &self.key).unwrap();
        std::fs::write(folder.join(Self::CERTIFICATE), &self.certificate).unwrap();
    }

    /// For a server that shows this certificate.
    pub fn acceptor(&self) -> TlsAcceptor {
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.der.clone().into()], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

impl Default for Authority {
    fn default() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let mut name = DistinguishedName::new();
        name.push(DnType::CommonName, "Portolan test authority");
        params.distinguished_name = name;
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }
}

impl Authority {
    pub fn pem(&self) -> String {
        self.0.as_ref().pem()
    }

    /// A certificate of this machine that ends so long from now.
    pub fn issue(&self, lasts: Duration) -> Pair {
        self.issue_until(SystemTime::now() + lasts)
    }

    /// One that ended an hour ago.
    pub fn issue_ended(&self) -> Pair {
        self.issue_until(SystemTime::now() - Duration::from_hours(1))
    }

    fn issue_until(&self, ends: SystemTime) -> Pair {
        let names = ["localhost", "127.0.0.1"].map(str::to_owned);
        let mut params = CertificateParams::new(names).unwrap();
        params.not_after = ends.into();
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Pair {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
            der: certificate.der().to_vec(),
        }
    }

    /// Connects as a client that trusts this authority alone.
    pub async fn connect(&self, address: SocketAddr) -> io::Result<TlsStream<TcpStream>> {
        self.connect_with(address, &[&TLS13, &TLS12]).await
    }

    /// The same by certain versions.
    pub async fn connect_with(
        &self,
        address: SocketAddr,
        versions: &[&'static SupportedProtocolVersion],
    ) -> io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.as_ref().der().clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
    }

    /// Whether a client that connects now is shown this certificate.
    pub async fn is_shown(&self, address: SocketAddr, pair: &Pair) -> bool {
        let stream = self.connect(address).await.unwrap();
        let shown = stream.get_ref().1.peer_certificates().unwrap();
        shown[0].as_ref() == pair.der
    }
}
