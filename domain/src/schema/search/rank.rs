//! Which things answer to a question, best first.

use std::{cmp::Reverse, collections::HashMap};

use super::{
    answers::{Answer, Answered, Answers, graded},
    index::{Field, SearchIndex, Text},
    kind::{Item, Kind},
    pattern::Pattern,
    question::{Grades, MOST_WORDS, Question},
    words::folded,
};
use crate::schema::snapshot::{RelationId, Snapshot};

/// What to look for, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// Words, or a pattern with `%`. Everything, if it is left out.
    pub text: Option<String>,
    /// All kinds if empty; but columns and indexes are told with their tables then, sequences of columns with none, and
    /// schemas only if words ask for them.
    pub kinds: Vec<Kind>,
    /// In this schema alone.
    pub schema: Option<String>,
    /// By name rather than by importance, where no words rank what is found.
    pub by_name: bool,
}

impl Search {
    /// Whether it is answered from what things are called, and nothing else of them: all things of some kinds by name.
    pub fn asks_for_names(&self) -> bool {
        let is_more = |kind: &Kind| matches!(kind, Kind::Column | Kind::Index);
        self.by_name && self.text.is_none() && !self.kinds.iter().any(is_more)
    }
}

/// A part of what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub items: Vec<Item>,
    /// Of all that was found.
    pub total: usize,
}

/// In which order what was found is told: the better score, the kind, the name.
type Key = (Reverse<u32>, Kind, u32, Item);

/// What a word counts that is found in the schema's or the table's name, in percent.
const IN_OWNER: u32 = 30;
/// What things count that are no tables.
const NOT_A_TABLE: u32 = 85;

impl SearchIndex {
    /// What answers to `search`, from the place `offset` on.
    pub fn search(
        &self,
        snapshot: &Snapshot,
        search: &Search,
        offset: usize,
        limit: usize,
    ) -> Found {
        let pattern = search.text.as_deref().and_then(Pattern::of);
        let question = search
            .text
            .as_deref()
            .map(Question::of)
            .filter(|question| pattern.is_none() && !question.words.is_empty());
        let scope = Scope::new(self, snapshot, search);
        let mut keys = match question {
            Some(question) => scope.answering(&question),
            // Nothing but punctuation finds nothing.
            None if pattern.is_none()
                && search
                    .text
                    .as_deref()
                    .is_some_and(|text| !text.trim().is_empty()) =>
            {
                Vec::new()
            }
            None => scope.all(pattern.as_ref(), search.by_name),
        };
        let total = keys.len();
        let end = offset.saturating_add(limit);
        if end < total {
            keys.select_nth_unstable(end);
            keys.truncate(end);
        }
        keys.sort_unstable();
        Found {
            items: keys
                .into_iter()
                .skip(offset)
                .map(|(.., item)| item)
                .collect(),
            total,
        }
    }
}

/// What may be found.
struct Scope<'a> {
    index: &'a SearchIndex,
    snapshot: &'a Snapshot,
    search: &'a Search,
}

impl<'a> Scope<'a> {
    fn new(index: &'a SearchIndex, snapshot: &'a Snapshot, search: &'a Search) -> Self {
        Self {
            index,
            snapshot,
            search,
        }
    }

    fn wants(&self, kind: Kind) -> bool {
        if self.search.kinds.is_empty() {
            let is_told_otherwise = kind == Kind::Schema && self.search.text.is_none();
            !matches!(kind, Kind::Column | Kind::Index) && !is_told_otherwise
        } else {
            self.search.kinds.contains(&kind)
        }
    }

    fn includes(&self, item: Item) -> bool {
        let schema = &self.search.schema;
        self.wants(item.kind(self.snapshot))
            && schema
                .as_deref()
                .is_none_or(|schema| self.schema_of(item) == Some(schema))
            && !(self.search.kinds.is_empty() && self.belongs_to_column(item))
    }

    fn belongs_to_column(&self, item: Item) -> bool {
        matches!(item, Item::Sequence(at)
            if self.snapshot.sequences.get(at as usize).is_some_and(|sequence| sequence.owned_by.is_some()))
    }

