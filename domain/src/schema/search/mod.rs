//! How one thing is found among many: by words against names and comments, or by a pattern.

mod answers;
mod index;
mod kind;
mod names;
mod pattern;
mod question;
mod rank;
mod vocabulary;
mod words;

#[cfg(test)]
mod tests;

pub use index::SearchIndex;
pub use kind::{Item, Kind};
pub use rank::{Found, Search};
pub(super) use words::{singular, words};

use pattern::Pattern;
use question::{Question, grade, grade_misspelt};

/// Which columns of a table are told first: those that answer to what was searched for.
#[derive(Debug, Clone)]
pub struct Marker(Option<Wanted>);

#[derive(Debug, Clone)]
enum Wanted {
    Like(Pattern),
    Words(Question),
}

impl Marker {
    pub fn new(text: Option<&str>) -> Self {
        Self(text.map(|text| match Pattern::of(text) {
            Some(pattern) => Wanted::Like(pattern),
            None => Wanted::Words(Question::of(text)),
        }))
    }

    /// Whether a column of this name and comment answers.
    pub fn marks(&self, name: &str, comment: Option<&str>) -> bool {
        match &self.0 {
            None => false,
            Some(Wanted::Like(pattern)) => pattern.matches(name),
            Some(Wanted::Words(question)) => {
                let (name, comment) = (words(name), words(comment.unwrap_or_default()));
                let whole = name.concat();
                question.words.iter().any(|asked| {
                    grade(asked, &whole) > 0
                        || name.iter().any(|known| {
                            grade(asked, known) > 0 || grade_misspelt(asked, known) > 0
                        })
                        || comment
                            .iter()
                            .any(|known| grade(asked, known) >= question::PREFIX)
                })
            }
        }
    }
}
