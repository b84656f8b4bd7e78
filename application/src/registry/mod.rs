//! Known configurations and open databases, by name and by whom they belong to.

mod granted;
mod open_connection;
mod view;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use domain::{
    Failure,
    calls::{Caller, Principal},
    connection::{
        CircuitRules, CircuitState, ConnectionConfig, ConnectionName, Connector, KnownConfiguration,
    },
};

use crate::{breaker::Breaker, discreet_catalog::DiscreetCatalog};

pub use self::{
    open_connection::{CallFigures, OpenConnection, Reader},
    view::{View, Visitor},
};

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

    fn map(self, change: impl FnOnce(Arc<OpenConnection>) -> Arc<OpenConnection>) -> Self {
        match self {
            Self::New(connection) => Self::New(change(connection)),
            Self::Already(connection) => Self::Already(change(connection)),
        }
    }
}

/// A name, and whose it is: the operator's, whom everybody sees to whom it is granted, or that of one caller, whom
/// nobody else sees.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Key {
    name: ConnectionName,
    owner: Option<Owner>,
}

/// Whose something is: not every name that somebody signs in by is told apart from that of the local user.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner {
    principal: Principal,
    is_local: bool,
}

impl Owner {
    pub fn of(caller: &Caller) -> Self {
        Self {
            principal: caller.principal.clone(),
            is_local: caller.is_local,
        }
    }
}

/// An open connection, and the configuration whose grants it is judged by; none for one from a caller's own values.
#[derive(Debug, Clone)]
struct Held {
    connection: Arc<OpenConnection>,
    configuration: Option<ConnectionName>,
}

/// The one place that knows which databases there are and which of them are open. What of it somebody may know is
/// their [`View`].
pub struct Registry {
    connectors: HashMap<&'static str, Arc<dyn Connector>>,
    known: RwLock<BTreeMap<Key, KnownConfiguration>>,
    open: RwLock<BTreeMap<Key, Held>>,
    /// One opening at a time for each name; other names do not wait.
    opening: Mutex<HashMap<Key, Arc<tokio::sync::Mutex<()>>>>,
    requires_least_privilege: bool,
    circuit_rules: CircuitRules,
    /// Of known connections that somebody has tried to open.
    breakers: Mutex<BTreeMap<Key, Arc<Breaker>>>,
}

/// A connection that is not open because it could not be opened again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failing {
    pub name: ConnectionName,
    /// The name of its engine.
    pub engine: &'static str,
    pub circuit: CircuitState,
    /// The words of the last failure.
    pub cause: String,
}

/// Who wants to open a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attempt {
    /// A call, which an open circuit keeps from it.
    OfCall,
    /// Somebody who wants to know now whether it can be opened.
    ByHand,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Registry")
            .field("known", &read(&self.known).keys())
            .field("open", &read(&self.open).keys())
            .finish_non_exhaustive()
    }
}

