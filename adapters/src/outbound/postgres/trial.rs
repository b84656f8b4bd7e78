//! Indexes that a statement is planned with although nobody has made them: what a caller may send, and what the extension
//! hypopg makes of it.
//!
//! hypopg keeps them in the memory of the server's process and shows them to EXPLAIN alone. Nothing is written, and
//! nothing is left: they are taken back before the session is given to anybody else, or it is closed.

use domain::{
    Failure, FailureKind,
    query::{PlannedIndex, TriedIndex},
};
use sqlx::Error;

use super::{
    failure,
    outcome::{Ended, Execution},
    parameters::quoted,
    quoting,
    session::{PostgresSession, run},
    text_of,
    tokens::{self, Token},
};

/// What a caller may write.
const FORM: &str =
    "Write CREATE INDEX ON table (column, …), where it helps with USING, INCLUDE (…) or WHERE.";

/// Reads a CREATE INDEX in the parts that its table's rows are read by.
pub(super) fn read(sql: &str) -> Result<PlannedIndex, Failure> {
    Reader::new(sql).index().ok_or_else(|| {
        Failure::invalid_argument(format!("`{sql}` is no index that can be planned with."))
            .with_hint(FORM)
    })
}

struct Reader<'a> {
    sql: &'a str,
    tokens: Vec<Token<'a>>,
    at: usize,
}

impl<'a> Reader<'a> {
    fn new(sql: &'a str) -> Self {
        let mut tokens: Vec<Token<'a>> = tokens::significant(sql).collect();
        while tokens.last().is_some_and(|token| token.text == ";") {
            tokens.pop();
        }
        Self { sql, tokens, at: 0 }
    }

    fn index(mut self) -> Option<PlannedIndex> {
        if self.tokens.iter().any(|token| token.text == ";") {
            return None;
        }
        let definition = self.text(0, self.tokens.len())?.to_owned();
        self.word("CREATE")?;
        let _ = self.word("UNIQUE");
        self.word("INDEX")?;
        if self.word("ON").is_none() {
            self.name()?;
            self.word("ON")?;
        }
        let _ = self.word("ONLY");
        let table = self.qualified_name()?;
        if self.word("USING").is_some() {
            self.name()?;
        }
        let mut parts = self.parts()?;
        if self.word("INCLUDE").is_some() {
            parts.extend(self.parts()?);
        }
        if self.word("NULLS").is_some() {
            let _ = self.word("NOT");
            self.word("DISTINCT")?;
        }
        if self.word("WITH").is_some() {
            self.group()?;
        }
        let condition = match self.word("WHERE") {
            Some(()) => format!(" WHERE ({})", self.text(self.at, self.tokens.len())?),
            None if self.at == self.tokens.len() => String::new(),
            None => return None,
        };
        let probe = format!(
            "EXPLAIN SELECT 1 FROM {table}{condition} ORDER BY {}",
            parts.join(", ")
        );
        Some(PlannedIndex { definition, probe })
    }

    fn peek(&self) -> Option<&Token<'a>> {
        self.tokens.get(self.at)
    }

    /// Goes past this word, if it stands here.
    fn word(&mut self, word: &str) -> Option<()> {
        let here = self.peek()?.word()?;
        here.eq_ignore_ascii_case(word).then(|| self.at += 1)
    }

    fn sign(&mut self, sign: &str) -> Option<()> {
        (self.peek()?.text == sign).then(|| self.at += 1)
    }

    /// Goes past a word or a name in quotes.
    fn name(&mut self) -> Option<()> {
        let token = self.peek()?;
        let is_name = token.word().is_some() || token.text.ends_with('"');
        is_name.then(|| self.at += 1)
    }

    fn qualified_name(&mut self) -> Option<&'a str> {
        let begins = self.at;
        self.name()?;
        while self.sign(".").is_some() {
            self.name()?;
        }
        self.text(begins, self.at)
    }

    /// Goes past parentheses and what is in them.
    fn group(&mut self) -> Option<()> {
        self.sign("(")?;
        let mut depth = 1_usize;
        while depth > 0 {
            match self.peek()?.text {
                "(" => depth += 1,
                ")" => depth -= 1,
                _ => {}
            }
            self.at += 1;
        }
        Some(())
    }

    /// The columns and expressions of a list in parentheses, without what is said of their order.
    fn parts(&mut self) -> Option<Vec<&'a str>> {
        self.sign("(")?;
        let mut parts = Vec::new();
        loop {
            let begins = self.at;
            if self.group().is_none() {
                self.qualified_name()?;
                let _ = self.group();
            }
            parts.push(self.text(begins, self.at)?);
            // COLLATE, the operators' class with its options, ASC, DESC, NULLS FIRST.
            while self.name().is_some() || self.sign(".").is_some() || self.group().is_some() {}
            if self.sign(")").is_some() {
                return Some(parts);
            }
            self.sign(",")?;
        }
    }

    /// The text of these tokens.
    fn text(&self, from: usize, to: usize) -> Option<&'a str> {
        let first = self.tokens.get(from)?;
        let last = self.tokens.get(to.checked_sub(1)?)?;
        self.sql.get(first.at..last.at + last.text.len())
    }
}

/// Where the extension is, if it is there.
const SCHEMA: &str = "SELECT n.nspname FROM pg_catalog.pg_extension e \
     JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'hypopg'";

/// A session whose planner takes some indexes as there.
pub(super) struct Trial {
    /// The extension's, quoted.
    schema: String,
    tried: Vec<TriedIndex>,
}

