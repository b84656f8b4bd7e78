//! The table of settings: how each is written, what it should be, and who may say it.

use domain::connection::{AllowedHosts, parameters::boolean};

/// What is known of a setting beside its field.
pub(super) struct Facts {
    /// As in `MCP_{word}`; in lower case the name of the field.
    pub(super) word: &'static str,
    /// As under `server`.
    pub(super) key: &'static str,
    /// To be read after "expected".
    pub(super) expected: &'static str,
    /// How a list of the file is joined.
    pub(super) separator: Option<Separator>,
    /// Whether a file that was merely found may say this; it may not loosen anything.
    pub(super) from_found: fn(&str) -> bool,
}

#[derive(Clone, Copy)]
pub(super) enum Separator {
    Comma,
    Path,
}

const BOOLEAN: &str = "true or false";
const LEVELS: &str = "error, warn, info or debug";

fn always(_: &str) -> bool {
    true
}

fn never(_: &str) -> bool {
    false
}

fn only_false(text: &str) -> bool {
    boolean(text) == Some(false)
}

fn only_true(text: &str) -> bool {
    boolean(text) == Some(true)
}

fn at_most<const LIMIT: u64>(text: &str) -> bool {
    text.parse::<u64>().is_ok_and(|number| number <= LIMIT)
}

