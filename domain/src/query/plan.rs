//! What a plan says of the work that a statement would be, before it is run.

use super::rows::{Cell, Column, Flow, RowSink};

/// The answer to a request for a plan, as text.
#[derive(Debug, Default)]
pub struct PlanTable {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Option<String>>>,
}

impl PlanTable {
    /// The cells of a column, from the first row on.
    pub fn column(&self, name: &str) -> impl Iterator<Item = Option<&str>> {
        let index = self
            .columns
            .iter()
            .position(|column| column.eq_ignore_ascii_case(name))
            .unwrap_or(usize::MAX);
        self.rows
            .iter()
            .map(move |row| row.get(index).and_then(Option::as_deref))
    }
}

impl RowSink for PlanTable {
    fn columns(&mut self, columns: &[Column]) {
        self.columns = columns.iter().map(|column| column.name.clone()).collect();
    }

    fn begin_row(&mut self) -> Flow {
        self.rows.push(Vec::with_capacity(self.columns.len()));
        Flow::Continue
    }

    fn cell(&mut self, cell: Cell<'_>) {
        let text = match cell {
            Cell::Number(text) | Cell::Text(text) | Cell::Json(text) => Some(text.to_owned()),
            Cell::Int(number) => Some(number.to_string()),
            Cell::UInt(number) => Some(number.to_string()),
            Cell::Float32(number) => Some(number.to_string()),
            Cell::Float64(number) => Some(number.to_string()),
            _ => None,
        };
        if let Some(row) = self.rows.last_mut() {
            row.push(text);
        }
    }

    fn end_row(&mut self) -> Flow {
        Flow::Continue
    }
}

/// A step of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanStep {
    /// As a person would name it: `Nested Loop`, `Seq Scan on orders`.
    pub what: String,
    /// Rows that the engine expects it to handle.
    pub rows: f64,
}
