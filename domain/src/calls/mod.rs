//! A call as those who watch, record or limit calls see it: who makes it, and what came of it.

mod caller;
mod port;
mod questions;
mod record;
mod trace;

pub use self::{
    caller::{Caller, Claims, Principal},
    port::{AuditTrail, CallLimits, CallObserver, InFlight, RevocationList, RunningCall, Tracing},
    questions::{CatalogQuestion, CatalogQuestions},
    record::{CallId, CallRecord, RefusedSignIns},
    trace::{Asked, TraceContext},
};
