//! Waiting for a call together with its client, who may end it and may want signs of life.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::atomic::{AtomicBool, Ordering},
    task::Poll,
    time::Duration,
};

use domain::{Cancel, cancel::CancelReason};
use rmcp::{RoleServer, model::ProgressNotificationParam, service::RequestContext};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::McpServer;

/// A call that takes longer sends its first sign of life after this, if the client wants any.
const FIRST_PROGRESS: Duration = Duration::from_secs(1);
const NEXT_PROGRESS: Duration = Duration::from_secs(5);
/// How long an answer waits for a sign of life that is being written before it.
const PROGRESS_MAY_TAKE: Duration = Duration::from_millis(100);

impl McpServer {
    /// Waits for `work`, passes on the client's wish to end it, and lets the client know that it goes on.
    pub(in super::super) async fn attend<T>(
        &self,
        work: impl Future<Output = T>,
        cancel: &Cancel,
        context: &RequestContext<RoleServer>,
    ) -> T {
        let sending = AtomicBool::new(false);
        let mut work = pin!(work);
        let mut progress = pin!(progress(context, &sending));
        tokio::select! {
            biased;
            result = &mut work => {
                // Nothing may follow the answer of a call, so what is on its way must be out before it.
                let sent = poll_fn(|waker| match progress.as_mut().poll(waker) {
                    Poll::Pending if sending.load(Ordering::Relaxed) => Poll::Pending,
                    _ => Poll::Ready(()),
                });
                if sending.load(Ordering::Relaxed) {
                    let _ = tokio::time::timeout(PROGRESS_MAY_TAKE, sent).await;
                }
                result
            }
            // Before the client's own end: where the server stops, that fires for the same reason.
            () = self.0.stopping.cancelled() => {
                cancel.fire(CancelReason::Shutdown);
                work.await
            }
            () = context.ct.cancelled() => {
                cancel.fire(CancelReason::Client);
                work.await
            }
            () = &mut progress => work.await,
        }
    }
}

/// Tells the client now and then that its call goes on. Returns when the client does not want to know (any more).
async fn progress(context: &RequestContext<RoleServer>, sending: &AtomicBool) {
    let Some(token) = context.meta.get_progress_token() else {
        return std::future::pending().await;
    };
    let started = Instant::now();
    let mut ticks = interval_at(started + FIRST_PROGRESS, NEXT_PROGRESS);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let seconds = started.elapsed().as_secs_f64();
        let progress =
            ProgressNotificationParam::new(token.clone(), seconds).with_message("running");
        sending.store(true, Ordering::Relaxed);
        let sent = context.peer.notify_progress(progress).await;
        sending.store(false, Ordering::Relaxed);
        if sent.is_err() {
            return std::future::pending().await;
        }
    }
}
