//! JSON as text, without a tree: what the server printed, minus the white space that only costs room.

/// Integers beyond this are not exact for every reader of JSON.
pub(super) const MAX_EXACT_INTEGER: u64 = (1 << 53) - 1;

/// `json` without white space between its tokens; itself, if there is none.
pub(super) fn compact<'a>(json: &'a str, scratch: &'a mut String) -> &'a str {
    if has_no_space(json) {
        return json;
    }
    scratch.clear();
    write_compact(json, scratch);
    scratch
}

fn has_no_space(json: &str) -> bool {
    !json
        .bytes()
        .any(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t'))
}

/// Appends `json`, which must be valid, without the white space between its tokens.
pub(super) fn write_compact(json: &str, out: &mut String) {
    if has_no_space(json) {
        out.push_str(json);
        return;
    }
    let mut in_string = false;
    let mut escaped = false;
    let mut kept_from = 0;
    for (index, byte) in json.bytes().enumerate() {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b' ' | b'\n' | b'\r' | b'\t' => {
                out.push_str(json.get(kept_from..index).unwrap_or_default());
                kept_from = index + 1;
            }
            _ => {}
        }
    }
    out.push_str(json.get(kept_from..).unwrap_or_default());
}

/// Appends `text` as a JSON string.
pub(super) fn write_string(text: &str, out: &mut String) {
    out.push('"');
    let mut kept_from = 0;
    for (index, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..0x20 => "",
            _ => continue,
        };
        out.push_str(text.get(kept_from..index).unwrap_or_default());
        kept_from = index + 1;
        if escape.is_empty() {
            out.push_str("\\u00");
            for digit in [byte >> 4, byte & 15] {
                out.extend(char::from_digit(digit.into(), 16));
            }
        } else {
            out.push_str(escape);
        }
    }
    out.push_str(text.get(kept_from..).unwrap_or_default());
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_white_space_between_tokens_is_dropped() {
        for (json, expected) in [
            (
                r#"{"a": 1, "b" : [ true , null ]}"#,
                r#"{"a":1,"b":[true,null]}"#,
            ),
            (
                r#"{"a b": "c \" d", "e\\": " "}"#,
                r#"{"a b":"c \" d","e\\":" "}"#,
            ),
            (" 1.20 ", "1.20"),
            ("\"é ü\"", "\"é ü\""),
            ("[1,2]", "[1,2]"),
        ] {
            let mut scratch = String::new();
            assert_eq!(compact(json, &mut scratch), expected);
        }
    }

    #[test]
    fn strings_read_back_equal() {
        let text = "\u{0} \u{1} \u{1f} \n\r\t \" \\ / é 🚢 \u{7f} \u{2028}";
        let mut out = String::new();

        write_string(text, &mut out);

        assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
    }
}
