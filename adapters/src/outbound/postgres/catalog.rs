//! What the database holds, from its own catalog.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{
    Cancel, Failure,
    query::QueryRunner,
    schema::{Catalog, Fingerprint, Snapshot, TableDescription},
};

use super::super::records;

pub(super) struct PostgresCatalog {
    pub(super) runner: Arc<dyn QueryRunner>,
    /// How long one question may take: a statement's time on this connection.
    pub(super) time: Duration,
}

#[async_trait]
impl Catalog for PostgresCatalog {
    async fn fingerprint(&self, cancel: &Cancel) -> Result<Option<Fingerprint>, Failure> {
        records::read(
            &*self.runner,
            "SELECT 1",
            Vec::new(),
            self.time,
            cancel,
            None,
            |word, record| *word = record.words(0),
        )
        .await
    }

    async fn read(&self, _: &Cancel) -> Result<Snapshot, Failure> {
        Ok(Snapshot::default())
    }

    async fn describe(
        &self,
        _: &[(String, String)],
        _: &Cancel,
    ) -> Result<Vec<TableDescription>, Failure> {
        Ok(Vec::new())
    }
}
