//! One `SQLite` connection, hardened, with what is known of the statements that it has seen.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use domain::{
    ConnectStep, Failure, FailureKind,
    connection::{Access, Address, ConnectionConfig},
};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Executor, FromRow, Row,
    sqlite::{LockedSqliteHandle, SqliteConnectOptions, SqliteConnection, SqliteRow},
};
use tokio::runtime::Handle;

use super::{
    super::pool::Session,
    attached::Questions,
    failure, handle, opening,
    schema::{self, Unread},
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
/// A session that is being interrupted is waited for no longer than this: one long call of a function is deaf to it.
const CLOSE_LIMIT: Duration = Duration::from_millis(500);
/// While this many are deaf, in the whole process, no further session is opened: each has a thread that works on.
const MOST_DEAF: usize = 4;

pub(super) struct SqliteSession {
    /// Away only while a statement is looked at on another thread.
    connection: Option<SqliteConnection>,
    access: Access,
    /// While it is set, whatever runs on the connection ends.
    interrupted: Arc<AtomicBool>,
    seen: HashMap<Arc<str>, Arc<Inspected>>,
    /// The database's own, unless it is in memory, and those attached.
    files: Vec<WatchedFile>,
    questions: Questions,
    schema_versions: Vec<i64>,
    /// A result that is left open keeps no writer waiting: every file is in WAL mode, or there is none.
    keeps_snapshots: bool,
}

impl SqliteSession {
    /// Opens the database; never creates it.
    pub(super) async fn connect(
        config: &ConnectionConfig,
        access: Access,
    ) -> Result<Self, Failure> {
        if DEAF.load(Ordering::Relaxed) >= MOST_DEAF {
            return Err(too_many_deaf());
        }
        handle::guard_stack();
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
        let mut connection = match options.connect().await {
            Ok(connection) => connection,
            Err(error) => return Err(opening::cannot_open(path.as_deref(), error)),
        };
        let questions = Questions::of(&config.attached);
        if !config.attached.is_empty() {
            let texts = Arc::clone(&questions.texts);
            connection = schema::attach(connection, &config.attached, texts).await?;
        }
        let further = config.attached.iter().map(|one| one.path.as_path());
        let mut session = Self {
            connection: Some(connection),
            access,
            interrupted: Arc::new(AtomicBool::new(false)),
            seen: HashMap::new(),
            files: path
                .as_deref()
                .into_iter()
                .chain(further)
                .map(WatchedFile::new)
                .collect(),
            questions,
            schema_versions: Vec::new(),
            keeps_snapshots: false,
        };
        session.harden().await?;
        // Before the schema is read, so that a change in between is seen by the next look.
        session.look_at_files();
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

    /// What happened to any of the files since the last look; the worst of it.
    pub(super) fn look_at_files(&mut self) -> Change {
        let changes = self.files.iter_mut().map(WatchedFile::look);
        changes.max().unwrap_or(Change::None)
    }

    /// Makes `SQLite` and the driver see what other programs did to the schema.
    pub(super) async fn freshen(&mut self) -> Result<(), Unread> {
        self.freshen_with(Patience::new()).await
    }

    async fn freshen_with(&mut self, patience: Patience) -> Result<(), Unread> {
        loop {
            match self.try_to_freshen().await {
                Err(unread) if unread.is_busy() && patience.lasts().await => {}
                done => return done,
            }
        }
    }

    pub(super) fn keeps_snapshots(&self) -> bool {
        self.keeps_snapshots
    }

    async fn try_to_freshen(&mut self) -> Result<(), Unread> {
        let connection = self.connection.as_mut().ok_or(sqlx::Error::WorkerCrashed)?;
        // Tells what the files say now, without reading the schemas.
        let ask = sqlx::raw_sql(AssertSqlSafe(Arc::clone(&self.questions.versions)));
        let versions: Vec<i64> = connection
            .fetch_all(ask)
            .await?
            .iter()
            .map(|row| row.try_get(0))
            .collect::<Result<_, _>>()?;
        if versions != self.schema_versions {
            self.seen.clear();
            connection.clear_cached_statements().await?;
            if let Some(connection) = self.connection.take() {
                let texts = Arc::clone(&self.questions.texts);
                self.connection = Some(schema::read(connection, texts).await?);
            }
            self.schema_versions = versions;
        }
        self.look_at_journals().await
    }

    /// To be asked once the schema has been read: this would read it, on a stack that it may exhaust.
    async fn look_at_journals(&mut self) -> Result<(), Unread> {
        let connection = self.connection.as_mut().ok_or(sqlx::Error::WorkerCrashed)?;
        let ask = sqlx::raw_sql(AssertSqlSafe(Arc::clone(&self.questions.journals)));
        self.keeps_snapshots = connection
            .fetch_all(ask)
            .await?
            .iter()
            .all(|row| matches!(row.try_get(0), Ok("wal" | "memory")));
        Ok(())
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

    /// The name and declared type of each column of each statement; `None` for one that cannot be prepared. None of
    /// them is run.
    pub(super) async fn columns_of(
        &mut self,
        statements: Vec<String>,
    ) -> Result<Vec<Option<Vec<(String, Option<String>)>>>, Failure> {
        let interrupted = Arc::clone(&self.interrupted);
        self.look(move |handle| {
            let columns = |sql: &String| {
                let prepared = handle::prepare(handle, sql).ok()?;
                Some(prepared.columns)
            };
            statements
                .iter()
                .take_while(|_| !interrupted.load(Ordering::Relaxed))
                .map(columns)
                .collect()
        })
        .await
    }

    /// What is known of the statement, found out now if it was not seen before.
    pub(super) async fn inspect(&mut self, sql: &str) -> Result<Arc<Inspected>, Failure> {
        if let Some(inspected) = self.seen.get(sql) {
            return Ok(Arc::clone(inspected));
        }
        let (text, access) = (sql.to_owned(), self.access);
        let inspected = self
            .look(move |handle| Inspected::new(handle, &text, access))
            .await?;
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

impl SqliteSession {
    /// Looks at statements on a thread that may block: planning one can take long, and virtual tables read while they do.
    async fn look<T: Send + 'static>(
        &mut self,
        look: impl FnOnce(&mut LockedSqliteHandle<'_>) -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let mut connection = self
            .connection
            .take()
            .ok_or_else(|| Failure::internal("The database session is in use elsewhere."))?;
        let looked = tokio::task::spawn_blocking(move || {
            let found = match Handle::current().block_on(connection.lock_handle()) {
                Ok(mut handle) => Ok(look(&mut handle)),
                Err(error) => Err(failure::of_driver(error)),
            };
            (connection, found)
        })
        .await;
        let (connection, found) = looked.map_err(|error| {
            Failure::internal("Looking at the statement failed.").with_source(error)
        })?;
        self.connection = Some(connection);
        found
    }
}

impl Session for SqliteSession {
    async fn open(config: &Arc<ConnectionConfig>) -> Result<Self, Failure> {
        Self::connect(config, Access::ReadOnly).await
    }

    async fn close(mut self) {
        self.interrupt();
        if let Some(connection) = self.connection.take() {
            let mut closing = Box::pin(connection.close());
            if tokio::time::timeout(CLOSE_LIMIT, &mut closing)
                .await
                .is_err()
            {
                // The driver's thread is left to end by itself; nobody waits for it.
                let deaf = Deaf::new();
                tokio::spawn(async move {
                    closing.await.ok();
                    drop(deaf);
                });
            }
        }
    }
}

/// Sessions that were told to end and still work.
static DEAF: AtomicUsize = AtomicUsize::new(0);

/// One of them.
struct Deaf;

impl Deaf {
    fn new() -> Self {
        DEAF.fetch_add(1, Ordering::Relaxed);
        Self
    }
}

impl Drop for Deaf {
    fn drop(&mut self) {
        DEAF.fetch_sub(1, Ordering::Relaxed);
    }
}

fn too_many_deaf() -> Failure {
    Failure::new(
        FailureKind::Busy,
        format!("{MOST_DEAF} statements that were stopped are still inside of a function call that cannot be interrupted."),
    )
    .with_step(ConnectStep::Database)
    .with_hint("Try again later. Such calls search long texts for long texts (instr, replace, trim).")
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
        if busy && self.lasts().await {
            Ok(())
        } else {
            Err(error)
        }
    }

    /// Whether there is time to try again, after a moment.
    async fn lasts(&self) -> bool {
        let lasts = Instant::now() < self.0;
        if lasts {
            // Some locks are refused without SQLite's own wait.
            tokio::time::sleep(BUSY_PAUSE).await;
        }
        lasts
    }
}
