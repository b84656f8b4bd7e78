//! Runs statements of the client: reads on a session that cannot write, writes on a session of their own.

use std::{pin::pin, sync::Arc};

use async_trait::async_trait;
use domain::{
    Cancel, Failure, FailureKind,
    access::Tables,
    masking::Masks,
    query::{DynRowSink, Flow, Outcome, QueryLimits, QueryRunner, Statement, StatementClass},
};

use super::{
    super::{
        clock::Clock,
        masking::{again, withheld},
        pool::{Lease, Pool, Session, must_end, must_end_by},
        turns::Turn,
    },
    failure,
    handle::{Bound, Done},
    hints, judge,
    masking::Guard,
    parameters,
    patience::Patience,
    rows::{Batch, Rows},
    session::SqliteSession,
    statement::{Inspected, leaves_no_trace},
    watched_file::Change,
};

pub(super) struct SqliteQueryRunner {
    pub(super) pool: Arc<Pool<SqliteSession>>,
    /// Whether masks hold: not for questions of our own.
    pub(super) is_masked: bool,
}

/// What to do with a session after a statement.
enum After {
    /// Nothing runs on it, and it is as it was.
    Reuse,
    /// The statement was left in the middle.
    Settle,
    Discard,
}

/// What happens to rows that nobody wants.
#[derive(Clone, Copy)]
enum Surplus<'a> {
    /// The statement is left in the middle, unless the sink may keep it waiting by this clock and wants them later.
    Leave { clock: Option<&'a Clock> },
    /// They are read and dropped: a statement that writes must not be left in the middle.
    Drain,
}

/// How reading a result ended.
enum Ended {
    Complete(Done),
    Stopped,
}

#[async_trait]
impl QueryRunner for SqliteQueryRunner {
    async fn run_read(
        &self,
        statement: &Statement,
        limits: &QueryLimits,
        sink: &mut DynRowSink,
        cancel: &Cancel,
    ) -> Result<Outcome, Failure> {
        self.run_for(statement, None, limits, sink, cancel).await
    }

    async fn read_granted(
        &self,
        statement: &Statement,
        tables: &Tables,
        limits: &QueryLimits,
        sink: &mut DynRowSink,
        cancel: &Cancel,
    ) -> Result<Outcome, Failure> {
        self.run_for(statement, Some(tables), limits, sink, cancel)
            .await
    }

    async fn run_write(
        &self,
        statement: &Statement,
        limits: &QueryLimits,
        sink: &mut DynRowSink,
        cancel: &Cancel,
    ) -> Result<Outcome, Failure> {
        // The sessions of the pool cannot write; this one only holds the place.
        let (lease, _) = acquire(&self.pool, cancel).await?;
        let ending = pin!(must_end(cancel, self.pool.closing(), limits.time));
        let config = self.pool.config();
        let mut session = None;
        let result = tokio::select! {
            biased;
            result = async {
                let session = session.insert(SqliteSession::connect(config, config.policy.access).await?);
                write(session, statement, sink).await
            } => result,
            failure = ending => Err(failure),
        };
        // Closing rolls back what was not committed, so that the next call does not find the file locked.
        if let Some(session) = session {
            session.close().await;
        }
        lease.put_back();
        result
    }
}

