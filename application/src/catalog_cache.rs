//! The schema of one open connection, kept for a while.

use std::{
    sync::{Arc, Mutex as StdMutex, PoisonError},
    time::Duration,
};

use domain::{
    Cancel, Failure,
    schema::{Catalog, Fingerprint, Snapshot, search::SearchIndex},
};
use tokio::{sync::Mutex, task::spawn_blocking, time::Instant};

/// How long a snapshot is taken for granted.
const TRUSTED_FOR: Duration = Duration::from_secs(2);
/// After this long it is read again, whatever its fingerprint: no fingerprint sees everything (a role that was
/// granted to ours, estimates of rows).
const KEPT_FOR: Duration = Duration::from_mins(5);

/// Reads the schema when it is first wanted, and again when it has changed.
///
/// One caller reads at a time and others wait for it; queries are never kept waiting.
#[derive(Debug, Default)]
pub struct CatalogCache {
    kept: StdMutex<Option<Kept>>,
    /// Counts what made a snapshot old, so that one that was being read meanwhile is not kept.
    outdated: StdMutex<u64>,
    reading: Mutex<()>,
    /// The words of the snapshot that was searched last.
    searched: Mutex<Option<Searchable>>,
}

/// A snapshot with what finds things in it.
#[derive(Debug, Clone)]
pub struct Searchable {
    pub snapshot: Arc<Snapshot>,
    pub index: Arc<SearchIndex>,
}

impl Searchable {
    async fn new(snapshot: Arc<Snapshot>) -> Result<Self, Failure> {
        let words_of = Arc::clone(&snapshot);
        // A large schema takes longer than other calls should wait.
        let index = spawn_blocking(move || SearchIndex::new(&words_of))
            .await
            .map_err(|error| {
                Failure::internal("The schema could not be made searchable.").with_source(error)
            })?;
        Ok(Self {
            snapshot,
            index: Arc::new(index),
        })
    }
}

#[derive(Debug, Clone)]
struct Kept {
    snapshot: Arc<Snapshot>,
    fingerprint: Option<Fingerprint>,
    read_at: Instant,
    checked_at: Instant,
    /// Something has spoken against it.
    doubted: bool,
}

impl CatalogCache {
    /// The schema as it is, or was at most two seconds ago.
    pub async fn snapshot(
        &self,
        catalog: &dyn Catalog,
        cancel: &Cancel,
    ) -> Result<Arc<Snapshot>, Failure> {
        if let Some(snapshot) = self.trusted() {
            return Ok(snapshot);
        }
        let _reading = self.reading.lock().await;
        if let Some(snapshot) = self.trusted() {
            return Ok(snapshot);
        }
        let before = self.times_outdated();
        // Asked for before the schema is read: a change in between is found the next time.
        let fingerprint = catalog.fingerprint(cancel).await?;
        let checked_at = Instant::now();
        if let Some(kept) = self.unchanged(fingerprint.as_ref()) {
            let snapshot = Arc::clone(&kept.snapshot);
            let kept = Kept {
                checked_at,
                doubted: false,
                ..kept
            };
            self.keep(kept, before);
            return Ok(snapshot);
        }
        let snapshot = Arc::new(catalog.read(cancel).await?);
        let kept = Kept {
            snapshot: Arc::clone(&snapshot),
            fingerprint,
            read_at: checked_at,
            checked_at,
            doubted: false,
        };
        self.keep(kept, before);
        Ok(snapshot)
    }

    /// The schema, ready to be searched. Its words are taken apart once a snapshot.
    pub async fn searchable(
        &self,
        catalog: &dyn Catalog,
        cancel: &Cancel,
    ) -> Result<Searchable, Failure> {
        let snapshot = self.snapshot(catalog, cancel).await?;
        let mut searched = self.searched.lock().await;
        if let Some(known) = &*searched
            && Arc::ptr_eq(&known.snapshot, &snapshot)
        {
            return Ok(known.clone());
        }
        *searched = None;
        let searchable = Searchable::new(snapshot).await?;
        *searched = Some(searchable.clone());
        Ok(searchable)
    }

    /// Whether nothing has been read, or nothing that counts any more.
    pub fn is_unknown(&self) -> bool {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.is_none()
    }

    /// What everything is called, at this moment; `None` where that is not known sooner than the rest. It is not kept.
    pub async fn names(
        &self,
        catalog: &dyn Catalog,
        cancel: &Cancel,
    ) -> Result<Option<Searchable>, Failure> {
        match catalog.names(cancel).await? {
            Some(names) => Searchable::new(Arc::new(names)).await.map(Some),
            None => Ok(None),
        }
    }

