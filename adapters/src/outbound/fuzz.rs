//! Facts about generated values, as in `tests/fuzz`: the same ones in every run but for `PROPTEST_CASES` and
//! `PROPTEST_RNG_SEED`.

use proptest::{
    strategy::Strategy,
    test_runner::{Config, RngSeed, TestCaseResult, TestRunner, contextualize_config},
};

pub(super) fn holds<S: Strategy>(
    cases: u32,
    strategy: &S,
    fact: impl Fn(S::Value) -> TestCaseResult,
) {
    let outcome = TestRunner::new(contextualize_config(Config {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..Config::default()
    }))
    .run(strategy, fact);
    assert!(outcome.is_ok(), "{outcome:?}");
}
