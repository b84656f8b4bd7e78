//! Where a text may name tables, and what it calls: too much rather than too little.
//!
//! Whatever the grammar of either server takes for a table stands behind a word or a sign that few other names stand
//! behind, and the words that decide between the two are reserved on both.

use std::ops::Range;

use sqlparser::tokenizer::{Location, Token, Word};

use super::{super::lexer::Lexed, functions, text::Words};

/// A name that may be a table's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    /// As the text has it, without quotes.
    pub(super) schema: Option<String>,
    pub(super) name: String,
}

/// A name before a parenthesis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Called {
    pub(super) schema: Option<String>,
    pub(super) name: String,
    pub(super) is_quoted: bool,
    /// Nothing stands between the name and the parenthesis.
    pub(super) is_close: bool,
}

/// What `STRAIGHT_JOIN` may follow where it is an option of SELECT: each is reserved, so no table is called so.
const SELECT_OPTIONS: [&str; 7] = [
    "select",
    "all",
    "distinct",
    "distinctrow",
    "high_priority",
    "sql_big_result",
    "sql_small_result",
];
/// With a blank before the parenthesis they are somebody else's.
const CLOSE: &str = "adddate bit_and bit_or bit_xor cast count curdate curtime date_add date_sub extract \
    group_concat max mid min now position session_user std stddev stddev_pop stddev_samp subdate substr substring \
    sum sysdate system_user trim var_pop var_samp variance";

impl Called {
    /// Whether the name is one of the server's own as it is written; somebody may have made a function of that name
    /// all the same, where the server is older than the name.
    pub(super) fn is_built_in(&self) -> bool {
        let name = self.name.to_lowercase();
        let is_apart = !self.is_close && CLOSE.split(' ').any(|known| known == name);
        self.schema.is_none() && !self.is_quoted && !is_apart && functions::is_built_in(&name)
    }
}

/// A text as it is judged here.
pub(super) struct Text<'a> {
    pub(super) sql: &'a str,
    /// Those that count, with where they stand in bytes.
    tokens: Vec<(Token, Range<usize>)>,
}

/// `@@name`, and nothing behind it that could go on with it.
fn is_plain_variable(text: &str) -> bool {
    let is_letter = |character: char| character.is_ascii_alphanumeric() || character == '_';
    text.strip_prefix("@@").is_some_and(|name| {
        let rest = name.trim_start_matches(is_letter);
        let goes_on = rest.starts_with(|next: char| !next.is_ascii() || "@.$`'\"".contains(next));
        rest.len() < name.len() && !goes_on
    })
}

/// Something stands where only a table can, and cannot be read as one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unreadable;

impl<'a> Text<'a> {
    /// `None` if the lexer cannot read on somewhere.
    pub(super) fn of(sql: &'a str) -> Option<Self> {
        let lexed = Lexed::of(&Words::MYSQL, sql);
        if lexed.flaw.is_some() {
            return None;
        }
        let mut bytes = Bytes::of(sql);
        let mut tokens = Vec::new();
        for token in lexed.significant() {
            let begins = bytes.at(token.span.start)?;
            tokens.push((token.token.clone(), begins..bytes.at(token.span.end)?));
        }
        Some(Self { sql, tokens })
    }

    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    pub(super) fn place(&self, at: usize) -> Range<usize> {
        self.tokens.get(at).map_or(0..0, |(_, place)| place.clone())
    }

    fn token(&self, at: usize) -> Option<&Token> {
        self.tokens.get(at).map(|(token, _)| token)
    }

    fn word_at(&self, at: usize) -> Option<&Word> {
        match self.token(at)? {
            Token::Word(word) => Some(word),
            _ => None,
        }
    }

    /// The name at a token.
    pub(super) fn name(&self, at: usize) -> Option<String> {
        let word = self.word_at(at)?;
        Some(match word.quote_style {
            Some(quote) => word
                .value
                .replace(&format!("{quote}{quote}"), &quote.to_string()),
            None => word.value.clone(),
        })
    }

    /// Whether it is one of these words, unquoted and no name behind a point.
    pub(super) fn is_word(&self, at: usize, words: &[&str]) -> bool {
        let behind_point = at
            .checked_sub(1)
            .is_some_and(|before| self.is_sign(before, &Token::Period));
        !behind_point
            && self.word_at(at).is_some_and(|word| {
                word.quote_style.is_none()
                    && words
                        .iter()
                        .any(|known| word.value.eq_ignore_ascii_case(known))
            })
    }

