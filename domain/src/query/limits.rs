//! How much one call may read, and for how long.

use std::time::Duration;

/// Rows of an answer when nobody says otherwise.
pub const DEFAULT_MAX_ROWS: u64 = 1_000;
/// Bytes of result text when nobody says otherwise: what common clients show a model.
pub const DEFAULT_MAX_BYTES: usize = 48_000;
/// A cell longer than this many bytes of text is cut, with a notice.
pub const MAX_CELL_BYTES: usize = 16 * 1024;
/// A statement's time when nobody says otherwise.
pub const DEFAULT_STATEMENT_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a result may stay open in all, from its first page on, besides the time of its pages.
pub const RESULT_STAYS_OPEN: Duration = Duration::from_mins(5);

/// The limits of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueryLimits {
    /// Most rows to return. The sink says stop at the row after them, beyond which an engine need not read.
    pub rows: u64,
    /// Most bytes of result text to return.
    pub bytes: usize,
    /// Most bytes of one cell.
    pub cell_bytes: usize,
    /// Longest time for the statement, or for one page of it, counted from when a database connection is at hand.
    pub time: Duration,
    /// How long the sink may keep the result waiting between pages, all waits together; zero for one that never does.
    /// A limit that is the server's to keep must allow for it.
    pub waits: Duration,
}

impl QueryLimits {
    /// The longest time that a server may be told: it cannot tell waiting from working.
    pub fn on_server(&self) -> Duration {
        self.time + self.waits
    }
}

impl Default for QueryLimits {
    fn default() -> Self {
        Self {
            rows: DEFAULT_MAX_ROWS,
            bytes: DEFAULT_MAX_BYTES,
            cell_bytes: MAX_CELL_BYTES,
            time: DEFAULT_STATEMENT_TIMEOUT,
            waits: Duration::ZERO,
        }
    }
}
