//! What a statement may do with masked columns, by its text, on every engine.
//!
//! A masked column may stand in one place: by itself in the outermost list of columns, where the engine tells its origin
//! and its values are masked. Everywhere else its values could be found out: an expression hides where a value comes from,
//! a condition answers questions about it, an order compares it. This reads names and not meanings: where a name could
//! be that of a masked column, it is.

mod roles;
mod token;
mod verdict;

use std::collections::BTreeMap;

use domain::{Failure, FailureKind, masking::Mask};

pub(super) use token::{Kind, Token, of_lexed};
pub(super) use verdict::judge;

/// A table or view with columns that are masked. Names are in lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Relation {
    pub(super) name: String,
    pub(super) columns: BTreeMap<String, Option<Mask>>,
}

/// How an engine reads names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    /// A table's name by itself is a value: its whole row; and `row.name` may call a function.
    pub(super) whole_rows: bool,
    /// A string may stand where a name is meant.
    pub(super) strings_are_names: bool,
}

/// What a statement has to do with masked columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Touch {
    /// It names nothing that has any.
    Nothing,
    /// It may run. The columns of the result at these places are masked ones, by its text, which calls them so; with a star
    /// among them, places are not known, only how many there are at least.
    Allowed {
        shown: BTreeMap<usize, String>,
        star: bool,
    },
}

/// Why a statement is not run, and at which of its tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) token: usize,
    message: String,
    hint: &'static str,
}

const ALONE: &str = "Select the column itself, in the outermost SELECT and without an expression: its values come masked. Filter, join and sort by other columns.";
const NAMED: &str = "Name the columns that are needed, each with its table; masked ones only in the outermost SELECT.";

impl Refusal {
    fn column(token: usize, name: &str) -> Self {
        Self {
            token,
            message: format!(
                "{name} is the name of a masked column, which stands here in more than the list of columns."
            ),
            hint: ALONE,
        }
    }

    fn of(token: usize, message: impl Into<String>) -> Self {
        Self {
            token,
            message: message.into(),
            hint: NAMED,
        }
    }

    /// `position` counts characters, from 1.
    pub(super) fn into_failure(self, position: Option<usize>) -> Failure {
        let failure = refused(self.message, self.hint);
        match position {
            Some(position) => failure.with_position(position),
            None => failure,
        }
    }
}

/// A statement that is not run on a connection with masked columns.
pub(super) fn refused(message: impl Into<String>, hint: impl Into<String>) -> Failure {
    Failure::new(FailureKind::NotAllowed, message).with_hint(hint)
}

/// The same refusal, of a statement that is remembered with it.
pub(super) fn again(refusal: &Failure) -> Failure {
    let failure = Failure::new(refusal.kind, refusal.message.clone());
    let failure = match &refusal.hint {
        Some(hint) => failure.with_hint(hint.clone()),
        None => failure,
    };
    match refusal.position {
        Some(position) => failure.with_position(position),
        None => failure,
    }
}

/// A failure of a statement over masked columns, without what the database said: it may have quoted a value.
pub(super) fn withheld(failure: &Failure) -> Failure {
    let said = Failure::new(
        failure.kind,
        "The statement failed while it ran; what the database said may hold a masked value and is not shown.",
    )
    .with_hint("Leave out conversions and functions, or read other columns.");
    match &failure.sqlstate {
        Some(state) => said.with_sqlstate(state.clone()),
        None => said,
    }
}
