//! One statement on one session, from its text to the last row.

use domain::{
    Failure, FailureKind,
    query::{Dialect as _, DynRowSink, Flow, Outcome, QueryLimits, Statement, StatementClass},
};
use futures_util::TryStreamExt;
use sqlx::{
    AssertSqlSafe, Either, Error,
    postgres::{PgDatabaseError, PgErrorPosition, PgRow},
    raw_sql,
};

use super::{
    super::turns::Turn,
    dialect::{self, PostgresDialect, first_word, holds_no_statement},
    failure,
    message::{BEGIN_READ, END, Message, Named, Way, declare},
    parameters::{literals, quoted},
    rows::{Held, Pushed, Rows},
    session::{PostgresSession, run},
    statements::Prepared,
    text_of,
    types::Types,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Read,
    Write,
}

/// In what state a statement left its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// No transaction is open.
    Idle,
    /// Our transaction is open, or failed.
    Open,
    /// The rest of a result is still to come.
    Flowing,
    /// Nobody knows.
    Broken,
}

/// Why a statement failed.
#[derive(Debug)]
pub(super) enum Trouble {
    /// By our own judgement.
    Refused(Failure),
    /// By the driver's or the server's.
    Driver {
        error: Error,
        /// Where the server's position is, if it gave one, in characters of the client's own text.
        position: Option<usize>,
        /// The statement can be sent again without harm.
        repeatable: bool,
    },
    /// The result has columns of types that must be looked up first; nothing was pushed.
    UnknownTypes(Vec<u32>),
}

#[derive(Debug)]
pub(super) struct Execution {
    pub(super) result: Result<Outcome, Trouble>,
    pub(super) ended: Ended,
}

impl Execution {
    pub(super) fn refused(failure: Failure, ended: Ended) -> Self {
        Self {
            result: Err(Trouble::Refused(failure)),
            ended,
        }
    }

    /// A failure outside of the client's own text, or with a position in just that.
    pub(super) fn failed(error: Error, repeatable: bool, ended: Ended) -> Self {
        let position = position(&error);
        Self::failed_at(error, position, repeatable, ended)
    }

    fn failed_at(error: Error, position: Option<usize>, repeatable: bool, ended: Ended) -> Self {
        let ended = match &error {
            Error::Database(_) if !failure::is_lost(&error) => ended,
            _ => Ended::Broken,
        };
        Self {
            result: Err(Trouble::Driver {
                error,
                position,
                repeatable,
            }),
            ended,
        }
    }
}

impl PostgresSession {
    /// Runs the statement. Whether its transaction is still open is in [`Execution::ended`].
    pub(super) async fn execute(
        &mut self,
        purpose: Purpose,
        statement: &Statement,
        limits: &QueryLimits,
        sink: &mut DynRowSink,
    ) -> Execution {
        let mut rows = Rows::new(sink, purpose);
        let mut execution = self
            .execute_once(purpose, statement, limits, &mut rows)
            .await;
        // Once for types to be looked up, once for tables that have changed or names that somebody dropped.
        for _ in 0..2 {
            if rows.begun {
                break;
            }
            let unknown = match &mut execution.result {
                Err(Trouble::UnknownTypes(oids)) => std::mem::take(oids),
                result if is_outdated(result) => Vec::new(),
                _ => break,
            };
            if execution.ended != Ended::Idle && self.undo().await != Ended::Idle {
                execution.ended = Ended::Broken;
                break;
            }
            let ready = if unknown.is_empty() {
                self.forget_statements().await
            } else {
                self.types
                    .learn(&mut self.connection, unknown.into_iter())
                    .await
            };
            if let Err(error) = ready {
                return Execution::failed(error, true, Ended::Broken);
            }
            execution = self
                .execute_once(purpose, statement, limits, &mut rows)
                .await;
        }
        execution
    }

