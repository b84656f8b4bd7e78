//! An open database, as one caller reads from it.

use std::{
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use domain::{
    Cancel, Failure,
    access::Allowed,
    calls::{Caller, CatalogQuestions},
    cancel::CancelReason,
    connection::{CircuitRules, ConnectionName, Database, Posture, row_security::act_as_refused},
    query::ActsAs,
    schema::Snapshot,
};

use super::{
    Owner,
    granted::{GrantedCatalog, GrantedRunner},
};
use crate::{
    breaker::Breaker,
    catalog_cache::{CatalogCache, Known, Searchable},
    cursors::Cursors,
    watched_catalog::WatchedCatalog,
};

/// An open database under its name, with what has happened on it.
///
/// Each caller has one of its own. They share the database and its pool, but for what their roles keep from them.
#[derive(Debug, Clone)]
pub struct OpenConnection {
    pub name: ConnectionName,
    pub database: Arc<Database>,
    pub opened_at: SystemTime,
    /// Its schema, once somebody has asked for it.
    pub catalog: Arc<CatalogCache>,
    /// Results that are kept open between two pages.
    pub cursors: Arc<Cursors>,
    /// Whose results they are.
    pub reader: Arc<Reader>,
    /// Opens when the database is lost again and again.
    pub breaker: Arc<Breaker>,
    figures: Arc<Figures>,
    /// What roles make of it, once somebody has come with them.
    narrowed: Arc<Mutex<Vec<(Allowed, Narrowed)>>>,
}

/// Somebody who reads from a connection, with what they may do on it: who may do less later may not read on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    pub owner: Owner,
    pub allowed: Allowed,
}

/// The database for those who may do less than everything on it.
#[derive(Debug, Clone)]
struct Narrowed {
    database: Arc<Database>,
    catalog: Arc<CatalogCache>,
}

/// How long after a connection's first answer its names are read: whoever asks in one go has asked by then, and a model
/// still reads.
const PAUSE: Duration = Duration::from_millis(100);

/// More than roles can come to in any configuration that somebody writes; past it the oldest is made anew.
const MOST_NARROWED: usize = 256;

