//! Facts about texts and values that nobody wrote by hand.
//!
//! Every run makes the same cases, so that a failure can be had again. `PROPTEST_CASES` makes another number of them,
//! and `PROPTEST_RNG_SEED` others. A case that was found and mended is an ordinary test beside the code.

mod answers;
mod classifier;
mod configuration;
mod described;
mod functions;
mod grammar;
mod guide;
mod judged;
mod postgres;
mod profiles;
mod sqlite;
mod statements;

use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngSeed, TestRunner, contextualize_config},
};

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(contextualize_config(Config {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..Config::default()
    }))
}

/// Asserts a fact about each case, and makes one that fails as small as it can.
fn holds<S: Strategy>(cases: u32, strategy: &S, fact: impl Fn(S::Value)) {
    let outcome = runner(cases).run(strategy, |value| {
        fact(value);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

/// The cases themselves, for a fact that a database must be asked for.
fn samples<S: Strategy>(cases: u32, strategy: S) -> impl Iterator<Item = S::Value> {
    let mut runner = runner(cases);
    (0..runner.config().cases).map(move |_| strategy.new_tree(&mut runner).unwrap().current())
}
