//! What is known of a statement before it runs: that it is one, its columns, its placeholders.

use std::sync::Arc;

use domain::{
    Failure, FailureKind,
    connection::Access,
    masking::Masking,
    query::{Column, Dialect, StatementClass, dialect::Classified},
};
use sqlx::sqlite::LockedSqliteHandle;

use super::{
    super::lexer::character,
    blank::skip_blank,
    depth::refuse_bottomless,
    dialect::SqliteDialect,
    handle::{self, Rejected, Touched},
    masking::Guard,
    parameters,
    value::Declared,
};

/// A statement that was looked at. Holds as long as the schema stays as it is.
#[derive(Debug)]
pub(super) struct Inspected {
    pub(super) sql: Arc<str>,
    pub(super) columns: Vec<Column>,
    /// One for each column.
    pub(super) declared: Vec<Declared>,
    /// Which value each of its parameters takes, from 0.
    pub(super) positions: Arc<[usize]>,
    pub(super) class: StatementClass,
    /// Where columns are masked: what of its result is, or why it is not run.
    pub(super) guard: Result<Guard, Failure>,
    pub(super) touched: Touched,
    /// A session that ran it is as it was before.
    pub(super) leaves_no_trace: bool,
}

/// The type of a column that is an expression: it may hold anything.
const ANY: &str = "any";

impl Inspected {
    /// How many values it takes.
    pub(super) fn needed(&self) -> usize {
        parameters::needed(&self.positions)
    }

    /// Refuses a text that does not hold exactly one statement that can be prepared.
    pub(super) fn new(
        handle: &mut LockedSqliteHandle<'_>,
        sql: &str,
        access: Access,
        masking: Option<&Masking>,
    ) -> Result<Self, Failure> {
        let statement = skip_blank(sql);
        if statement.is_empty() {
            return Err(Failure::new(
                FailureKind::InvalidSql,
                "The text holds no statement, only comments or semicolons.",
            ));
        }
        refuse_bottomless(statement)?;
        let begins = sql.len() - statement.len();
        let (prepared, reads) = if masking.is_some() {
            handle::prepare_and_watch(handle, statement)
        } else {
            handle::prepare(handle, statement).map(|prepared| (prepared, Vec::new()))
        }
        .map_err(|rejected| match rejected {
            Rejected::Fault(fault) => {
                let position = match fault.offset {
                    Some(offset) => Some(character(sql, begins + offset)),
                    // SQLite tells no place for the end of the text.
                    None if fault.message == "incomplete input" => {
                        Some(character(sql, sql.trim_end().len()))
                    }
                    None => None,
                };
                let failure = fault.into_failure(access);
                match position {
                    Some(position) => failure.with_position(position),
                    None => failure,
                }
            }
            Rejected::TooDeep => Failure::new(
                FailureKind::TooLarge,
                "The statement leads through too many views, triggers or foreign keys, one inside of the other.",
            )
            .with_hint("Use the tables behind the views; whoever made the database can shorten the chain."),
            Rejected::NameNotText => Failure::new(
                FailureKind::Unsupported,
                "A column of the result, its table or its declared type has a name that is not valid UTF-8.",
            )
            .with_hint("Select an expression instead, such as `+column AS name`."),
        })?;
        let tail = skip_blank(statement.get(prepared.length..).unwrap_or_default());
        if !tail.is_empty() {
            return Err(Failure::new(
                FailureKind::InvalidSql,
                "The text holds more than one statement; a call runs exactly one.",
            )
            .with_position(character(sql, sql.len() - tail.len()))
            .with_hint("Send each statement in a call of its own."));
        }
        let positions = parameters::positions(&prepared.parameters)?.into();
        let verdict = SqliteDialect.classify(sql);
        let guard = match masking {
            Some(masking) => Guard::of(handle, sql, &prepared, &reads, masking),
            None => Ok(Guard::default()),
        };
        Ok(Self {
            guard,
            sql: sql.into(),
            declared: prepared
                .columns
                .iter()
                .map(|(_, declared)| Declared::of(declared.as_deref()))
                .collect(),
            columns: prepared
                .columns
                .into_iter()
                .map(|(name, declared)| Column {
                    name,
                    type_name: declared
                        .filter(|declared| !declared.is_empty())
                        .map_or_else(|| ANY.to_owned(), |declared| declared.to_lowercase()),
                })
                .collect(),
            positions,
            touched: prepared.touched,
            class: match verdict.class {
                StatementClass::Read if !prepared.reads_only => StatementClass::Unknown,
                class => class,
            },
            leaves_no_trace: only_reads(&verdict),
        })
    }
}

/// Whether a session is the same after this text as before, even if it was only prepared: some pragmas take effect
/// that early.
pub(super) fn leaves_no_trace(sql: &str) -> bool {
    only_reads(&SqliteDialect.classify(sql))
}

fn only_reads(verdict: &Classified) -> bool {
    verdict.class == StatementClass::Read && !verdict.construct.starts_with("PRAGMA")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_reads_leave_no_trace() {
        for (sql, expected) in [
            ("SELECT 1", true),
            ("EXPLAIN QUERY PLAN SELECT 1", true),
            ("PRAGMA user_version", false),
            ("EXPLAIN PRAGMA user_version", false),
            ("BEGIN", false),
            ("WITH a AS (SELECT 1) DELETE FROM t", false),
            ("DELETE FROM t", false),
        ] {
            assert_eq!(leaves_no_trace(sql), expected, "{sql}");
        }
    }
}
