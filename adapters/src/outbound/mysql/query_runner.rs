//! Runs the client's statements.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use async_trait::async_trait;
use domain::{
    Cancel, Failure, FailureKind,
    access::Tables,
    connection::ConnectionConfig,
    masking::Masking,
    query::{DynRowSink, Outcome, QueryLimits, QueryRunner, Statement, StatementClass},
};

use super::{
    super::{
        clock::Clock,
        masking::withheld,
        pool::{NOTICED_WITHIN, Pool, must_end, must_end_by},
        reach,
    },
    call::{Call, Ran},
    confined::{Confinement, discreet},
    dialect, failure, granted, hints,
    kill::Killer,
    masking::{self, Known, quotes_no_value},
    parameters,
    result::{self, Done, OnStop, Output, Trouble},
    session::{After, MySqlSession, filled, own_rows},
    settle, text,
};

pub(super) struct MySqlQueryRunner {
    pool: Arc<Pool<MySqlSession>>,
    killer: Arc<Killer>,
    product: String,
    /// What is masked, for statements of clients.
    masked: Option<Masked>,
    /// What statements are held to where rows are shown by who asks.
    confinement: Option<Confinement>,
}

struct Masked {
    masking: Masking,
    known: Known,
}

/// How an attempt to run a statement ended.
enum Attempt {
    Done(Done),
    /// The client, the pool or the clock ended it; it may still be running.
    Ended(Failure),
    /// The server refused the statement, before or after it began; the session is well.
    Refused(sqlx::Error, Ran),
    /// The statement was not sent; the session is well.
    Unsent(Failure),
    /// The session is of no further use, and was of none: the statement did not begin.
    Dead(sqlx::Error),
    /// The session broke while the statement ran.
    Broken(sqlx::Error),
    /// The answer cannot be read; it may still be coming.
    Unreadable(Failure),
}

impl MySqlQueryRunner {
    pub(super) fn new(pool: Arc<Pool<MySqlSession>>, killer: Arc<Killer>, product: String) -> Self {
        let masking = pool.config().masking.clone();
        let masked = masking.map(|masking| Masked {
            masking,
            known: Known::default(),
        });
        Self {
            pool,
            killer,
            product,
            masked,
            confinement: None,
        }
    }

    /// Runs nothing but what a caller's own rows allow, and nothing for nobody.
    #[must_use]
    pub(super) fn confined(mut self, confinement: Option<Confinement>) -> Self {
        self.confinement = confinement;
        self
    }

    /// For questions of our own, whose answers hold no rows of anybody.
    pub(super) fn unmasked(
        pool: Arc<Pool<MySqlSession>>,
        killer: Arc<Killer>,
        product: String,
    ) -> Self {
        Self {
            pool,
            killer,
            product,
            masked: None,
            confinement: None,
        }
    }

    async fn call(&self, cancel: &Cancel) -> Result<Call, Failure> {
        let lease = self.pool.acquire(cancel).await?;
        Ok(Call::new(lease, &self.pool, &self.killer))
    }

    async fn attempt(
        &self,
        call: &mut Call,
        asked: Asked<'_>,
        on_stop: OnStop,
        sink: &mut DynRowSink,
        cancel: &Cancel,
    ) -> Attempt {
        let begun = Instant::now();
        let mut started = false;
        let clock = Clock::new(asked.limits.time);
        let output = Output {
            sink,
            on_stop,
            clock: &clock,
            started: &mut started,
        };
        let work = work(call.session(), asked, self.pool.config(), output);
        let result = tokio::select! {
            biased;
            failure = must_end_by(cancel, self.pool.closing(), &clock) => return Attempt::Ended(failure),
            result = work => result,
        };
        match result {
            Ok(done) => Attempt::Done(done),
            Err(Stumble::Unsent(failure)) => Attempt::Unsent(failure),
            Err(Stumble::Unprepared(error)) if failure::is_not_understood(&error) => {
                Attempt::Refused(error, Ran::Nothing)
            }
            Err(Stumble::Run(Trouble::Value(failure))) => Attempt::Unreadable(failure),
            Err(Stumble::Unprepared(error) | Stumble::Run(Trouble::Server(error))) => {
                if failure::is_answer(&error) {
                    Attempt::Refused(error, Ran::Refused)
                } else if failure::is_dead(&error) && !started && begun.elapsed() < NOTICED_WITHIN {
                    Attempt::Dead(error)
                } else {
                    Attempt::Broken(error)
                }
            }
        }
    }

