//! MySQL's text as a lexer reads it, and what that tells: what is asked for, what was meant.

use std::any::TypeId;

use sqlparser::{
    dialect::{Dialect as Lexicon, MySqlDialect},
    tokenizer::Token,
};

use super::super::lexer::Lexed;

pub(super) const PLACEHOLDER_HINT: &str =
    "Write `?` for each parameter; MySQL and MariaDB know no `$1`, `:name`, `@p1` or `%s`.";

/// The lexer's own MySQL, but an executable comment stays a comment: the lexer would present its contents as
/// code, and which server runs it as code depends on the version in it.
#[derive(Debug)]
pub(super) struct Words(MySqlDialect);

impl Words {
    pub(super) const MYSQL: Self = Self(MySqlDialect {});
}

impl Lexicon for Words {
    fn dialect(&self) -> TypeId {
        self.0.dialect()
    }

    fn is_identifier_start(&self, character: char) -> bool {
        self.0.is_identifier_start(character)
    }

    fn is_identifier_part(&self, character: char) -> bool {
        // To the lexer the whole of `INTO@a` is a name; to the server a variable begins at the `@`.
        character != '@' && self.0.is_identifier_part(character)
    }

    fn is_delimited_identifier_start(&self, character: char) -> bool {
        self.0.is_delimited_identifier_start(character)
    }

    fn supports_string_literal_backslash_escape(&self) -> bool {
        self.0.supports_string_literal_backslash_escape()
    }

    fn ignores_wildcard_escapes(&self) -> bool {
        self.0.ignores_wildcard_escapes()
    }

    fn supports_numeric_prefix(&self) -> bool {
        self.0.supports_numeric_prefix()
    }

    fn requires_single_line_comment_whitespace(&self) -> bool {
        self.0.requires_single_line_comment_whitespace()
    }

    fn supports_multiline_comment_hints(&self) -> bool {
        false
    }
}

pub(super) fn lexed(sql: &str) -> Lexed {
    Lexed::of(&Words::MYSQL, sql)
}

/// Up to where the lexer cannot read on.
pub(super) fn tokens(sql: &str) -> Vec<Token> {
    lexed(sql)
        .tokens
        .into_iter()
        .map(|token| token.token)
        .collect()
}

/// An unquoted word, in upper case.
pub(super) fn word(token: &Token) -> Option<String> {
    match token {
        Token::Word(word) if word.quote_style.is_none() => Some(word.value.to_uppercase()),
        _ => None,
    }
}

/// Whether it is this word, unquoted.
pub(super) fn is(token: &Token, name: &str) -> bool {
    matches!(token, Token::Word(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(name))
}

pub(super) fn significant(tokens: &[Token]) -> impl Iterator<Item = &Token> {
    tokens
        .iter()
        .filter(|token| !matches!(token, Token::Whitespace(_)))
}

/// Whether `sql` asks for a plan, which the server's own bound on rows would change.
pub(super) fn asks_for_plan(sql: &str) -> bool {
    matches!(
        first_word(sql).as_str(),
        "EXPLAIN" | "DESCRIBE" | "DESC" | "ANALYZE"
    )
}

/// Whether `sql`, which the server has accepted as one statement, is of a kind that can never end its transaction.
pub(super) fn stays_inside(sql: &str) -> bool {
    matches!(
        first_word(sql).as_str(),
        "SELECT" | "WITH" | "VALUES" | "TABLE" | "SHOW" | "EXPLAIN" | "DESCRIBE" | "DESC"
    )
}

/// Whether `sql` may name a table, a view or a sequence. No text that names one goes without these words.
pub(super) fn may_name_tables(sql: &str) -> bool {
    ["from", "table"].iter().any(|word| {
        sql.as_bytes()
            .windows(word.len())
            .any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
    })
}

pub(super) fn first_word(sql: &str) -> String {
    let sql = sql.trim_start_matches(|first: char| first.is_whitespace() || first == '(');
    // Only a text that begins with a comment is worth the lexer.
    if sql.starts_with(['/', '-', '#']) {
        let tokens = tokens(sql);
        return significant(&tokens)
            .next()
            .and_then(word)
            .unwrap_or_default();
    }
    let end = sql.find(|character: char| !character.is_ascii_alphabetic());
    sql.get(..end.unwrap_or(sql.len()))
        .unwrap_or_default()
        .to_ascii_uppercase()
}

/// The first placeholder of another database's kind.
pub(super) fn numbered_placeholder(sql: &str) -> Option<String> {
    let tokens = tokens(sql);
    let (mut after_colon, mut after_percent) = (false, false);
    for token in &tokens {
        let text = match token {
            Token::Word(word) if word.quote_style.is_none() => word.value.as_str(),
            Token::Placeholder(text) => text.as_str(),
            _ => "",
        };
        if after_colon && !text.is_empty() {
            return Some(format!(":{text}"));
        }
        if ["$", "@p"].into_iter().any(|kind| {
            text.strip_prefix(kind).is_some_and(|number| {
                !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
            })
        }) {
            return Some(text.to_owned());
        }
        if after_percent && text == "s" {
            return Some("%s".to_owned());
        }
        after_colon = matches!(token, Token::Colon);
        after_percent = matches!(token, Token::Mod);
    }
    None
}

/// Where something follows a semicolon, in characters from 1.
pub(super) fn second_statement(sql: &str) -> Option<usize> {
    Lexed::of(&Words::MYSQL, sql).second_statement(sql)
}

/// What other databases write otherwise.
pub(super) fn other_syntax(sql: &str) -> Option<&'static str> {
    Lexed::of(&Words::MYSQL, sql)
        .other_syntax("There is no ILIKE; LIKE ignores case unless the collation does not.")
}

