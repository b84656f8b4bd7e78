//! One cell as JSON.
//!
//! A JSON number only if every reader keeps it exact: readers in JavaScript hold numbers as doubles, so integers
//! beyond ±(2^53−1) are strings of digits.

use std::io::Write;

use domain::query::Cell;

/// The largest integer that a double holds exactly, together with all below it.
const MOST_EXACT: u64 = (1 << 53) - 1;

/// What had to be done to a cell to fit it in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remark {
    /// Cut; how many bytes of the value are shown, and how many it has.
    Cut { shown: usize, full: usize },
    /// Text that is not UTF-8, shown as bytes, and of them perhaps not all.
    NotText { shown: usize, full: usize },
}

/// Appends `cell` as JSON to `out`, no longer than about `limit` bytes.
pub(super) fn write(out: &mut Vec<u8>, cell: Cell<'_>, limit: usize) -> Option<Remark> {
    match cell {
        Cell::Null => out.extend_from_slice(b"null"),
        Cell::Bool(true) => out.extend_from_slice(b"true"),
        Cell::Bool(false) => out.extend_from_slice(b"false"),
        Cell::Int(value) if value.unsigned_abs() <= MOST_EXACT => {
            serialize(out, &value);
        }
        Cell::Int(value) => print(out, format_args!("\"{value}\"")),
        Cell::UInt(value) if value <= MOST_EXACT => serialize(out, &value),
        Cell::UInt(value) => print(out, format_args!("\"{value}\"")),
        Cell::Float32(value) if value.is_finite() => serialize(out, &value),
        Cell::Float32(value) => string(out, not_finite(value.into())),
        Cell::Float64(value) if value.is_finite() => serialize(out, &value),
        Cell::Float64(value) => string(out, not_finite(value)),
        Cell::Number(text) if is_exact(text) => out.extend_from_slice(text.as_bytes()),
        Cell::Number(text) => string(out, text),
        Cell::Text(text) => return text_up_to(out, text, limit),
        Cell::InvalidText(bytes) => {
            let shown = match hex(out, bytes, limit) {
                Some(Remark::Cut { shown, .. }) => shown,
                _ => bytes.len(),
            };
            return Some(Remark::NotText {
                shown,
                full: bytes.len(),
            });
        }
        Cell::Bytes(bytes) => return hex(out, bytes, limit),
        Cell::MixedBytes(bytes) => {
            out.extend_from_slice(b"{\"hex\":\"");
            let remark = hex_digits(out, bytes, limit);
            out.extend_from_slice(b"\"}");
            return remark;
        }
        Cell::HexBytes(digits) => {
            // Two digits are one byte.
            let (shown, cut) = cut(digits, limit & !1);
            let remark = cut.map(|_| Remark::Cut {
                shown: shown.len() / 2,
                full: digits.len() / 2,
            });
            out.extend_from_slice(b"\"\\\\x");
            out.extend_from_slice(shown.as_bytes());
            out.push(b'"');
            return remark;
        }
        // Embedded JSON that must be cut is no longer JSON, so it becomes a string.
        Cell::Json(text) | Cell::Array(text) if text.len() > limit => {
            return text_up_to(out, text, limit);
        }
        // Some readers would refuse the whole answer.
        Cell::Json(text) | Cell::Array(text) if overflows(text) => string(out, text),
        // An SQL NULL is `null`; JSON's own must look different.
        Cell::Json(text) if text.trim() == "null" => out.extend_from_slice(b"{\"json\":null}"),
        Cell::Json(text) | Cell::Array(text) => out.extend_from_slice(text.as_bytes()),
    }
    None
}

/// Whether a printed number survives a reader that keeps doubles: every float does (it was one), and small enough
/// integers.
fn is_exact(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_integer = digits.bytes().all(|byte| byte.is_ascii_digit());
    !is_integer || digits.len() < 16 || digits.parse().is_ok_and(|value: u64| value <= MOST_EXACT)
}

/// Whether a number in `json` is beyond what a double holds.
fn overflows(json: &str) -> bool {
    // So few digits are no infinity without an exponent.
    const SAFE_DIGITS: usize = 308;
    let (mut in_string, mut escaped, mut start) = (false, false, None);
    for (index, byte) in json.bytes().chain([b' ']).enumerate() {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else if matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E') {
            start.get_or_insert(index);
        } else {
            in_string = byte == b'"';
            let number = start.take().and_then(|start| json.get(start..index));
            if number.is_some_and(|number| {
                (number.len() > SAFE_DIGITS || number.contains(['e', 'E']))
                    && number.parse().is_ok_and(f64::is_infinite)
            }) {
                return true;
            }
        }
    }
    false
}

pub(super) fn not_finite(value: f64) -> &'static str {
    if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

/// The longest beginning of `text` within `limit` bytes that ends between two characters.
fn cut(text: &str, limit: usize) -> (&str, Option<Remark>) {
    if text.len() <= limit {
        return (text, None);
    }
    let end = text.floor_char_boundary(limit);
    let shown = text.get(..end).unwrap_or_default();
    let remark = Remark::Cut {
        shown: shown.len(),
        full: text.len(),
    };
    (shown, Some(remark))
}