#[rustfmt::skip]
pub(super) const FACTS: &[Facts] = &[
    Facts { word: "LOG_LEVEL", key: "logLevel", expected: LEVELS, separator: None, from_found: always },
    Facts { word: "LOG_FORMAT", key: "logFormat", expected: "json, text or auto", separator: None, from_found: always },
    Facts { word: "TOOLS", key: "tools", expected: "profiles, groups or names of tools", separator: Some(Separator::Comma), from_found: always },
    Facts { word: "MAX_ROWS_CEILING", key: "maxRowsCeiling", expected: "a whole number of rows from 1 to 1,000,000,000", separator: None, from_found: at_most::<100_000> },
    Facts { word: "MAX_BYTES_CEILING", key: "maxBytesCeiling", expected: "a whole number of bytes from 1,000 to 1,073,741,824", separator: None, from_found: at_most::<{ 64 << 20 }> },
    Facts { word: "MAX_CONCURRENT_CALLS", key: "maxConcurrentCalls", expected: "a whole number of calls from 1 to 10,000", separator: None, from_found: at_most::<64> },
    Facts { word: "SQLITE_ROOTS", key: "sqliteRoots", expected: "folders, separated as in PATH", separator: Some(Separator::Path), from_found: never },
    Facts { word: "ALLOWED_HOSTS", key: "allowedHosts", expected: AllowedHosts::EXPECTED, separator: Some(Separator::Comma), from_found: never },
    Facts { word: "ADHOC_CONNECTIONS", key: "adhocConnections", expected: BOOLEAN, separator: None, from_found: only_false },
    Facts { word: "MASK_KEY_FILE", key: "maskKeyFile", expected: "the path of a file of at least 16 bytes", separator: None, from_found: never },
    Facts { word: "REQUIRE_LEAST_PRIVILEGE", key: "requireLeastPrivilege", expected: BOOLEAN, separator: None, from_found: only_true },
    Facts { word: "SHUTDOWN_GRACE_MS", key: "shutdownGraceMs", expected: "a whole number of milliseconds from 0 to 600,000", separator: None, from_found: always },
    Facts { word: "STRUCTURED_RESULTS", key: "structuredResults", expected: BOOLEAN, separator: None, from_found: always },
    Facts { word: "SLOW_CALL_MS", key: "slowCallMs", expected: "a whole number of milliseconds from 0 to 86,400,000", separator: None, from_found: always },
    Facts { word: "HTTP_ADDRESS", key: "httpAddress", expected: "an address with a port, such as 127.0.0.1:8080", separator: None, from_found: never },
    Facts { word: "HTTP_ALLOWED_HOSTS", key: "httpAllowedHosts", expected: "names as in https://NAME/mcp, with a port or without, or *, separated by commas", separator: Some(Separator::Comma), from_found: never },
    Facts { word: "HTTP_ALLOWED_ORIGINS", key: "httpAllowedOrigins", expected: "origins such as https://app.example.com, or *, separated by commas", separator: Some(Separator::Comma), from_found: never },
    Facts { word: "HTTP_TRUSTED_PROXIES", key: "httpTrustedProxies", expected: "addresses, and networks such as 10.0.0.0/8, separated by commas", separator: Some(Separator::Comma), from_found: never },
    Facts { word: "HTTP_MAX_BODY_BYTES", key: "httpMaxBodyBytes", expected: "a whole number of bytes from 1,000 to 1,073,741,824", separator: None, from_found: at_most::<{ 4 << 20 }> },
    Facts { word: "HTTP_MAX_CONNECTIONS", key: "httpMaxConnections", expected: "a whole number of connections from 1 to 100,000", separator: None, from_found: at_most::<1_024> },
    Facts { word: "HTTP_MAX_SESSIONS", key: "httpMaxSessions", expected: "a whole number of sessions from 1 to 1,000,000", separator: None, from_found: at_most::<1_000> },
    Facts { word: "SESSION_TIMEOUT_MS", key: "sessionTimeoutMs", expected: "a whole number of milliseconds from 1,000 to 86,400,000", separator: None, from_found: at_most::<1_800_000> },
    Facts { word: "HTTP_REQUEST_TIMEOUT_MS", key: "httpRequestTimeoutMs", expected: "a whole number of milliseconds from 100 to 600,000", separator: None, from_found: at_most::<10_000> },
    Facts { word: "HTTP_IDLE_TIMEOUT_MS", key: "httpIdleTimeoutMs", expected: "a whole number of milliseconds from 100 to 86,400,000", separator: None, from_found: at_most::<75_000> },
    Facts { word: "HTTP_TLS_CERT", key: "httpTlsCert", expected: "a PEM file", separator: None, from_found: never },
    Facts { word: "HTTP_TLS_KEY", key: "httpTlsKey", expected: "a PEM file", separator: None, from_found: never },
    Facts { word: "HTTP_ADHOC_CONNECTIONS", key: "httpAdhocConnections", expected: BOOLEAN, separator: None, from_found: only_false },
    Facts { word: "RATE_CALLS_PER_SECOND", key: "rateCallsPerSecond", expected: "a whole number of calls from 0 to 1,000,000", separator: None, from_found: never },
    Facts { word: "RATE_BURST", key: "rateBurst", expected: "a whole number of calls from 0 to 1,000,000", separator: None, from_found: never },
    Facts { word: "RATE_CALLS_IN_FLIGHT", key: "rateCallsInFlight", expected: "a whole number of calls from 0 to 1,000,000", separator: None, from_found: never },
    Facts { word: "RATE_ROWS_PER_HOUR", key: "rateRowsPerHour", expected: "a whole number of rows from 0 to 1,000,000,000,000", separator: None, from_found: never },
    Facts { word: "RATE_TOTAL_CALLS_PER_SECOND", key: "rateTotalCallsPerSecond", expected: "a whole number of calls from 0 to 1,000,000", separator: None, from_found: never },
    Facts { word: "RATE_TOTAL_BURST", key: "rateTotalBurst", expected: "a whole number of calls from 0 to 1,000,000", separator: None, from_found: never },
    Facts { word: "RATE_TOTAL_CALLS_IN_FLIGHT", key: "rateTotalCallsInFlight", expected: "a whole number of calls from 0 to 1,000,000", separator: None, from_found: never },
    Facts { word: "RATE_TOTAL_ROWS_PER_HOUR", key: "rateTotalRowsPerHour", expected: "a whole number of rows from 0 to 1,000,000,000,000", separator: None, from_found: never },
    Facts { word: "AUDIT_FILE", key: "auditFile", expected: "a file, or a descriptor above 2 such as fd:3", separator: None, from_found: never },
    Facts { word: "AUDIT_MAX_BYTES", key: "auditMaxBytes", expected: "a whole number of bytes from 0 to 1,099,511,627,776", separator: None, from_found: never },
    Facts { word: "AUDIT_KEEP", key: "auditKeep", expected: "a whole number of files from 1 to 1,000", separator: None, from_found: never },
    Facts { word: "AUDIT_STATEMENTS", key: "auditStatements", expected: "none, fingerprint or full", separator: None, from_found: never },
    Facts { word: "AUDIT_KEY_FILE", key: "auditKeyFile", expected: "a file", separator: None, from_found: never },
    Facts { word: "AUDIT_SYNC", key: "auditSync", expected: BOOLEAN, separator: None, from_found: never },
    Facts { word: "AUDIT_WHEN_FULL", key: "auditWhenFull", expected: "refuse or go-on", separator: None, from_found: never },
    Facts { word: "PUBLIC_URL", key: "publicUrl", expected: "a URL such as https://portolan.example.com/mcp, without query", separator: None, from_found: never },
    Facts { word: "LOCAL_CLAIMS", key: "localClaims", expected: "a JSON object of claims, as text", separator: None, from_found: never },
    Facts { word: "REDIS_URL", key: "redisUrl", expected: "a URL such as redis://host:6379/0", separator: None, from_found: never },
    Facts { word: "REDIS_CA", key: "redisCa", expected: "a PEM file", separator: None, from_found: never },
    Facts { word: "REDIS_CERT", key: "redisCert", expected: "a PEM file", separator: None, from_found: never },
    Facts { word: "REDIS_KEY", key: "redisKey", expected: "a PEM file", separator: None, from_found: never },
    Facts { word: "METRICS_ADDR", key: "metricsAddr", expected: "an address with a port, such as 127.0.0.1:9464", separator: None, from_found: never },
    Facts { word: "HEALTH_CHECK_INTERVAL_MS", key: "healthCheckIntervalMs", expected: "a whole number of milliseconds from 0 to 86,400,000", separator: None, from_found: always },
    Facts { word: "MAX_MEMORY_MB", key: "maxMemoryMb", expected: "a whole number of megabytes from 0 to 1,048,576", separator: None, from_found: never },
    Facts { word: "CIRCUIT_FAILURES", key: "circuitFailures", expected: "a whole number of failures from 0 to 1,000,000", separator: None, from_found: always },
    Facts { word: "CIRCUIT_OPEN_MS", key: "circuitOpenMs", expected: "a whole number of milliseconds from 1 to 86,400,000", separator: None, from_found: always },
];

/// By its key or its word.
pub(super) fn facts_of_key(key: &str) -> Option<&'static Facts> {
    FACTS.iter().find(|facts| {
        facts.key == key || facts.word == key || facts.word.to_ascii_lowercase() == key
    })
}
