//! The caller's wish that a call end, without a runtime: whoever waits is woken by `fire`.

use std::{
    future::poll_fn,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Poll, Waker},
};

/// Why a call is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelReason {
    /// The client cancelled it, or is gone.
    Client,
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
    fired: AtomicBool,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    reason: Option<CancelReason>,
    waiting: Vec<Waker>,
}

impl Cancel {
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the call to end. The first reason stays.
    pub fn fire(&self, reason: CancelReason) {
        let waiting = {
            let mut inner = self.0.inner.lock().unwrap_or_else(PoisonError::into_inner);
            inner.reason.get_or_insert(reason);
            self.0.fired.store(true, Ordering::Release);
            std::mem::take(&mut inner.waiting)
        };
        waiting.into_iter().for_each(Waker::wake);
    }

    pub fn is_fired(&self) -> bool {
        self.0.fired.load(Ordering::Acquire)
    }

    pub fn reason(&self) -> Option<CancelReason> {
        self.0
            .inner
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .reason
    }

    /// Returns once the wish has been made; never if it is not.
    pub async fn fired(&self) -> CancelReason {
        poll_fn(|context| {
            let mut inner = self.0.inner.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(reason) = inner.reason {
                return Poll::Ready(reason);
            }
            if !inner
                .waiting
                .iter()
                .any(|waker| waker.will_wake(context.waker()))
            {
                inner.waiting.push(context.waker().clone());
            }
            Poll::Pending
        })
        .await
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
}
