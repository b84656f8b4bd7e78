//! What comes of running a statement: the answer or the trouble, and the state of the session.

use domain::{Failure, query::Outcome};
use sqlx::{Error, postgres::PgErrorPosition};

use super::{dialect, failure};

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
        /// The value that the server would not take, counted from 1.
        parameter: Option<usize>,
        /// The statement can be sent again without harm.
        repeatable: bool,
    },
    /// What the statement was judged by is no longer so. It was not run.
    Outdated,
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

    pub(super) fn failed_at(
        error: Error,
        position: Option<usize>,
        repeatable: bool,
        ended: Ended,
    ) -> Self {
        let ended = match &error {
            Error::Database(_) if !failure::is_lost(&error) => ended,
            _ => Ended::Broken,
        };
        Self {
            result: Err(Trouble::Driver {
                error,
                position,
                parameter: None,
                repeatable,
            }),
            ended,
        }
    }

    /// A failure over a value, which no repetition mends.
    pub(super) fn failed_over(parameter: usize, error: Error) -> Self {
        Self {
            result: Err(Trouble::Driver {
                error,
                position: None,
                parameter: Some(parameter),
                repeatable: false,
            }),
            ended: Ended::Open,
        }
    }

    /// Whether the statement was answered to its end.
    pub(super) fn is_complete(&self) -> bool {
        self.result.is_ok() && matches!(self.ended, Ended::Open | Ended::Idle)
    }
}

pub(super) fn wrong_name() -> Error {
    Error::Protocol("the prepared statement has another name".to_owned())
}

/// The server says that there are several statements, and not where; the lexer only tells the place.
pub(super) fn second_statement(error: &Error, sql: &str) -> Option<usize> {
    failure::is_several(error)
        .then(|| dialect::second_statement(sql))
        .flatten()
}

pub(super) fn position(error: &Error) -> Option<usize> {
    match failure::reported(error)?.position()? {
        PgErrorPosition::Original(position) => Some(position),
        PgErrorPosition::Internal { .. } => None,
    }
}
