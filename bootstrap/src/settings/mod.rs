//! The settings of the server itself: `MCP_*`, or the same keys under `server` in the file.
//!
//! Connections are not here: they are read by prefix, so that one bad entry harms no other.

mod facts;
mod reading;
mod secret_url;
mod words;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use adapters::outbound::AuditTarget;
use domain::{
    calls::{Caller, Claims},
    connection::AllowedHosts,
};
use serde::{Deserialize, Serialize};
use validator::Validate;

pub use self::secret_url::SecretUrl;
use self::{
    facts::FACTS,
    words::{
        address, audit_target, claims, hosts, http_hosts, http_origins, proxies, public_url, shown,
        shown_target, truth, word,
    },
};
pub(crate) use self::{
    reading::{FromFile, read},
    words::listed,
};

/// What is written to the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
}

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Json,
    Text,
    /// Text if the error stream is a terminal, else JSON.
    #[default]
    Auto,
}

/// What the audit says of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AuditStatements {
    None,
    #[default]
    Fingerprint,
    Full,
}

/// What comes of calls while the audit cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhenAuditIsFull {
    #[default]
    Refuse,
    GoOn,
}

/// Every setting of the server. Each may be left out.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a setting of its own, and says yes or no"
)]
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, Validate)]
#[serde(default)]
pub struct Settings {
    /// The least important lines of the log: error, warn, info (default) or debug. Libraries log warnings at most.
    #[serde(deserialize_with = "word")]
    pub log_level: LogLevel,
    /// json, text, or auto (default).
    #[serde(deserialize_with = "word")]
    pub log_format: LogFormat,
    /// The tools that are offered: a profile, groups or names, separated by commas. Default: standard.
    pub tools: String,
    /// Most rows that a call can ask for. Default 100,000.
    #[validate(range(min = 1, max = 1_000_000_000))]
    pub max_rows_ceiling: u64,
    /// Most bytes of result text that a call can ask for. Default 67,108,864 (64 MiB).
    #[validate(range(min = 1_000, max = 1_073_741_824))]
    pub max_bytes_ceiling: u64,
    /// Calls that run at the same time; others wait their turn. Default 64.
    #[validate(range(min = 1, max = 10_000))]
    pub max_concurrent_calls: usize,
    /// The folders below which a client may open `SQLite` files, separated as in PATH. Default: the working
    /// directory (`.`). [`Settings::sqlite_roots`] reads it.
    pub sqlite_roots: String,
    /// The hosts and sockets that a client may connect to. Default: any host but link-local and metadata addresses,
    /// and no socket (`*`).
    #[serde(deserialize_with = "hosts", serialize_with = "shown")]
    pub allowed_hosts: AllowedHosts,
    /// Whether a client may open and import connections of its own. Default true.
    #[serde(deserialize_with = "truth")]
    pub adhoc_connections: bool,
    /// The file that holds what masked values are hashed with. Default: none, and a key that this process makes up.
    pub mask_key_file: String,
    /// Whether a read-only connection is refused whose role in the database could write. Default false.
    #[serde(deserialize_with = "truth")]
    pub require_least_privilege: bool,
    /// How long running calls may go on once the server is to stop, in milliseconds. Default 500, and 5,000 where it
    /// serves HTTP. [`Settings::shutdown_grace`] reads it.
    #[validate(range(max = 600_000))]
    pub shutdown_grace_ms: Option<u64>,
    /// Whether rows are sent as structured content too, with a schema. Default false.
    #[serde(deserialize_with = "truth")]
    pub structured_results: bool,
    /// Where every call is recorded: a file, or a descriptor of this process as `fd:3`. Default: nowhere.
    #[serde(deserialize_with = "audit_target", serialize_with = "shown_target")]
    pub audit_file: Option<AuditTarget>,
    /// An audit file that would get longer is put aside, in bytes; 0 is never. Default 104,857,600 (100 MiB).
    #[validate(range(max = 1_099_511_627_776_u64))]
    pub audit_max_bytes: u64,
    /// Audit files put aside that are kept. Default 10.
    #[validate(range(min = 1, max = 1_000))]
    pub audit_keep: u32,
    /// What is recorded of a statement: none, fingerprint (default) or full.
    #[serde(deserialize_with = "word")]
    pub audit_statements: AuditStatements,
    /// The file with the key that seals the audit. Default: none.
    pub audit_key_file: String,
    /// Whether a call waits until its record has reached the disk. Default false.
    #[serde(deserialize_with = "truth")]
    pub audit_sync: bool,
    /// What comes of calls that cannot be recorded: refuse (default) or go-on.
    #[serde(deserialize_with = "word")]
    pub audit_when_full: WhenAuditIsFull,
    /// Calls a second that a caller may begin; 0 is no limit. Default 0.
    #[validate(range(max = 1_000_000))]
    pub rate_calls_per_second: u32,
    /// Calls that a caller may begin at once before that rate counts; 0 is as many as in a second. Default 0.
    #[validate(range(max = 1_000_000))]
    pub rate_burst: u32,
    /// Calls of one caller that run or wait at the same time; 0 is no limit. Default 0.
    #[validate(range(max = 1_000_000))]
    pub rate_calls_in_flight: u32,
    /// Rows that a caller is given in an hour; 0 is no limit. Default 0.
    #[validate(range(max = 1_000_000_000_000_u64))]
    pub rate_rows_per_hour: u64,
    /// The same four, for all callers together.
    #[validate(range(max = 1_000_000))]
    pub rate_total_calls_per_second: u32,
    #[validate(range(max = 1_000_000))]
    pub rate_total_burst: u32,
    #[validate(range(max = 1_000_000))]
    pub rate_total_calls_in_flight: u32,
    #[validate(range(max = 1_000_000_000_000_u64))]
    pub rate_total_rows_per_hour: u64,
    /// The Redis or Valkey in which several processes count limits together, and read which tokens were revoked. Default: none.
    pub redis_url: SecretUrl,
    /// The authorities whose word its certificate counts by, as a PEM file. Default: those that this machine trusts.
    pub redis_ca: String,
    /// The certificate that this server shows it, with its chain, as a PEM file. Default: none.
    pub redis_cert: String,
    /// The key of that certificate, as a PEM file. Default: none.
    pub redis_key: String,
    /// Calls that take at least this many milliseconds are logged as warnings. Default 500.
    #[validate(range(max = 86_400_000))]
    pub slow_call_ms: u64,
    /// Where HTTP is served: an address and a port, or a port of this machine alone. Default: nowhere.
    #[serde(deserialize_with = "address")]
    pub http_address: Option<SocketAddr>,
    /// Names that clients may call this server, separated by commas: `host`, `host:port`, or `*` for any. Those of this
    /// machine and the address it listens on need not be listed.
    #[serde(deserialize_with = "http_hosts")]
    pub http_allowed_hosts: String,
    /// Pages that may call it from a browser, separated by commas: `https://host`, `https://host:port`,
    /// `https://host:*`, or `*` for any. Its own, and those of this machine where it listens on nothing else, need not
    /// be listed.
    #[serde(deserialize_with = "http_origins")]
    pub http_allowed_origins: String,
    /// Proxies whose `X-Forwarded-For` counts, separated by commas: addresses, and networks such as `10.0.0.0/8`. Default:
    /// none, and the header says nothing.
    #[serde(deserialize_with = "proxies")]
    pub http_trusted_proxies: String,
    /// The longest body of a request. Default 4,194,304 (4 MiB).
    #[validate(range(min = 1_000, max = 1_073_741_824))]
    pub http_max_body_bytes: u64,
    /// Connections over HTTP at the same time; one more is turned away. Default 1,024.
    #[validate(range(min = 1, max = 100_000))]
    pub http_max_connections: usize,
    /// Sessions of clients that speak a revision with sessions. Default 1,000.
    #[validate(range(min = 1, max = 1_000_000))]
    pub http_max_sessions: usize,
    /// How long such a session may go unused, in milliseconds. Default 1,800,000 (30 minutes).
    #[validate(range(min = 1_000, max = 86_400_000))]
    pub session_timeout_ms: u64,
    /// How long the head of a request may take to arrive, and its body, in milliseconds. Default 10,000.
    #[validate(range(min = 100, max = 600_000))]
    pub http_request_timeout_ms: u64,
    /// How long a connection may stay open between two requests, in milliseconds. Default 75,000.
    #[validate(range(min = 100, max = 86_400_000))]
    pub http_idle_timeout_ms: u64,
    /// The certificate that clients are shown over HTTP, with its chain, as a PEM file; HTTP is then served over TLS alone.
    /// Default: none.
    pub http_tls_cert: String,
    /// The key of that certificate, as a PEM file. Default: none.
    pub http_tls_key: String,
    /// Whether a client may open and import connections of its own where HTTP is served. Default false.
    #[serde(deserialize_with = "truth")]
    pub http_adhoc_connections: bool,
    /// Under which clients reach the endpoint over HTTP, such as `https://portolan.example.com/mcp`. Default: none.
    #[serde(deserialize_with = "public_url")]
    pub public_url: String,
    /// What is said of whoever calls without signing in, as a JSON object: what row security goes by over standard input
    /// and output. Default: nothing (`{}`).
    #[serde(deserialize_with = "claims")]
    pub local_claims: String,
    /// Where metrics and health are shown beside the protocol: an address and a port. Default: nowhere.
    #[serde(deserialize_with = "address")]
    pub metrics_addr: Option<SocketAddr>,
    /// How often open connections are tested where somebody can see the outcome, in milliseconds; 0 is never.
    /// Default 30,000.
    #[validate(range(max = 86_400_000))]
    pub health_check_interval_ms: u64,
    /// The memory that the process may hold, in megabytes. Default 0: the limit of its container, if it has one.
    #[validate(range(max = 1_048_576))]
    pub max_memory_mb: u64,
    /// Failures in a row to connect, or lost connections, after which a connection is left alone; 0 is never.
    /// Default 5.
    #[validate(range(max = 1_000_000))]
    pub circuit_failures: u32,
    /// How long it is left alone then, in milliseconds. Default 60,000.
    #[validate(range(min = 1, max = 86_400_000))]
    pub circuit_open_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            log_level: LogLevel::default(),
            log_format: LogFormat::default(),
            tools: "standard".to_owned(),
            max_rows_ceiling: 100_000,
            max_bytes_ceiling: 64 << 20,
            max_concurrent_calls: 64,
            sqlite_roots: ".".to_owned(),
            allowed_hosts: AllowedHosts::default(),
            adhoc_connections: true,
            mask_key_file: String::new(),
            require_least_privilege: false,
            shutdown_grace_ms: None,
            structured_results: false,
            slow_call_ms: 500,
            http_address: None,
            http_allowed_hosts: String::new(),
            http_allowed_origins: String::new(),
            http_trusted_proxies: String::new(),
            http_max_body_bytes: 4 << 20,
            http_max_connections: 1_024,
            http_max_sessions: 1_000,
            session_timeout_ms: 1_800_000,
            http_request_timeout_ms: 10_000,
            http_idle_timeout_ms: 75_000,
            http_tls_cert: String::new(),
            http_tls_key: String::new(),
            http_adhoc_connections: false,
            rate_calls_per_second: 0,
            rate_burst: 0,
            rate_calls_in_flight: 0,
            rate_rows_per_hour: 0,
            rate_total_calls_per_second: 0,
            rate_total_burst: 0,
            rate_total_calls_in_flight: 0,
            rate_total_rows_per_hour: 0,
            redis_url: SecretUrl::default(),
            redis_ca: String::new(),
            redis_cert: String::new(),
            redis_key: String::new(),
            audit_file: None,
            audit_max_bytes: 100 << 20,
            audit_keep: 10,
            audit_statements: AuditStatements::default(),
            audit_key_file: String::new(),
            audit_sync: false,
            audit_when_full: WhenAuditIsFull::default(),
            public_url: String::new(),
            local_claims: "{}".to_owned(),
            metrics_addr: None,
            health_check_interval_ms: 30_000,
            max_memory_mb: 0,
            circuit_failures: 5,
            circuit_open_ms: 60_000,
        }
    }
}

