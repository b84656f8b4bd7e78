//! What the domain needs to know of an engine's SQL: what a statement does, and why a text is none.

use std::borrow::Cow;

use super::{
    effect::Finding,
    explained::QueryPlan,
    index_trial::PlannedIndex,
    plan::{PlanStep, PlanTable},
};
use crate::{Failure, FailureKind};

/// What a statement does, as far as its text tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StatementClass {
    /// Returns rows and, by its kind, changes nothing.
    Read,
    /// Changes rows.
    Write,
    /// Changes the schema.
    Ddl,
    /// Changes the session.
    Session,
    /// Begins, ends or marks a transaction.
    Transaction,
    /// Administers the server, its files or other sessions, or runs stored code.
    Admin,
    /// Not recognised.
    Unknown,
}

/// Why a text is no statement, as far as a lexer tells. Positions count characters, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing but white space, comments and semicolons.
    Empty,
    /// It begins with something that is no word.
    Wordless { position: usize },
    /// A string, a quoted name or a comment that runs to the end of the text.
    Unclosed {
        what: &'static str,
        end: &'static str,
        position: usize,
    },
    /// No lexer can read on from here.
    Unreadable { position: usize },
}

impl Flaw {
    /// What to mend, in words. A text without a word is told which words there are.
    pub fn failure(&self, reading_words: &[&str]) -> Failure {
        let invalid = |message: String| Failure::new(FailureKind::InvalidSql, message);
        match *self {
            Self::Empty => {
                invalid("The text holds no statement, only comments or semicolons.".to_owned())
                    .with_hint("Send one SQL statement, such as `SELECT 1`.")
            }
            Self::Wordless { position } => {
                invalid("The text does not begin with a word of SQL.".to_owned())
                    .with_hint(format!("Begin with {}.", reading_words.join(", ")))
                    .with_position(position)
            }
            Self::Unclosed {
                what,
                end,
                position,
            } => invalid(format!(
                "The {what} that begins at position {position} is never closed."
            ))
            .with_hint(if end == "'" {
                "End it with '; a quote inside of a string is written twice.".to_owned()
            } else {
                format!("End it with {end}.")
            })
            .with_position(position),
            Self::Unreadable { position } => invalid(format!(
                "The text cannot be read from position {position} on."
            ))
            .with_hint("Check the characters there: quotes, signs and numbers.")
            .with_position(position),
        }
    }
}

/// The verdict on one statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classified {
    pub class: StatementClass,
    /// The word that decided it, in upper case, such as `DELETE`; empty for a text that does not begin with a word.
    pub construct: String,
    /// Where that word stands, in characters from 1.
    pub position: Option<usize>,
    /// What in it does more than reading or writing rows: the first of each effect.
    pub findings: Vec<Finding>,
    /// Always there where the construct is empty; else only where the rest of the text may hide something from the
    /// classification.
    pub flaw: Option<Flaw>,
}

/// An engine's SQL.
pub trait Dialect: Send + Sync + std::fmt::Debug {
    /// What `sql` does. Never fails: what it cannot tell is [`StatementClass::Unknown`].
    fn classify(&self, sql: &str) -> Classified;

    /// What statements that only read begin with.
    fn reading_words(&self) -> &'static [&'static str];

    /// What to send in place of a refused `sql` that is another engine's or another program's way of asking, such as
    /// `DESCRIBE` or `\d`.
    fn instead_of(&self, sql: &str) -> Option<&'static str>;

    /// A name of a table, column or schema as it must be written in a statement: in quotes where it needs them, as for
    /// a reserved word, a space or a letter whose case counts.
    fn quoted<'name>(&self, name: &'name str) -> Cow<'name, str> {
        Cow::Owned(format!("\"{}\"", name.replace('"', "\"\"")))
    }

    /// The statement that asks, without running it, how much work `sql` would be; `None` where the engine cannot tell,
    /// or for what has no plan.
    fn plan_request(&self, sql: &str) -> Option<String> {
        let _ = sql;
        None
    }

    /// What must be asked of the catalog to judge a plan: how large are the tables that it reads. `None` where the plan
    /// says so itself.
    fn size_request(&self, plan: &PlanTable) -> Option<String> {
        let _ = plan;
        None
    }

    /// The step of a plan that handles the most rows; `sizes` is the answer to [`Self::size_request`], or empty.
    fn costliest_step(&self, plan: &PlanTable, sizes: &PlanTable) -> Option<PlanStep> {
        let _ = (plan, sizes);
        None
    }

    /// The statement that asks for the whole plan of `sql`, as this engine tells most about it. With `analyze` it also
    /// runs `sql`. [`FailureKind::Unsupported`] where the engine cannot; [`FailureKind::InvalidArgument`] for what has no
    /// plan.
    fn explain_request(&self, sql: &str, analyze: bool) -> Result<String, Failure> {
        let _ = (sql, analyze);
        Err(Failure::new(
            FailureKind::Unsupported,
            "This engine does not explain statements.",
        ))
    }

    /// An index to plan with although it is not there, from the statement that would make it.
    /// [`FailureKind::InvalidArgument`] for another text; [`FailureKind::Unsupported`] where the engine plans with what is
    /// there alone.
    fn planned_index(&self, sql: &str) -> Result<PlannedIndex, Failure> {
        let _ = sql;
        Err(Failure::new(
            FailureKind::Unsupported,
            "This engine plans with the indexes that are there; no others can be tried.",
        )
        .with_hint("Leave the indexes out; the plan's warnings tell which scans lack one."))
    }

    /// The tables in `sql` as a plan may call them, each with its name as `sql` writes it. Empty where plans say both.
    fn tables_called(&self, sql: &str) -> Vec<(String, String)> {
        let _ = sql;
        Vec::new()
    }

    /// The plan that [`Dialect::explain_request`] was answered with.
    fn query_plan(&self, answer: &PlanTable) -> Result<QueryPlan, Failure> {
        let _ = answer;
        Err(Failure::internal("The plan cannot be read."))
    }
}
