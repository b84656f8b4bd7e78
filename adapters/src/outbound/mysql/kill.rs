//! Ends a statement on the server, from a connection of its own.

use std::sync::Arc;

use domain::{Failure, connection::ConnectionConfig};
use sqlx::{AssertSqlSafe, Connection as _, raw_sql};

use super::{
    super::pool::Lease,
    connect,
    session::{GOODBYE_LIMIT, MySqlSession},
};

/// Kills what the session is running, then ends the session.
///
/// The session is held until the kill has been answered and never used again: its number cannot pass to another
/// session meanwhile, and a kill that takes effect late finds nothing of anybody else.
pub(super) async fn kill_and_discard(lease: Lease<MySqlSession>, config: Arc<ConnectionConfig>) {
    let id = lease.id;
    // Should the kill not get through, closing the session is all that is left to do: the server then ends the
    // statement when it next writes to it.
    let _ = tokio::time::timeout(config.pool.connect_timeout, kill(id, &config)).await;
    lease.discard().await;
}

async fn kill(id: u64, config: &ConnectionConfig) -> Result<(), Failure> {
    let mut connection = connect::sign_in(config).await?;
    // Our own text with a number in it. An answer that it found nothing is as good as one that it did.
    let _ = raw_sql(AssertSqlSafe(format!("KILL QUERY {id}")))
        .execute(&mut connection)
        .await;
    let _ = tokio::time::timeout(GOODBYE_LIMIT, connection.close()).await;
    Ok(())
}
