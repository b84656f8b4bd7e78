//! `portolan serve`: one client over standard input and output, any number over HTTP, or both.

use std::io;

use adapters::inbound::mcp::serve_stdio;
use tokio::sync::watch;

use crate::{assembly::Assembly, http::Http, reload::Reloading};

/// Serves until the process is told to stop, then closes what is open. Where it serves standard input too, the end of
/// that is the end of all: whoever began the process is gone.
///
/// What can be put in force while it runs is, at each SIGHUP.
pub async fn run(
    assembly: Assembly,
    stdio: bool,
    http: Option<Http>,
    reloading: Reloading,
) -> io::Result<()> {
    let (stop, stopped) = watch::channel(false);
    let signals = told_to_stop()?;
    let signalled = async {
        signals.await;
        assembly.monitor.stop();
        stop.send_replace(true);
        std::future::pending::<()>().await;
    };
    let over_stdio = async {
        if !stdio {
            return Ok(());
        }
        let served = serve_stdio(assembly.server.clone(), told(stopped.clone())).await;
        stop.send_replace(true);
        served
    };
    let over_http = async {
        if let Some(Http { server, listener }) = http {
            let cancel = || assembly.server.stop();
            server.serve(listener, told(stopped.clone()), cancel).await;
        }
    };
    let served = tokio::select! {
        (served, ()) = async { tokio::join!(over_stdio, over_http) } => served,
        () = signalled => Ok(()),
        () = reloading.at_each_signal() => Ok(()),
    };
    assembly.close().await;
    served
}

/// Ready once somebody wants all to end.
async fn told(mut stopped: watch::Receiver<bool>) {
    // An error would say that nobody can want it any more, and nobody is left to serve for either.
    let _ = stopped.wait_for(|stopped| *stopped).await;
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
