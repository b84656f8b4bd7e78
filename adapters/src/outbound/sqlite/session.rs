//! One `SQLite` connection, hardened, with what is known of the statements that it has seen.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use domain::{
    Failure,
    connection::{Access, Address, ConnectionConfig},
};
use futures_util::StreamExt;
use sqlx::{
    ConnectOptions, Connection, Either, Executor, FromRow, Row,
    sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow},
};
use tokio::runtime::Handle;

use super::{
    super::pool::Session,
    failure, handle, opening,
    statement::Inspected,
    watched_file::{Change, WatchedFile},
};

/// How many statements a session remembers, and the driver with it.
const REMEMBERED: usize = 100;
/// A longer text is looked at each time: remembering it would cost more than it saves.
pub(super) const LONGEST_REMEMBERED: usize = 16 * 1024;
/// `SQLite` waits for a lock on its own thread, deaf to any interruption, so it waits in short steps.
const BUSY_STEP: Duration = Duration::from_millis(100);
const BUSY_PAUSE: Duration = Duration::from_millis(10);
/// And the steps end after this.
const BUSY_PATIENCE: Duration = Duration::from_secs(5);
/// Steps of `SQLite`'s machine between two looks at the interruption.
const STEPS_BETWEEN_LOOKS: i32 = 1_000;
/// Rows that the driver's thread may be ahead of us. Each may be large, so they are few.
const ROWS_AHEAD: usize = 50;
/// A session that is being interrupted is waited for no longer than this.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);
/// Looks at the file (so that `SQLite` sees a change that another program made) and tells the version of the schema.
const FRESHEN: &str = "SELECT 1 FROM sqlite_schema LIMIT 1; PRAGMA schema_version";

pub(super) struct SqliteSession {
    /// Away only while a statement is looked at on another thread.
    connection: Option<SqliteConnection>,
    access: Access,
    /// While it is set, whatever runs on the connection ends.
    interrupted: Arc<AtomicBool>,
    seen: HashMap<Arc<str>, Arc<Inspected>>,
    /// `None` for a database in memory.
    file: Option<WatchedFile>,
    schema_version: i64,
    /// A result that is left open keeps no writer waiting: the file is in WAL mode, or there is none.
    keeps_snapshots: bool,
}

impl SqliteSession {
    /// Opens the database; never creates it.
    pub(super) async fn connect(
        config: &ConnectionConfig,
        access: Access,
    ) -> Result<Self, Failure> {
        let options = SqliteConnectOptions::new()
            .create_if_missing(false)
            .busy_timeout(BUSY_STEP)
            .pragma("trusted_schema", "OFF")
            .statement_cache_capacity(REMEMBERED)
            .row_buffer_size(ROWS_AHEAD)
            .disable_statement_logging();
        let (mut options, path) = match &config.address {
            Address::File(path) => {
                // Absolute, because a name such as `file:x?mode=rw` or `:memory:` has a meaning of its own.
                let path = std::path::absolute(path).map_err(|error| {
                    Failure::invalid_argument("The path of the database is empty.")
                        .with_source(error)
                })?;
                (options.filename(&path), Some(path))
            }
            Address::Memory => (options.in_memory(true), None),
            Address::Tcp { .. } | Address::Socket { .. } => {
                return Err(Failure::internal("SQLite has no servers to connect to."));
            }
        };
        if access == Access::ReadOnly {
            options = options.read_only(true).pragma("query_only", "ON");
        }
        let connection = match options.connect().await {
            Ok(connection) => connection,
            Err(error) => return Err(opening::cannot_open(path.as_deref(), error)),
        };
        let mut session = Self {
            connection: Some(connection),
            access,
            interrupted: Arc::new(AtomicBool::new(false)),
            seen: HashMap::new(),
            file: path.as_deref().map(WatchedFile::new),
            schema_version: -1,
            keeps_snapshots: path.is_none(),
        };
        session.harden().await?;
        // Before the schema is read, so that a change in between is seen by the next look.
        session.look_at_file();
        // Ends before the connect time-out, which would not know the reason.
        let patience = Patience::of(config.pool.connect_timeout / 2);
        if let Err(error) = session.freshen_with(patience).await {
            return Err(opening::cannot_read(path.as_deref(), error));
        }
        Ok(session)
    }

    async fn harden(&mut self) -> Result<(), Failure> {
        let interrupted = Arc::clone(&self.interrupted);
        let access = self.access;
        let mut handle = self
            .connection()?
            .lock_handle()
            .await
            .map_err(failure::of_driver)?;
        handle.set_progress_handler(STEPS_BETWEEN_LOOKS, move || {
            !interrupted.load(Ordering::Relaxed)
        });
        handle::harden(&mut handle, access).map_err(|fault| {
            Failure::internal("The database session could not be secured.").with_source(fault)
        })
    }

    pub(super) fn access(&self) -> Access {
        self.access
    }

    pub(super) fn connection(&mut self) -> Result<&mut SqliteConnection, Failure> {
        self.connection
            .as_mut()
            .ok_or_else(|| Failure::internal("The database session is in use elsewhere."))
    }

    /// Ends whatever runs, and whatever is begun, until [`SqliteSession::settle`].
    pub(super) fn interrupt(&self) {
        self.interrupted.store(true, Ordering::Relaxed);
    }

    /// Waits until nothing runs any more and makes the session usable again. False if it is not.
    pub(super) async fn settle(&mut self) -> bool {
        let Some(connection) = &mut self.connection else {
            return false;
        };
        let idle = tokio::time::timeout(CLOSE_LIMIT, connection.ping()).await;
        self.interrupted.store(false, Ordering::Relaxed);
        matches!(idle, Ok(Ok(())))
    }

