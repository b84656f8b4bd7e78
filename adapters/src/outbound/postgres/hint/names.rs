//! The nearest real names, and where they live.

use domain::nearest::nearest;

use super::{
    super::{
        super::{
            columns_meant::{Columns, KnownColumn, or},
            lexer::Lexed,
            lexicon,
            sources::{Source, sources},
        },
        parameters::quoted,
        quoting,
        session::{PostgresSession, run},
        text_of,
    },
    place,
};

/// So many names are told when none is near.
const NAMES: usize = 12;
/// So many of the same name, and so many signatures.
const SAME: usize = 8;

/// A table, by the parts of the name that does not exist.
pub(super) async fn table(session: &mut PostgresSession, parts: &[String]) -> Option<String> {
    let (wanted, before) = parts.split_last()?;
    let sql = include_str!("../queries/nearest_tables.sql").to_owned();
    let rows = run(&mut session.connection, sql).await.ok()?;
    // The bare name, how to write it here, its schema.
    let tables: Vec<(&str, &str, &str)> = rows
        .iter()
        .filter_map(|row| Some((text_of(row, 0)?, text_of(row, 1)?, text_of(row, 2)?)))
        .collect();
    let schema = before.last().map(String::as_str);
    let in_schema: Vec<_> = tables
        .iter()
        .filter(|(_, _, at)| schema == Some(*at))
        .collect();
    let missing = match schema {
        Some(schema) if in_schema.is_empty() => format!("No table can be seen in {schema}. "),
        _ => String::new(),
    };
    if let (Some(schema), false) = (schema, missing.is_empty()) {
        let systems = ["information_schema", "pg_catalog"];
        let schemas = tables.iter().map(|(_, _, at)| *at).chain(systems);
        if let Some(near) = nearest(schema, schemas) {
            return Some(format!(
                "Did you mean the schema {}?",
                quoting::quoted(near)
            ));
        }
    }
    let near = |tables: &[&(&str, &str, &str)]| {
        let near = nearest(wanted, tables.iter().map(|(name, _, _)| *name))?;
        let places: Vec<&str> = tables
            .iter()
            .filter(|(name, _, _)| *name == near)
            .take(SAME)
            .map(|(_, written, _)| *written)
            .collect();
        Some(format!("{missing}Did you mean {}?", or(&places)))
    };
    if let Some(hint) = near(&in_schema).or_else(|| near(&tables.iter().collect::<Vec<_>>())) {
        return Some(hint);
    }
    if tables.is_empty() {
        return Some("This user can see no table in this database.".to_owned());
    }
    let listed = if in_schema.is_empty() {
        tables.iter().collect()
    } else {
        in_schema
    };
    Some(format!(
        "{missing}Known tables: {}.",
        list(listed.iter().map(|(_, written, _)| *written))
    ))
}

/// A schema, by the parts of a name in it.
pub(super) async fn schema(session: &mut PostgresSession, parts: &[String]) -> Option<String> {
    let wanted = parts.iter().rev().nth(1)?;
    let sql = include_str!("../queries/schemas.sql").to_owned();
    let rows = run(&mut session.connection, sql).await.ok()?;
    let names: Vec<&str> = rows.iter().filter_map(|row| text_of(row, 0)).collect();
    Some(match nearest(wanted, names.iter().copied()) {
        Some(near) => format!("Did you mean the schema {}?", quoting::quoted(near)),
        None => format!("Known schemas: {}.", list(names.iter().copied())),
    })
}

/// The nearest function where none has the name; where one has, what it takes.
pub(super) async fn function(
    session: &mut PostgresSession,
    parts: &[String],
    message: &str,
) -> Option<String> {
    let wanted = parts.last()?;
    let sql = include_str!("../queries/functions.sql").replace("{wanted}", &quoted(wanted));
    let rows = run(&mut session.connection, sql).await.ok()?;
    // The bare name, how to write it here, and what one of the wanted name takes.
    let functions: Vec<(&str, &str, Option<&str>)> = rows
        .iter()
        .filter_map(|row| Some((text_of(row, 0)?, text_of(row, 1)?, text_of(row, 2))))
        .collect();
    let given = arguments(message).map_or(0, count);
    let mut same: Vec<(usize, String)> = functions
        .iter()
        .filter_map(|(_, written, takes)| {
            let takes = (*takes)?;
            let distance = count(takes).abs_diff(given);
            Some((distance, format!("{written}({takes})")))
        })
        .collect();
    if !same.is_empty() {
        same.sort_by_key(|(distance, _)| *distance);
        let more = if same.len() > SAME { ", …" } else { "" };
        let told: Vec<String> = same.into_iter().take(SAME).map(|(_, told)| told).collect();
        return Some(format!(
            "There is {}{more}. Cast the arguments to fit, with value::type.",
            told.join(", ")
        ));
    }
    let Some(near) = nearest(wanted, functions.iter().map(|(name, _, _)| *name)) else {
        return Some("No function has that name; pg_proc lists those there are.".to_owned());
    };
    let mut places: Vec<String> = functions
        .iter()
        .filter(|(name, _, _)| *name == near)
        .map(|(_, written, _)| format!("{written}()"))
        .collect();
    places.dedup();
    places.truncate(SAME);
    Some(format!("Did you mean {}?", or(&places)))
}

