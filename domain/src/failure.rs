//! The one failure type: what went wrong, told so that the caller knows what to do next.
//!
//! How a failure looks on the wire is the inbound adapter's matter; how a driver's error becomes one is each
//! engine's.

use std::error::Error;

use serde::Serialize;

/// What the caller should do about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// Fix the SQL: the database understood the request and rejects the statement or its data.
    InvalidSql,
    /// Fix the arguments of the call: a missing, unknown or ill-formed one, a name that does not exist.
    InvalidArgument,
    /// Ask for permission: the policy of the connection or the role in the database forbids it.
    NotAllowed,
    /// Ask for less: a limit of the server was met that cannot be passed.
    TooLarge,
    /// The time limit passed and the statement was stopped: make it cheaper or raise the limit.
    Timeout,
    /// The caller ended the call.
    Cancelled,
    /// Try later: every slot is taken, or the database asks to retry.
    Busy,
    /// The database cannot be reached or refuses the sign-in; `step` says how far it got.
    Unavailable,
    /// This engine or server cannot do it.
    Unsupported,
    /// A defect of Portolan: report it.
    Internal,
}

impl FailureKind {
    /// Every kind, for tests and documentation that must not miss one.
    pub const ALL: [Self; 10] = [
        Self::InvalidSql,
        Self::InvalidArgument,
        Self::NotAllowed,
        Self::TooLarge,
        Self::Timeout,
        Self::Cancelled,
        Self::Busy,
        Self::Unavailable,
        Self::Unsupported,
        Self::Internal,
    ];

    /// The word used on the wire, in logs and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidSql => "invalid_sql",
            Self::InvalidArgument => "invalid_argument",
            Self::NotAllowed => "not_allowed",
            Self::TooLarge => "too_large",
            Self::Timeout => "timeout",
            Self::Cancelled => "cancelled",
            Self::Busy => "busy",
            Self::Unavailable => "unavailable",
            Self::Unsupported => "unsupported",
            Self::Internal => "internal",
        }
    }
}

/// How far an attempt to connect got before it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectStep {
    /// The host name has no address.
    NameResolution,
    /// Nothing answers at the address, or the socket or file cannot be opened.
    Tcp,
    /// The encrypted channel could not be made.
    Tls,
    /// The server refused user or password.
    SignIn,
    /// Signed in, but the database does not exist or is closed to this user.
    Database,
    /// Connected, but the first query failed.
    Query,
}

/// A caller wants more than it may have, or all of them do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SlowDown {
    /// The limit that was met, by its name.
    pub limit: &'static str,
    /// When to try again, in milliseconds from now.
    pub retry_after_ms: u64,
}

/// Databases quote the statement that they complain about, however long it is.
const MAX_WORDS_BYTES: usize = 2_000;

fn shortened(mut words: String) -> String {
    if words.len() > MAX_WORDS_BYTES {
        words.truncate(words.floor_char_boundary(MAX_WORDS_BYTES));
        words.push('…');
    }
    words
}

