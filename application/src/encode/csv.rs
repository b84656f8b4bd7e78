//! One cell as a field of RFC 4180 text: NULL is an empty field, an empty text is `""`.

use super::json_value::string;

/// Appends a field whose value, already printed, is `value`; `None` is NULL.
pub(super) fn write(out: &mut Vec<u8>, value: Option<&str>) {
    let Some(value) = value else { return };
    if value.is_empty() || value.contains([',', '"', '\n', '\r']) || value != value.trim() {
        inside_json(out, &format!("\"{}\"", value.replace('"', "\"\"")));
    } else {
        inside_json(out, value);
    }
}

/// Appends text to a JSON string that is already open.
pub(super) fn inside_json(out: &mut Vec<u8>, text: &str) {
    let quote = out.len();
    string(out, text);
    out.remove(quote);
    out.pop();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        for (value, expected) in [
            (None, ""),
            (Some(""), "\\\"\\\""),
            (Some("plain"), "plain"),
            (Some("a,b"), "\\\"a,b\\\""),
            (Some("a\"b"), "\\\"a\\\"\\\"b\\\""),
            (Some("a\nb"), "\\\"a\\nb\\\""),
        ] {
            let mut out = Vec::new();
            write(&mut out, value);
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{value:?}");
        }
    }
}
