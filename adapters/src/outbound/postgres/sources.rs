//! Whether a text takes rows from a function: `FROM f(1) AS t`, `FROM a, LATERAL f(a.b)`, `FROM current_user`.
//!
//! Too much rather than too little: `FROM` also stands in `extract(day FROM f(1))`.

#[derive(Default)]
pub(super) struct Sources {
    place: Place,
    /// Where each parenthesis was opened.
    outside: Vec<Place>,
    last: Sign,
    found: bool,
}

/// What the last token is.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Sign {
    Point,
    Opening,
    #[default]
    Other,
}

/// What the next token may be.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    #[default]
    Elsewhere,
    /// Behind FROM, JOIN or a comma between sources.
    Before,
    /// Behind a name where a source begins.
    Named,
    /// Behind the point of such a name.
    Qualified,
    /// Behind the beginning of a source, up to the end of the clause.
    Behind,
}

impl Sources {
    pub(super) fn token(&mut self, text: &str, is_name: bool) {
        self.place = match (text, self.place) {
            ("(", place) => {
                self.found |= place == Place::Named;
                let inside = if place == Place::Before {
                    Place::Before
                } else {
                    Place::Elsewhere
                };
                self.outside.push(place.past_its_beginning());
                inside
            }
            (")", _) => self.outside.pop().unwrap_or_default(),
            (",", place) if place != Place::Elsewhere => Place::Before,
            (".", Place::Named) => Place::Qualified,
            (_, Place::Qualified) if is_name => Place::Named,
            // Behind a point every keyword is a name.
            (_, place) if self.last == Sign::Point => place.past_its_beginning(),
            _ if is_name && begins_sources(text) => Place::Before,
            _ if is_name && ends_sources(text) => Place::Elsewhere,
            // `(VALUES (1), (2))`; elsewhere it may be a name.
            _ if self.last == Sign::Opening && is_one_of(text, &["VALUES"]) => Place::Elsewhere,
            (_, Place::Before) if is_name => {
                self.found |= is_called_by_its_name(text);
                Place::Named
            }
            (_, place) => place.past_its_beginning(),
        };
        self.last = match text {
            "." => Sign::Point,
            "(" => Sign::Opening,
            _ => Sign::Other,
        };
    }

    pub(super) fn have_a_function(&self) -> bool {
        self.found
    }
}

impl Place {
    fn past_its_beginning(self) -> Self {
        match self {
            Self::Elsewhere => Self::Elsewhere,
            _ => Self::Behind,
        }
    }
}

fn is_one_of(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// A second FROM is that of `ROWS FROM (f(1), g(2))`.
fn begins_sources(text: &str) -> bool {
    is_one_of(text, &["FROM", "JOIN", "LATERAL", "USING"])
}

/// Reserved words, which are no names, and none that an expression behind ON may hold outside of parentheses.
fn ends_sources(text: &str) -> bool {
    is_one_of(
        text,
        &[
            "SELECT",
            "WHERE",
            "HAVING",
            "WINDOW",
            "ORDER",
            "UNION",
            "INTERSECT",
            "EXCEPT",
            "LIMIT",
            "OFFSET",
            "FETCH",
            "FOR",
            "RETURNING",
        ],
    )
}

/// Functions without parentheses.
fn is_called_by_its_name(text: &str) -> bool {
    text.get(..8)
        .is_some_and(|start| start.eq_ignore_ascii_case("CURRENT_"))
        || is_one_of(
            text,
            &[
                "USER",
                "SESSION_USER",
                "SYSTEM_USER",
                "LOCALTIME",
                "LOCALTIMESTAMP",
            ],
        )
}

#[cfg(test)]
mod tests {
    use super::{super::tokens::significant, *};

    fn found(sql: &str) -> bool {
        let mut sources = Sources::default();
        for token in significant(sql) {
            sources.token(
                token.text,
                token.word().is_some() || token.text.starts_with('"'),
            );
        }
        sources.have_a_function()
    }

    #[test]
    fn a_function_is_found_wherever_rows_come_from() {
        for sql in [
            "SELECT 1 FROM f(1)",
            "SELECT 1 FROM a.\"F\" (1)",
            "SELECT 1 FROM a, f(1) t",
            "SELECT 1 FROM a AS b, LATERAL f(1) t",
            "SELECT 1 FROM (SELECT 1 FROM a WHERE b = 1) c, f(1)",
            "SELECT 1 FROM a JOIN b ON (a.c, d) = (1, 2), f(1)",
            "SELECT 1 FROM a CROSS JOIN f(1)",
            "SELECT 1 FROM ((f(1) t JOIN a ON true))",
            "SELECT 1 FROM ((a JOIN b USING (c)) d JOIN f(1) ON true)",
            "SELECT 1 FROM ROWS FROM (f(1))",
            "SELECT 1 FROM a, ROWS FROM (f(1), g(2))",
            "SELECT 1 FROM current_user",
            "SELECT 1 FROM a, Session_User t",
            "UPDATE a SET b = 1 FROM f(1)",
            "DELETE FROM a USING f(1)",
            "SELECT (SELECT 1 FROM f(1))",
            "SELECT 1 FROM a TABLESAMPLE system (1), f(1)",
            "SELECT 1 FROM a, (VALUES (1), (2)) v, f(1)",
            "SELECT 1 FROM (SELECT 1) set, f(1)",
            "SELECT 1 FROM (SELECT 1) values, f(1)",
            "SELECT 1 FROM a JOIN b ON a.order = b.select, f(1)",
            "SELECT 1 FROM a JOIN b ON CASE WHEN c THEN d END, f(1)",
            "SELECT 1 FROM s.from(1)",
        ] {
            assert!(found(sql), "{sql}");
        }
    }

    #[test]
    fn a_call_elsewhere_is_none() {
        for sql in [
            "SELECT f(1), g(2) FROM a",
            "SELECT 1 FROM a WHERE f(1) IN (1, g(2))",
            "SELECT 1 FROM a JOIN b ON f(1) = 1",
            "SELECT 1 FROM a JOIN b USING (c, d)",
            "SELECT 1 FROM a ORDER BY b, f(1)",
            "SELECT 1 FROM (VALUES (1), (f(2))) AS t (b, c)",
            "SELECT 1 FROM (SELECT a, f(1) FROM b) c, d",
            "WITH a (b) AS (SELECT 1), c (d) AS (SELECT 2) SELECT 1 FROM a, c t (e)",
        ] {
            assert!(!found(sql), "{sql}");
        }
    }
}
