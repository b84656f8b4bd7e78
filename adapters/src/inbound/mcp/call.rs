//! One call of a tool: what ends it, and what the log says of it.

use std::{
    future::Future,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use application::registry::OpenConnection;
use domain::{Cancel, Failure, FailureKind, cancel::CancelReason};

use super::{failure, redact::redacted};

/// What a running tool knows of its call, and tells about it.
#[derive(Debug)]
pub(crate) struct Call {
    /// The caller's wish that the call end. Fires too when the call is given up.
    pub(crate) cancel: Cancel,
    /// Tells the calls of this process apart.
    id: u64,
    tool: &'static str,
    started: Instant,
    connection: OnceLock<(String, &'static str)>,
    statement: OnceLock<String>,
    rows: OnceLock<u64>,
}

impl Call {
    pub(super) fn new(tool: &'static str, cancel: Cancel) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self {
            cancel,
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            tool,
            started: Instant::now(),
            connection: OnceLock::new(),
            statement: OnceLock::new(),
            rows: OnceLock::new(),
        }
    }

    /// The connection that the call is about.
    pub(super) fn on(&self, connection: &OpenConnection) {
        let _ = self.connection.set((
            connection.name.to_string(),
            connection.database.config.engine.name,
        ));
    }

    /// The statement that the call runs; the log gets its beginning without the values in it.
    pub(super) fn runs(&self, sql: &str) {
        if tracing::enabled!(tracing::Level::WARN) {
            let _ = self.statement.set(sql.to_owned());
        }
    }

    pub(super) fn returned(&self, rows: u64) {
        let _ = self.rows.set(rows);
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

    /// The one log line of a call.
    pub(super) fn log<T>(&self, result: &Result<T, Failure>, slow: Duration) {
        let failure = result.as_ref().err();
        let duration = self.started.elapsed();
        let (connection, engine) = self
            .connection
            .get()
            .map_or((None, None), |(name, engine)| {
                (Some(name.as_str()), Some(*engine))
            });
        // The level is part of what a log line is made of, so each has a line of its own.
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    call = self.id,
                    tool = self.tool,
                    connection,
                    engine,
                    duration_ms = (duration.as_secs_f64() * 1e6).round() / 1e3,
                    rows = self.rows.get().copied(),
                    outcome = failure.map_or("ok", |failure| failure.kind.as_str()),
                    sqlstate = failure.and_then(|failure| failure.sqlstate.as_deref()),
                    cause = failure
                        .map(failure::causes)
                        .filter(|causes| !causes.is_empty()),
                    statement = self.statement.get().map(|sql| redacted(sql)),
                    "{}",
                    if duration >= slow {
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
            _ if duration >= slow => line!(warn),
            _ => line!(info),
        }
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
            CancelReason::ConnectionClosed => "The connection was closed.",
            CancelReason::Shutdown => "The server is stopping.",
        },
    )
}
