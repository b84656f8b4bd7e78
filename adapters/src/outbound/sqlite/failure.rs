//! What `SQLite` complains about, as a [`Failure`] that says what to do.

use domain::{Failure, FailureKind, connection::Access};
use libsqlite3_sys as codes;

/// A complaint of `SQLite`, from the driver or from our own look at a statement.
#[derive(Debug, thiserror::Error)]
#[error("(code: {code}) {message}")]
pub(super) struct Fault {
    /// The extended result code.
    pub(super) code: i32,
    pub(super) message: String,
    /// Where in the text that was prepared, in bytes from 0.
    pub(super) offset: Option<usize>,
}

impl Fault {
    /// The driver's error as a fault; gives the error back if it was not `SQLite` that complained.
    pub(super) fn of(error: sqlx::Error) -> Result<Self, sqlx::Error> {
        match (code(&error), &error) {
            (Some(code), sqlx::Error::Database(complaint)) => Ok(Self {
                code,
                message: complaint.message().to_owned(),
                offset: None,
            }),
            _ => Err(error),
        }
    }

    /// The result code without its extension.
    pub(super) fn primary(&self) -> i32 {
        primary(self.code)
    }

    /// The failure of the client's statement.
    pub(super) fn into_failure(self, access: Access) -> Failure {
        let failure = self.told(access).with_native_code(self.code.into());
        failure.with_source(self)
    }

    fn told(&self, access: Access) -> Failure {
        let own = |kind| Failure::new(kind, self.message.clone());
        match self.primary() {
            codes::SQLITE_READONLY => match access {
                Access::ReadOnly => own(FailureKind::NotAllowed).with_hint(
                    "Read with SELECT instead. Whoever runs this server can set READ_ONLY=false for the connection.",
                ),
                Access::ReadWrite => own(FailureKind::NotAllowed)
                    .with_hint("The database file or its folder is not writable for the user who runs this server."),
            },
            codes::SQLITE_AUTH => own(FailureKind::NotAllowed)
                .with_hint("Only the tables of this one database file can be used: no other files, no extensions, no changes of settings."),
            codes::SQLITE_ERROR if self.message.starts_with("LIKE or GLOB pattern") => {
                own(FailureKind::TooLarge)
                    .with_hint("A pattern may have 1,000 bytes; instr() finds a longer text.")
            }
            codes::SQLITE_ERROR if is_limit(&self.message) => own(FailureKind::TooLarge)
                .with_hint("Split the statement into smaller ones, or pass a list as one JSON value and read it with json_each."),
            codes::SQLITE_NOMEM => Failure::new(
                FailureKind::TooLarge,
                "The statement needs more memory than it may have.",
            )
            .with_hint("Select fewer or shorter values, or split the statement into smaller ones."),
            codes::SQLITE_TOOBIG => own(FailureKind::TooLarge).with_hint(
                "A value may have 64 MB. Select fewer columns, or length(column) where the value itself is not needed.",
            ),
            codes::SQLITE_BUSY | codes::SQLITE_LOCKED | codes::SQLITE_PROTOCOL => own(FailureKind::Busy)
                .with_hint("Another program holds the database locked. Try again in a moment."),
            codes::SQLITE_SCHEMA => own(FailureKind::Busy)
                .with_hint("Another program changed the schema at the same time. Try again."),
            codes::SQLITE_INTERRUPT => Failure::new(FailureKind::Cancelled, "The statement was interrupted.")
                .with_hint("Try again."),
            codes::SQLITE_CORRUPT | codes::SQLITE_NOTADB => {
                Failure::new(FailureKind::Unavailable, "The database file is damaged.")
                    .with_hint("`PRAGMA integrity_check` says where; restore the file from a backup.")
            }
            codes::SQLITE_FULL => Failure::new(
                FailureKind::Busy,
                "The disk of the database, or of its temporary files, is full.",
            )
            .with_hint("Ask whoever runs this server to make room."),
            codes::SQLITE_IOERR | codes::SQLITE_CANTOPEN | codes::SQLITE_PERM | codes::SQLITE_NOLFS => {
                Failure::new(FailureKind::Unavailable, "The database file could not be read or written.")
                    .with_hint("Check the file, its folder and the disk on the machine that runs this server.")
            }
            codes::SQLITE_CONSTRAINT if self.code == codes::SQLITE_CONSTRAINT_DATATYPE => {
                own(FailureKind::InvalidSql).with_hint(stored(&self.message))
            }
            codes::SQLITE_CONSTRAINT => match constraint(self.code) {
                Some(hint) => own(FailureKind::InvalidSql).with_hint(hint),
                None => own(FailureKind::InvalidSql),
            },
            codes::SQLITE_MISMATCH => own(FailureKind::InvalidSql)
                .with_hint("Give a whole number for the INTEGER PRIMARY KEY, and for LIMIT."),
            codes::SQLITE_ERROR | codes::SQLITE_RANGE
            | codes::SQLITE_ABORT => own(FailureKind::InvalidSql),
            _ => Failure::internal("The database engine failed in a way that it should not.")
                .with_hint("Report this, with the statement; the log has the details."),
        }
    }
}

