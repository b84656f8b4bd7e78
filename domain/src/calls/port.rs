//! The ports through which calls are watched, recorded and limited.

use std::{any::Any, fmt};

use async_trait::async_trait;

use super::{CallRecord, Caller, RefusedSignIns, TraceContext};
use crate::{cancel::CancelReason, failure::Failure};

/// Counts or shows calls. Never keeps one waiting, and never fails one.
pub trait CallObserver: fmt::Debug + Send + Sync {
    /// A call is about to run, or to wait for its turn.
    fn began(&self, caller: &Caller) {
        let _ = caller;
    }

    /// It is over, whatever came of it; its answer has not left yet.
    fn ended(&self, record: &CallRecord<'_>);

    /// A client has begun a session, under the name that it gives itself.
    fn joined(&self, client: Option<&str>) {
        let _ = client;
    }

    /// Its session is over.
    fn left(&self, client: Option<&str>) {
        let _ = client;
    }

    /// A caller was told to slow down by the limit of this name.
    fn limited(&self, limit: &'static str) {
        let _ = limit;
    }
}

/// Gives calls their places in traces. Never keeps one waiting, and never fails one.
pub trait Tracing: fmt::Debug + Send + Sync {
    /// The place of a call that begins now: below its client's, if that has one, else at the top of a trace of its own.
    fn begin(&self, method: &'static str, client: Option<&TraceContext>) -> TraceContext;
}

/// Keeps a lasting record of every call.
#[async_trait]
pub trait AuditTrail: fmt::Debug + Send + Sync {
    /// Whether a call that begins now could be recorded; it is not run otherwise.
    fn ready(&self) -> Result<(), Failure>;

    /// Records the call. The answer leaves only once this is `Ok`; a failure takes its place.
    async fn record(&self, call: &CallRecord<'_>) -> Result<(), Failure>;

    /// Records a call that nobody waits for any more, as well as that is possible without waiting.
    fn abandoned(&self, call: &CallRecord<'_>);

    /// Records requests that were refused before they were calls, as well as that is possible without waiting.
    fn refused(&self, sign_ins: &RefusedSignIns<'_>);
}

/// Says how much a caller may do, and when.
#[async_trait]
pub trait CallLimits: fmt::Debug + Send + Sync {
    /// Lets a call begin, or fails with `Busy` and when to try again.
    async fn enter(&self, caller: &Caller) -> Result<InFlight, Failure>;

    /// Counts the rows that a call was given.
    async fn gave(&self, caller: &Caller, rows: u64);
}

/// A call that was let in, until this is dropped.
pub struct InFlight {
    /// Gives its place back when it is dropped.
    _place: Option<Box<dyn Any + Send + Sync>>,
}

impl InFlight {
    pub fn holding(place: impl Any + Send + Sync) -> Self {
        Self {
            _place: Some(Box::new(place)),
        }
    }

    /// Where nothing is limited.
    pub fn unlimited() -> Self {
        Self { _place: None }
    }
}

impl fmt::Debug for InFlight {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("InFlight").finish_non_exhaustive()
    }
}

/// Knows who is not let in any more, beside what this process was told itself.
#[async_trait]
pub trait RevocationList: fmt::Debug + Send + Sync {
    /// All of it, as lines of `jti ID`, `sub SUBJECT` or `principal NAME`. Nothing while that cannot be found out.
    async fn lines(&self) -> Option<Vec<String>>;
}

/// A call that has not ended yet.
pub trait RunningCall: fmt::Debug + Send + Sync {
    /// What there is to know of it so far; its outcome is not among that.
    fn so_far(&self) -> CallRecord<'_>;

    /// Asks it to end, for this reason.
    fn end(&self, reason: CancelReason);
}
