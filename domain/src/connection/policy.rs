//! What may run on a connection.

use serde::{Serialize, Serializer};

use crate::{
    failure::{Failure, FailureKind},
    nearest::nearest,
    query::{
        dialect::{Classified, Dialect, StatementClass},
        effect::{Allowance, Finding, Remedy},
    },
};

/// Whether a connection may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Access {
    #[default]
    ReadOnly,
    ReadWrite,
}

/// What a writable connection may do beyond rows and tables, each by a setting of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Allowances(u8);

impl Allowances {
    pub const NONE: Self = Self(0);

    #[must_use]
    pub const fn with(self, allowance: Allowance) -> Self {
        Self(self.0 | 1 << allowance as u8)
    }

    pub const fn holds(self, allowance: Allowance) -> bool {
        self.0 & (1 << allowance as u8) != 0
    }

    pub fn iter(self) -> impl Iterator<Item = Allowance> {
        Allowance::ALL
            .into_iter()
            .filter(move |allowance| self.holds(*allowance))
    }
}

impl Serialize for Allowances {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

/// The rules of one connection. Set by its configuration; a call can only tighten them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    pub access: Access,
    pub allowances: Allowances,
}

impl Policy {
    pub const READ_ONLY: Self = Self {
        access: Access::ReadOnly,
        allowances: Allowances::NONE,
    };

    pub const READ_WRITE: Self = Self {
        access: Access::ReadWrite,
        allowances: Allowances::NONE,
    };

    pub const fn is_read_only(self) -> bool {
        matches!(self.access, Access::ReadOnly)
    }

    /// Refuses a statement that has no business on this connection, before the database is asked.
    ///
    /// This explains early and closes what a database's own read-only mode lets through; it is never the only
    /// thing between a statement and a write.
    pub fn admit(self, sql: &str, dialect: &dyn Dialect) -> Result<(), Failure> {
        let classified = dialect.classify(sql);
        if let Some(flaw) = &classified.flaw
            && classified.construct.is_empty()
        {
            let failure = flaw.failure(dialect.reading_words());
            return Err(match dialect.instead_of(sql) {
                Some(hint) => failure.with_hint(hint),
                None => failure,
            });
        }
        let Some(Refusal {
            position,
            message,
            advice,
            setting,
        }) = self.refusal(&classified, dialect)
        else {
            return match classified.flaw {
                Some(flaw) if self.is_read_only() => Err(flaw.failure(dialect.reading_words())),
                _ => Ok(()),
            };
        };
        let mut hint = dialect.instead_of(sql).map_or(advice, str::to_owned);
        if let Some(setting) = setting {
            hint = format!("{hint} {setting}");
        }
        let failure = Failure::new(FailureKind::NotAllowed, message).with_hint(hint);
        Err(match position {
            Some(position) => failure.with_position(position),
            None => failure,
        })
    }

