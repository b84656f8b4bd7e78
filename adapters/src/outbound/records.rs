//! Reads the results of our own questions to a database's catalog, row by row.

use domain::{
    Cancel, Failure, FailureKind,
    query::{Cell, Column, Flow, QueryLimits, QueryRunner, RowSink, Statement},
};
use serde_json::Value;

/// More rows than any catalog has; a runner counts one further.
const MAX_ROWS: u64 = 1 << 31;

/// Asks, and gathers the rows into `into`. The statement is ours, so that the database rejects it is a defect.
///
/// What gathers holds no reference: it is handed through the port.
pub(super) async fn read<T, F>(
    runner: &dyn QueryRunner,
    sql: &str,
    params: Vec<Value>,
    time: std::time::Duration,
    cancel: &Cancel,
    into: T,
    gather: F,
) -> Result<T, Failure>
where
    T: Send + 'static,
    F: FnMut(&mut T, &Record) + Send + 'static,
{
    let statement = Statement {
        sql: sql.to_owned(),
        params,
        acts_as: None,
        indexes: Vec::new(),
    };
    let limits = QueryLimits {
        rows: MAX_ROWS,
        bytes: usize::MAX,
        cell_bytes: usize::MAX,
        time,
        waits: std::time::Duration::ZERO,
    };
    let mut sink = Reader {
        record: Record::default(),
        next: 0,
        gathered: into,
        gather,
    };
    match runner
        .run_read(&statement, &limits, &mut sink, cancel)
        .await
    {
        Ok(_) => Ok(sink.gathered),
        Err(failure)
            if matches!(
                failure.kind,
                FailureKind::InvalidSql | FailureKind::InvalidArgument
            ) =>
        {
            Err(
                Failure::internal("The database rejects a question about its own schema.")
                    .with_source(failure),
            )
        }
        Err(failure) => Err(failure),
    }
}

/// One row, each cell as text. The buffers are used again for the next row.
#[derive(Debug, Default)]
pub(super) struct Record(Vec<Field>);

#[derive(Debug, Default)]
struct Field {
    text: String,
    is_null: bool,
}

impl Record {
    /// The text of a cell, empty for NULL and for what is not there.
    pub(super) fn text(&self, index: usize) -> &str {
        self.some(index).unwrap_or_default()
    }

    /// The text of a cell; `None` for NULL.
    pub(super) fn some(&self, index: usize) -> Option<&str> {
        self.0
            .get(index)
            .filter(|field| !field.is_null)
            .map(|field| field.text.as_str())
    }

    /// The text of a cell; `None` for NULL and for an empty one.
    pub(super) fn words(&self, index: usize) -> Option<String> {
        self.some(index)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    }

    /// A whole number; `None` for NULL, negative ones and what is no number.
    pub(super) fn number(&self, index: usize) -> Option<u64> {
        self.some(index)?.parse().ok()
    }

    /// True for a truth value, `1`, `t`, `true` and `YES`.
    pub(super) fn is_true(&self, index: usize) -> bool {
        matches!(self.text(index), "true" | "t" | "1" | "YES")
    }

    /// The texts of an array, from its JSON.
    pub(super) fn texts(&self, index: usize) -> Vec<String> {
        serde_json::from_str(self.text(index)).unwrap_or_default()
    }
}

struct Reader<T, F> {
    record: Record,
    next: usize,
    gathered: T,
    gather: F,
}

impl<T: Send, F: FnMut(&mut T, &Record) + Send> RowSink for Reader<T, F> {
    fn columns(&mut self, columns: &[Column]) {
        self.record.0.resize_with(columns.len(), Field::default);
    }

    fn begin_row(&mut self) -> Flow {
        self.next = 0;
        Flow::Continue
    }

    fn cell(&mut self, cell: Cell<'_>) {
        let Some(field) = self.record.0.get_mut(self.next) else {
            return;
        };
        self.next += 1;
        field.text.clear();
        field.is_null = false;
        match cell {
            Cell::Null => field.is_null = true,
            Cell::Number(text)
            | Cell::Text(text)
            | Cell::Json(text)
            | Cell::Array(text)
            | Cell::HexBytes(text) => field.text.push_str(text),
            Cell::Bool(truth) => field.text.push_str(if truth { "true" } else { "false" }),
            Cell::Int(number) => field.text.push_str(&number.to_string()),
            Cell::UInt(number) => field.text.push_str(&number.to_string()),
            Cell::Float32(number) => field.text.push_str(&number.to_string()),
            Cell::Float64(number) => field.text.push_str(&number.to_string()),
            Cell::InvalidText(bytes) | Cell::Bytes(bytes) | Cell::MixedBytes(bytes) => {
                field.text.push_str(&String::from_utf8_lossy(bytes));
            }
        }
    }

    fn end_row(&mut self) -> Flow {
        (self.gather)(&mut self.gathered, &self.record);
        Flow::Continue
    }
}
