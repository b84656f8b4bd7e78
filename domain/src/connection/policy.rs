//! What may run on a connection.

use serde::Serialize;

use crate::{
    failure::{Failure, FailureKind},
    nearest::nearest,
    query::dialect::{Classified, Dialect, StatementClass},
};

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
    pub fn admit(self, sql: &str, dialect: &dyn Dialect) -> Result<(), Failure> {
        let Classified {
            class,
            construct,
            flaw,
        } = dialect.classify(sql);
        let refused = |message: String, hint: &str| {
            let hint = dialect.instead_of(sql).unwrap_or(hint);
            Err(Failure::new(FailureKind::NotAllowed, message).with_hint(hint))
        };
        if let Some(flaw) = &flaw
            && construct.is_empty()
        {
            let failure = flaw.failure(dialect.reading_words());
            return Err(match dialect.instead_of(sql) {
                Some(hint) => failure.with_hint(hint),
                None => failure,
            });
        }
        match (class, self.access) {
            (StatementClass::Write | StatementClass::Ddl, Access::ReadOnly) => refused(
                format!("{construct} changes the database, and this connection is read-only."),
                "Read with SELECT instead. Whoever runs this server can set READ_ONLY=false for the connection.",
            ),
            (StatementClass::Transaction, _) => refused(
                format!(
                    "{construct} controls a transaction; every call already runs in one of its own."
                ),
                "Send the statement alone, without BEGIN, COMMIT or ROLLBACK.",
            ),
            (StatementClass::Session, _) => refused(
                format!("{construct} changes the session, which the next call would not see."),
                "Qualify names with their schema and convert values in the query itself.",
            ),
            (StatementClass::Admin, _) => refused(
                format!(
                    "{construct} acts beyond the rows of this database and cannot be run here."
                ),
                "Read what you need with SELECT.",
            ),
            (StatementClass::Unknown, Access::ReadOnly) => {
                let words = dialect.reading_words();
                // A word that may begin a read and is not one here is not misspelt.
                let meant =
                    nearest(&construct, words.iter().copied()).filter(|meant| *meant != construct);
                refused(
                    format!(
                        "{construct} is not a statement known to only read, and this connection is read-only."
                    ),
                    &match meant {
                        Some(meant) => format!("Did you mean {meant}?"),
                        None => format!("Begin with {}.", words.join(", ")),
                    },
                )
            }
            (StatementClass::Read, Access::ReadOnly) => match flaw {
                Some(flaw) => Err(flaw.failure(dialect.reading_words())),
                None => Ok(()),
            },
            (_, Access::ReadWrite) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::dialect::Flaw;

    /// A dialect that says what it was made to say.
    #[derive(Debug)]
    struct Says(Classified);

    impl Dialect for Says {
        fn classify(&self, _: &str) -> Classified {
            self.0.clone()
        }

        fn reading_words(&self) -> &'static [&'static str] {
            &["SELECT", "EXPLAIN"]
        }

        fn instead_of(&self, sql: &str) -> Option<&'static str> {
            (sql == "LIST TABLES").then_some("Read the catalog.")
        }
    }

    fn classified(class: StatementClass) -> Says {
        Says(Classified {
            class,
            construct: "WORD".to_owned(),
            flaw: None,
        })
    }

    const WRITABLE: Policy = Policy {
        access: Access::ReadWrite,
    };

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
            let dialect = classified(class);
            for (policy, admitted) in [(Policy::READ_ONLY, read_only), (WRITABLE, read_write)] {
                let verdict = policy.admit("WORD", &dialect);
                assert_eq!(verdict.is_ok(), admitted, "{class:?} {policy:?}");
            }
        }
    }

    #[test]
    fn a_text_that_begins_with_no_word_is_invalid_whatever_the_policy() {
        let dialect = |flaw| {
            Says(Classified {
                class: StatementClass::Unknown,
                construct: String::new(),
                flaw: Some(flaw),
            })
        };
        for policy in [Policy::READ_ONLY, WRITABLE] {
            for (flaw, message, hint, position) in [
                (
                    Flaw::Empty,
                    "The text holds no statement, only comments or semicolons.",
                    "Send one SQL statement, such as `SELECT 1`.",
                    None,
                ),
                (
                    Flaw::Wordless { position: 3 },
                    "The text does not begin with a word of SQL.",
                    "Begin with SELECT, EXPLAIN.",
                    Some(3),
                ),
                (
                    Flaw::Unclosed {
                        what: "string",
                        end: "'",
                        position: 2,
                    },
                    "The string that begins at position 2 is never closed.",
                    "End it with '; a quote inside of a string is written twice.",
                    Some(2),
                ),
                (
                    Flaw::Unreadable { position: 4 },
                    "The text cannot be read from position 4 on.",
                    "Check the characters there: quotes, signs and numbers.",
                    Some(4),
                ),
            ] {
                let failure = policy.admit("?", &dialect(flaw)).unwrap_err();
                assert_eq!(
                    (
                        failure.kind,
                        failure.message.as_str(),
                        failure.hint.as_deref(),
                        failure.position
                    ),
                    (FailureKind::InvalidSql, message, Some(hint), position)
                );
            }
        }
    }

    #[test]
    fn what_a_broken_text_may_hide_is_not_read_and_what_it_writes_is_still_refused_as_a_write() {
        for (class, kind) in [
            (StatementClass::Read, FailureKind::InvalidSql),
            (StatementClass::Write, FailureKind::NotAllowed),
        ] {
            let mut dialect = classified(class);
            dialect.0.flaw = Some(Flaw::Unreadable { position: 9 });

            let failure = Policy::READ_ONLY.admit("WORD 'x", &dialect).unwrap_err();

            assert_eq!(failure.kind, kind);
        }
    }

    #[test]
    fn a_refused_first_word_is_told_the_right_one() {
        for (construct, hint) in [
            ("SELEC", "Did you mean SELECT?"),
            ("FROB", "Begin with SELECT, EXPLAIN."),
            ("EXPLAIN", "Begin with SELECT, EXPLAIN."),
        ] {
            let mut dialect = classified(StatementClass::Unknown);
            construct.clone_into(&mut dialect.0.construct);

            let failure = Policy::READ_ONLY.admit(construct, &dialect).unwrap_err();

            assert_eq!(failure.hint.as_deref(), Some(hint));
        }
    }

    #[test]
    fn what_is_said_elsewhere_is_told_how_to_say_it_here() {
        for class in [StatementClass::Unknown, StatementClass::Session] {
            let failure = Policy::READ_ONLY
                .admit("LIST TABLES", &classified(class))
                .unwrap_err();

            assert_eq!(failure.hint.as_deref(), Some("Read the catalog."));
        }
    }

    #[test]
    fn a_refusal_names_the_construct_and_the_setting_that_would_allow_it() {
        let failure = Policy::READ_ONLY
            .admit("WORD", &classified(StatementClass::Write))
            .unwrap_err();

        assert_eq!(failure.kind, FailureKind::NotAllowed);
        assert!(failure.message.contains("WORD"));
        assert!(failure.hint.unwrap().contains("READ_ONLY=false"));
    }
}
