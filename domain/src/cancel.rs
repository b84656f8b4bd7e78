//! The caller's wish that a call end, without a runtime: whoever waits is woken by `fire`.

use std::sync::{Arc, OnceLock};

use event_listener::{Event, listener};

/// Why a call is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelReason {
    /// The client cancelled it, or is gone.
    Client,
    /// Somebody who may has ended it from outside.
    Operator,
    /// Its connection is being closed.
    ConnectionClosed,
    /// The server is stopping.
    Shutdown,
}

/// Shared by the caller, who fires it, and the call, which watches it. Clones are the same wish.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<State>);

#[derive(Debug, Default)]
struct State {
    reason: OnceLock<CancelReason>,
    /// Who waits. Forgotten as soon as it no longer does: a connection's wish outlives thousands of calls.
    waiting: Event,
}

impl Cancel {
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the call to end. The first reason stays.
    pub fn fire(&self, reason: CancelReason) {
        let _ = self.0.reason.set(reason);
        self.0.waiting.notify(usize::MAX);
    }

    pub fn is_fired(&self) -> bool {
        self.0.reason.get().is_some()
    }

    pub fn reason(&self) -> Option<CancelReason> {
        self.0.reason.get().copied()
    }

    /// Returns once the wish has been made; never if it is not.
    pub async fn fired(&self) -> CancelReason {
        loop {
            if let Some(reason) = self.reason() {
                return reason;
            }
            listener!(self.0.waiting => fired);
            // It may have been made just before we began to listen.
            if let Some(reason) = self.reason() {
                return reason;
            }
            fired.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::Future,
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use super::*;

    #[test]
    fn the_first_reason_stays() {
        let cancel = Cancel::new();

        cancel.fire(CancelReason::Client);
        cancel.fire(CancelReason::Shutdown);

        assert_eq!(cancel.reason(), Some(CancelReason::Client));
    }

    #[test]
    fn waiting_ends_when_a_clone_fires() {
        let cancel = Cancel::new();
        let mut fired = pin!(cancel.fired());
        let mut context = Context::from_waker(Waker::noop());
        assert_eq!(fired.as_mut().poll(&mut context), Poll::Pending);

        cancel.clone().fire(CancelReason::Client);

        assert_eq!(
            fired.as_mut().poll(&mut context),
            Poll::Ready(CancelReason::Client)
        );
    }

    #[test]
    fn who_no_longer_waits_is_forgotten() {
        let cancel = Cancel::new();
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..3 {
            assert_eq!(pin!(cancel.fired()).poll(&mut context), Poll::Pending);
        }

        assert_eq!(cancel.0.waiting.total_listeners(), 0);
    }
}
