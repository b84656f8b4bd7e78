//! What is needed to open one connection, checked and complete.
//!
//! How the values are found and merged is the business of whoever reads them; here they are already valid.

use std::{path::PathBuf, time::Duration};

use secrecy::ExposeSecret;
pub use secrecy::SecretString as Secret;
use serde::Serialize;

use super::{
    attached::Attached, engine::EngineFacts, hosts::AllowedHosts, policy::Policy,
    row_security::RowSecurity,
};
use crate::masking::Masking;
use crate::query::limits::{
    DEFAULT_MAX_BYTES, DEFAULT_MAX_ROWS, DEFAULT_STATEMENT_TIMEOUT, RESULT_STAYS_OPEN,
};

/// Where a database is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Address {
    Tcp {
        host: String,
        port: u16,
    },
    /// The path of a Unix socket: for `PostgreSQL` the folder that holds it, for `MySQL` the socket itself.
    Socket {
        path: PathBuf,
        port: u16,
    },
    File(PathBuf),
    /// A private database in memory, which holds nothing (`SQLite`).
    Memory,
}

/// A password and where it came from.
#[derive(Debug, Clone)]
pub enum Password {
    Given(Secret),
    /// Read when a connection is opened, and again when the sign-in fails.
    File(PathBuf),
}

impl PartialEq for Password {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Given(one), Self::Given(two)) => one.expose_secret() == two.expose_secret(),
            (Self::File(one), Self::File(two)) => one == two,
            _ => false,
        }
    }
}

/// How much protection of the channel is asked for; the same five words on every engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TlsMode {
    Disable,
    /// Encrypted if the server can, in the clear if not.
    #[default]
    Prefer,
    /// Encrypted, whoever answers.
    Require,
    /// Encrypted, and the certificate is signed by a known authority.
    VerifyCa,
    /// As `verify-ca`, and the certificate is for this host.
    VerifyFull,
}

impl TlsMode {
    /// The five words, in the order of strength.
    pub const WORDS: [(&'static str, Self); 5] = [
        ("disable", Self::Disable),
        ("prefer", Self::Prefer),
        ("require", Self::Require),
        ("verify-ca", Self::VerifyCa),
        ("verify-full", Self::VerifyFull),
    ];

    pub fn as_str(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(_, mode)| *mode == self)
            .map_or("", |(word, _)| word)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Tls {
    pub mode: TlsMode,
    /// PEM file of authorities to trust besides those of the system.
    pub ca: Option<PathBuf>,
    /// PEM files of the client's certificate and its key; both or neither.
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
}

/// How many connections a pool holds, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PoolLimits {
    pub max_connections: u32,
    /// As many are not closed for being idle; none is opened ahead.
    pub min_connections: u32,
    /// An idle connection is closed after this.
    pub idle_timeout: Duration,
    /// A connection is not used again after this age; `None` for never.
    pub max_lifetime: Option<Duration>,
    /// Longest time to establish one connection.
    pub connect_timeout: Duration,
    /// Longest wait for a free connection.
    pub acquire_timeout: Duration,
}

impl Default for PoolLimits {
    fn default() -> Self {
        Self {
            max_connections: 10,
            min_connections: 0,
            idle_timeout: Duration::from_secs(30),
            max_lifetime: Some(Duration::from_mins(30)),
            connect_timeout: Duration::from_secs(5),
            acquire_timeout: Duration::from_secs(30),
        }
    }
}

/// Everything about one connection that its configuration decides.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectionConfig {
    pub engine: EngineFacts,
    pub address: Address,
    /// What the host's name may lead to, looked at whenever a connection is made; `None` for anything.
    pub allowed_hosts: Option<AllowedHosts>,
    /// Files that are open beside it (`SQLite`).
    pub attached: Vec<Attached>,
    /// The database's name on its server; `None` for a file.
    pub database: Option<String>,
    pub user: Option<String>,
    pub password: Option<Password>,
    pub tls: Tls,
    pub pool: PoolLimits,
    pub policy: Policy,
    /// Columns whose values are not shown.
    pub masking: Option<Masking>,
    pub statement_timeout: Duration,
    /// Rows of an answer when a call does not say.
    pub max_rows: u64,
    /// Rows of an answer that a call can ask for, where a role has a ceiling of its own.
    pub rows_ceiling: Option<u64>,
    /// Bytes of result text when a call does not say.
    pub max_bytes: usize,
    /// A statement with a step that is expected to handle more rows is not run.
    pub max_estimated_rows: Option<u64>,
    /// Search path (`PostgreSQL`), comma separated; for `MySQL` the database, if none is named.
    pub schema: Option<String>,
    /// The session's time zone; UTC unless said otherwise.
    pub time_zone: String,
    /// A transaction pooler such as `PgBouncer` stands between: nothing may rely on the session.
    pub pooler: bool,
    /// Whose rows a caller sees, where not everybody sees the same.
    pub row_security: Option<RowSecurity>,
}

impl ConnectionConfig {
    /// A configuration with every default, to be completed by the caller.
    pub fn new(engine: EngineFacts, address: Address) -> Self {
        Self {
            engine,
            address,
            allowed_hosts: None,
            attached: Vec::new(),
            database: None,
            user: None,
            password: None,
            tls: Tls::default(),
            pool: PoolLimits::default(),
            policy: Policy::READ_ONLY,
            masking: None,
            statement_timeout: DEFAULT_STATEMENT_TIMEOUT,
            max_rows: DEFAULT_MAX_ROWS,
            rows_ceiling: None,
            max_bytes: DEFAULT_MAX_BYTES,
            max_estimated_rows: None,
            schema: None,
            time_zone: "UTC".to_owned(),
            pooler: false,
            row_security: None,
        }
    }

    /// The longest time that a server may be told for a statement: one that only reads may wait between its pages,
    /// which a server cannot tell from working.
    pub fn statement_time_on_server(&self) -> Duration {
        if self.policy.is_read_only() {
            self.statement_timeout + RESULT_STAYS_OPEN
        } else {
            self.statement_timeout
        }
    }
}
