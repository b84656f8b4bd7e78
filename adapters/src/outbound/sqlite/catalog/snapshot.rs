//! The schema in the domain's words.

use std::{collections::HashSet, sync::Arc};

use domain::schema::{
    ForeignKey, Index, Key, Namespace, Relation, RelationId, RelationKind, Snapshot, TableColumn,
    Trigger,
};

use super::{
    declared::{self, DeclaredIndex, DeclaredTable},
    facts::{Facts, Kind, Origin, Table},
};

/// The schema of the file itself; others are never attached.
pub(super) const MAIN: &str = "main";
/// The type of a column that is declared without one: it may hold anything.
const ANY: &str = "any";

pub(super) fn of(facts: &Facts) -> Snapshot {
    let mut words = Words::default();
    let main = words.shared(MAIN);
    let mut snapshot = Snapshot {
        search_path: vec![Arc::clone(&main)],
        schemas: vec![Namespace {
            name: Arc::clone(&main),
            comment: None,
        }],
        relations: facts
            .tables
            .iter()
            .map(|table| relation(table, &main, &mut words))
            .collect(),
        ..Snapshot::default()
    };
    for (table, id) in facts.tables.iter().zip((0_u32..).map(RelationId)) {
        snapshot.foreign_keys.extend(foreign_keys(facts, table, id));
        snapshot
            .indexes
            .extend(table.indexes.iter().filter_map(|index| {
                let sql = index.sql.as_ref()?;
                Some(Index {
                    table: id,
                    name: index.name.as_str().into(),
                    is_unique: index.is_unique,
                    columns: columns(index, &DeclaredIndex::of(sql)).into(),
                })
            }));
        snapshot
            .triggers
            .extend(table.triggers.iter().map(|(name, sql)| Trigger {
                table: id,
                name: name.as_str().into(),
                event: declared::trigger(sql).0.into(),
            }));
    }
    snapshot
}

pub(super) const fn kind(table: &Table) -> RelationKind {
    match table.kind {
        Kind::Table => RelationKind::Table,
        Kind::View => RelationKind::View,
        Kind::Virtual => RelationKind::VirtualTable,
    }
}

/// A column's type as it is declared.
pub(super) fn type_name(declared: &str) -> &str {
    if declared.is_empty() { ANY } else { declared }
}

fn relation(table: &Table, main: &Arc<str>, words: &mut Words) -> Relation {
    let text = match table.kind {
        // Reading the whole text costs more than everything else, and few write comments.
        Kind::Table if table.sql.contains("--") || table.sql.contains("/*") => {
            DeclaredTable::of(&table.sql)
        }
        _ => DeclaredTable::default(),
    };
    let rowid = table.rowid_column();
    Relation {
        schema: Arc::clone(main),
        name: table.name.as_str().into(),
        kind: kind(table),
        comment: text.comment.as_deref().map(Box::from),
        estimated_rows: table.estimated_rows,
        partitions: 0,
        columns: table
            .columns()
            .iter()
            .enumerate()
            .map(|(place, column)| TableColumn {
                name: words.shared(&column.name),
                type_name: words.shared(type_name(&column.type_name)),
                nullable: !column.not_null && rowid != Some(place),
                comment: text
                    .column(&column.name)
                    .and_then(|column| column.comment.as_deref())
                    .map(Box::from),
            })
            .collect(),
        keys: keys(table),
    }
}

fn keys(table: &Table) -> Vec<Key> {
    let primary = places(&table.primary_key()).filter(|columns| !columns.is_empty());
    let unique = table
        .indexes
        .iter()
        .filter(|index| index.is_unique && !index.is_partial && index.origin != Origin::PrimaryKey)
        .filter_map(|index| {
            let columns: Option<Vec<usize>> = index
                .columns
                .iter()
                .map(|column| table.column(column.name.as_deref()?))
                .collect();
            places(&columns?)
        });
    primary
        .map(|columns| Key {
            is_primary: true,
            columns,
        })
        .into_iter()
        .chain(unique.map(|columns| Key {
            is_primary: false,
            columns,
        }))
        .collect()
}

fn places(columns: &[usize]) -> Option<Box<[u16]>> {
    columns
        .iter()
        .map(|place| u16::try_from(*place).ok())
        .collect()
}

fn foreign_keys(facts: &Facts, table: &Table, from: RelationId) -> Vec<ForeignKey> {
    let text = DeclaredTable::of(if table.foreign_keys.is_empty() {
        ""
    } else {
        &table.sql
    });
    let mut keys: Vec<ForeignKey> = table
        .foreign_keys
        .iter()
        .filter_map(|key| {
            let columns: Option<Vec<usize>> =
                key.columns.iter().map(|name| table.column(name)).collect();
            Some(ForeignKey {
                name: text
                    .reference(table, key)
                    .map_or("", |(name, _)| name)
                    .into(),
                from,
                columns: places(&columns?)?,
                to: RelationId(u32::try_from(facts.place(&key.parent)?).ok()?),
                referenced: places(&facts.referenced(key)?)?,
            })
        })
        .collect();
    // SQLite counts from the last one back.
    keys.reverse();
    keys
}

/// What an index holds, in order.
fn columns(index: &super::facts::Index, declared: &DeclaredIndex) -> String {
    let names: Vec<&str> = index
        .columns
        .iter()
        .enumerate()
        .map(|(place, column)| {
            let written = declared.items.get(place).map(String::as_str);
            column.name.as_deref().or(written).unwrap_or_default()
        })
        .collect();
    names.join(", ")
}

/// Words that occur often, each kept once.
#[derive(Default)]
struct Words(HashSet<Arc<str>>);

impl Words {
    fn shared(&mut self, word: &str) -> Arc<str> {
        if let Some(known) = self.0.get(word) {
            return Arc::clone(known);
        }
        let new: Arc<str> = word.into();
        self.0.insert(Arc::clone(&new));
        new
    }
}
