//! The sink of a query's answer: one compact JSON object, written while the rows arrive.

use std::collections::HashSet;

use domain::{
    Failure,
    query::{Cell, Column, Flow, Outcome, QueryLimits, RowSink},
};
use serde::Serialize;

use super::{
    Format, csv,
    json_value::{self, Remark, serialize, string},
    markdown,
    notices::Notices,
    profile::Profile,
};

/// Room left for what follows the rows, so that a limit on the whole text holds.
const RESERVED_FOR_THE_END: usize = 136;

/// The longest name of a column; no engine lets anybody give a longer one to a table's.
const MAX_NAME_BYTES: usize = 1_024;

/// A finished answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Compact JSON.
    pub text: String,
    pub rows: u64,
    pub truncated: bool,
}

/// Writes rows in one of the formats until a limit says stop.
#[derive(Debug)]
pub struct AnswerSink {
    format: Format,
    limits: QueryLimits,
    out: Vec<u8>,
    columns: Vec<Column>,
    /// The beginning of each cell in the `objects` format: `"name":`, as JSON.
    keys: Vec<Vec<u8>>,
    rows: u64,
    /// Which cell of the current row comes next.
    next_cell: usize,
    /// Where the current row begins in `out`.
    row_start: usize,
    /// The notices before the current row.
    row_notices: (usize, usize),
    has_columns: bool,
    truncated: Option<Truncated>,
    notices: Notices,
    /// What the columns hold, if somebody asked.
    profile: Option<Box<Profile>>,
    scratch: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Truncated {
    Rows,
    Bytes,
}

/// How the cut of a result is told.
#[derive(Debug, Serialize)]
struct TruncatedField<'a> {
    by: &'static str,
    limit: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<&'a str>,
}

impl AnswerSink {
    pub fn new(format: Format, limits: QueryLimits) -> Self {
        Self {
            format,
            limits,
            out: Vec::with_capacity(1024),
            columns: Vec::new(),
            keys: Vec::new(),
            rows: 0,
            next_cell: 0,
            row_start: 0,
            row_notices: (0, 0),
            has_columns: false,
            truncated: None,
            notices: Notices::default(),
            profile: None,
            scratch: Vec::new(),
        }
    }

    /// Tells what the columns hold too, over the rows of this answer and beyond its limit of bytes.
    #[must_use]
    pub fn with_profile(mut self) -> Self {
        self.profile = Some(Box::default());
        self
    }

    /// Adds something the reader must know.
    pub fn notice(&mut self, notice: impl FnOnce() -> String) {
        self.notices.add(notice);
    }

    /// Completes the text with what the statement did.
    pub fn finish(self, outcome: Outcome) -> Result<Answer, Failure> {
        self.finish_page(outcome, None)
    }

    /// As [`AnswerSink::finish`], with the handle by which the rest can be read.
    pub fn finish_page(
        mut self,
        outcome: Outcome,
        cursor: Option<&str>,
    ) -> Result<Answer, Failure> {
        if self.has_columns {
            self.close_rows();
            self.out.push(b',');
        } else {
            self.out.push(b'{');
        }
        self.field("rowCount", &self.rows.clone());
        if let Some(truncated) = self.truncated {
            let (by, limit) = match truncated {
                Truncated::Rows => ("rows", self.limits.rows),
                Truncated::Bytes => ("bytes", self.limits.bytes as u64),
            };
            let what = TruncatedField { by, limit, cursor };
            self.next_field("truncated", &what);
            if self.rows == 0 && cursor.is_some() {
                self.notices.add(|| {
                    "the next row alone is longer than maxBytes; read on with a larger one"
                        .to_owned()
                });
            }
        }
        if let Some(rows) = outcome.affected_rows {
            self.next_field("affectedRows", &rows);
        }
        if let Some(id) = outcome.insert_id {
            self.out.extend_from_slice(b",\"insertId\":");
            json_value::write(&mut self.out, Cell::UInt(id), usize::MAX);
        }
        if let Some(profile) = self.profile.take().filter(|_| self.has_columns) {
            self.out.extend_from_slice(b",\"profile\":");
            profile.write(&mut self.out, self.rows);
        }
        for notice in outcome.notices {
            self.notices.add(|| notice);
        }
        let notices = std::mem::take(&mut self.notices).into_list();
        if !notices.is_empty() {
            self.next_field("notices", &notices);
        }
        self.out.push(b'}');
        Ok(Answer {
            rows: self.rows,
            truncated: self.truncated.is_some(),
            text: String::from_utf8(self.out).map_err(|error| {
                Failure::internal("The answer could not be written as text.").with_source(error)
            })?,
        })
    }