/// What stands in the parentheses of `function round(double precision, integer) does not exist`.
fn arguments(message: &str) -> Option<&str> {
    let (_, after) = message.split_once('(')?;
    after.rsplit_once(')').map(|(arguments, _)| arguments)
}

fn count(arguments: &str) -> usize {
    if arguments.is_empty() {
        0
    } else {
        arguments.split(',').count()
    }
}

/// A column that does not exist.
pub(super) async fn column(
    session: &mut PostgresSession,
    parts: &[String],
    sql: &str,
    position: usize,
) -> Option<String> {
    let wanted = parts.last()?;
    let (sources, known) = columns(session, wanted, sql).await?;
    let columns = Columns::of(&sources, &known);
    if !columns.has_near(wanted) && place::text_at(position, sql).starts_with('"') {
        return Some(
            "Double quotes name a column; text stands in single quotes, such as 'text'.".to_owned(),
        );
    }
    columns.instead_of(wanted)
}

/// A column that several tables have.
pub(super) async fn ambiguous(
    session: &mut PostgresSession,
    parts: &[String],
    sql: &str,
) -> Option<String> {
    let wanted = parts.last()?;
    let (sources, known) = columns(session, wanted, sql).await?;
    Columns::of(&sources, &known).candidates(wanted)
}

/// The tables that a statement names, with their columns; and the columns of other tables whose names may be near.
async fn columns(
    session: &mut PostgresSession,
    wanted: &str,
    sql: &str,
) -> Option<(Vec<Source>, Vec<KnownColumn>)> {
    let sources = sources(&Lexed::of(&lexicon::POSTGRES, sql));
    let tables: Vec<String> = sources
        .iter()
        .map(|source| quoted(&source.table.to_lowercase()))
        .collect();
    let ask = include_str!("../queries/nearest_columns.sql")
        .replace("{length}", &wanted.chars().count().to_string())
        .replace("{tables}", &tables.join(", "));
    let rows = run(&mut session.connection, ask).await.ok()?;
    let known = rows
        .iter()
        .filter_map(|row| {
            Some(KnownColumn {
                schema: text_of(row, 0)?.to_owned(),
                table: text_of(row, 1)?.to_owned(),
                name: text_of(row, 2)?.to_owned(),
                is_on_path: text_of(row, 3)? == "t",
                table_written: text_of(row, 4)?.to_owned(),
                name_written: text_of(row, 5)?.to_owned(),
            })
        })
        .collect();
    Some((sources, known))
}

/// What stands before a dot is no table of the statement.
pub(super) fn not_in_from(sql: &str) -> String {
    let called: Vec<String> = sources(&Lexed::of(&lexicon::POSTGRES, sql))
        .into_iter()
        .map(|source| source.called)
        .collect();
    let there = if called.is_empty() {
        String::new()
    } else {
        format!(" In FROM: {}.", list(called.iter().map(String::as_str)))
    };
    format!(
        "No table in FROM has that name; once a table has an alias, only the alias names it.{there}"
    )
}

/// The values of an enumeration.
pub(super) async fn labels(
    session: &mut PostgresSession,
    name: &str,
    value: &str,
) -> Option<String> {
    let ask = include_str!("../queries/labels.sql").replace("{type}", &quoted(name));
    let rows = run(&mut session.connection, ask).await.ok()?;
    let labels: Vec<&str> = rows.iter().filter_map(|row| text_of(row, 0)).collect();
    if labels.is_empty() {
        return None;
    }
    if let Some(near) = nearest(value, labels.iter().copied()) {
        return Some(format!("Did you mean '{near}'?"));
    }
    let labels: Vec<String> = labels.iter().map(|label| format!("'{label}'")).collect();
    Some(format!(
        "Values of {name}: {}.",
        list(labels.iter().map(String::as_str))
    ))
}

fn list<'a>(names: impl Iterator<Item = &'a str> + Clone) -> String {
    let more = names.clone().count() > NAMES;
    let mut list = names.take(NAMES).collect::<Vec<_>>().join(", ");
    if more {
        list.push_str(", …");
    }
    list
}
