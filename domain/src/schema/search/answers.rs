//! How well each thing answers to a question, by its own words and by those of what it holds.

use std::collections::HashMap;

use super::{
    index::{Field, Text},
    kind::Item,
    question::{EXACT, Grades, PREFIX, Question, SAME},
    vocabulary::Vocabulary,
};

/// A name that answers like this to one word is told, however many other words there are.
const NAMED: u8 = 80;
/// How much a word counts that is found somewhere else than in the name: in percent.
const IN_COLUMN: u32 = 55;
const IN_COMMENT: u32 = 50;
const IN_COLUMNS_COMMENT: u32 = 35;
/// Added for the very name, for all of its words, and for a name that begins with what was asked.
const VERY_NAME: u32 = 400;
const ALL_WORDS: u32 = 300;
const BEGINNING: u32 = 100;
/// Added for a name all of whose words were asked for, among others.
const NOTHING_ELSE: u32 = 150;

/// A question with what answers to its words. Words that nothing answers to are left out: they would only count against
/// everything.
pub(super) struct Answered {
    pub(super) question: Question,
    /// By place in the vocabulary.
    pub(super) grades: Vec<Grades>,
    /// The places of all words that answer.
    pub(super) words: Vec<u32>,
}

impl Answered {
    pub(super) fn of(question: &Question, vocabulary: &Vocabulary) -> Self {
        let mut answered = Self {
            question: Question {
                words: Vec::new(),
                whole: question.whole.clone(),
            },
            grades: vec![Grades::default(); vocabulary.len()],
            words: Vec::new(),
        };
        for word in &question.words {
            let answering = vocabulary.answering(word);
            if answering.is_empty() {
                continue;
            }
            let at = answered.question.words.len();
            answered.question.words.push(word.clone());
            for (place, grade) in answering {
                let grades = answered.grades.get_mut(place as usize);
                if let Some(slot) = grades.and_then(|grades| grades.get_mut(at)) {
                    *slot = grade;
                }
                answered.words.push(place);
            }
        }
        answered.words.sort_unstable();
        answered.words.dedup();
        answered
    }
}

/// How a text answers to a question.
pub(super) struct Told {
    pub(super) grades: Grades,
    pub(super) bonus: u32,
}

/// `None` if it does not answer.
pub(super) fn graded(text: &Text, answered: &Answered, vocabulary: &Vocabulary) -> Option<Told> {
    let Answered {
        question, grades, ..
    } = answered;
    let of = |word: &u32| grades.get(*word as usize).copied().unwrap_or_default();
    let mut grades = Grades::default();
    let mut answering = 0_u32;
    for word in &text.words {
        let word = of(word);
        if word == Grades::default() {
            continue;
        }
        answering += 1;
        for (best, grade) in grades.iter_mut().zip(word) {
            *best = (*best).max(grade);
        }
    }
    if text.field == Field::Comment {
        for grade in &mut grades {
            *grade = if *grade >= PREFIX { *grade } else { 0 };
        }
        return (grades != Grades::default()).then_some(Told { grades, bonus: 0 });
    }
    let count = u32::try_from(text.words.len().max(1)).unwrap_or(1);
    // The more of the name was asked for, the better.
    let share = 60 + 40 * answering / count;
    for (best, whole) in grades.iter_mut().zip(of(&text.whole)) {
        let of_words = u32::from(*best) * share / 100;
        let of_whole = u32::from(whole) * 90 / 100;
        *best = u8::try_from(of_words.max(of_whole)).unwrap_or(EXACT);
    }
    if grades == Grades::default() {
        return None;
    }
    let asked = question.words.len();
    let is_whole = vocabulary.word(text.whole) == question.whole;
    let begins = text
        .words
        .iter()
        .zip(0..asked)
        .filter(|(word, at)| of(word).get(*at).is_some_and(|grade| *grade >= SAME))
        .count()
        == asked;
    let named = text
        .words
        .iter()
        .filter(|word| of(word).iter().any(|grade| *grade >= SAME))
        .count();
    let bonus = match (is_whole, begins) {
        (true, _) => VERY_NAME,
        (_, true) if asked == text.words.len() => ALL_WORDS,
        (_, true) => BEGINNING,
        _ if named == text.words.len() => NOTHING_ELSE,
        _ => 0,
    };
    Some(Told { grades, bonus })
}

/// How one thing answers.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Answer {
    pub(super) best: Grades,
    /// By its own name.
    pub(super) own: Grades,
    pub(super) bonus: u32,
}

impl Answer {
    pub(super) fn raise(&mut self, grades: Grades, percent: u32) {
        for (best, grade) in self.best.iter_mut().zip(grades) {
            let weighed = u8::try_from(u32::from(grade) * percent / 100).unwrap_or(EXACT);
            *best = (*best).max(weighed);
        }
    }

    /// Whether one word is its name, more or less.
    pub(super) fn is_named(&self) -> bool {
        self.own.iter().any(|grade| *grade >= NAMED)
    }

    pub(super) fn matched(&self) -> usize {
        self.best.iter().filter(|grade| **grade > 0).count()
    }
}

/// How everything answers that answers at all.
#[derive(Default)]
pub(super) struct Answers {
    pub(super) relations: Vec<Answer>,
    pub(super) others: HashMap<Item, Answer>,
}

impl Answers {
    pub(super) fn add(&mut self, item: Item, field: Field, told: &Told, columns_too: bool) {
        let own = if field == Field::Name {
            100
        } else {
            IN_COMMENT
        };
        match item {
            Item::Relation(id) => {
                if let Some(answer) = self.relations.get_mut(id.0 as usize) {
                    answer.take(told, own, field);
                }
            }
            Item::Column(id, _) => {
                let in_table = if field == Field::Name {
                    IN_COLUMN
                } else {
                    IN_COLUMNS_COMMENT
                };
                if let Some(answer) = self.relations.get_mut(id.0 as usize) {
                    answer.raise(told.grades, in_table);
                }
                if columns_too {
                    self.others.entry(item).or_default().take(told, own, field);
                }
            }
            _ => self.others.entry(item).or_default().take(told, own, field),
        }
    }
}

impl Answer {
    pub(super) fn take(&mut self, told: &Told, percent: u32, field: Field) {
        self.raise(told.grades, percent);
        self.bonus = self.bonus.max(told.bonus);
        if field == Field::Name {
            self.own = told.grades;
        }
    }
}