    fn refusal(self, classified: &Classified, dialect: &dyn Dialect) -> Option<Refusal> {
        let construct = &classified.construct;
        let refused = |message: String, hint: &str| {
            Some(Refusal {
                position: classified.position,
                message,
                advice: hint.to_owned(),
                setting: None,
            })
        };
        match (classified.class, self.access) {
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
            (StatementClass::Write | StatementClass::Ddl, Access::ReadOnly)
                if classified.findings.iter().any(Finding::needs_setting) =>
            {
                let finding = classified.findings.iter().find(|one| one.needs_setting());
                finding.and_then(|finding| self.refusal_of(finding))
            }
            (StatementClass::Write | StatementClass::Ddl, Access::ReadOnly) => refused(
                format!("{construct} changes the database, and this connection is read-only."),
                "Read with SELECT instead. Whoever runs this server can set READ_ONLY=false for the connection.",
            ),
            (StatementClass::Unknown, access) => {
                let words = dialect.reading_words();
                // A word that may begin a read and is not one here is not misspelt.
                let meant =
                    nearest(construct, words.iter().copied()).filter(|meant| meant != construct);
                refused(
                    match access {
                        Access::ReadOnly => format!(
                            "{construct} is not a statement known to only read, and this connection is read-only."
                        ),
                        Access::ReadWrite => {
                            format!("{construct} is not a statement that is known here.")
                        }
                    },
                    &match (meant, access) {
                        (Some(meant), _) => format!("Did you mean {meant}?"),
                        (None, Access::ReadOnly) => format!("Begin with {}.", words.join(", ")),
                        (None, Access::ReadWrite) => {
                            "Begin with a statement that reads, writes or defines, such as SELECT, INSERT or CREATE."
                                .to_owned()
                        }
                    },
                )
            }
            (StatementClass::Admin, _)
                if classified.findings.is_empty() && !self.allows(Allowance::Admin) =>
            {
                Some(Refusal {
                    position: classified.position,
                    message: format!("{construct} acts beyond the rows of this database."),
                    advice: WITHOUT_IT.to_owned(),
                    setting: Some(self.how_to_allow(Some(Allowance::Admin))),
                })
            }
            _ => classified
                .findings
                .iter()
                .find_map(|finding| self.refusal_of(finding)),
        }
    }

    fn refusal_of(self, finding: &Finding) -> Option<Refusal> {
        let Finding {
            effect,
            construct,
            position,
        } = finding;
        let does = effect.does();
        let (message, setting) = match effect.remedy() {
            Remedy::Writable if !self.is_read_only() => return None,
            Remedy::Setting(allowance) if self.allows(allowance) => return None,
            Remedy::None => (
                format!("{construct} {does}; it is not run on any connection."),
                None,
            ),
            remedy => {
                let allowance = match remedy {
                    Remedy::Setting(allowance) => Some(allowance),
                    _ => None,
                };
                let connection = if self.is_read_only() {
                    "and this connection is read-only"
                } else {
                    "which needs a setting of its own"
                };
                (
                    format!("{construct} {does}, {connection}."),
                    Some(self.how_to_allow(allowance)),
                )
            }
        };
        Some(Refusal {
            position: Some(*position),
            message,
            advice: WITHOUT_IT.to_owned(),
            setting,
        })
    }

    fn allows(self, allowance: Allowance) -> bool {
        !self.is_read_only() && self.allowances.holds(allowance)
    }

    fn how_to_allow(self, allowance: Option<Allowance>) -> String {
        let writable = self.is_read_only().then_some("READ_ONLY=false");
        let setting = allowance.map(|allowance| format!("{}=true", allowance.setting()));
        let settings: Vec<&str> = writable.into_iter().chain(setting.as_deref()).collect();
        format!(
            "Whoever runs this server can set {} for the connection.",
            settings.join(" and ")
        )
    }
}

/// Why a statement is not run.
struct Refusal {
    position: Option<usize>,
    message: String,
    /// What the caller can do.
    advice: String,
    /// What the operator can do.
    setting: Option<String>,
}