impl Settings {
    /// How long running calls may go on once the server is to stop.
    pub fn shutdown_grace(&self) -> Duration {
        // Whoever is served over a network is told of the end by others, and these take their time.
        let usual = if self.http_address.is_some() {
            5_000
        } else {
            500
        };
        Duration::from_millis(self.shutdown_grace_ms.unwrap_or(usual))
    }

    /// Whether a client may open and import connections of its own.
    pub fn adhoc(&self) -> bool {
        self.adhoc_connections && (self.http_address.is_none() || self.http_adhoc_connections)
    }

    /// Whoever calls without signing in.
    pub fn local_caller(&self) -> Caller {
        let claims = serde_json::from_str(&self.local_claims).unwrap_or_default();
        Caller {
            claims: Claims::new(claims),
            ..Caller::local()
        }
    }

    /// The folders below which a client may open `SQLite` files. Relative ones begin at the working directory.
    pub fn sqlite_roots(&self, working_directory: &Path) -> Vec<PathBuf> {
        std::env::split_paths(&self.sqlite_roots)
            .filter(|path| !path.as_os_str().is_empty())
            .map(|path| working_directory.join(path))
            .collect()
    }
}

/// A setting that says nothing without another one.
pub(crate) struct Alone {
    /// As in `MCP_{word}`.
    pub(crate) given: &'static str,
    pub(crate) missing: &'static str,
}

