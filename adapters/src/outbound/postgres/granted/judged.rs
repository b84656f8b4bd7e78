//! What a session remembers of the statements that it has judged.
//!
//! Not that a statement may run, but by which answers of the server it may: whether it may follows from its text, the caller's
//! tables and these answers, and from nothing else. So they are asked again each time, in the message that runs the statement, and the
//! server goes on to it only if they are the same, whoever has changed whatever meanwhile. Whose role and settings the
//! statement has counts in the answers, as they are asked after these are set.
//!
//! Most of the time nothing at all changes in a server's databases. Where the same snapshot was seen [`QUIET`] before answers
//! were found to be the same, that snapshot alone stands for them: a transaction that ends gives the next one another. The
//! wait is for a session that has just made its change visible and not yet told the others, who would go by what they knew.
//!
//! Refusals are not remembered, and nothing is shared between callers whose tables differ.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use domain::access::Tables;

/// Beyond these all is forgotten.
const MOST: usize = 200;
const MOST_BYTES: usize = 1 << 20;
/// Longer statements are judged anew each time.
const LONGEST: usize = 64 << 10;
/// More kinds of callers than share a session, as a rule.
const MOST_CALLERS: usize = 32;
/// How long a snapshot must have been the same before it stands for all that it shows.
const QUIET: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(in super::super) struct Judged {
    /// What each kind of caller may see; its place is its number.
    callers: Vec<Tables>,
    known: HashMap<String, Evidence>,
    bytes: usize,
    /// The moment that was seen last, and when for the first time.
    seen: Option<(String, Instant)>,
    /// What runs under the names of our questions are they: nothing that was not judged has run in the session since that was
    /// looked at.
    pub(in super::super) verified: bool,
    /// What the statement that runs was told of its moment.
    pub(in super::super) told: Option<String>,
}

/// What a judgement went by.
#[derive(Debug, Clone)]
pub(super) struct Evidence {
    /// The names in the text, as an array.
    pub(super) names: String,
    pub(super) digest: String,
    /// Where in the text the statement begins that is judged.
    pub(super) begins: usize,
    /// A moment that stands for the answers.
    pub(super) moment: Option<String>,
}

impl Judged {
    /// What a statement of a caller is remembered by. `None` if it is not.
    pub(super) fn key(&mut self, sql: &str, identity: &str, tables: &Tables) -> Option<String> {
        if sql.len() + identity.len() > LONGEST {
            return None;
        }
        let known = self.callers.iter().position(|caller| caller == tables);
        let caller = known.unwrap_or_else(|| {
            if self.callers.len() >= MOST_CALLERS {
                self.forget_all();
            }
            self.callers.push(tables.clone());
            self.callers.len() - 1
        });
        Some(format!("{caller} {} {identity}{sql}", identity.len()))
    }

    pub(super) fn get(&self, key: &str) -> Option<&Evidence> {
        self.known.get(key)
    }

    pub(super) fn insert(&mut self, key: String, evidence: Evidence) {
        let bytes = key.len() + evidence.names.len();
        if self.known.len() >= MOST || self.bytes + bytes > MOST_BYTES {
            self.known.clear();
            self.bytes = 0;
        }
        self.disproved(&key, false);
        self.bytes += bytes;
        self.known.insert(key, evidence);
    }

    fn forget_all(&mut self) {
        self.known.clear();
        self.callers.clear();
        self.bytes = 0;
    }

    /// The answers of a statement were the same as when it was judged, which was asked at `asked`.
    pub(super) fn held(&mut self, key: &str, asked: Instant) {
        let Some(told) = self.told.take() else {
            return;
        };
        match &self.seen {
            Some((moment, since)) if *moment == told => {
                if asked.saturating_duration_since(*since) >= QUIET
                    && let Some(evidence) = self.known.get_mut(key)
                {
                    evidence.moment = Some(told);
                }
            }
            _ => self.seen = Some((told, Instant::now())),
        }
    }

    /// What stood for the answers, or these, are no longer so.
    pub(super) fn disproved(&mut self, key: &str, by_moment: bool) {
        if by_moment {
            if let Some(evidence) = self.known.get_mut(key) {
                evidence.moment = None;
            }
        } else if let Some(evidence) = self.known.remove(key) {
            self.bytes = self.bytes.saturating_sub(key.len() + evidence.names.len());
        }
    }
}
