//! What to try next, when the server only says what is wrong: the nearest real names, the style of placeholders.
//!
//! A failed statement may cost one more query; a good hint saves the caller a whole call.

use std::time::Duration;

use domain::{
    nearest::nearest,
    query::{Statement, dialect::Flaw},
};
use sqlparser::dialect::PostgreSqlDialect;
use sqlx::Error;
use tokio::time::error::Elapsed;

use super::{
    super::lexer::Lexed,
    failure,
    parameters::quoted,
    session::{PostgresSession, run},
    text_of,
};

const ILIKE: &str = "ILIKE stands between a text and a pattern, such as name ILIKE 'a%'.";

/// A hint is worth this much waiting.
const LIMIT: Duration = Duration::from_secs(1);
/// So many names are told when none is near.
const NAMES: usize = 12;

/// A better hint than the server's for a statement that it would not parse, if there is one. When looking took too
/// long, the session still waits for its answer.
pub(super) async fn find(
    session: &mut PostgresSession,
    statement: &Statement,
    error: &Error,
    position: usize,
) -> Result<Option<String>, Elapsed> {
    tokio::time::timeout(LIMIT, better(session, statement, error, position)).await
}

/// Whether it is worth asking for a better hint.
pub(super) fn may_help(error: &Error) -> bool {
    failure::reported(error)
        .is_some_and(|reported| matches!(reported.code(), "42601" | "42883" | "42P01" | "42703"))
}

async fn better(
    session: &mut PostgresSession,
    statement: &Statement,
    error: &Error,
    position: usize,
) -> Option<String> {
    let reported = failure::reported(error)?;
    match reported.code() {
        _ if failure::is_several(error) => None,
        "42601" | "42883" if has_question_marks(&statement.sql) => {
            Some("PostgreSQL's placeholders are $1, $2, …, not question marks.".to_owned())
        }
        "42601" => {
            let lexed = Lexed::of(&PostgreSqlDialect {}, &statement.sql);
            if lexed.has_named_placeholder() {
                return Some("PostgreSQL's placeholders are $1, $2, …, not :name.".to_owned());
            }
            if let Some(Flaw::Unclosed { end, .. }) = lexed.flaw {
                return Some(format!("End it with {end}."));
            }
            if position > statement.sql.trim_end().chars().count() {
                return Some("The text ends too early; add what is missing at its end.".to_owned());
            }
            lexed.other_syntax(ILIKE).map(str::to_owned)
        }
        "42883" => {
            let name = name_at(position, &statement.sql)?;
            function_hint(session, &name).await
        }
        "42P01" if reported.routine() == Some("errorMissingRTE") && reported.hint().is_none() => {
            Some(
                "No table in FROM has that name; once a table has an alias, only the alias names it."
                    .to_owned(),
            )
        }
        "42P01" if reported.hint().is_none() => {
            let name = name_at(position, &statement.sql)?;
            table_hint(session, &name).await
        }
        "42703" if reported.hint().is_none() => {
            let name = name_at(position, &statement.sql)?;
            let is_quoted = statement.sql.chars().nth(position - 1) == Some('"');
            column_hint(session, &name, &statement.sql, is_quoted).await
        }
        _ => None,
    }
}

/// A question mark is an operator of PostgreSQL's own, but hardly where a text has that and no `$1`.
fn has_question_marks(sql: &str) -> bool {
    sql.contains('?') && !sql.contains("$1")
}

async fn table_hint(session: &mut PostgresSession, wanted: &str) -> Option<String> {
    let sql = include_str!("queries/nearest_tables.sql").to_owned();
    let rows = run(&mut session.connection, sql).await.ok()?;
    // The first column is the bare name, the second how to write it here.
    let names: Vec<(&str, &str)> = rows
        .iter()
        .filter_map(|row| Some((text_of(row, 0)?, text_of(row, 1)?)))
        .collect();
    let written = |bare: &str| {
        names
            .iter()
            .find(|(name, _)| *name == bare)
            .map(|(_, written)| *written)
    };
    if let Some(near) = nearest(wanted, names.iter().map(|(name, _)| *name)) {
        return Some(format!("Did you mean {}?", written(near)?));
    }
    if names.is_empty() {
        return Some("This user can see no table in this database.".to_owned());
    }
    Some(format!(
        "Known tables: {}.",
        list(names.iter().map(|(_, written)| *written))
    ))
}

/// The nearest function, where none has the name; where one has, the server's own hint is the better one.
async fn function_hint(session: &mut PostgresSession, wanted: &str) -> Option<String> {
    let sql = include_str!("queries/functions.sql").to_owned();
    let rows = run(&mut session.connection, sql).await.ok()?;
    let names: Vec<&str> = rows.iter().filter_map(|row| text_of(row, 0)).collect();
    if names.contains(&wanted) {
        return None;
    }
    Some(match nearest(wanted, names) {
        Some(near) => format!("Did you mean {near}()?"),
        None => "No function has that name; pg_proc lists those there are.".to_owned(),
    })
}

async fn column_hint(
    session: &mut PostgresSession,
    wanted: &str,
    statement: &str,
    is_quoted: bool,
) -> Option<String> {
    let sql =
        include_str!("queries/nearest_columns.sql").replace("{statement}", &quoted(statement));
    let rows = run(&mut session.connection, sql).await.ok()?;
    let names: Vec<(&str, &str)> = rows
        .iter()
        .filter_map(|row| Some((text_of(row, 0)?, text_of(row, 1)?)))
        .collect();
    if let Some(near) = nearest(wanted, names.iter().map(|(name, _)| *name)) {
        let (_, written) = names.iter().find(|(name, _)| *name == near)?;
        return Some(format!("Did you mean {written}?"));
    }
    if is_quoted {
        return Some(
            "Double quotes name a column; text stands in single quotes, such as 'text'.".to_owned(),
        );
    }
    (!names.is_empty()).then(|| {
        format!(
            "Known columns: {}.",
            list(names.iter().map(|(_, written)| *written))
        )
    })
}

fn list<'a>(names: impl Iterator<Item = &'a str> + Clone) -> String {
    let more = names.clone().count() > NAMES;
    let mut list = names.take(NAMES).collect::<Vec<_>>().join(", ");
    if more {
        list.push_str(", …");
    }
    list
}

/// The last part of the name that stands where the server points: its messages may be in any language.
fn name_at(position: usize, sql: &str) -> Option<String> {
    let (start, _) = sql.char_indices().nth(position.checked_sub(1)?)?;
    last_name(sql.get(start..)?)
}

fn last_name(text: &str) -> Option<String> {
    let mut rest = text;
    loop {
        let (name, after) = if let Some(quoted) = rest.strip_prefix('"') {
            let (name, after) = quoted.split_once('"')?;
            (name.to_owned(), after)
        } else {
            let end = rest
                .find(|character: char| {
                    !character.is_alphanumeric() && character != '_' && character != '$'
                })
                .unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            (name.to_lowercase(), after)
        };
        if name.is_empty() {
            return None;
        }
        match after.trim_start().strip_prefix('.') {
            Some(next) => rest = next.trim_start(),
            None => return Some(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_part_of_a_name_counts() {
        for (text, expected) in [
            ("Emial FROM users", Some("emial")),
            ("u.emial = 1", Some("emial")),
            ("public . \"Usres\" u", Some("Usres")),
            ("usres", Some("usres")),
            ("(1)", None),
        ] {
            assert_eq!(last_name(text).as_deref(), expected, "{text}");
        }
    }
}
