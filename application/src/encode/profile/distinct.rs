//! How many different values a column has, exact up to a number and estimated beyond it.

use std::collections::BTreeSet;

/// Keeps the smallest hashes. As hashes are spread evenly, the largest of them tells how dense they lie, and so how
/// many there are in all: "k minimum values".
#[derive(Debug)]
pub(super) struct Distinct {
    smallest: BTreeSet<u64>,
    most: usize,
    /// A hash had to be left out, so the number is an estimate.
    left_out: bool,
}

impl Distinct {
    /// Exact up to `most` values; beyond, within a few percent for hundreds of them.
    pub(super) fn new(most: usize) -> Self {
        Self {
            smallest: BTreeSet::new(),
            most,
            left_out: false,
        }
    }

    pub(super) fn add(&mut self, hash: u64) {
        let is_full = self.smallest.len() == self.most;
        if is_full && self.smallest.last().is_some_and(|last| hash > *last) {
            self.left_out = true;
            return;
        }
        if self.smallest.insert(hash) && is_full {
            self.smallest.pop_last();
            self.left_out = true;
        }
    }

    pub(super) fn is_exact(&self) -> bool {
        !self.left_out
    }

    /// Never more than `values`, of which the column has so many in all.
    pub(super) fn count(&self, values: u64) -> u64 {
        let kept = self.smallest.len() as u64;
        let Some(largest) = self.smallest.last().filter(|_| self.left_out) else {
            return kept;
        };
        // As many as are kept lie in the share of all hashes up to the largest.
        let all = u128::from(kept.saturating_sub(1)) << 64;
        let estimate = all / u128::from(*largest).max(1);
        u64::try_from(estimate)
            .unwrap_or(u64::MAX)
            .clamp(kept.min(values), values)
    }
}

#[cfg(test)]
mod tests {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};

    use super::*;

    fn of(most: usize, values: impl Iterator<Item = u64>) -> Distinct {
        let mut distinct = Distinct::new(most);
        for value in values {
            let mut hasher = DefaultHasher::new();
            value.hash(&mut hasher);
            distinct.add(hasher.finish());
        }
        distinct
    }

    #[test]
    fn up_to_the_bound_the_number_is_exact() {
        let distinct = of(100, (0..1_000).map(|n| n % 100));

        assert_eq!((distinct.count(1_000), distinct.is_exact()), (100, true));
    }

    #[test]
    fn beyond_the_bound_it_is_estimated_within_a_tenth() {
        let distinct = of(1_024, (0..200_000).map(|n| n % 50_000));

        let count = distinct.count(200_000);

        assert!((45_000..55_000).contains(&count), "{count}");
        assert!(!distinct.is_exact());
    }

    #[test]
    fn the_estimate_is_never_more_than_the_values() {
        let distinct = of(4, 0..10);

        assert!((4..=10).contains(&distinct.count(10)));
    }
}