    /// The failure of a call that got no answer, with the session seen to.
    async fn fail(
        &self,
        mut call: Call,
        attempt: Attempt,
        asked: Asked<'_>,
        after: After,
    ) -> Failure {
        let Asked {
            statement,
            tables,
            limits,
            ..
        } = asked;
        let sql = &statement.sql;
        match attempt {
            Attempt::Done(_) => Failure::internal("A call that was done was taken for failed."),
            // Dropping the call kills the statement.
            Attempt::Ended(failure) | Attempt::Unreadable(failure) => failure,
            Attempt::Unsent(failure) => {
                // Preparing it may have evaluated what is constant in it.
                call.finish(sql, after, Ran::Refused);
                failure
            }
            Attempt::Dead(error) | Attempt::Broken(error) => {
                // Dropping the call kills the statement: the server may not have noticed that nobody waits for it.
                drop(call);
                let is_vector = failure::is_vector(&error);
                let failure = failure::of_statement(error, sql, limits.time);
                if is_vector {
                    self.name_vectors(failure, sql).await
                } else {
                    failure
                }
            }
            Attempt::Refused(error, ran) => {
                if let Some(database) = self.perhaps_gone(&error) {
                    let look = has_database(call.session(), database);
                    match tokio::time::timeout(hints::LIMIT, look).await {
                        Ok(Some(true)) => {}
                        Ok(Some(false)) => {
                            call.discard();
                            self.pool.close_idle_now();
                            let gone = failure::with_codes(reach::no_such_database(), &error);
                            return gone.with_source(error);
                        }
                        Ok(None) | Err(_) => {
                            call.discard();
                            return granted::told(
                                failure::of_statement(error, sql, limits.time),
                                sql,
                            );
                        }
                    }
                }
                let failure = failure::of_statement(error, sql, limits.time);
                if tables.is_some() {
                    // Hints look at all that there is.
                    call.finish(sql, after, ran);
                    return granted::told(failure, sql);
                }
                if failure.hint.is_some() || !hints::may_help(&failure) {
                    call.finish(sql, after, ran);
                    return failure;
                }
                let mut hint = None;
                let connection = &mut call.session().connection;
                let look = hints::find(&failure, sql, connection, &mut hint);
                // A look that takes too long is dropped, and with it the call.
                if let Ok(asked) = tokio::time::timeout(hints::LIMIT, look).await {
                    call.session().asked(asked);
                    call.finish(sql, after, ran);
                }
                match hint.or_else(|| hints::in_general(&failure)) {
                    Some(hint) => failure.with_hint(hint),
                    None => failure,
                }
            }
        }
    }
}

impl MySqlQueryRunner {
    /// The connection's database, where a statement may have failed because it is gone.
    fn perhaps_gone(&self, error: &sqlx::Error) -> Option<&str> {
        let config = self.pool.config();
        let database = config.database.as_ref().or(config.schema.as_ref())?;
        matches!(failure::number(error), Some(1046 | 1049 | 1146)).then_some(database)
    }

    /// Says which columns the driver could not read. The session it tried on is beyond use, so another is asked.
    async fn name_vectors(&self, mut failure: Failure, sql: &str) -> Failure {
        let look = async {
            let mut call = self.call(&Cancel::new()).await.ok()?;
            let named = hints::vectors(sql, &mut call.session().connection).await;
            call.session().asked(1);
            call.finish("SELECT", After::Read, Ran::Nothing);
            named
        };
        if let Ok(Some(columns)) = tokio::time::timeout(hints::LIMIT, look).await {
            failure.message = format!(
                "The result has columns of the type vector, which the driver cannot read: {columns}."
            );
        }
        failure
    }
}

#[async_trait]
impl QueryRunner for MySqlQueryRunner {
    async fn run_read(
        &self,
        statement: &Statement,
        limits: &QueryLimits,
        sink: &mut DynRowSink,
        cancel: &Cancel,
    ) -> Result<Outcome, Failure> {
        self.read(statement, None, limits, sink, cancel).await
    }

    async fn read_granted(
        &self,
        statement: &Statement,
        tables: &Tables,
        limits: &QueryLimits,
        sink: &mut DynRowSink,
        cancel: &Cancel,
    ) -> Result<Outcome, Failure> {
        self.read(statement, Some(tables), limits, sink, cancel)
            .await
    }

