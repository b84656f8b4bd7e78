//! Ends statements on the server: from a connection made for it, or, where the account has none left, from an idle one.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use domain::{Failure, FailureKind};
use sqlx::{AssertSqlSafe, Connection as _, MySqlConnection, raw_sql};
use tokio::sync::Mutex;

use super::{
    super::pool::{Lease, Pool},
    connect, failure,
    session::{GOODBYE_LIMIT, MySqlSession},
};

const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(50);

/// What a pool's statements are killed with.
///
/// Those that end together are killed one after the other over the same connection: an account may have only one left,
/// and signing in takes many times as long as killing does.
pub(super) struct Killer {
    pool: Arc<Pool<MySqlSession>>,
    /// Left there for the next one, and only where there is a next one.
    line: Mutex<Option<MySqlConnection>>,
    waiting: AtomicUsize,
}

/// One of those that want the line.
struct Waiting<'a>(&'a Killer);

impl<'a> Waiting<'a> {
    fn on(killer: &'a Killer) -> Self {
        killer.waiting.fetch_add(1, Ordering::AcqRel);
        Self(killer)
    }

    fn is_alone(&self) -> bool {
        self.0.waiting.load(Ordering::Acquire) == 1
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let was_last = self.0.waiting.fetch_sub(1, Ordering::AcqRel) == 1;
        // The one for whom the connection was left may have run out of time.
        if was_last && let Ok(mut line) = self.0.line.try_lock() {
            drop(line.take());
        }
    }
}

impl Killer {
    pub(super) fn new(pool: Arc<Pool<MySqlSession>>) -> Arc<Self> {
        Arc::new(Self {
            pool,
            line: Mutex::new(None),
            waiting: AtomicUsize::new(0),
        })
    }

    /// Kills what the session is running, then ends the session.
    ///
    /// The session is held until the kill has been answered and never used again: its number cannot pass to another
    /// session meanwhile, and a kill that takes effect late finds nothing of anybody else.
    pub(super) async fn kill_and_discard(self: Arc<Self>, lease: Lease<MySqlSession>) {
        let id = lease.id;
        let attempts = async {
            while let Err(failure) = self.kill(id).await {
                if self.kill_from_idle(id).await {
                    return;
                }
                tracing::debug!(message = failure.message, "a kill did not get through");
                tokio::time::sleep(BETWEEN_ATTEMPTS).await;
            }
        };
        // An account may have no connection left for it, for a moment or for good. Then closing the session is all
        // that is left to do: the server ends the statement when it next writes to it, or when the time of the
        // connection is up.
        if tokio::time::timeout(self.pool.config().pool.connect_timeout, attempts)
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

    async fn kill(&self, id: u64) -> Result<(), Failure> {
        let waiting = Waiting::on(self);
        let mut line = self.line.lock().await;
        let mut connection = match line.take() {
            Some(connection) => connection,
            None => connect::sign_in(self.pool.config()).await?,
        };
        if !send(&mut connection, id).await {
            return Err(Failure::new(
                FailureKind::Unavailable,
                "The connection that kills statements broke.",
            ));
        }
        if waiting.is_alone() {
            let _ = tokio::time::timeout(GOODBYE_LIMIT, connection.close()).await;
        } else {
            *line = Some(connection);
        }
        Ok(())
    }

    /// Whether there was an idle session to send it from.
    async fn kill_from_idle(&self, id: u64) -> bool {
        let Some(mut idle) = self.pool.idle().await else {
            return false;
        };
        let was_heard = send(&mut idle.connection, id).await;
        if was_heard {
            idle.put_back();
        } else {
            idle.discard().await;
        }
        was_heard
    }
}

/// Whether the server answered. An answer that it found nothing to kill is as good as one that it did.
async fn send(connection: &mut MySqlConnection, id: u64) -> bool {
    // Our own text with a number in it.
    let sent = raw_sql(AssertSqlSafe(format!("KILL QUERY {id}")))
        .execute(connection)
        .await;
    sent.as_ref().map_or_else(failure::is_answer, |_| true)
}
