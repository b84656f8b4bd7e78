//! The whole schema, in a fixed number of questions.

use std::{sync::Arc, time::Duration};

use domain::{
    Cancel, Failure, FailureKind,
    schema::{Namespace, Relation, RelationId, RelationKind, Routine, Snapshot, Trigger},
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
pub(super) struct Place {
    pub(super) schemas: Vec<Namespace>,
    default: Option<Arc<str>>,
    case_counts: bool,
}

type Figures = ByTable<Figure>;
type Partitions = ByTable<u32>;

#[derive(Default)]
struct Figure {
    rows: Option<u64>,
    is_partitioned: bool,
}

/// Where a routine is, its name and its kind.
type RoutineKey = (String, String, String);

/// `MariaDB` tells names, columns and comments from the definitions of tables alone, and opens each table for the rest:
/// that is left out. `MySQL` has all but estimates in its dictionary.
pub(super) async fn outline(catalog: &MySqlCatalog, cancel: &Cancel) -> Result<Snapshot, Failure> {
    // Three sessions at most: the server's work is most of the time, and others want sessions too.
    let (columns, (place, mut tables, partitions), (routines, triggers, linking)) = tokio::try_join!(
        catalog.ask(
            include_str!("../queries/columns.sql"),
            Vec::new(),
            cancel,
            snapshot::column
        ),
        async {
            let place = place(catalog, cancel).await?;
            let tables = tables(catalog, cancel).await?;
            let is_partitioned = |table: &Relation| table.kind == RelationKind::PartitionedTable;
            let partitions = if tables.relations.iter().any(is_partitioned) {
                partitions(catalog, cancel).await?
            } else {
                Partitions::default()
            };
            Ok((place, tables, partitions))
        },
        async {
            let routines = routines(catalog, cancel).await?;
            let triggers = triggers(catalog, cancel).await?;
            let linking = if catalog.flavor.is_mariadb {
                None
            } else {
                Some((
                    indexes(catalog, cancel).await?,
                    foreign_keys(catalog, cancel).await?,
                ))
            };
            Ok((routines, triggers, linking))
        },
    )?;
    let relations = &mut tables.relations;
    snapshot::in_order(relations);
    snapshot::put_columns(relations, columns);
    let triggers = with_tables(triggers, relations);
    let mut outline = Snapshot {
        search_path: place.search_path(),
        schemas: place.schemas,
        may_hide: true,
        relations: tables.relations,
        routines,
        triggers,
        sequences: tables.sequences,
        ..Snapshot::default()
    };
    if let Some((indexes, keys)) = linking {
        link(&mut outline, indexes, keys, partitions, place.case_counts);
    }
    Ok(outline)
}

/// What an outline lacks.
pub(super) async fn complete(
    catalog: &MySqlCatalog,
    mut outline: Snapshot,
    cancel: &Cancel,
) -> Result<Snapshot, Failure> {
    if catalog.flavor.is_mariadb {
        let ((place, figures, partitions), indexes, keys) = tokio::try_join!(
            async {
                let place = place(catalog, cancel).await?;
                let figures = figures(catalog, catalog.time, cancel).await?;
                let any_is_partitioned = figures.tables.values().any(|table| table.is_partitioned);
                let partitions = if any_is_partitioned {
                    partitions(catalog, cancel).await?
                } else {
                    Partitions::default()
                };
                Ok((place, figures, partitions))
            },
            indexes(catalog, cancel),
            foreign_keys(catalog, cancel),
        )?;
        put_figures(&mut outline, figures);
        link(&mut outline, indexes, keys, partitions, place.case_counts);
    } else {
        let within = catalog.time.min(ESTIMATES_WITHIN);
        match figures(catalog, within, cancel).await {
            Ok(figures) => put_figures(&mut outline, figures),
            Err(failure) if failure.kind == FailureKind::Timeout => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(outline)
}

/// What everything is called: all questions that neither server opens a table for.
pub(super) async fn names(catalog: &MySqlCatalog, cancel: &Cancel) -> Result<Snapshot, Failure> {
    let place = place(catalog, cancel).await?;
    let mut tables = tables(catalog, cancel).await?;
    snapshot::in_order(&mut tables.relations);
    let triggers = triggers(catalog, cancel).await?;
    let mut routines: Vec<Routine> = named_routines(catalog, cancel)
        .await?
        .into_iter()
        .map(|(routine, _)| routine)
        .collect();
    by_name(&mut routines);
    Ok(Snapshot {
        search_path: place.search_path(),
        schemas: place.schemas,
        may_hide: true,
        triggers: with_tables(triggers, &tables.relations),
        relations: tables.relations,
        routines,
        sequences: tables.sequences,
        ..Snapshot::default()
    })
}

fn link(
    outline: &mut Snapshot,
    indexes: Indexes,
    keys: ForeignKeys,
    partitions: Partitions,
    case_counts: bool,
) {
    snapshot::put_partitions(&mut outline.relations, partitions);
    outline.indexes = snapshot::put_indexes(&mut outline.relations, indexes);
    outline.foreign_keys = snapshot::linked(&outline.relations, keys, case_counts);
}

fn put_figures(outline: &mut Snapshot, mut figures: Figures) {
    for relation in &mut outline.relations {
        let Some(figure) = figures.take(relation) else {
            continue;
        };
        relation.estimated_rows = figure.rows.filter(|_| !relation.kind.is_view());
        if figure.is_partitioned && relation.kind == RelationKind::Table {
            relation.kind = RelationKind::PartitionedTable;
        }
    }
}

async fn place(catalog: &MySqlCatalog, cancel: &Cancel) -> Result<Place, Failure> {
    let comment = if catalog.flavor.is_mariadb {
        "schema_comment"
    } else {
        "NULL"
    };
    let sql = include_str!("../queries/schemas.sql").replace("{comment}", comment);
    catalog.ask(&sql, Vec::new(), cancel, put_place).await
}

async fn tables(catalog: &MySqlCatalog, cancel: &Cancel) -> Result<Tables, Failure> {
    let partitioned = if catalog.flavor.is_mariadb {
        "NULL"
    } else {
        "create_options LIKE '%partitioned%'"
    };
    let sql = include_str!("../queries/tables.sql").replace("{partitioned}", partitioned);
    catalog.ask(&sql, Vec::new(), cancel, snapshot::table).await
}

async fn figures(
    catalog: &MySqlCatalog,
    within: Duration,
    cancel: &Cancel,
) -> Result<Figures, Failure> {
    let sql = include_str!("../queries/figures.sql");
    let keep = |figures: &mut Figures, record: &Record| {
        *figures.of(record).0 = Figure {
            rows: record.number(2),
            is_partitioned: record.is_true(3),
        };
    };
    catalog
        .ask_within(within, sql, Vec::new(), cancel, keep)
        .await
}

async fn partitions(catalog: &MySqlCatalog, cancel: &Cancel) -> Result<Partitions, Failure> {
    let sql = include_str!("../queries/partitions.sql");
    let count = |partitions: &mut Partitions, record: &Record| {
        *partitions.of(record).0 = number(record, 2);
    };
    catalog.ask(sql, Vec::new(), cancel, count).await
}

async fn indexes(catalog: &MySqlCatalog, cancel: &Cancel) -> Result<Indexes, Failure> {
    let sql = include_str!("../queries/indexes.sql").replace("{expression}", catalog.expression());
    catalog.ask(&sql, Vec::new(), cancel, snapshot::index).await
}

async fn foreign_keys(catalog: &MySqlCatalog, cancel: &Cancel) -> Result<ForeignKeys, Failure> {
    let sql = include_str!("../queries/foreign_keys.sql");
    catalog
        .ask(sql, Vec::new(), cancel, snapshot::foreign_key)
        .await
}

/// Each table's triggers: name and event.
type Triggers = ByTable<Vec<(String, String)>>;

async fn triggers(catalog: &MySqlCatalog, cancel: &Cancel) -> Result<Triggers, Failure> {
    let sql = include_str!("../queries/triggers.sql");
    let keep = |triggers: &mut Triggers, record: &Record| {
        let event = format!("{} {}", record.text(3), record.text(4));
        let name = record.text(2).to_owned();
        triggers.of(record).0.push((name, event));
    };
    catalog.ask(sql, Vec::new(), cancel, keep).await
}

fn put_place(place: &mut Place, record: &Record) {
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

fn with_tables(mut found: Triggers, relations: &[Relation]) -> Vec<Trigger> {
    let ids = (0_u32..).map(RelationId);
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
    let mut routines = named_routines(catalog, cancel).await?;
    for (routine, key) in &mut routines {
        let signature = signatures.remove(key).unwrap_or_default();
        routine.signature = signature.text().into();
    }
    let mut routines: Vec<Routine> = routines.into_iter().map(|(routine, _)| routine).collect();
    by_name(&mut routines);
    Ok(routines)
}

async fn named_routines(
    catalog: &MySqlCatalog,
    cancel: &Cancel,
) -> Result<Vec<(Routine, RoutineKey)>, Failure> {
    let sql = include_str!("../queries/routines.sql");
    catalog
        .ask(sql, Vec::new(), cancel, |routines: &mut Vec<_>, record| {
            routines.push(routine(record));
        })
        .await
}

fn by_name(routines: &mut [Routine]) {
    routines.sort_by(|one, other| (&one.schema, &one.name).cmp(&(&other.schema, &other.name)));
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
