//! Everything about some tables: what the answers come to.

use domain::schema::{
    Check, ColumnDescription, ForeignKeyDescription, IndexDescription, KeyDescription,
    ReferenceDescription, RelationKind, TableDescription, TriggerDescription,
};

use super::{
    super::reserved::quoted,
    Flavor,
    describe::Row,
    form::{self, Part},
};

/// More values of an enum, or partitions, than these are not listed.
const MOST_VALUES: usize = 50;
const MOST_PARTITIONS: usize = 20;
const REFERRING_UNKNOWN: &str = "Which tables refer to it is still being found out: describe it again in a few seconds for referencedBy.";

/// The rows of each question; most begin with the number of their table.
pub(super) struct Answers {
    pub(super) flavor: Flavor,
    pub(super) found: Vec<Row>,
    pub(super) columns: Vec<Row>,
    pub(super) views: Vec<Row>,
    pub(super) indexes: Vec<Row>,
    pub(super) triggers: Vec<Row>,
    pub(super) partitions: Vec<Row>,
    pub(super) checks: Vec<Row>,
    pub(super) keys: Vec<Row>,
    pub(super) rules: Vec<Row>,
    /// `None` where nobody has looked for them.
    pub(super) to_here: Option<KeysTo>,
}

/// The keys that point to the tables.
#[derive(Default)]
pub(super) struct KeysTo {
    pub(super) keys: Vec<Row>,
    pub(super) rules: Vec<Row>,
}

/// The rows of the table with this number, in the order of a cell with a number.
fn of(rows: &[Row], at: usize, order: usize) -> Vec<&Row> {
    let at = at.to_string();
    let mut own: Vec<&Row> = rows.iter().filter(|row| row.text(0) == at).collect();
    own.sort_by_key(|row| row.number(order));
    own
}

/// `None` if the table is gone.
pub(super) fn table(
    answers: &Answers,
    at: usize,
    schema: &str,
    name: &str,
) -> Option<TableDescription> {
    let found = of(&answers.found, at, 0);
    let found = found.iter().find(|row| row.text(1) == name)?;
    let (table_type, engine, options) = (found.text(2), found.text(3), found.text(7));
    let is_view = table_type == "VIEW";
    let kind = match (table_type, engine) {
        ("VIEW", _) => RelationKind::View,
        (_, "FEDERATED" | "CONNECT" | "SPIDER") => RelationKind::ForeignTable,
        _ if options.contains("partitioned") => RelationKind::PartitionedTable,
        _ => RelationKind::Table,
    };
    let columns = of(&answers.columns, at, 1);
    let (primary_key, unique, indexes) = indexes(answers, at);
    let mut description = TableDescription {
        schema: schema.to_owned(),
        name: name.to_owned(),
        kind,
        comment: form::table_comment(table_type, found.text(8)),
        estimated_rows: found.number(4).filter(|_| !is_view),
        size_bytes: found.number(5).filter(|_| !is_view),
        columns: columns
            .iter()
            .map(|row| column(answers.flavor, row, found.some(6)))
            .collect(),
        primary_key,
        unique,
        checks: checks(answers, at),
        exclusions: Vec::new(),
        foreign_keys: foreign_keys(answers, at, schema),
        referenced_by: answers
            .to_here
            .as_ref()
            .map(|keys| referenced_by(keys, schema, name))
            .unwrap_or_default(),
        referenced_by_count: None,
        indexes,
        triggers: triggers(answers, at),
        partitioned_by: None,
        partitions: Vec::new(),
        partition_count: None,
        parent: None,
        definition: None,
        row_security: Vec::new(),
        missing_privileges: missing_privileges(&columns),
        options: Vec::new(),
    };
    if table_type == "SYSTEM VERSIONED" {
        description
            .options
            .push("WITH SYSTEM VERSIONING".to_owned());
    }
    if !is_view && !engine.is_empty() && engine != "InnoDB" {
        description.options.push(format!("ENGINE={engine}"));
    }
    // Columns keep their places, so a gap is a column that is not shown to the role.
    let shown = u64::try_from(columns.len()).unwrap_or_default();
    if columns.last().and_then(|row| row.number(1)) > Some(shown) {
        let left_out = "Columns that the role may not see are left out.";
        description.options.push(left_out.to_owned());
    }
    if answers.to_here.is_none() {
        description.options.push(REFERRING_UNKNOWN.to_owned());
    }
    partition(answers, at, &mut description);
    view(answers, at, &mut description);
    Some(description)
}