/// Whether a statement is refused for its size or its depth, which has no code of its own.
fn is_limit(message: &str) -> bool {
    [
        "Expression tree is too large",
        "parser stack overflow",
        "too many ",
    ]
    .iter()
    .any(|limit| message.starts_with(limit))
}

/// What to change in a row that a constraint refuses.
fn constraint(code: i32) -> Option<&'static str> {
    Some(match code {
        codes::SQLITE_CONSTRAINT_UNIQUE
        | codes::SQLITE_CONSTRAINT_PRIMARYKEY
        | codes::SQLITE_CONSTRAINT_ROWID => {
            "A row with this key exists: choose another value, update that row, or add ON CONFLICT."
        }
        codes::SQLITE_CONSTRAINT_NOTNULL => "Give the column a value.",
        codes::SQLITE_CONSTRAINT_CHECK => "Choose values that the constraint allows.",
        codes::SQLITE_CONSTRAINT_FOREIGNKEY => {
            "Write the row that is referred to first; delete rows that refer to it before it."
        }
        codes::SQLITE_CONSTRAINT_TRIGGER => {
            "A trigger of the database refused this; its message says why."
        }
        _ => return None,
    })
}

/// What to do about `cannot store TEXT value in INTEGER column t.n`: a STRICT table takes no other types.
fn stored(message: &str) -> String {
    let words = message
        .strip_prefix("cannot store ")
        .and_then(|rest| rest.split_once(" value in "))
        .and_then(|(given, rest)| Some((given, rest.split_once(" column ")?)));
    let Some((given, (wanted, column))) = words else {
        return "Give a value of the column's type: the table is STRICT.".to_owned();
    };
    let name = column.rsplit('.').next().unwrap_or(column);
    format!(
        "The table is STRICT: {name} takes {wanted} and no {given}. Give such a value, or convert it with CAST(value AS {wanted})."
    )
}

/// The extended result code, if it was `SQLite` that complained.
pub(super) fn code(error: &sqlx::Error) -> Option<i32> {
    error.as_database_error()?.code()?.parse().ok()
}

/// Whether another connection was in the way, so that the same again may succeed.
pub(super) fn is_busy(code: i32) -> bool {
    matches!(primary(code), codes::SQLITE_BUSY | codes::SQLITE_LOCKED)
}

fn primary(code: i32) -> i32 {
    code & 0xff
}

/// The failure of a statement of our own, or of the driver itself.
pub(super) fn of_driver(error: sqlx::Error) -> Failure {
    match Fault::of(error) {
        Ok(fault) => of_fault(fault),
        Err(error) => Failure::internal("The database session ended unexpectedly.")
            .with_hint("Try again, and report this if it happens again.")
            .with_source(error),
    }
}

/// The failure of a statement of our own.
pub(super) fn of_fault(fault: Fault) -> Failure {
    // What stands in the way of any statement is no defect.
    if fault.primary() != codes::SQLITE_ERROR {
        return fault.into_failure(Access::ReadOnly);
    }
    Failure::internal("A statement of the server itself failed.")
        .with_hint("Report this; the log has the details.")
        .with_source(fault)
}

/// The failure of a statement whose columns are not those that it was prepared with.
pub(super) fn schema_changed() -> Failure {
    Failure::new(
        FailureKind::Busy,
        "The schema changed while the statement was being run.",
    )
    .with_hint("Try again.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strict_column_is_told_with_both_types() {
        assert_eq!(
            stored("cannot store TEXT value in INTEGER column t.n"),
            "The table is STRICT: n takes INTEGER and no TEXT. Give such a value, or convert it with CAST(value AS INTEGER)."
        );
    }

    #[test]
    fn each_code_says_what_to_do() {
        use FailureKind::{
            Busy, Cancelled, Internal, InvalidSql, NotAllowed, TooLarge, Unavailable,
        };
        for (code, kind) in [
            (codes::SQLITE_ERROR, InvalidSql),
            (codes::SQLITE_CONSTRAINT_UNIQUE, InvalidSql),
            (codes::SQLITE_READONLY, NotAllowed),
            (codes::SQLITE_READONLY_DIRECTORY, NotAllowed),
            (codes::SQLITE_AUTH, NotAllowed),
            (codes::SQLITE_TOOBIG, TooLarge),
            (codes::SQLITE_NOMEM, TooLarge),
            (codes::SQLITE_BUSY, Busy),
            (codes::SQLITE_BUSY_SNAPSHOT, Busy),
            (codes::SQLITE_LOCKED, Busy),
            (codes::SQLITE_SCHEMA, Busy),
            (codes::SQLITE_INTERRUPT, Cancelled),
            (codes::SQLITE_NOTADB, Unavailable),
            (codes::SQLITE_CORRUPT, Unavailable),
            (codes::SQLITE_IOERR_READ, Unavailable),
            (codes::SQLITE_MISUSE, Internal),
        ] {
            let fault = Fault {
                code,
                message: "as SQLite says".to_owned(),
                offset: None,
            };
            let failure = fault.into_failure(Access::ReadOnly);
            assert_eq!(
                (failure.kind, failure.native_code),
                (kind, Some(code.into())),
                "{code}"
            );
        }
    }
}
