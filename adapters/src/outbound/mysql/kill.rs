//! Ends a statement on the server: from a connection of its own, or, where the account has none left, from an idle one.

use std::{sync::Arc, time::Duration};

use domain::{Failure, connection::ConnectionConfig};
use sqlx::{AssertSqlSafe, Connection as _, raw_sql};

use super::{
    super::pool::{Lease, Pool},
    connect, failure,
    session::{GOODBYE_LIMIT, MySqlSession},
};

const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(50);

/// Kills what the session is running, then ends the session.
///
/// The session is held until the kill has been answered and never used again: its number cannot pass to another
/// session meanwhile, and a kill that takes effect late finds nothing of anybody else.
pub(super) async fn kill_and_discard(lease: Lease<MySqlSession>, pool: Arc<Pool<MySqlSession>>) {
    let id = lease.id;
    let config = pool.config();
    let attempts = async {
        while let Err(failure) = kill(id, config).await {
            if kill_from_idle(id, &pool).await {
                return;
            }
            tracing::debug!(message = failure.message, "a kill did not get through");
            tokio::time::sleep(BETWEEN_ATTEMPTS).await;
        }
    };
    // An account may have no connection left for it, for a moment or for good. Then closing the session is all that is
    // left to do: the server ends the statement when it next writes to it, or when the time of the connection is up.
    if tokio::time::timeout(config.pool.connect_timeout, attempts)
        .await
        .is_err()
    {
        tracing::warn!(
            session = id,
            "a statement could not be stopped on the server, which ends it by its own limit"
        );
    }
    lease.discard().await;
}

/// Whether there was an idle session to send it from.
async fn kill_from_idle(id: u64, pool: &Pool<MySqlSession>) -> bool {
    let Some(mut idle) = pool.idle().await else {
        return false;
    };
    let sent = raw_sql(AssertSqlSafe(format!("KILL QUERY {id}")))
        .execute(&mut idle.connection)
        .await;
    let was_heard = sent.as_ref().map_or_else(failure::is_answer, |_| true);
    if was_heard {
        idle.put_back();
    } else {
        idle.discard().await;
    }
    was_heard
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