    async fn run_write(
        &self,
        statement: &Statement,
        limits: &QueryLimits,
        sink: &mut DynRowSink,
        cancel: &Cancel,
    ) -> Result<Outcome, Failure> {
        if self.pool.config().policy.is_read_only() {
            return Err(
                Failure::new(FailureKind::NotAllowed, "This connection is read-only.").with_hint(
                    "Whoever runs this server can set READ_ONLY=false for the connection.",
                ),
            );
        }
        holds_a_statement(&statement.sql)?;
        let asked = Asked {
            statement,
            tables: None,
            limits,
            masked: None,
        };
        let mut call = self.begin(limits, cancel).await?;
        let attempt = self
            .attempt(&mut call, asked, OnStop::ReadOn, sink, cancel)
            .await;
        let Attempt::Done(done) = attempt else {
            return Err(self.fail(call, attempt, asked, After::Write).await);
        };
        let class = dialect::classify(&statement.sql).class;
        // From here on the outcome is the server's to tell, so nobody may cut in but the clock.
        let commit = settle::commit(&mut call.session().connection, class, &self.product);
        let committed = match tokio::time::timeout(limits.time, commit).await {
            Ok(committed) => committed,
            Err(_) => Err(Failure::new(
                FailureKind::Unavailable,
                "The commit was not answered in time: the change may or may not have been made.",
            )
            .with_hint("Read the rows back before trying again.")),
        };
        let mut notices = notices(&done);
        match committed {
            Ok(said) => notices.extend(said),
            Err(failure) => {
                call.discard();
                return Err(failure);
            }
        }
        call.finish(&statement.sql, After::Write, Ran::Whole);
        Ok(Outcome {
            affected_rows: affected_rows(&done, class),
            insert_id: (done.last_insert_id != 0).then_some(done.last_insert_id),
            notices,
            ..Outcome::default()
        })
    }
}

impl MySqlQueryRunner {
    /// With `tables`, for somebody who may see no others.
    async fn read(
        &self,
        statement: &Statement,
        tables: Option<&Tables>,
        limits: &QueryLimits,
        sink: &mut DynRowSink,
        cancel: &Cancel,
    ) -> Result<Outcome, Failure> {
        holds_a_statement(&statement.sql)?;
        if let Some(confinement) = &self.confinement {
            confinement.admit(statement)?;
        }
        let touches = AtomicBool::new(false);
        let asked = Asked {
            statement,
            tables,
            limits,
            masked: self.masked.as_ref().map(|masked| (masked, &touches)),
        };
        let mut tried_again = false;
        loop {
            let mut call = self.call(cancel).await?;
            let attempt = self
                .attempt(&mut call, asked, OnStop::Return, sink, cancel)
                .await;
            match attempt {
                Attempt::Done(done) => {
                    let ran = if done.stopped {
                        Ran::Undrained
                    } else {
                        Ran::Whole
                    };
                    call.finish(&statement.sql, After::Read, ran);
                    return Ok(Outcome {
                        notices: notices(&done),
                        ..Outcome::default()
                    });
                }
                // It died while it was idle; what only reads may be sent again.
                Attempt::Dead(_) if !call.is_fresh() && !tried_again => {
                    tried_again = true;
                    call.discard();
                    self.pool.close_idle_now();
                }
                attempt => {
                    let mut failure = self.fail(call, attempt, asked, After::Read).await;
                    if self.confinement.is_some() {
                        failure = discreet(failure);
                    }
                    let touches = touches.load(Ordering::Relaxed);
                    return Err(if touches && !quotes_no_value(&failure) {
                        withheld(&failure)
                    } else {
                        failure
                    });
                }
            }
        }
    }

    /// A session in a transaction that may write. Getting there is a round trip, so a session that died while it
    /// was idle is found out before the statement is sent.
    async fn begin(&self, limits: &QueryLimits, cancel: &Cancel) -> Result<Call, Failure> {
        loop {
            let mut call = self.call(cancel).await?;
            let begun = tokio::select! {
                biased;
                failure = must_end(cancel, self.pool.closing(), limits.time) => return Err(failure),
                begun = call.session().begin_write() => begun,
            };
            let Err(error) = begun else {
                return Ok(call);
            };
            let try_another = failure::is_dead(&error) && !call.is_fresh();
            call.discard();
            if !try_another {
                return Err(failure::of_statement(error, "", limits.time));
            }
        }
    }
}

