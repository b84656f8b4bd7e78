//! Sessions that were told to end and still work: one long call of a function is deaf to any interruption.

use std::sync::atomic::{AtomicUsize, Ordering};

use domain::{ConnectStep, Failure, FailureKind};
use tokio::sync::Notify;

/// While this many are deaf, in the whole process, a further session waits, and is refused in the end: each of them has a
/// thread that works on.
const MOST_DEAF: usize = 4;
/// Sessions that were told to end and still work.
static DEAF: AtomicUsize = AtomicUsize::new(0);
/// Told whenever one of them has ended.
static ONE_ENDED: Notify = Notify::const_new();

/// Waits until a session may be opened: most of the deaf are only slow, as where much else runs on the machine.
pub(super) async fn few_deaf() {
    loop {
        let one_ended = ONE_ENDED.notified();
        if DEAF.load(Ordering::Relaxed) < MOST_DEAF {
            return;
        }
        one_ended.await;
    }
}

/// One of them.
pub(super) struct Deaf;

impl Deaf {
    pub(super) fn new() -> Self {
        DEAF.fetch_add(1, Ordering::Relaxed);
        Self
    }
}

impl Drop for Deaf {
    fn drop(&mut self) {
        DEAF.fetch_sub(1, Ordering::Relaxed);
        ONE_ENDED.notify_waiters();
    }
}

pub(super) fn too_many_deaf() -> Failure {
    Failure::new(
        FailureKind::Busy,
        format!("{MOST_DEAF} statements that were stopped are still inside of a function call that cannot be interrupted."),
    )
    .with_step(ConnectStep::Database)
    .with_hint("Try again later. Such calls search long texts for long texts (instr, replace, trim).")
}