    /// What has been read and was good two seconds ago or less, without asking anybody: for hints.
    pub fn trusted(&self) -> Option<Arc<Snapshot>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref()
            .filter(|kept| !kept.doubted && kept.checked_at.elapsed() < TRUSTED_FOR)
            .map(|kept| Arc::clone(&kept.snapshot))
    }

    /// Forgets what was read: the schema has just been changed through this server.
    pub fn outdate(&self) {
        *self.outdated.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Has what was read compared with the database before it is used again: a statement has failed that may have
    /// been written from it.
    pub fn doubt(&self) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = &mut *kept {
            kept.doubted = true;
        }
    }

    fn times_outdated(&self) -> u64 {
        *self.outdated.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unchanged(&self, fingerprint: Option<&Fingerprint>) -> Option<Kept> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clone().filter(|kept| {
            fingerprint.is_some()
                && kept.fingerprint.as_ref() == fingerprint
                && kept.read_at.elapsed() < KEPT_FOR
        })
    }

    fn keep(&self, new: Kept, before: u64) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if self.times_outdated() == before {
            *kept = Some(new);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use domain::schema::port::MockCatalog;

    use super::*;

    /// A catalog whose fingerprint is what `word` says, and that must be read exactly `reads` times.
    fn catalog(word: Arc<AtomicU32>, reads: usize) -> MockCatalog {
        let mut catalog = MockCatalog::new();
        catalog
            .expect_fingerprint()
            .returning(move |_| Ok(Some(word.load(Ordering::Relaxed).to_string())));
        catalog
            .expect_read()
            .times(reads)
            .returning(|_| Ok(Snapshot::default()));
        catalog
    }

    async fn later(by: Duration) {
        tokio::time::advance(by).await;
    }

    #[tokio::test(start_paused = true)]
    async fn an_unchanged_schema_is_read_once() {
        let catalog = catalog(Arc::default(), 1);
        let cache = CatalogCache::default();

        for _ in 0..3 {
            cache.snapshot(&catalog, &Cancel::new()).await.unwrap();
            later(TRUSTED_FOR * 2).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_just_looked_at_is_not_asked_for_again() {
        let mut catalog = MockCatalog::new();
        catalog
            .expect_fingerprint()
            .times(1)
            .returning(|_| Ok(None));
        catalog
            .expect_read()
            .times(1)
            .returning(|_| Ok(Snapshot::default()));
        let cache = CatalogCache::default();

        for _ in 0..3 {
            cache.snapshot(&catalog, &Cancel::new()).await.unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_changed_schema_is_read_again() {
        // GIVEN a schema that was read
        let word = Arc::new(AtomicU32::new(1));
        let catalog = catalog(Arc::clone(&word), 2);
        let cache = CatalogCache::default();
        cache.snapshot(&catalog, &Cancel::new()).await.unwrap();

        // WHEN it changes
        word.store(2, Ordering::Relaxed);
        later(TRUSTED_FOR).await;

        // THEN the next caller reads it again, as the catalog's expectation says
        cache.snapshot(&catalog, &Cancel::new()).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn an_engine_without_fingerprints_is_read_again() {
        let mut catalog = MockCatalog::new();
        catalog.expect_fingerprint().returning(|_| Ok(None));
        catalog
            .expect_read()
            .times(2)
            .returning(|_| Ok(Snapshot::default()));
        let cache = CatalogCache::default();

        cache.snapshot(&catalog, &Cancel::new()).await.unwrap();
        later(TRUSTED_FOR).await;
        cache.snapshot(&catalog, &Cancel::new()).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn an_old_schema_is_read_again_whatever_its_fingerprint() {
        let catalog = catalog(Arc::default(), 2);
        let cache = CatalogCache::default();

        cache.snapshot(&catalog, &Cancel::new()).await.unwrap();
        later(KEPT_FOR).await;
        cache.snapshot(&catalog, &Cancel::new()).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_schema_that_was_changed_here_is_read_again_at_once() {
        let catalog = catalog(Arc::default(), 2);
        let cache = CatalogCache::default();

        cache.snapshot(&catalog, &Cancel::new()).await.unwrap();
        cache.outdate();
        cache.snapshot(&catalog, &Cancel::new()).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn the_words_of_a_schema_are_taken_apart_once() {
        let word = Arc::new(AtomicU32::new(1));
        let catalog = catalog(Arc::clone(&word), 2);
        let cache = CatalogCache::default();
        let index = async || {
            let searchable = cache.searchable(&catalog, &Cancel::new()).await;
            searchable.unwrap().index
        };

        let (first, second) = (index().await, index().await);
        word.store(2, Ordering::Relaxed);
        later(TRUSTED_FOR).await;
        let third = index().await;

        assert!(Arc::ptr_eq(&first, &second));
        assert!(!Arc::ptr_eq(&first, &third));
    }

    #[tokio::test(start_paused = true)]
    async fn a_schema_that_is_doubted_is_compared_at_once() {
        // GIVEN a schema that was just read, and has changed since
        let word = Arc::new(AtomicU32::new(1));
        let catalog = catalog(Arc::clone(&word), 2);
        let cache = CatalogCache::default();
        cache.snapshot(&catalog, &Cancel::new()).await.unwrap();
        word.store(2, Ordering::Relaxed);

        // WHEN something speaks against it
        cache.doubt();

        // THEN it is read again, once
        cache.snapshot(&catalog, &Cancel::new()).await.unwrap();
        cache.snapshot(&catalog, &Cancel::new()).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_read_while_the_schema_was_changed_is_not_kept() {
        // GIVEN a change that comes while the schema is being read
        let cache = Arc::new(CatalogCache::default());
        let mut catalog = MockCatalog::new();
        catalog.expect_fingerprint().returning(|_| Ok(None));
        let changed = Arc::clone(&cache);
        catalog.expect_read().times(2).returning(move |_| {
            changed.outdate();
            Ok(Snapshot::default())
        });

        // WHEN it is wanted twice, THEN it is read twice
        cache.snapshot(&catalog, &Cancel::new()).await.unwrap();
        cache.snapshot(&catalog, &Cancel::new()).await.unwrap();
    }
}
