//! The nearest known name to one that does not exist, asked of the database after a statement failed.

use std::time::Duration;

use domain::{Failure, FailureKind, nearest::nearest, query::Statement};

use sqlparser::dialect::SQLiteDialect;

use super::{super::lexer::Lexed, session::SqliteSession};

/// Looking for a hint must not keep the failure waiting.
const LIMIT: Duration = Duration::from_millis(250);

const TABLES: &str = "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite^_%' ESCAPE '^' LIMIT 5000";
const COLUMNS: &str = "SELECT s.name, c.name FROM sqlite_schema s, pragma_table_xinfo(s.name) c WHERE s.type IN ('table', 'view') LIMIT 20000";
const FUNCTIONS: &str = "SELECT DISTINCT name FROM pragma_function_list";

/// Adds a hint to the failure of a statement, if there is something to say.
pub(super) async fn add(
    session: &mut SqliteSession,
    statement: &Statement,
    failure: Failure,
) -> Failure {
    if failure.kind != FailureKind::InvalidSql || failure.hint.is_some() {
        return failure;
    }
    let looked = tokio::time::timeout(LIMIT, find(session, statement, &failure.message)).await;
    match looked {
        Ok(Some(hint)) => failure.with_hint(hint),
        _ => failure,
    }
}

async fn find(session: &mut SqliteSession, statement: &Statement, message: &str) -> Option<String> {
    if let Some(name) = missing(message, "no such table: ") {
        let tables: Vec<(String,)> = session.ask(TABLES).await?;
        let near = nearest(name, tables.iter().map(|(table,)| table.as_str()));
        return Some(near.map_or_else(
            || "`SELECT name FROM sqlite_schema` lists the tables and views.".to_owned(),
            did_you_mean,
        ));
    }
    let column = missing(message, "no such column: ").or_else(|| {
        message
            .split_once(" has no column named ")
            .map(|(_, name)| bare(name))
    });
    if let Some(name) = column {
        let columns: Vec<(String, String)> = session.ask(COLUMNS).await?;
        let text = statement.sql.to_lowercase();
        let (of_these, of_others): (Vec<_>, Vec<_>) = columns
            .iter()
            .partition(|(table, _)| text.contains(&table.to_lowercase()));
        let near = |columns: &[&(String, String)]| {
            let near = nearest(name, columns.iter().map(|(_, column)| column.as_str()))?;
            let (table, _) = columns.iter().find(|(_, column)| column == near)?;
            Some(if near.eq_ignore_ascii_case(name) {
                format!(
                    "`{near}` is a column of `{table}`; check what stands before the dot, and in FROM."
                )
            } else {
                did_you_mean(near)
            })
        };
        return near(&of_these).or_else(|| {
            let mut names: Vec<_> = of_these.iter().map(|(_, column)| column.as_str()).collect();
            names.dedup();
            if names.is_empty() || names.len() > 40 {
                near(&of_others)
            } else {
                Some(format!("The columns are {}.", names.join(", ")))
            }
        });
    }
    if let Some(name) = missing(message, "no such function: ") {
        let functions: Vec<(String,)> = session.ask(FUNCTIONS).await?;
        let near = nearest(name, functions.iter().map(|(function,)| function.as_str()));
        return Some(near.map_or_else(
            || "`SELECT DISTINCT name FROM pragma_function_list` lists the functions.".to_owned(),
            did_you_mean,
        ));
    }
    by_message(statement, message).map(str::to_owned)
}

/// What to change, where `SQLite`'s words alone tell.
fn by_message(statement: &Statement, message: &str) -> Option<&'static str> {
    if message.ends_with("syntax error") {
        if !statement.params.is_empty() {
            return Some("Placeholders are written `?` or `?1`.");
        }
        return Lexed::of(&SQLiteDialect {}, &statement.sql)
            .other_syntax("There is no ILIKE; LIKE ignores the case of ASCII letters.")
            .or(Some("Check the SQL at the position given."));
    }
    // The lexer of SQLite ends a text in an unclosed string with this.
    if message.starts_with("unrecognized token: \"'") {
        return Some("End the string with '; a quote inside of a string is written twice.");
    }
    if message.starts_with("unrecognized token: ") {
        return Some("Check the sign at the position given; a quote may be missing.");
    }
    [
        (
            "incomplete input",
            "The text ends too early; add what is missing at its end.",
        ),
        (
            "ambiguous column name",
            "Qualify the column with the name or alias of its table.",
        ),
        (
            "misuse of aggregate",
            "Put a condition on an aggregate into HAVING, and an aggregate of aggregates around a subquery.",
        ),
        ("sub-select returns", "Select one column in the subquery."),
        (
            "SELECTs to the left and right",
            "Select the same number of columns on both sides.",
        ),
        (
            "already exists",
            "Choose another name, or alter what has this one.",
        ),
        (
            "values were supplied",
            "Give one value for each column, or name the columns before VALUES.",
        ),
        (
            "wrong number of arguments",
            "Check the number of arguments of the function.",
        ),
    ]
    .into_iter()
    .find(|(words, _)| message.contains(words))
    .map(|(_, hint)| hint)
}

fn did_you_mean(name: &str) -> String {
    format!("Did you mean `{name}`?")
}

/// The name after `complaint`, without its qualifier.
fn missing<'a>(message: &'a str, complaint: &str) -> Option<&'a str> {
    message.strip_prefix(complaint).map(bare)
}

/// `t.emial` → `emial`; `"emial" - should this be a string literal…` → `emial`.
fn bare(name: &str) -> &str {
    let name = name.split_once(" - should").map_or(name, |(name, _)| name);
    name.rsplit('.').next().unwrap_or(name).trim_matches('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_missing_name_is_read_from_the_complaint() {
        for (message, name) in [
            ("no such column: emial", "emial"),
            ("no such column: c.emial", "emial"),
            (
                "no such column: \"emial\" - should this be a string literal in single-quotes?",
                "emial",
            ),
        ] {
            assert_eq!(
                missing(message, "no such column: "),
                Some(name),
                "{message}"
            );
        }
    }
}
