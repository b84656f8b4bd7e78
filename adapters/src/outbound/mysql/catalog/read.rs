//! The whole schema, in a fixed number of questions.

use std::{sync::Arc, time::Duration};

use domain::{
    Cancel, Failure, FailureKind,
    schema::{Namespace, Routine, Snapshot, Trigger},
};

use super::{
    super::super::records::Record,
    MySqlCatalog,
    snapshot::{self, ByTable, ForeignKeys, Indexes, Tables},
};

/// Estimates are worth no more: MySQL opens every table whose figures it does not hold, and of thousands that nobody
/// has used lately that takes longer than all the rest.
const ESTIMATES_WITHIN: Duration = Duration::from_secs(1);

/// What the first question tells.
#[derive(Default)]
struct Place {
    schemas: Vec<Namespace>,
    default: Option<Arc<str>>,
    case_counts: bool,
}

type Estimates = ByTable<Option<u64>>;
type Partitions = ByTable<u32>;

/// Where a routine is, its name and its kind.
type RoutineKey = (String, String, String);

pub(super) async fn read(catalog: &MySqlCatalog, cancel: &Cancel) -> Result<Snapshot, Failure> {
    // Three sessions at most: the server's work is most of the time, and others want sessions too.
    let (columns, (mut tables, place, estimates, partitions), (indexes, keys, routines, triggers)) =
        tokio::try_join!(
            catalog.ask(
                include_str!("../queries/columns.sql"),
                Vec::new(),
                cancel,
                snapshot::column
            ),
            tables(catalog, cancel),
            rest(catalog, cancel),
        )?;
    let relations = &mut tables.relations;
    relations.sort_by(|one, other| (&one.schema, &one.name).cmp(&(&other.schema, &other.name)));
    let indexes = snapshot::complete(relations, columns, estimates, partitions, indexes);
    let foreign_keys = snapshot::linked(relations, keys, place.case_counts);
    let triggers = with_tables(triggers, relations);
    Ok(Snapshot {
        search_path: place.search_path(),
        schemas: place.schemas,
        relations: tables.relations,
        foreign_keys,
        indexes,
        routines,
        triggers,
        sequences: tables.sequences,
        types: Vec::new(),
    })
}

async fn tables(
    catalog: &MySqlCatalog,
    cancel: &Cancel,
) -> Result<(Tables, Place, Estimates, Partitions), Failure> {
    let comment = if catalog.flavor.is_mariadb {
        "schema_comment"
    } else {
        "NULL"
    };
    let schemas = include_str!("../queries/schemas.sql").replace("{comment}", comment);
    let place: Place = catalog.ask(&schemas, Vec::new(), cancel, place).await?;
    let rows = if catalog.flavor.is_mariadb {
        "table_rows"
    } else {
        "NULL"
    };
    let sql = include_str!("../queries/tables.sql").replace("{rows}", rows);
    let tables: Tables = catalog
        .ask(&sql, Vec::new(), cancel, snapshot::table)
        .await?;
    let any_is_partitioned = tables
        .relations
        .iter()
        .any(|relation| relation.kind == domain::schema::RelationKind::PartitionedTable);
    let partitions = if any_is_partitioned {
        let sql = include_str!("../queries/partitions.sql");
        let count = |partitions: &mut Partitions, record: &Record| {
            *partitions.of(record).0 = number(record, 2);
        };
        catalog.ask(sql, Vec::new(), cancel, count).await?
    } else {
        Partitions::default()
    };
    Ok((tables, place, estimates(catalog, cancel).await?, partitions))
}

fn place(place: &mut Place, record: &Record) {
    let Some(name) = record.some(0) else {
        place.default = record.some(1).map(Into::into);
        place.case_counts = record.text(2) == "0";
        return;
    };
    place.schemas.push(Namespace {
        name: name.into(),
        comment: record.words(1).map(Into::into),
    });
}

impl Place {
    /// The default database, spelt as the catalog spells it.
    fn search_path(&self) -> Vec<Arc<str>> {
        let Some(default) = &self.default else {
            return Vec::new();
        };
        let known = self.schemas.iter().map(|schema| &schema.name).find(|name| {
            *name == default || !self.case_counts && name.to_lowercase() == default.to_lowercase()
        });
        vec![Arc::clone(known.unwrap_or(default))]
    }
}

async fn estimates(catalog: &MySqlCatalog, cancel: &Cancel) -> Result<Estimates, Failure> {
    if catalog.flavor.is_mariadb {
        return Ok(Estimates::default());
    }
    let sql = include_str!("../queries/estimates.sql");
    let within = catalog.time.min(ESTIMATES_WITHIN);
    let keep = |estimates: &mut Estimates, record: &Record| {
        *estimates.of(record).0 = record.number(2);
    };
    match catalog
        .ask_within(within, sql, Vec::new(), cancel, keep)
        .await
    {
        Err(failure) if failure.kind == FailureKind::Timeout => Ok(Estimates::default()),
        answer => answer,
    }
}

