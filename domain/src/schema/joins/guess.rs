//! Keys that nobody has declared: columns that are called like another table's key.

use std::collections::{HashMap, HashSet};

use crate::schema::{
    search::{singular, words},
    snapshot::{ForeignKey, Relation, RelationId, Snapshot},
};

/// Names of keys that say nothing without their table's.
const BARE: &[&str] = &[
    "id", "uuid", "guid", "key", "code", "no", "nr", "number", "pk", "oid",
];
/// Names that many tables' columns have, each for something of its own.
const WORN: &[&str] = &[
    "name",
    "title",
    "label",
    "type",
    "kind",
    "status",
    "state",
    "description",
    "value",
    "position",
    "slug",
];
/// A name that more tables' keys have means none of them.
const MOST_MEANT: usize = 3;

/// A unique column, as it would be called in another table.
type Known = HashMap<String, Vec<(RelationId, u16)>>;

/// Columns of one table, in the order of a key.
type Columns = (RelationId, Box<[u16]>);

/// The names of a key's columns, and the tables that have such a key.
type Meant<'a> = (&'a [&'a str], &'a [Columns]);

pub(super) fn keys(snapshot: &Snapshot) -> Vec<ForeignKey> {
    let mut keys = of_one_column(snapshot);
    keys.extend(of_several_columns(snapshot));
    // Two keys that look like each other are one guess, not one in each direction.
    let mut seen = HashSet::new();
    keys.retain(|key| {
        let (from, to) = ((key.from, &key.columns), (key.to, &key.referenced));
        let ends = if from <= to { (from, to) } else { (to, from) };
        seen.insert((ends.0.0, ends.0.1.clone(), ends.1.0, ends.1.1.clone()))
    });
    keys
}

fn of_one_column(snapshot: &Snapshot) -> Vec<ForeignKey> {
    let known = known(snapshot);
    let mut names: HashMap<&str, Option<&[(RelationId, u16)]>> = HashMap::new();
    let mut keys = Vec::new();
    for (id, relation) in snapshot.ids() {
        for (column, place) in relation.columns.iter().zip(0_u16..) {
            let meant = *names
                .entry(&column.name)
                .or_insert_with(|| known.get(&plain(&column.name)).map(Vec::as_slice));
            let near = nearby(snapshot, relation, meant.unwrap_or_default(), |key| key.0);
            for (parent, referenced) in near {
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
            if !says_nothing(&column) {
                called.push(column);
            }
            called.dedup();
            for name in called {
                known.entry(name).or_default().push((id, place));
            }
        }
    }
    known
}

/// A key of several columns, all of which another table has under the same names and with the same types.
fn of_several_columns(snapshot: &Snapshot) -> Vec<ForeignKey> {
    let plains = Plains::of(snapshot);
    let mut meant: HashMap<Vec<&str>, Vec<Columns>> = HashMap::new();
    for (id, relation) in snapshot.ids() {
        for key in relation.keys.iter().filter(|key| key.columns.len() > 1) {
            let mut parts: Vec<(&str, u16)> = key
                .columns
                .iter()
                .filter_map(|place| Some((plains.name(relation, *place)?, *place)))
                .collect();
            parts.sort_unstable();
            let (names, places): (Vec<&str>, Vec<u16>) = parts.into_iter().unzip();
            if !names.iter().any(|name| says_nothing(name)) {
                let columns = (id, places.into_boxed_slice());
                meant.entry(names).or_default().push(columns);
            }
        }
    }
    // Each is looked for where the rarest of its names is.
    let mut by_rarest: HashMap<&str, Vec<Meant<'_>>> = HashMap::new();
    for (names, parents) in &meant {
        let rarest = names.iter().min_by_key(|name| (plains.count(name), **name));
        if let Some(rarest) = rarest {
            let known = by_rarest.entry(rarest).or_default();
            known.push((names, parents));
        }
    }
    let mut keys = Vec::new();
    for (id, relation) in snapshot.ids() {
        for place in places(relation) {
            let Some(known) = plains
                .name(relation, place)
                .and_then(|name| by_rarest.get(name))
            else {
                continue;
            };
            for (names, parents) in known {
                let columns: Option<Box<[u16]>> = names
                    .iter()
                    .map(|name| {
                        places(relation).find(|at| plains.name(relation, *at) == Some(name))
                    })
                    .collect();
                let Some(columns) = columns else { continue };
                for (parent, referenced) in nearby(snapshot, relation, parents, |key| key.0) {
                    let alike = columns
                        .iter()
                        .zip(&referenced)
                        .all(|(one, other)| same_type(snapshot, (id, *one), (parent, *other)));
                    if parent != id && alike {
                        // As they stand in the table with the key.
                        let mut pairs: Vec<(u16, u16)> = referenced
                            .iter()
                            .copied()
                            .zip(columns.iter().copied())
                            .collect();
                        pairs.sort_unstable();
                        let (referenced, columns): (Vec<u16>, Vec<u16>) = pairs.into_iter().unzip();
                        keys.push(ForeignKey {
                            name: Box::default(),
                            from: id,
                            columns: columns.into_boxed_slice(),
                            to: parent,
                            referenced: referenced.into_boxed_slice(),
                        });
                    }
                }
            }
        }
    }
    keys.sort_by(|one, other| {
        let ends = |key: &ForeignKey| (key.from, key.to, key.columns.clone());
        ends(one).cmp(&ends(other))
    });
    keys
}

fn places(relation: &Relation) -> impl Iterator<Item = u16> {
    relation.columns.iter().zip(0_u16..).map(|(_, place)| place)
}

/// The names of all columns without what differs between styles of writing, each distinct one made once.
struct Plains<'a>(HashMap<&'a str, String>, HashMap<String, usize>);

impl<'a> Plains<'a> {
    fn of(snapshot: &'a Snapshot) -> Self {
        let mut plains: HashMap<&str, String> = HashMap::new();
        let mut counts: HashMap<String, usize> = HashMap::new();
        for column in snapshot.relations.iter().flat_map(|one| &one.columns) {
            let name = plains
                .entry(&column.name)
                .or_insert_with(|| plain(&column.name));
            match counts.get_mut(name.as_str()) {
                Some(count) => *count += 1,
                None => {
                    counts.insert(name.clone(), 1);
                }
            }
        }
        Self(plains, counts)
    }

    fn name(&self, relation: &Relation, place: u16) -> Option<&str> {
        let column = relation.columns.get(usize::from(place))?;
        self.0.get(&*column.name).map(String::as_str)
    }

    fn count(&self, plain: &str) -> usize {
        self.1.get(plain).copied().unwrap_or_default()
    }
}

fn says_nothing(plain: &str) -> bool {
    BARE.contains(&plain) || WORN.contains(&plain)
}

/// A name without what differs between styles of writing.
fn plain(name: &str) -> String {
    words(name).join("_")
}

/// Those in the table's own schema, if there are any.
fn nearby<T: Clone>(
    snapshot: &Snapshot,
    relation: &Relation,
    meant: &[T],
    table: impl Fn(&T) -> RelationId,
) -> Vec<T> {
    let is_near = |meant: &&T| {
        snapshot
            .relation(table(meant))
            .is_some_and(|parent| parent.schema == relation.schema)
    };
    let near: Vec<T> = meant.iter().filter(is_near).cloned().collect();
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