impl Trial {
    pub(super) async fn begin(
        session: &mut PostgresSession,
        definitions: &[String],
    ) -> Result<Self, Execution> {
        if session.config().pooler {
            let failure = Failure::new(
                FailureKind::Unsupported,
                "Behind a pooler no index can be tried: the server's session is not ours to keep it in.",
            )
            .with_hint(WITHOUT);
            return Err(Execution::refused(failure, Ended::Idle));
        }
        let lost = |error| Execution::failed(error, true, Ended::Idle);
        let connection = &mut session.connection;
        let found = run(connection, SCHEMA.to_owned()).await.map_err(lost)?;
        let Some(schema) = found.first().and_then(|row| text_of(row, 0)) else {
            return Err(Execution::refused(not_installed(), Ended::Idle));
        };
        let schema = quoting::quoted(schema).into_owned();
        let mut tried = Vec::new();
        for definition in definitions {
            let sql = format!(
                "SELECT i.indexname, {schema}.hypopg_relation_size(i.indexrelid)::text \
                 FROM {schema}.hypopg_create_index({}) AS i",
                quoted(definition)
            );
            let made = run(connection, sql)
                .await
                .map_err(|error| refused(definition, error))?;
            let Some(row) = made.first() else {
                let failure =
                    Failure::invalid_argument(format!("hypopg made no index of `{definition}`."))
                        .with_hint(FORM);
                return Err(Execution::refused(failure, Ended::Broken));
            };
            tried.push(TriedIndex {
                name: text_of(row, 0).unwrap_or_default().to_owned(),
                size_bytes: text_of(row, 1).and_then(|bytes| bytes.parse().ok()),
            });
        }
        Ok(Self { schema, tried })
    }

    /// Takes the indexes back. A session that cannot is of no further use.
    pub(super) async fn end(self, session: &mut PostgresSession, execution: &mut Execution) {
        let sql = format!("SELECT {}.hypopg_reset()", self.schema);
        let is_clean =
            execution.ended == Ended::Idle && run(&mut session.connection, sql).await.is_ok();
        if !is_clean {
            execution.ended = Ended::Broken;
        }
        if let Ok(outcome) = &mut execution.result {
            outcome.tried_indexes = self.tried;
        }
    }
}

const WITHOUT: &str = "Leave the indexes out; the plan's warnings tell which scans lack one.";

fn not_installed() -> Failure {
    Failure::new(
        FailureKind::Unsupported,
        "Indexes can be tried where the extension hypopg is installed, and this database does not have it.",
    )
    .with_hint(format!(
        "Whoever administers the database can run CREATE EXTENSION hypopg. {WITHOUT}"
    ))
}

/// Why the extension does not take an index. Others of the same call may have been taken, so the session is closed.
fn refused(definition: &str, error: Error) -> Execution {
    match failure::reported(&error) {
        Some(reported) if !failure::is_lost(&error) => {
            let message = reported.message().trim_start_matches("hypopg: ");
            let message = format!("`{definition}` cannot be planned with: {message}.");
            let failure = Failure::invalid_argument(message)
                .with_hint("hypopg knows the methods btree, hash, brin and bloom.")
                .with_source(error);
            Execution::refused(failure, Ended::Broken)
        }
        _ => Execution::failed(error, false, Ended::Broken),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_probed_by_all_that_it_is_made_of() {
        for (sql, probe) in [
            (
                "create index on orders (id)",
                "EXPLAIN SELECT 1 FROM orders ORDER BY id",
            ),
            (
                "CREATE UNIQUE INDEX \"an index\" ON ONLY \"My\".orders USING btree (id DESC NULLS LAST, lower(a.b) COLLATE \"C\" text_ops, ((x -> 'y)'))) INCLUDE (total) NULLS NOT DISTINCT WITH (fillfactor = 70) WHERE status = 'a;b' OR x ;",
                "EXPLAIN SELECT 1 FROM \"My\".orders WHERE (status = 'a;b' OR x) ORDER BY id, lower(a.b), ((x -> 'y)')), total",
            ),
        ] {
            assert_eq!(read(sql).unwrap().probe, probe, "{sql}");
        }
    }

    #[test]
    fn what_would_be_made_is_the_text_without_its_end() {
        assert_eq!(
            read(" CREATE INDEX ON t (a) -- done\n;")
                .unwrap()
                .definition,
            "CREATE INDEX ON t (a)"
        );
    }

    #[test]
    fn nothing_else_is_an_index() {
        for sql in [
            "",
            "SELECT 1",
            "DROP INDEX i",
            "CREATE TABLE t (a int)",
            "CREATE INDEX CONCURRENTLY i ON t (a)",
            "CREATE INDEX IF NOT EXISTS i ON t (a)",
            "CREATE INDEX ON t (a) TABLESPACE fast",
            "CREATE INDEX ON t (a); DROP TABLE t",
            "CREATE INDEX ON t (a) WHERE",
            "CREATE INDEX ON t ()",
            "CREATE INDEX ON t (a",
            "CREATE INDEX ON t (a,)",
            "CREATE INDEX ON t (1 + a)",
            "CREATE INDEX ON (SELECT 1) (a)",
        ] {
            let failure = read(sql).unwrap_err();
            assert_eq!(failure.kind, FailureKind::InvalidArgument, "{sql}");
            assert_eq!(failure.hint.as_deref(), Some(FORM), "{sql}");
        }
    }
}