    fn field<T: serde::Serialize + ?Sized>(&mut self, name: &str, value: &T) {
        string(&mut self.out, name);
        self.out.push(b':');
        serialize(&mut self.out, value);
    }

    fn next_field<T: serde::Serialize + ?Sized>(&mut self, name: &str, value: &T) {
        self.out.push(b',');
        self.field(name, value);
    }

    fn open_rows(&mut self) {
        match self.format {
            Format::Json | Format::Objects => self.out.extend_from_slice(b",\"rows\":["),
            Format::Csv => {
                self.out.extend_from_slice(b",\"csv\":\"");
                for (index, column) in self.columns.iter().enumerate() {
                    if index > 0 {
                        self.out.push(b',');
                    }
                    csv::write(&mut self.out, Some(&column.name));
                }
                self.out.extend_from_slice(b"\\n");
            }
            Format::Markdown => {
                self.out.extend_from_slice(b",\"markdown\":\"|");
                for column in &self.columns {
                    markdown::write(&mut self.out, Some(&column.name));
                    self.out.push(b'|');
                }
                self.out.extend_from_slice(b"\\n|");
                for _ in &self.columns {
                    self.out.extend_from_slice(b"---|");
                }
                self.out.extend_from_slice(b"\\n");
            }
        }
    }

    fn close_rows(&mut self) {
        self.out.push(match self.format {
            Format::Json | Format::Objects => b']',
            Format::Csv | Format::Markdown => b'"',
        });
    }

    /// The cell for a reader of plain text: strings without JSON's quotes, everything else as in JSON.
    fn write_plain(&mut self, cell: Cell<'_>) -> Option<Remark> {
        let write = if self.format == Format::Csv {
            csv::write
        } else {
            markdown::write
        };
        if cell == Cell::Null {
            write(&mut self.out, None);
            return None;
        }
        self.scratch.clear();
        let remark = json_value::write(&mut self.scratch, cell, self.limits.cell_bytes);
        let json = std::str::from_utf8(&self.scratch).unwrap_or_default();
        match serde_json::from_str::<String>(json) {
            Ok(text) => write(&mut self.out, Some(&text)),
            Err(_) => write(&mut self.out, Some(json)),
        }
        remark
    }

    fn tell(&mut self, remark: Remark, index: usize) {
        let row = self.rows + 1;
        let column = self.columns.get(index).map_or("", |column| &column.name);
        self.notices.add(|| match remark {
            Remark::Cut { shown, full } => {
                format!("row {row}, column \"{column}\": the first {shown} of the value's {full} bytes are shown")
            }
            Remark::NotText { shown, full } if shown < full => {
                format!("row {row}, column \"{column}\": not valid UTF-8, shown as bytes, the first {shown} of {full}")
            }
            Remark::NotText { .. } => {
                format!("row {row}, column \"{column}\": not valid UTF-8, shown as bytes")
            }
        });
    }
}

impl RowSink for AnswerSink {
    fn columns(&mut self, columns: &[Column]) {
        self.has_columns = true;
        self.columns = columns.to_vec();
        for column in &mut self.columns {
            shorten(&mut column.name);
        }
        if let Some(profile) = &mut self.profile {
            profile.columns(&self.columns);
        }
        let columns = self.columns.clone();
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let types: Vec<&str> = columns
            .iter()
            .map(|column| column.type_name.as_str())
            .collect();
        self.out.push(b'{');
        self.field("columns", &names);
        self.next_field("types", &types);
        if self.format == Format::Objects {
            self.keys = unique_names(&names)
                .into_iter()
                .map(|name| {
                    let mut key = Vec::new();
                    string(&mut key, &name);
                    key.push(b':');
                    key
                })
                .collect();
        }
        self.open_rows();
    }

    fn begin_row(&mut self) -> Flow {
        if self.rows == self.limits.rows {
            self.truncated = Some(Truncated::Rows);
            return Flow::Stop;
        }
        self.row_start = self.out.len();
        self.row_notices = self.notices.mark();
        self.next_cell = 0;
        if let Some(profile) = &mut self.profile {
            profile.begin_row();
        }
        match self.format {
            Format::Json | Format::Objects => {
                if self.rows > 0 {
                    self.out.push(b',');
                }
                self.out.push(if self.format == Format::Json {
                    b'['
                } else {
                    b'{'
                });
            }
            Format::Csv => {}
            Format::Markdown => self.out.push(b'|'),
        }
        Flow::Continue
    }

