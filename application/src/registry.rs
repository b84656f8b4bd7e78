//! Known configurations and open databases, by name.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::SystemTime,
};

use domain::{
    Cancel, Failure,
    connection::{ConnectionConfig, ConnectionName, Connector, Database, KnownConfiguration},
    nearest::nearest,
    schema::Snapshot,
};

use crate::{
    catalog_cache::{CatalogCache, Searchable},
    cursors::Cursors,
};

/// An open database under its name, with what has happened on it.
#[derive(Debug)]
pub struct OpenConnection {
    pub name: ConnectionName,
    pub database: Database,
    pub opened_at: SystemTime,
    /// Its schema, once somebody has asked for it.
    pub catalog: CatalogCache,
    /// Results that are kept open between two pages.
    pub cursors: Cursors,
    calls: AtomicU64,
    failures: AtomicU64,
    last_failure: Mutex<Option<String>>,
}

/// What has happened on a connection since it was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallFigures {
    pub calls: u64,
    pub failures: u64,
    pub last_failure: Option<String>,
}

impl OpenConnection {
    pub fn new(name: ConnectionName, database: Database) -> Self {
        Self {
            name,
            database,
            opened_at: SystemTime::now(),
            catalog: CatalogCache::default(),
            cursors: Cursors::default(),
            calls: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            last_failure: Mutex::new(None),
        }
    }

    /// What the database holds, read if it is not known or has changed.
    pub async fn schema(&self, cancel: &Cancel) -> Result<Arc<Snapshot>, Failure> {
        self.catalog.snapshot(&*self.database.catalog, cancel).await
    }

    /// As [`OpenConnection::schema`], ready to be searched.
    pub async fn searchable(&self, cancel: &Cancel) -> Result<Searchable, Failure> {
        self.catalog
            .searchable(&*self.database.catalog, cancel)
            .await
    }

    /// Counts one call and how it ended.
    pub fn record<T>(&self, outcome: &Result<T, Failure>) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if let Err(failure) = outcome {
            self.failures.fetch_add(1, Ordering::Relaxed);
            *self
                .last_failure
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = Some(failure.message.clone());
        }
    }

    pub fn figures(&self) -> CallFigures {
        CallFigures {
            calls: self.calls.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
            last_failure: self
                .last_failure
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
        }
    }
}

/// Whether opening changed anything.
#[derive(Debug)]
pub enum Opened {
    New(Arc<OpenConnection>),
    /// It was open already, with the same settings.
    Already(Arc<OpenConnection>),
}

impl Opened {
    pub fn connection(&self) -> &Arc<OpenConnection> {
        match self {
            Self::New(connection) | Self::Already(connection) => connection,
        }
    }
}

/// The one place that knows which databases there are and which of them are open.
pub struct Registry {
    connectors: HashMap<&'static str, Arc<dyn Connector>>,
    known: RwLock<BTreeMap<ConnectionName, KnownConfiguration>>,
    open: RwLock<BTreeMap<ConnectionName, Arc<OpenConnection>>>,
    /// One opening at a time for each name; other names do not wait.
    opening: Mutex<HashMap<ConnectionName, Arc<tokio::sync::Mutex<()>>>>,
    requires_least_privilege: bool,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Registry")
            .field("known", &self.known_names())
            .field("open", &self.open_names())
            .finish_non_exhaustive()
    }
}

