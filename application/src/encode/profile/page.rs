//! The profile of a page: one of each column, over the rows that the page holds.

use domain::query::{Cell, Column};

use super::{
    super::json_value::serialize,
    column::{ColumnProfile, Seen},
};

/// The longest profile in bytes: it is given in addition to what the rows may take.
pub const MOST_BYTES: usize = 8_000;

/// Columns beyond so many have no room in the text however short they are.
const MOST_COLUMNS: usize = 200;
/// Values that all columns together tell apart exactly, and the share of one at most.
const ALL_VALUES: usize = 16_384;
const VALUES_OF_ONE: usize = 1_024;

/// Room for the name of the field and what follows the columns, so that the limit holds.
const RESERVED_FOR_THE_END: usize = 40;

#[derive(Debug, Default)]
pub(in super::super) struct Profile {
    columns: Vec<ColumnProfile>,
    /// Columns beyond those.
    beyond: usize,
    /// The cells of the row that is not complete yet: it may be one too many.
    row: Vec<Seen>,
}

impl Profile {
    pub(in super::super) fn columns(&mut self, columns: &[Column]) {
        let room =
            (ALL_VALUES / columns.len().max(1)).clamp(ALL_VALUES / MOST_COLUMNS, VALUES_OF_ONE);
        let profiled = columns.iter().take(MOST_COLUMNS);
        self.columns = profiled
            .map(|column| ColumnProfile::new(column, room))
            .collect();
        self.beyond = columns.len() - self.columns.len();
    }

    pub(in super::super) fn begin_row(&mut self) {
        self.row.clear();
    }

    pub(in super::super) fn cell(&mut self, cell: Cell<'_>) {
        if let Some(column) = self.columns.get(self.row.len()) {
            self.row.push(column.see(cell));
        }
    }

    /// The row belongs to the page.
    pub(in super::super) fn end_row(&mut self) {
        for (column, seen) in self.columns.iter_mut().zip(self.row.drain(..)) {
            column.add(seen);
        }
    }