    async fn execute_once(
        &mut self,
        purpose: Purpose,
        statement: &Statement,
        limits: &QueryLimits,
        rows: &mut Rows<'_>,
    ) -> Execution {
        let pooler = self.config().pooler;
        // With a pooler in between, everything happens inside one transaction; else, all but the statement outside.
        let around = if pooler { Ended::Open } else { Ended::Idle };
        if pooler && let Err(error) = self.begin_behind_pooler(purpose, limits.time).await {
            return Execution::failed(error, true, Ended::Broken);
        }
        if purpose == Purpose::Read && !statement.params.is_empty() {
            match self.declare(&statement.sql, around).await {
                Ok(Some(text)) => {
                    return self
                        .execute_named(purpose, statement, &text, limits, rows, around)
                        .await;
                }
                Ok(None) => {}
                Err(execution) => return execution,
            }
        }
        if !statement.params.is_empty() {
            return self
                .execute_named(purpose, statement, &statement.sql, limits, rows, around)
                .await;
        }
        let known = self.statements.get(&statement.sql).is_some();
        let prepared = match self.prepare(&statement.sql).await {
            Ok(prepared) => prepared,
            Err(error) => return unprepared(error, &statement.sql, around),
        };
        let refusal =
            refusal(statement, &prepared).or_else(|| literals(&[], &prepared.parameters).err());
        if let Some(failure) = refusal {
            return Execution::refused(failure, around);
        }
        let message = self.message(purpose, limits.time, &Way::Text(&statement.sql));
        let execution = self.send(&message, None, statement, rows, false).await;
        if is_complete(&execution) && !rows.begun {
            return self
                .finish_without_rows(execution, statement, known, rows)
                .await;
        }
        execution
    }

    /// Prepares a cursor over a statement and returns the text of it; `None` if the statement cannot be read so, or
    /// is wrong as such: preparing it alone tells.
    async fn declare(&mut self, sql: &str, around: Ended) -> Result<Option<String>, Execution> {
        let text = declare(sql);
        if self.statements.get(&text).is_none() && !may_be_read_by_cursor(sql) {
            return Ok(None);
        }
        match self.prepare(&text).await {
            Ok(_) => Ok(Some(text)),
            Err(error) if failure::is_lost(&error) => Err(Execution::failed(error, true, around)),
            Err(_) if around == Ended::Open => {
                let back = "ROLLBACK TO SAVEPOINT portolan".to_owned();
                match run(&mut self.connection, back).await {
                    Ok(_) => Ok(None),
                    Err(error) => Err(Execution::failed(error, false, Ended::Broken)),
                }
            }
            Err(_) => Ok(None),
        }
    }

    /// Runs a statement with parameters, which `text` is, or declares a cursor over.
    async fn execute_named(
        &mut self,
        purpose: Purpose,
        statement: &Statement,
        text: &str,
        limits: &QueryLimits,
        rows: &mut Rows<'_>,
        around: Ended,
    ) -> Execution {
        let pooler = self.config().pooler;
        let by_cursor = text.len() > statement.sql.len();
        let known = self.statements.get(&statement.sql).is_some();
        let prepared = match self.prepare(text).await {
            Ok(prepared) => prepared,
            Err(error) => return unprepared(error, &statement.sql, around),
        };
        if let Some(failure) = refusal(statement, &prepared).filter(|_| !by_cursor) {
            return Execution::refused(failure, around);
        }
        let literals = match literals(&statement.params, &prepared.parameters) {
            Ok(literals) => literals,
            Err(failure) => return Execution::refused(failure, around),
        };
        let mut name = prepared.name.clone();
        let mut unverified = !self
            .statements
            .get(text)
            .is_some_and(|known| known.verified);
        if pooler || (purpose == Purpose::Write && unverified) {
            match self.name_of(text).await {
                Ok(found) => name = found,
                Err(error) => return Execution::failed(error, true, around),
            }
            unverified = false;
        }
        let named = Named {
            name: &name,
            literals: &literals,
            unverified: unverified.then_some(text),
        };
        // One more than wanted, so that the sink hears of it.
        let portion = limits.rows.saturating_add(1);
        let way = if by_cursor {
            Way::Cursor { named, portion }
        } else {
            Way::Execute(named)
        };
        let message = self.message(purpose, limits.time, &way);
        let unverified = unverified.then_some(text);
        let execution = self
            .send(&message, unverified, statement, rows, by_cursor)
            .await;
        if let Some(known) = self
            .statements
            .get(text)
            .filter(|_| execution.result.is_ok())
        {
            known.verified = true;
        }
        if is_complete(&execution) && !rows.begun {
            // `EXECUTE` has just looked whether its columns are still the same.
            let known = known && by_cursor;
            return self
                .finish_without_rows(execution, statement, known, rows)
                .await;
        }
        execution
    }

