//! One value, from the server's own text to a borrowed [`Cell`]; the only decoder.
//!
//! Results are read in text form throughout, so that every type, built in or not, is exactly what the server
//! prints. Arrays and JSON are in `array.rs` and `json.rs`.

use domain::query::Cell;

use super::{
    array,
    json::{self, MAX_EXACT_INTEGER},
    types::{Scalar, Shape},
};

/// Reads the text of one value. `scratch` is reused from cell to cell.
pub(super) fn cell<'a>(shape: Shape, bytes: Option<&'a [u8]>, scratch: &'a mut String) -> Cell<'a> {
    let Some(bytes) = bytes else {
        return Cell::Null;
    };
    let Ok(text) = std::str::from_utf8(bytes) else {
        // A database in SQL_ASCII promises nothing about its text.
        return Cell::InvalidText(bytes);
    };
    match shape {
        Shape::Scalar(scalar) => self::scalar(scalar, text, scratch),
        Shape::Array { element, delimiter } => {
            scratch.clear();
            match array::write_json(text, element, delimiter, scratch) {
                Some(()) => Cell::Array(scratch),
                // Bounds that do not begin at 1 cannot be said in JSON.
                None => Cell::Text(text),
            }
        }
    }
}

fn scalar<'a>(scalar: Scalar, text: &'a str, scratch: &'a mut String) -> Cell<'a> {
    match scalar {
        Scalar::Bool => match text {
            "t" => Cell::Bool(true),
            "f" => Cell::Bool(false),
            _ => Cell::Text(text),
        },
        Scalar::Integer => Cell::Number(text),
        Scalar::Float if is_finite(text) => Cell::Number(text),
        Scalar::Bytes => text
            .strip_prefix("\\x")
            .map_or(Cell::Text(text), Cell::HexBytes),
        Scalar::Json => Cell::Json(json::compact(text, scratch)),
        Scalar::Float | Scalar::Text => Cell::Text(text),
    }
}

/// Writes one element of an array as JSON.
pub(super) fn write_element(scalar: Scalar, text: &str, out: &mut String) {
    match scalar {
        Scalar::Bool if text == "t" => out.push_str("true"),
        Scalar::Bool if text == "f" => out.push_str("false"),
        Scalar::Integer if is_exact(text) => out.push_str(text),
        Scalar::Float if is_finite(text) => out.push_str(text),
        Scalar::Json => json::write_compact(text, out),
        _ => json::write_string(text, out),
    }
}

fn is_exact(text: &str) -> bool {
    text.parse::<i64>()
        .is_ok_and(|number| number.unsigned_abs() <= MAX_EXACT_INTEGER)
}

/// `NaN`, `Infinity` and `-Infinity` have no place in JSON numbers.
fn is_finite(text: &str) -> bool {
    text.bytes()
        .last()
        .is_some_and(|last| last.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(scalar: Scalar, text: &str) -> String {
        let mut scratch = String::new();
        format!(
            "{:?}",
            cell(Shape::Scalar(scalar), Some(text.as_bytes()), &mut scratch)
        )
    }

    #[test]
    fn text_becomes_the_cell_of_its_type() {
        for (scalar, text, expected) in [
            (Scalar::Bool, "t", "Bool(true)"),
            (Scalar::Bool, "f", "Bool(false)"),
            (
                Scalar::Integer,
                "-9223372036854775808",
                "Number(\"-9223372036854775808\")",
            ),
            (Scalar::Float, "1e-07", "Number(\"1e-07\")"),
            (Scalar::Float, "-0", "Number(\"-0\")"),
            (Scalar::Float, "NaN", "Text(\"NaN\")"),
            (Scalar::Float, "-Infinity", "Text(\"-Infinity\")"),
            (Scalar::Bytes, "\\x00ff", "HexBytes(\"00ff\")"),
            (
                Scalar::Json,
                "{\"a\": [1, 2]}",
                "Json(\"{\\\"a\\\":[1,2]}\")",
            ),
            (Scalar::Text, "1.20", "Text(\"1.20\")"),
        ] {
            assert_eq!(read(scalar, text), expected, "{text}");
        }
    }

    #[test]
    fn text_that_is_not_utf_8_is_never_guessed_at() {
        let mut scratch = String::new();

        let cell = cell(Shape::Scalar(Scalar::Text), Some(b"caf\xe9"), &mut scratch);

        assert_eq!(cell, Cell::InvalidText(b"caf\xe9"));
    }
}
