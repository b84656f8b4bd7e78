//! What came of a call.

use std::{
    fmt,
    net::IpAddr,
    time::{Duration, SystemTime},
};

use super::{Caller, CatalogQuestions, Principal, TraceContext};
use crate::{access::Grant, connection::Database, failure::Failure};

/// Tells a call apart from every other one, of this process and of others: the same in the log, the traces and the
/// audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CallId {
    /// Drawn once a process.
    pub process: u32,
    /// Counted from 1.
    pub number: u64,
}

impl fmt::Display for CallId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:08x}-{}", self.process, self.number)
    }
}

/// A call that has ended.
#[derive(Debug, Clone, Copy)]
pub struct CallRecord<'call> {
    pub id: CallId,
    pub caller: &'call Caller,
    /// What the caller may do.
    pub grant: &'call Grant,
    /// Its own place in a trace, where calls have one.
    pub span: Option<&'call TraceContext>,
    /// The user that the call acted as in the place of its caller, where that was allowed.
    pub acts_as: Option<&'call str>,
    /// As the protocol names it, such as `tools/call`.
    pub method: &'static str,
    /// Where it called one.
    pub tool: Option<&'static str>,
    /// The connection it was about, if it came so far.
    pub connection: Option<&'call str>,
    /// Of that connection.
    pub engine: Option<&'static str>,
    /// The database itself, if it was open.
    pub opened: Option<&'call Database>,
    /// As the client sent it.
    pub statement: Option<&'call str>,
    pub rows: Option<u64>,
    /// Of the answer's text.
    pub bytes: Option<usize>,
    pub failure: Option<&'call Failure>,
    pub began: SystemTime,
    pub duration: Duration,
    /// The part of the duration before its turn came.
    pub waited: Duration,
    /// The part of the duration in which a statement ran.
    pub database: Option<Duration>,
    /// The part of the duration before that: told of a statement, too, that the call did not see the end of.
    pub before_database: Option<Duration>,
    /// What it asked of the database's catalog, where somebody wants to know.
    pub questions: Option<&'call CatalogQuestions>,
}

impl CallRecord<'_> {
    /// `ok`, or the word of the failure's kind.
    pub fn outcome(&self) -> &'static str {
        self.failure.map_or("ok", |failure| failure.kind.as_str())
    }

    /// The trace it belongs to: 32 hexadecimal digits.
    pub fn trace(&self) -> Option<String> {
        let context = self.span.or(self.caller.trace.as_ref())?;
        Some(format!("{:032x}", context.trace))
    }
}

/// Requests from one place that nobody was let in by, for one reason.
#[derive(Debug, Clone, Copy)]
pub struct RefusedSignIns<'told> {
    /// A word, such as `expired`.
    pub reason: &'static str,
    /// Whose credential it was, where that is sure.
    pub principal: Option<&'told Principal>,
    pub address: Option<IpAddr>,
    /// How many there were since such were last told of.
    pub times: u64,
    pub told: SystemTime,
}
