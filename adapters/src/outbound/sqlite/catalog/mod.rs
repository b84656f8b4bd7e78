//! What the database holds, from its own catalog.

mod declared;
mod description;
mod facts;
mod items;
mod questions;
mod snapshot;
mod text;
mod views;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{
    Cancel, Failure, FailureKind,
    connection::Address,
    query::QueryRunner,
    schema::{Catalog, Fingerprint, Referring, Snapshot, TableDescription},
};
use serde_json::Value;

use super::{
    super::{
        pool::Pool,
        records::{self, Record},
    },
    session::SqliteSession,
    watched_file,
};
use facts::{Estimate, Facts, ForeignKeys, Objects};

pub(super) struct SqliteCatalog {
    pub(super) runner: Arc<dyn QueryRunner>,
    /// Views are looked at without being run.
    pub(super) pool: Arc<Pool<SqliteSession>>,
    /// How long one question may take: a statement's time on this connection.
    pub(super) time: Duration,
}

#[async_trait]
impl Catalog for SqliteCatalog {
    async fn fingerprint(&self, cancel: &Cancel) -> Result<Option<Fingerprint>, Failure> {
        let file = match &self.pool.config().address {
            Address::File(path) => watched_file::identity_of(path),
            _ => None,
        };
        let version = self
            .gather(questions::VERSION, None, cancel, None, |word, record| {
                *word = record.words(0);
            })
            .await?;
        Ok(version.map(|version| format!("{version} {file:?}")))
    }

    async fn read(&self, cancel: &Cancel) -> Result<Snapshot, Failure> {
        let mut facts = self.facts(Value::Null, cancel).await?;
        facts.add_foreign_keys(self.foreign_keys(Value::Null, cancel).await?);
        Ok(snapshot::of(&facts))
    }

    /// A file is read as a whole in little more time.
    async fn outline(&self, _: &Cancel) -> Result<Option<Snapshot>, Failure> {
        Ok(None)
    }

    async fn complete(&self, outline: Snapshot, _: &Cancel) -> Result<Snapshot, Failure> {
        Ok(outline)
    }

    async fn names(&self, _: &Cancel) -> Result<Option<Snapshot>, Failure> {
        Ok(None)
    }

    async fn describe(
        &self,
        tables: &[(String, String)],
        _: &Referring,
        cancel: &Cancel,
    ) -> Result<Vec<TableDescription>, Failure> {
        let here = || {
            tables
                .iter()
                .filter(|(schema, _)| schema.is_empty() || schema == snapshot::MAIN)
                .map(|(_, name)| name.clone())
        };
        let keys = self
            .foreign_keys(here().map(Value::String).collect(), cancel)
            .await?;
        let parents = keys.0.iter().map(|(_, key)| key.parent.clone());
        let mut facts = self
            .facts(here().chain(parents).map(Value::String).collect(), cancel)
            .await?;
        facts.add_foreign_keys(keys.clone());
        Ok(here()
            .filter_map(|name| Some(description::of(&facts, facts.get(&name)?, &keys.0)))
            .collect())
    }

    /// Who may read the file may read all of it.
    async fn withheld(&self, _: &Cancel) -> Result<Snapshot, Failure> {
        Ok(Snapshot::default())
    }
}

impl SqliteCatalog {
    /// Everything about the tables but their foreign keys. `names` is null for all tables.
    async fn facts(&self, names: Value, cancel: &Cancel) -> Result<Facts, Failure> {
        let around = self
            .gather(
                questions::VIEWS,
                None,
                cancel,
                Around::default(),
                Around::add,
            )
            .await?;
        let objects = self
            .gather(
                questions::OBJECTS,
                Some(names.clone()),
                cancel,
                Objects::default(),
                Objects::add,
            )
            .await?;
        let mut facts = Facts::of(objects);
        for (question, add) in [
            (
                questions::COLUMNS,
                Facts::add_column as fn(&mut Facts, &Record),
            ),
            (questions::INDEXES, Facts::add_index_column),
        ] {
            facts = self
                .gather(question, Some(names.clone()), cancel, facts, add)
                .await?;
        }
        if around.is_analyzed {
            let estimates = self
                .gather(
                    questions::ESTIMATES,
                    Some(names),
                    cancel,
                    Vec::new(),
                    |estimates: &mut Vec<Estimate>, row| estimates.push(Estimate::of(row)),
                )
                .await;
            match estimates {
                Ok(estimates) => facts.add_estimates(estimates),
                // Anybody can write a table of that name into a file; without columns that fit it is no estimate.
                Err(failure) if failure.kind == FailureKind::Internal => {}
                Err(failure) => return Err(failure),
            }
        }
        let views = around.views.iter();
        let too_heavy = views::too_heavy(views.map(|(name, sql)| (name.as_str(), sql.as_str())));
        views::find_columns(&mut facts, &too_heavy, &self.pool, self.time, cancel).await?;
        Ok(facts)
    }

    async fn foreign_keys(&self, names: Value, cancel: &Cancel) -> Result<ForeignKeys, Failure> {
        self.gather(
            questions::FOREIGN_KEYS,
            Some(names),
            cancel,
            ForeignKeys::default(),
            ForeignKeys::add,
        )
        .await
    }

    /// Asks one question. `names` is what it takes, a JSON array or null.
    async fn gather<T, F>(
        &self,
        question: &str,
        names: Option<Value>,
        cancel: &Cancel,
        into: T,
        gather: F,
    ) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: FnMut(&mut T, &Record) + Send + 'static,
    {
        let params = names.into_iter().collect();
        records::read(
            &*self.runner,
            question,
            params,
            self.time,
            cancel,
            into,
            gather,
        )
        .await
    }
}

/// What stands around the tables that are asked for.
#[derive(Default)]
struct Around {
    /// Name and declaration.
    views: Vec<(String, String)>,
    is_analyzed: bool,
}

impl Around {
    fn add(&mut self, row: &Record) {
        if row.text(0) == "view" {
            self.views
                .push((row.text(1).to_owned(), row.text(2).to_owned()));
        } else {
            self.is_analyzed = true;
        }
    }
}
