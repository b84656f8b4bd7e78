//! How a connection begins.

use std::{io, time::Duration};

use tokio::{io::AsyncWriteExt as _, net::TcpStream, time::timeout};
use tokio_rustls::server::TlsStream;

use super::Tls;

/// The first byte of whoever speaks TLS.
const HANDSHAKE: u8 = 0x16;
const NOT_TLS: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n\
    Content-Length: 37\r\n\r\nThis server is reached over https://\n";

/// The connection, once both sides have agreed. `None` where they have not, or not within `patience`: which is no news,
/// since anybody can connect.
pub(in super::super) async fn shake_hands(
    stream: TcpStream,
    tls: &Tls,
    patience: Duration,
) -> Option<TlsStream<TcpStream>> {
    match timeout(patience, begin(stream, tls)).await {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a client did not agree on TLS");
            None
        }
        Err(_) => None,
    }
}

async fn begin(mut stream: TcpStream, tls: &Tls) -> io::Result<TlsStream<TcpStream>> {
    let mut first = [0];
    if stream.peek(&mut first).await? == 1 && first != [HANDSHAKE] {
        // What was sent is taken, so that the system does not close the connection over it before the answer is read.
        let _ = stream.try_read(&mut [0; 16 * 1024]);
        stream.write_all(NOT_TLS).await?;
        stream.shutdown().await?;
        return Err(io::Error::new(io::ErrorKind::InvalidData, "not TLS"));
    }
    tls.acceptor().accept(stream).await
}
