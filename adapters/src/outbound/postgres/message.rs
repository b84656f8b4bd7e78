//! What is sent to run a statement.
//!
//! Everything that it needs goes in one message: the transaction, its time limit, the check of a name that is used
//! for the first time, the statement, and the roll-back where the statement cannot have ended the transaction itself.
//! A statement that the session knows costs one round trip, and mostly nothing after that.

use std::{fmt::Write as _, ops::Range, time::Duration};

use super::{
    connect::milliseconds, outcome::Purpose, session::PostgresSession, tokens::first_word,
};

/// How a statement that the server has parsed is run.
#[derive(Debug)]
pub(super) enum Way<'a> {
    /// By its own text, now that the server has accepted it as one statement. The only way in which the server sends
    /// rows as it finds them: it keeps the whole result of an `EXECUTE` before it sends the first row.
    Text(&'a str),
    /// By its name, with parameters.
    Execute(Named<'a>),
    /// By a cursor over it, with parameters, read as far as it is wanted.
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
    /// Those of them that say as whom the statement runs.
    pub(super) identity: Range<usize>,
    /// Those of them that hold it to what it was judged by.
    pub(super) proof: Range<usize>,
    /// And those between which a failure leaves something in the session.
    pub(super) holding: Range<usize>,
    /// Where in `sql` the client's own text begins, in characters, if it is there.
    pub(super) text_at: Option<usize>,
    /// Where in `sql` the parameters are, in bytes.
    pub(super) literals: Vec<Range<usize>>,
    /// What the client's statement began ends in the same message, so an answer that was read to its end leaves
    /// nothing to clean up.
    pub(super) ends: bool,
}

/// The cursor that a statement with parameters is read through.
pub(super) const CURSOR: &str = "portolan_rows";

/// The text that declares a cursor over a statement. It is parsed as a whole, so it is one statement or none.
pub(super) fn declare(sql: &str) -> String {
    format!("{DECLARE}{sql}")
}

pub(super) const DECLARE: &str = "DECLARE portolan_rows NO SCROLL CURSOR FOR ";

fn fetch(portion: u64) -> String {
    // The server takes no count beyond this.
    format!(
        "FETCH FORWARD {} FROM {CURSOR}",
        portion.clamp(1, i32::MAX as u64)
    )
}

pub(super) const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;";
/// For a statement that its caller's tables hold. What it touches is looked at once it is locked, and waiting for a lock may take
/// any time: with one snapshot for all of the transaction it would be looked at as it was before. A statement sees one moment all the same.
pub(super) const BEGIN_GRANTED: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY;";
pub(super) const BEGIN_WRITE: &str = "BEGIN READ WRITE;";
/// Our canary: it is gone if a statement has ended the transaction that we began for it.
pub(super) const CANARY: &str = "SAVEPOINT portolan;";
/// Ends the transaction of a statement that cannot have ended it itself, and undoes what a rollback does not.
pub(super) const END: &str = "ROLLBACK;SELECT pg_catalog.pg_advisory_unlock_all()";

pub(super) fn begin(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Read => BEGIN_READ,
        Purpose::Write => BEGIN_WRITE,
    }
}

/// Whether a statement, which the server has accepted as one, is of a kind that can never end its transaction.
fn stays_inside(sql: &str) -> bool {
    matches!(
        first_word(sql).as_str(),
        "SELECT" | "WITH" | "VALUES" | "TABLE" | "SHOW" | "EXPLAIN"
    )
}

impl PostgresSession {
    pub(super) fn message(&mut self, purpose: Purpose, time: Duration, way: &Way<'_>) -> Message {
        let mut message = Message::default();
        self.guarded = true;
        if !self.config().pooler {
            message.ends = purpose == Purpose::Read
                && match way {
                    Way::Text(text) => stays_inside(text),
                    Way::Execute(_) => false,
                    // Nothing but a query can be declared.
                    Way::Cursor { .. } => true,
                };
            let proof = self.proof.as_ref();
            let begin = match proof {
                Some(_) => BEGIN_GRANTED,
                None => begin(purpose),
            };
            message.command(begin, 1);
            message.identity = message.before..message.before + self.identity.commands;
            message.command(&self.identity.sql, self.identity.commands);
            if !message.ends {
                message.command(CANARY, 1);
            }
            self.guarded = !message.ends;
            if time != self.config().statement_time_on_server() {
                let limit = milliseconds(time);
                message.command(&format!("SET LOCAL statement_timeout = {limit};"), 1);
            }
            if let Some(proof) = proof {
                let first = message.before;
                message.command(&proof.sql, proof.commands);
                message.proof = first..message.before;
                message.holding = first + proof.holding.start..first + proof.holding.end;
            }
        }
        let instead = self.proof.as_ref().and_then(|proof| proof.instead.as_ref());
        match way {
            Way::Text(_) if instead.is_some() => {
                message.sql.extend(instead.map(String::as_str));
            }
            Way::Text(text) => {
                // A value of an identity may be any text.
                message.text_at = Some(message.sql.chars().count());
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
        if message.ends {
            // The text may end in a comment.
            message.sql.push_str("\n;");
            message.sql.push_str(END);
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
