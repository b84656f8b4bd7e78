//! Rows on their way from the driver's buffer to the answer's text.
//!
//! A row is never a vector of owned values: the engine decodes one cell at a time into a borrowed [`Cell`] and
//! pushes it into a [`RowSink`], which writes the final text.

use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;

use super::index_trial::TriedIndex;

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Column {
    pub name: String,
    /// The type's name as the engine spells it, such as `int8` or `VARCHAR`.
    pub type_name: String,
}

/// One value, borrowed from the driver's buffer. Which JSON it becomes is the sink's matter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// SQL NULL.
    Null,
    Bool(bool),
    Int(i64),
    UInt(u64),
    Float32(f32),
    Float64(f64),
    /// An integer or a finite float as the server printed it, which is also a valid JSON number. The sink still
    /// checks integers against what JSON readers keep exact.
    Number(&'a str),
    Text(&'a str),
    /// Text that is not valid UTF-8: shown as bytes, with a notice.
    InvalidText(&'a [u8]),
    /// A value of a column of bytes.
    Bytes(&'a [u8]),
    /// Bytes in a column that may hold other kinds of values too (`SQLite`).
    MixedBytes(&'a [u8]),
    /// The server's own hexadecimal form of bytes, without the leading `\x`.
    HexBytes(&'a str),
    /// Valid JSON text from a column of JSON. A bare `null` in it is JSON's, not SQL's.
    Json(&'a str),
    /// Valid JSON text that an engine made of an array.
    Array(&'a str),
}

/// Whether a sink wants more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    Continue,
    Stop,
    /// The row was not taken, because a page is full. Wait for [`RowSink::resume`], then push the row again from
    /// `begin_row` on. An engine that cannot keep a result open takes it for [`Flow::Stop`].
    Wait,
}

/// Receives a result, cell by cell.
///
/// The order of calls is `columns` once, then for each row `begin_row`, one `cell` per column, `end_row`.
/// A statement that returns no rows at all makes no call.
#[async_trait]
pub trait RowSink: Send {
    fn columns(&mut self, columns: &[Column]);

    /// A further row exists. [`Flow::Stop`] means that it is not wanted: the row limit was reached, and is now
    /// known to have cut the result. None of its cells may be pushed.
    fn begin_row(&mut self) -> Flow;

    fn cell(&mut self, cell: Cell<'_>);

    /// The row is complete. [`Flow::Stop`] means that no further row is wanted.
    fn end_row(&mut self) -> Flow;

    /// Returns once the next page is wanted, with the time that its work may take; `None` if nobody wants it any more.
    /// The wait counts as nobody's work.
    async fn resume(&mut self) -> Option<Duration> {
        None
    }
}

/// A sink behind a port. An alias, because the mock generator cannot name the lifetime that a bare `dyn` in an
/// argument has.
pub type DynRowSink = dyn RowSink;

/// What a statement did besides returning rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Rows changed, for a statement that changes rows.
    pub affected_rows: Option<u64>,
    /// The last automatically generated key, where the engine reports one.
    pub insert_id: Option<u64>,
    /// What the database said on the side.
    pub notices: Vec<String>,
    /// What became of [`super::Statement::indexes`], in their order.
    pub tried_indexes: Vec<TriedIndex>,
}
