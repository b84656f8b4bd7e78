//! The cells of a result on their way into its sink, some of them masked.

use std::borrow::Cow;

use super::{Masking, mask::Mask};
use crate::query::{Cell, DynRowSink};

/// The masks of one result, column by column.
#[derive(Debug, Clone, Default)]
pub struct Masks {
    columns: Vec<Option<Mask>>,
    masking: Option<Masking>,
}

impl Masks {
    pub fn new(columns: Vec<Option<Mask>>, masking: &Masking) -> Self {
        Self {
            columns,
            masking: Some(masking.clone()),
        }
    }

    /// Hands over a cell of the column at `index`, or what is shown in its place. NULL stays NULL.
    pub fn hand_over(&self, index: usize, cell: Cell<'_>, sink: &mut DynRowSink) {
        let mask = self.columns.get(index).copied().flatten();
        match (mask, cell) {
            (None, _) | (_, Cell::Null) => sink.cell(cell),
            (Some(mask), cell) => {
                let key = self
                    .masking
                    .as_ref()
                    .and_then(|masking| masking.key.as_ref());
                sink.cell(Cell::Text(&shown(mask, cell).of(&text(cell), key)));
            }
        }
    }
}

/// A part of bytes or of a list tells too much or nothing.
fn shown(mask: Mask, cell: Cell<'_>) -> Mask {
    match cell {
        Cell::InvalidText(_)
        | Cell::Bytes(_)
        | Cell::MixedBytes(_)
        | Cell::HexBytes(_)
        | Cell::Json(_)
        | Cell::Array(_)
            if mask == Mask::Partial =>
        {
            Mask::Full
        }
        _ => mask,
    }
}

fn text(cell: Cell<'_>) -> Cow<'_, str> {
    match cell {
        Cell::Null => Cow::Borrowed(""),
        Cell::Bool(value) => Cow::Owned(value.to_string()),
        Cell::Int(value) => Cow::Owned(value.to_string()),
        Cell::UInt(value) => Cow::Owned(value.to_string()),
        Cell::Float32(value) => Cow::Owned(value.to_string()),
        Cell::Float64(value) => Cow::Owned(value.to_string()),
        Cell::Number(text)
        | Cell::Text(text)
        | Cell::HexBytes(text)
        | Cell::Json(text)
        | Cell::Array(text) => Cow::Borrowed(text),
        Cell::InvalidText(bytes) | Cell::Bytes(bytes) | Cell::MixedBytes(bytes) => {
            Cow::Owned(format!("{bytes:?}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        masking::MaskRules,
        query::{Column, Flow, RowSink},
    };

    #[derive(Default)]
    struct Seen(Vec<String>);

    impl RowSink for Seen {
        fn columns(&mut self, _: &[Column]) {}

        fn begin_row(&mut self) -> Flow {
            Flow::Continue
        }

        fn cell(&mut self, cell: Cell<'_>) {
            self.0.push(format!("{cell:?}"));
        }

        fn end_row(&mut self) -> Flow {
            Flow::Continue
        }
    }

    #[test]
    fn only_cells_of_masked_columns_are_replaced_and_null_stays() {
        let masking = Masking {
            rules: MaskRules::parse("email").unwrap(),
            key: None,
        };
        let masks = Masks::new(vec![None, Some(Mask::Partial), Some(Mask::Full)], &masking);
        let mut seen = Seen::default();

        for (index, cell) in [
            (0, Cell::Int(1)),
            (1, Cell::Text("ada@example.com")),
            (1, Cell::Null),
            (1, Cell::Json("{\"a\":\"long enough\"}")),
            (1, Cell::UInt(4_111_111_111_111_111)),
            (2, Cell::Bool(true)),
            (3, Cell::Text("beyond")),
        ] {
            masks.hand_over(index, cell, &mut seen);
        }

        assert_eq!(
            seen.0,
            [
                "Int(1)",
                "Text(\"a***@example.com\")",
                "Null",
                "Text(\"***\")",
                "Text(\"***1111\")",
                "Text(\"***\")",
                "Text(\"beyond\")",
            ]
        );
    }
}
