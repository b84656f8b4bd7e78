//! What the database holds, from its own catalog.

mod describe;
mod names;
mod reading;
mod trigger;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{
    Cancel, Failure,
    query::QueryRunner,
    schema::{Catalog, Fingerprint, Referring, Snapshot, TableDescription},
};
use serde_json::Value;

use super::super::records::{self, Record};
use reading::Reading;

pub(super) struct PostgresCatalog {
    pub(super) runner: Arc<dyn QueryRunner>,
    /// How long one question may take: a statement's time on this connection.
    pub(super) time: Duration,
}

#[async_trait]
impl Catalog for PostgresCatalog {
    async fn fingerprint(&self, cancel: &Cancel) -> Result<Option<Fingerprint>, Failure> {
        self.ask(
            include_str!("../queries/catalog/fingerprint.sql"),
            Vec::new(),
            cancel,
            None,
            |word, record| *word = record.words(0),
        )
        .await
    }

    async fn read(&self, cancel: &Cancel) -> Result<Snapshot, Failure> {
        let mut reading = Reading::default();
        for (question, gather) in reading::QUESTIONS {
            reading = self
                .ask(question, Vec::new(), cancel, reading, gather)
                .await?;
        }
        Ok(reading.finish())
    }

    async fn outline(&self, _: &Cancel) -> Result<Option<Snapshot>, Failure> {
        Ok(None)
    }

    async fn complete(&self, outline: Snapshot, _: &Cancel) -> Result<Snapshot, Failure> {
        Ok(outline)
    }

    async fn names(&self, cancel: &Cancel) -> Result<Option<Snapshot>, Failure> {
        let names = self
            .ask(
                names::QUESTION,
                Vec::new(),
                cancel,
                names::Names::default(),
                names::Names::add,
            )
            .await?;
        Ok(Some(names.finish()))
    }

    async fn describe(
        &self,
        tables: &[(String, String)],
        _: &Referring,
        cancel: &Cancel,
    ) -> Result<Vec<TableDescription>, Failure> {
        let found = self
            .ask(
                describe::question(),
                describe::parameters(tables),
                cancel,
                Vec::new(),
                describe::gather,
            )
            .await?;
        describe::told(found)
    }

    /// Any role may read the whole catalog.
    async fn withheld(&self, cancel: &Cancel) -> Result<Snapshot, Failure> {
        self.ask(
            include_str!("../queries/catalog/withheld.sql"),
            Vec::new(),
            cancel,
            Snapshot::default(),
            names::add_withheld,
        )
        .await
    }
}

impl PostgresCatalog {
    async fn ask<T: Send + 'static>(
        &self,
        sql: &str,
        params: Vec<Value>,
        cancel: &Cancel,
        into: T,
        gather: fn(&mut T, &Record),
    ) -> Result<T, Failure> {
        records::read(&*self.runner, sql, params, self.time, cancel, into, gather).await
    }
}
