//! Statements that a database accepts, and of which is known whether they only read.

use proptest::{
    option,
    prelude::{BoxedStrategy, Just, Strategy, prop_oneof},
    sample::select,
};

use super::statements::rewriting;

/// A text of a grammar.
#[derive(Debug, Clone)]
pub(super) struct Sentence {
    pub(super) sql: String,
    /// Whether everything in it only reads.
    pub(super) reads: bool,
}

impl Sentence {
    /// `template` with one sentence for each `{}`.
    fn of(template: &str, parts: &[&Self]) -> Self {
        let mut sql = template.to_owned();
        for part in parts {
            sql = sql.replacen("{}", &part.sql, 1);
        }
        Self {
            sql,
            reads: parts.iter().all(|part| part.reads),
        }
    }
}

fn reading(texts: &'static [&'static str]) -> BoxedStrategy<Sentence> {
    select(texts)
        .prop_map(|text| Sentence {
            sql: text.to_owned(),
            reads: true,
        })
        .boxed()
}

fn acting(texts: &'static [&'static str]) -> BoxedStrategy<Sentence> {
    select(texts)
        .prop_map(|text| Sentence {
            sql: text.to_owned(),
            reads: false,
        })
        .boxed()
}

/// One of `templates` around one sentence.
fn around(
    templates: &'static [&'static str],
    inner: BoxedStrategy<Sentence>,
) -> BoxedStrategy<Sentence> {
    (select(templates), inner)
        .prop_map(|(template, inner)| Sentence::of(template, &[&inner]))
        .boxed()
}

/// One of `templates` around two.
fn between(
    templates: &'static [&'static str],
    first: BoxedStrategy<Sentence>,
    second: BoxedStrategy<Sentence>,
) -> BoxedStrategy<Sentence> {
    (select(templates), first, second)
        .prop_map(|(template, first, second)| Sentence::of(template, &[&first, &second]))
        .boxed()
}

/// The lists that an engine's grammar is made of. Every expression is a text, and every source has a column `b`.
pub(super) struct Grammar {
    pub(super) values: &'static [&'static str],
    /// Expressions that do something besides.
    pub(super) acts: &'static [&'static str],
    pub(super) of_one: &'static [&'static str],
    pub(super) of_two: &'static [&'static str],
    pub(super) of_a_query: &'static [&'static str],
    pub(super) sources: &'static [&'static str],
    pub(super) sources_of_a_query: &'static [&'static str],
    /// Queries of two expressions and a source.
    pub(super) queries: &'static [&'static str],
    /// The same, which lock or make something.
    pub(super) acting_queries: &'static [&'static str],
    pub(super) writes: &'static [&'static str],
    /// Queries of a write.
    pub(super) with_a_write: &'static [&'static str],
    /// Queries of two queries.
    pub(super) compound: &'static [&'static str],
    /// What stands around a query as a whole.
    pub(super) whole: &'static [&'static str],
    /// The same, which makes it more than a query.
    pub(super) acting_whole: &'static [&'static str],
}

impl Grammar {
    pub(super) fn statements(&self) -> BoxedStrategy<Sentence> {
        let query = self.query();
        let (acting_whole, with_a_write) = (self.acting_whole, self.with_a_write);
        prop_oneof![
            8 => query.clone(),
            3 => around(self.whole, query.clone()),
            1 => around(acting_whole, query).prop_map(|inner| Sentence { reads: false, ..inner }),
            2 => around(with_a_write, acting(self.writes)),
            1 => around(self.whole, acting(self.writes)),
            1 => acting(self.writes),
        ]
        .boxed()
    }

    fn query(&self) -> BoxedStrategy<Sentence> {
        let expression = self.expression(None);
        let source = reading(self.sources);
        let simple = self.simple(&expression, &source);
        let Self {
            compound,
            with_a_write,
            writes,
            ..
        } = *self;
        let wider: BoxedStrategy<Sentence> = {
            let expression = self.expression(Some(simple.clone()));
            let source = prop_oneof![
                2 => source,
                1 => around(self.sources_of_a_query, simple.clone()),
            ]
            .boxed();
            self.simple(&expression, &source)
        };
        let any = prop_oneof![3 => simple, 4 => wider].boxed();
        prop_oneof![
            4 => any.clone(),
            2 => between(compound, any.clone(), any),
            1 => around(with_a_write, acting(writes)),
        ]
        .boxed()
    }

    fn simple(
        &self,
        expression: &BoxedStrategy<Sentence>,
        source: &BoxedStrategy<Sentence>,
    ) -> BoxedStrategy<Sentence> {
        let parts = (expression.clone(), source.clone(), expression.clone());
        let queries = prop_oneof![
            6 => select(self.queries).prop_map(|template| (template, true)),
            1 => select(self.acting_queries).prop_map(|template| (template, false)),
        ];
        (queries, parts)
            .prop_map(|((template, reads), (first, source, second))| {
                let made = Sentence::of(template, &[&first, &source, &second]);
                Sentence {
                    reads: reads && made.reads,
                    ..made
                }
            })
            .boxed()
    }

    fn expression(&self, query: Option<BoxedStrategy<Sentence>>) -> BoxedStrategy<Sentence> {
        let leaf = match query {
            None => prop_oneof![8 => reading(self.values), 1 => acting(self.acts)].boxed(),
            Some(query) => prop_oneof![
                8 => reading(self.values),
                1 => acting(self.acts),
                3 => around(self.of_a_query, query),
            ]
            .boxed(),
        };
        let (of_one, of_two) = (self.of_one, self.of_two);
        prop_oneof![
            3 => leaf.clone(),
            2 => around(of_one, leaf.clone()),
            1 => between(of_two, leaf.clone(), around(of_one, leaf)),
        ]
        .boxed()
    }
}

/// The sentences with something at their end that changes nothing, and half of them written otherwise.
pub(super) fn varied(sentences: BoxedStrategy<Sentence>) -> BoxedStrategy<Sentence> {
    let end = prop_oneof![3 => Just(""), 1 => select(&[";", " ; -- end", " /* end */ ;", " -- ; DELETE"][..])];
    (sentences, end, option::of(rewriting()))
        .prop_map(|(sentence, end, rewriting)| {
            let sql = rewriting.map_or_else(
                || sentence.sql.clone(),
                |rewriting| rewriting.of(&sentence.sql),
            );
            Sentence {
                sql: sql + end,
                ..sentence
            }
        })
        .boxed()
}