impl Registry {
    /// `connectors` by the engine's name.
    pub fn new(
        connectors: impl IntoIterator<Item = (&'static str, Arc<dyn Connector>)>,
        known: impl IntoIterator<Item = KnownConfiguration>,
    ) -> Self {
        Self {
            connectors: connectors.into_iter().collect(),
            known: RwLock::new(
                known
                    .into_iter()
                    .map(|known| (known.name.clone(), known))
                    .collect(),
            ),
            open: RwLock::default(),
            opening: Mutex::default(),
            requires_least_privilege: false,
        }
    }

    /// Whether a read-only connection is refused whose role could write.
    #[must_use]
    pub fn requiring_least_privilege(mut self, required: bool) -> Self {
        self.requires_least_privilege = required;
        self
    }

    /// Every known configuration, by name.
    pub fn known(&self) -> Vec<KnownConfiguration> {
        read(&self.known).values().cloned().collect()
    }

    pub fn known_configuration(&self, name: &str) -> Option<KnownConfiguration> {
        read(&self.known).get(name).cloned()
    }

    /// Adds a configuration, or takes the place of the one of the same name.
    pub fn learn(&self, configuration: KnownConfiguration) {
        write(&self.known).insert(configuration.name.clone(), configuration);
    }

    /// Every open connection, by name.
    pub fn open_connections(&self) -> Vec<Arc<OpenConnection>> {
        read(&self.open).values().cloned().collect()
    }

    pub fn open_connection(&self, name: &str) -> Option<Arc<OpenConnection>> {
        read(&self.open).get(name).cloned()
    }

    /// Whether any connection that is open or could be opened may write.
    pub fn any_writable(&self) -> bool {
        let writable = |config: &ConnectionConfig| !config.policy.is_read_only();
        read(&self.open)
            .values()
            .any(|open| writable(&open.database.config))
            || read(&self.known)
                .values()
                .any(|known| known.outcome.as_ref().is_ok_and(|config| writable(config)))
    }

    /// The connection that a call means, opened if it is not open yet.
    ///
    /// Without a name: the only one there is, else the one called `default`.
    pub async fn connection(&self, name: Option<&str>) -> Result<Arc<OpenConnection>, Failure> {
        let name = match name {
            Some(name) => ConnectionName::new(name)?,
            None => self.implied_name()?,
        };
        if let Some(open) = self.open_connection(name.as_str()) {
            return Ok(open);
        }
        let config = self.configuration(name.as_str())?;
        self.open(name, config)
            .await
            .map(|opened| Arc::clone(opened.connection()))
    }

    /// The valid configuration of a name.
    pub fn configuration(&self, name: &str) -> Result<Arc<ConnectionConfig>, Failure> {
        let Some(known) = self.known_configuration(name) else {
            return Err(self.unknown(name));
        };
        known.outcome.map_err(|mistakes| {
            let told: Vec<String> = mistakes
                .iter()
                .map(|mistake| format!("{}: {}", mistake.key, mistake.message))
                .collect();
            Failure::invalid_argument(format!(
                "The configuration `{name}` is not valid: {}",
                told.join("; ")
            ))
            .with_hint(
                "Whoever runs this server must correct it; `portolan check` explains each mistake.",
            )
        })
    }

    /// The only or `default` name among those known and open.
    pub fn implied_name(&self) -> Result<ConnectionName, Failure> {
        let default = ConnectionName::DEFAULT;
        if let Some((name, _)) = read(&self.open).get_key_value(default) {
            return Ok(name.clone());
        }
        if let Some((name, _)) = read(&self.known).get_key_value(default) {
            return Ok(name.clone());
        }
        let mut names = self.names();
        match (names.pop(), names.is_empty()) {
            (Some(only), true) => Ok(only),
            _ => Err(self.unnamed()),
        }
    }

    /// The failure of a call that does not name its connection, with the names there are.
    pub fn unnamed(&self) -> Failure {
        let names = self.names();
        if names.is_empty() {
            return Failure::invalid_argument("No database is configured or connected.").with_hint(
                "Call connect_database, or ask whoever runs this server to set DATABASE_URL or DB_TYPE, DB_HOST, ….",
            );
        }
        Failure::invalid_argument(format!(
            "Which database? `connection` must be one of: {}.",
            join(&names)
        ))
        .with_hint("Name one of them as `connection`.")
    }

    /// Opens a database under a name. The same settings again change nothing; others are refused.
    pub async fn open(
        &self,
        name: ConnectionName,
        config: Arc<ConnectionConfig>,
    ) -> Result<Opened, Failure> {
        let turn = {
            let mut opening = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(opening.entry(name.clone()).or_default())
        };
        let _turn = turn.lock().await;
        if let Some(open) = self.open_connection(name.as_str()) {
            if *open.database.config == *config {
                return Ok(Opened::Already(open));
            }
            return Err(Failure::invalid_argument(format!(
                "A connection named `{name}` is open already, with other settings."
            ))
            .with_hint("Choose another name, or close it first with close_connection."));
        }
        let connector = self.connectors.get(config.engine.name).ok_or_else(|| {
            Failure::internal(format!(
                "No connector for the engine {}.",
                config.engine.name
            ))
        })?;
        let database = connector.open(config).await?;
        if self.requires_least_privilege
            && let Err(refusal) = database.posture.must_only_read(database.config.policy)
        {
            database.pool.close().await;
            return Err(refusal);
        }
        let connection = Arc::new(OpenConnection::new(name.clone(), database));
        write(&self.open).insert(name, Arc::clone(&connection));
        Ok(Opened::New(connection))
    }

    /// Closes an open connection: ends its calls and its pool.
    pub async fn close(&self, name: &str) -> Result<Arc<OpenConnection>, Failure> {
        let name = ConnectionName::new(name)?;
        let Some(connection) = write(&self.open).remove(name.as_str()) else {
            if self.known_configuration(name.as_str()).is_some() {
                return Err(Failure::invalid_argument(format!(
                    "The connection `{name}` is not open."
                ))
                .with_hint("Nothing needs closing; list_connections shows what is open."));
            }
            return Err(self.unknown(name.as_str()));
        };
        connection.database.pool.close().await;
        Ok(connection)
    }

    /// Closes everything, side by side, before the process ends.
    pub async fn close_all(&self) {
        let open = std::mem::take(&mut *write(&self.open));
        let mut closing = tokio::task::JoinSet::new();
        for connection in open.into_values() {
            closing.spawn(async move { connection.database.pool.close().await });
        }
        closing.join_all().await;
    }

    /// The failure of a name that nobody knows, with the names there are.
    pub fn unknown(&self, name: &str) -> Failure {
        let names = self.names();
        let failure = Failure::invalid_argument(format!("There is no connection named `{name}`."));
        if names.is_empty() {
            return failure.with_hint("None is configured; call connect_database first.");
        }
        let known = join(&names);
        match nearest(name, names.iter().map(ConnectionName::as_str)) {
            Some(meant) => failure.with_hint(format!("Did you mean `{meant}`? Known: {known}.")),
            None => failure.with_hint(format!("Known connections: {known}.")),
        }
    }

    /// Names known or open, each once, in order.
    pub fn names(&self) -> Vec<ConnectionName> {
        let mut names = self.known_names();
        names.extend(self.open_names());
        names.sort();
        names.dedup();
        names
    }

    fn known_names(&self) -> Vec<ConnectionName> {
        read(&self.known).keys().cloned().collect()
    }

    fn open_names(&self) -> Vec<ConnectionName> {
        read(&self.open).keys().cloned().collect()
    }
}

fn join(names: &[ConnectionName]) -> String {
    let names: Vec<&str> = names.iter().map(ConnectionName::as_str).collect();
    names.join(", ")
}

fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
