//! One statement on one session, from its text to the last row.

use domain::{
    Failure, FailureKind,
    query::{DynRowSink, Outcome, QueryLimits, Statement},
};
use sqlx::{Error, postgres::PgDatabaseError};

use super::{
    super::clock::Clock,
    dialect::{explains_for_any_values, holds_no_statement},
    failure,
    granted::SHORT,
    identity::{Identity, not_taken_on},
    masking::Guard,
    message::{BEGIN_READ, END, Named, Way, declare},
    outcome::{Ended, Execution, Purpose, Trouble, position, second_statement, wrong_name},
    parameters::{literals, quoted},
    rows::Rows,
    session::{PostgresSession, run},
    statements::Prepared,
    text_of,
    tokens::first_word,
};

impl PostgresSession {
    /// Runs the statement. Whether its transaction is still open is in [`Execution::ended`].
    pub(super) async fn execute(
        &mut self,
        purpose: Purpose,
        statement: &Statement,
        limits: &QueryLimits,
        sink: &mut DynRowSink,
        clock: &Clock,
        guard: Option<&Guard>,
    ) -> Execution {
        self.identity = Identity::of(statement.acts_as.as_deref());
        let mut rows = Rows::new(sink, purpose, clock, guard);
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
        self.judged.short = execution.is_complete().then_some(rows.count <= SHORT);
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
        if pooler && let Err(error) = self.begin_behind_pooler(purpose, limits.on_server()).await {
            return if self.identity.commands > 0 && failure::is_about_an_identity(&error) {
                Execution::refused(not_taken_on(error), Ended::Broken)
            } else {
                Execution::failed(error, true, Ended::Broken)
            };
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
            Err(error) => return self.unprepared(error, &statement.sql, around),
        };
        let refusal = refusal(statement, &prepared).or_else(|| {
            literals(&[], &prepared.parameters)
                .err()
                .filter(|_| !explains_for_any_values(&statement.sql))
        });
        if let Some(failure) = refusal {
            return Execution::refused(failure, around);
        }
        let message = self.message(purpose, limits.on_server(), &Way::Text(&statement.sql));
        let execution = self.send(&message, None, statement, rows, false).await;
        if execution.is_complete() && !rows.begun {
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
            Err(error) => return self.unprepared(error, &statement.sql, around),
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
        let message = self.message(purpose, limits.on_server(), &way);
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
        if execution.is_complete() && !rows.begun {
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
                check = format!("{BEGIN_READ}{}{check};{END}", self.identity.sql);
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

    /// A text that the server would not parse.
    fn unprepared(&self, error: Error, sql: &str, around: Ended) -> Execution {
        // The driver's next name is taken: somebody prepared a statement under it.
        let ended = match failure::reported(&error).map(PgDatabaseError::code) {
            Some("42P05") => Ended::Broken,
            _ => around,
        };
        let position = position(&error)
            .map(|place| self.encoding.character(place, sql))
            .or_else(|| second_statement(&error, sql));
        Execution::failed_at(error, position, true, ended)
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
