//! The nearest known name to one that does not exist, asked of the database after a statement failed.

use std::time::Duration;

use domain::{Failure, FailureKind, nearest::nearest, query::Statement};

use super::{
    super::{
        columns_meant::{Columns, KnownColumn, or},
        lexer::Lexed,
        lexicon,
        sources::{Source, sources},
    },
    names,
    session::SqliteSession,
};

/// Looking for a hint must not keep the failure waiting.
const LIMIT: Duration = Duration::from_millis(250);

const TABLES: &str = "SELECT schema, name FROM pragma_table_list WHERE name NOT LIKE 'sqlite^_%' ESCAPE '^' AND type <> 'shadow' LIMIT 5000";
const COLUMNS: &str = "SELECT t.schema, t.name, c.name FROM pragma_table_list t, pragma_table_xinfo(t.name, t.schema) c \
     WHERE t.type <> 'shadow' ORDER BY t.schema <> 'main', t.name, c.cid LIMIT 20000";
const FUNCTIONS: &str = "SELECT DISTINCT name FROM pragma_function_list";
const ARGUMENTS: &str =
    "SELECT DISTINCT name, narg FROM pragma_function_list WHERE narg >= 0 ORDER BY 2";
const SCHEMAS: &str = "SELECT name FROM pragma_database_list WHERE name <> 'temp'";

const LONGEST_READ: usize = 100_000;
/// So many places of one name are told.
const SAME: usize = 5;

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
    if let Some(name) = message.strip_prefix("no such table: ") {
        return table(session, name).await;
    }
    if let Some(name) = message.strip_prefix("unknown database ") {
        return schema(session, name).await;
    }
    let column = missing(message, "no such column: ").or_else(|| {
        message
            .split_once(" has no column named ")
            .map(|(_, name)| bare(name))
    });
    if let Some(name) = column {
        let known = columns(session).await?;
        let sources = named(&statement.sql);
        return Columns::of(&sources, &known).instead_of(name);
    }
    if let Some(name) = missing(message, "ambiguous column name: ") {
        let known = columns(session).await?;
        let sources = named(&statement.sql);
        if let Some(hint) = Columns::of(&sources, &known).candidates(name) {
            return Some(hint);
        }
    }
    if let Some(name) = message.strip_prefix("wrong number of arguments to function ")
        && let Some(hint) = arguments(session, name.trim_end_matches("()")).await
    {
        return Some(hint);
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

/// The tables that a statement names; none of a text so long that reading it would keep other calls waiting.
fn named(sql: &str) -> Vec<Source> {
    if sql.len() > LONGEST_READ {
        return Vec::new();
    }
    sources(&Lexed::of(&lexicon::SQLITE, sql))
}

/// Every column that there is.
async fn columns(session: &mut SqliteSession) -> Option<Vec<KnownColumn>> {
    let columns: Vec<(String, String, String)> = session.ask(COLUMNS).await?;
    let known = columns
        .into_iter()
        .map(|(schema, table, name)| KnownColumn {
            // A table of the main file comes before one of the same name in another.
            is_on_path: true,
            table_written: written(&schema, &table),
            name_written: names::quoted(&name).into_owned(),
            schema,
            table,
            name,
        });
    Some(known.collect())
}

fn written(schema: &str, table: &str) -> String {
    match schema {
        "main" | "temp" => names::quoted(table).into_owned(),
        other => format!("{}.{}", names::quoted(other), names::quoted(table)),
    }
}

/// `custmers`, or `archive.custmers`.
async fn table(session: &mut SqliteSession, missing: &str) -> Option<String> {
    let tables: Vec<(String, String)> = session.ask(TABLES).await?;
    let (schema, name) = missing.rsplit_once('.').unwrap_or(("", missing));
    let (here, elsewhere): (Vec<_>, Vec<_>) = tables
        .iter()
        .partition(|(place, _)| schema.is_empty() || place.eq_ignore_ascii_case(schema));
    let near = |tables: &[&(String, String)]| {
        let near = nearest(name, tables.iter().map(|(_, table)| table.as_str()))?;
        let places: Vec<String> = tables
            .iter()
            .filter(|(_, table)| table == near)
            .take(SAME)
            .map(|(schema, table)| format!("`{}`", written(schema, table)))
            .collect();
        Some(format!("Did you mean {}?", or(&places)))
    };
    if let Some(hint) = near(&here).or_else(|| near(&elsewhere)) {
        return Some(hint);
    }
    if here.is_empty() && !schema.is_empty() {
        return self::schema(session, schema).await;
    }
    Some("`SELECT name FROM sqlite_schema` lists the tables and views.".to_owned())
}

/// The databases of this connection: the file and those attached.
async fn schema(session: &mut SqliteSession, missing: &str) -> Option<String> {
    let schemas: Vec<(String,)> = session.ask(SCHEMAS).await?;
    let names: Vec<&str> = schemas.iter().map(|(name,)| name.as_str()).collect();
    Some(match nearest(missing, names.iter().copied()) {
        Some(near) if !near.eq_ignore_ascii_case(missing) => did_you_mean(near),
        _ => format!("The databases here are {}.", names.join(", ")),
    })
}

/// How many arguments a function takes, if it takes certain numbers of them.
async fn arguments(session: &mut SqliteSession, function: &str) -> Option<String> {
    let functions: Vec<(String, i64)> = session.ask(ARGUMENTS).await?;
    let numbers: Vec<String> = functions
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case(function))
        .map(|(_, number)| number.to_string())
        .collect();
    let plural = if numbers.last()? == "1" { "" } else { "s" };
    Some(format!(
        "{function}() takes {} argument{plural}.",
        or(&numbers)
    ))
}

/// What to change, where `SQLite`'s words alone tell.
fn by_message(statement: &Statement, message: &str) -> Option<&'static str> {
    if message.ends_with("syntax error") {
        let is_other = message.starts_with("near \"%\"") && statement.sql.contains("%s");
        if is_other || !statement.params.is_empty() {
            return Some("Placeholders are written `?` or `?1`.");
        }
        return Lexed::of(&lexicon::SQLITE, &statement.sql)
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
