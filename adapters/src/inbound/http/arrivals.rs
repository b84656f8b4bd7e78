//! Who connects, for as long as somebody new may come in: so many at a time, each with the same patience.

use std::sync::Arc;

use axum::Router;
use tokio::{net::TcpStream, sync::Semaphore, task::JoinSet};
use tokio_util::sync::CancellationToken;

use super::{
    connection::{self, Patience},
    door::From,
    listener::Listener,
    options::HttpOptions,
    tls::shake_hands,
};

/// Takes connections and has them answered, until it is dropped. Those that are open go on then: they are among
/// `connections`, and end after their next answer once `draining` fires.
pub(super) async fn take(
    listener: &Listener,
    router: &Router,
    options: &HttpOptions,
    draining: &CancellationToken,
    connections: &mut JoinSet<()>,
) {
    let places = Arc::new(Semaphore::new(options.max_connections));
    let patience = Patience::new(options);
    let may_take = options.request_may_take;
    loop {
        tokio::select! {
            biased;
            Some(_) = connections.join_next() => {}
            (stream, address) = listener.accept() => {
                let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                    if listener.tls.is_none() {
                        turn_away(&stream);
                    }
                    continue;
                };
                let from = From(address.ip().to_canonical());
                let (router, tls, draining) = (router.clone(), listener.tls.clone(), draining.clone());
                connections.spawn(async move {
                    match tls {
                        None => connection::serve(stream, from, router, patience, draining).await,
                        Some(tls) => {
                            if let Some(stream) = shake_hands(stream, &tls, may_take).await {
                                connection::serve(stream, from, router, patience, draining).await;
                            }
                        }
                    }
                    drop(place);
                });
            }
        }
    }
}

/// Says why, as far as that can be done without waiting.
fn turn_away(stream: &TcpStream) {
    const FULL: &[u8] =
        b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\n\
        Content-Length: 47\r\n\r\nThere are as many connections as there may be.\n";
    let _ = stream.try_write(FULL);
}