async fn rest(
    catalog: &MySqlCatalog,
    cancel: &Cancel,
) -> Result<
    (
        Indexes,
        ForeignKeys,
        Vec<Routine>,
        ByTable<Vec<(String, String)>>,
    ),
    Failure,
> {
    let indexes =
        include_str!("../queries/indexes.sql").replace("{expression}", catalog.expression());
    let indexes = catalog
        .ask(&indexes, Vec::new(), cancel, snapshot::index)
        .await?;
    let sql = include_str!("../queries/foreign_keys.sql");
    let keys = catalog
        .ask(sql, Vec::new(), cancel, snapshot::foreign_key)
        .await?;
    let sql = include_str!("../queries/triggers.sql");
    let triggers = catalog
        .ask(
            sql,
            Vec::new(),
            cancel,
            |triggers: &mut ByTable<Vec<_>>, record| {
                let event = format!("{} {}", record.text(3), record.text(4));
                triggers
                    .of(record)
                    .0
                    .push((record.text(2).to_owned(), event));
            },
        )
        .await?;
    Ok((indexes, keys, routines(catalog, cancel).await?, triggers))
}

fn with_tables(
    mut found: ByTable<Vec<(String, String)>>,
    relations: &[domain::schema::Relation],
) -> Vec<Trigger> {
    let ids = (0_u32..).map(domain::schema::RelationId);
    let mut triggers = Vec::new();
    for (table, relation) in ids.zip(relations) {
        for (name, event) in found.take(relation).unwrap_or_default() {
            triggers.push(Trigger {
                table,
                name: name.into(),
                event: event.into(),
            });
        }
    }
    triggers
}

async fn routines(catalog: &MySqlCatalog, cancel: &Cancel) -> Result<Vec<Routine>, Failure> {
    let sql = include_str!("../queries/parameters.sql");
    let mut signatures: std::collections::HashMap<RoutineKey, Signature> =
        catalog.ask(sql, Vec::new(), cancel, parameter).await?;
    let sql = include_str!("../queries/routines.sql");
    let mut routines: Vec<(Routine, RoutineKey)> = catalog
        .ask(sql, Vec::new(), cancel, |routines: &mut Vec<_>, record| {
            routines.push(routine(record));
        })
        .await?;
    for (routine, key) in &mut routines {
        let signature = signatures.remove(key).unwrap_or_default();
        routine.signature = signature.text().into();
    }
    let mut routines: Vec<Routine> = routines.into_iter().map(|(routine, _)| routine).collect();
    routines.sort_by(|one, other| (&one.schema, &one.name).cmp(&(&other.schema, &other.name)));
    Ok(routines)
}

fn routine(record: &Record) -> (Routine, RoutineKey) {
    let kind = match record.text(2) {
        "PROCEDURE" => "procedure",
        "PACKAGE" | "PACKAGE BODY" => "package",
        _ => "function",
    };
    let volatility = match (record.text(3), record.text(4)) {
        ("YES", _) => "deterministic",
        (_, "NO SQL") => "no sql",
        (_, "READS SQL DATA") => "reads sql data",
        (_, "MODIFIES SQL DATA") => "modifies sql data",
        _ => "contains sql",
    };
    let key = (
        record.text(0).to_owned(),
        record.text(1).to_owned(),
        record.text(2).to_owned(),
    );
    let routine = Routine {
        schema: record.text(0).into(),
        name: record.text(1).into(),
        kind,
        signature: "()".into(),
        volatility: Some(volatility),
        comment: record.words(5).map(Into::into),
    };
    (routine, key)
}

/// Parameters by their places, and what a function returns.
#[derive(Default)]
struct Signature {
    parameters: Vec<(u64, String)>,
    returns: Option<String>,
}

impl Signature {
    fn text(mut self) -> String {
        self.parameters.sort();
        let parameters: Vec<String> = self.parameters.into_iter().map(|(_, text)| text).collect();
        let parameters = parameters.join(", ");
        match self.returns {
            Some(returns) => format!("({parameters}) → {returns}"),
            None => format!("({parameters})"),
        }
    }
}

fn parameter(signatures: &mut std::collections::HashMap<RoutineKey, Signature>, record: &Record) {
    let key = (
        record.text(0).to_owned(),
        record.text(1).to_owned(),
        record.text(2).to_owned(),
    );
    let signature = signatures.entry(key).or_default();
    let type_name = record.text(6);
    match record.number(3) {
        Some(0) => signature.returns = Some(type_name.to_owned()),
        place => {
            // The direction that goes without saying.
            let mode = match record.text(4) {
                "" | "IN" => String::new(),
                mode => format!("{mode} "),
            };
            let text = format!("{mode}{} {type_name}", record.text(5));
            signature.parameters.push((place.unwrap_or_default(), text));
        }
    }
}

fn number(record: &Record, index: usize) -> u32 {
    record
        .number(index)
        .and_then(|number| number.try_into().ok())
        .unwrap_or(u32::MAX)
}
