//! Rows an hour. How many a call gives is only known when it has given them, so a caller may come to owe some: the
//! budget fills evenly, and nobody begins a call while nothing is left of it.

use std::{
    collections::HashMap,
    hash::Hash,
    num::NonZeroU64,
    time::{Duration, Instant},
};

const HOUR: Duration = Duration::from_hours(1);

/// Entries that are kept before those that say nothing any more are looked for.
const KEPT: usize = 1_024;

/// What was given of an hourly number of rows, for each key.
#[derive(Debug)]
pub(super) struct RowBudgets<K> {
    per_hour: NonZeroU64,
    /// When the budget is full again.
    full_at: HashMap<K, Instant>,
    tidy_at: usize,
}

impl<K: Hash + Eq + Clone> RowBudgets<K> {
    pub(super) fn new(per_hour: NonZeroU64) -> Self {
        Self {
            per_hour,
            full_at: HashMap::new(),
            tidy_at: KEPT,
        }
    }

    /// How long until something is left of the budget, if there is nothing now.
    pub(super) fn wait(&self, key: &K, now: Instant) -> Option<Duration> {
        let full_at = self.full_at.get(key)?;
        let fills = full_at.saturating_duration_since(now);
        let owed = (fills + self.time_of(1)).saturating_sub(HOUR);
        (!owed.is_zero()).then_some(owed)
    }

    pub(super) fn gave(&mut self, key: &K, rows: u64, now: Instant) {
        if rows == 0 {
            return;
        }
        if self.full_at.len() >= self.tidy_at {
            self.full_at.retain(|_, full_at| *full_at > now);
            self.tidy_at = KEPT.max(2 * self.full_at.len());
        }
        let time = self.time_of(rows);
        let full_at = self.full_at.entry(key.clone()).or_insert(now);
        *full_at = (*full_at).max(now) + time;
    }

    /// In which so many rows come back.
    fn time_of(&self, rows: u64) -> Duration {
        let nanoseconds = u128::from(rows) * HOUR.as_nanos() / u128::from(self.per_hour.get());
        // Nobody is made to wait longer than a year, whatever was given.
        Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX)).min(365 * 24 * HOUR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_used_up_and_fills_evenly() {
        let now = Instant::now();
        let mut budgets = RowBudgets::new(NonZeroU64::new(3_600).unwrap());
        budgets.gave(&"ada", 3_599, now);
        assert_eq!(budgets.wait(&"ada", now), None);

        budgets.gave(&"ada", 1, now);

        assert_eq!(budgets.wait(&"ada", now), Some(Duration::from_secs(1)));
        let later = now + Duration::from_secs(1);
        assert_eq!(budgets.wait(&"ada", later), None);
        assert_eq!(budgets.wait(&"grace", now), None);
    }

    #[test]
    fn what_was_given_beyond_the_budget_is_owed() {
        let now = Instant::now();
        let mut budgets = RowBudgets::new(NonZeroU64::new(3_600).unwrap());

        budgets.gave(&"ada", 7_200, now);

        assert_eq!(budgets.wait(&"ada", now), Some(Duration::from_secs(3_601)));
    }

    #[test]
    fn who_has_nothing_to_wait_for_is_forgotten() {
        let now = Instant::now();
        let mut budgets = RowBudgets::new(NonZeroU64::new(3_600).unwrap());
        for caller in 0..KEPT {
            budgets.gave(&caller, 1, now);
        }

        budgets.gave(&KEPT, 1, now + Duration::from_secs(2));

        assert_eq!(budgets.full_at.len(), 1);
    }
}
