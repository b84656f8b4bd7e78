//! Which columns a `GROUP BY` lacks.

use sqlparser::tokenizer::Token;

use super::{lexer::Lexed, sources::keyword};

/// What to change where `column`, as the statement writes it, is neither grouped by nor in an aggregate. The other
/// columns of the list that lack the same are told too, so that the next call does not meet them.
pub(super) fn hint(lexed: &Lexed, column: &str) -> String {
    let (mut names, grouped) = missing(lexed).unwrap_or((Vec::new(), true));
    if !names.iter().any(|name| same_column(name, column)) {
        names.insert(0, column.to_owned());
    }
    let list = names.join(", ");
    let add = if grouped {
        format!("Add {list} to GROUP BY")
    } else {
        format!("Add GROUP BY {list}")
    };
    let each = if names.len() > 1 { " each" } else { "" };
    format!("{add}; or wrap{each} in an aggregate such as max({column}).")
}

/// The plain columns of the list that are not grouped by, and whether anything is; `None` for more than one SELECT.
fn missing(lexed: &Lexed) -> Option<(Vec<String>, bool)> {
    let tokens: Vec<&Token> = lexed.significant().map(|token| &token.token).collect();
    let is = |token: &&Token, word: &str| keyword(token, &[word]).is_some();
    if tokens.iter().filter(|token| is(token, "SELECT")).count() != 1 {
        return None;
    }
    let start = tokens.iter().position(|token| is(token, "SELECT"))? + 1;
    let listed = tokens.get(start..)?;
    let listed = match listed {
        [first, after @ ..] if is(first, "DISTINCT") => after,
        listed => listed,
    };
    let selected: Vec<&[&Token]> = items(listed, &["FROM"]);
    let group = tokens
        .windows(2)
        .position(|pair| matches!(pair, [a, b] if is(a, "GROUP") && is(b, "BY")));
    let grouped: Vec<&[&Token]> = match group {
        Some(at) => items(
            tokens.get(at + 2..)?,
            &[
                "HAVING", "ORDER", "LIMIT", "WINDOW", "OFFSET", "FETCH", "FOR", "WITH",
            ],
        ),
        None => Vec::new(),
    };
    let is_grouped = |at: usize, item: &[&Token], column: &str| {
        grouped.iter().any(|group| match group {
            [Token::Number(number, _)] => number.parse() == Ok(at + 1),
            [Token::Word(word)] if alias(item).is_some_and(|alias| alias == word.value) => true,
            group => plain(group).is_some_and(|group| same_column(&group, column)),
        })
    };
    let names = selected
        .iter()
        .enumerate()
        .filter_map(|(at, item)| {
            let column = plain(item)?;
            (!is_grouped(at, item, &column)).then_some(column)
        })
        .collect();
    Some((names, group.is_some()))
}

/// What stands between commas outside of parentheses, up to one of `ends`.
fn items<'t>(tokens: &'t [&'t Token], ends: &[&str]) -> Vec<&'t [&'t Token]> {
    let mut depth = 0_u32;
    let end = tokens
        .iter()
        .position(|token| {
            match token {
                Token::LParen => depth += 1,
                Token::RParen if depth == 0 => return true,
                Token::RParen => depth -= 1,
                Token::SemiColon => return true,
                _ => {}
            }
            depth == 0 && keyword(token, ends).is_some()
        })
        .unwrap_or(tokens.len());
    let mut depth = 0_u32;
    tokens
        .get(..end)
        .unwrap_or_default()
        .split(|token| {
            match token {
                Token::LParen => depth += 1,
                Token::RParen => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && **token == Token::Comma
        })
        .collect()
}

/// A column with nothing around it, as it is written: `u.email`, `email AS mail`.
fn plain(item: &[&Token]) -> Option<String> {
    let (name, behind) = match item {
        [
            name @ Token::Word(_),
            Token::Period,
            column @ Token::Word(_),
            behind @ ..,
        ] => (format!("{name}.{column}"), behind),
        [column @ Token::Word(_), behind @ ..]
            if keyword(
                column,
                &[
                    "NULL",
                    "TRUE",
                    "FALSE",
                    "CURRENT_DATE",
                    "CURRENT_TIMESTAMP",
                    "CASE",
                ],
            )
            .is_none() =>
        {
            (column.to_string(), behind)
        }
        _ => return None,
    };
    match behind {
        [] | [Token::Word(_)] => Some(name),
        [first, Token::Word(_)] if keyword(first, &["AS"]).is_some() => Some(name),
        _ => None,
    }
}

fn alias<'t>(item: &[&'t Token]) -> Option<&'t str> {
    match item {
        [.., Token::Word(alias)] => Some(&alias.value),
        _ => None,
    }
}

/// Whether two names may mean the same column: one of them may lack its table.
fn same_column(a: &str, b: &str) -> bool {
    let bare = |name: &str| {
        let last = name.rsplit('.').next().unwrap_or(name);
        last.trim_matches(['"', '`']).to_lowercase()
    };
    bare(a) == bare(b)
}

#[cfg(test)]
mod tests {
    use sqlparser::dialect::PostgreSqlDialect;

    use super::*;

    #[test]
    fn all_that_a_grouping_lacks_is_told_at_once() {
        for (sql, column, expected) in [
            (
                "SELECT u.id, name AS n, count(*), sum(a + b) FROM users u",
                "u.id",
                "Add GROUP BY u.id, name; or wrap each in an aggregate such as max(u.id).",
            ),
            (
                "SELECT u.age, email, u.\"Name\", city c, 1 FROM users u GROUP BY age, 4 HAVING true",
                "email",
                "Add email, u.\"Name\" to GROUP BY; or wrap each in an aggregate such as max(email).",
            ),
            (
                "SELECT age + 1, u.city, count(*) FROM users u GROUP BY email",
                "age",
                "Add age, u.city to GROUP BY; or wrap each in an aggregate such as max(age).",
            ),
            (
                "SELECT a, b FROM (SELECT c AS a, d AS b FROM t) x GROUP BY a",
                "b",
                "Add b to GROUP BY; or wrap in an aggregate such as max(b).",
            ),
        ] {
            assert_eq!(
                hint(&Lexed::of(&PostgreSqlDialect {}, sql), column),
                expected,
                "{sql}"
            );
        }
    }
}