/// A failed call. Facts are in fields, never only inside a sentence; absent facts are left out.
#[derive(Debug, Serialize, thiserror::Error)]
#[error("{message}")]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    pub kind: FailureKind,
    /// One sentence. Never holds a secret, a user name, a host or a path that the caller did not send.
    pub message: String,
    /// The database's own further explanation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What to do next: the database's own hint, or ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The five characters of SQLSTATE, where the engine has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sqlstate: Option<String>,
    /// The engine's own error number, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub native_code: Option<i64>,
    /// Where in the SQL: characters, from 1, in the text as the caller sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<usize>,
    /// The same place as line and column, from 1, where the SQL has more than one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// Which parameter, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter: Option<usize>,
    /// How far a failed connection got.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<ConnectStep>,
    /// Which limit was met, where a caller has to slow down.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub slow_down: Option<Box<SlowDown>>,
    /// What was met is of the caller's own choice: a time limit below what it may have, or room for a large answer.
    #[serde(skip)]
    pub met_own_limit: bool,
    /// Stays in the process: for the log only.
    #[serde(skip)]
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: shortened(message.into()),
            detail: None,
            hint: None,
            sqlstate: None,
            native_code: None,
            position: None,
            line: None,
            column: None,
            parameter: None,
            step: None,
            slow_down: None,
            met_own_limit: false,
            source: None,
        }
    }

    pub fn invalid_argument(message: impl Into<String>) -> Self {
        Self::new(FailureKind::InvalidArgument, message)
    }

    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Internal, message)
    }

    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(shortened(detail.into()));
        self
    }

    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(shortened(hint.into()));
        self
    }

    #[must_use]
    pub fn with_sqlstate(mut self, sqlstate: impl Into<String>) -> Self {
        self.sqlstate = Some(sqlstate.into());
        self
    }

    #[must_use]
    pub fn with_native_code(mut self, code: i64) -> Self {
        self.native_code = Some(code);
        self
    }

    /// A server answers that the database is not there, or not for this user: nothing is wrong with the server.
    pub fn is_about_a_database(&self) -> bool {
        self.kind == FailureKind::Unavailable
            && self.step == Some(ConnectStep::Database)
            && self.sqlstate.is_some()
    }

    #[must_use]
    pub fn with_position(mut self, position: usize) -> Self {
        self.position = Some(position);
        self
    }

    /// Tells line and column of the position, if `sql` has lines to tell apart.
    #[must_use]
    pub fn located_in(mut self, sql: &str) -> Self {
        if let Some(position) = self.position
            && sql.trim_end().contains('\n')
        {
            let before = sql.chars().take(position.saturating_sub(1));
            let (mut line, mut column) = (1, 1);
            for character in before {
                if character == '\n' {
                    line += 1;
                    column = 1;
                } else {
                    column += 1;
                }
            }
            self.line = Some(line);
            self.column = Some(column);
        }
        self
    }

    #[must_use]
    pub fn with_parameter(mut self, parameter: usize) -> Self {
        self.parameter = Some(parameter);
        self
    }

    #[must_use]
    pub fn with_step(mut self, step: ConnectStep) -> Self {
        self.step = Some(step);
        self
    }

    /// A limit was met, and will have room again after so many milliseconds.
    #[must_use]
    pub fn with_limit(mut self, limit: &'static str, retry_after_ms: u64) -> Self {
        self.slow_down = Some(Box::new(SlowDown {
            limit,
            retry_after_ms,
        }));
        self
    }

    /// The caller chose what was too little or too much, and can choose otherwise.
    #[must_use]
    pub fn of_own_limit(mut self) -> Self {
        self.met_own_limit = true;
        self
    }

    /// Whether the caller has met a limit of callers, or one that it has set itself: it was answered as it should be.
    pub const fn is_of_a_limit(&self) -> bool {
        self.slow_down.is_some() || self.met_own_limit
    }

    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The cause, for the log.
    pub fn cause(&self) -> Option<&(dyn Error + Send + Sync)> {
        self.source.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_not_longer_than_a_reader_wants() {
        let long = "é".repeat(5_000);

        let failure = Failure::internal(long.clone())
            .with_hint(long.clone())
            .with_detail(long);

        let expected = format!("{}…", "é".repeat(1_000));
        assert_eq!(failure.message, expected);
        assert_eq!(failure.hint, Some(expected.clone()));
        assert_eq!(failure.detail, Some(expected));
    }

    #[test]
    fn absent_facts_are_left_out_on_the_wire() {
        let failure = Failure::invalid_argument("no").with_source("secret");

        let json = serde_json::to_string(&failure).unwrap();

        assert_eq!(json, r#"{"kind":"invalid_argument","message":"no"}"#);
    }

    #[test]
    fn line_and_column_are_told_where_there_are_lines() {
        for (sql, position, expected) in [
            ("SELECT é\n, x\r\nFROM t", 12, (Some(2), Some(3))),
            ("SELECT é\n, x\r\nFROM t", 15, (Some(3), Some(1))),
            ("SELECT\n1 +", 11, (Some(2), Some(4))),
            ("SELECT 1 +\n", 11, (None, None)),
        ] {
            let failure = Failure::invalid_argument("no")
                .with_position(position)
                .located_in(sql);
            assert_eq!((failure.line, failure.column), expected, "{position}");
        }
    }

    #[test]
    fn the_word_of_a_kind_is_its_word_on_the_wire() {
        for kind in FailureKind::ALL {
            let json = serde_json::to_string(&kind).unwrap();
            assert_eq!(json, format!("\"{}\"", kind.as_str()));
        }
    }
}
