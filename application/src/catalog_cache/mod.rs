//! The schema of one open connection, kept for a while.

mod names;
#[cfg(test)]
mod tests;

use std::{
    sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError, atomic::AtomicBool},
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

const MANY: usize = 2_000;

/// Reads the schema when it is first wanted, and again when it has changed.
///
/// One caller reads at a time and others wait for it; queries are never kept waiting. Of a large schema the engine may
/// tell an outline first: whoever can do with that has it while the rest is read.
#[derive(Debug)]
pub struct CatalogCache {
    /// A schema of more relations than these is not waited for where its outline is enough.
    many: usize,
    kept: StdMutex<Option<Kept>>,
    /// A large schema of which only the outline is known.
    begun: StdMutex<Option<Begun>>,
    /// Counts what made a snapshot old, so that one that was being read meanwhile is not kept.
    outdated: StdMutex<u64>,
    /// What everything is called, read before anybody asked and until more is known.
    named: StdMutex<Option<Kept>>,
    naming: Mutex<()>,
    /// Whether somebody has had an answer of any kind.
    touched: AtomicBool,
    reading: Mutex<()>,
    completing: Mutex<()>,
    /// The words of the snapshot that was searched last.
    searched: Mutex<Option<Searchable>>,
}

/// A snapshot with what finds things in it.
#[derive(Debug, Clone)]
pub struct Searchable {
    pub snapshot: Arc<Snapshot>,
    pub index: Arc<SearchIndex>,
    /// Whether it lacks what an outline lacks.
    pub is_outline: bool,
}

impl Searchable {
    pub(crate) async fn new(known: Known) -> Result<Self, Failure> {
        let Known {
            snapshot,
            is_outline,
        } = known;
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
            is_outline,
        })
    }
}

/// As much as is known of a schema.
#[derive(Debug, Clone)]
pub struct Known {
    pub snapshot: Arc<Snapshot>,
    /// Whether it lacks what an outline lacks.
    pub is_outline: bool,
}

impl Known {
    pub(crate) const fn whole(snapshot: Arc<Snapshot>) -> Self {
        Self {
            snapshot,
            is_outline: false,
        }
    }

