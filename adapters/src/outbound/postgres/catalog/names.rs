//! What everything is called, in one question: a tenth of the work of reading all that is known of it.

use std::{collections::HashMap, sync::Arc};

use domain::schema::{
    Namespace, Relation, RelationId, Routine, Sequence, Snapshot, Trigger, UserType,
};

use super::{super::super::records::Record, reading::relation_kind};

pub(super) const QUESTION: &str = concat!(
    include_str!("../queries/catalog/shown.sql"),
    include_str!("../queries/catalog/names.sql")
);

#[derive(Debug, Default)]
pub(super) struct Names {
    snapshot: Snapshot,
    path: Vec<(u64, Arc<str>)>,
    /// By the server's numbers.
    places: HashMap<u64, RelationId>,
}

impl Names {
    /// Takes a row in: kind of thing, name, number, schema, and one thing more.
    pub(super) fn add(&mut self, record: &Record) {
        let snapshot = &mut self.snapshot;
        let (name, number) = (record.text(1), record.number(2));
        match record.text(0) {
            "schema" => {
                let name: Arc<str> = name.into();
                if let Some(place) = number {
                    self.path.push((place, Arc::clone(&name)));
                }
                snapshot.schemas.push(Namespace {
                    name,
                    comment: None,
                });
            }
            "relation" => {
                if let (Some(number), Ok(place)) = (number, snapshot.relations.len().try_into()) {
                    self.places.insert(number, RelationId(place));
                    let schema = self.schema(record);
                    self.snapshot.relations.push(Relation {
                        schema,
                        name: name.into(),
                        kind: relation_kind(record.text(4)),
                        comment: None,
                        estimated_rows: None,
                        partitions: 0,
                        columns: Vec::new(),
                        keys: Vec::new(),
                    });
                }
            }
            "trigger" => {
                if let Some(table) = number.and_then(|number| self.places.get(&number)) {
                    snapshot.triggers.push(Trigger {
                        table: *table,
                        name: name.into(),
                        event: Box::default(),
                    });
                }
            }
            "routine" => {
                let schema = self.schema(record);
                self.snapshot.routines.push(Routine {
                    schema,
                    name: name.into(),
                    kind: "function",
                    signature: Box::default(),
                    volatility: None,
                    comment: None,
                });
            }
            "sequence" => {
                let schema = self.schema(record);
                self.snapshot.sequences.push(Sequence {
                    schema,
                    name: name.into(),
                    owned_by: record.some(4).map(Into::into),
                });
            }
            _ => {
                let schema = self.schema(record);
                self.snapshot.types.push(UserType {
                    schema,
                    name: name.into(),
                    kind: "type",
                    definition: Box::default(),
                    comment: None,
                });
            }
        }
    }

    pub(super) fn finish(mut self) -> Snapshot {
        self.path.sort_unstable();
        self.snapshot.search_path = self.path.into_iter().map(|(_, schema)| schema).collect();
        self.snapshot
    }

    /// The schema that a row names, shared by all that are in it.
    fn schema(&self, record: &Record) -> Arc<str> {
        let name = record.text(3);
        let known = self
            .snapshot
            .schemas
            .binary_search_by(|known| (*known.name).cmp(name));
        match known.ok().and_then(|at| self.snapshot.schemas.get(at)) {
            Some(known) => Arc::clone(&known.name),
            None => name.into(),
        }
    }
}
