//! One session on loan.

use std::{
    ops::{Deref, DerefMut},
    time::{Duration, Instant},
};

use deadpool::managed::Object;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::{Opener, Session};

/// A session on loan. Give it back with [`Lease::put_back`] or end it with [`Lease::discard`]; one that is merely
/// dropped (its call was cut off in the middle) is never used again.
pub(in super::super) struct Lease<S: Session> {
    pub(super) slot: Option<Object<Opener<S>>>,
    /// The session was opened for this loan, so it cannot have died while idle.
    pub(in super::super) fresh: bool,
    pub(super) _token: TaskTrackerToken,
}

impl<S: Session> Lease<S> {
    /// Returns the session for the next call, which will find it as it is.
    pub(in super::super) fn put_back(mut self) {
        if let Some(mut slot) = self.slot.take() {
            slot.used = true;
            slot.idle_since = Instant::now();
        }
    }

    /// Asks something once and gives the session back; without an answer in time nobody uses it again.
    pub(in super::super) async fn ask<T>(
        mut self,
        limit: Duration,
        question: impl AsyncFnOnce(&mut S) -> Option<T>,
    ) -> Option<T> {
        let answer = tokio::time::timeout(limit, question(&mut *self)).await;
        if let Ok(Some(answer)) = answer {
            self.put_back();
            return Some(answer);
        }
        self.discard().await;
        None
    }

    /// Ends the session; its slot is free at once.
    pub(in super::super) async fn discard(mut self) {
        if let Some(slot) = self.slot.take() {
            Box::pin(Object::take(slot).session.close()).await;
        }
    }
}

impl<S: Session> Drop for Lease<S> {
    fn drop(&mut self) {
        // Nobody said what state the session is in, so nobody may use it again.
        if let Some(slot) = self.slot.take() {
            drop(Object::take(slot));
        }
    }
}

impl<S: Session> Deref for Lease<S> {
    type Target = S;

    fn deref(&self) -> &S {
        match &self.slot {
            Some(slot) => &slot.session,
            None => unreachable!("the slot is only taken when the lease ends"),
        }
    }
}

impl<S: Session> DerefMut for Lease<S> {
    fn deref_mut(&mut self) -> &mut S {
        match &mut self.slot {
            Some(slot) => &mut slot.session,
            None => unreachable!("the slot is only taken when the lease ends"),
        }
    }
}
