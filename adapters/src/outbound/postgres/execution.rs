//! One statement on one session: what goes over the wire, and what comes back.
//!
//! Everything that a statement needs goes in one message: the transaction, its canary, its time limit, the check of
//! its name when that is used for the first time, and the statement. A statement that the session knows costs one
//! round trip.

use std::{fmt::Write as _, ops::Range, sync::Arc, time::Duration};

use domain::{
    Failure, FailureKind,
    query::{
        Column, Dialect as _, DynRowSink, Flow, Outcome, QueryLimits, Statement, StatementClass,
    },
};
use futures_util::TryStreamExt;
use sqlx::{
    AssertSqlSafe, Column as _, Either, Error, Row as _, ValueRef as _,
    postgres::{PgErrorPosition, PgRow},
    raw_sql,
};

use super::{
    connect::milliseconds,
    dialect::{PostgresDialect, first_word, holds_no_statement},
    failure,
    parameters::{literals, quoted},
    session::{PostgresSession, oid_of, run},
    statements::Prepared,
    text_of,
    types::{Shape, Types},
    value,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
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
    /// By the driver's or the server's; `repeatable` if the statement can be sent again without harm.
    Driver { error: Error, repeatable: bool },
}

#[derive(Debug)]
pub(super) struct Execution {
    pub(super) result: Result<Outcome, Trouble>,
    pub(super) ended: Ended,
}

impl Execution {
    fn refused(failure: Failure, ended: Ended) -> Self {
        Self {
            result: Err(Trouble::Refused(failure)),
            ended,
        }
    }

    fn failed(error: Error, repeatable: bool, ended: Ended) -> Self {
        let ended = match &error {
            Error::Database(_) if !failure::is_lost(&error) => ended,
            _ => Ended::Broken,
        };
        Self {
            result: Err(Trouble::Driver { error, repeatable }),
            ended,
        }
    }
}

/// What is sent to execute a statement.
struct Message {
    text: String,
    /// Commands before the client's own.
    before: usize,
    /// Whether the last of those shows the text that the name stands for.
    verifies: bool,
    /// Where in `text` the parameters are, in bytes.
    literals: Vec<Range<usize>>,
}

impl PostgresSession {
    /// Runs the statement and leaves its transaction open.
    pub(super) async fn execute(
        &mut self,
        access: Access,
        statement: &Statement,
        limits: &QueryLimits,
        sink: &mut DynRowSink,
    ) -> Execution {
        let known = self.statements.get(&statement.sql).is_some();
        let mut rows = Rows::new(sink, access);
        let execution = self
            .execute_once(access, statement, limits, &mut rows)
            .await;
        if rows.begun || !is_outdated(&execution.result, known) {
            return execution;
        }
        // The tables have changed since the statement was prepared, or somebody dropped its name. Nothing was run.
        if execution.ended == Ended::Open && self.undo().await != Ended::Idle {
            return Execution {
                ended: Ended::Broken,
                ..execution
            };
        }
        if let Err(error) = self.forget_statements().await {
            return Execution::failed(error, true, Ended::Broken);
        }
        self.execute_once(access, statement, limits, &mut rows)
            .await
    }

    async fn execute_once(
        &mut self,
        access: Access,
        statement: &Statement,
        limits: &QueryLimits,
        rows: &mut Rows<'_>,
    ) -> Execution {
        let pooler = self.config().pooler;
        // With a pooler in between, everything happens inside one transaction, and all else outside of it.
        let around = if pooler { Ended::Open } else { Ended::Idle };
        if pooler && let Err(error) = self.begin_behind_pooler(access, limits.time).await {
            return Execution::failed(error, true, Ended::Broken);
        }
        let (prepared, verified) = match self.prepare(&statement.sql).await {
            Ok(prepared) => prepared,
            Err(error) => return Execution::failed(error, true, around),
        };
        if let Some(failure) = refusal(statement, &prepared) {
            return Execution::refused(failure, around);
        }
        let literals = match literals(&statement.params, &prepared.parameters) {
            Ok(literals) => literals,
            Err(failure) => return Execution::refused(failure, around),
        };
        let mut name = prepared.name.clone();
        if pooler || (access == Access::Write && !verified) {
            match self.name_of(&statement.sql).await {
                Ok(found) => name = found,
                Err(error) => return Execution::failed(error, true, around),
            }
        }
        let verify = access == Access::Read && !verified && !pooler;
        let message = self.message(access, limits.time, &name, verify, &literals);
        let execution = self.send(message, statement, &prepared, rows).await;
        if !verified
            && execution.result.is_ok()
            && let Some(known) = self.statements.get(&statement.sql)
        {
            known.verified = true;
        }
        execution
    }

