//! What the database holds, from `information_schema`.
//!
//! A schema is a database here. The server's own are left out.

mod changes;
mod describe;
mod described;
mod form;
mod read;
mod snapshot;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{
    Cancel, Failure,
    query::QueryRunner,
    schema::{Catalog, Fingerprint, Referring, Snapshot, TableDescription},
};
use serde_json::Value;
use tokio::time::Instant;

use super::{super::records, flavor::Flavor};
use changes::{Changes, Counted};
use records::Record;

pub(super) struct MySqlCatalog {
    runner: Arc<dyn QueryRunner>,
    flavor: Flavor,
    /// How long one question may take: a statement's time on this connection.
    time: Duration,
    changes: Changes,
}

impl fmt::Debug for MySqlCatalog {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "MySqlCatalog({:?})", self.flavor)
    }
}

#[async_trait]
impl Catalog for MySqlCatalog {
    /// `MySQL` answers from its dictionary: tables that come, go or are renamed, every `ALTER TABLE` (it sets a new time for
    /// it, of instant ones too), routines, triggers, and views whose definition may be read. It does not see that a
    /// privilege on columns was granted or taken, nor a view of others that was replaced.
    ///
    /// `MariaDB` counts the statements that change any of this, whoever sends them. Not seen is what comes without one, such
    /// as files that are copied into its directory, and late is a change that was under way when the schema was read.
    async fn fingerprint(&self, cancel: &Cancel) -> Result<Option<Fingerprint>, Failure> {
        if self.flavor.is_mariadb {
            let counted = self
                .ask(changes::QUESTION, Vec::new(), cancel, Counted::gather)
                .await?;
            return Ok(Some(self.changes.fingerprint(counted, Instant::now())));
        }
        self.ask(
            include_str!("../queries/fingerprint.sql"),
            Vec::new(),
            cancel,
            |word: &mut Option<Fingerprint>, record| *word = record.words(0),
        )
        .await
    }

    async fn read(&self, cancel: &Cancel) -> Result<Snapshot, Failure> {
        let outline = read::outline(self, cancel).await?;
        read::complete(self, outline, cancel).await
    }

    async fn outline(&self, cancel: &Cancel) -> Result<Option<Snapshot>, Failure> {
        read::outline(self, cancel).await.map(Some)
    }

    async fn complete(&self, outline: Snapshot, cancel: &Cancel) -> Result<Snapshot, Failure> {
        read::complete(self, outline, cancel).await
    }

    async fn names(&self, cancel: &Cancel) -> Result<Option<Snapshot>, Failure> {
        read::names(self, cancel).await.map(Some)
    }

    async fn describe(
        &self,
        tables: &[(String, String)],
        referring: &Referring,
        cancel: &Cancel,
    ) -> Result<Vec<TableDescription>, Failure> {
        if tables.is_empty() {
            return Ok(Vec::new());
        }
        describe::describe(self, tables, referring, cancel).await
    }

    /// An account is shown what it has a privilege on, and refused all else, whether or not it exists.
    async fn withheld(&self, _: &Cancel) -> Result<Snapshot, Failure> {
        Ok(Snapshot::default())
    }
}

impl MySqlCatalog {
    pub(super) fn new(runner: Arc<dyn QueryRunner>, flavor: Flavor, time: Duration) -> Self {
        Self {
            runner,
            flavor,
            time,
            changes: Changes::default(),
        }
    }

    /// Asks one question; what its rows tell is gathered.
    async fn ask<T, F>(
        &self,
        sql: &str,
        params: Vec<Value>,
        cancel: &Cancel,
        gather: F,
    ) -> Result<T, Failure>
    where
        T: Default + Send + 'static,
        F: FnMut(&mut T, &Record) + Send + 'static,
    {
        self.ask_within(self.time, sql, params, cancel, gather)
            .await
    }

    async fn ask_within<T, F>(
        &self,
        time: Duration,
        sql: &str,
        params: Vec<Value>,
        cancel: &Cancel,
        gather: F,
    ) -> Result<T, Failure>
    where
        T: Default + Send + 'static,
        F: FnMut(&mut T, &Record) + Send + 'static,
    {
        let runner = &*self.runner;
        records::read(runner, sql, params, time, cancel, T::default(), gather).await
    }

    /// The column of `information_schema.statistics` that holds an index's expressions, where there are any.
    fn expression(&self) -> &'static str {
        if self.flavor.is_mysql_since(8, 0, 13) {
            "expression"
        } else {
            "NULL"
        }
    }
}
