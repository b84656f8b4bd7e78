//! The schema as `SQLite` tells it, table by table.

use std::collections::{HashMap, HashSet};

use super::{super::super::records::Record, declared};

/// The tables and views that were asked for.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// In the order in which they were made.
    pub(super) tables: Vec<Table>,
    places: HashMap<String, usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Table,
    View,
    Virtual,
}

#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Its declaration.
    pub(super) sql: String,
    /// `None` for a view that cannot be read, and for a virtual table without its module.
    pub(super) columns: Option<Vec<Column>>,
    /// It stands on so many other views that `SQLite` must not be asked for its columns.
    pub(super) is_too_heavy: bool,
    pub(super) indexes: Vec<Index>,
    pub(super) foreign_keys: Vec<ForeignKey>,
    /// Name and declaration.
    pub(super) triggers: Vec<(String, String)>,
    pub(super) estimated_rows: Option<u64>,
}

#[derive(Debug, Default)]
pub(super) struct Column {
    pub(super) name: String,
    /// Empty where none is declared.
    pub(super) type_name: String,
    pub(super) not_null: bool,
    pub(super) default: Option<String>,
    /// Its place in the primary key, from 1; 0 outside of it.
    pub(super) key: u64,
    /// `Some(true)` for a generated column that is stored.
    pub(super) stored: Option<bool>,
}

#[derive(Debug)]
pub(super) struct Index {
    pub(super) name: String,
    pub(super) is_unique: bool,
    pub(super) origin: Origin,
    pub(super) is_partial: bool,
    pub(super) columns: Vec<IndexColumn>,
    /// None for one that holds up a constraint.
    pub(super) sql: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// CREATE INDEX.
    Created,
    Unique,
    PrimaryKey,
}

#[derive(Debug)]
pub(super) struct IndexColumn {
    /// `None` for an expression.
    pub(super) name: Option<String>,
    pub(super) descending: bool,
    pub(super) collation: String,
}

#[derive(Debug, Clone)]
pub(super) struct ForeignKey {
    /// Counts from the last one that is declared.
    pub(super) id: u64,
    pub(super) parent: String,
    pub(super) columns: Vec<String>,
    /// Empty where the primary key of the parent is meant.
    pub(super) referenced: Vec<String>,
    pub(super) on_delete: Option<String>,
    pub(super) on_update: Option<String>,
}

/// A row of `ESTIMATES`.
#[derive(Debug)]
pub(super) struct Estimate {
    table: String,
    index: String,
    rows: Option<u64>,
}

impl Estimate {
    pub(super) fn of(row: &Record) -> Self {
        Self {
            table: row.text(0).to_owned(),
            index: row.text(1).to_owned(),
            rows: row.number(2),
        }
    }
}

/// Its kind, its name, the table that it belongs to, and its declaration.
type Object = (String, String, String, String);

/// The rows of `OBJECTS`.
#[derive(Debug, Default)]
pub(super) struct Objects(Vec<Object>);

impl Objects {
    pub(super) fn add(&mut self, row: &Record) {
        let text = |index| row.text(index).to_owned();
        self.0.push((text(0), text(1), text(2), text(3)));
    }
}

/// The tables that the modules of this `SQLite` keep their data in, by the module and the end of their names.
const SHADOWS: [(&str, &[&str]); 6] = [
    (
        "fts3",
        &["content", "segments", "segdir", "docsize", "stat"],
    ),
    (
        "fts4",
        &["content", "segments", "segdir", "docsize", "stat"],
    ),
    ("fts5", &["content", "data", "idx", "docsize", "config"]),
    ("rtree", &["node", "parent", "rowid"]),
    ("rtree_i32", &["node", "parent", "rowid"]),
    ("geopoly", &["node", "parent", "rowid"]),
];

/// `SQLite` compares names without regard to case, but only of ASCII letters.
pub(super) fn folded(name: &str) -> String {
    name.to_ascii_lowercase()
}

impl Facts {
    /// Every table and view, without what `SQLite` and its modules keep for themselves.
    pub(super) fn of(objects: Objects) -> Self {
        let shadows: HashSet<String> = objects
            .0
            .iter()
            .filter(|(kind, ..)| kind == "table")
            .filter_map(|(_, name, _, sql)| Some((name, declared::module(sql)?)))
            .flat_map(|(name, module)| {
                let ends = SHADOWS
                    .iter()
                    .find(|(known, _)| known.eq_ignore_ascii_case(&module))
                    .map_or(&[][..], |(_, ends)| *ends);
                ends.iter().map(move |end| folded(&format!("{name}_{end}")))
            })
            .collect();
        let mut facts = Self::default();
        let mut parts = Vec::new();
        for (kind, name, table, sql) in objects.0 {
            let is_view = kind == "view";
            if !is_view && kind != "table" {
                parts.push((kind, name, table, sql));
                continue;
            }
            let key = folded(&name);
            if key.starts_with("sqlite_") || (!is_view && shadows.contains(&key)) {
                continue;
            }
            facts.places.insert(key, facts.tables.len());
            facts.tables.push(Table {
                kind: if is_view {
                    Kind::View
                } else if declared::module(&sql).is_some() {
                    Kind::Virtual
                } else {
                    Kind::Table
                },
                name,
                sql,
                columns: None,
                is_too_heavy: false,
                indexes: Vec::new(),
                foreign_keys: Vec::new(),
                triggers: Vec::new(),
                estimated_rows: None,
            });
        }
        for (kind, name, table, sql) in parts {
            let Some(table) = facts.get_mut(&table) else {
                continue;
            };
            if kind == "trigger" {
                table.triggers.push((name, sql));
            } else if !sql.is_empty() {
                table.indexes.push(Index {
                    name,
                    is_unique: false,
                    origin: Origin::Created,
                    is_partial: false,
                    columns: Vec::new(),
                    sql: Some(sql),
                });
            }
        }
        facts
    }

