//! The profile of one column.

use std::cmp::Ordering;

use domain::query::{Cell, Column};

use super::{
    super::json_value::{serialize, string},
    distinct::Distinct,
    frequent::Frequent,
    value::{Order, Value},
};

/// How many of the most frequent values are told.
const TOP: usize = 3;
/// The longest name that is told, in characters.
const NAME_CHARACTERS: usize = 128;

#[derive(Debug)]
pub(super) struct ColumnProfile {
    name: String,
    order: Order,
    nulls: u64,
    values: u64,
    distinct: Distinct,
    frequent: Frequent,
    range: Option<(Value, Value)>,
}

/// What is kept of a cell until its row is complete.
#[derive(Debug)]
pub(super) struct Seen(Option<(u64, Option<Value>)>);

impl ColumnProfile {
    /// `room` is how many values can be told apart exactly.
    pub(super) fn new(column: &Column, room: usize) -> Self {
        Self {
            name: column.name.chars().take(NAME_CHARACTERS).collect(),
            order: Order::of(&column.type_name),
            nulls: 0,
            values: 0,
            distinct: Distinct::new(room),
            frequent: Frequent::new(room),
            range: None,
        }
    }

    pub(super) fn see(&self, cell: Cell<'_>) -> Seen {
        Seen((cell != Cell::Null).then(|| Value::of(cell, self.order)))
    }

    pub(super) fn add(&mut self, seen: Seen) {
        let Some((hash, value)) = seen.0 else {
            self.nulls += 1;
            return;
        };
        self.values += 1;
        self.distinct.add(hash);
        let Some(value) = value else { return };
        self.frequent.add(hash, &value);
        if self.order == Order::None {
            return;
        }
        match &mut self.range {
            None => self.range = Some((value.clone(), value)),
            Some((min, _)) if value.compare(min) == Ordering::Less => *min = value,
            Some((_, max)) if value.compare(max) == Ordering::Greater => *max = value,
            Some(_) => {}
        }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"name\":");
        string(out, &self.name);
        out.extend_from_slice(b",\"nulls\":");
        serialize(out, &self.nulls);
        out.extend_from_slice(b",\"distinct\":");
        serialize(out, &self.distinct.count(self.values));
        if !self.distinct.is_exact() || !self.frequent.is_exact() {
            out.extend_from_slice(b",\"approximate\":true");
        }
        if let Some((min, max)) = &self.range {
            out.extend_from_slice(b",\"min\":");
            min.write(out);
            out.extend_from_slice(b",\"max\":");
            max.write(out);
        }
        let top = self.frequent.top(TOP);
        if !top.is_empty() {
            out.extend_from_slice(b",\"top\":[");
            for (index, (value, count)) in top.into_iter().enumerate() {
                out.extend_from_slice(if index > 0 { b",[" } else { b"[" });
                value.write(out);
                out.push(b',');
                serialize(out, &count);
                out.push(b']');
            }
            out.push(b']');
        }
        out.push(b'}');
    }
}