/// One server takes a text of nothing but comments for a statement that returns nothing, the other for one that it
/// cannot prepare.
fn holds_a_statement(sql: &str) -> Result<(), Failure> {
    if text::is_blank(sql) {
        return Err(Failure::new(
            FailureKind::InvalidSql,
            "The text holds no statement, only comments or semicolons.",
        ));
    }
    Ok(())
}

enum Stumble {
    Unsent(Failure),
    Unprepared(sqlx::Error),
    Run(Trouble),
}

impl From<sqlx::Error> for Stumble {
    fn from(error: sqlx::Error) -> Self {
        Self::Run(Trouble::Server(error))
    }
}

impl From<masking::Unjudged> for Stumble {
    fn from(unjudged: masking::Unjudged) -> Self {
        match unjudged {
            masking::Unjudged::Refused(failure) => Self::Unsent(failure),
            masking::Unjudged::Unknown(error) => error.into(),
        }
    }
}

/// What is to be run, and how far it may go.
#[derive(Clone, Copy)]
struct Asked<'a> {
    statement: &'a Statement,
    /// Of a caller who may see no others.
    tables: Option<&'a Tables>,
    limits: &'a QueryLimits,
    /// What is masked, and whether the statement names any of it.
    masked: Option<(&'a Masked, &'a AtomicBool)>,
}

async fn work(
    session: &mut MySqlSession,
    asked: Asked<'_>,
    config: &ConnectionConfig,
    output: Output<'_>,
) -> Result<Done, Stumble> {
    let Asked {
        statement,
        tables,
        limits,
        masked,
    } = asked;
    // The server would show its bound as a part of the plan, and may even choose the plan for it.
    let rows = if text::asks_for_plan(&statement.sql) {
        u64::MAX
    } else {
        limits.rows
    };
    session.allow(rows, limits.on_server()).await?;
    if let Some(acts_as) = &statement.acts_as {
        session.act_as(acts_as).await?;
    }
    let database = config.database.as_deref().or(config.schema.as_deref());
    if let Some(tables) = tables {
        Box::pin(granted::judge(
            session,
            statement,
            database,
            tables,
            limits.time,
        ))
        .await
        .map_err(Stumble::Unsent)?;
    }
    let guard = match masked {
        Some((masked, touches)) => {
            let Masked { masking, known } = masked;
            let guard =
                Box::pin(masking::guard(session, statement, database, masking, known)).await?;
            touches.store(guard.touches(), Ordering::Relaxed);
            Some(guard)
        }
        None => None,
    };
    // Most statements can never end the transaction; for those it would be a message for nothing.
    if output.on_stop == OnStop::Return && !text::stays_inside(&statement.sql) {
        session.mark().await?;
    }
    let prepared = session
        .prepare(statement)
        .await
        .map_err(Stumble::Unprepared)?;
    let arguments = parameters::bind(statement, &prepared).map_err(Stumble::Unsent)?;
    let connection = &mut session.connection;
    result::run(connection, &prepared, arguments, guard.as_ref(), output)
        .await
        .map_err(Stumble::Run)
}

/// Whether the server has a database of that name. `None`, where it does not tell.
async fn has_database(session: &mut MySqlSession, database: &str) -> Option<bool> {
    const THERE: &str = "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = ?";
    let rows = own_rows(&mut session.connection, filled(THERE, &[database]))
        .await
        .ok()?;
    session.asked(1);
    Some(result::text(rows.first()?, 0)?.as_str() != "0")
}

fn notices(done: &Done) -> Vec<String> {
    if done.further_results {
        vec!["The statement returned more than one result; only the first is shown.".to_owned()]
    } else {
        Vec::new()
    }
}

/// Rows changed. A writing statement that returns rows (`RETURNING`) is not told their number by the driver; each
/// row returned is one.
fn affected_rows(done: &Done, class: StatementClass) -> Option<u64> {
    match (done.has_rows, class) {
        (true, StatementClass::Write) => Some(done.rows),
        (true, _) => None,
        (false, StatementClass::Write) => Some(done.affected_rows),
        (false, _) => (done.affected_rows > 0).then_some(done.affected_rows),
    }
}
