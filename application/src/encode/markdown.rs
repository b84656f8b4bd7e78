//! One cell of a Markdown table. For people to look at: line breaks become `<br>`, NULL is `NULL`.

use super::csv::inside_json;

/// Appends a cell whose value, already printed, is `value`; `None` is NULL.
pub(super) fn write(out: &mut Vec<u8>, value: Option<&str>) {
    let shown = value
        .unwrap_or("NULL")
        .replace('\\', "\\\\")
        .replace('|', "\\|")
        .replace("\r\n", "<br>")
        .replace(['\n', '\r'], "<br>");
    inside_json(out, &shown);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_break_the_table_is_escaped() {
        for (value, expected) in [
            (None, "NULL"),
            (Some("a|b"), "a\\\\|b"),
            (Some("a\r\nb\nc"), "a<br>b<br>c"),
        ] {
            let mut out = Vec::new();
            write(&mut out, value);
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{value:?}");
        }
    }
}
