//! The words of a whole snapshot, taken apart once so that each search is short.

use std::{
    collections::{HashMap, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
};

use super::{
    kind::{Item, place},
    names::Names,
    rank::Search,
    vocabulary::{Gathering, Vocabulary},
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
    pub(super) vocabulary: Vocabulary,
    pub(super) texts: Vec<Text>,
    /// The texts that are names.
    pub(super) names: Names,
    /// The texts that each word stands in.
    places: Places,
    pub(super) standings: Vec<Standing>,
    stamp: u64,
    stamp_of_names: u64,
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
            builder.words.len(),
        )
            .hash(&mut hasher);
        Self {
            standings: standings(snapshot),
            places: Places::of(&builder.texts, builder.words.len()),
            vocabulary: builder.words.finish(),
            texts: builder.texts,
            names: builder.names,
            stamp: hasher.finish(),
            stamp_of_names: stamp_of_names(snapshot),
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

    /// A number that is another one when what this search finds may be other things or in another order.
    pub fn stamp(&self, search: &Search) -> u64 {
        if search.asks_for_names() {
            self.stamp_of_names
        } else {
            self.stamp
        }
    }

    /// The texts that a word stands in, alone or as all words of a name in one.
    pub(super) fn texts_with(&self, word: u32) -> &[u32] {
        self.places.of_word(word)
    }

    pub(super) fn standing(&self, id: RelationId) -> Standing {
        self.standings
            .get(id.0 as usize)
            .copied()
            .unwrap_or_default()
    }
}

/// For each word, places in [`SearchIndex::texts`].
#[derive(Debug)]
struct Places {
    /// Those of one word after those of the other.
    texts: Vec<u32>,
    /// Where those of each word end.
    ends: Vec<u32>,
}

impl Places {
    fn of(texts: &[Text], words: usize) -> Self {
        let each = || {
            texts.iter().zip(0_u32..).flat_map(|(text, at)| {
                let own = text.words.iter().copied();
                let whole = (text.words.len() > 1).then_some(text.whole);
                own.chain(whole).map(move |word| (word, at))
            })
        };
        let mut ends = vec![0_u32; words];
        for (word, _) in each() {
            if let Some(count) = ends.get_mut(word as usize) {
                *count += 1;
            }
        }
        let mut all = 0;
        for end in &mut ends {
            // Where its own begin, until they are put there.
            let count = *end;
            *end = all;
            all += count;
        }
        let mut places = vec![0; all as usize];
        for (word, at) in each() {
            let Some(next) = ends.get_mut(word as usize) else {
                continue;
            };
            if let Some(slot) = places.get_mut(*next as usize) {
                *slot = at;
            }
            *next += 1;
        }
        Self {
            texts: places,
            ends,
        }
    }

    fn of_word(&self, word: u32) -> &[u32] {
        let word = word as usize;
        let end = |at: usize| self.ends.get(at).copied().unwrap_or_default() as usize;
        let start = word.checked_sub(1).map_or(0, end);
        self.texts.get(start..end(word)).unwrap_or_default()
    }
}

#[derive(Default)]
struct Builder<'snapshot> {
    words: Gathering,
    names: Names,
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
        let places: Box<[u32]> = words.iter().map(|word| self.words.place(word)).collect();
        // A comment is never written as one word.
        let whole = match (field, words.as_slice()) {
            (Field::Name, [_, _, ..]) => self.words.place(&words.concat()),
            _ => places.first().copied().unwrap_or(u32::MAX),
        };
        let at = self.texts.len();
        if field == Field::Name {
            self.names.add(text, at);
        }
        self.texts.push(Text {
            field,
            words: places,
            whole,
            items: Vec::new(),
        });
        self.texts_by.insert((field, text), at);
        at
    }
}

/// The same whether or not more than names is known.
fn stamp_of_names(snapshot: &Snapshot) -> u64 {
    let mut hasher = DefaultHasher::new();
    snapshot.search_path.hash(&mut hasher);
    for relation in &snapshot.relations {
        // A list of names tells no more of its kind.
        (&relation.schema, &relation.name, relation.kind.is_view()).hash(&mut hasher);
    }
    for schema in &snapshot.schemas {
        schema.name.hash(&mut hasher);
    }
    for routine in &snapshot.routines {
        (&routine.schema, &routine.name).hash(&mut hasher);
    }
    for sequence in &snapshot.sequences {
        (
            &sequence.schema,
            &sequence.name,
            sequence.owned_by.is_some(),
        )
            .hash(&mut hasher);
    }
    for user_type in &snapshot.types {
        (&user_type.schema, &user_type.name).hash(&mut hasher);
    }
    for trigger in &snapshot.triggers {
        (trigger.table.0, &trigger.name).hash(&mut hasher);
    }
    hasher.finish()
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
