//! A text in the tokens that count, as the server's own lexer reads them.

use squawk_lexer::TokenKind;

/// Neither white space nor a comment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'a> {
    kind: TokenKind,
    /// As it is written.
    pub(super) text: &'a str,
    /// In bytes from 0.
    pub(super) at: usize,
}

impl<'a> Token<'a> {
    /// A word that is not quoted.
    pub(super) fn word(&self) -> Option<&'a str> {
        matches!(self.kind, TokenKind::Ident).then_some(self.text)
    }
}

/// The tokens of a text, to its end, one after another.
pub(super) fn significant(sql: &str) -> impl Iterator<Item = Token<'_>> {
    let mut at = 0_usize;
    squawk_lexer::tokenize(sql)
        .map_while(move |token| {
            let length = usize::try_from(token.len).ok()?;
            let text = sql.get(at..at.checked_add(length)?)?;
            let token = Token {
                kind: token.kind,
                text,
                at,
            };
            at += length;
            Some(token)
        })
        .filter(|token| {
            !matches!(
                token.kind,
                TokenKind::Whitespace | TokenKind::LineComment | TokenKind::BlockComment { .. }
            )
        })
}

/// The word that a statement begins with, in upper case, past opening parentheses; empty if there is none.
pub(super) fn first_word(sql: &str) -> String {
    significant(sql)
        .find(|token| token.text != "(")
        .and_then(|token| token.word().map(str::to_ascii_uppercase))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_is_found_past_comments_and_parentheses() {
        for (sql, word) in [
            ("select 1", "SELECT"),
            ("/* a /* b */ */ -- c\n ( (Values (1))", "VALUES"),
            ("\"select\" 1", ""),
            ("'select'", ""),
            ("1", ""),
            ("", ""),
        ] {
            assert_eq!(first_word(sql), word, "{sql}");
        }
    }

    #[test]
    fn tokens_stand_where_they_are_written() {
        let found: Vec<(&str, usize)> = significant("SELECT 'é' /* x */, \"a b\"")
            .map(|token| (token.text, token.at))
            .collect();
        assert_eq!(
            found,
            [("SELECT", 0), ("'é'", 7), (",", 19), ("\"a b\"", 21)]
        );
    }
}
