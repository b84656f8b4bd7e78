//! What a caller may do on one connection.

use std::time::Duration;

use super::Tables;
use crate::connection::{ConnectionConfig, Policy};

/// Tightens a connection, and never loosens it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Allowed {
    pub read_only: bool,
    /// Of an answer; `None` for the server's own ceiling.
    pub max_rows: Option<u64>,
    /// Of a statement; `None` for the connection's own limit.
    pub max_time: Option<Duration>,
    /// `None` for all of them.
    pub tables: Option<Tables>,
}

impl Allowed {
    /// All that the connection lets anybody do.
    pub const EVERYTHING: Self = Self {
        read_only: false,
        max_rows: None,
        max_time: None,
        tables: None,
    };

    pub fn is_everything(&self) -> bool {
        *self == Self::EVERYTHING
    }

    /// The configuration as it is in force for the caller.
    #[must_use]
    pub fn tighten(&self, config: &ConnectionConfig) -> ConnectionConfig {
        let mut tightened = config.clone();
        if self.read_only || self.tables.is_some() {
            tightened.policy = Policy::READ_ONLY;
        }
        if let Some(most) = self.max_rows {
            tightened.max_rows = tightened.max_rows.min(most);
            tightened.rows_ceiling = Some(tightened.rows_ceiling.map_or(most, |own| own.min(most)));
        }
        if let Some(most) = self.max_time {
            tightened.statement_timeout = tightened.statement_timeout.min(most);
        }
        tightened
    }

    /// What two roles come to that both hold: whatever one of them allows.
    #[must_use]
    pub(super) fn or(self, other: Self) -> Self {
        let larger = |one: Option<u64>, two: Option<u64>| Some(one?.max(two?));
        Self {
            read_only: self.read_only && other.read_only,
            max_rows: larger(self.max_rows, other.max_rows),
            max_time: match (self.max_time, other.max_time) {
                (Some(one), Some(two)) => Some(one.max(two)),
                _ => None,
            },
            tables: match (self.tables, other.tables) {
                (Some(mut one), Some(two)) => {
                    one.rules.extend(two.rules);
                    one.functions.extend(two.functions);
                    Some(one)
                }
                _ => None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::{Address, Addressing, EngineFacts, Identity};

    fn config() -> ConnectionConfig {
        let facts = EngineFacts {
            name: "testsql",
            words: &["testsql"],
            addressing: Addressing::Server { default_port: 1 },
            schemas: true,
            poolers: true,
            tells_tables: true,
            row_security: Identity::None,
        };
        ConnectionConfig::new(facts, Address::Memory)
    }

    #[test]
    fn a_connection_is_tightened_and_never_loosened() {
        let allowed = Allowed {
            max_rows: Some(10_000_000),
            max_time: Some(Duration::from_hours(1)),
            ..Allowed::EVERYTHING
        };
        let before = config();

        let after = allowed.tighten(&before);

        assert!(after.policy.is_read_only());
        assert_eq!(after.max_rows, before.max_rows);
        assert_eq!(after.statement_timeout, before.statement_timeout);
    }

    #[test]
    fn what_is_less_than_the_connections_own_counts() {
        let mut writable = config();
        writable.policy = Policy::READ_WRITE;
        let allowed = Allowed {
            read_only: true,
            max_rows: Some(10),
            max_time: Some(Duration::from_secs(1)),
            tables: None,
        };

        let after = allowed.tighten(&writable);

        assert!(after.policy.is_read_only());
        assert_eq!((after.max_rows, after.rows_ceiling), (10, Some(10)));
        assert_eq!(after.statement_timeout, Duration::from_secs(1));
    }

    #[test]
    fn rules_about_tables_go_with_reading_only() {
        let mut writable = config();
        writable.policy = Policy::READ_WRITE;
        let allowed = Allowed {
            tables: Some(Tables {
                rules: Vec::new(),
                functions: Vec::new(),
            }),
            ..Allowed::EVERYTHING
        };

        assert!(allowed.tighten(&writable).policy.is_read_only());
        assert!(!Allowed::EVERYTHING.tighten(&writable).policy.is_read_only());
    }
}