    pub(super) fn place(&self, table: &str) -> Option<usize> {
        self.places.get(&folded(table)).copied()
    }

    pub(super) fn get(&self, table: &str) -> Option<&Table> {
        self.tables.get(self.place(table)?)
    }

    fn get_mut(&mut self, table: &str) -> Option<&mut Table> {
        let place = self.place(table)?;
        self.tables.get_mut(place)
    }

    /// A row of `COLUMNS`.
    pub(super) fn add_column(&mut self, row: &Record) {
        let Some(table) = self.get_mut(row.text(0)) else {
            return;
        };
        table.columns.get_or_insert_default().push(Column {
            name: row.text(1).to_owned(),
            type_name: row.text(2).to_owned(),
            not_null: row.is_true(3),
            default: row.some(4).map(str::to_owned),
            key: row.number(5).unwrap_or(0),
            stored: match row.text(6) {
                "2" => Some(false),
                "3" => Some(true),
                _ => None,
            },
        });
    }

    /// A row of `INDEXES`.
    pub(super) fn add_index_column(&mut self, row: &Record) {
        let Some(table) = self.get_mut(row.text(0)) else {
            return;
        };
        let name = row.text(1);
        let place = table.indexes.iter().position(|index| index.name == name);
        let place = place.unwrap_or_else(|| {
            table.indexes.push(Index {
                name: name.to_owned(),
                is_unique: false,
                origin: Origin::Created,
                is_partial: false,
                columns: Vec::new(),
                sql: None,
            });
            table.indexes.len() - 1
        });
        let Some(index) = table.indexes.get_mut(place) else {
            return;
        };
        index.is_unique = row.is_true(2);
        index.origin = match row.text(3) {
            "u" => Origin::Unique,
            "pk" => Origin::PrimaryKey,
            _ => Origin::Created,
        };
        index.is_partial = row.is_true(4);
        index.columns.push(IndexColumn {
            name: match row.text(5) {
                "-1" => Some("rowid".to_owned()),
                "-2" => None,
                _ => row.some(6).map(str::to_owned),
            },
            descending: row.is_true(7),
            collation: row.text(8).to_owned(),
        });
    }

    pub(super) fn add_estimates(&mut self, estimates: Vec<Estimate>) {
        for estimate in estimates {
            let Some(table) = self.get_mut(&estimate.table) else {
                continue;
            };
            // A partial index says nothing of the other rows.
            let is_partial = table
                .indexes
                .iter()
                .any(|index| index.is_partial && index.name == estimate.index);
            if !is_partial {
                table.estimated_rows = table.estimated_rows.max(estimate.rows);
            }
        }
    }

    pub(super) fn add_foreign_keys(&mut self, keys: ForeignKeys) {
        for (table, key) in keys.0 {
            if let Some(table) = self.get_mut(&table) {
                table.foreign_keys.push(key);
            }
        }
    }

    /// The columns that a foreign key points to. `None` if there are no such columns.
    pub(super) fn referenced(&self, key: &ForeignKey) -> Option<Vec<usize>> {
        let parent = self.get(&key.parent)?;
        let columns = parent.columns.as_ref()?;
        let found: Vec<usize> = if key.referenced.is_empty() {
            parent.primary_key()
        } else {
            key.referenced
                .iter()
                .map(|name| parent.column(name))
                .collect::<Option<_>>()?
        };
        (found.len() == key.columns.len() && found.iter().all(|at| *at < columns.len()))
            .then_some(found)
    }
}

impl Table {
    pub(super) fn columns(&self) -> &[Column] {
        self.columns.as_deref().unwrap_or_default()
    }

    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.columns()
            .iter()
            .position(|column| column.name.eq_ignore_ascii_case(name))
    }

    /// The places of its columns.
    pub(super) fn primary_key(&self) -> Vec<usize> {
        let mut key: Vec<(u64, usize)> = self
            .columns()
            .iter()
            .enumerate()
            .filter(|(_, column)| column.key > 0)
            .map(|(place, column)| (column.key, place))
            .collect();
        key.sort_unstable();
        key.into_iter().map(|(_, place)| place).collect()
    }

    /// The column that is another name of the rowid: an INTEGER PRIMARY KEY needs no index to hold it up.
    pub(super) fn rowid_column(&self) -> Option<usize> {
        let has_index = self
            .indexes
            .iter()
            .any(|index| index.origin == Origin::PrimaryKey);
        match self.primary_key().as_slice() {
            [only] if !has_index => Some(*only),
            _ => None,
        }
    }
}

/// The rows of `FOREIGN_KEYS`, each key with its table.
#[derive(Debug, Default, Clone)]
pub(super) struct ForeignKeys(pub(super) Vec<(String, ForeignKey)>);

impl ForeignKeys {
    pub(super) fn add(&mut self, row: &Record) {
        let (table, id) = (row.text(0), row.number(1).unwrap_or(0));
        let is_same = |(last, key): &&mut (String, ForeignKey)| last == table && key.id == id;
        if let Some((_, key)) = self.0.last_mut().filter(is_same) {
            key.columns.push(row.text(3).to_owned());
            key.referenced.extend(row.words(4));
            return;
        }
        let action = |index| row.words(index).filter(|action| action != "NO ACTION");
        self.0.push((
            table.to_owned(),
            ForeignKey {
                id,
                parent: row.text(2).to_owned(),
                columns: vec![row.text(3).to_owned()],
                referenced: row.words(4).into_iter().collect(),
                on_delete: action(5),
                on_update: action(6),
            },
        ));
    }
}
