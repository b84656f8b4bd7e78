//! Every benign statement is accepted and returns rows: being too strict is as bad as being too lax.

use support::{on_every_engine, subject::Subject};

use super::{corpus::corpus, field::field, report, trial::Ground};

on_every_engine!(
    every_benign_statement_is_answered,
    async |subject: &Subject| {
        let corpus = corpus(subject.name);
        let statements: Vec<_> = corpus
            .benign(subject.name)
            .into_iter()
            .map(str::to_owned)
            .collect();
        let mut ground = Ground::new(corpus, field(subject.name).await);
        let mut refused = Vec::new();
        for sql in &statements {
            if let Err(answer) = ground.accept(sql).await {
                refused.push(format!("{sql} | {answer}"));
            }
        }
        ground.take_away().await;
        let text = report::benign(statements.len() - refused.len(), statements.len());
        let told = report::tell(subject.name, "benign", &text);
        assert!(
            refused.is_empty(),
            "{} of {} on {}:\n{}",
            refused.len(),
            statements.len(),
            subject.name,
            refused.join("\n")
        );
        told.unwrap();
    }
);