/// Whether `sql` holds nothing but comments and semicolons.
pub(super) fn is_blank(sql: &str) -> bool {
    // Only a text that begins with one of them is worth the lexer.
    let begins = sql.trim_start();
    if !begins.is_empty() && !begins.starts_with(['/', '-', '#', ';']) {
        return false;
    }
    let tokens = tokens(sql);
    (begins.is_empty() || !tokens.is_empty())
        && !sql.contains("/*!")
        && !sql.contains("/*M!")
        && significant(&tokens).all(|token| matches!(token, Token::SemiColon))
}

/// The first names that may be meant in `sql`, quoted or not, once each.
pub(super) fn names(sql: &str, most: usize) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for token in tokens(sql) {
        // Looking each up among all the others would take minutes in a text of a megabyte.
        if names.len() == most {
            break;
        }
        if let Token::Word(word) = token
            && !names.contains(&word.value)
        {
            names.push(word.value);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_for_a_plan_is_recognised() {
        for (sql, plan) in [
            (" explain SELECT 1", true),
            ("/* x */ -- y\n EXPLAIN FORMAT=JSON SELECT 1", true),
            ("ANALYZE SELECT 1", true),
            ("SELECT 'explain'", false),
            ("-- explain\n SELECT 1", false),
            ("", false),
        ] {
            assert_eq!(asks_for_plan(sql), plan, "{sql}");
        }
    }

    #[test]
    fn no_text_that_reads_a_table_goes_without_its_words() {
        for (sql, may) in [
            ("SELECT a FROM t", true),
            ("select(a)from`t`", true),
            ("TABLE t", true),
            ("SELECT EXISTS(tAbLe t)", true),
            ("SELECT 1", false),
            ("VALUES (1)", false),
            ("", false),
        ] {
            assert_eq!(may_name_tables(sql), may, "{sql}");
        }
    }

    #[test]
    fn placeholders_of_other_databases_are_recognised() {
        for (sql, found) in [
            ("SELECT $1", Some("$1")),
            ("SELECT * FROM t WHERE a = :name", Some(":name")),
            ("SELECT * FROM t WHERE a = @p1", Some("@p1")),
            ("SELECT * FROM t WHERE a = %s", Some("%s")),
            ("SELECT ?, '$1', ':name', `$1`, a % s", None),
            ("SELECT @a := 1", None),
        ] {
            assert_eq!(numbered_placeholder(sql).as_deref(), found, "{sql}");
        }
    }

    #[test]
    fn the_first_names_are_told_once_each() {
        let sql = "SELECT `a b`, x, X FROM x JOIN t";

        assert_eq!(
            names(sql, 9),
            ["SELECT", "a b", "x", "X", "FROM", "JOIN", "t"]
        );
        assert_eq!(names(sql, 2), ["SELECT", "a b"]);
    }

    #[test]
    fn a_text_of_comments_alone_is_blank() {
        for (sql, blank) in [
            ("-- nothing", true),
            ("# a\n /* b */ ; ;", true),
            (";", true),
            ("/* a */ SELECT 1", false),
            ("; SELECT 1", false),
            ("/*! SELECT 1 */", false),
            ("/* unclosed", false),
            ("--1", false),
            ("SELECT 1", false),
        ] {
            assert_eq!(is_blank(sql), blank, "{sql}");
        }
    }

    #[test]
    fn a_second_statement_is_seen_and_a_last_semicolon_is_not_one() {
        for (sql, second) in [
            ("SELECT 'é';\n; DELETE FROM t", Some(15)),
            ("SELECT 1; -- done", None),
            ("SELECT ';DELETE'", None),
        ] {
            assert_eq!(second_statement(sql), second, "{sql}");
        }
    }
}
