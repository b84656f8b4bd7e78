//! Gathers the answers of the catalog, and puts them together as one schema.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use domain::schema::{
    ForeignKey, Index, Key, Relation, RelationId, RelationKind, Sequence, TableColumn,
};

use super::{
    super::super::records::Record,
    form::{self, Part},
};

/// Words that occur often are kept once.
#[derive(Default)]
pub(super) struct Words(HashSet<Arc<str>>);

impl Words {
    pub(super) fn shared(&mut self, word: &str) -> Arc<str> {
        if let Some(known) = self.0.get(word) {
            return Arc::clone(known);
        }
        let new: Arc<str> = word.into();
        self.0.insert(Arc::clone(&new));
        new
    }
}

/// What is told of tables, each under its schema and name. Rows of one table come one after another.
pub(super) struct ByTable<T> {
    words: Words,
    pub(super) tables: HashMap<(Arc<str>, Arc<str>), T>,
    last: (Arc<str>, Arc<str>),
}

impl<T> Default for ByTable<T> {
    fn default() -> Self {
        Self {
            words: Words::default(),
            tables: HashMap::new(),
            last: ("".into(), "".into()),
        }
    }
}

impl<T: Default> ByTable<T> {
    /// What is known of the table whose schema and name are the first two cells.
    pub(super) fn of(&mut self, record: &Record) -> (&mut T, &mut Words) {
        let (schema, name) = (record.text(0), record.text(1));
        if *self.last.0 != *schema || *self.last.1 != *name {
            self.last = (self.words.shared(schema), self.words.shared(name));
        }
        let key = (Arc::clone(&self.last.0), Arc::clone(&self.last.1));
        (self.tables.entry(key).or_default(), &mut self.words)
    }

    pub(super) fn take(&mut self, relation: &Relation) -> Option<T> {
        let key = (Arc::clone(&relation.schema), Arc::clone(&relation.name));
        self.tables.remove(&key)
    }
}

/// Columns with their places.
pub(super) type Columns = ByTable<Vec<(u64, TableColumn)>>;

pub(super) fn column(columns: &mut Columns, record: &Record) {
    let (table, words) = columns.of(record);
    table.push((
        record.number(2).unwrap_or_default(),
        TableColumn {
            name: words.shared(record.text(3)),
            type_name: words.shared(record.text(4)),
            nullable: record.is_true(5),
            comment: record.words(6).map(Into::into),
        },
    ));
}

#[derive(Default)]
pub(super) struct IndexParts {
    is_unique: bool,
    parts: Vec<(u64, Part)>,
}

/// By the index's name.
pub(super) type Indexes = ByTable<BTreeMap<String, IndexParts>>;

pub(super) fn index(indexes: &mut Indexes, record: &Record) {
    let (table, _) = indexes.of(record);
    let index = table.entry(record.text(2).to_owned()).or_default();
    index.is_unique = record.text(3) == "0";
    index.parts.push((
        record.number(4).unwrap_or_default(),
        Part {
            column: record.words(5),
            descends: record.text(6) == "D",
            prefix: record.number(7),
            expression: record.words(8),
        },
    ));
}

#[derive(Default)]
pub(super) struct KeyParts {
    schema: String,
    table: String,
    columns: Vec<(u64, String, String)>,
}

/// By the constraint's name.
pub(super) type ForeignKeys = ByTable<BTreeMap<String, KeyParts>>;

pub(super) fn foreign_key(keys: &mut ForeignKeys, record: &Record) {
    let (table, _) = keys.of(record);
    let key = table.entry(record.text(2).to_owned()).or_default();
    record.text(5).clone_into(&mut key.schema);
    record.text(6).clone_into(&mut key.table);
    key.columns.push((
        record.number(3).unwrap_or_default(),
        record.text(4).to_owned(),
        record.text(7).to_owned(),
    ));
}

/// Tables and views, and the sequences that `MariaDB` tells among them.
#[derive(Default)]
pub(super) struct Tables {
    words: Words,
    pub(super) relations: Vec<Relation>,
    pub(super) sequences: Vec<Sequence>,
}

pub(super) fn table(tables: &mut Tables, record: &Record) {
    let schema = tables.words.shared(record.text(0));
    let table_type = record.text(2);
    let kind = match (table_type, record.text(3)) {
        ("SEQUENCE", _) => {
            tables.sequences.push(Sequence {
                schema,
                name: record.text(1).into(),
                owned_by: None,
                // It stands in the sequence itself, which would have to be opened.
                definition: None,
            });
            return;
        }
        ("VIEW", _) => RelationKind::View,
        (_, "FEDERATED" | "CONNECT" | "SPIDER") => RelationKind::ForeignTable,
        _ if record.is_true(4) => RelationKind::PartitionedTable,
        _ => RelationKind::Table,
    };
    tables.relations.push(Relation {
        schema,
        name: tables.words.shared(record.text(1)),
        kind,
        comment: form::table_comment(table_type, record.text(5)).map(Into::into),
        estimated_rows: None,
        partitions: 0,
        columns: Vec::new(),
        keys: Vec::new(),
    });
}