    /// A result without rows does not show its columns, so the statement must.
    async fn finish_without_rows(
        &mut self,
        execution: Execution,
        statement: &Statement,
        known: bool,
        rows: &mut Rows<'_>,
    ) -> Execution {
        let prepared = match self.prepare(&statement.sql).await {
            Ok(prepared) => prepared,
            Err(error) => return Execution::failed(error, false, execution.ended),
        };
        if known && rows.purpose == Purpose::Read && !prepared.columns.is_empty() {
            // Fails if a table has changed since the columns were learnt.
            let nulls = vec!["NULL"; prepared.parameters.len()].join(",");
            let arguments = if nulls.is_empty() {
                nulls
            } else {
                format!("({nulls})")
            };
            let mut check = format!("EXPLAIN EXECUTE {}{arguments}", prepared.name);
            if execution.ended == Ended::Idle {
                check = format!("{BEGIN_READ}{check};{END}");
            }
            if let Err(error) = run(&mut self.connection, check).await {
                return Execution::failed_at(error, None, true, Ended::Open);
            }
        }
        rows.finish(&prepared);
        execution
    }

    /// The name under which the server itself says that it holds a text.
    async fn name_of(&mut self, text: &str) -> Result<String, Error> {
        let ask = format!(
            "SELECT name FROM pg_catalog.pg_prepared_statements WHERE statement = {} \
             ORDER BY prepare_time DESC LIMIT 1",
            quoted(text)
        );
        let rows = run(&mut self.connection, ask).await?;
        let name = rows.first().and_then(|row| text_of(row, 0));
        name.map(|name| format!("\"{}\"", name.replace('"', "\"\"")))
            .ok_or_else(wrong_name)
    }

    /// Sends a statement and passes its rows on.
    async fn send(
        &mut self,
        message: &Message,
        unverified: Option<&str>,
        statement: &Statement,
        rows: &mut Rows<'_>,
        may_wait: bool,
    ) -> Execution {
        let sql = message.sql.clone();
        let mut verified = unverified.is_none();
        let mut held = Held::default();
        let mut completed = 0;
        let mut affected = 0;
        let mut ended = if message.ends {
            Ended::Idle
        } else {
            Ended::Open
        };
        let mut turn = Turn::new();
        let mut answers = raw_sql(AssertSqlSafe(sql)).fetch_many(&mut self.connection);
        loop {
            match answers.try_next().await {
                Ok(Some(Either::Left(result))) => {
                    completed += 1;
                    if completed == message.before + 1 {
                        affected = result.rows_affected();
                    }
                }
                Ok(Some(Either::Right(row))) if completed < message.before => {
                    verified = verified || text_of(&row, 0) == unverified;
                }
                // What follows the statement is ours; its own answer is complete.
                Ok(Some(Either::Right(_))) if completed > message.before => {}
                Err(_) if completed > message.before => {
                    ended = Ended::Broken;
                    break;
                }
                // Whatever it is that was run, it is not what the client asked for.
                Ok(Some(Either::Right(_))) if !verified => {
                    return Execution::failed(wrong_name(), true, Ended::Broken);
                }
                Ok(Some(Either::Right(row))) => {
                    let unknown = match self::push(rows, &self.types, &row, &held) {
                        Step::GoOn => {
                            turn.pause().await;
                            continue;
                        }
                        Step::End(execution) => return execution,
                        Step::Hold(unknown) => unknown,
                    };
                    // A bounded number of rows can wait for a look-up; a result of any size is begun again.
                    let kept = held.keep(row, &unknown);
                    if !may_wait || !kept {
                        let (_, unknown) = held.take();
                        return Execution {
                            result: Err(Trouble::UnknownTypes(unknown)),
                            ended: Ended::Flowing,
                        };
                    }
                }
                Ok(None) if verified => break,
                Ok(None) => return Execution::failed(wrong_name(), true, Ended::Broken),
                Err(error) => return explain(error, message, statement, rows),
            }
        }
        drop(answers);
        let (waiting, unknown) = held.take();
        if let Err(error) = self
            .types
            .learn(&mut self.connection, unknown.into_iter())
            .await
        {
            return Execution::failed_at(error, None, true, ended);
        }
        for row in waiting {
            if let Step::End(execution) = self::push(rows, &self.types, &row, &held) {
                // Nothing flows any more.
                return Execution { ended, ..execution };
            }
        }
        Execution {
            result: Ok(Outcome {
                affected_rows: affected_rows(rows, statement, affected),
                ..Outcome::default()
            }),
            ended,
        }
    }
}

/// Whether the statement was answered to its end.
fn is_complete(execution: &Execution) -> bool {
    execution.result.is_ok() && matches!(execution.ended, Ended::Open | Ended::Idle)
}

