//! How deep a statement goes, before `SQLite` goes there.
//!
//! `SQLite` limits the depth of expressions, but follows subqueries in FROM and chains of WITH by recursion without end.
//! Some ten thousand of them overflow the stack of the thread, which ends the process.

use domain::{Failure, FailureKind};

/// The most parentheses inside of each other; `SQLite`'s own limit for expressions.
const MAX_DEPTH: usize = 1_000;
/// The most SELECTs: each may read from the one before.
const MAX_SELECTS: usize = 2_500;

/// Refuses a text that goes too deep.
pub(super) fn refuse_bottomless(sql: &str) -> Result<(), Failure> {
    let (depth, selects) = measure(sql.as_bytes());
    let message = if depth > MAX_DEPTH {
        format!(
            "The statement has {depth} parentheses inside of each other; the limit is {MAX_DEPTH}."
        )
    } else if selects > MAX_SELECTS {
        format!("The statement has {selects} SELECTs; the limit is {MAX_SELECTS}.")
    } else {
        return Ok(());
    };
    Err(Failure::new(FailureKind::TooLarge, message)
        .with_hint("Split the statement into smaller ones."))
}

/// Whether the text of an object of the schema goes too deep.
pub(super) fn is_bottomless(sql: &[u8]) -> bool {
    let (depth, selects) = measure(sql);
    depth > MAX_DEPTH || selects > MAX_SELECTS
}

/// The depth of its parentheses and the number of its SELECTs.
pub(super) fn measure(sql: &[u8]) -> (usize, usize) {
    let (mut depth, mut deepest, mut selects) = (0_usize, 0, 0);
    let mut rest = sql;
    while let [first, after @ ..] = rest {
        rest = match first {
            b'\'' | b'"' | b'`' => past(after, &[*first]),
            b'[' => past(after, b"]"),
            b'-' if after.starts_with(b"-") => past(after, b"\n"),
            b'/' if after.starts_with(b"*") => past(after.get(1..).unwrap_or_default(), b"*/"),
            b'(' => {
                depth += 1;
                deepest = deepest.max(depth);
                after
            }
            b')' => {
                depth = depth.saturating_sub(1);
                after
            }
            first if is_of_word(*first) => {
                let length = rest.iter().take_while(|byte| is_of_word(**byte)).count();
                let (word, after) = rest.split_at(length);
                selects += usize::from(word.eq_ignore_ascii_case(b"SELECT"));
                after
            }
            _ => after,
        };
    }
    (deepest, selects)
}

fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || !byte.is_ascii()
}

/// What follows the next `end`. A doubled quote ends one text and begins the next, which comes to the same.
fn past<'a>(text: &'a [u8], end: &[u8]) -> &'a [u8] {
    let at = text.windows(end.len()).position(|window| window == end);
    at.and_then(|at| text.get(at + end.len()..))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_sql_counts() {
        for (sql, expected) in [
            ("SELECT 1", (0, 1)),
            ("SELECT ((1)), (2)", (2, 1)),
            ("select * from (Select 1) x", (1, 2)),
            ("SELECT '((''((' || \"((\" || `((` || [((]", (0, 1)),
            ("SELECT 1 -- ((\n, (2) /* (( SELECT */", (1, 1)),
            ("SELECT selected, select_, _select, $select", (0, 1)),
            ("SELECT 'never closed ((", (0, 1)),
            ("SELECT 1 /* never closed ((", (0, 1)),
            (")))SELECT (1)", (1, 1)),
        ] {
            assert_eq!(measure(sql.as_bytes()), expected, "{sql}");
        }
    }

    #[test]
    fn the_limits_are_told() {
        let deep = format!("SELECT {}1{}", "(".repeat(1_001), ")".repeat(1_001));
        let long = format!("SELECT 1{}", ", (SELECT 1)".repeat(2_500));
        for (sql, message) in [
            (
                deep,
                "The statement has 1001 parentheses inside of each other; the limit is 1000.",
            ),
            (long, "The statement has 2501 SELECTs; the limit is 2500."),
        ] {
            let failure = refuse_bottomless(&sql).unwrap_err();
            assert_eq!(failure.message, message);
        }
    }
}
