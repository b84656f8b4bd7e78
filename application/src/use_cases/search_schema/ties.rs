//! The foreign keys of some tables.

use std::collections::HashMap;

use domain::schema::{ForeignKey, RelationId, Snapshot};

/// Keys out of and into each table, found in one walk over all of them.
pub(super) struct Ties<'a>(HashMap<RelationId, Tied<'a>>);

#[derive(Default)]
pub(super) struct Tied<'a> {
    pub(super) out: Vec<&'a ForeignKey>,
    pub(super) into: Vec<&'a ForeignKey>,
}

impl<'a> Ties<'a> {
    pub(super) fn of(snapshot: &'a Snapshot, tables: impl IntoIterator<Item = RelationId>) -> Self {
        let mut ties: HashMap<RelationId, Tied<'a>> = tables
            .into_iter()
            .map(|table| (table, Tied::default()))
            .collect();
        for key in &snapshot.foreign_keys {
            if let Some(tied) = ties.get_mut(&key.from) {
                tied.out.push(key);
            }
            if let Some(tied) = ties.get_mut(&key.to) {
                tied.into.push(key);
            }
        }
        Self(ties)
    }

    pub(super) fn out_of(&self, table: RelationId) -> &[&'a ForeignKey] {
        self.0.get(&table).map_or(&[], |tied| tied.out.as_slice())
    }

    pub(super) fn into(&self, table: RelationId) -> &[&'a ForeignKey] {
        self.0.get(&table).map_or(&[], |tied| tied.into.as_slice())
    }
}