    /// The relation that it is or belongs to.
    fn relation_of(&self, item: Item) -> Option<RelationId> {
        match item {
            Item::Relation(id) | Item::Column(id, _) => Some(id),
            Item::Index(at) => self
                .snapshot
                .indexes
                .get(at as usize)
                .map(|index| index.table),
            Item::Trigger(at) => self
                .snapshot
                .triggers
                .get(at as usize)
                .map(|trigger| trigger.table),
            _ => None,
        }
    }

    fn schema_of(&self, item: Item) -> Option<&'a str> {
        let snapshot = self.snapshot;
        match item {
            Item::Routine(at) => snapshot
                .routines
                .get(at as usize)
                .map(|routine| &*routine.schema),
            Item::Type(at) => snapshot
                .types
                .get(at as usize)
                .map(|user_type| &*user_type.schema),
            Item::Schema(at) => snapshot
                .schemas
                .get(at as usize)
                .map(|schema| &*schema.name),
            Item::Sequence(at) => snapshot
                .sequences
                .get(at as usize)
                .map(|sequence| &*sequence.schema),
            _ => self
                .relation_of(item)
                .and_then(|id| snapshot.relation(id))
                .map(|relation| &*relation.schema),
        }
    }

    fn name_of(&self, item: Item) -> &'a str {
        let snapshot = self.snapshot;
        let name = match item {
            Item::Relation(id) => snapshot.relation(id).map(|relation| &*relation.name),
            Item::Column(id, at) => snapshot
                .relation(id)
                .and_then(|relation| relation.columns.get(usize::from(at)))
                .map(|column| &*column.name),
            Item::Routine(at) => snapshot
                .routines
                .get(at as usize)
                .map(|routine| &*routine.name),
            Item::Type(at) => snapshot
                .types
                .get(at as usize)
                .map(|user_type| &*user_type.name),
            Item::Schema(at) => snapshot
                .schemas
                .get(at as usize)
                .map(|schema| &*schema.name),
            Item::Sequence(at) => snapshot
                .sequences
                .get(at as usize)
                .map(|sequence| &*sequence.name),
            Item::Index(at) => snapshot.indexes.get(at as usize).map(|index| &*index.name),
            Item::Trigger(at) => snapshot
                .triggers
                .get(at as usize)
                .map(|trigger| &*trigger.name),
        };
        name.unwrap_or_default()
    }

    fn key(&self, score: u32, item: Item) -> Key {
        let order = self
            .relation_of(item)
            .map_or(0, |id| self.index.standing(id).order);
        (Reverse(score), item.kind(self.snapshot), order, item)
    }

    /// Everything, or all whose whole name is like the pattern.
    fn all(&self, pattern: Option<&Pattern>, by_name: bool) -> Vec<Key> {
        let items = match pattern {
            None => self.included(self.index.names.all(), |_| true),
            // It may speak of the schema too.
            Some(pattern) if pattern.has_dot() => {
                let mut schemas = HashMap::new();
                for schema in &self.snapshot.schemas {
                    schemas.insert(&*schema.name, folded(&schema.name));
                }
                let mut whole = String::new();
                let mut is_like = |name: &str, item: Item| {
                    whole.clear();
                    let schema = self.schema_of(item).unwrap_or_default();
                    match schemas.get(schema) {
                        Some(folded) => whole.push_str(folded),
                        None => whole.push_str(&folded(schema)),
                    }
                    whole.push('.');
                    whole.push_str(name);
                    pattern.matches_folded(name) || pattern.matches_folded(&whole)
                };
                let mut items = Vec::new();
                for (text, name) in self.index.names.named() {
                    items.extend(self.included([text], |item| is_like(name, item)));
                }
                items
            }
            Some(pattern) => self.included(self.index.names.like(pattern), |_| true),
        };
        items
            .into_iter()
            .map(|item| {
                let weight = self.relation_of(item).map_or(0, |id| self.index.weight(id));
                self.key(if by_name { 0 } else { weight.into() }, item)
            })
            .collect()
    }

    /// What has one of these texts and may be found.
    fn included(
        &self,
        texts: impl IntoIterator<Item = u32>,
        mut is_like: impl FnMut(Item) -> bool,
    ) -> Vec<Item> {
        texts
            .into_iter()
            .filter_map(|text| self.index.texts.get(text as usize))
            .flat_map(|text: &Text| &text.items)
            .copied()
            .filter(|item| self.includes(*item) && is_like(*item))
            .collect()
    }

    fn answering(&self, question: &Question) -> Vec<Key> {
        let index = self.index;
        let answered = Answered::of(question, &index.vocabulary);
        let mut answers = Answers::default();
        answers
            .relations
            .resize(self.snapshot.relations.len(), Answer::default());
        let mut schemas: HashMap<&str, Grades> = HashMap::new();
        let with = |word: &u32| index.texts_with(*word).iter().copied();
        let mut texts: Vec<u32> = answered.words.iter().flat_map(with).collect();
        texts.sort_unstable();
        texts.dedup();
        for text in texts {
            let Some(text) = index.texts.get(text as usize) else {
                continue;
            };
            let Some(told) = graded(text, &answered, &index.vocabulary) else {
                continue;
            };
            for item in &text.items {
                if let Item::Schema(_) = item
                    && text.field == Field::Name
                {
                    schemas.insert(self.name_of(*item), told.grades);
                }
                answers.add(*item, text.field, &told, self.wants(Kind::Column));
            }
        }
        self.ranked(answered.question.words.len(), &answers, &schemas)
    }

    /// The keys of all that answers well enough beside what answers best.
    fn ranked(&self, asked: usize, answers: &Answers, schemas: &HashMap<&str, Grades>) -> Vec<Key> {
        let with_owner = |item: Item, mut answer: Answer| {
            let schema = self.schema_of(item).and_then(|schema| schemas.get(schema));
            if let Some(grades) = schema.filter(|_| !matches!(item, Item::Schema(_))) {
                answer.raise(*grades, IN_OWNER);
            }
            if !matches!(item, Item::Relation(_))
                && let Some(owner) = self
                    .relation_of(item)
                    .and_then(|id| answers.relations.get(id.0 as usize))
            {
                answer.raise(owner.own, IN_OWNER);
            }
            answer
        };
        let found = self
            .snapshot
            .ids()
            .zip(&answers.relations)
            .map(|((id, _), answer)| (Item::Relation(id), *answer))
            .chain(answers.others.iter().map(|(item, answer)| (*item, *answer)))
            .filter(|(_, answer)| answer.best != Grades::default())
            .filter(|(item, _)| self.includes(*item))
            .map(|(item, answer)| (item, with_owner(item, answer)));
        let found: Vec<(Item, Answer)> = found.collect();
        let weights = self.telling(asked, answers);
        let most = found
            .iter()
            .map(|(_, answer)| answer.matched())
            .max()
            .unwrap_or(0);
        found
            .iter()
            .filter(|(_, answer)| answer.matched() * 2 >= most || answer.is_named())
            .map(|(item, answer)| self.key(self.score(*item, answer, &weights), *item))
            .collect()
    }

    /// How much each word of the question tells things apart: what is in every table's comment tells nothing.
    fn telling(&self, asked: usize, answers: &Answers) -> [u32; MOST_WORDS] {
        let mut weights = [0; MOST_WORDS];
        let all = self.snapshot.relations.len();
        for (at, weight) in weights.iter_mut().enumerate().take(asked) {
            let answering = |answer: &&Answer| answer.best.get(at).is_some_and(|grade| *grade > 0);
            let count = answers.relations.iter().filter(answering).count();
            *weight = (all / count.max(1) + 1).ilog2() + 1;
        }
        weights
    }

    fn score(&self, item: Item, answer: &Answer, weights: &[u32; MOST_WORDS]) -> u32 {
        let all: u32 = weights.iter().sum::<u32>().max(1);
        let graded = || answer.best.iter().zip(weights);
        let sum: u32 = graded()
            .map(|(grade, weight)| u32::from(*grade) * weight)
            .sum();
        let matched: u32 = graded()
            .filter(|(grade, _)| **grade > 0)
            .map(|(_, weight)| weight)
            .sum();
        // All words found in different places are worth more than one of them found exactly.
        let score = sum * 10 / all * (50 + 50 * matched / all) / 100;
        match item {
            Item::Relation(id) => {
                // The centre before the rim, as far as both answer alike.
                let weight = u32::from(self.index.weight(id));
                score + answer.bonus + score * weight / 200
            }
            // Less than its table has for it.
            Item::Column(id, _) => {
                (score * 10 + answer.bonus) / 20 + u32::from(self.index.weight(id))
            }
            _ => (score + answer.bonus) * NOT_A_TABLE / 100,
        }
    }
}
