//! The way of rows from the driver into the sink.

use domain::{
    Failure,
    masking::Masks,
    query::{Column, DynRowSink, Flow},
};
use sqlx::{Column as _, Row as _, ValueRef as _, postgres::PgRow};

use super::{
    super::clock::Clock,
    masking::Guard,
    outcome::Purpose,
    session::oid_of,
    statements::Prepared,
    types::{Shape, Types},
    value,
};

pub(super) struct Rows<'a> {
    sink: &'a mut DynRowSink,
    clock: &'a Clock,
    pub(super) purpose: Purpose,
    /// The sink has the columns.
    pub(super) begun: bool,
    pub(super) count: u64,
    /// The sink wants no more, but the statement must come to its end.
    full: bool,
    shapes: Vec<Shape>,
    guard: Option<&'a Guard>,
    masks: Masks,
    scratch: String,
}

/// What becomes of one row.
pub(super) enum Pushed {
    Flow(Flow),
    /// It has columns of types that must be looked up first; it was not pushed.
    UnknownTypes(Vec<u32>),
}

impl<'a> Rows<'a> {
    pub(super) fn new(
        sink: &'a mut DynRowSink,
        purpose: Purpose,
        clock: &'a Clock,
        guard: Option<&'a Guard>,
    ) -> Self {
        Self {
            sink,
            clock,
            purpose,
            begun: false,
            count: 0,
            full: false,
            shapes: Vec::new(),
            guard,
            masks: Masks::default(),
            scratch: String::new(),
        }
    }

    fn begin(&mut self, columns: &[Column], shapes: &[Shape]) {
        self.begun = true;
        self.shapes.extend_from_slice(shapes);
        self.sink.columns(columns);
    }

    pub(super) fn push(&mut self, types: &Types, row: &PgRow) -> Result<Pushed, Failure> {
        if !self.begun {
            let unknown = types.unknown(
                row.columns()
                    .iter()
                    .map(|column| oid_of(column.type_info())),
            );
            // A write cannot be run a second time; its custom types are read as text.
            if self.purpose == Purpose::Read && !unknown.is_empty() {
                return Ok(Pushed::UnknownTypes(unknown));
            }
            if let Some(guard) = self.guard {
                self.masks = guard.masks(row)?;
            }
            let (columns, shapes) = columns_of(row, types);
            self.begin(&columns, &shapes);
        }
        if self.full {
            return Ok(Pushed::Flow(self.stop()));
        }
        match self.sink.begin_row() {
            Flow::Continue => {}
            Flow::Stop => return Ok(Pushed::Flow(self.stop())),
            Flow::Wait => return Ok(Pushed::Flow(Flow::Wait)),
        }
        self.count += 1;
        for (index, shape) in self.shapes.iter().enumerate() {
            let value = row.try_get_raw(index).map_err(unreadable)?;
            let bytes = if value.is_null() {
                None
            } else {
                Some(value.as_bytes().map_err(unreadable)?)
            };
            let cell = value::cell(*shape, bytes, &mut self.scratch);
            self.masks.hand_over(index, cell, self.sink);
        }
        Ok(Pushed::Flow(match self.sink.end_row() {
            Flow::Continue => Flow::Continue,
            Flow::Stop => self.stop(),
            Flow::Wait => Flow::Wait,
        }))
    }

    /// Waits for the next page to be wanted. False if it never will.
    pub(super) async fn resume(&mut self) -> bool {
        self.clock.resume(self.sink).await
    }

    /// A write is not cut off in the middle: the rest of what it returns is read and dropped.
    fn stop(&mut self) -> Flow {
        self.full = true;
        match self.purpose {
            Purpose::Read => Flow::Stop,
            Purpose::Write => Flow::Continue,
        }
    }

    /// The answer is complete; one without rows has the columns of the statement.
    pub(super) fn finish(&mut self, prepared: &Prepared) {
        if !self.begun && !prepared.columns.is_empty() {
            self.begin(&prepared.columns, &[]);
        }
    }
}

/// Rows that wait until the types of their columns are known.
#[derive(Default)]
pub(super) struct Held {
    rows: Vec<PgRow>,
    unknown: Vec<u32>,
    bytes: usize,
}

/// Rows of more bytes are not worth holding.
const MAX_HELD: usize = 8 << 20;

impl Held {
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether the row could be kept.
    pub(super) fn keep(&mut self, row: PgRow, unknown: &[u32]) -> bool {
        self.bytes += (0..row.len())
            .filter_map(|index| {
                row.try_get_raw(index)
                    .ok()?
                    .as_bytes()
                    .ok()
                    .map(<[u8]>::len)
            })
            .sum::<usize>();
        self.unknown.extend_from_slice(unknown);
        self.rows.push(row);
        self.bytes <= MAX_HELD
    }

    pub(super) fn take(&mut self) -> (Vec<PgRow>, Vec<u32>) {
        (
            std::mem::take(&mut self.rows),
            std::mem::take(&mut self.unknown),
        )
    }
}

fn unreadable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Failure {
    Failure::internal("A row of the database's answer could not be read.").with_source(error)
}

/// What a row says of its own columns, which is true even if a table has changed since the statement was prepared.
fn columns_of(row: &PgRow, types: &Types) -> (Vec<Column>, Vec<Shape>) {
    row.columns()
        .iter()
        .map(|column| {
            let facts = types.get(oid_of(column.type_info()));
            let column = Column {
                name: column.name().to_owned(),
                type_name: facts.name.to_string(),
            };
            (column, facts.shape)
        })
        .unzip()
}
