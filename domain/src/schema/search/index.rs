//! The words of a whole snapshot, taken apart once so that each search is short.

use std::{
    collections::{HashMap, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
};

use super::{
    kind::{Item, place},
    words::words,
};
use crate::schema::snapshot::{RelationId, Snapshot};

/// Whose text it is: a name weighs more than what is said of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Field {
    Name,
    Comment,
}

/// A text that is the name or the comment of one or many things.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) field: Field,
    /// Places in the vocabulary, in order.
    pub(super) words: Box<[u32]>,
    /// All words in one, in the vocabulary too.
    pub(super) whole: u32,
    pub(super) items: Vec<Item>,
}

/// What is known of a relation besides its words.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Standing {
    /// How central it is: foreign keys in and out, and rows.
    pub(super) weight: u16,
    /// Its place among all when sorted by schema and name.
    pub(super) order: u32,
    pub(super) on_path: bool,
}

/// Finds things in the snapshot that it was made of, and in no other.
#[derive(Debug)]
pub struct SearchIndex {
    pub(super) vocabulary: Vec<Box<str>>,
    pub(super) texts: Vec<Text>,
    pub(super) standings: Vec<Standing>,
    stamp: u64,
}

impl SearchIndex {
    /// Takes some 50 ms for 150,000 columns.
    pub fn new(snapshot: &Snapshot) -> Self {
        let mut builder = Builder::default();
        builder.add_relations(snapshot);
        builder.add_others(snapshot);
        let mut hasher = DefaultHasher::new();
        for (_, relation) in snapshot.ids() {
            (
                &relation.schema,
                &relation.name,
                relation.columns.len(),
                relation.estimated_rows,
            )
                .hash(&mut hasher);
        }
        (
            snapshot.foreign_keys.len(),
            builder.texts.len(),
            builder.vocabulary.len(),
        )
            .hash(&mut hasher);
        Self {
            standings: standings(snapshot),
            vocabulary: builder.vocabulary,
            texts: builder.texts,
            stamp: hasher.finish(),
        }
    }

    /// Whether a name without a schema means this relation.
    pub fn is_on_path(&self, id: RelationId) -> bool {
        self.standing(id).on_path
    }

    /// How central a relation is, from 0 to 60.
    pub fn weight(&self, id: RelationId) -> u16 {
        self.standing(id).weight
    }

    /// A number that is another one when what is found may be other things or in another order.
    pub fn stamp(&self) -> u64 {
        self.stamp
    }

    pub(super) fn standing(&self, id: RelationId) -> Standing {
        self.standings
            .get(id.0 as usize)
            .copied()
            .unwrap_or_default()
    }
}

#[derive(Default)]
struct Builder<'snapshot> {
    vocabulary: Vec<Box<str>>,
    known: HashMap<Box<str>, u32>,
    texts: Vec<Text>,
    /// Names of columns occur again and again.
    texts_by: HashMap<(Field, &'snapshot str), usize>,
}

impl<'snapshot> Builder<'snapshot> {
    fn add_relations(&mut self, snapshot: &'snapshot Snapshot) {
        for (id, relation) in snapshot.ids() {
            self.add(Field::Name, &relation.name, Item::Relation(id));
            self.add_comment(relation.comment.as_deref(), Item::Relation(id));
            for (column, at) in relation.columns.iter().zip(0_u16..) {
                self.add(Field::Name, &column.name, Item::Column(id, at));
                self.add_comment(column.comment.as_deref(), Item::Column(id, at));
            }
        }
    }

