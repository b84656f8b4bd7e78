//! Waiting for what another process or task brings about.

use std::time::{Duration, Instant};

/// No fact takes longer, unless something is broken.
const PATIENCE: Duration = Duration::from_secs(10);

/// Waits until the fact is so.
pub async fn until(what: &str, mut fact: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !fact().await {
        assert!(started.elapsed() < PATIENCE, "still not so: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
