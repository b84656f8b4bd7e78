//! A statement as a log or an audit may show it: its beginning, without the values in it.

use std::borrow::Cow;

/// How many characters of it a log shows.
const SHOWN_CHARACTERS: usize = 200;

/// The beginning of a statement with every literal replaced by `?`, without comments and line breaks.
///
/// The engines disagree about what a quote means: in double quotes one has names and another strings, a backslash
/// escapes here and not there. Where that matters, more is hidden than needed rather than less.
pub fn redacted(sql: &str) -> String {
    redacted_to(SHOWN_CHARACTERS, sql)
}

/// What [`redacted`] says, where it is known already what more characters come to.
pub fn redacted_knowing<'known>(longer: &'known str, sql: &str) -> Cow<'known, str> {
    if longer.chars().count() < SHOWN_CHARACTERS {
        Cow::Borrowed(longer)
    } else {
        Cow::Owned(redacted(sql))
    }
}

/// The same, with so many characters at most.
pub fn redacted_to(characters: usize, sql: &str) -> String {
    let mut rest = sql;
    let mut shown = String::new();
    let mut length = 0;
    while length < characters {
        let Some(first) = rest.chars().next() else {
            return shown;
        };
        let (piece, consumed) = match first {
            '\'' | '"' => match quoted(rest, first) {
                Some(end) => ("?", end),
                None => break,
            },
            '$' => match dollar_quoted(rest) {
                DollarQuote::None => ("$", 1),
                DollarQuote::Ends(end) => ("?", end),
                DollarQuote::Open => break,
            },
            '-' if rest.starts_with("--") => (" ", rest.find('\n').unwrap_or(rest.len())),
            '#' => break,
            '/' if rest.starts_with("/*") => match rest.find("*/") {
                // What looks nested may be or not.
                Some(end) if !rest.get(2..end).unwrap_or_default().contains("/*") => (" ", end + 2),
                _ => break,
            },
            '0'..='9' => (
                "?",
                word_length(rest, |next| next.is_alphanumeric() || next == '.'),
            ),
            first if first.is_whitespace() => (" ", word_length(rest, char::is_whitespace)),
            first if is_word(first) => {
                let end = word_length(rest, is_word);
                (rest.get(..end).unwrap_or_default(), end)
            }
            first => (
                rest.get(..first.len_utf8()).unwrap_or_default(),
                first.len_utf8(),
            ),
        };
        if !(piece == " " && shown.ends_with(' ')) {
            shown.push_str(piece);
            length += piece.chars().count();
        }
        rest = rest.get(consumed..).unwrap_or_default();
    }
    let mut shown: String = shown.chars().take(characters).collect();
    shown.push('…');
    shown
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn word_length(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|next| !belongs(next)).unwrap_or(text.len())
}

/// Where a quoted text ends; `None` where that depends on the engine, or it does not end.
fn quoted(text: &str, quote: char) -> Option<usize> {
    let end = text.get(1..)?.find(quote)? + 2;
    // A doubled quote is two texts in a row here, which hides the same.
    (!text.get(..end)?.contains('\\')).then_some(end)
}

enum DollarQuote {
    None,
    Ends(usize),
    Open,
}

/// `$$…$$` or `$tag$…$tag$`; `$1` is a placeholder.
fn dollar_quoted(text: &str) -> DollarQuote {
    let inner = text.get(1..).unwrap_or_default();
    let tag = word_length(inner, is_word);
    let is_quote = inner.get(tag..).is_some_and(|after| after.starts_with('$'))
        && !inner.starts_with(|first: char| first.is_ascii_digit());
    let delimiter = text.get(..tag + 2).unwrap_or_default();
    if !is_quote {
        return DollarQuote::None;
    }
    let body = text.get(delimiter.len()..).unwrap_or_default();
    body.find(delimiter).map_or(DollarQuote::Open, |at| {
        DollarQuote::Ends(at + 2 * delimiter.len())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_literal_is_shown() {
        for (sql, expected) in [
            ("SELECT 1", "SELECT ?"),
            (
                "SELECT a1, t2.b FROM t2 WHERE x = $1",
                "SELECT a1, t2.b FROM t2 WHERE x = $?",
            ),
            ("SELECT *\n  FROM users\n", "SELECT * FROM users "),
            (
                "WHERE name = 'Ada' AND age > 36.5e1",
                "WHERE name = ? AND age > ?",
            ),
            ("VALUES ('it''s', X'ff', \"Ada\")", "VALUES (??, X?, ?)"),
            ("SELECT 'a\\' secret'", "SELECT …"),
            ("SELECT 'unfinished secret", "SELECT …"),
            ("SELECT $$secret$$, $a$ se'cret $a$, $2", "SELECT ?, ?, $?"),
            ("SELECT $a$ secret", "SELECT …"),
            ("SELECT a -- secret\nFROM t", "SELECT a FROM t"),
            ("SELECT /* secret */ a", "SELECT a"),
            ("SELECT /* /* */ secret */ a", "SELECT …"),
            ("SELECT a # secret", "SELECT a …"),
            ("SELECT größe FROM maße", "SELECT größe FROM maße"),
        ] {
            assert_eq!(redacted(sql), expected, "{sql}");
        }
    }

    #[test]
    fn what_is_known_of_more_characters_tells_the_same() {
        for sql in [
            "SELECT a FROM t WHERE b = 'x' AND c = 1",
            "SELECT 'unfinished",
            &"a".repeat(199),
            &"a".repeat(200),
            &"a".repeat(201),
            &format!("{} 'unfinished", "a".repeat(198)),
            &format!("{} 'unfinished", "a".repeat(199)),
            &"SELECT column_name, ".repeat(100),
        ] {
            let longer = redacted_to(1_000, sql);
            assert_eq!(redacted_knowing(&longer, sql), redacted(sql), "{sql}");
        }
    }

    #[test]
    fn a_long_statement_is_cut() {
        let shown = redacted(&"SELECT column_name, ".repeat(100));

        assert_eq!(shown.chars().count(), SHOWN_CHARACTERS + 1);
        assert!(shown.ends_with('…'));
    }
}
