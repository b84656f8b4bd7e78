//! What a text names, and where names could be those of types.

use std::{ops::Range, sync::Arc};

use super::super::{
    super::stand_ins::Written,
    encoding::Encoding,
    syntax::{Called, Syntax, name_of},
    tokens::{Token, significant},
};

/// A text as it is judged here.
pub(super) struct Text<'a> {
    pub(super) sql: &'a str,
    pub(super) tokens: Vec<Token<'a>>,
    pub(super) syntax: Syntax,
    /// Of the database that reads it.
    pub(super) encoding: Arc<Encoding>,
}

/// Behind these words stands a value and no type, and they are no names themselves.
const BEFORE_VALUES: [&str; 44] = [
    "all",
    "and",
    "any",
    "array",
    "asc",
    "between",
    "both",
    "by",
    "case",
    "cross",
    "desc",
    "distinct",
    "else",
    "end",
    "except",
    "exists",
    "from",
    "full",
    "group",
    "having",
    "ilike",
    "in",
    "inner",
    "intersect",
    "is",
    "join",
    "lateral",
    "leading",
    "left",
    "like",
    "limit",
    "natural",
    "not",
    "offset",
    "on",
    "only",
    "or",
    "right",
    "select",
    "some",
    "then",
    "union",
    "when",
    "where",
];
/// What a query in parentheses begins with.
const QUERIES: [&str; 4] = ["select", "with", "values", "table"];

impl<'a> Text<'a> {
    pub(super) fn of(sql: &'a str, encoding: &Arc<Encoding>) -> Self {
        Self {
            sql,
            tokens: significant(sql).collect(),
            syntax: Syntax::of(sql),
            encoding: Arc::clone(encoding),
        }
    }

    pub(super) fn token(&self, at: usize) -> Option<&Token<'a>> {
        self.tokens.get(at)
    }

    /// The name at a token, as the server reads it.
    pub(super) fn name(&self, at: usize) -> Option<String> {
        let token = self.token(at)?;
        if is_quoted(token.text) {
            return Some(name_of(token.text));
        }
        token.word().map(|word| self.encoding.fold(word))
    }

    /// Every name, with the token that it is.
    pub(super) fn names(&self) -> impl Iterator<Item = (usize, String)> {
        (0..self.tokens.len()).filter_map(|at| Some((at, self.name(at)?)))
    }

    pub(super) fn place(&self, at: usize) -> Range<usize> {
        self.token(at)
            .map_or(0..0, |token| token.at..token.at + token.text.len())
    }

    /// The names at these tokens.
    pub(super) fn written(&self, is_one: impl Fn(usize, &str) -> bool) -> Vec<Written> {
        self.names()
            .filter(|(at, name)| is_one(*at, name))
            .map(|(at, name)| Written {
                at: self.place(at),
                name,
            })
            .collect()
    }

    pub(super) fn is(&self, at: Option<usize>, text: &str) -> bool {
        at.and_then(|at| self.token(at))
            .is_some_and(|token| token.text.eq_ignore_ascii_case(text))
    }

    /// The schema that stands before a name.
    pub(super) fn schema_of(&self, at: usize) -> Option<String> {
        let point = at.checked_sub(1)?;
        self.is(Some(point), ".")
            .then(|| self.name(point.checked_sub(1)?))?
    }

    /// Whether the name at this token may be called.
    pub(super) fn calls(&self, at: usize) -> bool {
        let begins = self.place(at).start;
        self.syntax.calls.iter().any(|called| called.at == begins)
    }

    /// The token that a call names.
    pub(super) fn token_of(&self, called: &Called) -> Option<usize> {
        self.tokens.iter().position(|token| token.at == called.at)
    }

    /// Whether the name at this token may be that of a type: too much rather than too little.
    pub(super) fn may_be_a_type(&self, at: usize) -> bool {
        let is_text = |token: &Token<'_>| token.text.ends_with('\'') || token.text.ends_with('$');
        if self.is(Some(at + 1), "(") || self.token(at + 1).is_some_and(is_text) {
            return true;
        }
        let mut first = at;
        while let Some(before) = first.checked_sub(2)
            && self.is(Some(first - 1), ".")
            && self.name(before).is_some()
        {
            first = before;
        }
        let Some(before) = first.checked_sub(1) else {
            return false;
        };
        let Some(token) = self.token(before) else {
            return false;
        };
        match token.text {
            // `.` behind a value, and all ways in which a lexer may take `::`.
            "." | ":" | "::" => true,
            _ if token.text.ends_with(':') => true,
            _ if is_quoted(token.text) => true,
            _ => match token.word() {
                Some(word) if word.eq_ignore_ascii_case("as") => self.is_in_a_call(before),
                Some(word) => !is_one_of(word, &BEFORE_VALUES),
                None => false,
            },
        }
    }

    /// Whether the innermost parentheses are those of a call, such as `CAST(… AS …)`.
    fn is_in_a_call(&self, at: usize) -> bool {
        let mut closed = 0_usize;
        for before in (0..at).rev() {
            if self.is(Some(before), ")") {
                closed += 1;
            } else if self.is(Some(before), "(") {
                let Some(fewer) = closed.checked_sub(1) else {
                    let is_query = self
                        .token(before + 1)
                        .and_then(Token::word)
                        .is_some_and(|word| is_one_of(word, &QUERIES));
                    let opener = before.checked_sub(1);
                    return !is_query && opener.is_some_and(|opener| self.name(opener).is_some());
                };
                closed = fewer;
            }
        }
        false
    }

    /// Where the statement begins that `EXPLAIN` explains; the beginning, of any other.
    pub(super) fn explained(&self) -> &'a str {
        if !self.is(Some(0), "explain") {
            return self.sql;
        }
        let mut at = 1;
        if self.is(Some(1), "(") && !self.begins_a_query(2) {
            while at < self.tokens.len() && !self.is(Some(at), ")") {
                at += 1;
            }
            at += 1;
        } else {
            while ["analyze", "analyse", "verbose"]
                .iter()
                .any(|word| self.is(Some(at), word))
            {
                at += 1;
            }
        }
        let begins = self.token(at).map(|token| token.at);
        begins
            .and_then(|begins| self.sql.get(begins..))
            .unwrap_or_default()
    }

    fn begins_a_query(&self, at: usize) -> bool {
        self.is(Some(at), "(")
            || self
                .token(at)
                .and_then(Token::word)
                .is_some_and(|word| is_one_of(word, &QUERIES))
    }
}

