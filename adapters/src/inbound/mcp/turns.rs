//! Calls that run at the same time, and those that wait for their turn.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use domain::{Cancel, Failure, FailureKind};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{call::ended, server::McpOptions};

#[derive(Debug)]
pub(super) struct Turns {
    slots: Semaphore,
    running: usize,
    waiting: AtomicUsize,
    most_waiting: usize,
    patience: Duration,
}

impl Turns {
    pub(super) fn new(options: &McpOptions) -> Self {
        Self {
            slots: Semaphore::new(options.max_concurrent_calls),
            running: options.max_concurrent_calls,
            waiting: AtomicUsize::new(0),
            most_waiting: options.max_waiting_calls,
            patience: options.turn_may_take,
        }
    }

    /// Waits for a turn, which lasts as long as what is returned.
    pub(super) async fn take(&self, cancel: &Cancel) -> Result<SemaphorePermit<'_>, Failure> {
        if let Ok(slot) = self.slots.try_acquire() {
            return Ok(slot);
        }
        let _waiting = Waiting::begin(&self.waiting, self.most_waiting)?;
        tokio::select! {
            biased;
            reason = cancel.fired() => Err(ended(reason)),
            slot = self.slots.acquire() => {
                slot.map_err(|error| Failure::internal("The server takes no calls.").with_source(error))
            }
            () = tokio::time::sleep(self.patience) => Err(self.waited_in_vain()),
        }
    }

    fn waited_in_vain(&self) -> Failure {
        Failure::new(
            FailureKind::Busy,
            format!(
                "All {} places for calls were taken for {} ms; this call was not started.",
                self.running,
                self.patience.as_millis()
            ),
        )
        .with_hint("Try again in a moment, or let running calls finish first.")
    }
}

/// A place among the calls that wait for their turn.
struct Waiting<'turns>(&'turns AtomicUsize);

impl<'turns> Waiting<'turns> {
    fn begin(waiting: &'turns AtomicUsize, most: usize) -> Result<Self, Failure> {
        let place = Self(waiting);
        if waiting.fetch_add(1, Ordering::Relaxed) >= most {
            return Err(Failure::new(
                FailureKind::Busy,
                "Too many calls are waiting already; this one was not started.",
            )
            .with_hint("Wait for answers before sending more."));
        }
        Ok(place)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waiting_for_a_turn_ends_as_busy() {
        let turns = Turns::new(&McpOptions {
            max_concurrent_calls: 1,
            turn_may_take: Duration::from_millis(20),
            ..McpOptions::default()
        });
        let _running = turns.take(&Cancel::new()).await;

        let failure = turns.take(&Cancel::new()).await.err();

        assert_eq!(
            failure.map(|failure| (failure.kind, failure.message)),
            Some((
                FailureKind::Busy,
                "All 1 places for calls were taken for 20 ms; this call was not started."
                    .to_owned()
            ))
        );
    }
}
