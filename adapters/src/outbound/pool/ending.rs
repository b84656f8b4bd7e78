//! How calls come to their end before they are done, and what they fail with then.

use std::time::Duration;

use domain::{Cancel, Failure, FailureKind, cancel::CancelReason};

use super::super::clock::Clock;

/// The failure of a call that was told to end.
pub(in super::super) fn cancelled(reason: CancelReason) -> Failure {
    match reason {
        CancelReason::Client => Failure::new(FailureKind::Cancelled, "The call was cancelled.")
            .with_hint("Nothing runs any more; call again if it is still wanted."),
        CancelReason::Operator => Failure::new(
            FailureKind::Cancelled,
            "The call was ended by hand, on the status page of this server.",
        )
        .with_hint("Ask whoever uses this server before calling again."),
        CancelReason::ConnectionClosed => Failure::new(
            FailureKind::Cancelled,
            "The connection was closed while the statement ran.",
        )
        .with_hint("Name the connection again to open it anew."),
        CancelReason::Shutdown => Failure::new(
            FailureKind::Cancelled,
            "The server is stopping; the statement was ended.",
        )
        .with_hint("Call again when the server is back."),
    }
}

/// The failure of a statement that ran longer than it may.
pub(in super::super) fn timed_out(limit: Duration) -> Failure {
    Failure::new(
        FailureKind::Timeout,
        format!(
            "The statement ran longer than {} ms and was stopped.",
            limit.as_millis()
        ),
    )
    .with_hint("Read less: a narrower WHERE, fewer joins, an indexed column.")
}

/// Waits until the work must end, and says why: the client, the pool or the clock.
pub(in super::super) async fn must_end(
    cancel: &Cancel,
    closing: &Cancel,
    limit: Duration,
) -> Failure {
    must_end_by(cancel, closing, &Clock::new(limit)).await
}

/// As [`must_end`], by a clock that may stand still.
pub(in super::super) async fn must_end_by(
    cancel: &Cancel,
    closing: &Cancel,
    clock: &Clock,
) -> Failure {
    tokio::select! {
        biased;
        reason = cancel.fired() => cancelled(reason),
        reason = closing.fired() => cancelled(reason),
        limit = clock.passed() => timed_out(limit),
    }
}

pub(super) fn closed() -> Failure {
    Failure::new(FailureKind::Unavailable, "The connection has been closed.")
        .with_hint("Name the connection again to open it anew.")
}