    pub(super) fn is_sign(&self, at: usize, sign: &Token) -> bool {
        self.token(at) == Some(sign)
    }

    /// Where something stands behind an `@`, in bytes, but for plain variables of the server.
    ///
    /// To a server `@a.` is one name, so that in `@a. FROM t` the word is what it says. To the lexer it is a point, with
    /// the word as a name behind it.
    pub(super) fn variable(&self) -> Option<usize> {
        self.tokens.iter().find_map(|(_, place)| {
            let rest = self.sql.get(place.start..)?;
            let is_second = self
                .sql
                .get(..place.start)
                .is_some_and(|before| before.ends_with('@'));
            (rest.starts_with('@') && !is_second && !is_plain_variable(rest)).then_some(place.start)
        })
    }

    /// Names that may be tables', with the tokens of their last parts.
    pub(super) fn tables(&self) -> Result<Vec<(usize, Named)>, Unreadable> {
        let mut tables = Vec::new();
        for at in 0..self.tokens.len() {
            let Some(before) = at.checked_sub(1) else {
                continue;
            };
            if !self.opens_a_table(before) {
                continue;
            }
            let goes_on = self.is_sign(at, &Token::LParen)
                || self.is_sign(at, &Token::LBrace)
                || self.is_word(at, &["select", "with", "values", "table"])
                // Where it is not reserved, a table may be called so.
                || (self.is_word(at, &["lateral"]) && self.is_sign(at + 1, &Token::LParen));
            if goes_on {
                continue;
            }
            let Some(first) = self.name(at) else {
                return Err(Unreadable);
            };
            let Some((last, named)) = self.chain(at, first) else {
                return Err(Unreadable);
            };
            let is_dual = named.schema.is_none() && last == at && self.is_word(at, &["dual"]);
            // A function or a table of JSON, or what a query is called by WITH.
            let is_other = self.is_sign(last + 1, &Token::LParen)
                || (self.is_word(last + 1, &["as"]) && self.is_sign(last + 2, &Token::LParen));
            if !is_dual && !is_other {
                tables.push((last, named));
            }
        }
        Ok(tables)
    }

    /// A name with what qualifies it, from its first part.
    fn chain(&self, at: usize, first: String) -> Option<(usize, Named)> {
        if !self.is_sign(at + 1, &Token::Period) {
            let named = Named {
                schema: None,
                name: first,
            };
            return Some((at, named));
        }
        let named = Named {
            schema: Some(first),
            name: self.name(at + 2)?,
        };
        Some((at + 2, named))
    }

    /// Whether a table may stand behind this token.
    fn opens_a_table(&self, at: usize) -> bool {
        if self.is_word(at, &["from"]) {
            return !self.takes_a_value_apart(at)
                && !self.begins_a_time(at)
                && !self.says_which_row(at);
        }
        if self.is_word(at, &["straight_join"]) {
            return !self.is_an_option(at);
        }
        if self.is_word(at, &["join", "table"]) {
            // `USE INDEX FOR JOIN (a)`
            return !at
                .checked_sub(1)
                .is_some_and(|before| self.is_word(before, &["for"]));
        }
        // `NEXT VALUE FOR sequence`, and not `value FOR ORDINALITY`.
        if self.is_word(at, &["for"]) {
            return at.checked_sub(2).is_some_and(|first| {
                self.is_word(first, &["next", "previous"]) && self.is_word(first + 1, &["value"])
            });
        }
        // `{ oj table … }`
        if at
            .checked_sub(1)
            .is_some_and(|before| self.is_sign(before, &Token::LBrace))
        {
            // `{d '2026-01-01'}` is a value.
            return !matches!(self.token(at + 1), Some(Token::SingleQuotedString(_)));
        }
        if self.is_sign(at, &Token::LParen) {
            return at
                .checked_sub(1)
                .is_some_and(|before| self.opens_a_table(before));
        }
        self.is_sign(at, &Token::Comma) && self.is_among_tables(at)
    }

    /// `SELECT STRAIGHT_JOIN a`
    fn is_an_option(&self, at: usize) -> bool {
        at.checked_sub(1)
            .is_some_and(|before| self.is_word(before, &SELECT_OPTIONS))
    }

