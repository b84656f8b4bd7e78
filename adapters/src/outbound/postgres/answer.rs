//! Sending a message and passing on what comes back.

use domain::{
    Failure, FailureKind,
    query::{Dialect as _, Flow, Outcome, Statement, StatementClass},
};
use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, Either, Error, postgres::PgRow, raw_sql};

use super::{
    super::turns::Turn,
    dialect::PostgresDialect,
    failure,
    identity::not_taken_on,
    message::Message,
    outcome::{Ended, Execution, Purpose, Trouble, position, second_statement, wrong_name},
    rows::{Held, Pushed, Rows},
    session::PostgresSession,
    text_of,
    tokens::first_word,
    types::Types,
};

impl PostgresSession {
    /// Sends a statement and passes its rows on.
    pub(super) async fn send(
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
                Ok(Some(Either::Right(row))) if message.proof.contains(&completed) => {
                    self.judged.told = text_of(&row, 0).map(str::to_owned);
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
                    let unknown = match self::push(rows, &self.types, &row, &held).await {
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
                Err(error) if message.identity.contains(&completed) && is_reported(&error) => {
                    return Execution::refused(not_taken_on(error), Ended::Open);
                }
                Err(error) if message.proof.contains(&completed) && is_reported(&error) => {
                    return unproven(error, message.holding.contains(&completed));
                }
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
            if let Step::End(execution) = self::push(rows, &self.types, &row, &held).await {
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

enum Step {
    GoOn,
    End(Execution),
    /// The row must wait until these types have been looked up.
    Hold(Vec<u32>),
}

/// Passes one row on, once there is a page for it.
async fn push(rows: &mut Rows<'_>, types: &Types, row: &PgRow, held: &Held) -> Step {
    if !held.is_empty() {
        return Step::Hold(Vec::new());
    }
    loop {
        return match rows.push(types, row) {
            Ok(Pushed::Flow(Flow::Continue)) => Step::GoOn,
            Ok(Pushed::Flow(Flow::Wait)) if rows.resume().await => continue,
            Ok(Pushed::Flow(Flow::Stop | Flow::Wait)) => Step::End(Execution {
                result: Ok(Outcome::default()),
                ended: Ended::Flowing,
            }),
            Ok(Pushed::UnknownTypes(oids)) => Step::Hold(oids),
            Err(failure) => Step::End(Execution::refused(failure, Ended::Broken)),
        };
    }
}

/// It is the server's word, and the session can be used after it.
fn is_reported(error: &Error) -> bool {
    failure::reported(error).is_some() && !failure::is_lost(error)
}

/// A statement that is not what it was judged as, or that could not be held to it. What the server says of that could tell of
/// what the caller may not see.
fn unproven(error: Error, is_held: bool) -> Execution {
    let ended = if is_held { Ended::Broken } else { Ended::Open };
    if failure::is_about_a_name(&error) {
        return Execution::failed(wrong_name(), true, Ended::Broken);
    }
    let kind = failure::kind_of(&error);
    if matches!(
        kind,
        Some(FailureKind::Timeout | FailureKind::Cancelled | FailureKind::Busy)
    ) {
        return Execution::failed_at(error, None, true, ended);
    }
    Execution {
        result: Err(Trouble::Outdated),
        ended,
    }
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
        return Execution::failed_over(number, error);
    }
    let position = position
        .zip(message.text_at)
        .and_then(|(position, start)| position.checked_sub(start))
        .filter(|position| *position > 0)
        .or_else(|| second_statement(&error, &statement.sql));
    // The server may have run a write without our hearing of it.
    let repeatable = !rows.begun && rows.purpose == Purpose::Read;
    Execution::failed_at(error, position, repeatable, Ended::Open)
}

/// Rows changed; `None` for a statement that changes none by its kind.
fn affected_rows(rows: &Rows<'_>, statement: &Statement, affected: u64) -> Option<u64> {
    if rows.purpose == Purpose::Read {
        return None;
    }
    let classified = PostgresDialect.classify(&statement.sql);
    let changes_rows = match classified.construct.as_str() {
        "DO" | "CALL" => false,
        // Too large to be parsed.
        "WITH" => !rows.begun,
        _ => classified.class == StatementClass::Write,
    };
    changes_rows.then_some(affected)
}
