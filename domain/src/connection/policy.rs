//! What may run on a connection.

use serde::Serialize;

use crate::{
    failure::{Failure, FailureKind},
    nearest::nearest,
    query::dialect::{Classified, StatementClass},
};

/// What statements that only read begin with, on one engine or another.
const READING_WORDS: [&str; 7] = [
    "SELECT", "WITH", "VALUES", "TABLE", "SHOW", "DESCRIBE", "EXPLAIN",
];

/// Whether a connection may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Access {
    #[default]
    ReadOnly,
    ReadWrite,
}

/// The rules of one connection. Set by its configuration; a call can only tighten them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    pub access: Access,
}

impl Policy {
    pub const READ_ONLY: Self = Self {
        access: Access::ReadOnly,
    };

    pub const fn is_read_only(self) -> bool {
        matches!(self.access, Access::ReadOnly)
    }

    /// Refuses a statement that has no business on this connection, before the database is asked.
    ///
    /// This explains early and closes what a database's own read-only mode lets through; it is never the only
    /// thing between a statement and a write.
    pub fn admit(self, statement: &Classified) -> Result<(), Failure> {
        let construct = &statement.construct;
        match (statement.class, self.access) {
            (StatementClass::Read, _)
            | (StatementClass::Write | StatementClass::Ddl | StatementClass::Unknown, Access::ReadWrite) => Ok(()),
            (StatementClass::Write | StatementClass::Ddl, Access::ReadOnly) => Err(Failure::new(
                FailureKind::NotAllowed,
                format!("{construct} changes the database, and this connection is read-only."),
            )
            .with_hint(
                "Read with SELECT instead. Whoever runs this server can set READ_ONLY=false for the connection.",
            )),
            (StatementClass::Transaction, _) => Err(Failure::new(
                FailureKind::NotAllowed,
                format!("{construct} controls a transaction; every call already runs in one of its own."),
            )
            .with_hint("Send the statement alone, without BEGIN, COMMIT or ROLLBACK.")),
            (StatementClass::Session, _) => Err(Failure::new(
                FailureKind::NotAllowed,
                format!("{construct} changes the session, which the next call would not see."),
            )
            .with_hint("Qualify names with their schema and convert values in the query itself.")),
            (StatementClass::Admin, _) => Err(Failure::new(
                FailureKind::NotAllowed,
                format!("{construct} acts beyond the rows of this database and cannot be run here."),
            )
            .with_hint("Read what you need with SELECT, SHOW or EXPLAIN.")),
            (StatementClass::Unknown, Access::ReadOnly) => {
                let what = if construct.is_empty() {
                    "The text holds no statement".to_owned()
                } else {
                    format!("{construct} is not a statement known to only read")
                };
                let hint = match nearest(construct, READING_WORDS) {
                    Some(meant) => format!("Did you mean {meant}?"),
                    None => format!("Begin with {}.", READING_WORDS.join(", ")),
                };
                Err(Failure::new(
                    FailureKind::NotAllowed,
                    format!("{what}, and this connection is read-only."),
                )
                .with_hint(hint))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classified(class: StatementClass) -> Classified {
        Classified {
            class,
            construct: "WORD".to_owned(),
        }
    }

    #[test]
    fn each_class_is_admitted_where_it_belongs() {
        use StatementClass::{Admin, Ddl, Read, Session, Transaction, Unknown, Write};
        for (class, read_only, read_write) in [
            (Read, true, true),
            (Write, false, true),
            (Ddl, false, true),
            (Unknown, false, true),
            (Session, false, false),
            (Transaction, false, false),
            (Admin, false, false),
        ] {
            let statement = classified(class);
            let writable = Policy {
                access: Access::ReadWrite,
            };
            assert_eq!(
                Policy::READ_ONLY.admit(&statement).is_ok(),
                read_only,
                "{class:?}"
            );
            assert_eq!(writable.admit(&statement).is_ok(), read_write, "{class:?}");
        }
    }

    #[test]
    fn a_misspelt_first_word_is_told_the_right_one() {
        for (construct, hint) in [
            ("SELEC", "Did you mean SELECT?"),
            (
                "FROB",
                "Begin with SELECT, WITH, VALUES, TABLE, SHOW, DESCRIBE, EXPLAIN.",
            ),
        ] {
            let failure = Policy::READ_ONLY
                .admit(&Classified {
                    class: StatementClass::Unknown,
                    construct: construct.to_owned(),
                })
                .unwrap_err();
            assert_eq!(failure.hint.as_deref(), Some(hint));
        }
    }

    #[test]
    fn a_refusal_names_the_construct_and_the_setting_that_would_allow_it() {
        let failure = Policy::READ_ONLY
            .admit(&classified(StatementClass::Write))
            .unwrap_err();

        assert_eq!(failure.kind, FailureKind::NotAllowed);
        assert!(failure.message.contains("WORD"));
        assert!(failure.hint.unwrap().contains("READ_ONLY=false"));
    }
}
