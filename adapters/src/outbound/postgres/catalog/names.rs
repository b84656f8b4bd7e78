//! What everything is called, in one question: a tenth of the work of reading all that is known of it.

use std::{collections::HashMap, sync::Arc};

use domain::schema::{
    Namespace, Relation, RelationId, Routine, Sequence, Snapshot, Trigger, UserType,
};

use super::{super::super::records::Record, reading::relation_kind};

pub(super) const QUESTION: &str = include_str!("../queries/catalog/names.sql");

/// One thing, as the server tells it.
#[derive(Debug)]
struct Named {
    name: Box<str>,
    /// The server's; of a trigger that of its table.
    number: u64,
    /// The number of its schema; of a schema its place on the search path.
    place: Option<u64>,
    more: Option<Box<str>>,
}

/// By kind, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Names {
    schemas: Vec<Named>,
    relations: Vec<Named>,
    triggers: Vec<Named>,
    routines: Vec<Named>,
    sequences: Vec<Named>,
    types: Vec<Named>,
}

impl Names {
    /// Takes a row in: kind of thing, name, number, schema, and one thing more.
    pub(super) fn add(&mut self, record: &Record) {
        let Some(number) = record.number(2) else {
            return;
        };
        let kind = match record.text(0) {
            "schema" => &mut self.schemas,
            "relation" => &mut self.relations,
            "trigger" => &mut self.triggers,
            "routine" => &mut self.routines,
            "sequence" => &mut self.sequences,
            _ => &mut self.types,
        };
        kind.push(Named {
            name: record.text(1).into(),
            number,
            place: record.number(3),
            more: record.some(4).map(Into::into),
        });
    }

    pub(super) fn finish(mut self) -> Snapshot {
        let path = self.search_path();
        self.schemas
            .sort_unstable_by(|one, other| one.name.cmp(&other.name));
        let schemas: Vec<(u64, Arc<str>)> = self
            .schemas
            .iter()
            .map(|schema| (schema.number, schema.name.as_ref().into()))
            .collect();
        let by_number: HashMap<u64, Arc<str>> = schemas.iter().cloned().collect();
        // What is in a schema that the role may not use is not told of.
        let placed = |things: Vec<Named>| in_order(things, &by_number);
        let mut ids = HashMap::new();
        let relations = placed(self.relations)
            .zip(0_u32..)
            .map(|((schema, relation), id)| {
                ids.insert(relation.number, RelationId(id));
                let kind = relation.more.as_deref().unwrap_or_default();
                bare(schema, &relation.name, kind)
            })
            .collect();
        self.triggers.sort_unstable_by(|one, other| {
            (one.number, &one.name).cmp(&(other.number, &other.name))
        });
        let triggers = self.triggers.into_iter().filter_map(|trigger| {
            Some(Trigger {
                table: *ids.get(&trigger.number)?,
                name: trigger.name,
                event: Box::default(),
            })
        });
        Snapshot {
            search_path: path,
            schemas: schemas
                .into_iter()
                .map(|(_, name)| Namespace {
                    name,
                    comment: None,
                })
                .collect(),
            relations,
            triggers: triggers.collect(),
            routines: placed(self.routines)
                .map(|(schema, routine)| Routine {
                    schema,
                    name: routine.name,
                    kind: "function",
                    signature: Box::default(),
                    volatility: None,
                    comment: None,
                })
                .collect(),
            sequences: placed(self.sequences)
                .map(|(schema, sequence)| Sequence {
                    schema,
                    name: sequence.name,
                    owned_by: sequence.more,
                    definition: None,
                })
                .collect(),
            types: placed(self.types)
                .map(|(schema, user_type)| UserType {
                    schema,
                    name: user_type.name,
                    kind: "type",
                    definition: Box::default(),
                    comment: None,
                })
                .collect(),
            ..Snapshot::default()
        }
    }

    fn search_path(&self) -> Vec<Arc<str>> {
        let mut path: Vec<(u64, &str)> = self
            .schemas
            .iter()
            .filter_map(|schema| Some((schema.place?, &*schema.name)))
            .collect();
        path.sort_unstable();
        path.into_iter().map(|(_, name)| name.into()).collect()
    }
}

/// Takes in what is kept from the role: schema, name and kind of a relation; of a schema its name alone.
pub(super) fn add_withheld(withheld: &mut Snapshot, record: &Record) {
    let schema: Arc<str> = record.text(0).into();
    match record.some(1) {
        None => withheld.schemas.push(Namespace {
            name: schema,
            comment: None,
        }),
        Some(name) => withheld.relations.push(bare(schema, name, record.text(2))),
    }
}

/// A relation of which nothing but its name and its kind is known.
fn bare(schema: Arc<str>, name: &str, kind: &str) -> Relation {
    Relation {
        schema,
        name: name.into(),
        kind: relation_kind(kind),
        comment: None,
        estimated_rows: None,
        partitions: 0,
        columns: Vec::new(),
        keys: Vec::new(),
    }
}

/// By schema and name, as the server sorts names: by their bytes. Of the same name the older one comes first.
fn in_order(
    things: Vec<Named>,
    schemas: &HashMap<u64, Arc<str>>,
) -> impl Iterator<Item = (Arc<str>, Named)> {
    let mut placed: Vec<(Arc<str>, Named)> = things
        .into_iter()
        .filter_map(|thing| Some((Arc::clone(schemas.get(&thing.place?)?), thing)))
        .collect();
    placed.sort_unstable_by(|(one_schema, one), (other_schema, other)| {
        (one_schema, &one.name, one.number).cmp(&(other_schema, &other.name, other.number))
    });
    placed.into_iter()
}
