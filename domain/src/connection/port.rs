//! The ports through which a database is opened and kept.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use serde::Serialize;

use super::{config::ConnectionConfig, database::Database};
use crate::{cancel::Cancel, failure::Failure};

/// Opens databases of one engine.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Connector: Send + Sync {
    /// Opens the database: makes one real connection, so that a mistake is found now, and finds out what answers
    /// and what the role could do beyond reading. What cannot be found out of the latter fails nothing.
    ///
    /// Bounded by the configuration's connect time-out. Any failure to get through is `Unavailable` with the
    /// step that failed; the message holds no secret.
    async fn open(&self, config: Arc<ConnectionConfig>) -> Result<Database, Failure>;
}

/// The connections behind an open database.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ConnectionPool: Send + Sync {
    /// One real round trip, on a free connection or a new one.
    async fn test(&self, cancel: &Cancel) -> Result<TestReport, Failure>;

    fn figures(&self) -> PoolFigures;

    /// Returns once a call has to wait for a connection because none is free.
    async fn crowded(&self);

    /// Ends running calls, closes every connection and waits until they are closed. A call that comes later fails
    /// with `Unavailable`.
    async fn close(&self);
}

/// The folders within which a caller may open database files.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait FileRoots: Send + Sync {
    /// The file's real path, links resolved, if it lies within one of the folders; else `NotAllowed`.
    fn admit(&self, path: &Path) -> Result<PathBuf, Failure>;
}

/// What answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerInfo {
    /// `PostgreSQL`, `MySQL`, `MariaDB`, `SQLite`, or what a relative calls itself.
    pub product: String,
    /// The version as the server prints it, without the build's particulars: `15.18`, `10.11.19`.
    pub version: String,
    /// The protocol version in use on an encrypted channel, such as `TLSv1.3`; `None` in the clear.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<String>,
}

/// A connection that works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestReport {
    pub latency: Duration,
    pub version: String,
}

/// Connections of a pool at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PoolFigures {
    pub in_use: u32,
    pub idle: u32,
    pub max: u32,
    /// Calls that wait for a connection now.
    #[serde(skip)]
    pub waiting: u32,
    /// Calls that have asked for a connection since the pool was made, and how long they waited together.
    #[serde(skip)]
    pub asked: u64,
    #[serde(skip)]
    pub waited: Duration,
}