/// Without a collation of its table's, it is a view's: what is underneath declares defaults and collations.
fn column(flavor: Flavor, row: &Row, table_collation: Option<&str>) -> ColumnDescription {
    let (type_name, extra) = (row.text(3), row.text(7));
    let upper = extra.to_uppercase();
    let mut default = row
        .some(5)
        .filter(|_| table_collation.is_some())
        .and_then(|text| form::default(flavor, text, row.text(4), extra));
    if let Some(place) = upper.find("ON UPDATE ") {
        let rest = extra.get(place..).unwrap_or_default();
        let function = rest.split_whitespace().nth(2).unwrap_or_default();
        let value = default.unwrap_or_else(|| "NULL".to_owned());
        default = Some(format!("{value} ON UPDATE {function}"));
    }
    let kept = if upper.contains("VIRTUAL") {
        "virtual"
    } else {
        "stored"
    };
    let values = form::values(type_name);
    let mut notes: Vec<String> = ["INVISIBLE", "WITHOUT SYSTEM VERSIONING"]
        .into_iter()
        .filter(|note| upper.contains(note))
        .map(str::to_owned)
        .collect();
    notes.extend(row.some(12).map(|srid| format!("SRID {srid}")));
    ColumnDescription {
        name: row.text(2).to_owned(),
        type_name: type_name.to_owned(),
        not_null: row.text(6) == "NO",
        default,
        generated: row
            .words(8)
            .map(|text| format!("{} {kept}", form::expression(flavor, &text))),
        identity: upper
            .contains("AUTO_INCREMENT")
            .then(|| "auto_increment".to_owned()),
        collation: row
            .words(9)
            .filter(|collation| table_collation.is_some_and(|table| table != collation)),
        values: if values.len() > MOST_VALUES {
            Vec::new()
        } else {
            values
        },
        notes: (!notes.is_empty()).then(|| notes.join(", ")),
        comment: row.words(10),
        ..ColumnDescription::default()
    }
}

/// `SELECT`, or with the columns that it is missing for. Columns are shown for any privilege on them.
fn missing_privileges(columns: &[&Row]) -> Vec<String> {
    let missing: Vec<&str> = columns
        .iter()
        .filter(|row| !row.text(11).split(',').any(|held| held == "select"))
        .map(|row| row.text(2))
        .collect();
    if missing.is_empty() {
        Vec::new()
    } else if missing.len() == columns.len() {
        vec!["SELECT".to_owned()]
    } else {
        vec![format!("SELECT ({})", missing.join(", "))]
    }
}

