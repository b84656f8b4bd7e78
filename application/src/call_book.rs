//! The calls that run, and those that ended last: what somebody sees who looks after this server.
//!
//! Nothing of it outlives the process. The lasting record is the audit.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use domain::{
    calls::{CallId, CallRecord, Caller, Principal, RunningCall},
    cancel::CancelReason,
    query::redacted,
};

/// Calls that have ended and are still known.
const KEPT: usize = 200;

/// What is kept of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptCall {
    pub id: CallId,
    pub principal: Principal,
    /// Made by whoever started this process.
    pub is_local: bool,
    pub acts_as: Option<String>,
    pub method: &'static str,
    pub tool: Option<&'static str>,
    pub connection: Option<String>,
    /// Its beginning, without the values in it.
    pub statement: Option<String>,
    /// `ok`, or the word of a failure.
    pub outcome: &'static str,
    pub rows: Option<u64>,
    pub began: SystemTime,
    pub duration: Duration,
}

impl KeptCall {
    fn of(call: &CallRecord<'_>, with_statement: bool) -> Self {
        Self {
            id: call.id,
            principal: call.caller.principal.clone(),
            is_local: call.caller.is_local,
            acts_as: call.acts_as.map(str::to_owned),
            method: call.method,
            tool: call.tool,
            connection: call.connection.map(str::to_owned),
            statement: call.statement.filter(|_| with_statement).map(redacted),
            outcome: call.outcome(),
            rows: call.rows,
            began: call.began,
            duration: call.duration,
        }
    }

    /// Whether this caller made it.
    pub fn is_of(&self, caller: &Caller) -> bool {
        self.principal == caller.principal && self.is_local == caller.is_local
    }
}

/// Calls since the process began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallTotals {
    pub calls: u64,
    /// Those that were answered with a failure, whosever fault that was.
    pub failed: u64,
}

/// Knows the calls that run, and those that ended last.
#[derive(Debug)]
pub struct CallBook {
    with_statements: bool,
    running: Mutex<HashMap<CallId, Weak<dyn RunningCall>>>,
    /// The last one at the end.
    ended: Mutex<VecDeque<KeptCall>>,
    calls: AtomicU64,
    failed: AtomicU64,
}

/// A call is among those that run, until this is dropped.
#[derive(Debug)]
pub struct Running<'book> {
    book: &'book CallBook,
    id: CallId,
}

impl CallBook {
    /// Statements are kept too, without the values in them, if they may be.
    pub fn new(with_statements: bool) -> Self {
        Self {
            with_statements,
            running: Mutex::default(),
            ended: Mutex::default(),
            calls: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }
    }

