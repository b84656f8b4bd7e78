//! Runs of operator characters.
//!
//! The server's lexer looks through the rest of such a run for each operator in it, with nothing that could interrupt it:
//! 500 KB keep a session busy for a quarter of an hour, whatever its time limit.

use domain::{Failure, FailureKind};

/// No operator is longer than 63 characters, and no line of dashes or asterisks in a comment this long.
const LONGEST_RUN: usize = 1_000;
const OPERATORS: &[u8] = b"+-*/<>=~!@#%^&|`?";

/// Refuses a text with a run that the server would not come back from.
pub(super) fn refuse_endless(sql: &str) -> Result<(), Failure> {
    let mut run = 0_usize;
    for (at, byte) in sql.bytes().enumerate() {
        if !OPERATORS.contains(&byte) {
            run = 0;
            continue;
        }
        run += 1;
        if run > LONGEST_RUN {
            let start = at + 1 - run;
            let position = super::super::lexer::character(sql, start);
            return Err(Failure::new(
                FailureKind::TooLarge,
                format!("More than {LONGEST_RUN} operator characters stand in a row."),
            )
            .with_position(position)
            .with_hint("Put blanks between operators, or shorten the line in the comment."));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_without_end_is_refused_where_it_begins() {
        let sql = format!("SELECT 'é', 1{}", "|/*".repeat(334));

        let failure = refuse_endless(&sql).unwrap_err();

        assert_eq!(
            (failure.kind, failure.position),
            (FailureKind::TooLarge, Some(14))
        );
    }

    #[test]
    fn shorter_runs_are_not() {
        let line = "-".repeat(LONGEST_RUN);
        for sql in [
            format!("SELECT 1 {line}"),
            format!("{}SELECT 1", "-- =====\n".repeat(1_000)),
        ] {
            assert!(refuse_endless(&sql).is_ok());
        }
    }
}
