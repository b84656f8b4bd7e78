//! What runs beside calls for those who keep the server running: tests of connections, and a listener for figures.

use std::{io, net::SocketAddr, time::Duration};

use adapters::inbound::http::Listener;
use domain::{Failure, FailureKind};
use tokio::{sync::watch, task::JoinHandle};

use crate::{assembly::Assembly, http, settings::Settings};

/// How long whoever asks for figures has to take them once the server stops.
const LAST_ANSWERS_MAY_TAKE: Duration = Duration::from_millis(100);

/// What runs beside calls, until it is stopped.
#[derive(Debug)]
pub struct Operations {
    testing: Option<JoinHandle<()>>,
    listening: Option<JoinHandle<io::Result<()>>>,
    stop: watch::Sender<bool>,
}

impl Operations {
    /// Starts what the settings ask for. Fails if the address for figures cannot be had.
    pub async fn start(assembly: &Assembly, settings: &Settings) -> Result<Self, Failure> {
        let (stop, mut stopped) = watch::channel(false);
        let listening = match settings.metrics_addr {
            Some(address) => {
                let listener = listen(address).await?;
                let (operations, options) = (assembly.operations(), http::options(settings));
                Some(tokio::spawn(async move {
                    let stopped = async {
                        // An error would say that nobody is left who could say it.
                        let _ = stopped.wait_for(|stopped| *stopped).await;
                    };
                    operations.serve(listener, &options, stopped).await
                }))
            }
            None => None,
        };
        let is_seen =
            listening.is_some() || settings.http_address.is_some() || assembly.tells_health;
        let interval = Duration::from_millis(settings.health_check_interval_ms);
        let testing = (is_seen && !interval.is_zero()).then(|| {
            let monitor = assembly.monitor.clone();
            tokio::spawn(async move { monitor.watch(interval).await })
        });
        Ok(Self {
            testing,
            listening,
            stop,
        })
    }

    /// Ends all of it.
    pub async fn stop(self) {
        if let Some(testing) = self.testing {
            testing.abort();
        }
        self.stop.send_replace(true);
        if let Some(mut listening) = self.listening
            && tokio::time::timeout(LAST_ANSWERS_MAY_TAKE, &mut listening)
                .await
                .is_err()
        {
            listening.abort();
        }
    }
}

async fn listen(address: SocketAddr) -> Result<Listener, Failure> {
    let unheard = |error| {
        let told = format!("The address {address} for metrics cannot be listened on: {error}.");
        Failure::new(FailureKind::Unavailable, told)
            .with_hint("Give another one to --metrics-addr or MCP_METRICS_ADDR.")
    };
    let listener = Listener::bind(address).await.map_err(unheard)?;
    // With port 0 the system chooses one, and this is where it is told.
    if let Ok(address) = listener.address() {
        tracing::info!(%address, "metrics");
    }
    Ok(listener)
}
