//! A database as it is for somebody who may see some tables only: its ports, with nothing else behind them.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    Cancel, Failure, FailureKind,
    access::Tables,
    query::{DynRowSink, Outcome, QueryLimits, QueryRunner, Statement},
    schema::{Catalog, Fingerprint, Referring, Snapshot, TableDescription},
};

pub(super) struct GrantedRunner {
    pub(super) whole: Arc<dyn QueryRunner>,
    pub(super) tables: Arc<Tables>,
}

#[async_trait]
impl QueryRunner for GrantedRunner {
    async fn run_read(
        &self,
        statement: &Statement,
        limits: &QueryLimits,
        sink: &mut DynRowSink,
        cancel: &Cancel,
    ) -> Result<Outcome, Failure> {
        self.whole
            .read_granted(statement, &self.tables, limits, sink, cancel)
            .await
    }

    async fn run_write(
        &self,
        _: &Statement,
        _: &QueryLimits,
        _: &mut DynRowSink,
        _: &Cancel,
    ) -> Result<Outcome, Failure> {
        Err(Failure::new(
            FailureKind::NotAllowed,
            "Your role may see some tables only, and only read them.",
        ))
    }
}

pub(super) struct GrantedCatalog {
    pub(super) whole: Arc<dyn Catalog>,
    pub(super) tables: Arc<Tables>,
}

#[async_trait]
impl Catalog for GrantedCatalog {
    async fn fingerprint(&self, cancel: &Cancel) -> Result<Option<Fingerprint>, Failure> {
        self.whole.fingerprint(cancel).await
    }

    async fn read(&self, cancel: &Cancel) -> Result<Snapshot, Failure> {
        Ok(self.tables.shown_of(&self.whole.read(cancel).await?))
    }

    async fn outline(&self, cancel: &Cancel) -> Result<Option<Snapshot>, Failure> {
        let outline = self.whole.outline(cancel).await?;
        Ok(outline.map(|outline| self.tables.shown_of(&outline)))
    }

    async fn complete(&self, outline: Snapshot, cancel: &Cancel) -> Result<Snapshot, Failure> {
        let whole = self.whole.complete(outline, cancel).await?;
        Ok(self.tables.shown_of(&whole))
    }

    async fn names(&self, cancel: &Cancel) -> Result<Option<Snapshot>, Failure> {
        let names = self.whole.names(cancel).await?;
        Ok(names.map(|names| self.tables.shown_of(&names)))
    }

    async fn describe(
        &self,
        tables: &[(String, String)],
        referring: &Referring,
        cancel: &Cancel,
    ) -> Result<Vec<TableDescription>, Failure> {
        let shown: Vec<_> = tables
            .iter()
            .filter(|(schema, table)| self.tables.show(schema, table))
            .cloned()
            .collect();
        let described = self.whole.describe(&shown, referring, cancel).await?;
        Ok(described
            .into_iter()
            .filter_map(|table| {
                // An engine without schemas leaves its one schema out.
                let (schema, _) = shown.iter().find(|(schema, name)| {
                    *name == table.name && (table.schema.is_empty() || *schema == table.schema)
                })?;
                self.tables.shown_of_table(schema, table)
            })
            .collect())
    }

    /// Nobody learns from us that there is more.
    async fn withheld(&self, _: &Cancel) -> Result<Snapshot, Failure> {
        Ok(Snapshot::default())
    }
}