    /// A call begins.
    pub fn begin(&self, call: &Arc<impl RunningCall + 'static>) -> Running<'_> {
        let id = call.so_far().id;
        let weak = Arc::downgrade(call);
        lock(&self.running).insert(id, weak);
        Running { book: self, id }
    }

    /// A call has ended, whatever came of it.
    pub fn ended(&self, call: &CallRecord<'_>) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if call.failure.is_some() {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
        let kept = KeptCall::of(call, self.with_statements);
        let mut ended = lock(&self.ended);
        if ended.len() == KEPT {
            ended.pop_front();
        }
        ended.push_back(kept);
    }

    pub fn totals(&self) -> CallTotals {
        CallTotals {
            calls: self.calls.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
        }
    }

    /// Those that run, the longest first. Their outcome means nothing yet.
    pub fn running(&self) -> Vec<KeptCall> {
        let calls: Vec<_> = lock(&self.running)
            .values()
            .filter_map(Weak::upgrade)
            .collect();
        let mut running: Vec<_> = calls
            .iter()
            .map(|call| KeptCall::of(&call.so_far(), self.with_statements))
            .collect();
        running.sort_by_key(|call| (std::cmp::Reverse(call.duration), call.id.number));
        running
    }

    /// Those that have ended and that these words are true of, the last first.
    pub fn recent(&self, shows: impl Fn(&KeptCall) -> bool) -> Vec<KeptCall> {
        let ended = lock(&self.ended);
        ended
            .iter()
            .rev()
            .filter(|call| shows(call))
            .cloned()
            .collect()
    }

    /// Asks the call of this name to end, if it runs and may be meant. Whether there was one.
    pub fn end(&self, id: &str, may_end: impl Fn(&CallRecord<'_>) -> bool) -> bool {
        let call = lock(&self.running)
            .iter()
            .find(|(known, _)| known.to_string() == id)
            .and_then(|(_, call)| call.upgrade());
        match call {
            Some(call) if may_end(&call.so_far()) => {
                call.end(CancelReason::Operator);
                true
            }
            _ => false,
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        lock(&self.book.running).remove(&self.id);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use domain::{Cancel, access::Grant, calls::Claims};

    use super::*;

    static EVERYTHING: Grant = Grant::everything();

    #[derive(Debug)]
    struct OneCall {
        caller: Caller,
        number: u64,
        cancel: Cancel,
    }

    impl OneCall {
        fn new(who: &str, number: u64) -> Arc<Self> {
            Arc::new(Self {
                caller: Caller::new(Principal::new(who), Claims::default()),
                number,
                cancel: Cancel::new(),
            })
        }

        fn id(&self) -> String {
            self.so_far().id.to_string()
        }
    }

    impl RunningCall for OneCall {
        fn so_far(&self) -> CallRecord<'_> {
            CallRecord {
                grant: &EVERYTHING,
                span: None,
                opened: None,
                before_database: None,
                questions: None,
                id: CallId {
                    process: 1,
                    number: self.number,
                },
                caller: &self.caller,
                acts_as: None,
                method: "tools/call",
                tool: Some("execute_query"),
                connection: Some("shop"),
                engine: Some("testsql"),
                statement: Some("SELECT 'secret'"),
                rows: None,
                bytes: None,
                failure: None,
                began: UNIX_EPOCH,
                duration: Duration::from_secs(self.number),
                waited: Duration::ZERO,
                database: None,
            }
        }

        fn end(&self, reason: CancelReason) {
            self.cancel.fire(reason);
        }
    }

    fn numbers(calls: &[KeptCall]) -> Vec<u64> {
        calls.iter().map(|call| call.id.number).collect()
    }

    #[test]
    fn calls_run_until_they_are_over_and_the_longest_comes_first() {
        let book = CallBook::new(true);
        let (short, long, given_up) = (
            OneCall::new("ada", 1),
            OneCall::new("bob", 2),
            OneCall::new("bob", 3),
        );
        let of_short = book.begin(&short);
        let _of_long = book.begin(&long);
        let _of_given_up = book.begin(&given_up);
        // The book alone keeps no call alive.
        drop(given_up);

        assert_eq!(numbers(&book.running()), [2, 1]);
        drop(of_short);
        assert_eq!(numbers(&book.running()), [2]);
    }

    #[test]
    fn the_last_ones_are_kept_without_their_values() {
        let book = CallBook::new(true);
        for number in 1..=201 {
            book.ended(&OneCall::new("ada", number).so_far());
        }

        let recent = book.recent(|_| true);

        assert_eq!(recent.len(), KEPT);
        assert_eq!(recent.first().map(|call| call.id.number), Some(201));
        assert_eq!(recent.last().map(|call| call.id.number), Some(2));
        assert!(
            recent
                .iter()
                .all(|call| call.statement.as_deref() == Some("SELECT ?"))
        );
        assert_eq!(
            book.totals(),
            CallTotals {
                calls: 201,
                failed: 0
            }
        );
    }

    #[test]
    fn no_statement_is_kept_where_none_is_recorded() {
        let book = CallBook::new(false);
        book.ended(&OneCall::new("ada", 1).so_far());

        assert_eq!(book.recent(|_| true)[0].statement, None);
    }

    #[test]
    fn a_call_is_ended_by_its_name_by_those_who_may() {
        let book = CallBook::new(true);
        let call = OneCall::new("ada", 1);
        let _running = book.begin(&call);

        assert!(!book.end(&call.id(), |call| call.caller.principal.as_str() == "bob"));
        assert!(!book.end("00000001-2", |_| true));
        assert!(!call.cancel.is_fired());
        assert!(book.end(&call.id(), |call| call.caller.principal.as_str() == "ada"));
        assert_eq!(call.cancel.reason(), Some(CancelReason::Operator));
    }
}
