//! A schema without what it tells of rows: how many there are, whosever they are, is no caller's business where rows are
//! shown by who asks for them.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    Cancel, Failure,
    schema::{Catalog, Fingerprint, Referring, Snapshot, TableDescription},
};

pub(crate) struct DiscreetCatalog(pub(crate) Arc<dyn Catalog>);

fn without_figures(mut snapshot: Snapshot) -> Snapshot {
    for relation in &mut snapshot.relations {
        relation.estimated_rows = None;
    }
    snapshot
}

#[async_trait]
impl Catalog for DiscreetCatalog {
    async fn fingerprint(&self, cancel: &Cancel) -> Result<Option<Fingerprint>, Failure> {
        self.0.fingerprint(cancel).await
    }

    async fn read(&self, cancel: &Cancel) -> Result<Snapshot, Failure> {
        Ok(without_figures(self.0.read(cancel).await?))
    }

    async fn outline(&self, cancel: &Cancel) -> Result<Option<Snapshot>, Failure> {
        Ok(self.0.outline(cancel).await?.map(without_figures))
    }

    async fn complete(&self, outline: Snapshot, cancel: &Cancel) -> Result<Snapshot, Failure> {
        Ok(without_figures(self.0.complete(outline, cancel).await?))
    }

    async fn names(&self, cancel: &Cancel) -> Result<Option<Snapshot>, Failure> {
        Ok(self.0.names(cancel).await?.map(without_figures))
    }

    async fn describe(
        &self,
        tables: &[(String, String)],
        referring: &Referring,
        cancel: &Cancel,
    ) -> Result<Vec<TableDescription>, Failure> {
        let mut tables = self.0.describe(tables, referring, cancel).await?;
        for table in &mut tables {
            table.estimated_rows = None;
            table.size_bytes = None;
        }
        Ok(tables)
    }

    async fn withheld(&self, cancel: &Cancel) -> Result<Snapshot, Failure> {
        self.0.withheld(cancel).await
    }
}
