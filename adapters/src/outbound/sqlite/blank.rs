//! Where nothing but white space, comments and semicolons stands, read as `SQLite` reads them.
//!
//! Not done by preparing the rest of the text: some pragmas take effect while they are prepared.

/// What follows the leading white space, comments and semicolons of `sql`; empty if nothing does.
pub(super) fn skip_blank(sql: &str) -> &str {
    let mut rest = sql;
    loop {
        let begins = rest;
        rest = rest.trim_start_matches([' ', '\t', '\n', '\r', '\u{c}', ';', '\u{feff}']);
        if let Some(comment) = rest.strip_prefix("--") {
            rest = comment.find('\n').map_or("", |end| after(comment, end + 1));
        } else if let Some(comment) = rest.strip_prefix("/*") {
            // One that is never closed reaches to the end of the text.
            rest = comment.find("*/").map_or("", |end| after(comment, end + 2));
        }
        if rest.len() == begins.len() {
            return rest;
        }
    }
}

fn after(text: &str, at: usize) -> &str {
    text.get(at..).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_sqlite_passes_over_is_skipped() {
        for (sql, rest) in [
            ("", ""),
            (" ;\n;\t", ""),
            ("-- to the end", ""),
            ("-- a line\nSELECT 1", "SELECT 1"),
            ("/* a */ -- b\n /* c */;VALUES (1)", "VALUES (1)"),
            ("/* never closed; SELECT 1", ""),
            ("/*/ still open", ""),
            ("/**/x", "x"),
            ("- - 1", "- - 1"),
            ("\u{feff}SELECT 1", "SELECT 1"),
            // A no-break space is a letter to SQLite.
            ("\u{a0}", "\u{a0}"),
        ] {
            assert_eq!(skip_blank(sql), rest, "{sql:?}");
        }
    }
}