#[derive(Debug, Default)]
struct Figures {
    calls: AtomicU64,
    failures: AtomicU64,
    /// And whose it was.
    last_failure: Mutex<Option<(Arc<Reader>, String)>>,
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
            database: Arc::new(database),
            opened_at: SystemTime::now(),
            catalog: Arc::default(),
            cursors: Arc::default(),
            reader: Arc::new(Reader {
                owner: Owner::of(&Caller::local()),
                allowed: Allowed::EVERYTHING,
            }),
            breaker: Arc::new(Breaker::new(CircuitRules::default())),
            figures: Arc::default(),
            narrowed: Arc::default(),
        }
    }

    /// The same, failing together with whatever else has the breaker.
    #[must_use]
    pub(super) fn behind(mut self, breaker: Arc<Breaker>) -> Self {
        self.breaker = breaker;
        self
    }

    /// The same connection for a caller who may do `allowed` on it.
    #[must_use]
    pub fn for_caller(&self, caller: &Caller, allowed: &Allowed) -> Self {
        let Narrowed { database, catalog } = self.narrowed(allowed);
        Self {
            name: self.name.clone(),
            database,
            opened_at: self.opened_at,
            catalog,
            cursors: Arc::clone(&self.cursors),
            reader: Arc::new(Reader {
                owner: Owner::of(caller),
                allowed: allowed.clone(),
            }),
            breaker: Arc::clone(&self.breaker),
            figures: Arc::clone(&self.figures),
            narrowed: Arc::clone(&self.narrowed),
        }
    }

    /// The same, with each question to its catalog told.
    #[must_use]
    pub fn watched(&self, questions: &Arc<CatalogQuestions>) -> Self {
        let mut database = Database::clone(&self.database);
        database.catalog = Arc::new(WatchedCatalog {
            asked: database.catalog,
            questions: Arc::clone(questions),
        });
        Self {
            database: Arc::new(database),
            ..self.clone()
        }
    }

    fn narrowed(&self, allowed: &Allowed) -> Narrowed {
        if allowed.is_everything() {
            return Narrowed {
                database: Arc::clone(&self.database),
                catalog: Arc::clone(&self.catalog),
            };
        }
        let mut known = self.narrowed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, narrowed)) = known.iter().find(|(same, _)| same == allowed) {
            return narrowed.clone();
        }
        let mut database = Database::clone(&self.database);
        database.config = Arc::new(allowed.tighten(&database.config));
        let mut catalog = Arc::clone(&self.catalog);
        if let Some(tables) = &allowed.tables {
            let tables = Arc::new(tables.clone());
            database.query_runner = Arc::new(GrantedRunner {
                whole: database.query_runner,
                tables: Arc::clone(&tables),
            });
            database.catalog = Arc::new(GrantedCatalog {
                whole: database.catalog,
                tables,
            });
            // What the database's user could do tells of tables.
            database.posture = Arc::new(Posture::new(Vec::new(), None));
            catalog = Arc::default();
        }
        let narrowed = Narrowed {
            database: Arc::new(database),
            catalog,
        };
        if known.len() == MOST_NARROWED {
            known.remove(0);
        }
        known.push((allowed.clone(), narrowed.clone()));
        narrowed
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

    /// As [`OpenConnection::schema`], where names and columns are enough: only those of a large schema, if the engine tells
    /// them sooner. The rest is then read behind the answer.
    pub async fn known(&self, cancel: &Cancel) -> Result<Known, Failure> {
        let catalog = &*self.database.catalog;
        let known = self.catalog.known(catalog, cancel).await?;
        if known.is_outline {
            self.read_ahead();
        }
        Ok(known)
    }

    /// As [`OpenConnection::known`], ready to be searched.
    pub async fn soon_searchable(&self, cancel: &Cancel) -> Result<Searchable, Failure> {
        let catalog = &*self.database.catalog;
        let searchable = self.catalog.soon_searchable(catalog, cancel).await?;
        if searchable.is_outline {
            self.read_ahead();
        }
        Ok(searchable)
    }

    /// As [`OpenConnection::soon_searchable`], where names are all that is wanted: of a schema that nobody has asked for
    /// yet, only those are read, if the engine tells them sooner still.
    pub async fn named(&self, cancel: &Cancel) -> Result<Searchable, Failure> {
        let catalog = &*self.database.catalog;
        if !self.catalog.is_unknown() {
            return self.soon_searchable(cancel).await;
        }
        match self.catalog.names(catalog, cancel).await? {
            Some(names) => {
                self.read_ahead();
                Ok(names)
            }
            None => self.soon_searchable(cancel).await,
        }
    }

    /// Reads the whole schema for the next question. Nobody waits for it, and it gives way as soon as somebody waits for
    /// a connection; what it fails of is found by the question that wants it.
    fn read_ahead(&self) {
        if self.catalog.is_being_completed() {
            return;
        }
        let (cache, database) = (Arc::clone(&self.catalog), Arc::clone(&self.database));
        tokio::spawn(async move {
            let cancel = Cancel::new();
            let mut reading = pin!(cache.searchable(&*database.catalog, &cancel));
            tokio::select! {
                _ = &mut reading => return,
                () = database.pool.crowded() => cancel.fire(CancelReason::Client),
            }
            let _ = reading.await;
        });
    }

    /// Has the names read while the first answer is being thought about: whoever meets a database asks for them next, and
    /// a server reads its own catalog slowly in a new session. Nobody waits for it, it asks nothing where somebody else is
    /// on the connection, and it gives way to whoever comes. Only the first answer counts.
    pub fn read_names_ahead(&self) {
        if !self.catalog.touch() {
            return;
        }
        let (cache, database) = (Arc::clone(&self.catalog), Arc::clone(&self.database));
        tokio::spawn(async move {
            tokio::time::sleep(PAUSE).await;
            if !cache.is_unknown() || database.pool.figures().in_use > 0 {
                return;
            }
            let cancel = Cancel::new();
            let mut reading = pin!(cache.read_names(&*database.catalog, &cancel));
            tokio::select! {
                _ = &mut reading => return,
                () = database.pool.crowded() => cancel.fire(CancelReason::Client),
            }
            let _ = reading.await;
        });
    }

    /// As whom a caller's statements run here; nobody in particular where everybody sees the same rows.
    pub fn acts_as(&self, caller: &Caller) -> Result<Option<Arc<ActsAs>>, Failure> {
        match &self.database.config.row_security {
            Some(mapping) => mapping
                .acts_as(caller)
                .map(|acts_as| Some(Arc::new(acts_as))),
            None if caller.acts_for.is_some() => Err(act_as_refused()),
            None => Ok(None),
        }
    }

    /// Counts one call and how it ended.
    pub fn record<T>(&self, outcome: &Result<T, Failure>) {
        self.breaker.learn(outcome);
        let figures = &self.figures;
        figures.calls.fetch_add(1, Ordering::Relaxed);
        self.read_names_ahead();
        if let Err(failure) = outcome {
            figures.failures.fetch_add(1, Ordering::Relaxed);
            *figures
                .last_failure
                .lock()
                .unwrap_or_else(PoisonError::into_inner) =
                Some((Arc::clone(&self.reader), self.told_to_all(failure)));
        }
    }

    /// What went wrong, for every caller to read: whose rows it was about is one caller's business.
    fn told_to_all(&self, failure: &Failure) -> String {
        match self.database.config.row_security {
            Some(_) => failure.kind.as_str().to_owned(),
            None => failure.message.clone(),
        }
    }

    /// The failure is that of this caller: what others asked for may be told to none but who may do everything.
    pub fn figures(&self) -> CallFigures {
        let figures = &self.figures;
        let told = |reader: &Reader| self.reader.allowed.is_everything() || *reader == *self.reader;
        CallFigures {
            calls: figures.calls.load(Ordering::Relaxed),
            failures: figures.failures.load(Ordering::Relaxed),
            last_failure: figures
                .last_failure
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .as_ref()
                .filter(|(reader, _)| told(reader))
                .map(|(_, message)| message.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::{
        connection::{PoolFigures, port::MockConnectionPool},
        schema::port::MockCatalog,
    };

    use super::*;
    use crate::use_cases::doubles::{config, database_of};

    /// A connection with so many sessions in use, whose names are asked for exactly so often.
    fn connection(in_use: u32, names: usize) -> OpenConnection {
        let mut pool = MockConnectionPool::new();
        pool.expect_figures().returning(move || PoolFigures {
            in_use,
            ..PoolFigures::default()
        });
        pool.expect_crowded().returning(|| ());
        let mut catalog = MockCatalog::new();
        catalog
            .expect_names()
            .times(names)
            .returning(|_| Ok(Some(Snapshot::default())));
        catalog.expect_outline().returning(|_| Ok(None));
        catalog.expect_fingerprint().returning(|_| Ok(None));
        catalog.expect_read().returning(|_| Ok(Snapshot::default()));
        let mut database = database_of(Arc::new(config()), pool);
        database.catalog = Arc::new(catalog);
        OpenConnection::new(ConnectionName::new("shop").unwrap(), database)
    }

    /// As long as a model takes at least; the clock is the test's.
    async fn think() {
        tokio::time::sleep(PAUSE * 2).await;
    }

    #[tokio::test(start_paused = true)]
    async fn names_are_read_once_behind_the_first_answer() {
        let connection = connection(0, 1);

        for _ in 0..3 {
            connection.record(&Ok(()));
            think().await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_asks_for_names_then_has_those_that_were_read() {
        let connection = connection(0, 1);
        connection.record(&Ok(()));
        think().await;

        connection.named(&Cancel::new()).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn names_are_read_behind_a_first_answer_that_is_a_failure() {
        let connection = connection(0, 1);

        connection.record::<()>(&Err(Failure::invalid_argument("No such column.")));
        think().await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_in_use_is_not_asked_for_names_that_nobody_wants() {
        let connection = connection(1, 0);

        connection.record(&Ok(()));
        think().await;
    }

    #[tokio::test(start_paused = true)]
    async fn of_a_known_schema_no_names_are_read_ahead() {
        // GIVEN a schema that the first question has had read
        let connection = connection(0, 0);
        connection.schema(&Cancel::new()).await.unwrap();

        connection.record(&Ok(()));
        think().await;
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_asks_before_the_pause_is_over_is_not_asked_for_twice() {
        // GIVEN a first answer
        let connection = connection(0, 0);
        connection.record(&Ok(()));

        // WHEN the schema is asked for at once
        connection.schema(&Cancel::new()).await.unwrap();

        // THEN nothing else is
        think().await;
    }
}
