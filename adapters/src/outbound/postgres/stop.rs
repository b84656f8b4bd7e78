//! Stopping a statement on the server.
//!
//! The cancel request goes over a connection of its own. The session that ran the statement is never used again, so
//! a request that comes late hits nothing.

use std::{sync::Arc, time::Duration};

use domain::connection::ConnectionConfig;
use sqlx::{AssertSqlSafe, Connection, raw_sql};

use super::{
    super::pool::{Lease, Pool},
    connect::connect_within,
    session::PostgresSession,
};

/// A pooler may keep the request waiting for the very statement that it is to cancel. Closing the session ends the
/// statement too, only later.
const WAIT_FOR_POOLER: Duration = Duration::from_millis(300);

/// Cancels what the session runs, and closes the session. If the request cannot be made, the server notices that the
/// session's connection has gone when it next looks.
pub(super) async fn stop_and_discard(pool: &Pool<PostgresSession>, lease: Lease<PostgresSession>) {
    if Box::pin(stop(pool.config(), lease.pid)).await {
        lease.discard().await;
    }
    // To say goodbye would be to wait for a statement that still runs.
}

/// Whether the request was made.
///
/// Without a process there is nothing to cancel: behind a pooler the statement has no server yet, and must not have one
/// before the session is closed.
async fn stop(config: &Arc<ConnectionConfig>, process: Option<i32>) -> bool {
    let Some(pid) = process else { return false };
    if config.pooler {
        tokio::time::timeout(WAIT_FOR_POOLER, request(config, pid))
            .await
            .unwrap_or(false)
    } else {
        request(config, pid).await
    }
}

async fn request(config: &Arc<ConnectionConfig>, pid: i32) -> bool {
    let Some(mut connection) = connect_within(config).await else {
        tracing::warn!("a statement could not be cancelled: no connection for the request");
        return false;
    };
    let request = raw_sql(AssertSqlSafe(format!(
        "SELECT pg_catalog.pg_cancel_backend({pid})"
    )));
    let sent = tokio::time::timeout(
        config.pool.connect_timeout,
        request.execute(&mut connection),
    )
    .await;
    let sent = matches!(sent, Ok(Ok(_)));
    if !sent {
        tracing::warn!("a statement could not be cancelled: the request failed");
    }
    let _ = tokio::time::timeout(config.pool.connect_timeout, connection.close()).await;
    sent
}
