//! Whether the schema has changed, from what `MariaDB` counts: asking each table when it was made would open them all.
//!
//! A statement is counted when it begins. What was under way when the schema was read may have changed it since, and
//! nothing tells when: while that can be, what was read grows old, after twice the time each time.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use domain::schema::Fingerprint;
use tokio::time::Instant;

use super::super::super::records::Record;

pub(super) const QUESTION: &str = include_str!("../queries/changes.sql");

/// How soon what was read is old for the first time.
const FIRST: Duration = Duration::from_secs(4);

/// What the server tells.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Counted {
    changes: String,
    /// Whether it runs nothing but our question.
    is_quiet: bool,
}

impl Counted {
    pub(super) fn gather(&mut self, record: &Record) {
        record.text(0).clone_into(&mut self.changes);
        self.is_quiet = record.number(1) == Some(1);
    }
}

#[derive(Debug, Default)]
pub(super) struct Changes(Mutex<Option<Seen>>);

/// Since the server was last seen to have been sent a change.
#[derive(Debug)]
struct Seen {
    changes: String,
    at: Instant,
    /// How often what was read since has grown old.
    times_old: u32,
    /// When it does next; never once the server was seen with nothing under way.
    old_after: Option<Duration>,
}

impl Changes {
    pub(super) fn fingerprint(&self, counted: Counted, now: Instant) -> Fingerprint {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = seen.take_if(|seen| seen.changes == counted.changes);
        let seen = seen.insert(match known {
            Some(known) => known.looked_at_again(counted.is_quiet, now),
            None => Seen {
                old_after: (!counted.is_quiet).then_some(FIRST),
                changes: counted.changes,
                at: now,
                times_old: 0,
            },
        });
        format!("{} {}", seen.changes, seen.times_old)
    }
}

impl Seen {
    fn looked_at_again(self, is_quiet: bool, now: Instant) -> Self {
        let Some(old_after) = self.old_after else {
            return self;
        };
        let is_old = now.duration_since(self.at) >= old_after;
        if !is_quiet && !is_old {
            return self;
        }
        // Whatever was under way has ended by now, if nothing is: once more, and that is all.
        let next = (!is_quiet).then(|| old_after.saturating_mul(2));
        Self {
            times_old: self.times_old + 1,
            old_after: next,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: bool = true;
    const BUSY: bool = false;

    /// The words that a server's answers come to, each after so many seconds.
    fn words(answers: &[(u64, &str, bool)]) -> Vec<Fingerprint> {
        let (changes, start) = (Changes::default(), Instant::now());
        let word = |(after, counted, is_quiet): &(u64, &str, bool)| {
            let counted = Counted {
                changes: (*counted).to_owned(),
                is_quiet: *is_quiet,
            };
            changes.fingerprint(counted, start + Duration::from_secs(*after))
        };
        answers.iter().map(word).collect()
    }

    #[test]
    fn a_change_is_another_word() {
        let words = words(&[(0, "1", QUIET), (1, "2", QUIET), (2, "1", QUIET)]);

        assert_eq!(words, ["1 0", "2 0", "1 0"]);
    }

    #[test]
    fn a_schema_that_was_read_with_nothing_under_way_stays_the_same() {
        let words = words(&[(0, "1", QUIET), (4, "1", BUSY), (4_000, "1", BUSY)]);

        assert_eq!(words, ["1 0", "1 0", "1 0"]);
    }

    #[test]
    fn what_may_have_changed_it_while_it_was_read_is_over_once_nothing_is_under_way() {
        let words = words(&[
            (0, "1", BUSY),
            (1, "1", QUIET),
            (9, "1", BUSY),
            (99, "1", BUSY),
        ]);

        assert_eq!(words, ["1 0", "1 1", "1 1", "1 1"]);
    }

    #[test]
    fn as_long_as_something_is_under_way_it_grows_old_ever_later() {
        let times = [0, 3, 4, 7, 8, 15, 16, 31, 32];
        let words = words(&times.map(|time| (time, "1", BUSY)));

        assert_eq!(
            words,
            [
                "1 0", "1 0", "1 1", "1 1", "1 2", "1 2", "1 3", "1 3", "1 4"
            ]
        );
    }
}