    async fn begin_behind_pooler(&mut self, access: Access, time: Duration) -> Result<(), Error> {
        let config = Arc::clone(self.config());
        let mut sql = begin(access).to_owned();
        let mut set = |name: &str, value: &str| {
            let _ = write!(sql, "SET LOCAL {name} = {value};");
        };
        set("statement_timeout", &milliseconds(time));
        set("bytea_output", "hex");
        set("extra_float_digits", "1");
        set("TimeZone", &quoted(&config.time_zone));
        if let Some(schema) = &config.schema {
            // A list of names, as in the start-up option; as one string it would be one name.
            let path = format!(
                "SELECT pg_catalog.set_config('search_path', {}, true);",
                quoted(schema)
            );
            sql.push_str(&path);
        }
        sql.push_str("SELECT pg_catalog.pg_backend_pid()");
        let rows = run(&mut self.connection, sql).await?;
        if let Some(pid) = rows.last().and_then(|row| text_of(row, 0)?.parse().ok()) {
            self.pid = pid;
        }
        Ok(())
    }

    /// The name under which the server itself says that it holds the client's text.
    async fn name_of(&mut self, sql: &str) -> Result<String, Error> {
        let ask = format!(
            "SELECT name FROM pg_catalog.pg_prepared_statements WHERE statement = {} \
             ORDER BY prepare_time DESC LIMIT 1",
            quoted(sql)
        );
        let rows = run(&mut self.connection, ask).await?;
        let name = rows.first().and_then(|row| text_of(row, 0));
        name.map(|name| format!("\"{}\"", name.replace('"', "\"\"")))
            .ok_or_else(|| Error::Protocol("the prepared statement has another name".to_owned()))
    }

    fn message(
        &self,
        access: Access,
        time: Duration,
        name: &str,
        verify: bool,
        literals: &[String],
    ) -> Message {
        let mut text = String::with_capacity(160 + literals.iter().map(String::len).sum::<usize>());
        let mut before = 0;
        if !self.config().pooler {
            text.push_str(begin(access));
            before += 2;
            if time != self.config().statement_timeout {
                text.push_str("SET LOCAL statement_timeout = ");
                text.push_str(&milliseconds(time));
                text.push(';');
                before += 1;
            }
        }
        if verify {
            text.push_str("SELECT statement FROM pg_catalog.pg_prepared_statements WHERE name = '");
            text.push_str(name);
            text.push_str("';");
            before += 1;
        }
        text.push_str("EXECUTE ");
        text.push_str(name);
        let mut ranges = Vec::with_capacity(literals.len());
        for (index, literal) in literals.iter().enumerate() {
            text.push(if index == 0 { '(' } else { ',' });
            ranges.push(text.len()..text.len() + literal.len());
            text.push_str(literal);
        }
        if !ranges.is_empty() {
            text.push(')');
        }
        Message {
            text,
            before,
            verifies: verify,
            literals: ranges,
        }
    }

