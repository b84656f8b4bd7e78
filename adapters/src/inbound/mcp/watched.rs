//! A request that others watch and that leaves no record: no line in the log, and nothing in the audit.

use std::sync::Arc;

use domain::{Failure, calls::CallObserver, cancel::CancelReason};

use super::call::{self, Call};

/// Tells the observers once that a request of which they know has ended: also if it is dropped half done.
pub(super) struct Watched<'call> {
    observers: &'call [Arc<dyn CallObserver>],
    call: &'call Call,
    is_over: bool,
}

impl<'call> Watched<'call> {
    pub(super) fn of(observers: &'call [Arc<dyn CallObserver>], call: &'call Call) -> Self {
        Self {
            observers,
            call,
            is_over: false,
        }
    }

    pub(super) fn end(mut self, failure: Option<&Failure>) {
        self.tell(failure);
    }

    fn tell(&mut self, failure: Option<&Failure>) {
        self.is_over = true;
        let record = self.call.record(failure);
        for observer in self.observers {
            observer.ended(&record);
        }
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.tell(Some(&call::ended(CancelReason::Client)));
        }
    }
}
