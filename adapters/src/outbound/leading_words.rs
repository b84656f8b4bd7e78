//! The first words of a statement, found by a real lexer.

use sqlparser::{
    dialect::Dialect,
    tokenizer::{Token, Tokenizer},
};

/// Up to `count` words that `sql` begins with, in upper case, past white space, comments and opening parentheses.
///
/// Stops at the first thing that is neither. A text that the lexer cannot read has no words.
pub(super) fn leading_words(dialect: &dyn Dialect, sql: &str, count: usize) -> Vec<String> {
    let Ok(tokens) = Tokenizer::new(dialect, sql).with_unescape(false).tokenize() else {
        return Vec::new();
    };
    tokens
        .into_iter()
        .filter(|token| !matches!(token, Token::Whitespace(_)))
        .skip_while(|token| matches!(token, Token::LParen))
        .map_while(|token| match token {
            Token::Word(word) if word.quote_style.is_none() => Some(word.value.to_uppercase()),
            _ => None,
        })
        .take(count)
        .collect()
}

#[cfg(test)]
mod tests {
    use sqlparser::dialect::{MySqlDialect, PostgreSqlDialect};

    use super::*;

    #[test]
    fn comments_and_parentheses_are_passed() {
        let sql = "/* delete */ -- drop\n ((select 1) union select 2)";

        assert_eq!(leading_words(&PostgreSqlDialect {}, sql, 1), ["SELECT"]);
    }

    #[test]
    fn a_text_without_words_has_none() {
        for sql in ["", ";", "-- nothing", "'unclosed"] {
            assert_eq!(
                leading_words(&MySqlDialect {}, sql, 2),
                Vec::<String>::new(),
                "{sql}"
            );
        }
    }
}