    async fn send(
        &mut self,
        message: Message,
        statement: &Statement,
        prepared: &Prepared,
        rows: &mut Rows<'_>,
    ) -> Execution {
        let Message {
            text,
            before,
            verifies,
            literals,
        } = message;
        let mut answers = raw_sql(AssertSqlSafe(text.as_str())).fetch_many(&mut self.connection);
        let mut completed = 0;
        let mut verified = !verifies;
        let mut affected = 0;
        loop {
            match answers.try_next().await {
                Ok(Some(Either::Left(result))) => {
                    completed += 1;
                    if completed == before && !verified {
                        drop(answers);
                        return wrong_name();
                    }
                    if completed > before {
                        affected = result.rows_affected();
                    }
                }
                Ok(Some(Either::Right(row))) if completed < before => {
                    verified = verified || text_of(&row, 0) == Some(&statement.sql);
                }
                Ok(Some(Either::Right(row))) => match rows.push(prepared, &self.types, &row) {
                    Ok(Flow::Continue) => {}
                    Ok(Flow::Stop) => {
                        return Execution {
                            result: Ok(Outcome::default()),
                            ended: Ended::Flowing,
                        };
                    }
                    Err(failure) => return Execution::refused(failure, Ended::Broken),
                },
                Ok(None) => break,
                Err(error) => {
                    drop(answers);
                    return explain(error, &text, &literals, statement, rows);
                }
            }
        }
        drop(answers);
        rows.finish(prepared);
        Execution {
            result: Ok(Outcome {
                affected_rows: affected_rows(rows.access, statement, prepared, affected),
                ..Outcome::default()
            }),
            ended: Ended::Open,
        }
    }

    /// Makes the transaction of a write last.
    pub(super) async fn commit(&mut self, execution: Execution) -> Execution {
        // The savepoint is our canary: it is gone if the statement has ended the transaction.
        let sql = "RELEASE SAVEPOINT portolan;COMMIT".to_owned();
        if self.config().pooler
            && let Err(error) = self.forget_statements().await
        {
            return Execution::failed(error, false, Ended::Broken);
        }
        let Err(error) = run(&mut self.connection, sql).await else {
            return Execution {
                ended: Ended::Idle,
                ..execution
            };
        };
        let code = failure::reported(&error).map(|reported| reported.code().to_owned());
        match code.as_deref() {
            Some("25P01" | "3B001") => Execution::refused(
                Failure::new(
                    FailureKind::NotAllowed,
                    "The statement ended its transaction; what it did before may have been kept.",
                )
                .with_hint("Send statements without COMMIT, ROLLBACK or procedures that commit."),
                Ended::Broken,
            ),
            // A deferred constraint: the server has rolled back.
            Some(code) if !code.starts_with("57P") && !code.starts_with("08") => {
                Execution::failed(error, false, Ended::Idle)
            }
            _ => Execution::refused(
                Failure::new(
                    FailureKind::Unavailable,
                    "The connection was lost during COMMIT; whether the change was kept is unknown.",
                )
                .with_hint("Look whether the change is there before sending it again.")
                .with_source(error),
                Ended::Broken,
            ),
        }
    }

    /// Rolls back a statement that failed.
    pub(super) async fn undo(&mut self) -> Ended {
        match run(&mut self.connection, "ROLLBACK".to_owned()).await {
            Ok(_) => Ended::Idle,
            Err(_) => Ended::Broken,
        }
    }

    /// Reads what is left of an unfinished answer.
    pub(super) async fn drain(&mut self) {
        // The driver drains before it sends. Whether it went well shows when the session is reset.
        let _ = run(&mut self.connection, String::new()).await;
    }
}

fn begin(access: Access) -> &'static str {
    match access {
        Access::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;SAVEPOINT portolan;",
        Access::Write => "BEGIN READ WRITE;SAVEPOINT portolan;",
    }
}

fn explain(
    error: Error,
    text: &str,
    literals: &[Range<usize>],
    statement: &Statement,
    rows: &Rows<'_>,
) -> Execution {
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
    if let Some(number) = parameter_at(&error, text, literals) {
        let mut failure = failure::of_statement(error, None).with_parameter(number);
        failure.position = None;
        return Execution::refused(failure, Ended::Open);
    }
    // The server may have run a write without our hearing of it.
    let repeatable = !rows.begun && rows.access == Access::Read;
    Execution::failed(error, repeatable, Ended::Open)
}

