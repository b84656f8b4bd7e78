//! What the database holds, from `information_schema`.
//!
//! A schema is a database here. The server's own are left out.

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
    schema::{Catalog, Fingerprint, Snapshot, TableDescription},
};
use serde_json::Value;

use super::{super::records, flavor::Flavor};
use records::Record;

pub(super) struct MySqlCatalog {
    pub(super) runner: Arc<dyn QueryRunner>,
    pub(super) flavor: Flavor,
    /// How long one question may take: a statement's time on this connection.
    pub(super) time: Duration,
}

impl fmt::Debug for MySqlCatalog {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "MySqlCatalog({:?})", self.flavor)
    }
}

#[async_trait]
impl Catalog for MySqlCatalog {
    /// Sees tables that come, go or are renamed, every `ALTER TABLE` (both servers set a new time for it, of instant
    /// ones too), routines, triggers, and views whose definition may be read. It does not see that a privilege on
    /// columns was granted or taken, nor a view of others that was replaced.
    ///
    /// `MySQL` answers from its dictionary; `MariaDB` opens each table, which is a quarter of the work of reading all.
    async fn fingerprint(&self, cancel: &Cancel) -> Result<Option<Fingerprint>, Failure> {
        self.ask(
            include_str!("../queries/fingerprint.sql"),
            Vec::new(),
            cancel,
            |word: &mut Option<Fingerprint>, record| *word = record.words(0),
        )
        .await
    }

    async fn read(&self, cancel: &Cancel) -> Result<Snapshot, Failure> {
        read::read(self, cancel).await
    }

    async fn names(&self, _: &Cancel) -> Result<Option<Snapshot>, Failure> {
        Ok(None)
    }

    async fn describe(
        &self,
        tables: &[(String, String)],
        cancel: &Cancel,
    ) -> Result<Vec<TableDescription>, Failure> {
        if tables.is_empty() {
            return Ok(Vec::new());
        }
        describe::describe(self, tables, cancel).await
    }
}

impl MySqlCatalog {
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
