//! What everything is called, which is known before the rest is.

use std::sync::{Arc, atomic::Ordering};

use domain::{Cancel, Failure, schema::Catalog};
use tokio::time::Instant;

use super::{CatalogCache, Kept, Known, Searchable, lock};

impl CatalogCache {
    /// What everything is called; `None` where that is not known sooner than the rest. It is not kept, but what
    /// [`CatalogCache::read_names`] has kept, or is just reading, is told as long as it holds.
    pub async fn names(
        &self,
        catalog: &dyn Catalog,
        cancel: &Cancel,
    ) -> Result<Option<Searchable>, Failure> {
        if let Some(kept) = self.names_that_hold(catalog, cancel).await? {
            return self.index_of(Known::whole(kept.snapshot)).await.map(Some);
        }
        match catalog.names(cancel).await? {
            Some(names) => Searchable::new(Known::whole(Arc::new(names)))
                .await
                .map(Some),
            None => Ok(None),
        }
    }

    /// Somebody has had an answer: whether it is the first one, and nothing has been read yet.
    pub fn touch(&self) -> bool {
        !self.touched.swap(true, Ordering::Relaxed) && self.is_unknown()
    }

    /// Reads what everything is called before anybody asks, and keeps it.
    pub async fn read_names(&self, catalog: &dyn Catalog, cancel: &Cancel) -> Result<(), Failure> {
        let _naming = self.naming.lock().await;
        let before = self.times_outdated();
        // Asked for before the names are: a change in between is found the next time.
        let fingerprint = catalog.fingerprint(cancel).await?;
        let checked_at = Instant::now();
        let Some(names) = catalog.names(cancel).await? else {
            return Ok(());
        };
        let snapshot = Arc::new(names);
        self.index_of(Known::whole(Arc::clone(&snapshot))).await?;
        if self.is_unknown() {
            let mut kept = lock(&self.named);
            if self.times_outdated() == before {
                *kept = Some(Kept {
                    snapshot,
                    fingerprint,
                    read_at: checked_at,
                    checked_at,
                    doubted: false,
                });
            }
        }
        Ok(())
    }

    /// The names that were read ahead, if the schema has not changed since.
    async fn names_that_hold(
        &self,
        catalog: &dyn Catalog,
        cancel: &Cancel,
    ) -> Result<Option<Kept>, Failure> {
        let _naming = self.naming.lock().await;
        let Some(kept) = lock(&self.named).clone() else {
            return Ok(None);
        };
        if kept.is_trusted() {
            return Ok(Some(kept));
        }
        let fingerprint = catalog.fingerprint(cancel).await?;
        let mut named = lock(&self.named);
        *named = named
            .take()
            .filter(|kept| kept.is_still(fingerprint.as_ref()))
            .map(|kept| kept.checked(Instant::now()));
        Ok(named.clone())
    }
}
