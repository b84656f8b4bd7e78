//! Running what the client wrote: which session, for how long, and what becomes of the session afterwards.
//!
//! What goes over the wire is in `execution.rs` and `message.rs`, what comes back in `answer.rs`.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use domain::{
    Cancel, Failure, FailureKind,
    access::Tables,
    masking::Masking,
    query::{DynRowSink, Outcome, QueryLimits, QueryRunner, Statement},
};

use super::{
    super::{
        clock::Clock,
        masking::withheld,
        pool::{self, Lease, Pool},
    },
    confined::{Confinement, discreet},
    failure, granted, hint,
    masking::{Guard, Known, quotes_no_value},
    operators::refuse_endless,
    outcome::{Ended, Execution, Purpose, Trouble},
    session::PostgresSession,
    stop::stop_and_discard,
    transaction,
    trial::Trial,
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
    /// What is masked, for statements of clients.
    masked: Option<Masked>,
    /// What statements are held to, where rows are shown by who asks.
    confinement: Option<Confinement>,
}

#[derive(Debug)]
struct Masked {
    masking: Masking,
    known: Known,
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
        self.run(Purpose::Read, statement, None, limits, sink, cancel)
            .await
    }

    async fn read_granted(
        &self,
        statement: &Statement,
        tables: &Tables,
        limits: &QueryLimits,
        sink: &mut DynRowSink,
        cancel: &Cancel,
    ) -> Result<Outcome, Failure> {
        self.run(Purpose::Read, statement, Some(tables), limits, sink, cancel)
            .await
    }

    async fn run_write(
        &self,
        statement: &Statement,
        limits: &QueryLimits,
        sink: &mut DynRowSink,
        cancel: &Cancel,
    ) -> Result<Outcome, Failure> {
        self.run(Purpose::Write, statement, None, limits, sink, cancel)
            .await
    }
}

impl PostgresQueryRunner {
    pub(super) fn new(pool: Arc<Pool<PostgresSession>>) -> Self {
        let masking = pool.config().masking.clone();
        let masked = masking.map(|masking| Masked {
            masking,
            known: Known::default(),
        });
        Self {
            pool,
            masked,
            confinement: None,
        }
    }

    /// For questions of our own, whose answers hold no rows of anybody.
    pub(super) fn unmasked(pool: Arc<Pool<PostgresSession>>) -> Self {
        Self {
            pool,
            masked: None,
            confinement: None,
        }
    }

    /// Runs nothing but what a caller's own rows allow, and nothing for nobody.
    #[must_use]
    pub(super) fn confined(mut self, confinement: Option<Confinement>) -> Self {
        self.confinement = confinement;
        self
    }

    async fn run(
        &self,
        purpose: Purpose,
        statement: &Statement,
        tables: Option<&Tables>,
        limits: &QueryLimits,
        sink: &mut DynRowSink,
        cancel: &Cancel,
    ) -> Result<Outcome, Failure> {
        self.admit(purpose, statement)?;
        let mut tried_again = false;
        loop {
            let mut lease = self.pool.acquire(cancel).await?;
            if purpose == Purpose::Write && !self.answers(&mut lease).await {
                lease.discard().await;
                continue;
            }
            let fresh = lease.fresh;
            let mut running = Running::new(&self.pool, lease);
            let started = Instant::now();
            // A result that may wait between pages is not the server's to end.
            let clock = if limits.waits.is_zero() {
                Clock::with_grace(limits.time, GRACE)
            } else {
                Clock::new(limits.time)
            };
            let mut guarding = Guarding {
                tables,
                masked: self.masked.as_ref(),
                guard: None,
            };
            let attempt = attempt(
                running.session(),
                purpose,
                statement,
                limits,
                sink,
                &clock,
                &mut guarding,
            );
            let (mut execution, hint) = tokio::select! {
                biased;
                done = attempt => done,
                failure = pool::must_end_by(cancel, self.pool.closing(), &clock) => {
                    running.stop();
                    return Err(failure);
                }
            };
            if purpose == Purpose::Write && execution.result.is_ok() {
                // From here on the change is made or not; a caller who no longer waits would never know which.
                let limit = limits.time.max(RESET_LIMIT);
                let commit = running.session().commit(execution);
                let Ok(committed) = tokio::time::timeout(limit, commit).await else {
                    running.stop();
                    return Err(transaction::unknown_outcome());
                };
                execution = committed;
            }
            running.finish(purpose, execution.ended);
            let (error, position, parameter, repeatable) = match execution.result {
                Ok(outcome) => return Ok(outcome),
                Err(Trouble::Refused(failure)) => return Err(failure),
                Err(Trouble::Driver {
                    error,
                    position,
                    parameter,
                    repeatable,
                }) => (error, position, parameter, repeatable),
                Err(Trouble::Outdated) => return Err(granted::unsettled()),
                Err(Trouble::UnknownTypes(_)) => {
                    return Err(Failure::internal(
                        "The result has a type that cannot be looked up.",
                    ));
                }
            };
            if repeatable
                && !fresh
                && !tried_again
                && is_cured_by_another_session(&error, started.elapsed())
            {
                tried_again = true;
                self.pool.close_idle_now();
                continue;
            }
            let timed_out =
                (started.elapsed() >= limits.time).then(|| pool::timed_out(limits.time));
            let mut failure = failure::of_statement(error, position, timed_out);
            if let Some(parameter) = parameter {
                failure = failure.with_parameter(parameter);
            }
            if guarding.guard.as_ref().is_some_and(Guard::touches) && !quotes_no_value(&failure) {
                return Err(withheld(&failure));
            }
            if let Some(hint) = hint {
                failure = failure.with_hint(hint);
            }
            return Err(if self.confinement.is_some() {
                discreet(failure)
            } else {
                failure
            });
        }
    }

