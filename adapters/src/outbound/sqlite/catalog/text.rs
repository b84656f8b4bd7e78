//! The text of a declaration in tokens, as `SQLite` reads it.
//!
//! The schema keeps each CREATE statement as it was written, and much of it can be read nowhere else.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A keyword, a name or a number.
    Word,
    /// A name in quotes, or a string: `SQLite` takes either for a name.
    Quoted,
    Comment,
    Sign,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'sql> {
    pub(super) kind: Kind,
    pub(super) text: &'sql str,
    /// Bytes from the beginning of the whole text.
    pub(super) start: usize,
}

impl Token<'_> {
    pub(super) const fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether it is this keyword, or this sign.
    pub(super) fn is(&self, word: &str) -> bool {
        self.kind != Kind::Quoted && self.text.eq_ignore_ascii_case(word)
    }

    /// The name that it stands for.
    pub(super) fn name(&self) -> String {
        let mut characters = self.text.chars();
        if self.kind != Kind::Quoted {
            return self.text.to_owned();
        }
        let Some(quote) = characters.next() else {
            return String::new();
        };
        let end = if quote == '[' { ']' } else { quote };
        let inside = characters.as_str();
        let inside = inside.strip_suffix(end).unwrap_or(inside);
        inside.replace(&format!("{end}{end}"), &end.to_string())
    }
}

/// Every token but white space.
pub(super) fn tokens(sql: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut start = 0;
    while let Some(rest) = sql.get(start..)
        && let Some(first) = rest.chars().next()
    {
        let (kind, length) = match first {
            ' ' | '\t' | '\n' | '\r' | '\u{c}' => {
                start += 1;
                continue;
            }
            '\'' | '"' | '`' => (Kind::Quoted, quoted(rest, first)),
            '[' => (Kind::Quoted, through(rest, 1, "]")),
            '-' if rest.starts_with("--") => (Kind::Comment, rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => (Kind::Comment, through(rest, 2, "*/")),
            first if is_of_word(first) => (
                Kind::Word,
                rest.find(|next| !is_of_word(next)).unwrap_or(rest.len()),
            ),
            _ => (Kind::Sign, 1),
        };
        let (text, _) = rest.split_at_checked(length).unwrap_or((rest, ""));
        tokens.push(Token { kind, text, start });
        start += text.len();
    }
    tokens
}

fn is_of_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '$') || !character.is_ascii()
}

/// How far a text in quotes goes, which stand doubled inside of it.
fn quoted(text: &str, quote: char) -> usize {
    let mut end = 1;
    while let Some(at) = text.get(end..).and_then(|rest| rest.find(quote)) {
        end += at + 1;
        if !text.get(end..).is_some_and(|rest| rest.starts_with(quote)) {
            return end;
        }
        end += 1;
    }
    text.len()
}

/// How far it is through the next `end`.
fn through(text: &str, from: usize, end: &str) -> usize {
    text.get(from..)
        .and_then(|rest| rest.find(end))
        .map_or(text.len(), |at| from + at + end.len())
}

/// The place of the parenthesis that closes the one at `open`.
pub(super) fn closing(tokens: &[Token<'_>], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(open) {
        if token.is("(") {
            depth += 1;
        } else if token.is(")") {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return Some(index);
            }
        }
    }
    None
}

/// What stands between the parentheses at `open` and behind it, as it is written.
pub(super) fn inside<'sql>(sql: &'sql str, tokens: &[Token<'_>], open: usize) -> Option<&'sql str> {
    let first = tokens.get(open).filter(|token| token.is("("))?;
    let last = tokens.get(closing(tokens, open)?)?;
    Some(sql.get(first.end()..last.start)?.trim())
}

/// A text on one line.
pub(super) fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_as_sqlite_reads_it() {
        for (sql, expected) in [
            ("a,b", vec!["a", ",", "b"]),
            (
                "\"a\"\"b\" 'c''d' [e f]g",
                vec!["\"a\"\"b\"", "'c''d'", "[e f]", "g"],
            ),
            ("x -- y, (\n(z)", vec!["x", "-- y, (", "(", "z", ")"]),
            ("/* a\n*/b/**/", vec!["/* a\n*/", "b", "/**/"]),
            ("größe$1 1.5", vec!["größe$1", "1", ".", "5"]),
            ("'open", vec!["'open"]),
            ("[open", vec!["[open"]),
            ("/* open", vec!["/* open"]),
        ] {
            let texts: Vec<&str> = tokens(sql).iter().map(|token| token.text).collect();
            assert_eq!(texts, expected, "{sql}");
        }
    }

    #[test]
    fn a_name_is_what_stands_in_its_quotes() {
        for (sql, name) in [
            ("a", "a"),
            ("\"a\"\"b\"", "a\"b"),
            ("`a``b`", "a`b"),
            ("[a]", "a"),
            ("'it''s'", "it's"),
            ("\"", ""),
        ] {
            let names: Vec<String> = tokens(sql).iter().map(Token::name).collect();
            assert_eq!(names, [name], "{sql}");
        }
    }
}
