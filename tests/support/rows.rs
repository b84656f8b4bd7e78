//! A sink that keeps what an engine pushed, for tests that compare cells.

use domain::query::{Cell, Column, Flow, RowSink};

/// A cell that outlives its row.
#[derive(Debug, Clone, PartialEq)]
pub enum Owned {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Number(String),
    Text(String),
    InvalidText(Vec<u8>),
    Bytes(Vec<u8>),
    MixedBytes(Vec<u8>),
    HexBytes(String),
    Json(String),
    Array(String),
}

/// Everything a statement returned, up to `limit` rows.
#[derive(Debug, Clone)]
pub struct Rows {
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<Owned>>,
    /// The sink said stop at a row beyond the limit.
    pub cut: bool,
    limit: usize,
}

impl Rows {
    pub fn up_to(limit: usize) -> Self {
        Self {
            columns: Vec::new(),
            rows: Vec::new(),
            cut: false,
            limit,
        }
    }
}

impl RowSink for Rows {
    fn columns(&mut self, columns: &[Column]) {
        self.columns = columns.to_vec();
    }

    fn begin_row(&mut self) -> Flow {
        if self.rows.len() == self.limit {
            self.cut = true;
            return Flow::Stop;
        }
        self.rows.push(Vec::with_capacity(self.columns.len()));
        Flow::Continue
    }

    fn cell(&mut self, cell: Cell<'_>) {
        let owned = match cell {
            Cell::Null => Owned::Null,
            Cell::Bool(value) => Owned::Bool(value),
            Cell::Int(value) => Owned::Int(value.into()),
            Cell::UInt(value) => Owned::Int(value.into()),
            Cell::Float32(value) => Owned::Float(value.into()),
            Cell::Float64(value) => Owned::Float(value),
            Cell::Number(text) => Owned::Number(text.to_owned()),
            Cell::Text(text) => Owned::Text(text.to_owned()),
            Cell::InvalidText(bytes) => Owned::InvalidText(bytes.to_vec()),
            Cell::Bytes(bytes) => Owned::Bytes(bytes.to_vec()),
            Cell::MixedBytes(bytes) => Owned::MixedBytes(bytes.to_vec()),
            Cell::HexBytes(text) => Owned::HexBytes(text.to_owned()),
            Cell::Json(text) => Owned::Json(text.to_owned()),
            Cell::Array(text) => Owned::Array(text.to_owned()),
        };
        self.rows
            .last_mut()
            .expect("begin_row came first")
            .push(owned);
    }

    fn end_row(&mut self) -> Flow {
        assert_eq!(self.rows.last().map(Vec::len), Some(self.columns.len()));
        Flow::Continue
    }
}
