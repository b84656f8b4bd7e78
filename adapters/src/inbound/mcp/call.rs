//! One call of a tool: what ends it, and what the log says of it.

use std::{
    future::Future,
    hash::{BuildHasher, Hasher, RandomState},
    sync::{
        Arc, LazyLock, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use application::registry::{OpenConnection, Visitor};
use domain::{
    Cancel, Failure, FailureKind,
    access::Grant,
    calls::{CallId, CallRecord, Caller, CatalogQuestions, RunningCall, TraceContext, Tracing},
    cancel::CancelReason,
    connection::Database,
    query::{ActsAs, redacted},
};

use super::failure;

/// What a running tool knows of its call, and tells about it.
#[derive(Debug)]
pub(crate) struct Call {
    /// The caller's wish that the call end. Fires too when the call is given up.
    pub(crate) cancel: Cancel,
    pub(crate) caller: Arc<Caller>,
    /// What the caller may do.
    pub(crate) grant: Grant,
    id: CallId,
    method: &'static str,
    tool: Option<&'static str>,
    /// The tool whose right it takes.
    by_right_of: &'static str,
    began: SystemTime,
    started: Instant,
    span: OnceLock<TraceContext>,
    turn_came: OnceLock<Duration>,
    /// When its statement began, counted from `started`.
    before_database: OnceLock<Duration>,
    database: OnceLock<Duration>,
    connection: OnceLock<(String, &'static str)>,
    opened: OnceLock<Arc<Database>>,
    statement: OnceLock<String>,
    acts_as: OnceLock<String>,
    rows: OnceLock<u64>,
    bytes: OnceLock<usize>,
    questions: OnceLock<Arc<CatalogQuestions>>,
}

impl Call {
    /// A request of this method, for this caller, who needs the right to call this tool.
    pub(super) fn new(
        method: &'static str,
        by_right_of: &'static str,
        caller: Arc<Caller>,
        grant: Grant,
        cancel: Cancel,
    ) -> Self {
        Self {
            cancel,
            caller,
            grant,
            by_right_of,
            id: next_id(),
            method,
            tool: None,
            began: SystemTime::now(),
            started: Instant::now(),
            span: OnceLock::new(),
            turn_came: OnceLock::new(),
            before_database: OnceLock::new(),
            database: OnceLock::new(),
            connection: OnceLock::new(),
            opened: OnceLock::new(),
            statement: OnceLock::new(),
            acts_as: OnceLock::new(),
            rows: OnceLock::new(),
            bytes: OnceLock::new(),
            questions: OnceLock::new(),
        }
    }

    /// A call of a tool.
    pub(super) fn of_tool(
        tool: &'static str,
        caller: Arc<Caller>,
        grant: Grant,
        cancel: Cancel,
    ) -> Self {
        let mut call = Self::new("tools/call", tool, caller, grant, cancel);
        call.tool = Some(tool);
        call
    }

    /// Whom it shows what there is.
    pub(super) fn visitor(&self) -> Visitor<'_> {
        Visitor {
            caller: &self.caller,
            grant: &self.grant,
            tool: Some(self.by_right_of),
        }
    }

    /// It has a place in a trace from here on.
    pub(super) fn is_traced(&self, by: &dyn Tracing) {
        let _ = self
            .span
            .set(by.begin(self.method, self.caller.trace.as_ref()));
    }

    /// Where its questions to a catalog are told, if its trace is recorded.
    pub(super) fn questions(&self) -> Option<&Arc<CatalogQuestions>> {
        self.span
            .get()
            .filter(|place| place.sampled)
            .map(|_| self.questions.get_or_init(Arc::default))
    }

    /// Its turn has come: what it waited until now was no work.
    pub(super) fn runs_now(&self) {
        let _ = self.turn_came.set(self.started.elapsed());
    }

    /// Counts the time that `statement` takes.
    pub(super) async fn timed<T>(&self, statement: impl Future<Output = T>) -> T {
        let began = self.started.elapsed();
        let _ = self.before_database.set(began);
        let done = statement.await;
        let _ = self
            .database
            .set(self.started.elapsed().saturating_sub(began));
        done
    }

    /// The connection that the call is about.
    pub(super) fn on(&self, connection: &OpenConnection) {
        self.about(
            connection.name.as_str(),
            connection.database.config.engine.name,
        );
        let _ = self.opened.set(Arc::clone(&connection.database));
    }

    /// The same of one that could not be opened.
    pub(super) fn about(&self, connection: &str, engine: &'static str) {
        let _ = self.connection.set((connection.to_owned(), engine));
    }

    /// As whom its statement runs on a connection: refused before it runs, where the caller lacks what that takes.
    pub(super) fn acts_as(
        &self,
        connection: &OpenConnection,
    ) -> Result<Option<Arc<ActsAs>>, Failure> {
        let acts_as = connection.acts_as(&self.caller)?;
        let user = acts_as
            .as_ref()
            .and_then(|acts_as| acts_as.on_behalf_of.clone());
        if let Some(user) = user {
            let _ = self.acts_as.set(user);
        }
        Ok(acts_as)
    }

    /// The statement that the call runs; the log gets its beginning without the values in it.
    pub(super) fn runs(&self, sql: &str) {
        let _ = self.statement.set(sql.to_owned());
    }

    pub(super) fn returned(&self, rows: u64) {
        let _ = self.rows.set(rows);
    }

    /// The text of the answer has this many bytes.
    pub(super) fn answered(&self, bytes: usize) {
        let _ = self.bytes.set(bytes);
    }

    /// What there is to know of it, now that it has ended.
    pub(super) fn record<'call>(&'call self, failure: Option<&'call Failure>) -> CallRecord<'call> {
        let connection = self.connection.get();
        let duration = self.started.elapsed();
        CallRecord {
            id: self.id,
            caller: &self.caller,
            grant: &self.grant,
            span: self.span.get(),
            acts_as: self.acts_as.get().map(String::as_str),
            method: self.method,
            tool: self.tool,
            connection: connection.map(|(name, _)| name.as_str()),
            engine: connection.map(|(_, engine)| *engine),
            opened: self.opened.get().map(AsRef::as_ref),
            statement: self.statement.get().map(String::as_str),
            rows: self.rows.get().copied(),
            bytes: self.bytes.get().copied(),
            failure,
            began: self.began,
            duration,
            waited: self.turn_came.get().copied().unwrap_or(duration),
            database: self.database.get().copied(),
            before_database: self.before_database.get().copied(),
            questions: self.questions.get().map(AsRef::as_ref),
        }
    }

    /// Does `work`, unless the caller wants the call to end. Only for work that may be dropped half done.
    pub(super) async fn unless_cancelled<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        tokio::select! {
            biased;
            reason = self.cancel.fired() => Err(ended(reason)),
            done = work => done,
        }
    }
}

/// The one log line of a call.
pub(super) fn log(record: &CallRecord<'_>, slow: Duration) {
    let failure = record.failure;
    // The level is part of what a log line is made of, so each has a line of its own.
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                call = %record.id,
                trace = record.trace(),
                principal = record.caller.principal.as_str(),
                acts_as = record.acts_as,
                tool = record.tool.unwrap_or(record.method),
                connection = record.connection,
                engine = record.engine,
                duration_ms = (record.duration.as_secs_f64() * 1e6).round() / 1e3,
                rows = record.rows,
                outcome = record.outcome(),
                sqlstate = failure.and_then(|failure| failure.sqlstate.as_deref()),
                cause = failure
                    .map(failure::causes)
                    .filter(|causes| !causes.is_empty()),
                statement = record.statement.map(redacted),
                "{}",
                if record.duration >= slow {
                    "slow call"
                } else {
                    "call"
                },
            )
        };
    }
    match failure.map(|failure| failure.kind) {
        Some(FailureKind::Internal) => line!(error),
        Some(FailureKind::Unavailable) => line!(warn),
        _ if record.duration >= slow => line!(warn),
        _ => line!(info),
    }
}

/// Counted within the process, which is told apart from others by chance.
fn next_id() -> CallId {
    static PROCESS: LazyLock<u32> = LazyLock::new(|| {
        let random = RandomState::new().build_hasher().finish();
        u32::try_from(random >> 32).unwrap_or_default()
    });
    static NEXT: AtomicU64 = AtomicU64::new(1);
    CallId {
        process: *PROCESS,
        number: NEXT.fetch_add(1, Ordering::Relaxed),
    }
}

impl RunningCall for Call {
    fn so_far(&self) -> CallRecord<'_> {
        self.record(None)
    }

    fn end(&self, reason: CancelReason) {
        self.cancel.fire(reason);
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        // For the engine there is no difference between a caller who cancels and one who is gone.
        self.cancel.fire(CancelReason::Client);
    }
}

/// The failure of a call that was told to end before it came to a database.
pub(super) fn ended(reason: CancelReason) -> Failure {
    Failure::new(
        FailureKind::Cancelled,
        match reason {
            CancelReason::Client => "The call was cancelled.",
            CancelReason::Operator => {
                "The call was ended by hand, on the status page of this server."
            }
            CancelReason::ConnectionClosed => "The connection was closed.",
            CancelReason::Shutdown => "The server is stopping.",
        },
    )
}
