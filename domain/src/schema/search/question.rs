//! What is searched for, and how well one word answers to another.

use super::words::{singular, words};

/// Words beyond these are not looked at.
pub(super) const MOST_WORDS: usize = 8;

/// How well something answers to each word of a question: 0 is not at all, 100 is that very word.
pub(super) type Grades = [u8; MOST_WORDS];

pub(super) const EXACT: u8 = 100;
/// The same word in another number.
pub(super) const SAME: u8 = 92;
/// The least that counts in running text, where a part of a word or a near one is chance.
pub(super) const PREFIX: u8 = 60;
/// The least that is no typing mistake, but for a shortened word.
pub(super) const PART: u8 = 50;
const SHORTENED: u8 = 45;
const TYPING_MISTAKE: u8 = 40;

/// Words that say nothing of what is searched for, unless there are no others.
const SMALL: &[&str] = &[
    "a", "all", "an", "and", "at", "by", "each", "every", "for", "from", "in", "is", "of", "on",
    "or", "per", "the", "to", "with",
];

/// A question in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) words: Vec<String>,
    /// All of them in one, as a name could be written without anything between.
    pub(super) whole: String,
}

impl Question {
    pub(super) fn of(text: &str) -> Self {
        let all = words(text);
        let whole = all.concat();
        let mut kept: Vec<String> = Vec::new();
        for word in &all {
            if !SMALL.contains(&word.as_str()) && !kept.contains(word) {
                kept.push(word.clone());
            }
        }
        if kept.is_empty() {
            kept = all;
        }
        kept.truncate(MOST_WORDS);
        Self { words: kept, whole }
    }
}

/// How well `known`, a word of the schema, answers to `asked`. Typing mistakes are not forgiven here.
pub(super) fn grade(asked: &str, known: &str) -> u8 {
    if asked == known {
        return EXACT;
    }
    if singular(asked) == singular(known) {
        return SAME;
    }
    let length = asked.chars().count();
    if weighs(asked, length, 2) && known.starts_with(asked) {
        let more = known.chars().count().saturating_sub(length).min(10);
        return 80 - 2 * u8::try_from(more).unwrap_or(10);
    }
    if weighs(asked, length, 3) && known.contains(asked) {
        return PART;
    }
    // `cust` for customer, `qty` is beyond us.
    if known.len() >= 3 && known.len() * 3 >= asked.len() && asked.starts_with(known) {
        return SHORTENED;
    }
    0
}

/// Whether a word of this length says enough to be looked for in others: a single letter begins every other word, and two
/// are part of many; an ideogram is a word.
pub(super) fn weighs(asked: &str, length: usize, least: usize) -> bool {
    length >= least || !asked.is_ascii()
}

/// How many typing mistakes a word of this length may have; `None` if it is too short for any.
pub(super) fn forgiven(length: usize) -> Option<usize> {
    match length {
        0..=3 => None,
        4..=7 => Some(1),
        _ => Some(2),
    }
}

/// As [`grade`] for a word that nothing in the schema answers to: it may be misspelt.
pub(super) fn grade_misspelt(asked: &str, known: &str) -> u8 {
    let length = asked.chars().count();
    let Some(forgiven) = forgiven(length) else {
        return 0;
    };
    // The number may differ besides.
    let one = singular(known);
    let distance = |known: &str| {
        if known.chars().count().abs_diff(length) > forgiven {
            return usize::MAX;
        }
        strsim::damerau_levenshtein(asked, known)
    };
    match distance(known).min(if *one == *known {
        usize::MAX
    } else {
        distance(&one)
    }) {
        0 | 1 => TYPING_MISTAKE,
        2 if forgiven == 2 => TYPING_MISTAKE - 8,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_say_nothing_are_left_out() {
        let question = Question::of("revenue by the category");

        assert_eq!(question.words, ["revenue", "category"]);
        assert_eq!(Question::of("of").words, ["of"]);
    }

    #[test]
    fn the_nearer_a_word_the_better_its_grade() {
        let grades: Vec<u8> = [
            "order",
            "orders",
            "ordering",
            "orderconfirmation",
            "reorder",
            "ord",
            "customer",
        ]
        .iter()
        .map(|known| grade("order", known))
        .collect();

        assert_eq!(grades, [100, 92, 74, 60, 50, 45, 0]);
    }

    #[test]
    fn a_small_typing_mistake_is_forgiven_and_a_large_one_is_not() {
        for (asked, known, expected) in [
            ("custmer", "customer", 40),
            ("cutsomer", "customer", 40),
            ("kustomers", "customer", 32),
            ("kustomar", "customer", 32),
            ("kostumer", "customer", 0),
            ("catgeory", "categories", 40),
            ("cat", "car", 0),
            ("order", "older", 40),
            ("order", "colder", 0),
        ] {
            assert_eq!(grade_misspelt(asked, known), expected, "{asked} {known}");
        }
    }
}
