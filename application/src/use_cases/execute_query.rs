//! Runs one statement and returns its rows as text.

use std::{sync::Arc, time::Duration};

use domain::{
    Cancel, Failure, FailureKind,
    connection::ConnectionConfig,
    query::{QueryLimits, Statement, StatementClass},
};

use super::estimate::refuse_costly;
use crate::{
    cursors::Reading,
    encode::{Answer, AnswerSink, Format, MOST_PROFILE_BYTES},
    registry::OpenConnection,
};

/// What no call can go beyond, set by whoever runs the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ceilings {
    pub rows: u64,
    pub bytes: usize,
}

impl Default for Ceilings {
    fn default() -> Self {
        Self {
            rows: 100_000,
            bytes: 64 * 1024 * 1024,
        }
    }
}

/// The request. A limit left out is the connection's own.
#[derive(Debug, Clone)]
pub struct ExecuteQuery {
    pub statement: Statement,
    pub format: Format,
    pub asked: AskedLimits,
}

/// What a call asks for.
#[derive(Debug, Clone, Copy, Default)]
pub struct AskedLimits {
    pub max_rows: Option<u64>,
    pub max_bytes: Option<usize>,
    pub timeout: Option<Duration>,
    /// What the columns of the page hold, beside its rows.
    pub profile: bool,
}

impl ExecuteQuery {
    /// Runs it. What is known of the schema is forgotten if the statement may have changed it.
    pub async fn execute(
        self,
        connection: &OpenConnection,
        ceilings: Ceilings,
        cancel: &Cancel,
    ) -> Result<Answer, Failure> {
        let database = &connection.database;
        let config = &database.config;
        let asked = self.asked;
        config
            .policy
            .admit(&self.statement.sql, &*database.dialect)
            .map_err(|failure| failure.located_in(&self.statement.sql))?;
        let limits = asked.within(config, ceilings);
        refuse_costly(database, &self.statement, &limits, cancel).await?;
        let mut page = asked.page(self.format, limits);
        let changes_schema = !config.policy.is_read_only()
            && !matches!(
                database.dialect.classify(&self.statement.sql).class,
                StatementClass::Read | StatementClass::Write
            );
        let answer = if config.policy.is_read_only() {
            let reading = Reading {
                reader: Arc::clone(&connection.reader),
                statement: self.statement,
                format: self.format,
                limits,
                page,
            };
            connection
                .cursors
                .first_page(database, reading, cancel)
                .await
        } else {
            let outcome = database
                .query_runner
                .run_write(&self.statement, &limits, &mut page, cancel)
                .await;
            outcome
                .map_err(|failure| failure.located_in(&self.statement.sql))
                .and_then(|outcome| page.finish(outcome))
        };
        // A write is committed by now. One that failed may have been kept too: some engines commit before they begin.
        if changes_schema {
            connection.catalog.outdate();
        } else if matches!(&answer, Err(failure) if failure.kind == FailureKind::InvalidSql) {
            connection.catalog.doubt();
        }
        answer.map_err(|failure| asked.explain(failure, config))
    }
}

impl AskedLimits {
    /// How many bytes the answer may have.
    pub fn longest_answer(self, config: &ConnectionConfig, ceilings: Ceilings) -> usize {
        let profile = if self.profile { MOST_PROFILE_BYTES } else { 0 };
        self.bytes(config, ceilings) + profile
    }

    /// How many bytes the answer may have without its profile.
    fn bytes(self, config: &ConnectionConfig, ceilings: Ceilings) -> usize {
        self.max_bytes
            .unwrap_or(config.max_bytes)
            .min(ceilings.bytes)
    }

    /// The limits in force: what is asked for as far as it is allowed.
    pub(super) fn within(self, config: &ConnectionConfig, ceilings: Ceilings) -> QueryLimits {
        QueryLimits {
            rows: self
                .max_rows
                .unwrap_or(config.max_rows)
                .min(ceilings.rows)
                .min(config.rows_ceiling.unwrap_or(u64::MAX)),
            bytes: self.bytes(config, ceilings),
            time: self
                .timeout
                .unwrap_or(config.statement_timeout)
                .min(config.statement_timeout),
            ..QueryLimits::default()
        }
    }

    /// An answer to be written, which says where less is given than was asked for.
    pub(super) fn page(self, format: Format, limits: QueryLimits) -> AnswerSink {
        let mut page = AnswerSink::new(format, limits);
        if self.profile {
            page = page.with_profile();
        }
        if let Some(asked) = self.max_rows.filter(|asked| *asked > limits.rows) {
            page.notice(|| {
                format!(
                    "maxRows {asked} is above the ceiling; {} was used",
                    limits.rows
                )
            });
        }
        if let Some(asked) = self.max_bytes.filter(|asked| *asked > limits.bytes) {
            page.notice(|| {
                format!(
                    "maxBytes {asked} is above the ceiling; {} was used",
                    limits.bytes
                )
            });
        }
        if let Some(asked) = self.timeout.filter(|asked| *asked > limits.time) {
            page.notice(|| {
                format!(
                    "timeoutMs {} is above the connection's limit; {} was used",
                    asked.as_millis(),
                    limits.time.as_millis()
                )
            });
        }
        page
    }