    fn add_others(&mut self, snapshot: &'snapshot Snapshot) {
        for (at, schema) in snapshot.schemas.iter().enumerate() {
            self.add(Field::Name, &schema.name, Item::Schema(place(at)));
            self.add_comment(schema.comment.as_deref(), Item::Schema(place(at)));
        }
        for (at, index) in snapshot.indexes.iter().enumerate() {
            self.add(Field::Name, &index.name, Item::Index(place(at)));
        }
        for (at, routine) in snapshot.routines.iter().enumerate() {
            self.add(Field::Name, &routine.name, Item::Routine(place(at)));
            self.add_comment(routine.comment.as_deref(), Item::Routine(place(at)));
        }
        for (at, trigger) in snapshot.triggers.iter().enumerate() {
            self.add(Field::Name, &trigger.name, Item::Trigger(place(at)));
        }
        for (at, sequence) in snapshot.sequences.iter().enumerate() {
            self.add(Field::Name, &sequence.name, Item::Sequence(place(at)));
        }
        for (at, user_type) in snapshot.types.iter().enumerate() {
            self.add(Field::Name, &user_type.name, Item::Type(place(at)));
            self.add_comment(user_type.comment.as_deref(), Item::Type(place(at)));
        }
    }

    fn add_comment(&mut self, comment: Option<&'snapshot str>, item: Item) {
        if let Some(comment) = comment {
            self.add(Field::Comment, comment, item);
        }
    }

    fn add(&mut self, field: Field, text: &'snapshot str, item: Item) {
        let known = self.texts_by.get(&(field, text)).copied();
        let at = known.unwrap_or_else(|| self.text(field, text));
        if let Some(text) = self.texts.get_mut(at) {
            text.items.push(item);
        }
    }

    /// Takes apart a text that was not seen before.
    fn text(&mut self, field: Field, text: &'snapshot str) -> usize {
        let words = words(text);
        let places: Box<[u32]> = words.iter().map(|word| self.word(word)).collect();
        // A comment is never written as one word.
        let whole = match (field, words.as_slice()) {
            (Field::Name, [_, _, ..]) => self.word(&words.concat()),
            _ => places.first().copied().unwrap_or(u32::MAX),
        };
        let at = self.texts.len();
        self.texts.push(Text {
            field,
            words: places,
            whole,
            items: Vec::new(),
        });
        self.texts_by.insert((field, text), at);
        at
    }

    fn word(&mut self, word: &str) -> u32 {
        if let Some(known) = self.known.get(word) {
            return *known;
        }
        let new = place(self.vocabulary.len());
        self.vocabulary.push(Box::from(word));
        self.known.insert(Box::from(word), new);
        new
    }
}

fn standings(snapshot: &Snapshot) -> Vec<Standing> {
    let mut keys = vec![0_u32; snapshot.relations.len()];
    for key in &snapshot.foreign_keys {
        for end in [key.from, key.to] {
            if let Some(count) = keys.get_mut(end.0 as usize) {
                *count += 1;
            }
        }
    }
    let mut meant: HashMap<&str, RelationId> = HashMap::new();
    for schema in snapshot.search_path.iter().rev() {
        for (id, relation) in snapshot.ids() {
            if relation.schema == *schema {
                meant.insert(&relation.name, id);
            }
        }
    }
    let mut standings: Vec<Standing> = snapshot
        .ids()
        .zip(&keys)
        .map(|((id, relation), keys)| {
            let rows = relation
                .estimated_rows
                .unwrap_or(0)
                .saturating_add(1)
                .ilog2()
                / 2;
            // Eight times the logarithm, in steps of two.
            let keys = (u64::from(*keys).min(10_000) + 1).pow(4).ilog2() * 2;
            Standing {
                weight: u16::try_from(keys + rows).unwrap_or(60).min(60),
                order: 0,
                on_path: meant.get(&*relation.name) == Some(&id),
            }
        })
        .collect();
    let mut sorted: Vec<_> = snapshot.ids().collect();
    let off_path = |schema: &str| {
        snapshot
            .search_path
            .iter()
            .position(|known| &**known == schema)
            .unwrap_or(usize::MAX)
    };
    sorted.sort_by(|(_, one), (_, other)| {
        (off_path(&one.schema), &one.schema, &one.name).cmp(&(
            off_path(&other.schema),
            &other.schema,
            &other.name,
        ))
    });
    for (order, (id, _)) in sorted.iter().enumerate() {
        if let Some(standing) = standings.get_mut(id.0 as usize) {
            standing.order = place(order);
        }
    }
    standings
}
