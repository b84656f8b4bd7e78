//! What waits to be taken by the client, in bytes.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// While more than this waits, nothing more is read and no call begins: a client that does not listen stops being heard.
pub(super) const MOST_BYTES: usize = 8 * 1024 * 1024;

#[derive(Debug, Default)]
pub(super) struct Backlog {
    bytes: AtomicUsize,
    taken: Notify,
}

impl Backlog {
    pub(super) fn add(&self, bytes: usize) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn take(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.taken.notify_waiters();
    }

    /// Returns once the client has taken enough.
    pub(super) async fn room(&self) {
        loop {
            // Made before the look, so that what is taken in between is not missed.
            let taken = self.taken.notified();
            if self.bytes.load(Ordering::Relaxed) <= MOST_BYTES {
                return;
            }
            taken.await;
        }
    }
}