fn is_quoted(text: &str) -> bool {
    let escaped = text
        .get(..3)
        .is_some_and(|start| start.eq_ignore_ascii_case("U&\""));
    text.starts_with('"') || escaped
}

fn is_one_of(word: &str, words: &[&str]) -> bool {
    words.iter().any(|known| word.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types(sql: &str) -> Vec<usize> {
        let text = Text::of(sql, &Arc::default());
        text.names()
            .filter(|(at, name)| name == "pay" && text.may_be_a_type(*at))
            .map(|(at, _)| at)
            .collect()
    }

    #[test]
    fn a_name_may_be_a_type_wherever_one_can_stand() {
        for sql in [
            "SELECT null::pay",
            "SELECT null :: hr.pay[]",
            "SELECT null::\"pay\"",
            "SELECT CAST(null AS pay)",
            "SELECT CAST(null AS hr.pay)",
            "SELECT TREAT(null AS pay)",
            "SELECT pay '(1,2)'",
            "SELECT pay $$(1,2)$$",
            "SELECT hr.pay('(1,2)')",
            "SELECT ('(1,2)'::text).pay",
            "SELECT * FROM json_to_record('{}') AS t(a int, b pay)",
            "SELECT * FROM json_to_record('{}') AS (a pay)",
            "SELECT JSON_VALUE('{}', '$' RETURNING pay)",
            "SELECT * FROM JSON_TABLE('{}', '$' COLUMNS (a pay PATH '$'))",
            "SELECT * FROM XMLTABLE('a' PASSING b COLUMNS a pay)",
            "SELECT XMLSERIALIZE(CONTENT a AS pay)",
        ] {
            assert_eq!(types(sql).len(), 1, "{sql}");
        }
    }

    #[test]
    fn a_name_is_no_type_where_values_and_tables_stand() {
        for sql in [
            "SELECT pay FROM orders",
            "SELECT id, pay FROM orders",
            "SELECT o.pay FROM orders o WHERE o.pay > 1 AND pay IN (pay, 1) ORDER BY pay",
            "SELECT sum(pay) FROM orders GROUP BY pay HAVING max(pay) > 1",
            "SELECT total AS pay FROM orders",
            "WITH x AS (SELECT 1 AS pay) SELECT pay FROM x",
            "SELECT * FROM pay JOIN pay ON pay.id = pay.id",
            "SELECT * FROM a, hr.pay",
            "SELECT CASE WHEN pay THEN pay ELSE pay END",
            "SELECT NOT pay, -pay, (pay), ARRAY[pay, pay]",
        ] {
            assert!(types(sql).is_empty(), "{sql}");
        }
    }

    #[test]
    fn what_is_explained_is_found() {
        for (sql, expected) in [
            ("SELECT 1", "SELECT 1"),
            ("EXPLAIN SELECT 1", "SELECT 1"),
            ("explain analyze verbose SELECT 1", "SELECT 1"),
            (
                "EXPLAIN (FORMAT JSON, ANALYZE) /* a */ WITH a AS (SELECT 1) TABLE a",
                "WITH a AS (SELECT 1) TABLE a",
            ),
            ("EXPLAIN (SELECT 1)", "(SELECT 1)"),
            ("EXPLAIN ((SELECT 1))", "((SELECT 1))"),
            ("EXPLAIN (ANALYZE)", ""),
        ] {
            assert_eq!(
                Text::of(sql, &Arc::default()).explained(),
                expected,
                "{sql}"
            );
        }
    }
}