/// As a snapshot has them.
pub(super) fn in_order(relations: &mut [Relation]) {
    relations.sort_by(|one, other| (&one.schema, &one.name).cmp(&(&other.schema, &other.name)));
}

pub(super) fn put_columns(relations: &mut [Relation], mut columns: Columns) {
    for relation in relations {
        let mut own = columns.take(relation).unwrap_or_default();
        own.sort_by_key(|(place, _)| *place);
        relation.columns = own.into_iter().map(|(_, column)| column).collect();
        relation.columns.shrink_to_fit();
    }
}

pub(super) fn put_partitions(relations: &mut [Relation], mut partitions: ByTable<u32>) {
    for relation in relations {
        relation.partitions = partitions.take(relation).unwrap_or_default();
    }
}

/// Puts each table's keys into it, and tells the indexes.
pub(super) fn put_indexes(relations: &mut [Relation], mut indexes: Indexes) -> Vec<Index> {
    let mut told = Vec::new();
    for (id, relation) in (0_u32..).map(RelationId).zip(relations) {
        for (name, mut index) in indexes.take(relation).unwrap_or_default() {
            index.parts.sort_by_key(|(place, _)| *place);
            let is_primary = name == "PRIMARY";
            if index.is_unique
                && let Some(columns) = whole_columns(relation, &index.parts)
            {
                let key = Key {
                    is_primary,
                    columns,
                };
                let place = if is_primary { 0 } else { relation.keys.len() };
                relation.keys.insert(place, key);
            }
            if !is_primary {
                let parts: Vec<String> = index.parts.iter().map(|(_, part)| part.text()).collect();
                told.push(Index {
                    table: id,
                    name: name.into(),
                    is_unique: index.is_unique,
                    columns: parts.join(", ").into(),
                });
            }
        }
    }
    told
}

/// The places of an index's columns; `None` where it holds an expression or the beginning of a column.
fn whole_columns(relation: &Relation, parts: &[(u64, Part)]) -> Option<Box<[u16]>> {
    let place = |(_, part): &(u64, Part)| {
        let column = part.column.as_ref().filter(|_| part.prefix.is_none())?;
        u16::try_from(relation.column(column)?).ok()
    };
    parts.iter().map(place).collect()
}

/// Keys between tables that are both in sight. Where the letter case of tables does not count, a key may name its table
/// in another one than the table itself.
pub(super) fn linked(
    relations: &[Relation],
    keys: ForeignKeys,
    case_counts: bool,
) -> Vec<ForeignKey> {
    let exact: HashMap<(&str, &str), RelationId> = (0_u32..)
        .zip(relations)
        .map(|(id, relation)| ((&*relation.schema, &*relation.name), RelationId(id)))
        .collect();
    let loose: HashMap<(String, String), RelationId> = exact
        .iter()
        .filter(|_| !case_counts)
        .map(|((schema, name), id)| ((schema.to_lowercase(), name.to_lowercase()), *id))
        .collect();
    let find = |schema: &str, name: &str| {
        exact
            .get(&(schema, name))
            .or_else(|| loose.get(&(schema.to_lowercase(), name.to_lowercase())))
            .copied()
    };
    let mut linked = Vec::new();
    for ((schema, name), named) in keys.tables {
        let Some(from) = find(&schema, &name) else {
            continue;
        };
        for (name, mut key) in named {
            key.columns.sort_by_key(|(place, ..)| *place);
            let Some(to) = find(&key.schema, &key.table) else {
                continue;
            };
            let columns = key.columns.iter().map(|(_, column, _)| column.as_str());
            let referenced = key.columns.iter().map(|(.., column)| column.as_str());
            let (Some(columns), Some(referenced)) = (
                places(relations, from, columns),
                places(relations, to, referenced),
            ) else {
                continue;
            };
            linked.push(ForeignKey {
                name: name.into(),
                from,
                columns,
                to,
                referenced,
            });
        }
    }
    linked.sort_by(|one, other| (one.from, &one.name).cmp(&(other.from, &other.name)));
    linked
}

/// Names of columns in keys may differ from the columns' own in their letter case.
fn places<'a>(
    relations: &[Relation],
    id: RelationId,
    columns: impl Iterator<Item = &'a str>,
) -> Option<Box<[u16]>> {
    let relation = relations.get(id.0 as usize)?;
    columns
        .map(|name| {
            let place = relation
                .columns
                .iter()
                .position(|column| column.name.to_lowercase() == name.to_lowercase())?;
            u16::try_from(place).ok()
        })
        .collect()
}
