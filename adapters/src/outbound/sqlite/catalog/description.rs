//! Everything about one table.

use domain::schema::{
    Check, ColumnDescription, ForeignKeyDescription, IndexDescription, KeyDescription,
    ReferenceDescription, TableDescription, TriggerDescription,
};

use super::{
    super::names::quoted,
    declared::{self, DeclaredIndex, DeclaredTable},
    facts::{Facts, ForeignKey, Index, Kind, Origin, Table},
    snapshot,
};

/// The collation of a column that declares none.
const BINARY: &str = "BINARY";
const UNREADABLE_VIEW: &str =
    "INVALID: its columns cannot be found out; SELECT from it tells the reason";
const TOO_HEAVY_VIEW: &str = "INVALID: it stands on too many other views for SQLite to find out its columns; do not SELECT from it";
const UNREADABLE_VIRTUAL_TABLE: &str =
    "INVALID: its module is missing here or refuses; its columns cannot be found out";

/// `references` are all keys that point to the table, with the tables that they come from.
pub(super) fn of(
    facts: &Facts,
    table: &Table,
    references: &[(String, ForeignKey)],
) -> TableDescription {
    let text = match table.kind {
        Kind::Table => DeclaredTable::of(&table.sql),
        Kind::View | Kind::Virtual => DeclaredTable::default(),
    };
    let names = |places: &[usize]| -> Vec<String> {
        places
            .iter()
            .filter_map(|place| Some(table.columns().get(*place)?.name.clone()))
            .collect()
    };
    TableDescription {
        // There is no other.
        schema: String::new(),
        name: table.name.clone(),
        kind: snapshot::kind(table),
        comment: text.comment.clone(),
        estimated_rows: table.estimated_rows,
        size_bytes: None,
        columns: columns(table, &text),
        primary_key: names(&table.primary_key()),
        unique: table
            .indexes
            .iter()
            .filter(|index| index.origin == Origin::Unique)
            .map(|index| unique(index, &text))
            .collect(),
        checks: text
            .checks
            .iter()
            .map(|(name, definition)| Check {
                name: name.clone(),
                definition: definition.clone(),
            })
            .collect(),
        exclusions: Vec::new(),
        foreign_keys: table
            .foreign_keys
            .iter()
            .rev()
            .map(|key| foreign_key(facts, table, key, &text))
            .collect(),
        referenced_by_count: None,
        referenced_by: references
            .iter()
            .filter(|(_, key)| key.parent.eq_ignore_ascii_case(&table.name))
            .map(|(from, key)| ReferenceDescription {
                from: with_columns(from, &key.columns),
                columns: if key.referenced.is_empty() {
                    names(&table.primary_key())
                } else {
                    key.referenced.clone()
                },
                on_delete: key.on_delete.clone(),
                on_update: key.on_update.clone(),
            })
            .collect(),
        indexes: table
            .indexes
            .iter()
            .filter_map(|index| Some(index_of(index, index.sql.as_ref()?, &text)))
            .collect(),
        triggers: table
            .triggers
            .iter()
            .map(|(name, sql)| {
                let (event, action) = declared::trigger(sql);
                TriggerDescription {
                    name: name.clone(),
                    event,
                    action,
                    disabled: false,
                }
            })
            .collect(),
        partitioned_by: None,
        partitions: Vec::new(),
        partition_count: None,
        parent: None,
        definition: match table.kind {
            Kind::Table => None,
            Kind::View => Some(declared::view(&table.sql).to_owned()),
            Kind::Virtual => Some(table.sql.clone()),
        },
        row_security: Vec::new(),
        missing_privileges: Vec::new(),
        options: options(table, &text),
    }
}

fn options(table: &Table, text: &DeclaredTable) -> Vec<String> {
    let unreadable = match table.kind {
        _ if table.columns.is_some() => None,
        Kind::View if table.is_too_heavy => Some(TOO_HEAVY_VIEW),
        Kind::View => Some(UNREADABLE_VIEW),
        Kind::Virtual => Some(UNREADABLE_VIRTUAL_TABLE),
        Kind::Table => None,
    };
    [
        text.strict.then_some("STRICT"),
        text.without_rowid.then_some("WITHOUT ROWID"),
        unreadable,
    ]
    .into_iter()
    .flatten()
    .map(str::to_owned)
    .collect()
}

