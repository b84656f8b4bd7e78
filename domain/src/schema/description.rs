//! Everything about one table, as the model reads it: absent facts are left out. An engine may also give it as JSON.

use serde::{Deserialize, Serialize};

use super::snapshot::RelationKind;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_false(value: &bool) -> bool {
    !value
}

/// One table, view or their like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TableDescription {
    /// Left out where the engine has none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub schema: String,
    pub name: String,
    pub kind: RelationKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// The server's estimate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimated_rows: Option<u64>,
    /// With its indexes and what is stored out of line, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
    pub columns: Vec<ColumnDescription>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub primary_key: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unique: Vec<KeyDescription>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
    /// Exclusion constraints, as they are declared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclusions: Vec<Check>,
    /// From this table to others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub foreign_keys: Vec<ForeignKeyDescription>,
    /// From others to this table.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub referenced_by: Vec<ReferenceDescription>,
    /// How many keys point here, where not all are told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referenced_by_count: Option<u64>,
    /// Without those that only hold up the primary key or a unique constraint.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indexes: Vec<IndexDescription>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub triggers: Vec<TriggerDescription>,
    /// How it is divided: `RANGE (ordered_at)`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partitioned_by: Option<String>,
    /// Names and bounds of its partitions: the first ones, where there are many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub partitions: Vec<String>,
    /// How many partitions there are, where not all are told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition_count: Option<u64>,
    /// The table that it is a partition of, or inherits from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// The query of a view, or what a virtual or foreign table stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub definition: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub row_security: Vec<Policy>,
    /// What the role may not do with it: `SELECT` first of all. Only what reading needs on a read-only connection.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing_privileges: Vec<String>,
    /// What the model must know besides: `WITHOUT ROWID`, `STRICT`, `UNLOGGED`, the storage engine if it is unusual.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
}

impl TableDescription {
    /// A relation of which no more is known.
    pub fn new(schema: &str, name: &str, kind: RelationKind) -> Self {
        Self {
            schema: schema.to_owned(),
            name: name.to_owned(),
            kind,
            comment: None,
            estimated_rows: None,
            size_bytes: None,
            columns: Vec::new(),
            primary_key: Vec::new(),
            unique: Vec::new(),
            checks: Vec::new(),
            exclusions: Vec::new(),
            foreign_keys: Vec::new(),
            referenced_by: Vec::new(),
            referenced_by_count: None,
            indexes: Vec::new(),
            triggers: Vec::new(),
            partitioned_by: None,
            partitions: Vec::new(),
            partition_count: None,
            parent: None,
            definition: None,
            row_security: Vec::new(),
            missing_privileges: Vec::new(),
            options: Vec::new(),
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ColumnDescription {
    pub name: String,
    /// As declared.
    #[serde(rename = "type")]
    pub type_name: String,
    #[serde(default, skip_serializing_if = "is_false")]
    pub not_null: bool,
    /// The expression, as the server prints it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// The expression of a generated column, with `stored` or `virtual` after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generated: Option<String>,
    /// `always`, `by default`, `auto_increment`, `rowid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collation: Option<String>,
    /// What a domain stands for, with its rules: `numeric(10,2) CHECK (VALUE > 0)`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// The values that an enum or a set allows, if they are few.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// What is unusual about it besides: `INVISIBLE`, `SRID 4326`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// A unique constraint, or a unique index that is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyDescription {
    pub name: String,
    pub columns: Vec<String>,
    /// Where nulls count as equal, deferrability and the like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// Empty where nobody gave it one (`SQLite`).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// As the server prints it.
    pub definition: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ForeignKeyDescription {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    pub columns: Vec<String>,
    /// `customers(id)`: the table with its schema where that is another one, and the columns.
    pub references: String,
    /// `NO ACTION`, the default, is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_delete: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_update: Option<String>,
    /// `DEFERRABLE`, `NOT VALID`, `MATCH FULL` and the like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
}

/// A foreign key that points here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReferenceDescription {
    /// `order_items(order_id)`: the table with its schema where that is another one, and the columns.
    pub from: String,
    pub columns: Vec<String>,
    /// What becomes of the rows there; `NO ACTION`, the default, is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_delete: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_update: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IndexDescription {
    pub name: String,
    /// Columns and expressions as they are declared, with direction where it is not the usual one.
    pub columns: Vec<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub unique: bool,
    /// Left out where it is the usual `btree`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// The condition of a partial index.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub predicate: Option<String>,
    /// The server does not use it: it failed to be built, or is switched off.
    #[serde(default, skip_serializing_if = "is_false")]
    pub invalid: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TriggerDescription {
    pub name: String,
    /// `BEFORE INSERT OR UPDATE OF status FOR EACH ROW`.
    pub event: String,
    /// What it runs: a function's call, or the text where the engine keeps it inside of the trigger.
    pub action: String,
    #[serde(default, skip_serializing_if = "is_false")]
    pub disabled: bool,
}

/// A row security policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    pub name: String,
    /// `SELECT`, `INSERT`, `UPDATE`, `DELETE` or `ALL`.
    pub command: String,
    pub roles: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub using: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub restrictive: bool,
}
