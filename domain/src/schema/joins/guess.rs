//! Keys that nobody has declared: columns that are called like another table's key.

use std::collections::HashMap;

use crate::schema::{
    search::{singular, words},
    snapshot::{ForeignKey, Relation, RelationId, Snapshot},
};

/// Names of keys that say nothing without their table's.
const BARE: &[&str] = &[
    "id", "uuid", "guid", "key", "code", "no", "nr", "number", "pk", "oid",
];
/// A name that more tables' keys have means none of them.
const MOST_MEANT: usize = 3;

/// A unique column, as it would be called in another table.
type Known = HashMap<String, Vec<(RelationId, u16)>>;

pub(super) fn keys(snapshot: &Snapshot) -> Vec<ForeignKey> {
    let known = known(snapshot);
    let mut names: HashMap<&str, Option<&[(RelationId, u16)]>> = HashMap::new();
    let mut keys = Vec::new();
    for (id, relation) in snapshot.ids() {
        for (column, place) in relation.columns.iter().zip(0_u16..) {
            let meant = *names
                .entry(&column.name)
                .or_insert_with(|| known.get(&plain(&column.name)).map(Vec::as_slice));
            for (parent, referenced) in nearby(snapshot, relation, meant.unwrap_or_default()) {
                if parent != id && same_type(snapshot, (id, place), (parent, referenced)) {
                    keys.push(ForeignKey {
                        name: Box::default(),
                        from: id,
                        columns: Box::new([place]),
                        to: parent,
                        referenced: Box::new([referenced]),
                    });
                }
            }
        }
    }
    keys
}

fn known(snapshot: &Snapshot) -> Known {
    let mut known = Known::new();
    for (id, relation) in snapshot.ids() {
        let mut table = words(&relation.name);
        let whole = table.join("_");
        if let Some(last) = table.last_mut() {
            *last = singular(last).into_owned();
        }
        let one = table.join("_");
        for key in &relation.keys {
            let [place] = *key.columns else { continue };
            let Some(column) = relation.columns.get(usize::from(place)) else {
                continue;
            };
            let column = plain(&column.name);
            let mut called = vec![format!("{one}_{column}"), format!("{whole}_{column}")];
            if !BARE.contains(&column.as_str()) {
                called = if key.is_primary {
                    vec![column]
                } else {
                    Vec::new()
                };
            }
            called.dedup();
            for name in called {
                known.entry(name).or_default().push((id, place));
            }
        }
    }
    known
}

/// A name without what differs between styles of writing.
fn plain(name: &str) -> String {
    words(name).join("_")
}

/// Those in the column's own schema, if there are any.
fn nearby(
    snapshot: &Snapshot,
    relation: &Relation,
    meant: &[(RelationId, u16)],
) -> Vec<(RelationId, u16)> {
    let is_near = |id: RelationId| {
        snapshot
            .relation(id)
            .is_some_and(|parent| parent.schema == relation.schema)
    };
    let near: Vec<_> = meant
        .iter()
        .copied()
        .filter(|(id, _)| is_near(*id))
        .collect();
    let chosen = if near.is_empty() {
        meant.to_vec()
    } else {
        near
    };
    if chosen.len() > MOST_MEANT {
        Vec::new()
    } else {
        chosen
    }
}

fn same_type(snapshot: &Snapshot, one: (RelationId, u16), other: (RelationId, u16)) -> bool {
    let family = |(id, place): (RelationId, u16)| {
        let column = snapshot.relation(id)?.columns.get(usize::from(place))?;
        Some(family(&column.type_name))
    };
    family(one) == family(other)
}

/// What a type is called in every engine alike: whole numbers compare with whole numbers, texts with texts.
fn family(declared: &str) -> String {
    let lower = declared.to_lowercase();
    let word = lower
        .split(|character: char| !character.is_alphanumeric())
        .next()
        .unwrap_or_default();
    let is_text = ["char", "text", "clob", "string"]
        .iter()
        .any(|part| word.contains(part));
    let is_whole = word.contains("int") && word != "interval" || word.contains("serial");
    match word {
        _ if is_whole => "integer".to_owned(),
        _ if is_text => "text".to_owned(),
        "decimal" | "numeric" => "numeric".to_owned(),
        other => other.to_owned(),
    }
}