    /// Appends it as JSON: the first columns that fit, and how many are left out.
    pub(in super::super) fn write(&self, out: &mut Vec<u8>, rows: u64) {
        let start = out.len();
        out.extend_from_slice(b"{\"rows\":");
        serialize(out, &rows);
        out.extend_from_slice(b",\"columns\":[");
        let mut told = 0;
        for column in &self.columns {
            let before = out.len();
            if told > 0 {
                out.push(b',');
            }
            column.write(out);
            if out.len() - start + RESERVED_FOR_THE_END > MOST_BYTES {
                out.truncate(before);
                break;
            }
            told += 1;
        }
        out.push(b']');
        let left_out = self.columns.len() - told + self.beyond;
        if left_out > 0 {
            out.extend_from_slice(b",\"leftOut\":");
            serialize(out, &left_out);
        }
        out.push(b'}');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(types: &[&str], rows: &[Vec<Cell<'_>>]) -> String {
        let columns: Vec<Column> = types
            .iter()
            .enumerate()
            .map(|(index, type_name)| Column {
                name: format!("c{index}"),
                type_name: (*type_name).to_owned(),
            })
            .collect();
        let mut profile = Profile::default();
        profile.columns(&columns);
        for row in rows {
            profile.begin_row();
            for cell in row {
                profile.cell(*cell);
            }
            profile.end_row();
        }
        let mut out = Vec::new();
        profile.write(&mut out, rows.len() as u64);
        String::from_utf8(out).unwrap()
    }

    fn of_one(type_name: &str, cells: &[Cell<'_>]) -> String {
        let rows: Vec<Vec<Cell<'_>>> = cells.iter().map(|cell| vec![*cell]).collect();
        let text = profile(&[type_name], &rows);
        let head = format!("{{\"rows\":{},\"columns\":[{{\"name\":\"c0\",", cells.len());
        let text = text.strip_prefix(&head).unwrap();
        text.strip_suffix("}]}").unwrap().to_owned()
    }

    #[test]
    fn numbers_compare_as_numbers() {
        let cells = [9, 10, 10, -3, 9, 10].map(Cell::Int);

        assert_eq!(
            of_one("int8", &cells),
            r#""nulls":0,"distinct":3,"min":-3,"max":10,"top":[[10,3],[9,2]]"#
        );
    }

    #[test]
    fn decimals_compare_as_numbers_and_keep_their_digits() {
        let cells = ["9.50", "10.00", "9.5"].map(Cell::Text);

        assert_eq!(
            of_one("numeric", &cells),
            r#""nulls":0,"distinct":2,"min":"9.50","max":"10.00","top":[["9.50",2]]"#
        );
    }

    #[test]
    fn nulls_are_counted_apart() {
        let cells = [Cell::Null, Cell::Text("a"), Cell::Null];

        assert_eq!(
            of_one("text", &cells),
            r#""nulls":2,"distinct":1,"min":"a","max":"a""#
        );
    }

    #[test]
    fn three_values_are_told_at_most_and_none_that_came_once() {
        let cells = ["d", "b", "b", "c", "c", "c", "a", "a", "e", "e"].map(Cell::Text);

        assert_eq!(
            of_one("text", &cells),
            r#""nulls":0,"distinct":5,"min":"a","max":"e","top":[["c",3],["b",2],["a",2]]"#
        );
    }

    #[test]
    fn of_bytes_and_json_only_the_numbers_are_told() {
        for cells in [
            [Cell::Bytes(b"a"), Cell::Bytes(b"a"), Cell::Bytes(b"b")],
            [Cell::Json("1"), Cell::Json("1"), Cell::Json("[]")],
            [Cell::Array("[1]"), Cell::Array("[1]"), Cell::Array("[]")],
        ] {
            assert_eq!(of_one("any", &cells), r#""nulls":0,"distinct":2"#);
        }
    }

    #[test]
    fn values_whose_texts_are_ordered_otherwise_have_no_range() {
        let cells = ["9 days", "10:00:00", "9 days"].map(Cell::Text);

        assert_eq!(
            of_one("interval", &cells),
            r#""nulls":0,"distinct":2,"top":[["9 days",2]]"#
        );
    }

    #[test]
    fn more_values_than_can_be_told_apart_are_said_to_be_approximate() {
        let cells: Vec<_> = (0..5_000).map(Cell::Int).collect();

        let text = of_one("int8", &cells);

        let (distinct, rest) = text
            .strip_prefix("\"nulls\":0,\"distinct\":")
            .and_then(|text| text.split_once(','))
            .unwrap();
        let distinct: u64 = distinct.parse().unwrap();
        assert!((4_500..=5_000).contains(&distinct), "{distinct}");
        assert_eq!(rest, r#""approximate":true,"min":0,"max":4999"#);
    }

    #[test]
    fn a_row_that_was_begun_again_counts_once() {
        let column = Column {
            name: "n".to_owned(),
            type_name: "int8".to_owned(),
        };
        let mut profile = Profile::default();
        profile.columns(&[column]);
        for value in [1, 2] {
            profile.begin_row();
            profile.cell(Cell::Int(value));
        }
        profile.end_row();
        let mut out = Vec::new();
        profile.write(&mut out, 1);

        assert_eq!(
            String::from_utf8(out).unwrap(),
            r#"{"rows":1,"columns":[{"name":"n","nulls":0,"distinct":1,"min":2,"max":2}]}"#
        );
    }

    #[test]
    fn columns_that_do_not_fit_are_left_out_and_counted() {
        let text = profile(&["text"; 300], &[vec![Cell::Text("value"); 300]]);

        assert!(text.len() <= MOST_BYTES, "{}", text.len());
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let told = json["columns"].as_array().unwrap().len() as u64;
        assert_eq!(told + json["leftOut"].as_u64().unwrap(), 300);
        assert!(told > 100, "{told}");
    }
}
