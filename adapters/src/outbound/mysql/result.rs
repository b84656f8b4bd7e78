//! Rows of one result, from the driver's buffer into a sink.

use domain::{
    Failure,
    masking::Masks,
    query::{DynRowSink, Flow},
};
use futures_util::TryStreamExt as _;
use sqlx::{
    Decode, Either, Executor as _, MySql, MySqlConnection, Row as _, Statement as _,
    mysql::{MySqlArguments, MySqlRow, MySqlStatement, MySqlValueRef},
};

use super::{
    super::{clock::Clock, turns::Turn},
    column::Column,
    masking::Guard,
    value,
};

/// What a statement did.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) affected_rows: u64,
    pub(super) last_insert_id: u64,
    /// It returned rows, or could have.
    pub(super) has_rows: bool,
    /// Rows that the server sent, wanted or not.
    pub(super) rows: u64,
    /// The sink wanted no more: the rest of the answer has not been read.
    pub(super) stopped: bool,
    /// The statement returned a further result, which was left out.
    pub(super) further_results: bool,
}

/// Why a statement did not get to its end.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The server, or the way to it.
    Server(sqlx::Error),
    /// A value that cannot be read; more of the answer may be under way.
    Value(Failure),
}

impl From<sqlx::Error> for Trouble {
    fn from(error: sqlx::Error) -> Self {
        Self::Server(error)
    }
}

/// What to do when the sink wants no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnStop {
    /// Leave the rest unread.
    Return,
    /// Read the rest all the same: a statement that writes must come to its end.
    ReadOn,
}

/// Where a result goes.
pub(super) struct Output<'a> {
    pub(super) sink: &'a mut DynRowSink,
    pub(super) on_stop: OnStop,
    pub(super) clock: &'a Clock,
    /// Set once the sink has been told anything.
    pub(super) started: &'a mut bool,
}

/// Runs a prepared statement. `guard` is what holds where columns are masked.
pub(super) async fn run(
    connection: &mut MySqlConnection,
    prepared: &MySqlStatement,
    arguments: MySqlArguments,
    guard: Option<&Guard>,
    output: Output<'_>,
) -> Result<Done, Trouble> {
    let Output {
        sink,
        on_stop,
        clock,
        started,
    } = output;
    let mut masks = Masks::default();
    let mut done = Done::default();
    let mut columns: Option<Vec<Column>> = None;
    let mut first_result_is_over = false;
    let mut text = String::new();
    let query = prepared.query_with(arguments);
    let mut turn = Turn::new();
    let mut items = connection.fetch_many(query);
    while let Some(item) = items.try_next().await? {
        match item {
            Either::Left(summary) => {
                // A procedure's own answer comes last, after its results.
                done.affected_rows = summary.rows_affected();
                done.last_insert_id = summary.last_insert_id();
                first_result_is_over = true;
            }
            Either::Right(_) if first_result_is_over => done.further_results = true,
            Either::Right(row) => {
                turn.pause().await;
                done.rows += 1;
                let columns = match &mut columns {
                    Some(columns) => columns,
                    none => {
                        let columns = Column::all_of(row.columns()).map_err(Trouble::Value)?;
                        if let Some(guard) = guard {
                            masks = guard.masks(row.columns());
                        }
                        *started = true;
                        tell(&columns, sink);
                        none.insert(columns)
                    }
                };
                if done.stopped {
                    continue;
                }
                let mut flow =
                    push(&row, columns, &masks, &mut text, sink).map_err(Trouble::Value)?;
                while flow == Flow::Wait && clock.resume(sink).await {
                    flow = push(&row, columns, &masks, &mut text, sink).map_err(Trouble::Value)?;
                }
                if flow != Flow::Continue {
                    done.stopped = true;
                    if on_stop == OnStop::Return {
                        break;
                    }
                }
            }
        }
    }
    drop(items);
    done.has_rows = columns.is_some();
    if columns.is_none() && !prepared.columns().is_empty() {
        let columns = Column::all_of(prepared.columns()).map_err(Trouble::Value)?;
        *started = true;
        done.has_rows = true;
        tell(&columns, sink);
    }
    Ok(done)
}

fn tell(columns: &[Column], sink: &mut DynRowSink) {
    let shown: Vec<_> = columns.iter().map(|column| column.shown.clone()).collect();
    sink.columns(&shown);
}

fn push(
    row: &MySqlRow,
    columns: &[Column],
    masks: &Masks,
    text: &mut String,
    sink: &mut DynRowSink,
) -> Result<Flow, Failure> {
    let flow = sink.begin_row();
    if flow != Flow::Continue {
        return Ok(flow);
    }
    for (index, column) in columns.iter().enumerate() {
        let unreadable = || {
            Failure::internal(format!(
                "A value of column `{}` ({}) could not be read.",
                column.shown.name, column.shown.type_name
            ))
        };
        let value = row
            .try_get_raw(index)
            .map_err(|error| unreadable().with_source(error))?;
        let cell = value::cell(column.kind, bytes(value), text).map_err(|_| unreadable())?;
        masks.hand_over(index, cell, sink);
    }
    Ok(sink.end_row())
}

/// The bytes as they came, `None` for NULL. `sqlx` calls zero dates NULL too, so it is not asked.
fn bytes(value: MySqlValueRef<'_>) -> Option<&[u8]> {
    <&[u8] as Decode<'_, MySql>>::decode(value).ok()
}

/// A cell of an answer to our own text, which comes as text.
pub(super) fn text(row: &MySqlRow, column: usize) -> Option<String> {
    let value = row.try_get_raw(column).ok()?;
    Some(String::from_utf8_lossy(bytes(value)?).into_owned())
}
