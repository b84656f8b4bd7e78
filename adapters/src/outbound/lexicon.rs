//! What a lexer must know of each dialect, without the parser that comes with it.
//!
//! The library keeps both in one trait, so that a dialect as it stands brings the whole parser into the binary, more than a
//! megabyte that nothing here calls. What is not passed on below only the parser asks for.

use std::{any::TypeId, iter::Peekable, str::Chars};

use sqlparser::dialect::{Dialect, PostgreSqlDialect, SQLiteDialect};

pub(super) const POSTGRES: Lexicon<PostgreSqlDialect> = Lexicon(PostgreSqlDialect {});
pub(super) const SQLITE: Lexicon<SQLiteDialect> = Lexicon(SQLiteDialect {});

/// A dialect's words.
#[derive(Debug)]
pub(super) struct Lexicon<D>(D);

impl<D: Dialect> Dialect for Lexicon<D> {
    fn dialect(&self) -> TypeId {
        self.0.dialect()
    }

    fn is_identifier_start(&self, character: char) -> bool {
        self.0.is_identifier_start(character)
    }

    fn is_identifier_part(&self, character: char) -> bool {
        self.0.is_identifier_part(character)
    }

    fn is_delimited_identifier_start(&self, character: char) -> bool {
        self.0.is_delimited_identifier_start(character)
    }

    fn is_nested_delimited_identifier_start(&self, character: char) -> bool {
        self.0.is_nested_delimited_identifier_start(character)
    }

    fn peek_nested_delimited_identifier_quotes(
        &self,
        characters: Peekable<Chars<'_>>,
    ) -> Option<(char, Option<char>)> {
        self.0.peek_nested_delimited_identifier_quotes(characters)
    }

    fn is_custom_operator_part(&self, character: char) -> bool {
        self.0.is_custom_operator_part(character)
    }

    fn ignores_wildcard_escapes(&self) -> bool {
        self.0.ignores_wildcard_escapes()
    }

    fn requires_single_line_comment_whitespace(&self) -> bool {
        self.0.requires_single_line_comment_whitespace()
    }

    fn supports_dollar_as_money_prefix(&self) -> bool {
        self.0.supports_dollar_as_money_prefix()
    }

    fn supports_dollar_placeholder(&self) -> bool {
        self.0.supports_dollar_placeholder()
    }

    fn supports_geometric_types(&self) -> bool {
        self.0.supports_geometric_types()
    }

    fn supports_multiline_comment_hints(&self) -> bool {
        self.0.supports_multiline_comment_hints()
    }

    fn supports_nested_comments(&self) -> bool {
        self.0.supports_nested_comments()
    }

    fn supports_numeric_literal_underscores(&self) -> bool {
        self.0.supports_numeric_literal_underscores()
    }

    fn supports_numeric_prefix(&self) -> bool {
        self.0.supports_numeric_prefix()
    }

    fn supports_pipe_operator(&self) -> bool {
        self.0.supports_pipe_operator()
    }

    fn supports_quote_delimited_string(&self) -> bool {
        self.0.supports_quote_delimited_string()
    }

    fn supports_string_escape_constant(&self) -> bool {
        self.0.supports_string_escape_constant()
    }

    fn supports_string_literal_backslash_escape(&self) -> bool {
        self.0.supports_string_literal_backslash_escape()
    }

    fn supports_triple_quoted_string(&self) -> bool {
        self.0.supports_triple_quoted_string()
    }

    fn supports_unicode_string_literal(&self) -> bool {
        self.0.supports_unicode_string_literal()
    }
}

#[cfg(test)]
mod tests {
    use sqlparser::tokenizer::Tokenizer;

    use super::*;

    /// Something of everything that a dialect decides in a text.
    const TEXTS: [&str; 20] = [
        "SELECT a_1, \"b c\", `d e`, [f g], é, _h, $1, :i, @j, #k FROM t",
        "SELECT 'it''s', 'back\\'slash', E'esc\\'aped', U&'d\\0061t', x'1F', b'01', N'national', q'[quoted]'",
        "SELECT $$dollar ' quoted$$, $tag$with $$ in it$tag$, $1, $money, $2.5",
        "SELECT /* one /* nested */ still */ 1 -- and to the end\n, 2 --3\n# hash\n",
        "SELECT /*! 1 */ + /*!50000 2 */ /*+ hint */ 3",
        "SELECT 1_000, 0x1F, 1e10, 1.5, .5, 1., 1abc, 0b01, 12e",
        "SELECT a->b, a->>'c', a #> b, a #>> c, a @> b, a <@ b, a ?| b, a ?& b, a ? b, a @? b, a @@ c",
        "SELECT a <-> b, a &< b, a &> b, a <<| b, a |>> b, a ~= b, a ## b, @-@ a, a ?# b, a ?-| b, a <^ b, a >^ b",
        "SELECT a || b, a && b, a |> b, |/ 4, ||/ 8, a ~* b, a !~ b, a !~~* b, a ^@ b, a <=> b, a := b",
        "SELECT a::int, a[1:2], (a).b, a.b.c, a.*, \"a\".\"b\" ",
        "SELECT '''triple''', \"\"\"triple\"\"\", r'raw', R\"raw\"",
        "SELECT * FROM a WHERE b LIKE '%\\_c' ESCAPE '\\'",
        "SELECT a.1b, 1.a, a$b, a#b, a@b, @@c, @'d', @`e`",
        "INSERT INTO \"a\"\"b\" VALUES ('a''b'); DELETE FROM [a]",
        "SELECT 'never closed",
        "SELECT \"never closed",
        "SELECT $$never closed",
        "SELECT /* never closed",
        "SELECT 1 --comment\r, 2\r\n",
        "\u{feff}SELECT\u{a0}1\u{3000}",
    ];

    fn reads_alike<D: Dialect + Copy>(dialect: D) {
        for text in TEXTS {
            let read = |dialect: &dyn Dialect| {
                let mut tokens = Vec::new();
                let end = Tokenizer::new(dialect, text)
                    .with_unescape(false)
                    .tokenize_with_location_into_buf(&mut tokens);
                (tokens, end)
            };
            assert_eq!(read(&Lexicon(dialect)), read(&dialect), "{text}");
        }
    }

    #[test]
    fn postgresql_is_read_as_the_library_reads_it() {
        reads_alike(PostgreSqlDialect {});
    }

    #[test]
    fn sqlite_is_read_as_the_library_reads_it() {
        reads_alike(SQLiteDialect {});
    }
}
