//! One SQL statement as the caller wrote it, with the values to bind.

use std::sync::Arc;

use serde_json::Value;

use super::acts_as::ActsAs;
use crate::failure::Failure;

/// The longest statement text, in bytes.
pub const MAX_SQL_BYTES: usize = 1_000_000;

/// The most values of one statement: the protocols count them in two bytes.
pub const MAX_PARAMS: usize = 65_535;

/// One statement. Its text reaches the database unchanged, but for semicolons that it begins with, which become blanks.
#[derive(Debug, Clone)]
pub struct Statement {
    pub sql: String,
    /// Bound by the database in order, never spliced into the text.
    pub params: Vec<Value>,
    /// As whom it runs, where the rows of its connection are not the same for everybody.
    pub acts_as: Option<Arc<ActsAs>>,
    /// For a request of a plan: what would make the indexes that it is planned with although they are not there. Only of
    /// what [`super::Dialect::planned_index`] has read.
    pub indexes: Vec<String>,
}

impl Statement {
    /// Rejects what no engine can run: an empty text, one with a NUL character (it would end the text early in
    /// two of the wire protocols), one over [`MAX_SQL_BYTES`], more values than [`MAX_PARAMS`], and numbers that JSON readers have already
    /// rounded.
    pub fn new(sql: String, params: Vec<Value>) -> Result<Self, Failure> {
        if sql.trim().is_empty() {
            return Err(Failure::invalid_argument("`sql` is empty.")
                .with_hint("Send one SQL statement, such as `SELECT 1`."));
        }
        if sql.len() > MAX_SQL_BYTES {
            return Err(Failure::new(
                crate::FailureKind::TooLarge,
                format!(
                    "`sql` is {} bytes long; the limit is {MAX_SQL_BYTES}.",
                    sql.len()
                ),
            )
            .with_hint("Pass long values as `params`, or split the work into several calls."));
        }
        if let Some(at) = sql.chars().position(|character| character == '\0') {
            return Err(Failure::invalid_argument("`sql` contains a NUL character.")
                .with_position(at + 1)
                .with_hint("Remove it; no engine accepts NUL in a statement."));
        }
        if params.len() > MAX_PARAMS {
            return Err(Failure::new(
                crate::FailureKind::TooLarge,
                format!(
                    "`params` holds {} values; the limit is {MAX_PARAMS}.",
                    params.len()
                ),
            )
            .with_hint("Pass a list as one value, as an array or as JSON, or split the work into several calls."));
        }
        for (index, param) in params.iter().enumerate() {
            if let Value::Number(number) = param
                && number.is_f64()
                && number.as_f64().is_some_and(|float| {
                    float.fract() == 0.0 && float.abs() >= 9_007_199_254_740_992.0
                })
            {
                return Err(Failure::invalid_argument(format!(
                    "Parameter {} is a number too large to be exact in JSON.",
                    index + 1
                ))
                .with_parameter(index + 1)
                .with_hint(
                    "Pass it as a string of digits; it binds to a numeric column all the same.",
                ));
            }
        }
        Ok(Self {
            sql: without_leading_semicolons(sql),
            params,
            acts_as: None,
            indexes: Vec::new(),
        })
    }
}

/// Some write `;WITH …`. Not every server takes a statement that begins so, and blanks move no position.
fn without_leading_semicolons(sql: String) -> String {
    let statement = sql.trim_start_matches(|one: char| one == ';' || one.is_ascii_whitespace());
    let before = sql.len() - statement.len();
    match sql.get(..before) {
        Some(beginning) if beginning.contains(';') => {
            format!("{}{statement}", beginning.replace(';', " "))
        }
        _ => sql,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::FailureKind;

    #[test]
    fn what_no_engine_can_run_is_refused() {
        let long = format!("SELECT '{}'", "x".repeat(MAX_SQL_BYTES));
        for (sql, kind) in [
            ("", FailureKind::InvalidArgument),
            (" \n\t", FailureKind::InvalidArgument),
            ("SELECT 1\0; DROP TABLE t", FailureKind::InvalidArgument),
            (long.as_str(), FailureKind::TooLarge),
        ] {
            let failure = Statement::new(sql.to_owned(), Vec::new()).unwrap_err();
            assert_eq!(failure.kind, kind);
        }
    }

    #[test]
    fn semicolons_that_a_text_begins_with_become_blanks_and_no_others() {
        for (sql, expected) in [
            (
                ";WITH a AS (SELECT 1) TABLE a;",
                " WITH a AS (SELECT 1) TABLE a;",
            ),
            (" ;\n; SELECT ';'", "  \n  SELECT ';'"),
            ("SELECT 1;;", "SELECT 1;;"),
            ("/* ; */ ; SELECT 1", "/* ; */ ; SELECT 1"),
            (";;", "  "),
        ] {
            let statement = Statement::new(sql.to_owned(), Vec::new()).unwrap();
            assert_eq!(statement.sql, expected);
        }
    }

    #[test]
    fn more_values_than_can_be_counted_are_too_large() {
        let failure = Statement::new("SELECT 1".to_owned(), vec![json!(1); 65_536]).unwrap_err();

        assert_eq!(
            failure.message,
            "`params` holds 65536 values; the limit is 65535."
        );
    }

    #[test]
    fn the_position_of_a_nul_counts_characters() {
        let failure = Statement::new("SELECT 'é'\0".to_owned(), Vec::new()).unwrap_err();

        assert_eq!(failure.position, Some(11));
    }

    #[test]
    fn a_number_that_json_has_rounded_is_refused() {
        let rounded: Value = serde_json::from_str("123456789012345678901234567890").unwrap();

        let failure = Statement::new("SELECT ?".to_owned(), vec![json!(1), rounded]).unwrap_err();

        assert_eq!(failure.parameter, Some(2));
    }
}