/// The primary key, what else is unique by columns alone, and the other indexes.
fn indexes(
    answers: &Answers,
    at: usize,
) -> (Vec<String>, Vec<KeyDescription>, Vec<IndexDescription>) {
    let mut all: Vec<(IndexDescription, Vec<Part>)> = Vec::new();
    for row in of(&answers.indexes, at, 3) {
        let part = Part {
            column: row.words(4),
            descends: row.text(5) == "D",
            prefix: row.number(6),
            expression: row.words(7),
        };
        let name = row.text(1);
        match all.iter_mut().find(|(known, _)| known.name == name) {
            Some((_, parts)) => parts.push(part),
            None => all.push((
                IndexDescription {
                    name: name.to_owned(),
                    columns: Vec::new(),
                    unique: row.text(2) == "0",
                    method: row.words(8).filter(|method| method != "BTREE"),
                    include: Vec::new(),
                    predicate: None,
                    invalid: row.text(9) == "1",
                },
                vec![part],
            )),
        }
    }
    all.sort_by(|(one, _), (other, _)| one.name.cmp(&other.name));
    let (mut primary, mut unique, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for (mut index, parts) in all {
        let plain: Option<Vec<&str>> = parts.iter().map(Part::plain_column).collect();
        let owned = |columns: &[&str]| columns.iter().map(ToString::to_string).collect();
        match plain {
            Some(columns) if index.name == "PRIMARY" => primary = owned(&columns),
            Some(columns) if index.unique => {
                let invisible = index.invalid.then(|| "invisible".to_owned());
                let notes: Vec<String> = index.method.into_iter().chain(invisible).collect();
                unique.push(KeyDescription {
                    name: index.name,
                    columns: owned(&columns),
                    notes: (!notes.is_empty()).then(|| notes.join(", ")),
                });
            }
            _ => {
                index.columns = parts.iter().map(Part::text).collect();
                if index.name == "PRIMARY" {
                    primary = index.columns;
                } else {
                    others.push(index);
                }
            }
        }
    }
    (primary, unique, others)
}

fn checks(answers: &Answers, at: usize) -> Vec<Check> {
    let mut checks: Vec<Check> = of(&answers.checks, at, 0)
        .into_iter()
        .map(|row| {
            let clause = form::expression(answers.flavor, row.text(2));
            Check {
                name: row.text(1).to_owned(),
                definition: match row.text(3) {
                    "NO" => format!("{clause} NOT ENFORCED"),
                    _ => clause,
                },
            }
        })
        .collect();
    checks.sort_by(|one, other| one.name.cmp(&other.name));
    checks
}

/// `NO ACTION` and `RESTRICT`, which are the same to both servers, are what goes without saying.
fn rule(rule: &str) -> Option<String> {
    (!matches!(rule, "" | "NO ACTION" | "RESTRICT")).then(|| rule.to_owned())
}

/// A table with its schema where that is another one.
fn seen_from(here: &str, schema: &str, table: &str) -> String {
    if schema == here {
        quoted(table).into_owned()
    } else {
        format!("{}.{}", quoted(schema), quoted(table))
    }
}

/// `customers(id)`, as it would be written in a statement.
fn with_columns(table: &str, columns: &[&str]) -> String {
    let columns: Vec<_> = columns.iter().map(|name| quoted(name)).collect();
    format!("{table}({})", columns.join(", "))
}

fn foreign_keys(answers: &Answers, at: usize, schema: &str) -> Vec<ForeignKeyDescription> {
    let rules = of(&answers.rules, at, 0);
    let mut keys: Vec<(ForeignKeyDescription, Vec<&str>)> = Vec::new();
    for row in of(&answers.keys, at, 2) {
        let name = row.text(1);
        if let Some((key, referenced)) = keys.iter_mut().find(|(key, _)| key.name == name) {
            key.columns.push(row.text(3).to_owned());
            referenced.push(row.text(6));
            continue;
        }
        let rules = rules.iter().find(|rules| rules.text(1) == name);
        let key = ForeignKeyDescription {
            name: name.to_owned(),
            columns: vec![row.text(3).to_owned()],
            references: seen_from(schema, row.text(4), row.text(5)),
            on_delete: rules.and_then(|rules| rule(rules.text(2))),
            on_update: rules.and_then(|rules| rule(rules.text(3))),
            notes: None,
        };
        keys.push((key, vec![row.text(6)]));
    }
    let mut keys: Vec<ForeignKeyDescription> = keys
        .into_iter()
        .map(|(mut key, referenced)| {
            key.references = with_columns(&key.references, &referenced);
            key
        })
        .collect();
    keys.sort_by(|one, other| one.name.cmp(&other.name));
    keys
}

fn referenced_by(to_here: &KeysTo, schema: &str, name: &str) -> Vec<ReferenceDescription> {
    let here = |row: &&Row| {
        let told = (row.text(0), row.text(1));
        told == (schema, name)
            || row.text(8) != "0"
                && (told.0.to_lowercase(), told.1.to_lowercase())
                    == (schema.to_lowercase(), name.to_lowercase())
    };
    let mut rows: Vec<&Row> = to_here.keys.iter().filter(here).collect();
    rows.sort_by_key(|row| (row.text(2), row.text(3), row.text(4), row.number(5)));
    rows.chunk_by(|one, other| (2..5).all(|cell| one.text(cell) == other.text(cell)))
        .filter_map(|key| {
            let first = key.first()?;
            let from: Vec<&str> = key.iter().map(|row| row.text(6)).collect();
            let rules = to_here
                .rules
                .iter()
                .find(|rules| (0..3).all(|cell| rules.text(cell) == first.text(cell + 2)));
            Some(ReferenceDescription {
                from: with_columns(&seen_from(schema, first.text(2), first.text(3)), &from),
                columns: key.iter().map(|row| row.text(7).to_owned()).collect(),
                on_delete: rules.and_then(|rules| rule(rules.text(3))),
                on_update: rules.and_then(|rules| rule(rules.text(4))),
            })
        })
        .collect()
}

fn triggers(answers: &Answers, at: usize) -> Vec<TriggerDescription> {
    let mut rows = of(&answers.triggers, at, 4);
    rows.sort_by_key(|row| (row.text(2) != "BEFORE", row.text(3), row.number(4)));
    rows.into_iter()
        .map(|row| TriggerDescription {
            name: row.text(1).to_owned(),
            event: format!("{} {} FOR EACH ROW", row.text(2), row.text(3)),
            action: row.text(5).to_owned(),
            disabled: false,
        })
        .collect()
}

fn partition(answers: &Answers, at: usize, description: &mut TableDescription) {
    let mut rows = of(&answers.partitions, at, 1);
    // Each subpartition is a row.
    rows.dedup_by(|one, other| one.text(2) == other.text(2));
    let Some(first) = rows.first() else {
        return;
    };
    let mut by = divided(first.text(3), first.text(4));
    if let Some(method) = first.some(6) {
        by = format!("{by} SUBPARTITION BY {}", divided(method, first.text(7)));
    }
    description.partitioned_by = Some(by);
    description.partitions = rows
        .iter()
        .take(MOST_PARTITIONS)
        .map(|row| bounds(row.text(2), row.text(3), row.some(5)))
        .collect();
    if rows.len() > MOST_PARTITIONS {
        description.partition_count = u64::try_from(rows.len()).ok();
    }
}

fn divided(method: &str, expression: &str) -> String {
    if expression.is_empty() {
        method.to_owned()
    } else {
        format!("{method} ({expression})")
    }
}

fn bounds(name: &str, method: &str, description: Option<&str>) -> String {
    match description {
        None | Some("") => name.to_owned(),
        Some("MAXVALUE") => format!("{name} VALUES LESS THAN MAXVALUE"),
        Some(bound) if method.starts_with("RANGE") => format!("{name} VALUES LESS THAN ({bound})"),
        Some("DEFAULT") => format!("{name} DEFAULT"),
        Some(bound) if method.starts_with("LIST") => format!("{name} VALUES IN ({bound})"),
        Some(bound) => format!("{name} {bound}"),
    }
}

/// Without the privilege, the server shows an empty query.
fn view(answers: &Answers, at: usize, description: &mut TableDescription) {
    let rows = of(&answers.views, at, 0);
    let Some(row) = rows.first() else {
        return;
    };
    description.definition = row.words(1).map(|query| match row.text(2) {
        "" | "NONE" => query,
        check => format!("{query} WITH {check} CHECK OPTION"),
    });
    if description.definition.is_none() {
        description.missing_privileges.push("SHOW VIEW".to_owned());
    }
    if row.text(3) == "INVOKER" {
        description.options.push("SQL SECURITY INVOKER".to_owned());
    }
}
