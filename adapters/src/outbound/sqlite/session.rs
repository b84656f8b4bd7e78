//! One `SQLite` connection, hardened, with what is known of the statements that it has seen.

use std::{
    collections::HashMap,
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use domain::{
    Failure,
    connection::{Access, Address, ConnectionConfig},
    masking::Masking,
};
use sqlx::{
    ConnectOptions, Connection, FromRow,
    sqlite::{LockedSqliteHandle, SqliteConnectOptions, SqliteConnection, SqliteRow},
};

use super::{
    super::pool::Session,
    attached::Questions,
    deaf::{Deaf, few_deaf, too_many_deaf},
    failure::{self, Fault},
    handle::{self, Bound, Kept, Running, Stored},
    lane::Lane,
    opening,
    patience::Patience,
    rows::{self, Receiver},
    schema::{self, Unread},
    statement::Inspected,
    watched_file::{Change, WatchedFile},
};

/// How many statements a session remembers.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(100).unwrap();
/// A longer text is looked at each time: remembering it would cost more than it saves.
pub(super) const LONGEST_REMEMBERED: usize = 16 * 1024;
/// `SQLite` waits for a lock on its own thread, deaf to any interruption, so it waits in short steps.
const BUSY_STEP: Duration = Duration::from_millis(100);
/// Steps of `SQLite`'s machine between two looks at the interruption.
const STEPS_BETWEEN_LOOKS: i32 = 1_000;
/// The driver runs our own short questions alone, and needs to remember none of them.
const REMEMBERED_BY_DRIVER: usize = 4;
/// A session that is being interrupted is waited for no longer than this: one long call of a function is deaf to it.
const CLOSE_LIMIT: Duration = Duration::from_millis(500);

const TABLES: &str = "SELECT schema, name FROM pragma_table_list";

pub(super) struct SqliteSession {
    /// Away while statements are run on it, on the lane.
    connection: Option<SqliteConnection>,
    /// Started when a statement is first run.
    lane: Option<Lane>,
    access: Access,
    masking: Option<Masking>,
    /// While it is set, whatever runs on the connection ends.
    interrupted: Arc<AtomicBool>,
    seen: HashMap<Arc<str>, Arc<Inspected>>,
    /// Every table and view by schema and name, once somebody has asked, and until the schema changes.
    tables: Option<Arc<[(String, String)]>>,
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
        // Ends before the connect time-out, as everything here does: that would not know the reason.
        let patience = config.pool.connect_timeout / 2;
        if tokio::time::timeout(patience, few_deaf()).await.is_err() {
            return Err(too_many_deaf());
        }
        handle::guard_stack();
        let options = SqliteConnectOptions::new()
            .create_if_missing(false)
            .busy_timeout(BUSY_STEP)
            .pragma("trusted_schema", "OFF")
            .statement_cache_capacity(REMEMBERED_BY_DRIVER)
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
            lane: None,
            access,
            masking: config.masking.clone(),
            interrupted: Arc::new(AtomicBool::new(false)),
            seen: HashMap::new(),
            tables: None,
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
        let patience = Patience::of(patience);
        if let Err(error) = session.freshen_with(patience).await {
            return Err(opening::cannot_read(path.as_deref(), error));
        }
        Ok(session)
    }

    async fn harden(&mut self) -> Result<(), Failure> {
        let interrupted = Arc::clone(&self.interrupted);
        let access = self.access;
        let mut handle = self
            .connection()
            .await?
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

    /// The connection itself, back from the lane.
    pub(super) async fn connection(&mut self) -> Result<&mut SqliteConnection, Failure> {
        if self.connection.is_none()
            && let Some(lane) = &self.lane
        {
            self.connection = Some(lane.release().await?);
        }
        self.connection
            .as_mut()
            .ok_or_else(|| Failure::internal("The database session is in use elsewhere."))
    }

    /// The lane, with the connection on it.
    fn lane(&mut self) -> Result<&Lane, Failure> {
        let lane = match self.lane.take() {
            Some(lane) => lane,
            None => Lane::start(REMEMBERED)?,
        };
        let lane = self.lane.insert(lane);
        if let Some(connection) = self.connection.take() {
            lane.give(connection)?;
        }
        Ok(lane)
    }

    /// Ends whatever runs, and whatever is begun, until [`SqliteSession::settle`].
    pub(super) fn interrupt(&self) {
        self.interrupted.store(true, Ordering::Relaxed);
    }

    /// Waits until nothing runs any more and makes the session usable again. False if it is not.
    pub(super) async fn settle(&mut self) -> bool {
        let interrupted = Arc::clone(&self.interrupted);
        let Ok(lane) = self.lane() else {
            return false;
        };
        // Its turn comes when whatever was begun before has ended.
        let idle = tokio::time::timeout(CLOSE_LIMIT, lane.run(|_, _| ())).await;
        interrupted.store(false, Ordering::Relaxed);
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
        // Tells what the files say now, without reading the schemas.
        let texts = Arc::clone(&self.questions.versions);
        let versions = self
            .on_lane(move |handle, kept| answers(handle, kept, &texts, as_number))
            .await??;
        if versions != self.schema_versions {
            self.seen.clear();
            self.tables = None;
            self.connection().await?;
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
        let texts = Arc::clone(&self.questions.journals);
        let keeps = |mode: Stored<'_>| matches!(mode, Stored::Text(b"wal" | b"memory"));
        let modes = self
            .on_lane(move |handle, kept| answers(handle, kept, &texts, keeps))
            .await??;
        self.keeps_snapshots = !modes.contains(&false);
        Ok(())
    }

    /// Runs a statement of our own that returns nothing.
    pub(super) async fn run(&mut self, sql: &'static str) -> Result<(), Failure> {
        let patience = Patience::new();
        let text: Arc<str> = sql.into();
        loop {
            let running = of_our_own(&text);
            let ran = self
                .on_lane(move |handle, kept| kept.run(handle, &running, |_| true))
                .await?;
            match ran {
                Ok(_) => return Ok(()),
                Err(fault) => patience
                    .with(fault)
                    .await
                    .map_err(|fault| fault.into_failure(self.access))?,
            }
        }
    }

    /// Begins a statement of the caller's; what comes of it is received.
    pub(super) fn step(
        &mut self,
        inspected: &Inspected,
        values: Vec<Bound>,
    ) -> Result<Receiver, Failure> {
        let running = Running {
            sql: Arc::clone(&inspected.sql),
            keep: inspected.sql.len() <= LONGEST_REMEMBERED,
            values,
            positions: Arc::clone(&inspected.positions),
        };
        let (sender, stepped) = rows::passage(inspected.columns.len());
        self.lane()?.begin(move |handle, kept| {
            let ended = kept.run(handle, &running, |row| sender.send(&row));
            sender.end(ended);
        })?;
        Ok(stepped)
    }

    /// All rows of a question of our own; `None` if it fails.
    pub(super) async fn ask<R>(&mut self, sql: &'static str) -> Option<Vec<R>>
    where
        R: for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
    {
        let connection = self.connection().await.ok()?;
        sqlx::query_as(sql).fetch_all(connection).await.ok()
    }

    /// Every table and view by schema and name, whatever made it; `None` if they are not told.
    pub(super) async fn tables(&mut self) -> Option<Arc<[(String, String)]>> {
        if self.tables.is_none() {
            // The way to the driver and back takes longer than most statements.
            self.tables = Some(self.ask(TABLES).await?.into());
        }
        self.tables.clone()
    }

    /// The name and declared type of each column of each statement; `None` for one that cannot be prepared. None of
    /// them is run.
    pub(super) async fn columns_of(
        &mut self,
        statements: Vec<String>,
    ) -> Result<Vec<Option<Vec<(String, Option<String>)>>>, Failure> {
        let interrupted = Arc::clone(&self.interrupted);
        self.on_lane(move |handle, _| {
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
        let (text, access, masking) = (sql.to_owned(), self.access, self.masking.clone());
        let inspected = self
            .on_lane(move |handle, _| Inspected::new(handle, &text, access, masking.as_ref()))
            .await?;
        let inspected = Arc::new(inspected?);
        if sql.len() <= LONGEST_REMEMBERED {
            if self.seen.len() >= REMEMBERED.get() {
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
    /// Looks at a statement that is not to be run, nor to be remembered.
    pub(super) async fn inspect_once(&mut self, sql: &str) -> Result<Inspected, Failure> {
        let (text, access, masking) = (sql.to_owned(), self.access, self.masking.clone());
        self.on_lane(move |handle, _| Inspected::new(handle, &text, access, masking.as_ref()))
            .await?
    }

    /// Does some work on the lane, which may block: planning a statement can take long, and virtual tables read while
    /// they are planned.
    async fn on_lane<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut LockedSqliteHandle<'_>, &mut Kept) -> T + Send + 'static,
    ) -> Result<T, Failure> {
        self.lane()?.run(work).await
    }
}

/// A statement that takes no values.
fn of_our_own(sql: &Arc<str>) -> Running {
    Running {
        sql: Arc::clone(sql),
        keep: true,
        values: Vec::new(),
        positions: Arc::new([]),
    }
}

/// The first value of each row of each text.
fn answers<T>(
    handle: &mut LockedSqliteHandle<'_>,
    kept: &mut Kept,
    texts: &[Arc<str>],
    read: fn(Stored<'_>) -> T,
) -> Result<Vec<T>, Fault> {
    let mut answers = Vec::with_capacity(texts.len());
    for text in texts {
        kept.run(handle, &of_our_own(text), |row| {
            answers.extend(row.values().next().map(read));
            true
        })?;
    }
    Ok(answers)
}

fn as_number(value: Stored<'_>) -> i64 {
    match value {
        Stored::Int(number) => number,
        _ => 0,
    }
}

impl Session for SqliteSession {
    async fn open(config: &Arc<ConnectionConfig>) -> Result<Self, Failure> {
        Self::connect(config, Access::ReadOnly).await
    }

    async fn close(mut self) {
        self.interrupt();
        if self.connection.is_some() || self.lane.is_some() {
            let mut closing = Box::pin(async move {
                if self.connection().await.is_ok()
                    && let Some(connection) = self.connection.take()
                {
                    connection.close().await.ok();
                }
            });
            if tokio::time::timeout(CLOSE_LIMIT, &mut closing)
                .await
                .is_err()
            {
                // Its threads are left to end by themselves; nobody waits for them.
                let deaf = Deaf::new();
                tokio::spawn(async move {
                    closing.await;
                    drop(deaf);
                });
            }
        }
    }
}

impl Drop for SqliteSession {
    fn drop(&mut self) {
        // Its caller may be gone in the middle of a statement.
        self.interrupt();
    }
}