const WITHOUT_IT: &str = "Do without it.";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::{dialect::Flaw, effect::Effect};

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
            position: Some(1),
            findings: Vec::new(),
            flaw: None,
        })
    }

    #[test]
    fn each_class_is_admitted_where_it_belongs() {
        use StatementClass::{Admin, Ddl, Read, Session, Transaction, Unknown, Write};
        for (class, read_only, read_write) in [
            (Read, true, true),
            (Write, false, true),
            (Ddl, false, true),
            (Unknown, false, false),
            (Session, false, false),
            (Transaction, false, false),
            (Admin, false, false),
        ] {
            let dialect = classified(class);
            for (policy, admitted) in [
                (Policy::READ_ONLY, read_only),
                (Policy::READ_WRITE, read_write),
            ] {
                let verdict = policy.admit("WORD", &dialect);
                assert_eq!(verdict.is_ok(), admitted, "{class:?} {policy:?}");
            }
        }
    }

    fn found(class: StatementClass, effect: Effect) -> Says {
        let mut dialect = classified(class);
        dialect.0.findings = vec![Finding {
            effect,
            construct: "f()".to_owned(),
            position: 8,
        }];
        dialect
    }

    #[test]
    fn a_side_effect_is_refused_with_its_place_and_the_settings_that_would_allow_it() {
        for (policy, effect, message, hint) in [
            (
                Policy::READ_ONLY,
                Effect::Notifications,
                "f() notifies other sessions, and this connection is read-only.",
                "Do without it. Whoever runs this server can set READ_ONLY=false for the connection.",
            ),
            (
                Policy::READ_ONLY,
                Effect::ServerFiles,
                "f() reads or writes files of the database server, and this connection is read-only.",
                "Do without it. Whoever runs this server can set READ_ONLY=false and ALLOW_SERVER_FILES=true for the connection.",
            ),
            (
                Policy::READ_WRITE,
                Effect::OtherSessions,
                "f() ends or signals other sessions, which needs a setting of its own.",
                "Do without it. Whoever runs this server can set ALLOW_ADMIN=true for the connection.",
            ),
            (
                Policy::READ_WRITE,
                Effect::HiddenCode,
                "f() may hide code from whoever judges it; it is not run on any connection.",
                "Do without it.",
            ),
        ] {
            let failure = policy
                .admit("WORD f()", &found(StatementClass::Read, effect))
                .unwrap_err();
            assert_eq!(
                (
                    failure.message.as_str(),
                    failure.hint.as_deref(),
                    failure.position
                ),
                (message, Some(hint), Some(8))
            );
        }
    }

    #[test]
    fn a_setting_allows_its_own_effects_where_writing_is_allowed() {
        for (access, effect, class, admitted) in [
            (
                Access::ReadWrite,
                Effect::ServerFiles,
                StatementClass::Read,
                true,
            ),
            (
                Access::ReadWrite,
                Effect::ServerFiles,
                StatementClass::Admin,
                true,
            ),
            (
                Access::ReadWrite,
                Effect::ServerPrograms,
                StatementClass::Read,
                false,
            ),
            (
                Access::ReadOnly,
                Effect::ServerFiles,
                StatementClass::Read,
                false,
            ),
            (
                Access::ReadWrite,
                Effect::Sequences,
                StatementClass::Read,
                true,
            ),
        ] {
            let policy = Policy {
                access,
                allowances: Allowances::NONE.with(Allowance::ServerFiles),
            };
            let verdict = policy.admit("WORD", &found(class, effect));
            assert_eq!(verdict.is_ok(), admitted, "{access:?} {effect:?} {class:?}");
        }
    }

    #[test]
    fn an_effect_that_is_allowed_hides_none_that_is_not() {
        let mut dialect = found(StatementClass::Read, Effect::Locks);
        dialect.0.findings.push(Finding {
            effect: Effect::ServerFiles,
            construct: "g()".to_owned(),
            position: 12,
        });

        let failure = Policy::READ_WRITE
            .admit("WORD f(), g()", &dialect)
            .unwrap_err();

        assert_eq!(failure.position, Some(12));
    }

    #[test]
    fn what_administers_the_server_needs_its_setting() {
        let policy = Policy {
            access: Access::ReadWrite,
            allowances: Allowances::NONE.with(Allowance::Admin),
        };

        assert!(
            policy
                .admit("WORD", &classified(StatementClass::Admin))
                .is_ok()
        );
    }

    #[test]
    fn a_text_that_begins_with_no_word_is_invalid_whatever_the_policy() {
        let dialect = |flaw| {
            Says(Classified {
                class: StatementClass::Unknown,
                construct: String::new(),
                position: None,
                findings: Vec::new(),
                flaw: Some(flaw),
            })
        };
        for policy in [Policy::READ_ONLY, Policy::READ_WRITE] {
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