impl Registry {
    /// `connectors` by the engine's name; `known` is the operator's.
    pub fn new(
        connectors: impl IntoIterator<Item = (&'static str, Arc<dyn Connector>)>,
        known: impl IntoIterator<Item = KnownConfiguration>,
    ) -> Self {
        Self {
            connectors: connectors.into_iter().collect(),
            known: RwLock::new(
                known
                    .into_iter()
                    .map(|known| {
                        let key = Key {
                            name: known.name.clone(),
                            owner: None,
                        };
                        (key, known)
                    })
                    .collect(),
            ),
            open: RwLock::default(),
            opening: Mutex::default(),
            requires_least_privilege: false,
            circuit_rules: CircuitRules::default(),
            breakers: Mutex::default(),
        }
    }

    /// When a connection that fails again and again is left alone.
    #[must_use]
    pub fn with_circuits(mut self, rules: CircuitRules) -> Self {
        self.circuit_rules = rules;
        self
    }

    /// Whether a read-only connection is refused whose role could write.
    #[must_use]
    pub fn requiring_least_privilege(mut self, required: bool) -> Self {
        self.requires_least_privilege = required;
        self
    }

    /// What somebody may know of it.
    pub fn seen_by<'a>(&'a self, visitor: Visitor<'a>) -> View<'a> {
        View::new(self, visitor)
    }

    /// Whether any connection that is open or could be opened may write.
    pub fn any_writable(&self) -> bool {
        let writable = |config: &ConnectionConfig| !config.policy.is_read_only();
        read(&self.open)
            .values()
            .any(|held| writable(&held.connection.database.config))
            || read(&self.known)
                .values()
                .any(|known| known.outcome.as_ref().is_ok_and(|config| writable(config)))
    }

    /// Every open connection, and whether it is the operator's rather than a caller's own. For those who keep the
    /// server running: no caller sees all of it.
    pub fn every_open(&self) -> Vec<(Arc<OpenConnection>, bool)> {
        read(&self.open)
            .iter()
            .map(|(key, held)| (Arc::clone(&held.connection), key.owner.is_none()))
            .collect()
    }

    /// The operator's connections that could not be opened again and again, by name.
    pub fn failing(&self) -> Vec<Failing> {
        let breakers = self.lock_breakers().clone();
        breakers
            .into_iter()
            .filter(|(key, _)| key.owner.is_none() && self.held(key).is_none())
            .filter_map(|(key, breaker)| {
                let engine = match read(&self.known).get(&key) {
                    Some(known) => known.outcome.as_ref().ok()?.engine.name,
                    None => return None,
                };
                Some(Failing {
                    engine,
                    circuit: breaker.state(),
                    cause: breaker.cause()?,
                    name: key.name,
                })
            })
            .collect()
    }

    /// The circuit of a name that is known; for another one a circuit of its own, which is kept nowhere, because
    /// callers make such names up.
    fn breaker(&self, key: &Key) -> Arc<Breaker> {
        let new = || Arc::new(Breaker::new(self.circuit_rules));
        if !read(&self.known).contains_key(key) {
            return new();
        }
        let mut breakers = self.lock_breakers();
        Arc::clone(breakers.entry(key.clone()).or_insert_with(new))
    }

    fn lock_breakers(&self) -> MutexGuard<'_, BTreeMap<Key, Arc<Breaker>>> {
        self.breakers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a database under a name. The same settings again change nothing; others are refused.
    async fn open(
        &self,
        key: Key,
        config: Arc<ConnectionConfig>,
        configuration: Option<ConnectionName>,
        attempt: Attempt,
    ) -> Result<Opened, Failure> {
        let breaker = self.breaker(&key);
        // Before anything is waited for: while the circuit is open, calls fail at once.
        let mut pass = if attempt == Attempt::OfCall && self.held(&key).is_none() {
            Some(breaker.admit(&key.name)?)
        } else {
            None
        };
        let turn = {
            let mut opening = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(opening.entry(key.clone()).or_default())
        };
        let _turn = turn.lock().await;
        if let Some(open) = self.held(&key) {
            if *open.connection.database.config == *config {
                return Ok(Opened::Already(open.connection));
            }
            return Err(Failure::invalid_argument(format!(
                "A connection named `{}` is open already, with other settings.",
                key.name
            ))
            .with_hint("Choose another name, or close it first with close_connection."));
        }
        let connector = self.connectors.get(config.engine.name).ok_or_else(|| {
            Failure::internal(format!(
                "No connector for the engine {}.",
                config.engine.name
            ))
        })?;
        if pass.as_ref().is_some_and(|pass| !pass.is_probe()) {
            // Those who went before may have found it down while this one waited.
            pass = Some(breaker.admit(&key.name)?);
        }
        let database = connector.open(config).await;
        breaker.learn(&database);
        drop(pass);
        let mut database = database?;
        if self.requires_least_privilege
            && let Err(refusal) = database.posture.must_only_read(database.config.policy)
        {
            database.pool.close().await;
            return Err(refusal);
        }
        if database.config.row_security.is_some() {
            database.catalog = Arc::new(DiscreetCatalog(database.catalog));
        }
        let connection = Arc::new(OpenConnection::new(key.name.clone(), database).behind(breaker));
        let held = Held {
            connection: Arc::clone(&connection),
            configuration,
        };
        write(&self.open).insert(key, held);
        Ok(Opened::New(connection))
    }

    /// Closes everything, side by side, before the process ends.
    pub async fn close_all(&self) {
        let open = std::mem::take(&mut *write(&self.open));
        let mut closing = tokio::task::JoinSet::new();
        for held in open.into_values() {
            closing.spawn(async move { held.connection.database.pool.close().await });
        }
        closing.join_all().await;
    }

    fn held(&self, key: &Key) -> Option<Held> {
        read(&self.open).get(key).cloned()
    }
}

fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
