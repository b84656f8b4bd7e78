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
//! Most statements need neither: the server keeps them as it has understood them, see [`super::kept`].
//!
//! Refusals are not remembered, nor is a statement for which more had to be found out than these answers, and nothing is shared
//! between callers whose tables differ.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use domain::access::Tables;

use super::{
    kept::{Keeping, Kept},
    questions::By,
};

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
    pub(super) keeping: Keeping,
    /// The moment that was seen last, and when for the first time.
    seen: Option<(String, Instant)>,
    /// What runs under the names of our questions are they: nothing that was not judged has run in the session since that was
    /// looked at.
    pub(in super::super) verified: bool,
    /// What the statement that runs was told of its moment.
    pub(in super::super) told: Option<String>,
    /// Whether the statement that ran has few rows, if it has come to its end.
    pub(in super::super) short: Option<bool>,
}

/// What a judgement went by.
#[derive(Debug, Clone)]
pub(super) struct Evidence {
    /// The names in the text, as an array.
    pub(super) names: String,
    pub(super) digest: String,
    /// The answers alone decided. They did not where a name of something hidden had to be tried out in the text.
    pub(super) suffices: bool,
    /// Where in the text the statement begins that is judged.
    pub(super) begins: usize,
    /// A moment that stands for the answers.
    pub(super) moment: Option<String>,
    /// Whether the server may keep the statement.
    pub(super) keepable: bool,
    /// It had few rows.
    pub(super) short: bool,
    /// When it was run last.
    pub(super) run: Option<Instant>,
    pub(super) kept: Option<Kept>,
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
            self.forget_known();
        }
        self.forget(&key);
        self.bytes += bytes;
        self.known.insert(key, evidence);
    }

    fn forget_all(&mut self) {
        self.forget_known();
        self.callers.clear();
    }

    fn forget_known(&mut self) {
        self.let_go();
        self.known.clear();
        self.bytes = 0;
    }

    fn forget(&mut self, key: &str) {
        if let Some(evidence) = self.known.remove(key) {
            self.bytes = self.bytes.saturating_sub(key.len() + evidence.names.len());
            self.keeping.let_go(evidence.kept);
        }
    }

    /// The answers of a statement were the same as when it was judged, which was asked at `asked`.
    pub(super) fn held(&mut self, key: &str, told: String, asked: Instant) {
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
    pub(super) fn disproved(&mut self, key: &str, by: By) {
        let Some(evidence) = self.known.get_mut(key) else {
            return;
        };
        match by {
            By::Answers => self.forget(key),
            By::Moment => evidence.moment = None,
            // Answers tell; they may still be the same.
            By::Kept => {
                evidence.short = false;
                self.keeping.let_go(evidence.kept.take());
            }
            // If the answers are the same, it was the keeping that failed.
            By::Keeping(_) => evidence.keepable = false,
        }
    }

    /// The statement has come to its end, with few rows or not.
    pub(super) fn was_run(&mut self, key: &str, short: bool, at: Instant) {
        if let Some(evidence) = self.known.get_mut(key) {
            evidence.short = short;
            evidence.run = Some(at);
        }
    }

    pub(super) fn keep(&mut self, key: &str, kept: Kept) {
        match self.known.get_mut(key) {
            Some(evidence) => self.keeping.let_go(evidence.kept.replace(kept)),
            None => self.keeping.let_go(Some(kept)),
        }
    }

    /// No statement is kept any longer.
    pub(super) fn let_go(&mut self) {
        for evidence in self.known.values_mut() {
            self.keeping.let_go(evidence.kept.take());
        }
    }

    /// The server holds no statement of ours.
    pub(super) fn none_is_kept(&mut self) {
        self.let_go();
        self.keeping.none_is_held();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::access::{TablePattern, TableRules};

    fn tables(allow: &str) -> Tables {
        Tables {
            rules: vec![TableRules {
                allow: vec![TablePattern::parse(allow)],
                deny: Vec::new(),
            }],
            functions: Vec::new(),
        }
    }

    fn evidence(names: &str) -> Evidence {
        Evidence {
            names: names.to_owned(),
            digest: String::new(),
            suffices: true,
            begins: 0,
            moment: None,
            keepable: true,
            short: false,
            run: None,
            kept: None,
        }
    }

    fn known(sql: &str) -> (Judged, String) {
        let mut judged = Judged::default();
        let key = judged.key(sql, "", &tables("a")).unwrap();
        judged.insert(key.clone(), evidence(""));
        (judged, key)
    }

    fn held(judged: &mut Judged, key: &str, moment: &str, asked: Instant) -> Option<String> {
        judged.held(key, moment.to_owned(), asked);
        judged.get(key)?.moment.clone()
    }

    #[test]
    fn a_statement_is_remembered_for_its_text_its_identity_and_its_callers_tables() {
        let mut judged = Judged::default();
        let mut key = |sql: &str, identity: &str, allow: &str| {
            judged.key(sql, identity, &tables(allow)).unwrap()
        };
        let one = key("SELECT 1", "SET LOCAL ROLE a;", "a");

        assert_eq!(key("SELECT 1", "SET LOCAL ROLE a;", "a"), one);
        assert_ne!(key("SELECT 1 ", "SET LOCAL ROLE a;", "a"), one);
        assert_ne!(key("SELECT 1", "", "a"), one);
        assert_ne!(key("ROLE a;SELECT 1", "SET LOCAL ", "a"), one);
        assert_ne!(key("SELECT 1", "SET LOCAL ROLE a;", "b"), one);
    }

    #[test]
    fn a_moment_stands_for_the_answers_once_it_has_lasted() {
        let (mut judged, key) = known("SELECT 1");
        let begun = Instant::now();

        assert_eq!(held(&mut judged, &key, "1:1:", begun), None);
        assert_eq!(held(&mut judged, &key, "1:1:", begun), None);
        let later = Instant::now() + QUIET;
        assert_eq!(
            held(&mut judged, &key, "1:1:", later).as_deref(),
            Some("1:1:")
        );
    }

    #[test]
    fn another_moment_begins_to_last_when_it_is_seen() {
        let (mut judged, key) = known("SELECT 1");
        let later = Instant::now() + QUIET;

        assert_eq!(held(&mut judged, &key, "1:1:", later), None);
        assert_eq!(held(&mut judged, &key, "1:2:", later), None);
        assert_eq!(held(&mut judged, &key, "1:1:", later), None);
    }

    #[test]
    fn a_moment_is_not_another_statements() {
        let (mut judged, key) = known("SELECT 1");
        let other = judged.key("SELECT 2", "", &tables("a")).unwrap();
        judged.insert(other.clone(), evidence(""));
        let later = Instant::now() + QUIET * 2;
        held(&mut judged, &key, "1:1:", later);
        held(&mut judged, &key, "1:1:", later);

        assert!(judged.get(&key).unwrap().moment.is_some());
        assert_eq!(judged.get(&other).unwrap().moment, None);
    }

    #[test]
    fn what_is_disproved_is_forgotten() {
        let (mut judged, key) = known("SELECT 1");
        let later = Instant::now() + QUIET * 2;
        held(&mut judged, &key, "1:1:", later);
        held(&mut judged, &key, "1:1:", later);

        judged.disproved(&key, By::Moment);
        assert_eq!(judged.get(&key).unwrap().moment, None);
        judged.disproved(&key, By::Answers);
        assert!(judged.get(&key).is_none());
        assert_eq!(judged.bytes, 0);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut judged = Judged::default();
        let long = "x".repeat(LONGEST + 1);
        assert_eq!(judged.key(&long, "", &tables("a")), None);

        let long = "x".repeat(LONGEST - 10);
        for number in 0..1_000 {
            let allow = (number / 20).to_string();
            let sql = if number % 2 == 0 { "SELECT" } else { &long };
            let key = judged.key(&format!("{sql}{number}"), "", &tables(&allow));
            judged.insert(key.unwrap(), evidence("{\"select\"}"));
            assert!(judged.known.len() <= MOST);
            assert!(judged.bytes <= MOST_BYTES);
            assert!(judged.callers.len() <= MOST_CALLERS);
        }
        let bytes: usize = judged
            .known
            .iter()
            .map(|(key, evidence)| key.len() + evidence.names.len())
            .sum();
        assert_eq!(judged.bytes, bytes);
    }
}
