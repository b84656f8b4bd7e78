//! Reading the configuration again while the server runs: all of it counts from then on, or nothing does.

use std::{fmt, sync::Arc};

use domain::connection::Mistake;

use crate::configuration::Configuration;

/// Puts in force what was looked at before. It cannot fail.
pub type Apply = Box<dyn FnOnce() + Send>;

/// A part of the server that a configuration can be put in force of while it runs.
pub trait Reloadable: fmt::Debug + Send + Sync {
    /// Looks at what this part needs, and changes nothing yet. What is wrong with it keeps every part as it is.
    fn prepare(&self, configuration: &Configuration) -> Result<Apply, Vec<Mistake>>;
}

/// Whatever can be reloaded, and where from.
pub struct Reloading {
    parts: Vec<Arc<dyn Reloadable>>,
    load: Arc<dyn Fn() -> Configuration + Send + Sync>,
}

impl Reloading {
    /// `load` reads everything that is configured anew. It may block.
    pub fn new(
        parts: Vec<Arc<dyn Reloadable>>,
        load: impl Fn() -> Configuration + Send + Sync + 'static,
    ) -> Self {
        Self {
            parts,
            load: Arc::new(load),
        }
    }

    /// Puts what is configured now in force in every part, or tells why it stays as it was in all of them.
    pub async fn reload(&self) -> Result<(), Vec<Mistake>> {
        let load = Arc::clone(&self.load);
        let configuration = tokio::task::spawn_blocking(move || load())
            .await
            .map_err(|_| vec![Mistake::new("configuration", "Could not be read.")])?;
        let mut ready = Vec::with_capacity(self.parts.len());
        let mut mistakes = Vec::new();
        for part in &self.parts {
            match part.prepare(&configuration) {
                Ok(apply) => ready.push(apply),
                Err(found) => {
                    // A file that cannot be read is every part's mistake, and told once.
                    for mistake in found {
                        if !mistakes.contains(&mistake) {
                            mistakes.push(mistake);
                        }
                    }
                }
            }
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        for apply in ready {
            apply();
        }
        Ok(())
    }

    /// Reloads at each SIGHUP, for ever. Where there are no signals, or nothing to reload, nothing ever happens.
    pub async fn at_each_signal(self) {
        let Some(mut hangups) = Hangups::listen(&self) else {
            return std::future::pending().await;
        };
        loop {
            hangups.next().await;
            match self.reload().await {
                Ok(()) => tracing::info!("the configuration was read again and is in force"),
                Err(mistakes) => {
                    for mistake in &mistakes {
                        tracing::error!(key = %mistake.key, "{mistake}");
                    }
                    tracing::error!(
                        mistakes = mistakes.len(),
                        "the configuration was read again and has mistakes; the one before stays in force"
                    );
                }
            }
        }
    }
}

impl fmt::Debug for Reloading {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Reloading")
            .field("parts", &self.parts)
            .finish_non_exhaustive()
    }
}

/// The signal that has meant this since daemons have no terminal to hang up.
#[cfg(unix)]
struct Hangups(tokio::signal::unix::Signal);

#[cfg(unix)]
impl Hangups {
    fn listen(reloading: &Reloading) -> Option<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        // With nothing to reload, the signal ends the process, as it does any other.
        if reloading.parts.is_empty() {
            return None;
        }
        signal(SignalKind::hangup())
            .inspect_err(|error| tracing::error!(%error, "SIGHUP cannot be listened for"))
            .ok()
            .map(Self)
    }

    async fn next(&mut self) {
        if self.0.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(not(unix))]
struct Hangups;

#[cfg(not(unix))]
impl Hangups {
    fn listen(_: &Reloading) -> Option<Self> {
        None
    }

    async fn next(&mut self) {
        std::future::pending::<()>().await;
    }
}
