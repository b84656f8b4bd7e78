//! `portolan serve`: one client over standard input and output.

use std::io;

use adapters::inbound::mcp::serve_stdio;

use crate::assembly::Assembly;

/// Serves until the client is gone or the process is told to stop, then closes what is open.
pub async fn run(assembly: Assembly) -> io::Result<()> {
    let served = serve_stdio(assembly.server.clone(), told_to_stop()?).await;
    assembly.close().await;
    served
}

/// Ready when the process gets SIGTERM or SIGINT.
#[cfg(unix)]
fn told_to_stop() -> io::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Ready when the process gets Ctrl-C.
#[cfg(not(unix))]
#[expect(
    clippy::unnecessary_wraps,
    reason = "the same signature on every system"
)]
fn told_to_stop() -> io::Result<impl Future<Output = ()> + Send> {
    Ok(async {
        // Without a handler there is nothing to wait for but the end of input.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
