//! The distinct words of a schema, and which of them answer to a word that is asked for.
//!
//! A schema of 10,000 tables has tens of thousands of them. Most are ruled out without being looked at: what a word must
//! have in it is searched for in all of them at once.

use std::{cmp::Ordering, collections::HashMap};

use super::{
    kind::place,
    question::{PART, forgiven, grade, grade_misspelt, weighs},
    words::singular,
};

/// What no word has in it.
const BETWEEN: char = '\n';

#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    /// All words, one after the other, each with a line break behind it.
    text: String,
    /// Where in `text` each word begins.
    starts: Vec<u32>,
    /// Places of words, in the order of the words.
    sorted: Vec<u32>,
    /// The letters of each word and of its singular.
    letters: Vec<(Letters, Letters)>,
}

impl Vocabulary {
    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    pub(super) fn word(&self, at: u32) -> &str {
        let at = at as usize;
        let Some(start) = self.starts.get(at) else {
            return "";
        };
        let end = match self.starts.get(at + 1) {
            Some(next) => *next as usize,
            None => self.text.len(),
        };
        let end = end.saturating_sub(BETWEEN.len_utf8());
        self.text.get(*start as usize..end).unwrap_or_default()
    }

    /// The words that answer to `asked`, with their grades. Only if none of them answers well may others be misspelt.
    pub(super) fn answering(&self, asked: &str) -> Vec<(u32, u8)> {
        let mut candidates = self.candidates(asked);
        candidates.sort_unstable();
        candidates.dedup();
        let graded = |at: u32| (at, grade(asked, self.word(at)));
        let mut answering: Vec<(u32, u8)> = candidates
            .into_iter()
            .map(graded)
            .filter(|(_, grade)| *grade > 0)
            .collect();
        if !answering.iter().any(|(_, grade)| *grade >= PART) {
            let shortened = answering.len();
            for at in self.perhaps_misspelt(asked) {
                let known = answering.get(..shortened).unwrap_or_default();
                if known.iter().any(|(known, _)| *known == at) {
                    continue;
                }
                let grade = grade_misspelt(asked, self.word(at));
                if grade > 0 {
                    answering.push((at, grade));
                }
            }
        }
        answering
    }

    /// Every word that [`grade`] could find to answer, and few others.
    fn candidates(&self, asked: &str) -> Vec<u32> {
        let mut found = Vec::new();
        let length = asked.chars().count();
        if weighs(asked, length, 3) {
            found.extend(
                self.text
                    .match_indices(asked)
                    .map(|(start, _)| self.at(start)),
            );
        } else if weighs(asked, length, 2) {
            found.extend(self.beginning_with(asked));
        }
        let stem = singular(asked);
        found.extend(self.place(asked));
        found.extend(self.place(&stem));
        found.extend(self.place(&format!("{stem}s")));
        found.extend(self.place(&format!("{stem}es")));
        if let Some(beginning) = stem.strip_suffix('y') {
            found.extend(self.place(&format!("{beginning}ies")));
        }
        // What it may be a longer form of.
        for (end, _) in asked.char_indices() {
            found.extend(asked.get(..end).and_then(|shorter| self.place(shorter)));
        }
        found
    }

    fn perhaps_misspelt(&self, asked: &str) -> impl Iterator<Item = u32> {
        let most = forgiven(asked.chars().count());
        let asked = Letters::of(asked);
        let near = move |letters: &Letters| most.is_some_and(|most| letters.within(asked, most));
        (0_u32..)
            .zip(&self.letters)
            .filter(move |(_, (word, singular))| near(word) || near(singular))
            .map(|(at, _)| at)
    }

    fn beginning_with(&self, prefix: &str) -> impl Iterator<Item = u32> {
        let from = self
            .sorted
            .partition_point(|known| self.word(*known) < prefix);
        self.sorted
            .iter()
            .skip(from)
            .take_while(move |known| self.word(**known).starts_with(prefix))
            .copied()
    }

    fn place(&self, word: &str) -> Option<u32> {
        let at = self
            .sorted
            .binary_search_by(|known| self.word(*known).cmp(word))
            .ok()?;
        self.sorted.get(at).copied()
    }

