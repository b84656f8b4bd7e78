//! What was found out about a text: the same text is sent many times, and judged once.

use std::{
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
};

use lru::LruCache;

/// Texts that are remembered.
const TEXTS: NonZeroUsize = NonZeroUsize::new(512).unwrap();
/// A longer text is judged each time: nobody sends it often, and it would take the room of many.
const LONGEST: usize = 4 * 1024;

/// What is known of the texts that were sent last, on whatever connection: a text means the same on all of them.
#[derive(Debug)]
pub(super) struct Memory<V>(Mutex<LruCache<Box<str>, V>>);

impl<V: Clone> Memory<V> {
    pub(super) fn new() -> Self {
        Self(Mutex::new(LruCache::new(TEXTS)))
    }

    /// What is known of a text, found out now if it is not.
    pub(super) fn of(&self, sql: &str, find_out: impl FnOnce() -> V) -> V {
        if sql.len() > LONGEST {
            return find_out();
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(sql) {
            return known.clone();
        }
        let found = find_out();
        known.put(sql.into(), found.clone());
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_judged_once() {
        let (memory, mut judged) = (Memory::new(), 0);

        for sql in ["a", "b", "a", "a"] {
            let found = memory.of(sql, || {
                judged += 1;
                sql.to_owned()
            });
            assert_eq!(found, sql);
        }

        assert_eq!(judged, 2);
    }

    #[test]
    fn a_long_text_is_judged_each_time() {
        let (memory, mut judged) = (Memory::new(), 0);
        let long = "x".repeat(LONGEST + 1);

        for _ in 0..2 {
            memory.of(&long, || judged += 1);
        }

        assert_eq!(judged, 2);
    }
}
