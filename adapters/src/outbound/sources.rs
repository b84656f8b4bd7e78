//! The tables that a statement names, as its `FROM` calls them: for hints, where a table that is not found costs nothing.

use sqlparser::tokenizer::{Token, Word};

use super::lexer::Lexed;

/// So many tables are looked at.
const MOST: usize = 30;

/// A table that a statement names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) schema: Option<String>,
    pub(super) table: String,
    /// What stands before the dot of its columns: the alias, else the name, as the statement writes it.
    pub(super) called: String,
}

/// The tables behind FROM, JOIN, INTO and UPDATE, in their order. What stands behind `FROM` in an expression is no
/// table, and none that the catalog has.
pub(super) fn sources(lexed: &Lexed) -> Vec<Source> {
    let tokens: Vec<&Token> = lexed.significant().map(|token| &token.token).collect();
    let mut found = Vec::new();
    let mut rest = tokens.as_slice();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let Some(clause) = keyword(first, &["FROM", "JOIN", "INTO", "UPDATE"]) else {
            continue;
        };
        while let Some((source, after)) = source(rest, clause == "INTO") {
            if found.len() == MOST {
                return found;
            }
            if !found.contains(&source) {
                found.push(source);
            }
            rest = after;
            let Some((Token::Comma, after)) = after.split_first() else {
                break;
            };
            rest = after;
        }
    }
    found
}

/// A table's name at the beginning, with its alias, and what follows.
fn source<'t>(tokens: &'t [&'t Token], takes_columns: bool) -> Option<(Source, &'t [&'t Token])> {
    let mut rest = tokens;
    while let [first, after @ ..] = rest
        && keyword(first, &["ONLY", "LATERAL", "TABLE"]).is_some()
    {
        rest = after;
    }
    let [Token::Word(first), after @ ..] = rest else {
        return None;
    };
    rest = after;
    let mut parts = vec![first];
    while let [Token::Period, Token::Word(next), after @ ..] = rest {
        parts.push(next);
        rest = after;
    }
    let name = parts.pop()?;
    // A function that returns rows.
    if !takes_columns && matches!(rest, [Token::LParen, ..]) {
        return None;
    }
    let mut called = name;
    if let [first, Token::Word(alias), after @ ..] = rest
        && keyword(first, &["AS"]).is_some()
    {
        (called, rest) = (alias, after);
    } else if let [Token::Word(alias), after @ ..] = rest
        && !follows_a_table(alias)
    {
        (called, rest) = (alias, after);
    }
    let source = Source {
        schema: parts.pop().map(|schema| schema.value.clone()),
        table: name.value.clone(),
        called: called.to_string(),
    };
    Some((source, rest))
}

/// Which of these unquoted words it is.
pub(super) fn keyword<'w>(token: &Token, words: &[&'w str]) -> Option<&'w str> {
    let Token::Word(word) = token else {
        return None;
    };
    if word.quote_style.is_some() {
        return None;
    }
    words
        .iter()
        .copied()
        .find(|known| word.value.eq_ignore_ascii_case(known))
}

/// Whether a word behind a table's name is no alias of it.
fn follows_a_table(word: &Word) -> bool {
    const WORDS: [&str; 34] = [
        "WHERE",
        "JOIN",
        "INNER",
        "LEFT",
        "RIGHT",
        "FULL",
        "OUTER",
        "CROSS",
        "NATURAL",
        "STRAIGHT_JOIN",
        "ON",
        "USING",
        "GROUP",
        "ORDER",
        "HAVING",
        "WINDOW",
        "LIMIT",
        "OFFSET",
        "FETCH",
        "FOR",
        "UNION",
        "EXCEPT",
        "INTERSECT",
        "SET",
        "SELECT",
        "VALUES",
        "DEFAULT",
        "RETURNING",
        "USE",
        "FORCE",
        "IGNORE",
        "PARTITION",
        "TABLESAMPLE",
        "INDEXED",
    ];
    word.quote_style.is_none()
        && WORDS
            .iter()
            .any(|known| word.value.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use sqlparser::dialect::PostgreSqlDialect;

    use super::*;

    #[test]
    fn tables_are_found_with_what_they_are_called() {
        for (sql, expected) in [
            ("SELECT 1", &[][..]),
            (
                "SELECT a FROM users u, sales.Orders AS \"O\" WHERE a = 1",
                &["users u", "sales.Orders \"O\""],
            ),
            (
                "SELECT a FROM users LEFT JOIN \"Old Orders\" ON true JOIN x y USING (id)",
                &["users users", "Old Orders \"Old Orders\"", "x y"],
            ),
            (
                "SELECT (SELECT max(a) FROM b) FROM (SELECT * FROM c) d JOIN ONLY e ON true",
                &["b b", "c c", "e e"],
            ),
            ("SELECT * FROM generate_series(1, 2) g", &[]),
            ("INSERT INTO users (id) VALUES (1)", &["users users"]),
            ("UPDATE users SET a = 1", &["users users"]),
            ("DELETE FROM t a USING b", &["t a"]),
        ] {
            let found: Vec<String> = sources(&Lexed::of(&PostgreSqlDialect {}, sql))
                .into_iter()
                .map(|source| {
                    let schema = source.schema.map_or(String::new(), |schema| schema + ".");
                    format!("{schema}{} {}", source.table, source.called)
                })
                .collect();
            assert_eq!(found, expected, "{sql}");
        }
    }
}
