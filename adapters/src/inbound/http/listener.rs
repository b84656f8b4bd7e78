//! Where connections come from.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};

use super::tls::Tls;

/// What is sent to a client that has vanished comes to nothing; how long that may stay unnoticed.
const UNACKNOWLEDGED: Duration = Duration::from_mins(1);

/// An address that is listened on.
#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    pub(super) tls: Option<Arc<Tls>>,
}

impl Listener {
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        Ok(Self {
            tcp: TcpListener::bind(address).await?,
            tls: None,
        })
    }

    /// Nobody is served who does not speak TLS.
    #[must_use]
    pub fn over(self, tls: Arc<Tls>) -> Self {
        Self {
            tls: Some(tls),
            ..self
        }
    }

    /// With the port that was chosen, where that was left to the system.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    /// The next connection. Waits a moment after a failure, such as that there are no more descriptors.
    pub(super) async fn accept(&self) -> (TcpStream, SocketAddr) {
        loop {
            match self.tcp.accept().await {
                Ok((stream, address)) => {
                    prepare(&stream);
                    return (stream, address);
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}

/// Makes answers leave at once, and clients that have vanished be noticed. A system that cannot is none the worse.
fn prepare(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
    let socket = SockRef::from(stream);
    let alive = TcpKeepalive::new()
        .with_time(UNACKNOWLEDGED / 2)
        .with_interval(UNACKNOWLEDGED / 6);
    let _ = socket.set_tcp_keepalive(&alive);
    #[cfg(target_os = "linux")]
    let _ = socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::{super::tls::TlsFiles, *};

    async fn accepted(listener: &Listener) -> TcpStream {
        let client = TcpStream::connect(listener.address().unwrap());
        let (connected, (stream, _)) = tokio::join!(client, listener.accept());
        connected.unwrap();
        stream
    }

    async fn bound() -> Listener {
        Listener::bind(([127, 0, 0, 1], 0).into()).await.unwrap()
    }

    /// A certificate of its own, read from files as an operator's is.
    fn tls() -> Arc<Tls> {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap().pem();
        let place = |what: &str| {
            let name = format!("portolan-nodelay-{}.{what}", std::process::id());
            std::env::temp_dir().join(name)
        };
        let files = TlsFiles {
            certificate: place("pem"),
            key: place("key"),
        };
        std::fs::write(&files.certificate, certificate).unwrap();
        std::fs::write(&files.key, key.serialize_pem()).unwrap();
        let tls = Tls::load(files.clone());
        std::fs::remove_file(files.certificate).unwrap();
        std::fs::remove_file(files.key).unwrap();
        Arc::new(tls.unwrap())
    }

    /// Every listener of this server accepts here; `arrivals` alone calls it.
    #[tokio::test]
    async fn what_is_sent_leaves_at_once_with_and_without_tls() {
        for listener in [bound().await, bound().await.over(tls())] {
            let stream = accepted(&listener).await;
            assert!(stream.nodelay().unwrap(), "{listener:?}");
        }
    }

    /// A client that has vanished sends no end: only the system can find out.
    #[tokio::test]
    async fn the_system_is_asked_to_notice_clients_that_have_vanished() {
        let stream = accepted(&bound().await).await;

        let socket = SockRef::from(&stream);
        assert!(socket.keepalive().unwrap());
        #[cfg(target_os = "linux")]
        {
            assert_eq!(socket.tcp_user_timeout().unwrap(), Some(UNACKNOWLEDGED));
            assert_eq!(socket.tcp_keepalive_time().unwrap(), UNACKNOWLEDGED / 2);
        }
    }
}
