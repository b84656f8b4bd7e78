//! Everything about some tables, asked for with one question: the server itself puts each description together.

use std::sync::LazyLock;

use domain::{Failure, FailureKind, schema::TableDescription};
use serde_json::{Value, json};

use super::{super::super::records::Record, trigger};

macro_rules! part {
    ($name:literal) => {
        (
            concat!("{{", $name, "}}"),
            include_str!(concat!("../queries/catalog/describe/", $name, ".sql")),
        )
    };
}

const PARTS: [(&str, &str); 16] = [
    part!("columns"),
    part!("primary_key"),
    part!("unique"),
    part!("checks"),
    part!("exclusions"),
    part!("foreign_keys"),
    part!("referenced_by"),
    part!("indexes"),
    part!("triggers"),
    part!("partitions"),
    part!("parent"),
    part!("definition"),
    part!("row_security"),
    part!("missing_privileges"),
    part!("options"),
    part!("whole"),
];

static QUESTION: LazyLock<String> = LazyLock::new(|| {
    let tables = include_str!("../queries/catalog/describe/tables.sql").to_owned();
    PARTS.iter().fold(tables, |question, (place, part)| {
        question.replace(place, &format!("\n{part}"))
    })
});

pub(super) fn question() -> &'static str {
    &QUESTION
}

pub(super) fn parameters(tables: &[(String, String)]) -> Vec<Value> {
    let (schemas, names): (Vec<&str>, Vec<&str>) = tables
        .iter()
        .map(|(schema, name)| (schema.as_str(), name.as_str()))
        .unzip();
    vec![json!(schemas), json!(names)]
}

/// A table that is there.
#[derive(Debug)]
pub(super) struct Found {
    /// Which of those that were asked for.
    place: u64,
    schema: String,
    name: String,
    schema_may_be_used: bool,
    /// `None` if the role may not know it.
    description: Option<String>,
}

pub(super) fn gather(found: &mut Vec<Found>, record: &Record) {
    found.push(Found {
        place: record.number(0).unwrap_or_default(),
        schema: record.text(1).to_owned(),
        name: record.text(2).to_owned(),
        schema_may_be_used: record.is_true(3),
        description: record.words(4),
    });
}

/// The descriptions, or the failure about a table that is there but is kept from this role.
pub(super) fn told(found: Vec<Found>) -> Result<Vec<TableDescription>, Failure> {
    let known: Vec<u64> = found
        .iter()
        .filter(|table| table.description.is_some())
        .map(|table| table.place)
        .collect();
    found
        .into_iter()
        .filter_map(|table| match &table.description {
            Some(description) => Some(read(description)),
            None if known.contains(&table.place) => None,
            None => Some(Err(kept_from_us(&table))),
        })
        .collect()
}

fn read(description: &str) -> Result<TableDescription, Failure> {
    let mut table: TableDescription = serde_json::from_str(description).map_err(|error| {
        Failure::internal("The database tells of a table in another form than it was asked for.")
            .with_source(error)
    })?;
    table.triggers.iter_mut().for_each(trigger::take_apart);
    Ok(table)
}

fn kept_from_us(table: &Found) -> Failure {
    let Found { schema, name, .. } = table;
    let lacking = if table.schema_may_be_used {
        format!("SELECT on the table `{name}`")
    } else {
        format!("USAGE on the schema `{schema}`")
    };
    Failure::new(
        FailureKind::NotAllowed,
        format!("`{schema}.{name}` exists, but the role of this connection lacks {lacking}."),
    )
    .with_hint("Whoever administers the database can grant it; until then, use other tables.")
}