    fn cell(&mut self, cell: Cell<'_>) {
        let index = self.next_cell;
        self.next_cell += 1;
        if let Some(profile) = &mut self.profile {
            profile.cell(cell);
        }
        if index > 0 && self.format != Format::Markdown {
            self.out.push(b',');
        }
        if let Some(key) = self.keys.get(index) {
            self.out.extend_from_slice(key);
        }
        let remark = match self.format {
            Format::Json | Format::Objects => {
                json_value::write(&mut self.out, cell, self.limits.cell_bytes)
            }
            Format::Csv | Format::Markdown => self.write_plain(cell),
        };
        if self.format == Format::Markdown {
            self.out.push(b'|');
        }
        if let Some(remark) = remark {
            self.tell(remark, index);
        }
    }

    fn end_row(&mut self) -> Flow {
        match self.format {
            Format::Json => self.out.push(b']'),
            Format::Objects => self.out.push(b'}'),
            Format::Csv | Format::Markdown => self.out.extend_from_slice(b"\\n"),
        }
        if self.out.len() + RESERVED_FOR_THE_END > self.limits.bytes {
            self.out.truncate(self.row_start);
            self.notices.back_to(self.row_notices);
            self.truncated = Some(Truncated::Bytes);
            return Flow::Stop;
        }
        self.rows += 1;
        if let Some(profile) = &mut self.profile {
            profile.end_row();
        }
        Flow::Continue
    }
}

/// Some engines call a column by the whole text of its expression, which may be as long as a statement.
fn shorten(name: &mut String) {
    if name.len() > MAX_NAME_BYTES {
        name.truncate(name.floor_char_boundary(MAX_NAME_BYTES));
        name.push('…');
    }
}