fn columns(table: &Table, text: &DeclaredTable) -> Vec<ColumnDescription> {
    let rowid = table.rowid_column();
    table
        .columns()
        .iter()
        .enumerate()
        .map(|(place, column)| {
            let declared = text.column(&column.name);
            let is_rowid = rowid == Some(place);
            ColumnDescription {
                name: column.name.clone(),
                type_name: snapshot::type_name(&column.type_name).to_owned(),
                not_null: column.not_null || is_rowid,
                default: column.default.clone(),
                generated: column.stored.map(|stored| {
                    let expression = declared.and_then(|column| column.generated.as_deref());
                    let how = if stored { "stored" } else { "virtual" };
                    format!("{} {how}", expression.unwrap_or_default())
                        .trim_start()
                        .to_owned()
                }),
                identity: is_rowid.then(|| {
                    let word = if text.autoincrement {
                        "auto_increment"
                    } else {
                        "rowid"
                    };
                    word.to_owned()
                }),
                collation: declared
                    .and_then(|column| column.collation.clone())
                    .filter(|collation| !collation.eq_ignore_ascii_case(BINARY)),
                comment: declared.and_then(|column| column.comment.clone()),
                ..ColumnDescription::default()
            }
        })
        .collect()
}

fn unique(index: &Index, text: &DeclaredTable) -> KeyDescription {
    let columns: Vec<String> = index
        .columns
        .iter()
        .filter_map(|column| column.name.clone())
        .collect();
    let is_same = |names: &[String]| {
        names.len() == columns.len()
            && names
                .iter()
                .zip(&columns)
                .all(|(a, b)| a.eq_ignore_ascii_case(b))
    };
    let declared = text.uniques.iter().find(|(_, names)| is_same(names));
    KeyDescription {
        name: declared.map_or_else(|| index.name.clone(), |(name, _)| name.clone()),
        columns,
        notes: None,
    }
}

fn foreign_key(
    facts: &Facts,
    table: &Table,
    key: &ForeignKey,
    text: &DeclaredTable,
) -> ForeignKeyDescription {
    let (name, deferred) = text.reference(table, key).unwrap_or_default();
    let parent = facts.get(&key.parent);
    let referenced = match parent {
        Some(parent) if key.referenced.is_empty() => parent
            .primary_key()
            .into_iter()
            .filter_map(|place| Some(parent.columns().get(place)?.name.clone()))
            .collect(),
        _ => key.referenced.clone(),
    };
    let parent_name = parent.map_or(key.parent.as_str(), |parent| &parent.name);
    let notes: Vec<&str> = [
        deferred.then_some("DEFERRABLE INITIALLY DEFERRED"),
        match parent {
            None => Some("there is no such table"),
            Some(_) if facts.referenced(key).is_none() => Some("there are no such columns"),
            Some(_) => None,
        },
    ]
    .into_iter()
    .flatten()
    .collect();
    ForeignKeyDescription {
        name: name.to_owned(),
        columns: key.columns.clone(),
        references: with_columns(parent_name, &referenced),
        on_delete: key.on_delete.clone(),
        on_update: key.on_update.clone(),
        notes: (!notes.is_empty()).then(|| notes.join("; ")),
    }
}

fn index_of(index: &Index, sql: &str, text: &DeclaredTable) -> IndexDescription {
    let declared = DeclaredIndex::of(sql);
    IndexDescription {
        name: index.name.clone(),
        columns: index
            .columns
            .iter()
            .enumerate()
            .map(|(place, column)| {
                let Some(name) = &column.name else {
                    // With its direction and collation, as it is written.
                    return declared.items.get(place).cloned().unwrap_or_default();
                };
                let usual = text
                    .column(name)
                    .and_then(|column| column.collation.as_deref())
                    .unwrap_or(BINARY);
                let mut written = quoted(name).into_owned();
                if !column.collation.eq_ignore_ascii_case(usual) {
                    written.push_str(" COLLATE ");
                    written.push_str(&column.collation);
                }
                if column.descending {
                    written.push_str(" DESC");
                }
                written
            })
            .collect(),
        unique: index.is_unique,
        method: None,
        include: Vec::new(),
        predicate: declared.predicate,
        invalid: false,
    }
}

/// `customers(id)`, as it would be written in a statement.
fn with_columns(table: &str, columns: &[String]) -> String {
    let table = quoted(table);
    if columns.is_empty() {
        return table.into_owned();
    }
    let columns: Vec<_> = columns.iter().map(|name| quoted(name)).collect();
    format!("{table}({})", columns.join(", "))
}
