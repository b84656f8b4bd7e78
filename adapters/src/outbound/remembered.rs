//! A dialect that remembers its verdicts: the same text is sent many times, and judged once.

use std::{
    borrow::Cow,
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
};

use domain::{
    Failure,
    query::{
        Dialect, QueryPlan,
        dialect::Classified,
        plan::{PlanStep, PlanTable},
    },
};
use lru::LruCache;

/// Texts that are remembered.
const TEXTS: NonZeroUsize = NonZeroUsize::new(256).unwrap();
/// A longer text is judged each time: nobody sends it often, and it would take the room of many.
const LONGEST: usize = 4 * 1024;

#[derive(Debug)]
pub(super) struct Remembered<D> {
    dialect: D,
    verdicts: Mutex<LruCache<Box<str>, Classified>>,
}

impl<D: Dialect> Remembered<D> {
    pub(super) fn new(dialect: D) -> Self {
        Self {
            dialect,
            verdicts: Mutex::new(LruCache::new(TEXTS)),
        }
    }
}

impl<D: Dialect> Dialect for Remembered<D> {
    fn classify(&self, sql: &str) -> Classified {
        if sql.len() > LONGEST {
            return self.dialect.classify(sql);
        }
        let mut verdicts = self.verdicts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = verdicts.get(sql) {
            return known.clone();
        }
        let verdict = self.dialect.classify(sql);
        verdicts.put(sql.into(), verdict.clone());
        verdict
    }

    fn reading_words(&self) -> &'static [&'static str] {
        self.dialect.reading_words()
    }

    fn instead_of(&self, sql: &str) -> Option<&'static str> {
        self.dialect.instead_of(sql)
    }

    fn quoted<'name>(&self, name: &'name str) -> Cow<'name, str> {
        self.dialect.quoted(name)
    }

    fn plan_request(&self, sql: &str) -> Option<String> {
        self.dialect.plan_request(sql)
    }

    fn costliest_step(&self, plan: &PlanTable) -> Option<PlanStep> {
        self.dialect.costliest_step(plan)
    }

    fn explain_request(&self, sql: &str, analyze: bool) -> Result<String, Failure> {
        self.dialect.explain_request(sql, analyze)
    }

    fn query_plan(&self, answer: &PlanTable) -> Result<QueryPlan, Failure> {
        self.dialect.query_plan(answer)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use domain::query::StatementClass;

    use super::*;

    /// Judges nothing and counts how often it is asked.
    #[derive(Debug, Default)]
    struct Counting(AtomicUsize);

    impl Dialect for Counting {
        fn classify(&self, sql: &str) -> Classified {
            self.0.fetch_add(1, Ordering::Relaxed);
            Classified {
                class: StatementClass::Read,
                construct: sql.to_owned(),
                position: None,
                findings: Vec::new(),
                flaw: None,
            }
        }

        fn reading_words(&self) -> &'static [&'static str] {
            &[]
        }

        fn instead_of(&self, _: &str) -> Option<&'static str> {
            None
        }
    }

    #[test]
    fn a_text_is_judged_once() {
        let remembered = Remembered::new(Counting::default());

        for sql in ["a", "b", "a", "a"] {
            assert_eq!(remembered.classify(sql).construct, sql);
        }

        assert_eq!(remembered.dialect.0.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn a_long_text_is_judged_each_time() {
        let remembered = Remembered::new(Counting::default());
        let long = "x".repeat(LONGEST + 1);

        remembered.classify(&long);
        remembered.classify(&long);

        assert_eq!(remembered.dialect.0.load(Ordering::Relaxed), 2);
    }
}