impl SqliteQueryRunner {
    /// With `tables`, for somebody who may see no others.
    async fn run_for(
        &self,
        statement: &Statement,
        tables: Option<&Tables>,
        limits: &QueryLimits,
        sink: &mut DynRowSink,
        cancel: &Cancel,
    ) -> Result<Outcome, Failure> {
        let (mut lease, changed) = acquire(&self.pool, cancel).await?;
        let clock = Clock::new(limits.time);
        let ending = pin!(must_end_by(cancel, self.pool.closing(), &clock));
        let ended = tokio::select! {
            biased;
            ended = read(&mut lease, changed, statement, tables, sink, &clock, self.is_masked) => Ok(ended),
            failure = ending => Err(failure),
        };
        match ended {
            Ok((result, After::Reuse)) => {
                lease.put_back();
                result
            }
            Ok((result, After::Settle)) => {
                lease.interrupt();
                self.pool.spawn(async move {
                    if lease.settle().await {
                        lease.put_back();
                    } else {
                        lease.discard().await;
                    }
                });
                result
            }
            Ok((result, After::Discard)) => {
                self.pool.spawn_ending(lease.discard());
                result
            }
            Err(failure) => {
                lease.interrupt();
                self.pool.spawn_ending(lease.discard());
                Err(failure)
            }
        }
    }
}

/// A session on the file that has its name now, and whether that file may have changed.
pub(super) async fn acquire(
    pool: &Pool<SqliteSession>,
    cancel: &Cancel,
) -> Result<(Lease<SqliteSession>, bool), Failure> {
    loop {
        let mut lease = pool.acquire(cancel).await?;
        match lease.look_at_files() {
            Change::None => return Ok((lease, false)),
            Change::Written => return Ok((lease, true)),
            Change::Replaced => lease.discard().await,
        }
    }
}

async fn read(
    session: &mut SqliteSession,
    changed: bool,
    statement: &Statement,
    tables: Option<&Tables>,
    sink: &mut DynRowSink,
    clock: &Clock,
    is_masked: bool,
) -> (Result<Outcome, Failure>, After) {
    if changed && let Err(unread) = session.freshen().await {
        return (Err(unread.into_failure()), After::Discard);
    }
    let inspected = session.inspect(&statement.sql).await;
    let inspected = match tables {
        Some(tables) => judge::judged(session, &statement.sql, inspected, tables).await,
        None => match inspected {
            Ok(inspected) => Ok(inspected),
            Err(failure) => Err(hints::add(session, statement, failure).await),
        },
    };
    let prepared = match inspected {
        Ok(inspected) => parameters::bind(&statement.params, inspected.needed())
            .map(|arguments| (inspected, arguments)),
        Err(failure) => Err(failure),
    };
    let (inspected, arguments) = match prepared {
        Ok(prepared) => prepared,
        Err(failure) => {
            let understood = matches!(
                failure.kind,
                FailureKind::InvalidSql | FailureKind::InvalidArgument
            );
            let after = if understood && leaves_no_trace(&statement.sql) {
                After::Reuse
            } else {
                After::Discard
            };
            return (Err(failure), after);
        }
    };
    let open = Guard::default();
    let guard = match &inspected.guard {
        Ok(guard) if is_masked => guard,
        Err(refusal) if is_masked => {
            let after = if inspected.leaves_no_trace {
                After::Reuse
            } else {
                After::Discard
            };
            return (Err(again(refusal)), after);
        }
        _ => &open,
    };
    let surplus = Surplus::Leave {
        clock: session.keeps_snapshots().then_some(clock),
    };
    match stream(session, &inspected, guard, arguments, sink, surplus).await {
        Ok(_) if !inspected.leaves_no_trace => (Ok(Outcome::default()), After::Discard),
        Ok(Ended::Complete(_)) => (Ok(Outcome::default()), After::Reuse),
        Ok(Ended::Stopped) => (Ok(Outcome::default()), After::Settle),
        Err(failure) if guard.touches => (Err(withheld(&failure)), After::Discard),
        Err(failure) => (Err(failure), After::Discard),
    }
}

