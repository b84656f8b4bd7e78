//! Stopping a statement on the server.
//!
//! The cancel request goes over a connection of its own. The session that ran the statement is never used again, so
//! a request that comes late hits nothing.

use std::{sync::Arc, time::Duration};

use domain::connection::ConnectionConfig;
use sqlx::{AssertSqlSafe, Connection, raw_sql};

use super::connect::connect_within;

/// A pooler may keep the request waiting for the very statement that it is to cancel. Closing the session ends the
/// statement too, only later.
const WAIT_FOR_POOLER: Duration = Duration::from_millis(300);

/// Cancels what the session runs; the caller then closes the session. If the request cannot be made, the server notices
/// that the session's connection has gone when it next looks.
///
/// Without a process there is nothing to cancel: behind a pooler the statement has no server yet, and must not have one
/// before the session is closed.
pub(super) async fn stop(config: &Arc<ConnectionConfig>, process: Option<i32>) {
    let Some(pid) = process else { return };
    if config.pooler {
        let _ = tokio::time::timeout(WAIT_FOR_POOLER, Box::pin(request(config, pid))).await;
    } else {
        Box::pin(request(config, pid)).await;
    }
}

async fn request(config: &Arc<ConnectionConfig>, pid: i32) {
    let Some(mut connection) = connect_within(config).await else {
        tracing::warn!("a statement could not be cancelled: no connection for the request");
        return;
    };
    let request = raw_sql(AssertSqlSafe(format!(
        "SELECT pg_catalog.pg_cancel_backend({pid})"
    )));
    let sent = tokio::time::timeout(
        config.pool.connect_timeout,
        request.execute(&mut connection),
    )
    .await;
    if !matches!(sent, Ok(Ok(_))) {
        tracing::warn!("a statement could not be cancelled: the request failed");
    }
    let _ = tokio::time::timeout(config.pool.connect_timeout, connection.close()).await;
}
