//! How long to try again what another connection stands in the way of.

use std::time::{Duration, Instant};

use super::failure::{self, Fault};

const BUSY_PAUSE: Duration = Duration::from_millis(10);
/// And what is tried again is given up after this.
const BUSY_PATIENCE: Duration = Duration::from_secs(5);

pub(super) struct Patience(Instant);

impl Patience {
    pub(super) fn new() -> Self {
        Self::of(BUSY_PATIENCE)
    }

    pub(super) fn of(time: Duration) -> Self {
        Self(Instant::now() + time)
    }

    /// `Ok`, after a moment, if it is worth trying again.
    pub(super) async fn with(&self, fault: Fault) -> Result<(), Fault> {
        if failure::is_busy(fault.code) && self.lasts().await {
            Ok(())
        } else {
            Err(fault)
        }
    }

    /// Whether there is time to try again, after a moment.
    pub(super) async fn lasts(&self) -> bool {
        let lasts = Instant::now() < self.0;
        if lasts {
            // Some locks are refused without SQLite's own wait.
            tokio::time::sleep(BUSY_PAUSE).await;
        }
        lasts
    }
}