    /// The word that stands at this place of the text.
    fn at(&self, byte: usize) -> u32 {
        let after = self.starts.partition_point(|start| *start as usize <= byte);
        place(after.saturating_sub(1))
    }
}

/// Which letters are in a word, as a set of bits. Several letters may share one.
#[derive(Debug, Clone, Copy)]
struct Letters(u64);

impl Letters {
    fn of(word: &str) -> Self {
        let bit = |letter: char| 1_u64 << (u32::from(letter) % u64::BITS);
        Self(word.chars().map(bit).fold(0, |all, bit| all | bit))
    }

    /// Whether as many typing mistakes could lead from one to the other: each adds a letter, takes one away, or both.
    fn within(self, other: Self, mistakes: usize) -> bool {
        (self.0 ^ other.0).count_ones() as usize <= 2 * mistakes
    }
}

/// Gathers words, each once.
#[derive(Default)]
pub(super) struct Gathering {
    words: Vec<Box<str>>,
    known: HashMap<Box<str>, u32>,
}

impl Gathering {
    pub(super) fn len(&self) -> usize {
        self.words.len()
    }

    /// The place of a word, old or new.
    pub(super) fn place(&mut self, word: &str) -> u32 {
        if let Some(known) = self.known.get(word) {
            return *known;
        }
        let new = place(self.words.len());
        self.words.push(Box::from(word));
        self.known.insert(Box::from(word), new);
        new
    }

    pub(super) fn finish(self) -> Vocabulary {
        let mut vocabulary = Vocabulary::default();
        for word in &self.words {
            vocabulary.starts.push(place(vocabulary.text.len()));
            vocabulary.text.push_str(word);
            vocabulary.text.push(BETWEEN);
            vocabulary
                .letters
                .push((Letters::of(word), Letters::of(&singular(word))));
        }
        let mut sorted: Vec<(&str, u32)> =
            self.words.iter().map(|word| &**word).zip(0_u32..).collect();
        sorted.sort_unstable_by(|(one, _), (other, _)| -> Ordering { one.cmp(other) });
        vocabulary.sorted = sorted.into_iter().map(|(_, at)| at).collect();
        vocabulary
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words of a schema, with many that are nearly alike.
    fn vocabulary() -> Vocabulary {
        let mut words = Gathering::default();
        let stems = [
            "order", "category", "address", "box", "status", "reorder", "qty", "y", "id", "größe",
            "注文", "customer", "customs", "bus", "ies", "es", "s", "ss", "key", "ord", "a",
        ];
        for stem in stems {
            for end in ["", "s", "es", "ies", "y", "2019", "confirmation", "xs"] {
                words.place(&format!("{stem}{end}"));
                let mut letters = stem.chars();
                letters.next();
                words.place(&format!("{}{end}", letters.as_str()));
            }
        }
        words.place("categories");
        words.finish()
    }

    #[test]
    fn what_is_ruled_out_unseen_would_not_have_answered() {
        let vocabulary = vocabulary();
        let all = 0..u32::try_from(vocabulary.len()).unwrap();
        let mut asked: Vec<String> = all
            .clone()
            .map(|at| vocabulary.word(at).to_owned())
            .collect();
        for misspelt in [
            "custmer",
            "kustomers",
            "catgeory",
            "adress",
            "ordr",
            "oders",
            "statsu",
        ] {
            asked.push(misspelt.to_owned());
        }
        for asked in &asked {
            let graded = |grade: fn(&str, &str) -> u8| -> Vec<(u32, u8)> {
                let graded = all
                    .clone()
                    .map(|at| (at, grade(asked, vocabulary.word(at))));
                graded.filter(|(_, grade)| *grade > 0).collect()
            };
            let mut expected = graded(grade);
            if expected.iter().all(|(_, grade)| *grade < PART) {
                let misspelt = graded(grade_misspelt);
                let others: Vec<_> = misspelt
                    .into_iter()
                    .filter(|(at, _)| !expected.iter().any(|(known, _)| known == at))
                    .collect();
                expected.extend(others);
                expected.sort_unstable();
            }

            let mut answering = vocabulary.answering(asked);
            answering.sort_unstable();

            assert_eq!(answering, expected, "{asked}");
        }
    }
}
