//! No text makes a classifier fail, however long, deep or broken it is.

use domain::{
    connection::{Database, Policy},
    query::statement::MAX_SQL_BYTES,
};
use proptest::prelude::prop_oneof;
use support::{on_every_engine, subject::Subject};

use super::{
    holds,
    statements::{SEEDS, jumbled, mutated, nested, noise, rewritten},
};

/// Every use that is made of a text before a database is asked.
fn judged(database: &Database, sql: &str) {
    for policy in [Policy::READ_ONLY, Policy::READ_WRITE] {
        if let Err(failure) = policy.admit(sql, database.dialect.as_ref()) {
            let characters = sql.chars().count();
            assert!(
                failure
                    .position
                    .is_none_or(|position| (1..=characters + 1).contains(&position)),
                "{sql:?}: {failure:?}"
            );
        }
    }
}

on_every_engine!(no_text_makes_a_verdict_fail: postgres_18 mysql_9 sqlite, async |subject: &Subject| {
    let database = subject.open().await;
    let texts = prop_oneof![
        2 => noise(),
        3 => jumbled(),
        6 => mutated(SEEDS),
        3 => rewritten(mutated(SEEDS)),
    ];

    holds(1500, &texts, |sql| judged(&database, &sql));
});

on_every_engine!(no_nesting_makes_a_verdict_fail: postgres_18 mysql_9 sqlite, async |subject: &Subject| {
    let database = subject.open().await;

    holds(50, &nested(), |sql| judged(&database, &sql));
});

// What takes the square of a text's length takes minutes here.
on_every_engine!(a_long_text_has_its_verdict: postgres_18 mysql_9 sqlite, async |subject: &Subject| {
    let database = subject.open().await;

    for piece in ["f(\n", "a,\n", "-- x\n", "/*"] {
        judged(&database, &format!("SELECT {}", piece.repeat(MAX_SQL_BYTES / 5 / piece.len())));
    }
});
