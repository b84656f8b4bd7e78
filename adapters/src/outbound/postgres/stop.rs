//! Stopping a statement on the server.
//!
//! The cancel request goes over a connection of its own. The session that ran the statement is never used again, so
//! a request that comes late hits nothing.

use std::sync::Arc;

use domain::connection::ConnectionConfig;
use sqlx::{AssertSqlSafe, Connection, raw_sql};

use super::connect::connect_within;

/// Cancels whatever the server process `pid` runs. If that cannot be done, the server notices that the session's
/// connection has gone when it next looks.
pub(super) async fn stop(config: &Arc<ConnectionConfig>, pid: i32) {
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