fn wrong_name() -> Execution {
    Execution {
        result: Err(Trouble::Driver {
            error: Error::Protocol("the prepared statement has another name".to_owned()),
            repeatable: true,
        }),
        ended: Ended::Broken,
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

/// Whether a statement failed only because it was prepared some time ago.
fn is_outdated(result: &Result<Outcome, Trouble>, known: bool) -> bool {
    let Err(Trouble::Driver { error, .. }) = result else {
        return false;
    };
    failure::reported(error).is_some_and(|reported| match reported.code() {
        "26000" => true,
        // Prepared anew, it may work, or fail with a position in the client's own text.
        code => known && (code == "0A000" || code.starts_with("42")),
    })
}

/// The parameter whose literal the server could not read.
fn parameter_at(error: &Error, text: &str, literals: &[Range<usize>]) -> Option<usize> {
    let Some(PgErrorPosition::Original(position)) = failure::reported(error)?.position() else {
        return None;
    };
    let (byte, _) = text.char_indices().nth(position.checked_sub(1)?)?;
    let index = literals
        .iter()
        .position(|literal| literal.contains(&byte))?;
    Some(index + 1)
}

/// Rows changed; `None` for a statement that changes none by its kind.
fn affected_rows(
    access: Access,
    statement: &Statement,
    prepared: &Prepared,
    affected: u64,
) -> Option<u64> {
    if access == Access::Read {
        return None;
    }
    let classified = PostgresDialect.classify(&statement.sql);
    let changes_rows = classified.class == StatementClass::Write
        || (classified.construct == "WITH" && prepared.columns.is_empty());
    changes_rows.then_some(affected)
}

/// The way of rows into the sink.
struct Rows<'a> {
    sink: &'a mut DynRowSink,
    access: Access,
    /// The sink has the columns.
    begun: bool,
    /// The sink wants no more, but the statement must come to its end.
    full: bool,
    shapes: Vec<Shape>,
    scratch: String,
}

impl<'a> Rows<'a> {
    fn new(sink: &'a mut DynRowSink, access: Access) -> Self {
        Self {
            sink,
            access,
            begun: false,
            full: false,
            shapes: Vec::new(),
            scratch: String::new(),
        }
    }

    fn begin(&mut self, columns: &[Column], shapes: &[Shape]) {
        self.begun = true;
        self.shapes.extend_from_slice(shapes);
        self.sink.columns(columns);
    }

    fn push(&mut self, prepared: &Prepared, types: &Types, row: &PgRow) -> Result<Flow, Failure> {
        if !self.begun {
            if prepared.columns.len() == row.len() {
                self.begin(&prepared.columns, &prepared.shapes);
            } else {
                let (columns, shapes) = columns_of(row, types);
                self.begin(&columns, &shapes);
            }
        }
        if self.full || self.sink.begin_row() == Flow::Stop {
            return Ok(self.stop());
        }
        for (index, shape) in self.shapes.iter().enumerate() {
            let value = row.try_get_raw(index).map_err(unreadable)?;
            let bytes = if value.is_null() {
                None
            } else {
                Some(value.as_bytes().map_err(unreadable)?)
            };
            self.sink
                .cell(value::cell(*shape, bytes, &mut self.scratch));
        }
        match self.sink.end_row() {
            Flow::Continue => Ok(Flow::Continue),
            Flow::Stop => Ok(self.stop()),
        }
    }

    /// A write is not cut off in the middle: the rest of what it returns is read and dropped.
    fn stop(&mut self) -> Flow {
        self.full = true;
        match self.access {
            Access::Read => Flow::Stop,
            Access::Write => Flow::Continue,
        }
    }

    /// The answer is complete; a result without rows still has columns.
    fn finish(&mut self, prepared: &Prepared) {
        if !self.begun && !prepared.columns.is_empty() {
            self.begin(&prepared.columns, &prepared.shapes);
        }
    }
}

fn unreadable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Failure {
    Failure::internal("A row of the database's answer could not be read.").with_source(error)
}

/// What a row says of its own columns, for a statement that could not be described beforehand.
fn columns_of(row: &PgRow, types: &Types) -> (Vec<Column>, Vec<Shape>) {
    row.columns()
        .iter()
        .map(|column| {
            let facts = types.get(oid_of(column.type_info()));
            let column = Column {
                name: column.name().to_owned(),
                type_name: facts.name.to_string(),
            };
            (column, facts.shape)
        })
        .unzip()
}
