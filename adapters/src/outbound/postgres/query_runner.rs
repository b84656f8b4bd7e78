//! Running what the client wrote: which session, for how long, and what becomes of the session afterwards.
//!
//! What goes over the wire is in `execution.rs`.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use domain::{
    Cancel, Failure, FailureKind,
    query::{DynRowSink, Outcome, QueryLimits, QueryRunner, Statement},
};

use super::{
    super::pool::{self, Lease, Pool},
    execution::{Access, Ended, Trouble},
    failure, hint,
    session::PostgresSession,
    stop::stop,
};

/// How much longer than its time a statement gets before we stop it: the server, which was told the same limit,
/// should come first, because then its session can be used again.
const GRACE: Duration = Duration::from_millis(100);
/// How long the rest of a result that nobody wants is read, before it is cheaper to stop the statement.
const DRAIN_LIMIT: Duration = Duration::from_millis(20);
/// A session that has been idle for longer is asked before it is trusted with a write.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);
/// Resets and roll-backs take microseconds; one that takes this long never ends.
const RESET_LIMIT: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct PostgresQueryRunner {
    pool: Arc<Pool<PostgresSession>>,
}

#[async_trait]
impl QueryRunner for PostgresQueryRunner {
    async fn run_read(
        &self,
        statement: &Statement,
        limits: &QueryLimits,
        sink: &mut DynRowSink,
        cancel: &Cancel,
    ) -> Result<Outcome, Failure> {
        self.run(Access::Read, statement, limits, sink, cancel)
            .await
    }

    async fn run_write(
        &self,
        statement: &Statement,
        limits: &QueryLimits,
        sink: &mut DynRowSink,
        cancel: &Cancel,
    ) -> Result<Outcome, Failure> {
        self.run(Access::Write, statement, limits, sink, cancel)
            .await
    }
}

impl PostgresQueryRunner {
    pub(super) fn new(pool: Arc<Pool<PostgresSession>>) -> Self {
        Self { pool }
    }

    async fn run(
        &self,
        access: Access,
        statement: &Statement,
        limits: &QueryLimits,
        sink: &mut DynRowSink,
        cancel: &Cancel,
    ) -> Result<Outcome, Failure> {
        // Every idle session may be dead after a restart of the server; one more is new.
        let mut tries = self.pool.figures().max;
        loop {
            let mut lease = self.pool.acquire(cancel).await?;
            if access == Access::Write && !self.answers(&mut lease).await {
                lease.discard().await;
                continue;
            }
            let fresh = lease.fresh;
            let mut running = Running::new(&self.pool, lease);
            let started = Instant::now();
            let attempt = async {
                let session = running.session();
                let mut execution = session.execute(access, statement, limits, sink).await;
                if access == Access::Write && execution.result.is_ok() {
                    execution = session.commit(execution).await;
                } else if access == Access::Write && execution.ended == Ended::Open {
                    execution.ended = session.undo().await;
                }
                let hint = match &execution.result {
                    Err(Trouble::Driver { error, .. }) if execution.ended == Ended::Idle => {
                        hint::find(session, statement, error).await
                    }
                    _ => None,
                };
                (execution, hint)
            };
            let (execution, hint) = tokio::select! {
                biased;
                done = attempt => done,
                failure = pool::must_end(cancel, self.pool.closing(), limits.time + GRACE) => {
                    running.stop();
                    return Err(match failure.kind {
                        FailureKind::Timeout => pool::timed_out(limits.time),
                        _ => failure,
                    });
                }
            };
            running.finish(access, execution.ended);
            let trouble = match execution.result {
                Ok(outcome) => return Ok(outcome),
                Err(trouble) => trouble,
            };
            match trouble {
                Trouble::Refused(failure) => return Err(failure),
                Trouble::Driver { error, repeatable } => {
                    if repeatable && !fresh && tries > 0 && failure::is_lost(&error) {
                        tries -= 1;
                        continue;
                    }
                    let timed_out =
                        (started.elapsed() >= limits.time).then(|| pool::timed_out(limits.time));
                    let failure = failure::of_statement(error, timed_out);
                    return Err(match hint {
                        Some(hint) => failure.with_hint(hint),
                        None => failure,
                    });
                }
            }
        }
    }

    /// Whether a session may be trusted with a write, which cannot be sent twice.
    async fn answers(&self, lease: &mut Lease<PostgresSession>) -> bool {
        if lease.fresh || lease.last_used.elapsed() < TRUSTED_IDLE {
            return true;
        }
        let limit = self.pool.config().pool.connect_timeout;
        matches!(tokio::time::timeout(limit, lease.ping()).await, Ok(Ok(())))
    }
}

/// A session that runs a statement. However the call ends, even if it is dropped in the middle, the statement ends
/// with it and the session is given back or closed.
struct Running {
    pool: Arc<Pool<PostgresSession>>,
    lease: Option<Lease<PostgresSession>>,
}

impl Running {
    fn new(pool: &Arc<Pool<PostgresSession>>, lease: Lease<PostgresSession>) -> Self {
        Self {
            pool: Arc::clone(pool),
            lease: Some(lease),
        }
    }

    fn session(&mut self) -> &mut PostgresSession {
        match &mut self.lease {
            Some(lease) => lease,
            None => unreachable!("the lease is only taken when the call ends"),
        }
    }

    /// Stops the statement on the server and closes the session, after the answer.
    fn stop(&mut self) {
        if let Some(lease) = self.lease.take() {
            let pool = Arc::clone(&self.pool);
            self.pool.spawn(async move {
                stop(pool.config(), lease.pid).await;
                lease.discard().await;
            });
        }
    }

    /// Makes the session ready for the next call, after the answer.
    fn finish(mut self, access: Access, ended: Ended) {
        if let Some(lease) = self.lease.take() {
            let pool = Arc::clone(&self.pool);
            self.pool
                .spawn(async move { clean_up(&pool, lease, access, ended).await });
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if tokio::runtime::Handle::try_current().is_ok() {
            self.stop();
        }
    }
}

async fn clean_up(
    pool: &Pool<PostgresSession>,
    mut lease: Lease<PostgresSession>,
    access: Access,
    ended: Ended,
) {
    if ended == Ended::Flowing
        && tokio::time::timeout(DRAIN_LIMIT, lease.drain())
            .await
            .is_err()
    {
        stop(pool.config(), lease.pid).await;
        lease.discard().await;
        return;
    }
    let reset = async {
        match ended {
            Ended::Broken => false,
            Ended::Idle if access == Access::Read => true,
            Ended::Idle => lease.restore().await.is_ok(),
            Ended::Open | Ended::Flowing => lease.roll_back().await.is_ok(),
        }
    };
    if let Ok(true) = tokio::time::timeout(RESET_LIMIT, reset).await {
        lease.last_used = Instant::now();
        lease.put_back();
    } else {
        lease.discard().await;
    }
}
