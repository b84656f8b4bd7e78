//! Names that a text itself gives to columns, tables and queries.

use std::collections::HashSet;

use super::text::Text;

/// What a text says that it calls something. Where a table of such a name is meant all the same, the server says so; functions
/// and types are judged wherever they can stand.
pub(super) struct Aliases {
    /// The tokens that say it.
    given: HashSet<usize>,
    names: HashSet<String>,
}

impl Aliases {
    pub(super) fn of(text: &Text<'_>) -> Self {
        let given: Vec<(usize, String)> = text
            .names()
            .filter(|(at, _)| names_something(text, *at))
            .collect();
        Self {
            names: given.iter().map(|(_, name)| name.clone()).collect(),
            given: given.into_iter().map(|(at, _)| at).collect(),
        }
    }

    /// Whether the name at this token is one of them or stands where only that, a column or a table can.
    pub(super) fn means(&self, text: &Text<'_>, at: usize) -> bool {
        self.given.contains(&at)
            || (text.name(at).is_some_and(|name| self.names.contains(&name))
                && !text.may_be_a_type(at)
                && !text.is(Some(at + 1), "("))
    }
}

fn names_something(text: &Text<'_>, at: usize) -> bool {
    let Some(before) = at.checked_sub(1) else {
        return false;
    };
    let is_before = |words: &[&str]| words.iter().any(|word| text.is(Some(before), word));
    // `a AS b`, but for `CAST(a AS b)`.
    (is_before(&["as"]) && !text.may_be_a_type(at))
        // `WITH a AS (…), b AS (…)`
        || (is_before(&["with", "recursive", ","])
            && text.is(Some(at + 1), "as")
            && text.is(Some(at + 2), "("))
        || follows_a_table(text, before)
}

/// Whether a table's name that ends with this token stands behind FROM or JOIN.
fn follows_a_table(text: &Text<'_>, last: usize) -> bool {
    if text.name(last).is_none() {
        return false;
    }
    let first = match text.schema_of(last) {
        Some(_) => last.checked_sub(2),
        None => Some(last),
    };
    let opener = first.and_then(|first| first.checked_sub(1));
    ["from", "join"].iter().any(|word| text.is(opener, word))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// Whether every `pg_a` in it is what the text itself calls something.
    fn are_all(sql: &str) -> bool {
        let text = Text::of(sql, &Arc::default());
        let aliases = Aliases::of(&text);
        text.names()
            .filter(|(_, name)| name == "pg_a")
            .all(|(at, _)| aliases.means(&text, at))
    }

    #[test]
    fn what_a_text_names_itself_is_known() {
        for sql in [
            "SELECT 1 AS pg_a",
            "SELECT id AS pg_a FROM t GROUP BY pg_a ORDER BY pg_a DESC",
            "SELECT x.pg_a FROM (SELECT sum(b) AS pg_a FROM t) x WHERE pg_a > 1",
            "SELECT pg_a.id FROM t AS pg_a WHERE pg_a.id IN (1)",
            "SELECT pg_a.id FROM t pg_a JOIN s.t u ON u.id = pg_a.id",
            "SELECT pg_a.id FROM s.t pg_a",
            "WITH pg_a AS (SELECT 1 AS n) SELECT n FROM pg_a",
            "WITH x AS (SELECT 1), pg_a AS (SELECT 2 AS n) SELECT pg_a.n FROM pg_a",
        ] {
            assert!(are_all(sql), "{sql}");
        }
    }

    #[test]
    fn what_could_be_a_function_or_a_type_is_not() {
        for sql in [
            "SELECT * FROM pg_a",
            "SELECT pg_a FROM t",
            "SELECT x.pg_a FROM t x",
            "SELECT CAST(1 AS pg_a)",
            "SELECT 1 AS pg_a, NULL::pg_a",
            "SELECT 1 AS pg_a, CAST(NULL AS pg_a)",
            "SELECT 1 AS pg_a, pg_a('x')",
            "SELECT 1 AS pg_a, pg_a 'x'",
            "SELECT 1 AS pg_a, ('x'::text).pg_a",
            "SELECT * FROM json_to_record('{}') AS t(a pg_a)",
        ] {
            assert!(!are_all(sql), "{sql}");
        }
    }
}
