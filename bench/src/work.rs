//! What is measured, in words that every side understands: the direct client, the server, a peer.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::table::{Table, some_id};

/// One stretch of work, timed by whoever does it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Work {
    /// From nothing to the answer of `SELECT 1`, once.
    Start,
    /// Calls one after another, each timed.
    Calls {
        query: Query,
        calls: u32,
        /// Calls before those, which are not timed.
        warm_up: u32,
        /// Which values and texts are used; no two stretches of one run share them.
        first: u64,
        /// How long to wait before each call.
        pause_ms: u64,
    },
    /// `SELECT 1`, with a number of calls under way at any time; timed as a whole.
    InFlight { in_flight: u32, calls: u32 },
}

impl Work {
    /// Whether these are calls for that many rows.
    pub(crate) fn is_rows(&self, asked: u32) -> bool {
        matches!(self, Self::Calls { query: Query::Rows(rows), .. } if *rows == asked)
    }

    /// How many calls this makes, untimed ones included.
    pub(crate) fn calls_made(&self) -> u64 {
        match self {
            Self::Start => 1,
            Self::Calls { calls, warm_up, .. } => u64::from(*calls) + u64::from(*warm_up),
            Self::InFlight { in_flight, calls } => {
                u64::from(*calls) + u64::from(in_flight_warm_up(*in_flight))
            }
        }
    }
}

/// Untimed calls before a stretch in flight: enough for either pool to open its connections.
pub(crate) fn in_flight_warm_up(in_flight: u32) -> u32 {
    2 * in_flight
}

/// One kind of call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Query {
    SelectOne,
    /// One row by its key, which is a bound parameter.
    Lookup,
    /// One row by its key, which is written into the text, so that no two texts are the same.
    NewText,
    /// That many rows in the order of their key.
    Rows(u32),
}

impl Query {
    /// The text and the parameter of one call.
    pub(crate) fn statement(self, table: &Table, call: u64) -> (Cow<'static, str>, Option<i64>) {
        match self {
            Self::SelectOne => (Cow::Borrowed("SELECT 1"), None),
            Self::Lookup => (Cow::Owned(table.lookup()), Some(i64::from(some_id(call)))),
            Self::NewText => (Cow::Owned(table.lookup_of(some_id(call), call)), None),
            Self::Rows(rows) => (Cow::Owned(table.rows(rows)), None),
        }
    }

    /// How many rows the answer must have.
    pub(crate) fn rows(self) -> u32 {
        match self {
            Self::Rows(rows) => rows,
            _ => 1,
        }
    }
}

/// What came of a stretch of work.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Performed {
    /// One time per timed call; of a stretch in flight, its whole time alone.
    pub(crate) times_ns: Vec<u64>,
    /// Bytes of result text in the last answer, from those that answer with text.
    pub(crate) text_bytes: Option<u64>,
}