    /// What happened to the file since the last look.
    pub(super) fn look_at_file(&mut self) -> Change {
        self.file.as_mut().map_or(Change::None, WatchedFile::look)
    }

    /// Makes `SQLite` and the driver see what other programs did to the schema.
    pub(super) async fn freshen(&mut self) -> Result<(), sqlx::Error> {
        self.freshen_with(Patience::new()).await
    }

    async fn freshen_with(&mut self, patience: Patience) -> Result<(), sqlx::Error> {
        let version = self.schema_version(patience).await?;
        if version != self.schema_version {
            self.seen.clear();
            if let Some(connection) = &mut self.connection {
                connection.clear_cached_statements().await?;
            }
            self.schema_version = version;
        }
        if self.file.is_some()
            && let Some(connection) = &mut self.connection
        {
            let mode = connection.fetch_one(sqlx::raw_sql("PRAGMA journal_mode"));
            self.keeps_snapshots = mode.await?.try_get::<String, _>(0)? == "wal";
        }
        Ok(())
    }

    pub(super) fn keeps_snapshots(&self) -> bool {
        self.keeps_snapshots
    }

    async fn schema_version(&mut self, patience: Patience) -> Result<i64, sqlx::Error> {
        loop {
            let Some(connection) = &mut self.connection else {
                return Err(sqlx::Error::WorkerCrashed);
            };
            let mut version = None;
            let mut failed = None;
            {
                let mut results = connection.fetch_many(sqlx::raw_sql(FRESHEN));
                while let Some(result) = results.next().await {
                    match result {
                        Ok(Either::Right(row)) => version = Some(row.try_get(0)?),
                        Ok(Either::Left(_)) => {}
                        Err(error) => failed = Some(error),
                    }
                }
            }
            match failed {
                None => return version.ok_or(sqlx::Error::WorkerCrashed),
                Some(error) => patience.with(error).await?,
            }
        }
    }

    /// Runs a statement of our own that returns nothing.
    pub(super) async fn run(&mut self, sql: &'static str) -> Result<(), Failure> {
        let patience = Patience::new();
        loop {
            match self.connection()?.execute(sql).await {
                Ok(_) => return Ok(()),
                Err(error) => {
                    if let Err(error) = patience.with(error).await {
                        return Err(failure::of_statement(error, self.access));
                    }
                }
            }
        }
    }

    /// All rows of a question of our own; `None` if it fails.
    pub(super) async fn ask<R>(&mut self, sql: &'static str) -> Option<Vec<R>>
    where
        R: for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
    {
        let connection = self.connection.as_mut()?;
        sqlx::query_as(sql).fetch_all(connection).await.ok()
    }

    /// What is known of the statement, found out now if it was not seen before.
    pub(super) async fn inspect(&mut self, sql: &str) -> Result<Arc<Inspected>, Failure> {
        if let Some(inspected) = self.seen.get(sql) {
            return Ok(Arc::clone(inspected));
        }
        let mut connection = self
            .connection
            .take()
            .ok_or_else(|| Failure::internal("The database session is in use elsewhere."))?;
        let (text, access) = (sql.to_owned(), self.access);
        // On a thread that may block: planning a statement can take long, and virtual tables read while they do.
        let looked = tokio::task::spawn_blocking(move || {
            let inspected = match Handle::current().block_on(connection.lock_handle()) {
                Ok(mut handle) => Inspected::new(&mut handle, &text, access),
                Err(error) => Err(failure::of_driver(error)),
            };
            (connection, inspected)
        })
        .await;
        let (connection, inspected) = looked.map_err(|error| {
            Failure::internal("Looking at the statement failed.").with_source(error)
        })?;
        self.connection = Some(connection);
        let inspected = Arc::new(inspected?);
        if sql.len() <= LONGEST_REMEMBERED {
            if self.seen.len() >= REMEMBERED {
                // Rare, and looking at a statement again costs little: not worth keeping an order.
                self.seen.clear();
            }
            self.seen
                .insert(Arc::clone(&inspected.sql), Arc::clone(&inspected));
        }
        Ok(inspected)
    }
}

impl Session for SqliteSession {
    async fn open(config: &Arc<ConnectionConfig>) -> Result<Self, Failure> {
        Self::connect(config, Access::ReadOnly).await
    }

    async fn close(mut self) {
        self.interrupt();
        if let Some(connection) = self.connection.take() {
            // Past the limit the driver's thread is left to end by itself; nobody waits for it.
            tokio::time::timeout(CLOSE_LIMIT, connection.close())
                .await
                .ok();
        }
    }
}

impl Drop for SqliteSession {
    fn drop(&mut self) {
        // Its caller may be gone in the middle of a statement.
        self.interrupt();
    }
}

/// How long to try again what another connection stands in the way of.
pub(super) struct Patience(Instant);

impl Patience {
    pub(super) fn new() -> Self {
        Self::of(BUSY_PATIENCE)
    }

    fn of(time: Duration) -> Self {
        Self(Instant::now() + time)
    }

    /// `Ok`, after a moment, if it is worth trying again.
    pub(super) async fn with(&self, error: sqlx::Error) -> Result<(), sqlx::Error> {
        let busy = failure::code(&error).is_some_and(failure::is_busy);
        if !busy || Instant::now() >= self.0 {
            return Err(error);
        }
        // Some locks are refused without SQLite's own wait.
        tokio::time::sleep(BUSY_PAUSE).await;
        Ok(())
    }
}
