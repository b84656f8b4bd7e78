//! A policy's verdicts beside what a database really does.

use domain::connection::{Database, Policy};

use super::grammar::Sentence;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Did {
    Refused,
    Nothing,
    Something,
}

/// A database without any of our protection.
pub(super) trait Bench {
    /// Runs a text, and undoes what it did.
    async fn run(&mut self, sql: &str) -> Did;
}

/// What was found, beside what was right.
#[derive(Debug, Default)]
pub(super) struct Judged {
    /// How many were admitted and only read.
    read: usize,
    refused: usize,
    wrong: Vec<String>,
}

impl Judged {
    /// Writes must not be admitted, and what is known to read must be.
    pub(super) async fn of(
        database: &Database,
        bench: &mut impl Bench,
        sentences: impl Iterator<Item = Sentence>,
    ) -> Self {
        let mut judged = Self::default();
        for Sentence { sql, reads } in sentences {
            match Policy::READ_ONLY.admit(&sql, database.dialect.as_ref()) {
                Ok(()) => match bench.run(&sql).await {
                    Did::Something => judged.wrong.push(format!("admitted: {sql}")),
                    Did::Nothing => judged.read += 1,
                    Did::Refused => {}
                },
                Err(failure) if reads => {
                    if bench.run(&sql).await == Did::Nothing {
                        judged
                            .wrong
                            .push(format!("refused: {sql}: {}", failure.message));
                    }
                }
                Err(_) => judged.refused += 1,
            }
        }
        judged
    }

    pub(super) fn assert_right(&self) {
        assert!(
            self.wrong.is_empty(),
            "{} of them:\n{}",
            self.wrong.len(),
            self.wrong.join("\n")
        );
    }

    /// Else a grammar makes nothing that the database understands.
    pub(super) fn assert_telling(&self) {
        assert!(
            self.read > 200 && self.refused > 200,
            "{} read, {} refused",
            self.read,
            self.refused
        );
    }
}