    /// What needs no session to be refused.
    fn admit(&self, purpose: Purpose, statement: &Statement) -> Result<(), Failure> {
        if purpose == Purpose::Write && self.pool.config().policy.is_read_only() {
            return Err(
                Failure::new(FailureKind::NotAllowed, "This connection is read-only.").with_hint(
                    "Whoever runs this server can set READ_ONLY=false for the connection.",
                ),
            );
        }
        refuse_endless(&statement.sql)?;
        if let Some(confinement) = &self.confinement {
            if statement.acts_as.is_none() {
                return Err(Failure::internal(
                    "A statement was to run for nobody, where rows are shown by who asks.",
                ));
            }
            confinement.admit(&statement.sql)?;
        }
        Ok(())
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

/// What a statement is held to.
struct Guarding<'a> {
    /// Of a caller who may see no others.
    tables: Option<&'a Tables>,
    masked: Option<&'a Masked>,
    guard: Option<Guard>,
}

impl Masked {
    /// What holds for a statement, or why it is not sent.
    async fn guard(
        &self,
        session: &mut PostgresSession,
        statement: &Statement,
    ) -> Result<Guard, Execution> {
        let lineage = self
            .known
            .lineage(&mut session.connection, &self.masking)
            .await
            .map_err(|error| Execution::failed(error, true, Ended::Idle))?;
        Guard::of(&statement.sql, lineage, &self.masking)
            .map_err(|failure| Execution::refused(failure, Ended::Idle))
    }
}

/// Everything about a statement that must come to its end in time.
async fn attempt(
    session: &mut PostgresSession,
    purpose: Purpose,
    statement: &Statement,
    limits: &QueryLimits,
    sink: &mut DynRowSink,
    clock: &Clock,
    guarding: &mut Guarding<'_>,
) -> (Execution, Option<String>) {
    if let Err(execution) = hold(session, statement, guarding.tables).await {
        return (execution, None);
    }
    if let Some(masked) = guarding.masked {
        match masked.guard(session, statement).await {
            Ok(found) => guarding.guard = Some(found),
            Err(execution) => return (execution, None),
        }
    }
    let trial = if statement.indexes.is_empty() {
        None
    } else {
        match Trial::begin(session, &statement.indexes).await {
            Ok(trial) => Some(trial),
            Err(execution) => return (execution, None),
        }
    };
    session.seeded |= sets_a_seed(&statement.sql);
    let mut execution = session
        .execute(
            purpose,
            statement,
            limits,
            sink,
            clock,
            guarding.guard.as_ref(),
        )
        .await;
    for _ in 0..JUDGED_ANEW {
        let is_outdated = matches!(execution.result, Err(Trouble::Outdated));
        learn(session, !is_outdated);
        if !is_outdated {
            break;
        }
        if execution.ended == Ended::Open {
            execution.ended = session.undo().await;
        }
        if execution.ended != Ended::Idle {
            break;
        }
        execution = match hold(session, statement, guarding.tables).await {
            Ok(()) => {
                let guard = guarding.guard.as_ref();
                session
                    .execute(purpose, statement, limits, sink, clock, guard)
                    .await
            }
            Err(execution) => execution,
        };
    }
    if let Some(trial) = trial {
        trial.end(session, &mut execution).await;
    }
    let mut hint = None;
    if let Err(trouble) = &execution.result {
        let wanted = match trouble {
            // The connection's own role may know names that the caller's does not.
            Trouble::Driver {
                error, position, ..
            } if hint::may_help(error, *position)
                && guarding.tables.is_none()
                && statement
                    .acts_as
                    .as_ref()
                    .is_none_or(|acts_as| acts_as.role.is_none()) =>
            {
                Some((error, *position))
            }
            _ => None,
        };
        // A write that failed is undone before anybody hears of it.
        if execution.ended == Ended::Open && (purpose == Purpose::Write || wanted.is_some()) {
            execution.ended = session.undo().await;
        }
        if let Some((error, position)) = wanted
            && execution.ended == Ended::Idle
        {
            match Box::pin(hint::find(session, statement, error, position)).await {
                Ok(found) => hint = found,
                Err(_) => execution.ended = Ended::Broken,
            }
        }
    }
    (execution, hint)
}

/// What a statement is judged by may change again before it is run.
const JUDGED_ANEW: usize = 4;

/// Judges a statement of a caller who may see some tables only, and has the session hold it to that.
async fn hold(
    session: &mut PostgresSession,
    statement: &Statement,
    tables: Option<&Tables>,
) -> Result<(), Execution> {
    session.proof = None;
    session.judged.told = None;
    session.judged.short = None;
    if let Some(tables) = tables {
        session.proof = Box::pin(granted::judge(session, statement, tables)).await?;
    }
    if session.proof.is_none() {
        // What runs now may prepare statements of its own.
        session.judged.verified = false;
    }
    Ok(())
}

fn learn(session: &mut PostgresSession, has_held: bool) {
    if let Some(proof) = session.proof.take() {
        session.judged.learn(&proof, has_held);
    }
}

/// It may have died while idle, or hold a name or a statement that is not ours.
fn is_cured_by_another_session(error: &sqlx::Error, after: Duration) -> bool {
    (failure::is_lost(error) && after < pool::NOTICED_WITHIN)
        || matches!(error, sqlx::Error::Protocol(_))
        || failure::reported(error).is_some_and(|reported| reported.code() == "42P05")
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
            self.pool
                .spawn_ending(async move { stop_and_discard(&pool, lease).await });
        }
    }

    /// Makes the session ready for the next call, after the answer.
    fn finish(mut self, purpose: Purpose, ended: Ended) {
        if let Some(mut lease) = self.lease.take() {
            if ended == Ended::Idle && purpose == Purpose::Read && lease.is_tidy() {
                lease.last_used = Instant::now();
                lease.put_back();
                return;
            }
            let pool = Arc::clone(&self.pool);
            self.pool
                .spawn(async move { clean_up(&pool, lease, purpose, ended).await });
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

/// Whether it may set what `random` goes on from.
fn sets_a_seed(sql: &str) -> bool {
    const SET_SEED: &[u8] = b"setseed";
    sql.as_bytes()
        .windows(SET_SEED.len())
        .any(|word| word.eq_ignore_ascii_case(SET_SEED))
}

async fn clean_up(
    pool: &Pool<PostgresSession>,
    mut lease: Lease<PostgresSession>,
    purpose: Purpose,
    ended: Ended,
) {
    if ended == Ended::Flowing
        && tokio::time::timeout(DRAIN_LIMIT, lease.drain())
            .await
            .is_err()
    {
        stop_and_discard(pool, lease).await;
        return;
    }
    let reset = async {
        if lease.seeded {
            return false;
        }
        match ended {
            Ended::Broken => false,
            Ended::Idle if purpose == Purpose::Read => lease.tidy().await.is_ok(),
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