enum Step {
    GoOn,
    End(Execution),
    /// The row must wait until these types have been looked up.
    Hold(Vec<u32>),
}

/// Passes one row on.
fn push(rows: &mut Rows<'_>, types: &Types, row: &PgRow, held: &Held) -> Step {
    if !held.is_empty() {
        return Step::Hold(Vec::new());
    }
    match rows.push(types, row) {
        Ok(Pushed::Flow(Flow::Continue)) => Step::GoOn,
        Ok(Pushed::Flow(Flow::Stop)) => Step::End(Execution {
            result: Ok(Outcome::default()),
            ended: Ended::Flowing,
        }),
        Ok(Pushed::UnknownTypes(oids)) => Step::Hold(oids),
        Err(failure) => Step::End(Execution::refused(failure, Ended::Broken)),
    }
}

pub(super) fn wrong_name() -> Error {
    Error::Protocol("the prepared statement has another name".to_owned())
}

/// A text that the server would not parse.
fn unprepared(error: Error, sql: &str, around: Ended) -> Execution {
    // The driver's next name is taken: somebody prepared a statement under it.
    let ended = match failure::reported(&error).map(PgDatabaseError::code) {
        Some("42P05") => Ended::Broken,
        _ => around,
    };
    let position = position(&error).or_else(|| second_statement(&error, sql));
    Execution::failed_at(error, position, true, ended)
}

fn explain(error: Error, message: &Message, statement: &Statement, rows: &Rows<'_>) -> Execution {
    if matches!(error, Error::Protocol(_)) && first_word(&statement.sql) == "COPY" {
        return Execution::refused(
            Failure::new(
                FailureKind::Unsupported,
                "COPY transfers rows outside of a result.",
            )
            .with_hint("Read the rows with SELECT.")
            .with_source(error),
            Ended::Broken,
        );
    }
    let position = position(&error);
    if let Some(number) = position.and_then(|position| message.parameter_at(position)) {
        let failure = failure::of_statement(error, None, None).with_parameter(number);
        return Execution::refused(failure, Ended::Open);
    }
    // All that stands before the client's text is ASCII.
    let position = position
        .zip(message.text_at)
        .and_then(|(position, start)| position.checked_sub(start))
        .filter(|position| *position > 0)
        .or_else(|| second_statement(&error, &statement.sql));
    // The server may have run a write without our hearing of it.
    let repeatable = !rows.begun && rows.purpose == Purpose::Read;
    Execution::failed_at(error, position, repeatable, Ended::Open)
}

/// The server says that there are several statements, and not where; the lexer only tells the place.
fn second_statement(error: &Error, sql: &str) -> Option<usize> {
    failure::is_several(error)
        .then(|| dialect::second_statement(sql))
        .flatten()
}

fn position(error: &Error) -> Option<usize> {
    match failure::reported(error)?.position()? {
        PgErrorPosition::Original(position) => Some(position),
        PgErrorPosition::Internal { .. } => None,
    }
}

fn refusal(statement: &Statement, prepared: &Prepared) -> Option<Failure> {
    (prepared.columns.is_empty() && holds_no_statement(&statement.sql)).then(|| {
        Failure::new(
            FailureKind::InvalidSql,
            "The text holds no statement, only comments.",
        )
        .with_hint("Send one SQL statement, such as `SELECT 1`.")
    })
}

fn may_be_read_by_cursor(sql: &str) -> bool {
    matches!(
        first_word(sql).as_str(),
        "SELECT" | "WITH" | "VALUES" | "TABLE"
    )
}

/// Whether a statement failed because of what was prepared some time ago: nothing was run, and prepared anew it may
/// work, or fail with a position in the client's own text.
fn is_outdated(result: &Result<Outcome, Trouble>) -> bool {
    let Err(Trouble::Driver { error, .. }) = result else {
        return false;
    };
    failure::reported(error).is_some_and(|reported| {
        reported.code() == "26000"
            || (reported.code() == "0A000" && reported.routine() == Some("RevalidateCachedQuery"))
    })
}

/// Rows changed; `None` for a statement that changes none by its kind.
fn affected_rows(rows: &Rows<'_>, statement: &Statement, affected: u64) -> Option<u64> {
    if rows.purpose == Purpose::Read {
        return None;
    }
    let classified = PostgresDialect.classify(&statement.sql);
    let changes_rows = classified.class == StatementClass::Write
        || (classified.construct == "WITH" && !rows.begun);
    changes_rows.then_some(affected)
}