    /// `FOR SYSTEM_TIME FROM a TO b`, behind a table.
    fn begins_a_time(&self, from: usize) -> bool {
        from.checked_sub(2).is_some_and(|first| {
            self.is_word(first, &["for"]) && self.is_word(first + 1, &["system_time"])
        })
    }

    /// `nth_value(a, 1) FROM FIRST OVER w`
    fn says_which_row(&self, from: usize) -> bool {
        self.is_word(from + 1, &["first", "last"]) && self.is_word(from + 2, &["over"])
    }

    /// `EXTRACT(YEAR FROM a)`, `TRIM(a FROM b)`, `SUBSTRING(a FROM 1)`.
    fn takes_a_value_apart(&self, from: usize) -> bool {
        match self.opening(from) {
            Some((opening, words)) => {
                let is_one = opening.checked_sub(1).is_some_and(|name| {
                    self.is_word(name, &["extract", "trim", "substring", "substr", "mid"])
                });
                is_one && !words.iter().any(|at| self.is_word(*at, &["select"]))
            }
            None => false,
        }
    }

    /// Whether a comma stands between tables.
    fn is_among_tables(&self, comma: usize) -> bool {
        let mut at = comma;
        let mut closed = 0_usize;
        while let Some(before) = at.checked_sub(1) {
            at = before;
            if self.is_sign(at, &Token::RParen) {
                closed += 1;
            } else if self.is_sign(at, &Token::LParen) {
                let Some(fewer) = closed.checked_sub(1) else {
                    return at
                        .checked_sub(1)
                        .is_some_and(|before| self.opens_a_table(before));
                };
                closed = fewer;
            } else if closed == 0 {
                if self.is_word(at, &["from"]) && !self.says_which_row(at) {
                    return !self.takes_a_value_apart(at);
                }
                if self.is_word(at, &["join", "straight_join", "on", "using"]) {
                    return !self.is_an_option(at);
                }
                // `USE INDEX FOR ORDER BY (a)` stands behind a table.
                let of_an_index = self.is_word(at, &["by"])
                    && at
                        .checked_sub(2)
                        .is_some_and(|before| self.is_word(before, &["for"]));
                if self.is_word(at, &["select", "where", "having", "by", "limit"]) && !of_an_index {
                    return false;
                }
            }
        }
        false
    }

    /// The parenthesis that is open at a token, and the tokens in between that are in no other.
    fn opening(&self, at: usize) -> Option<(usize, Vec<usize>)> {
        let mut between = Vec::new();
        let mut closed = 0_usize;
        for before in (0..at).rev() {
            if self.is_sign(before, &Token::RParen) {
                closed += 1;
            } else if self.is_sign(before, &Token::LParen) {
                match closed.checked_sub(1) {
                    Some(fewer) => closed = fewer,
                    None => return Some((before, between)),
                }
            } else if closed == 0 {
                between.push(before);
            }
        }
        None
    }

    /// What queries are called by `WITH`.
    pub(super) fn with_names(&self) -> Vec<usize> {
        (0..self.tokens.len())
            .filter(|at| {
                self.name(*at).is_some()
                    && at.checked_sub(1).is_some_and(|before| {
                        self.is_word(before, &["with", "recursive"])
                            || self.is_sign(before, &Token::Comma)
                    })
                    && (self.names_a_query(at + 1)
                        || (self.is_sign(at + 1, &Token::LParen)
                            && self
                                .closing(at + 1)
                                .is_some_and(|closing| self.names_a_query(closing + 1))))
            })
            .collect()
    }

    fn names_a_query(&self, at: usize) -> bool {
        self.is_word(at, &["as"]) && self.is_sign(at + 1, &Token::LParen)
    }

    fn closing(&self, opening: usize) -> Option<usize> {
        let mut open = 0_usize;
        (opening..self.tokens.len()).find(|at| {
            if self.is_sign(*at, &Token::LParen) {
                open += 1;
            } else if self.is_sign(*at, &Token::RParen) {
                open = open.saturating_sub(1);
            }
            open == 0
        })
    }

    /// The word of `EXPLAIN FORMAT = JSON`, which a parenthesis may follow.
    fn format_of_a_plan(&self) -> Option<usize> {
        if !self.is_word(0, &["explain", "describe", "desc", "analyze"]) {
            return None;
        }
        let format = (1..self.tokens.len())
            .find(|at| !self.is_word(*at, &["analyze", "extended", "partitions"]))?;
        (self.is_word(format, &["format"])
            && self.is_sign(format + 1, &Token::Eq)
            && self.is_word(format + 2, &["json", "traditional", "tree"]))
        .then_some(format + 2)
    }

