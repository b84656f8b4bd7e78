//! Calls that run at the same time, and those that wait for their turn, or for the client to take what it was answered.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use domain::{Cancel, Failure, FailureKind};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{backlog::Backlog, call::ended, server::McpOptions};

/// An answer that may be longer shares the room below with others. All calls that run may have one as short as this.
const SHORT_BYTES: usize = 64 * 1024;
/// Room for what calls may answer that run at the same time, in kilobytes.
const ROOM_KB: u32 = 16 * 1024;
/// No answer needs more of it: some long ones are made at the same time, though most calls stay far below their limit.
const MOST_OF_ROOM_KB: u32 = ROOM_KB / 4;

#[derive(Debug)]
pub(super) struct Turns {
    slots: Semaphore,
    running: usize,
    waiting: AtomicUsize,
    most_waiting: usize,
    patience: Duration,
    room: Semaphore,
    backlog: Arc<Backlog>,
}

impl Turns {
    pub(super) fn new(options: &McpOptions) -> Self {
        Self {
            slots: Semaphore::new(options.max_concurrent_calls),
            running: options.max_concurrent_calls,
            waiting: AtomicUsize::new(0),
            most_waiting: options.max_waiting_calls,
            patience: options.turn_may_take,
            room: Semaphore::new(ROOM_KB as usize),
            backlog: Arc::default(),
        }
    }

    pub(super) fn backlog(&self) -> Arc<Backlog> {
        Arc::clone(&self.backlog)
    }

    /// Waits until the client has taken enough of what it was answered, and until there is room for an answer of so
    /// many bytes beside those that are being made.
    pub(super) async fn room(
        &self,
        bytes: usize,
        cancel: &Cancel,
    ) -> Result<Option<SemaphorePermit<'_>>, Failure> {
        let room = async {
            let place = if bytes > SHORT_BYTES {
                let kb = u32::try_from(bytes / 1024).unwrap_or(u32::MAX);
                self.room.acquire_many(kb.min(MOST_OF_ROOM_KB)).await.ok()
            } else {
                None
            };
            self.backlog.room().await;
            place
        };
        tokio::select! {
            biased;
            place = room => Ok(place),
            reason = cancel.fired() => Err(ended(reason)),
            () = tokio::time::sleep(self.patience) => Err(self.not_listened_to()),
        }
    }

    fn not_listened_to(&self) -> Failure {
        Failure::new(
            FailureKind::Busy,
            format!(
                "There was no room for another long answer for {} ms; this call was not started.",
                self.patience.as_millis()
            ),
        )
        .with_hint("Take the answers that wait, or give fewer calls at once a large `maxBytes`.")
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