    pub(super) fn explain(self, failure: Failure, config: &ConnectionConfig) -> Failure {
        if failure.kind != FailureKind::Timeout {
            return failure;
        }
        let most = config.statement_timeout;
        let failure = failure.with_hint(self.more_time(most));
        if self.wants_less_than(most) {
            failure.of_own_limit()
        } else {
            failure
        }
    }

    fn wants_less_than(&self, most: Duration) -> bool {
        self.timeout.is_some_and(|asked| asked < most)
    }

    /// What to do when the time was up: which of the two limits struck is known here alone.
    fn more_time(&self, most: Duration) -> String {
        let less = "Read less (a narrower WHERE, fewer joins, an indexed column)";
        let most_ms = most.as_millis();
        if self.wants_less_than(most) {
            format!("{less}, or raise `timeoutMs`; this connection allows up to {most_ms}.")
        } else {
            format!(
                "{less}; no call may take longer on this connection, but whoever runs this server can raise its STATEMENT_TIMEOUT."
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use domain::{
        connection::{ConnectionName, Database, Policy},
        query::{Cell, Column, Flow, Outcome, port::MockQueryRunner},
        schema::{Snapshot, port::MockCatalog},
    };

    use super::*;
    use crate::use_cases::doubles::{config, database_with};

    fn query(sql: &str) -> ExecuteQuery {
        ExecuteQuery {
            statement: Statement::new(sql.to_owned(), Vec::new()).unwrap(),
            format: Format::Json,
            asked: AskedLimits::default(),
        }
    }

    /// A connection that nobody has used yet.
    fn open(database: Database) -> OpenConnection {
        OpenConnection::new(ConnectionName::new("shop").unwrap(), database)
    }

    /// A runner that returns numbers from 1 until it is told to stop.
    fn endless() -> MockQueryRunner {
        let mut runner = MockQueryRunner::new();
        runner
            .expect_run_read()
            .times(1)
            .returning(|_, _, sink, _| {
                sink.columns(&[Column {
                    name: "n".to_owned(),
                    type_name: "int8".to_owned(),
                }]);
                for number in 1.. {
                    if sink.begin_row() != Flow::Continue {
                        break;
                    }
                    sink.cell(Cell::Int(number));
                    if sink.end_row() != Flow::Continue {
                        break;
                    }
                }
                Ok(Outcome::default())
            });
        runner
    }

    #[tokio::test]
    async fn a_refused_statement_never_reaches_the_database() {
        // GIVEN a read-only connection whose runner expects nothing
        let connection = open(database_with(
            config(),
            StatementClass::Write,
            MockQueryRunner::new(),
        ));

        // WHEN a write is asked for
        let failure = query("DELETE FROM t")
            .execute(&connection, Ceilings::default(), &Cancel::new())
            .await
            .unwrap_err();

        // THEN it is refused, and the runner would have panicked had it been called
        assert_eq!(failure.kind, FailureKind::NotAllowed);
    }

    #[tokio::test]
    async fn a_writable_connection_runs_in_a_transaction_that_writes() {
        let mut config = config();
        config.policy = Policy::READ_WRITE;
        let mut runner = MockQueryRunner::new();
        runner.expect_run_write().times(1).returning(|_, _, _, _| {
            Ok(Outcome {
                affected_rows: Some(2),
                ..Outcome::default()
            })
        });
        let connection = open(database_with(config, StatementClass::Write, runner));

        let answer = query("DELETE FROM t")
            .execute(&connection, Ceilings::default(), &Cancel::new())
            .await
            .unwrap();

        assert_eq!(answer.text, r#"{"rowCount":0,"affectedRows":2}"#);
    }

    #[tokio::test]
    async fn the_hint_of_a_timeout_names_the_limit_that_struck() {
        for (asked, expected) in [
            (
                Some(1_000),
                "or raise `timeoutMs`; this connection allows up to 30000.",
            ),
            (Some(30_000), "can raise its STATEMENT_TIMEOUT."),
            (Some(60_000), "can raise its STATEMENT_TIMEOUT."),
            (None, "can raise its STATEMENT_TIMEOUT."),
        ] {
            let mut runner = MockQueryRunner::new();
            runner
                .expect_run_read()
                .returning(|_, _, _, _| Err(Failure::new(FailureKind::Timeout, "too slow")));
            let connection = open(database_with(config(), StatementClass::Read, runner));
            let mut query = query("SELECT 1");
            query.asked.timeout = asked.map(Duration::from_millis);

            let failure = query
                .execute(&connection, Ceilings::default(), &Cancel::new())
                .await
                .unwrap_err();

            let hint = failure.hint.unwrap();
            assert!(hint.ends_with(expected), "{asked:?}: {hint}");
        }
    }

    #[tokio::test]
    async fn the_row_limit_is_the_connections_when_the_call_does_not_say() {
        let mut config = config();
        config.max_rows = 2;
        let connection = open(database_with(config, StatementClass::Read, endless()));

        let answer = query("SELECT n")
            .execute(&connection, Ceilings::default(), &Cancel::new())
            .await
            .unwrap();

        assert_eq!(
            answer.text,
            r#"{"columns":["n"],"types":["int8"],"rows":[[1],[2]],"rowCount":2,"truncated":{"by":"rows","limit":2}}"#
        );
    }

    #[tokio::test]
    async fn asking_for_more_than_the_ceiling_gets_the_ceiling_and_a_notice() {
        let connection = open(database_with(config(), StatementClass::Read, endless()));
        let mut query = query("SELECT n");
        query.asked.max_rows = Some(5);
        let ceilings = Ceilings {
            rows: 1,
            ..Ceilings::default()
        };

        let answer = query
            .execute(&connection, ceilings, &Cancel::new())
            .await
            .unwrap();

        assert_eq!(
            answer.text,
            r#"{"columns":["n"],"types":["int8"],"rows":[[1]],"rowCount":1,"truncated":{"by":"rows","limit":1},"notices":["maxRows 5 is above the ceiling; 1 was used"]}"#
        );
    }

    #[tokio::test]
    async fn a_call_can_shorten_the_time_but_not_extend_it() {
        for (asked, used) in [(1_000, 1_000), (60_000, 30_000)] {
            let mut runner = MockQueryRunner::new();
            runner
                .expect_run_read()
                .withf(move |_, limits, _, _| limits.time == Duration::from_millis(used))
                .times(1)
                .returning(|_, _, _, _| Ok(Outcome::default()));
            let connection = open(database_with(config(), StatementClass::Read, runner));
            let mut query = query("SELECT 1");
            query.asked.timeout = Some(Duration::from_millis(asked));

            let answer = query
                .execute(&connection, Ceilings::default(), &Cancel::new())
                .await
                .unwrap();

            assert_eq!(answer.text.contains("notices"), asked > used);
        }
    }

    /// How often the schema is read that is wanted before and after a statement.
    async fn reads_around(
        policy: Policy,
        class: StatementClass,
        outcome: Result<(), FailureKind>,
    ) -> (usize, usize) {
        let counted = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
        let mut catalog = MockCatalog::new();
        catalog.expect_outline().returning(|_| Ok(None));
        let count = Arc::clone(&counted);
        catalog.expect_fingerprint().returning(move |_| {
            count.0.fetch_add(1, Ordering::Relaxed);
            Ok(Some("same".to_owned()))
        });
        let count = Arc::clone(&counted);
        catalog.expect_read().returning(move |_| {
            count.1.fetch_add(1, Ordering::Relaxed);
            Ok(Snapshot::default())
        });
        let answer = move || match outcome {
            Ok(()) => Ok(Outcome::default()),
            Err(kind) => Err(Failure::new(kind, "failed")),
        };
        let mut runner = MockQueryRunner::new();
        runner
            .expect_run_read()
            .returning(move |_, _, _, _| answer());
        runner
            .expect_run_write()
            .returning(move |_, _, _, _| answer());
        let mut config = config();
        config.policy = policy;
        let mut database = database_with(config, class, runner);
        database.catalog = Arc::new(catalog);
        let connection = OpenConnection::new(ConnectionName::new("shop").unwrap(), database);

        connection.schema(&Cancel::new()).await.unwrap();
        let _ = query("WORD")
            .execute(&connection, Ceilings::default(), &Cancel::new())
            .await;
        connection.schema(&Cancel::new()).await.unwrap();

        (
            counted.0.load(Ordering::Relaxed),
            counted.1.load(Ordering::Relaxed),
        )
    }

    #[tokio::test]
    async fn a_statement_that_may_change_the_schema_has_it_read_again() {
        use StatementClass::{Admin, Ddl, Read, Write};
        let invalid = Err(FailureKind::InvalidSql);
        for (policy, class, outcome, expected) in [
            (Policy::READ_WRITE, Ddl, Ok(()), (2, 2)),
            (Policy::READ_WRITE, Ddl, invalid, (2, 2)),
            // Refused before it was run.
            (Policy::READ_WRITE, Admin, Ok(()), (1, 1)),
            (Policy::READ_WRITE, Write, Ok(()), (1, 1)),
            (Policy::READ_ONLY, Read, Ok(()), (1, 1)),
            // Compared, and found to be the same.
            (Policy::READ_ONLY, Read, invalid, (2, 1)),
            (Policy::READ_ONLY, Ddl, Ok(()), (1, 1)),
        ] {
            let counted = reads_around(policy, class, outcome).await;
            assert_eq!(counted, expected, "{class:?} {outcome:?}");
        }
    }
}
