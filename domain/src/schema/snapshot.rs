//! The whole schema as one role sees it, small enough to keep: names, types, comments and how tables hang together.
//!
//! What only one table's description needs (defaults, definitions, privileges) is not here; it is asked for when it
//! is wanted.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::nearest::nearest;

/// How many other schemas are told.
const SCHEMAS_TOLD: usize = 10;
const NO_SCHEMA: &str =
    "No schema may be seen here: whoever administers the database can grant the use of one.";

/// Everything that the role can see, at one moment.
///
/// Words that occur often (names of schemas, columns and types) are shared, so that 150,000 columns stay small.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Whether nobody learns of what is kept from them: what is not here may be there all the same.
    pub may_hide: bool,
    /// Where a name without a schema is looked for, in order. An engine without schemas has one; a session may
    /// have none, as on MySQL without a default database, and then each name needs its schema.
    pub search_path: Vec<Arc<str>>,
    pub schemas: Vec<Namespace>,
    /// Without partitions: those are counted in their parent.
    pub relations: Vec<Relation>,
    pub foreign_keys: Vec<ForeignKey>,
    pub indexes: Vec<Index>,
    pub routines: Vec<Routine>,
    pub triggers: Vec<Trigger>,
    pub sequences: Vec<Sequence>,
    pub types: Vec<UserType>,
}

/// A schema, whether or not anything is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespace {
    pub name: Arc<str>,
    pub comment: Option<Box<str>>,
}

/// A place in [`Snapshot::relations`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelationId(pub u32);

/// What rows can be read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RelationKind {
    Table,
    PartitionedTable,
    View,
    MaterializedView,
    ForeignTable,
    /// A table that a module of `SQLite` makes up, such as full-text search.
    VirtualTable,
}

impl RelationKind {
    /// Whether it is told as a view rather than as a table.
    pub const fn is_view(self) -> bool {
        matches!(self, Self::View | Self::MaterializedView)
    }

    /// As a person would call it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::PartitionedTable => "partitioned table",
            Self::View => "view",
            Self::MaterializedView => "materialized view",
            Self::ForeignTable => "foreign table",
            Self::VirtualTable => "virtual table",
        }
    }
}

/// A table, a view or their like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    pub schema: Arc<str>,
    pub name: Arc<str>,
    pub kind: RelationKind,
    pub comment: Option<Box<str>>,
    /// The server's own estimate; `None` where it has none, as before the first ANALYZE. Never counted.
    pub estimated_rows: Option<u64>,
    /// How many partitions are folded into it, at any depth.
    pub partitions: u32,
    /// In order.
    pub columns: Vec<TableColumn>,
    /// The primary key, if there is one, first.
    pub keys: Vec<Key>,
}

impl Relation {
    /// The place of a column in [`Relation::columns`].
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| &*column.name == name)
    }

    pub fn primary_key(&self) -> Option<&Key> {
        self.keys.first().filter(|key| key.is_primary)
    }
}

/// A column of a table or view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableColumn {
    pub name: Arc<str>,
    /// As it would be declared: `numeric(10,2)`, `varchar(20)`, `int unsigned`.
    pub type_name: Arc<str>,
    pub nullable: bool,
    pub comment: Option<Box<str>>,
}

/// Columns whose values together are unique in their table. Without partial indexes and without expressions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub is_primary: bool,
    /// Places in [`Relation::columns`].
    pub columns: Box<[u16]>,
}

/// Both of its tables are in the snapshot; a key to a table that the role cannot see is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKey {
    /// Empty where the engine gives none (`SQLite`).
    pub name: Box<str>,
    pub from: RelationId,
    /// Places in the columns of `from`.
    pub columns: Box<[u16]>,
    pub to: RelationId,
    /// Places in the columns of `to`, in the same order and number.
    pub referenced: Box<[u16]>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    pub table: RelationId,
    pub name: Box<str>,
    pub is_unique: bool,
    /// What is indexed, in order: names of columns, or expressions as the server prints them.
    pub columns: Box<str>,
}

/// A function or a procedure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routine {
    pub schema: Arc<str>,
    pub name: Box<str>,
    /// `function`, `procedure`, `aggregate`, `window function`.
    pub kind: &'static str,
    /// As it is called: `(customer bigint, since date DEFAULT now()) → numeric`.
    pub signature: Box<str>,
    /// `immutable`, `stable`, `volatile`, `deterministic`, `reads sql data`, …: what the engine calls it.
    pub volatility: Option<&'static str>,
    pub comment: Option<Box<str>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    pub table: RelationId,
    pub name: Box<str>,
    /// When it fires: `BEFORE INSERT OR UPDATE`.
    pub event: Box<str>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence {
    pub schema: Arc<str>,
    pub name: Box<str>,
    /// The column that draws from it, as `orders.id`.
    pub owned_by: Option<Box<str>>,
    /// Its type and where it differs from what it would be if nobody had said: `bigint START 100 INCREMENT 5 CYCLE`.
    pub definition: Option<Box<str>>,
}

/// A type that somebody has made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserType {
    pub schema: Arc<str>,
    pub name: Box<str>,
    /// `enum`, `domain`, `composite`, `range`.
    pub kind: &'static str,
    /// An enum's values, a domain's base type and checks, a composite's fields, a range's element.
    pub definition: Box<str>,
    pub comment: Option<Box<str>>,
}

impl Snapshot {
    /// Whether there is any relation in it, or in that schema of it.
    pub fn holds_any(&self, schema: Option<&str>) -> bool {
        let is_there =
            |relation: &Relation| schema.is_none_or(|schema| *relation.schema == *schema);
        self.relations.iter().any(is_there)
    }

    /// That there is no such thing, as far as anybody may know.
    pub fn there_is_no(&self, what: &str) -> String {
        let seen = if self.may_hide {
            " that may be seen here"
        } else {
            ""
        };
        format!("There is no {what}{seen}.")
    }

    /// Which schema was meant by one that is not there, or which there are.
    pub fn schemas_instead_of(&self, name: &str) -> String {
        let names = || self.schemas.iter().map(|schema| &*schema.name);
        if let Some(meant) = nearest(name, names()) {
            return format!("Did you mean `{meant}`?");
        }
        let told: Vec<&str> = names().take(SCHEMAS_TOLD).collect();
        match told.as_slice() {
            [] => NO_SCHEMA.to_owned(),
            told => format!("Schemas: {}.", told.join(", ")),
        }
    }

    pub fn relation(&self, id: RelationId) -> Option<&Relation> {
        self.relations.get(id.0 as usize)
    }

    /// Every relation with its place.
    pub fn ids(&self) -> impl Iterator<Item = (RelationId, &Relation)> {
        (0_u32..).map(RelationId).zip(&self.relations)
    }

    /// Each relation with a foreign key that points to one of these, once.
    pub fn referring_to(&self, relations: &[RelationId]) -> Vec<&Relation> {
        let mut referring: Vec<RelationId> = self
            .foreign_keys
            .iter()
            .filter(|key| relations.contains(&key.to))
            .map(|key| key.from)
            .collect();
        referring.sort_unstable();
        referring.dedup();
        referring
            .into_iter()
            .filter_map(|id| self.relation(id))
            .collect()
    }

    /// Whether a name without a schema means this relation.
    pub fn is_on_path(&self, relation: &Relation) -> bool {
        for schema in &self.search_path {
            if *schema == relation.schema {
                return true;
            }
            if self
                .relations
                .iter()
                .any(|other| other.schema == *schema && other.name == relation.name)
            {
                return false;
            }
        }
        false
    }
}