async fn write(
    session: &mut SqliteSession,
    statement: &Statement,
    sink: &mut DynRowSink,
) -> Result<Outcome, Failure> {
    session.run("BEGIN IMMEDIATE").await?;
    let inspected = match session.inspect(&statement.sql).await {
        Ok(inspected) => inspected,
        Err(failure) => return Err(hints::add(session, statement, failure).await),
    };
    if inspected.class == StatementClass::Transaction {
        // It would end the transaction that must be committed, or rolled back, by us.
        return Err(Failure::new(
            FailureKind::NotAllowed,
            "A statement that controls a transaction cannot run inside of one.",
        ));
    }
    let arguments = parameters::bind(&statement.params, inspected.needed())?;
    let ended = stream(
        session,
        &inspected,
        &Guard::default(),
        arguments,
        sink,
        Surplus::Drain,
    )
    .await?;
    session.run("COMMIT").await?;
    let mut outcome = Outcome::default();
    if let (StatementClass::Write, Ended::Complete(done)) = (inspected.class, ended) {
        outcome.affected_rows = Some(done.changes);
        // The session was opened for this statement, so any other number is its own.
        outcome.insert_id = u64::try_from(done.last_row).ok().filter(|id| *id != 0);
    }
    Ok(outcome)
}

async fn stream(
    session: &mut SqliteSession,
    inspected: &Inspected,
    guard: &Guard,
    values: Vec<Bound>,
    sink: &mut DynRowSink,
    surplus: Surplus<'_>,
) -> Result<Ended, Failure> {
    let access = session.access();
    let patience = Patience::new();
    let mut batch = Batch::default();
    let mut output = Output {
        inspected,
        masks: &guard.masks,
        sink,
        announced: false,
        dropping: false,
        turn: Turn::new(),
    };
    loop {
        let stepped = session.step(inspected, values.clone())?;
        let fault = loop {
            let ended = stepped.next(&mut batch).await;
            if !output.take(batch.rows(), surplus).await {
                return Ok(Ended::Stopped);
            }
            match ended {
                None => {}
                Some(Ok(Some(done))) => {
                    output.announce();
                    return Ok(Ended::Complete(done));
                }
                // Other columns than were announced, or none at all: the lane is gone, with the session.
                Some(Ok(None)) => return Err(failure::schema_changed()),
                Some(Err(fault)) => break fault,
            }
        };
        if output.announced {
            return Err(fault.into_failure(access));
        }
        patience
            .with(fault)
            .await
            .map_err(|fault| fault.into_failure(access))?;
    }
}

/// The rows of one statement on their way into the sink.
struct Output<'a> {
    inspected: &'a Inspected,
    masks: &'a Masks,
    sink: &'a mut DynRowSink,
    announced: bool,
    /// No more rows are wanted, and those that come are dropped.
    dropping: bool,
    turn: Turn,
}

impl Output<'_> {
    /// Tells the columns, once, if there are any.
    fn announce(&mut self) {
        if !self.announced && !self.inspected.columns.is_empty() {
            self.sink.columns(&self.inspected.columns);
        }
        self.announced = true;
    }

    /// Hands on every row of a batch. False if the statement is to be left in the middle.
    async fn take(&mut self, mut rows: Rows<'_>, surplus: Surplus<'_>) -> bool {
        while !rows.is_empty() && !self.dropping {
            let mut flow = self.push(&mut rows);
            while flow == Flow::Wait
                && let Surplus::Leave { clock: Some(clock) } = surplus
                && clock.resume(self.sink).await
            {
                flow = self.push(&mut rows);
            }
            if flow != Flow::Continue {
                match surplus {
                    Surplus::Leave { .. } => return false,
                    Surplus::Drain => self.dropping = true,
                }
            }
            self.turn.pause().await;
        }
        true
    }

    /// The next row stays the next one as long as the sink does not take it.
    fn push(&mut self, rows: &mut Rows<'_>) -> Flow {
        self.announce();
        let mut flow = self.sink.begin_row();
        if flow == Flow::Continue {
            let mut further = *rows;
            let mut place = 0;
            further.next(&self.inspected.declared, |cell| {
                self.masks.hand_over(place, cell, self.sink);
                place += 1;
            });
            flow = self.sink.end_row();
            if flow != Flow::Wait {
                *rows = further;
            }
        }
        flow
    }
}