    const fn outline(snapshot: Arc<Snapshot>) -> Self {
        Self {
            snapshot,
            is_outline: true,
        }
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

/// An outline whose rest is not known yet.
#[derive(Debug, Clone)]
struct Begun {
    kept: Kept,
    /// How often the schema had been outdated before it was read.
    before: u64,
}

/// What reading comes to.
enum Reading {
    Whole(Arc<Snapshot>),
    Begun(Begun),
}

impl Default for CatalogCache {
    fn default() -> Self {
        Self::outlining_above(MANY)
    }
}

impl CatalogCache {
    /// Does not wait for a schema of more relations than these where its outline is enough.
    pub fn outlining_above(many: usize) -> Self {
        Self {
            many,
            kept: StdMutex::default(),
            begun: StdMutex::default(),
            outdated: StdMutex::default(),
            named: StdMutex::default(),
            naming: Mutex::default(),
            touched: AtomicBool::default(),
            reading: Mutex::default(),
            completing: Mutex::default(),
            searched: Mutex::default(),
        }
    }

    /// The schema as it is, or was at most two seconds ago.
    pub async fn snapshot(
        &self,
        catalog: &dyn Catalog,
        cancel: &Cancel,
    ) -> Result<Arc<Snapshot>, Failure> {
        if let Some(snapshot) = self.trusted() {
            return Ok(snapshot);
        }
        match self.read(catalog, cancel).await? {
            Reading::Whole(snapshot) => Ok(snapshot),
            Reading::Begun(begun) => self.complete(begun, catalog, cancel).await,
        }
    }

    /// As [`CatalogCache::snapshot`], but only the outline of a large schema if that comes sooner.
    pub async fn known(&self, catalog: &dyn Catalog, cancel: &Cancel) -> Result<Known, Failure> {
        if let Some(snapshot) = self.trusted() {
            return Ok(Known::whole(snapshot));
        }
        let trusted = self.begun().filter(|begun| begun.kept.is_trusted());
        if let Some(begun) = trusted {
            return Ok(Known::outline(begun.kept.snapshot));
        }
        Ok(match self.read(catalog, cancel).await? {
            Reading::Whole(snapshot) => Known::whole(snapshot),
            Reading::Begun(begun) => Known::outline(begun.kept.snapshot),
        })
    }

    /// Reads what has changed: all of it, or the outline of a large schema.
    async fn read(&self, catalog: &dyn Catalog, cancel: &Cancel) -> Result<Reading, Failure> {
        let _reading = self.reading.lock().await;
        if let Some(snapshot) = self.trusted() {
            return Ok(Reading::Whole(snapshot));
        }
        let before = self.times_outdated();
        // Asked for before the schema is read: a change in between is found the next time.
        let fingerprint = catalog.fingerprint(cancel).await?;
        let checked_at = Instant::now();
        if let Some(kept) = self
            .kept()
            .filter(|kept| kept.is_still(fingerprint.as_ref()))
        {
            let snapshot = Arc::clone(&kept.snapshot);
            self.keep(kept.checked(checked_at), before);
            return Ok(Reading::Whole(snapshot));
        }
        if let Some(begun) = self
            .begun()
            .filter(|begun| begun.kept.is_still(fingerprint.as_ref()))
        {
            let begun = Begun {
                kept: begun.kept.checked(checked_at),
                ..begun
            };
            self.begin(begun.clone());
            return Ok(Reading::Begun(begun));
        }
        let kept = |snapshot: &Arc<Snapshot>| Kept {
            snapshot: Arc::clone(snapshot),
            fingerprint,
            read_at: checked_at,
            checked_at,
            doubted: false,
        };
        let snapshot = match catalog.outline(cancel).await? {
            Some(outline) if outline.relations.len() > self.many => {
                let kept = kept(&Arc::new(outline));
                let begun = Begun { kept, before };
                self.begin(begun.clone());
                return Ok(Reading::Begun(begun));
            }
            Some(outline) => catalog.complete(outline, cancel).await?,
            None => catalog.read(cancel).await?,
        };
        let snapshot = Arc::new(snapshot);
        self.keep(kept(&snapshot), before);
        Ok(Reading::Whole(snapshot))
    }

    /// Reads what the outline lacks, if nobody has done so meanwhile.
    async fn complete(
        &self,
        begun: Begun,
        catalog: &dyn Catalog,
        cancel: &Cancel,
    ) -> Result<Arc<Snapshot>, Failure> {
        let _completing = self.completing.lock().await;
        let since = |kept: &Kept| kept.read_at >= begun.kept.read_at;
        if let Some(kept) = self.kept().filter(since) {
            return Ok(kept.snapshot);
        }
        let outline = Snapshot::clone(&begun.kept.snapshot);
        let snapshot = Arc::new(catalog.complete(outline, cancel).await?);
        let kept = Kept {
            snapshot: Arc::clone(&snapshot),
            ..begun.kept
        };
        self.keep(kept, begun.before);
        Ok(snapshot)
    }

    /// Whether somebody is reading what an outline lacks.
    pub fn is_being_completed(&self) -> bool {
        self.completing.try_lock().is_err()
    }

    /// The schema, ready to be searched. Its words are taken apart once a snapshot.
    pub async fn searchable(
        &self,
        catalog: &dyn Catalog,
        cancel: &Cancel,
    ) -> Result<Searchable, Failure> {
        let snapshot = self.snapshot(catalog, cancel).await?;
        self.index_of(Known::whole(snapshot)).await
    }

    /// As [`CatalogCache::searchable`], but only the outline of a large schema if that comes sooner.
    pub async fn soon_searchable(
        &self,
        catalog: &dyn Catalog,
        cancel: &Cancel,
    ) -> Result<Searchable, Failure> {
        let known = self.known(catalog, cancel).await?;
        self.index_of(known).await
    }

    async fn index_of(&self, known: Known) -> Result<Searchable, Failure> {
        let mut searched = self.searched.lock().await;
        if let Some(same) = &*searched
            && Arc::ptr_eq(&same.snapshot, &known.snapshot)
        {
            return Ok(same.clone());
        }
        *searched = None;
        let searchable = Searchable::new(known).await?;
        *searched = Some(searchable.clone());
        Ok(searchable)
    }

    /// Whether nothing has been read, or nothing that counts any more.
    pub fn is_unknown(&self) -> bool {
        self.kept().is_none() && self.begun().is_none()
    }

    /// What has been read and was good two seconds ago or less, without asking anybody: for hints.
    pub fn trusted(&self) -> Option<Arc<Snapshot>> {
        let kept = self.kept().filter(Kept::is_trusted);
        kept.map(|kept| kept.snapshot)
    }

    /// Forgets what was read: the schema has just been changed through this server.
    pub fn outdate(&self) {
        *lock(&self.outdated) += 1;
        *lock(&self.kept) = None;
        *lock(&self.begun) = None;
        *lock(&self.named) = None;
    }

    /// Has what was read compared with the database before it is used again: a statement has failed that may have
    /// been written from it.
    pub fn doubt(&self) {
        if let Some(kept) = &mut *lock(&self.kept) {
            kept.doubted = true;
        }
        if let Some(begun) = &mut *lock(&self.begun) {
            begun.kept.doubted = true;
        }
        if let Some(named) = &mut *lock(&self.named) {
            named.doubted = true;
        }
    }

    fn times_outdated(&self) -> u64 {
        *lock(&self.outdated)
    }

    fn kept(&self) -> Option<Kept> {
        lock(&self.kept).clone()
    }

    fn begun(&self) -> Option<Begun> {
        lock(&self.begun).clone()
    }

    fn begin(&self, new: Begun) {
        let mut begun = lock(&self.begun);
        if self.times_outdated() == new.before {
            *begun = Some(new);
            *lock(&self.named) = None;
        }
    }

    fn keep(&self, new: Kept, before: u64) {
        let mut kept = lock(&self.kept);
        if self.times_outdated() == before {
            let read_at = new.read_at;
            *kept = Some(new);
            lock(&self.begun).take_if(|begun| begun.kept.read_at <= read_at);
            *lock(&self.named) = None;
        }
    }
}

impl Kept {
    fn is_trusted(&self) -> bool {
        !self.doubted && self.checked_at.elapsed() < TRUSTED_FOR
    }

    /// Whether it is what a schema of this fingerprint holds.
    fn is_still(&self, fingerprint: Option<&Fingerprint>) -> bool {
        fingerprint.is_some()
            && self.fingerprint.as_ref() == fingerprint
            && self.read_at.elapsed() < KEPT_FOR
    }

    fn checked(self, checked_at: Instant) -> Self {
        Self {
            checked_at,
            doubted: false,
            ..self
        }
    }
}

fn lock<T>(of: &StdMutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
