//! What is sent to run a statement.
//!
//! Everything that it needs goes in one message: the transaction, its canary, its time limit, the check of a name
//! that is used for the first time, and the statement. A statement that the session knows costs one round trip.

use std::{fmt::Write as _, ops::Range, time::Duration};

use super::{connect::milliseconds, execution::Access, session::PostgresSession};

/// How a statement that the server has parsed is run.
#[derive(Debug)]
pub(super) enum Way<'a> {
    /// By its own text, now that the server has accepted it as one statement. The only way in which the server sends
    /// rows as it finds them: it keeps the whole result of an `EXECUTE` before it sends the first row.
    Text(&'a str),
    /// By its name, with parameters.
    Execute(Named<'a>),
    /// By a cursor over it, with parameters, read in portions.
    Cursor { named: Named<'a>, portion: u64 },
}

/// A prepared statement and its parameters.
#[derive(Debug)]
pub(super) struct Named<'a> {
    pub(super) name: &'a str,
    pub(super) literals: &'a [String],
    /// What the server must hold under the name, if that was not seen yet.
    pub(super) unverified: Option<&'a str>,
}

#[derive(Debug, Default)]
pub(super) struct Message {
    pub(super) sql: String,
    /// Commands before the client's own.
    pub(super) before: usize,
    /// Where in `sql` the client's own text begins, in bytes, if it is there.
    pub(super) text_at: Option<usize>,
    /// Where in `sql` the parameters are, in bytes.
    pub(super) literals: Vec<Range<usize>>,
}

/// The cursor that a statement with parameters is read through.
pub(super) const CURSOR: &str = "portolan_rows";

/// The text that declares a cursor over a statement. It is parsed as a whole, so it is one statement or none.
pub(super) fn declare(sql: &str) -> String {
    format!("{DECLARE}{sql}")
}

pub(super) const DECLARE: &str = "DECLARE portolan_rows NO SCROLL CURSOR FOR ";

pub(super) fn fetch(portion: u64) -> String {
    // The server takes no count beyond this.
    format!(
        "FETCH FORWARD {} FROM {CURSOR}",
        portion.clamp(1, i32::MAX as u64)
    )
}

pub(super) fn begin(access: Access) -> &'static str {
    match access {
        Access::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;SAVEPOINT portolan;",
        Access::Write => "BEGIN READ WRITE;SAVEPOINT portolan;",
    }
}

impl PostgresSession {
    pub(super) fn message(&self, access: Access, time: Duration, way: &Way<'_>) -> Message {
        let mut message = Message::default();
        if !self.config().pooler {
            message.command(begin(access), 2);
            if time != self.config().statement_timeout {
                let limit = milliseconds(time);
                message.command(&format!("SET LOCAL statement_timeout = {limit};"), 1);
            }
        }
        match way {
            Way::Text(text) => {
                message.text_at = Some(message.sql.len());
                message.sql.push_str(text);
            }
            Way::Execute(named) => {
                message.verify(named);
                message.execute(named);
            }
            Way::Cursor { named, portion } => {
                message.verify(named);
                message.execute(named);
                message.command(";", 1);
                message.sql.push_str(&fetch(*portion));
            }
        }
        message
    }
}

impl Message {
    fn command(&mut self, sql: &str, commands: usize) {
        self.sql.push_str(sql);
        self.before += commands;
    }

    fn verify(&mut self, named: &Named<'_>) {
        if named.unverified.is_some() {
            let _ = write!(
                self.sql,
                "SELECT statement FROM pg_catalog.pg_prepared_statements WHERE name = '{}';",
                named.name
            );
            self.before += 1;
        }
    }

    fn execute(&mut self, named: &Named<'_>) {
        self.sql.push_str("EXECUTE ");
        self.sql.push_str(named.name);
        for (index, literal) in named.literals.iter().enumerate() {
            self.sql.push(if index == 0 { '(' } else { ',' });
            let start = self.sql.len();
            self.sql.push_str(literal);
            self.literals.push(start..self.sql.len());
        }
        if !named.literals.is_empty() {
            self.sql.push(')');
        }
    }

    /// The parameter at a position that the server gave, in characters from 1.
    pub(super) fn parameter_at(&self, position: usize) -> Option<usize> {
        let (byte, _) = self.sql.char_indices().nth(position.checked_sub(1)?)?;
        let index = self
            .literals
            .iter()
            .position(|literal| literal.contains(&byte))?;
        Some(index + 1)
    }
}
