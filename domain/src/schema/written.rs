//! Names as they must be written in a statement.

use super::snapshot::{Relation, RelationId, Snapshot};
use crate::query::Dialect;

/// A name with its schema in front where it needs one.
pub fn qualified(dialect: &dyn Dialect, schema: Option<&str>, name: &str) -> String {
    match schema {
        Some(schema) => format!("{}.{}", dialect.quoted(schema), dialect.quoted(name)),
        None => dialect.quoted(name).into_owned(),
    }
}

impl Snapshot {
    /// A relation's name, with its schema where the name alone means another or none.
    pub fn written(&self, dialect: &dyn Dialect, relation: &Relation) -> String {
        let schema = (!self.is_on_path(relation)).then_some(&*relation.schema);
        qualified(dialect, schema, &relation.name)
    }

    /// Columns of a relation, by their places.
    pub fn written_columns(
        &self,
        dialect: &dyn Dialect,
        id: RelationId,
        places: &[u16],
    ) -> Vec<String> {
        let columns = self
            .relation(id)
            .map(|relation| relation.columns.as_slice());
        places
            .iter()
            .filter_map(|place| columns?.get(usize::from(*place)))
            .map(|column| dialect.quoted(&column.name).into_owned())
            .collect()
    }
}