    /// What may be a function.
    pub(super) fn calls(&self) -> impl Iterator<Item = (usize, Called)> {
        let queries = self.with_names();
        let format = self.format_of_a_plan();
        (0..self.tokens.len()).filter_map(move |at| {
            let name = self.name(at)?;
            if !self.is_sign(at + 1, &Token::LParen) || queries.contains(&at) || format == Some(at)
            {
                return None;
            }
            let behind_point = at
                .checked_sub(1)
                .is_some_and(|before| self.is_sign(before, &Token::Period));
            // What a query in FROM and its columns are called.
            let is_alias = !behind_point
                && at.checked_sub(1).is_some_and(|before| {
                    self.is_sign(before, &Token::RParen) || self.is_word(before, &["as"])
                });
            if is_alias {
                return None;
            }
            let schema = behind_point
                .then(|| self.name(at.checked_sub(2)?))
                .flatten();
            let is_close = self.place(at).end == self.place(at + 1).start;
            let is_quoted = self
                .word_at(at)
                .is_some_and(|word| word.quote_style.is_some());
            Some((
                at,
                Called {
                    schema,
                    name,
                    is_quoted,
                    is_close,
                },
            ))
        })
    }
}

/// The byte of each place that a lexer tells, one after another.
struct Bytes<'a> {
    rest: std::str::CharIndices<'a>,
    next: usize,
    line: u64,
    column: u64,
}

impl<'a> Bytes<'a> {
    fn of(sql: &'a str) -> Self {
        Self {
            rest: sql.char_indices(),
            next: 0,
            line: 1,
            column: 1,
        }
    }