impl Settings {
    /// Whoever has given one of these expects of it what does not come.
    pub(crate) fn alone(&self) -> impl Iterator<Item = Alone> {
        let total = "RATE_TOTAL_CALLS_PER_SECOND";
        [
            (
                self.rate_burst > 0 && self.rate_calls_per_second == 0,
                "RATE_BURST",
                "RATE_CALLS_PER_SECOND",
            ),
            (
                self.rate_total_burst > 0 && self.rate_total_calls_per_second == 0,
                "RATE_TOTAL_BURST",
                total,
            ),
            (
                !self.audit_key_file.is_empty() && self.audit_file.is_none(),
                "AUDIT_KEY_FILE",
                "AUDIT_FILE",
            ),
        ]
        .into_iter()
        .filter(|(is_alone, ..)| *is_alone)
        .map(|(_, given, missing)| Alone { given, missing })
    }
}

/// One setting as it is in force, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// As under `server`.
    pub key: &'static str,
    pub value: serde_json::Value,
    pub is_default: bool,
}

impl Settings {
    /// Every setting, in the order of the table.
    pub fn effective(&self) -> Vec<Effective> {
        let fields = |settings: &Self| serde_json::to_value(settings).unwrap_or_default();
        let (mine, default) = (fields(self), fields(&Self::default()));
        FACTS
            .iter()
            .map(|facts| {
                let field = facts.word.to_ascii_lowercase();
                let value = mine.get(&field).cloned().unwrap_or_default();
                Effective {
                    key: facts.key,
                    is_default: default.get(&field) == Some(&value),
                    value,
                }
            })
            .collect()
    }
}