fn text_up_to(out: &mut Vec<u8>, text: &str, limit: usize) -> Option<Remark> {
    let (shown, remark) = cut(text, limit);
    string(out, shown);
    remark
}

fn hex(out: &mut Vec<u8>, bytes: &[u8], limit: usize) -> Option<Remark> {
    out.extend_from_slice(b"\"\\\\x");
    let remark = hex_digits(out, bytes, limit);
    out.push(b'"');
    remark
}

fn hex_digits(out: &mut Vec<u8>, bytes: &[u8], limit: usize) -> Option<Remark> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let shown = bytes.get(..limit / 2).unwrap_or(bytes);
    out.reserve(shown.len() * 2);
    for byte in shown {
        for nibble in [byte >> 4, byte & 15] {
            out.extend(DIGITS.get(usize::from(nibble)));
        }
    }
    (shown.len() < bytes.len()).then_some(Remark::Cut {
        shown: shown.len(),
        full: bytes.len(),
    })
}

pub(super) fn string(out: &mut Vec<u8>, text: &str) {
    let is_special = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
    // Most texts have nothing to escape, and looking at all of one without a branch is quicker than at each byte.
    if text
        .bytes()
        .fold(false, |special, byte| special | is_special(byte))
    {
        serialize(out, text);
    } else {
        out.reserve(text.len() + 2);
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    }
}

/// Appends a value whose serialization cannot fail: numbers, strings and lists of them.
pub(super) fn serialize<T: serde::Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    let written = serde_json::to_writer(out, value);
    debug_assert!(written.is_ok(), "writing into memory cannot fail");
}

fn print(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    let written = out.write_fmt(text);
    debug_assert!(written.is_ok(), "writing into memory cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(cell: Cell<'_>) -> String {
        let mut out = Vec::new();
        assert_eq!(write(&mut out, cell, 1_000), None);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_value_is_exact_for_a_reader_that_keeps_doubles() {
        for (cell, expected) in [
            (Cell::Null, "null"),
            (Cell::Bool(true), "true"),
            (Cell::Int(-9_007_199_254_740_991), "-9007199254740991"),
            (Cell::Int(-9_007_199_254_740_992), "\"-9007199254740992\""),
            (Cell::Int(i64::MIN), "\"-9223372036854775808\""),
            (Cell::UInt(9_007_199_254_740_991), "9007199254740991"),
            (Cell::UInt(u64::MAX), "\"18446744073709551615\""),
            (Cell::Float32(0.1), "0.1"),
            (Cell::Float64(0.1), "0.1"),
            (Cell::Float64(-0.0), "-0.0"),
            (Cell::Float64(1e300), "1e+300"),
            (Cell::Float64(f64::NAN), "\"NaN\""),
            (Cell::Float32(f32::NEG_INFINITY), "\"-Infinity\""),
            (Cell::Number("9007199254740991"), "9007199254740991"),
            (Cell::Number("-9007199254740992"), "\"-9007199254740992\""),
            (
                Cell::Number("123456789012345678901"),
                "\"123456789012345678901\"",
            ),
            (
                Cell::Number("1.7976931348623157e+308"),
                "1.7976931348623157e+308",
            ),
            (Cell::Text("a\"b\\c\n\u{1}é"), "\"a\\\"b\\\\c\\n\\u0001é\""),
            (Cell::Bytes(&[0, 255]), "\"\\\\x00ff\""),
            (Cell::MixedBytes(&[0xab]), "{\"hex\":\"ab\"}"),
            (Cell::HexBytes("00ff"), "\"\\\\x00ff\""),
            (Cell::Json("{\"a\": 1.20}"), "{\"a\": 1.20}"),
            (Cell::Json(" null"), "{\"json\":null}"),
            (Cell::Array("[1,null]"), "[1,null]"),
            (Cell::Json("{\"1e999\": 1e300}"), "{\"1e999\": 1e300}"),
            (Cell::Json("{\"a\": -1e999}"), "\"{\\\"a\\\": -1e999}\""),
        ] {
            assert_eq!(json(cell), expected, "{cell:?}");
        }
    }

    #[test]
    fn a_long_cell_is_cut_between_characters_and_says_how_long_it_was() {
        for (cell, expected, shown, full) in [
            (Cell::Text("ééééé"), "\"éé\"", 4, 10),
            (Cell::Bytes(&[1, 2, 3]), "\"\\\\x0102\"", 2, 3),
            (Cell::MixedBytes(&[1, 2, 3]), "{\"hex\":\"0102\"}", 2, 3),
            (Cell::Json("[1,2,3]"), "\"[1,2,\"", 5, 7),
            (Cell::HexBytes("010203"), "\"\\\\x0102\"", 2, 3),
        ] {
            let mut out = Vec::new();
            let remark = write(&mut out, cell, 5);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
            assert_eq!(remark, Some(Remark::Cut { shown, full }));
        }
    }

    #[test]
    fn text_that_is_not_utf_8_is_shown_as_bytes() {
        let mut out = Vec::new();

        let remark = write(&mut out, Cell::InvalidText(b"a\xff"), 100);

        assert_eq!(out, b"\"\\\\x61ff\"");
        assert_eq!(remark, Some(Remark::NotText { shown: 2, full: 2 }));
    }
}
