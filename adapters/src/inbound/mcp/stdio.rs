//! Serving one client over standard input and output, from the first byte to the last answer.

use std::{future::Future, io, time::Duration};

use rmcp::{ServiceExt, service::ServerInitializeError};
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{server::McpServer, transport::LineTransport};

/// How long calls have to end after they were told to.
const CANCELLED_CALLS_MAY_TAKE: Duration = Duration::from_millis(400);
/// How long a client has to take what is still waiting for it at the end.
const LAST_WORDS_MAY_TAKE: Duration = Duration::from_millis(100);

/// Serves the client at the other end of this process's standard streams until it is gone, or `shutdown` is ready.
///
/// At the end of input, and on `shutdown`, no further call is taken. Those that run have the server's shutdown grace
/// to finish and are answered; then they are cancelled. Where nothing runs there is nothing to wait for. When the
/// client cannot be written to, running calls are cancelled at once.
///
/// Needs a runtime with I/O and time. Standard input and output belong to the protocol from now on.
pub async fn serve_stdio(
    server: McpServer,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let broken = CancellationToken::new();
    let ended = broken.child_token();
    let transport = LineTransport::of_process(server.backlog(), ended.clone(), &broken)?;
    let mut session = tokio::spawn(session(server.clone(), transport.clone()));

    let goes_on = tokio::select! {
        () = shutdown => true,
        () = ended.cancelled() => true,
        _ = &mut session => false,
    };
    ended.cancel();
    if goes_on {
        wind_up(&server, &mut session, &broken).await;
    }
    // The client may be gone, and whether it is makes no difference any more.
    let _ = timeout(LAST_WORDS_MAY_TAKE, transport.flush()).await;
    Ok(())
}

/// Gives running calls their grace, then cancels them.
async fn wind_up(server: &McpServer, session: &mut JoinHandle<()>, broken: &CancellationToken) {
    let answered = tokio::select! {
        // Nobody is left to be answered.
        () = broken.cancelled() => false,
        done = timeout(server.shutdown_grace(), &mut *session) => done.is_ok(),
    };
    if answered {
        return;
    }
    server.stop();
    if timeout(CANCELLED_CALLS_MAY_TAKE, &mut *session)
        .await
        .is_err()
    {
        tracing::warn!("calls were still running when the server stopped");
        session.abort();
    }
}

async fn session(server: McpServer, transport: LineTransport) {
    loop {
        let begun = server
            .clone()
            .serve_with_ct(transport.clone(), server.stopping().child_token())
            .await;
        match begun {
            Ok(running) => {
                if let Err(error) = running.waiting().await {
                    tracing::error!(%error, "the session ended unexpectedly");
                }
                return;
            }
            Err(
                ServerInitializeError::ConnectionClosed(_)
                | ServerInitializeError::Cancelled
                | ServerInitializeError::TransportError { .. },
            ) => return,
            // A client that begins with anything else than it should, such as a stray notification. The library
            // would have the process end; the client's next message may be the right one.
            Err(_) => tracing::warn!("the client began with a message out of turn"),
        }
    }
}
