//! The session of one call, and what becomes of it. Nothing of that is on the call's time.

use std::{sync::Arc, time::Duration};

use super::{
    super::pool::{Lease, Pool},
    dialect,
    kill::Killer,
    session::{After, MySqlSession},
    text,
};

/// An answer that is not wanted to its end is read on for no longer than this before the statement is killed.
const DRAIN_LIMIT: Duration = Duration::from_millis(100);

/// A longer text is judged before its session is cleared up, because all calls share the thread on which that is done.
const LONG_BYTES: usize = 32 * 1024;

/// What has become of the client's statement on a session that is well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ran {
    /// There was none, or the server did not understand it, so no part of it was evaluated.
    Nothing,
    /// It was answered to its end.
    Whole,
    /// It was refused somewhere on the way there.
    Refused,
    /// It was answered as far as it was wanted.
    Undrained,
}

/// Holds a session while a call runs on it. Dropping it, as when the call is cut off at any point, kills whatever
/// runs there and ends the session.
pub(super) struct Call {
    lease: Option<Lease<MySqlSession>>,
    pool: Arc<Pool<MySqlSession>>,
    killer: Arc<Killer>,
}

impl Call {
    pub(super) fn new(
        lease: Lease<MySqlSession>,
        pool: &Arc<Pool<MySqlSession>>,
        killer: &Arc<Killer>,
    ) -> Self {
        Self {
            lease: Some(lease),
            pool: Arc::clone(pool),
            killer: Arc::clone(killer),
        }
    }

    /// The session was opened for this call.
    pub(super) fn is_fresh(&self) -> bool {
        self.lease.as_ref().is_some_and(|lease| lease.fresh)
    }

    pub(super) fn session(&mut self) -> &mut MySqlSession {
        match &mut self.lease {
            Some(lease) => lease,
            None => unreachable!("the lease is only taken when the call ends"),
        }
    }

    /// Clears up after the statement and returns the session to the pool.
    pub(super) fn finish(mut self, sql: &str, after: After, ran: Ran) {
        let Some(mut lease) = self.lease.take() else {
            return;
        };
        let sql = sql.to_owned();
        let traces = (sql.len() > LONG_BYTES).then(|| dialect::leaves_traces(&sql));
        let (pool, killer) = (Arc::clone(&self.pool), Arc::clone(&self.killer));
        self.pool.spawn(async move {
            if ran == Ran::Undrained
                && !matches!(
                    tokio::time::timeout(DRAIN_LIMIT, lease.drain()).await,
                    Ok(Ok(()))
                )
            {
                return Box::pin(killer.kill_and_discard(lease)).await;
            }
            if pool.closing().is_fired()
                || (ran != Ran::Nothing && traces.unwrap_or_else(|| dialect::leaves_traces(&sql)))
            {
                return lease.discard().await;
            }
            let after = if after == After::Read && text::stays_inside(&sql) {
                After::Query
            } else {
                after
            };
            if ran != Ran::Nothing {
                lease.ran(&sql);
            }
            let reset = lease.reset(after, &sql, ran == Ran::Refused);
            match tokio::time::timeout(pool.config().pool.connect_timeout, reset).await {
                Ok(Ok(true)) => lease.put_back(),
                // Stored code changed the session, the statement ended our transaction, or the server is gone.
                _ => lease.discard().await,
            }
        });
    }

    /// Nothing runs there any more, and nothing can.
    pub(super) fn discard(mut self) {
        if let Some(lease) = self.lease.take() {
            self.pool.spawn_ending(lease.discard());
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if let Some(lease) = self.lease.take() {
            self.pool
                .spawn_ending(Arc::clone(&self.killer).kill_and_discard(lease));
        }
    }
}