/// Names for the fields of an object: a name that was there before gets `_2`, `_3`, …
fn unique_names(names: &[&str]) -> Vec<String> {
    let mut taken: HashSet<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut seen = HashSet::new();
    names
        .iter()
        .map(|&name| {
            if seen.insert(name) {
                return name.to_owned();
            }
            let free = (2..=names.len() * 2 + 2)
                .map(|number| format!("{name}_{number}"))
                .find(|candidate| !taken.contains(candidate))
                .unwrap_or_default();
            taken.insert(free.clone());
            free
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_that_is_called_by_a_long_text_is_called_by_its_beginning() {
        let mut sink = AnswerSink::new(Format::Json, QueryLimits::default());

        sink.columns(&[column(&"x".repeat(5_000))]);
        let answer = sink.finish(Outcome::default()).unwrap();

        let expected = format!(
            "{{\"columns\":[\"{}…\"],\"types\":[\"int8\"],\"rows\":[],\"rowCount\":0}}",
            "x".repeat(1_024)
        );
        assert_eq!(answer.text, expected);
    }

    fn column(name: &str) -> Column {
        Column {
            name: name.to_owned(),
            type_name: "int8".to_owned(),
        }
    }

    /// Pushes rows of two columns until the sink says stop, as an engine does.
    fn push(sink: &mut AnswerSink, rows: &[[Cell<'_>; 2]]) {
        sink.columns(&[column("id"), column("name")]);
        for row in rows {
            if sink.begin_row() == Flow::Stop {
                return;
            }
            for cell in row {
                sink.cell(*cell);
            }
            if sink.end_row() == Flow::Stop {
                return;
            }
        }
    }

    fn answer(format: Format, limits: QueryLimits, rows: &[[Cell<'_>; 2]]) -> String {
        let mut sink = AnswerSink::new(format, limits);
        push(&mut sink, rows);
        sink.finish(Outcome::default()).unwrap().text
    }

    const TWO: [[Cell<'_>; 2]; 2] = [
        [Cell::Int(1), Cell::Text("Ada, \"Countess\"")],
        [Cell::Int(2), Cell::Null],
    ];

    #[test]
    fn each_format_has_its_own_text_in_the_same_envelope() {
        let head = r#"{"columns":["id","name"],"types":["int8","int8"],"#;
        for (format, body) in [
            (Format::Json, r#""rows":[[1,"Ada, \"Countess\""],[2,null]]"#),
            (
                Format::Objects,
                r#""rows":[{"id":1,"name":"Ada, \"Countess\""},{"id":2,"name":null}]"#,
            ),
            (
                Format::Csv,
                r#""csv":"id,name\n1,\"Ada, \"\"Countess\"\"\"\n2,\n""#,
            ),
            (
                Format::Markdown,
                r#""markdown":"|id|name|\n|---|---|\n|1|Ada, \"Countess\"|\n|2|NULL|\n""#,
            ),
        ] {
            let expected = format!("{head}{body},\"rowCount\":2}}");
            assert_eq!(answer(format, QueryLimits::default(), &TWO), expected);
        }
    }

    #[test]
    fn exactly_as_many_rows_as_the_limit_are_not_truncated() {
        let limits = QueryLimits {
            rows: 2,
            ..QueryLimits::default()
        };

        assert!(!answer(Format::Json, limits, &TWO).contains("truncated"));
    }

    #[test]
    fn one_row_more_than_the_limit_is_truncated_by_rows() {
        let limits = QueryLimits {
            rows: 1,
            ..QueryLimits::default()
        };

        let text = answer(Format::Json, limits, &TWO);

        assert!(
            text.ends_with(r#""rowCount":1,"truncated":{"by":"rows","limit":1}}"#),
            "{text}"
        );
    }

    #[test]
    fn the_whole_text_stays_within_the_limit_of_bytes() {
        for format in [Format::Json, Format::Objects, Format::Csv, Format::Markdown] {
            let limits = QueryLimits {
                bytes: 400,
                ..QueryLimits::default()
            };
            let rows = [[Cell::Int(7), Cell::Text("seven")]; 100];

            let text = answer(format, limits, &rows);

            assert!(text.len() <= 400, "{format:?}: {}", text.len());
            assert!(
                text.contains(r#""truncated":{"by":"bytes","limit":400}"#),
                "{text}"
            );
            assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
        }
    }

    #[test]
    fn no_rows_still_have_columns() {
        let text = answer(Format::Json, QueryLimits::default(), &[]);

        assert_eq!(
            text,
            r#"{"columns":["id","name"],"types":["int8","int8"],"rows":[],"rowCount":0}"#
        );
    }

    #[test]
    fn a_statement_without_a_result_says_what_it_did() {
        let sink = AnswerSink::new(Format::Json, QueryLimits::default());

        let answer = sink
            .finish(Outcome {
                affected_rows: Some(3),
                insert_id: Some(u64::MAX),
                notices: vec!["committed".to_owned()],
                ..Outcome::default()
            })
            .unwrap();

        assert_eq!(
            answer.text,
            r#"{"rowCount":0,"affectedRows":3,"insertId":"18446744073709551615","notices":["committed"]}"#
        );
    }

    #[test]
    fn a_profile_is_of_the_rows_that_are_shown_and_beyond_the_limit_of_bytes() {
        // GIVEN room for one row
        let limits = QueryLimits {
            bytes: 240,
            ..QueryLimits::default()
        };
        let mut sink = AnswerSink::new(Format::Json, limits).with_profile();

        // WHEN the second does not fit
        let long = "x".repeat(100);
        push(
            &mut sink,
            &[
                [Cell::Int(1), Cell::Text("Ada")],
                [Cell::Int(2), Cell::Text(&long)],
            ],
        );

        // THEN the profile knows nothing of it, and is whole
        assert_eq!(
            sink.finish(Outcome::default()).unwrap().text,
            r#"{"columns":["id","name"],"types":["int8","int8"],"rows":[[1,"Ada"]],"rowCount":1,"truncated":{"by":"bytes","limit":240},"profile":{"rows":1,"columns":[{"name":"id","nulls":0,"distinct":1,"min":1,"max":1},{"name":"name","nulls":0,"distinct":1,"min":"Ada","max":"Ada"}]}}"#
        );
    }

    #[test]
    fn a_statement_without_a_result_has_no_profile() {
        let sink = AnswerSink::new(Format::Json, QueryLimits::default()).with_profile();

        let answer = sink.finish(Outcome::default()).unwrap();

        assert_eq!(answer.text, r#"{"rowCount":0}"#);
    }

    #[test]
    fn a_cut_cell_is_told_with_row_column_and_length() {
        let limits = QueryLimits {
            cell_bytes: 3,
            ..QueryLimits::default()
        };

        let text = answer(
            Format::Json,
            limits,
            &[[Cell::Int(1), Cell::Text("abcdef")]],
        );

        assert!(text.contains(r#"[[1,"abc"]]"#), "{text}");
        assert!(
            text.contains(r#""notices":["row 1, column \"name\": the first 3 of the value's 6 bytes are shown"]"#),
            "{text}"
        );
    }

    #[test]
    fn a_repeated_name_gets_a_number_that_is_free() {
        assert_eq!(
            unique_names(&["a", "a", "a_2", "a"]),
            ["a", "a_3", "a_2", "a_4"]
        );
    }
}
