//! A small generator of numbers (splitmix64) that gives the same ones everywhere and for ever.

#[derive(Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to `count` − 1; 0 for no count at all.
    pub(super) fn below(&mut self, count: u32) -> u32 {
        u32::try_from(self.next() % u64::from(count.max(1))).unwrap_or(0)
    }

    /// From `least` to `most`, both included.
    pub(super) fn between(&mut self, least: i32, most: i32) -> i32 {
        least.saturating_add_unsigned(self.below(most.abs_diff(least).saturating_add(1)))
    }

    /// True so many times in a thousand.
    pub(super) fn chance(&mut self, per_mille: u32) -> bool {
        self.below(1_000) < per_mille
    }

    pub(super) fn pick<T: Copy, const N: usize>(&mut self, from: &[T; N]) -> T {
        const { assert!(N > 0) };
        let index = self.below(u32::try_from(N).unwrap_or(u32::MAX));
        #[expect(clippy::indexing_slicing, reason = "the index is below N")]
        from[index as usize]
    }

    /// An index, each as likely as its weight says.
    pub(super) fn weighted(&mut self, weights: &Weights) -> usize {
        let total = weights.0.last().copied().unwrap_or(0);
        let at = self.next() % total.max(1);
        weights.0.partition_point(|reached| *reached <= at)
    }
}

/// Weights, added up.
#[derive(Debug)]
pub(super) struct Weights(Vec<u64>);

impl Weights {
    pub(super) fn new(weights: impl IntoIterator<Item = u64>) -> Self {
        let mut reached = 0;
        Self(
            weights
                .into_iter()
                .map(|weight| {
                    reached += weight;
                    reached
                })
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_splitmix64() {
        let mut random = Random::new(1_234_567);

        assert_eq!(
            [random.next(), random.next(), random.next()],
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

    #[test]
    fn a_weight_of_zero_is_never_chosen() {
        let weights = Weights::new([0, 3, 0, 1]);
        let mut random = Random::new(1);
        let mut counts = [0; 4];
        for _ in 0..4_000 {
            counts[random.weighted(&weights)] += 1;
        }

        assert_eq!((counts[0], counts[2]), (0, 0));
        assert!((2_800..3_200).contains(&counts[1]), "{counts:?}");
    }
}