    fn at(&mut self, place: Location) -> Option<usize> {
        while (self.line, self.column) < (place.line, place.column) {
            let (at, character) = self.rest.next()?;
            self.next = at + character.len_utf8();
            if character == '\n' {
                self.line += 1;
                self.column = 1;
            } else {
                self.column += 1;
            }
        }
        ((self.line, self.column) == (place.line, place.column)).then_some(self.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables(sql: &str) -> Vec<String> {
        let text = Text::of(sql).unwrap();
        let told = |named: Named| match named.schema {
            Some(schema) => format!("{schema}.{}", named.name),
            None => named.name,
        };
        let tables = text.tables().unwrap().into_iter();
        tables.map(|(_, named)| told(named)).collect()
    }

    #[test]
    fn a_table_is_found_wherever_one_can_stand() {
        for (sql, expected) in [
            ("SELECT 1", &[][..]),
            ("SELECT a FROM t", &["t"]),
            ("SELECT a FROM`t`", &["t"]),
            ("SELECT a FROM d.t AS x, `d` . `u v` y", &["d.t", "d.u v"]),
            ("SELECT 'é\n', a FROM (t, (u JOIN v))", &["t", "u", "v"]),
            (
                "SELECT a FROM t LEFT JOIN (u, v) ON true, w",
                &["t", "u", "v", "w"],
            ),
            (
                "SELECT a FROM t NATURAL JOIN u STRAIGHT_JOIN v",
                &["t", "u", "v"],
            ),
            ("SELECT a FROM { OJ t LEFT JOIN u ON true }", &["t", "u"]),
            ("SELECT a FROM { oj (t JOIN u) }, v", &["t", "u", "v"]),
            ("SELECT a FROM t USE INDEX FOR ORDER BY (i), u", &["t", "u"]),
            (
                "SELECT a FROM t USE INDEX FOR GROUP BY (i, j), u",
                &["t", "u"],
            ),
            ("SELECT a FROM t USE INDEX FOR JOIN (i), u", &["t", "u"]),
            (
                "SELECT a FROM t FORCE INDEX (i, j), u PARTITION (p, q), v",
                &["t", "u", "v"],
            ),
            ("SELECT a FROM t JOIN u ON VALUES(a), v", &["t", "u", "v"]),
            ("SELECT a FROM t JOIN u USING (a), v", &["t", "u", "v"]),
            ("SELECT a FROM t returning, u", &["t", "u"]),
            ("SELECT a FROM t window, u", &["t", "u"]),
            (
                "SELECT a FROM t JOIN u ON t.select = u.`by`, v",
                &["t", "u", "v"],
            ),
            ("TABLE t", &["t"]),
            ("SELECT a IN (TABLE t)", &["t"]),
            (
                "SELECT (SELECT a FROM t) FROM u WHERE EXISTS (SELECT 1 FROM v)",
                &["t", "u", "v"],
            ),
            ("SELECT a FROM t UNION SELECT b FROM u", &["t", "u"]),
            ("SELECT a FROM t ORDER BY (SELECT b FROM u)", &["t", "u"]),
            ("SELECT PREVIOUS VALUE FOR s", &["s"]),
            ("SELECT a FROM lateral, u", &["lateral", "u"]),
            ("SELECT a FROM t JOIN lateral v", &["t", "lateral"]),
            (
                "SELECT a FROM t FOR SYSTEM_TIME FROM '2026-01-01' TO (SELECT b FROM u), v",
                &["t", "u", "v"],
            ),
            ("SELECT a FROM t, LATERAL (SELECT b FROM u) x", &["t", "u"]),
            ("WITH x AS (SELECT a FROM t) SELECT a FROM x", &["t", "x"]),
            ("SELECT extract(year FROM (SELECT a FROM t))", &["t"]),
        ] {
            assert_eq!(tables(sql), expected, "{sql}");
        }
    }

    #[test]
    fn columns_aliases_and_functions_are_no_tables() {
        for sql in [
            "SELECT a, b, (c), f(d, e), (SELECT 1), g IN (h, i) FROM dual",
            "SELECT STRAIGHT_JOIN a, b FROM dual WHERE (c, d) = (e, f) GROUP BY g, h HAVING i > j ORDER BY k, l LIMIT 1, 2",
            "SELECT EXTRACT(YEAR FROM a), TRIM(LEADING b FROM c), SUBSTRING(d FROM e)",
            "SELECT COUNT(DISTINCT a, b), GROUP_CONCAT(c ORDER BY d, e), SUM(f) OVER (PARTITION BY g, h)",
            "SELECT j.a FROM JSON_TABLE('[]', '$' COLUMNS (a INT PATH '$', b INT PATH '$')) j",
            "SELECT 1 FROM JSON_TABLE('[]', '$' COLUMNS (value FOR ORDINALITY, a INT PATH '$')) j",
            "SELECT {d '2026-01-01'}, CONVERT(a USING utf8mb4), MATCH (b, c) AGAINST ('x')",
            "WITH a AS (SELECT 1), b (c, d) AS (SELECT 1, 2) SELECT 1",
            "SELECT 1 FROM dual WINDOW a AS (ORDER BY b), c AS (ORDER BY d)",
            "SELECT 1 FROM dual LIMIT 1, 2",
            "SELECT NTH_VALUE(a, 1) FROM FIRST OVER (ORDER BY b), c FROM dual",
        ] {
            assert!(tables(sql).is_empty(), "{sql}: {:?}", tables(sql));
        }
    }

    #[test]
    fn what_is_no_name_where_a_table_stands_is_not_read() {
        for sql in [
            "SELECT a FROM .t",
            "SELECT a FROM 't'",
            "SELECT a FROM t, .u",
            "SELECT a FROM d..t",
        ] {
            assert_eq!(Text::of(sql).unwrap().tables(), Err(Unreadable), "{sql}");
        }
    }

    #[test]
    fn what_may_be_called_is_found() {
        let called = |sql: &str| -> Vec<String> {
            let text = Text::of(sql).unwrap();
            text.calls().map(|(_, called)| called.name).collect()
        };

        assert_eq!(
            called(
                "WITH x (a) AS (SELECT f(1)) SELECT d.g (2), `h`(3) FROM x AS y (b), (SELECT 1) z (c)"
            ),
            ["f", "g", "h"]
        );
        assert_eq!(called("EXPLAIN FORMAT=JSON (SELECT f(1))"), ["f"]);
        assert_eq!(called("ANALYZE FORMAT = json(SELECT 1)"), [""; 0]);
        assert_eq!(called("EXPLAIN ANALYZE FORMAT=tree (SELECT 1)"), [""; 0]);
        for sql in [
            "SELECT format = json (1)",
            "EXPLAIN SELECT format = json (1)",
            "EXPLAIN FORMAT=JSON SELECT format = json (1)",
            "EXPLAIN FORMAT=JSON (SELECT format=json(1))",
            "EXPLAIN x = json (1)",
        ] {
            assert_eq!(called(sql), ["json"], "{sql}");
        }
    }
}
