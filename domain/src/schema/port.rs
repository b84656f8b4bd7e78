//! The port through which a database tells of its schema.

use async_trait::async_trait;

use super::{description::TableDescription, snapshot::Snapshot};
use crate::{cancel::Cancel, failure::Failure};

/// A word that is another one once the schema is.
pub type Fingerprint = String;

/// The tables with a foreign key that points to one of some others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Referring {
    /// By schema and name. Whether they still do is asked.
    Known(Vec<(String, String)>),
    Unknown,
}

/// Tells what a database holds, as far as its role may see it.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Catalog: Send + Sync {
    /// One cheap question, whatever the size of the schema. `None` where the engine has no such answer.
    ///
    /// It may change although the schema did not, and may lag behind a change by a second or two.
    async fn fingerprint(&self, cancel: &Cancel) -> Result<Option<Fingerprint>, Failure>;

    /// Everything, in a number of round trips that does not depend on its size.
    async fn read(&self, cancel: &Cancel) -> Result<Snapshot, Failure>;

    /// What is told much sooner than the rest, where the rest takes long: everything that [`Catalog::read`] tells but what
    /// costs the server a look into each table, such as keys, indexes and estimates. `None` where all of it takes as long.
    async fn outline(&self, cancel: &Cancel) -> Result<Option<Snapshot>, Failure>;

    /// What an outline lacks, put into it. Told of its relations alone, whatever has come since.
    async fn complete(&self, outline: Snapshot, cancel: &Cancel) -> Result<Snapshot, Failure>;

    /// What everything is called, where that is known much sooner than the rest: schemas, relations with their kinds,
    /// routines, triggers, sequences and types as [`Catalog::read`] tells them, in the same order, and nothing else of
    /// them. `None` where it is not.
    async fn names(&self, cancel: &Cancel) -> Result<Option<Snapshot>, Failure>;

    /// Everything about the tables of these schemas and names, in the same order, in a number of round trips that does
    /// not depend on how many they are. One that is gone is left out.
    ///
    /// Where it is not known which tables point to them, and finding out costs the server a look into each table that it
    /// has, `referenced_by` is left out too, and the description says so.
    async fn describe(
        &self,
        tables: &[(String, String)],
        referring: &Referring,
        cancel: &Cancel,
    ) -> Result<Vec<TableDescription>, Failure>;

    /// What is there and kept from the role, by name: schemas that it may not use, and relations that it has no right to.
    /// The first ones, where there are many; nothing where a [`Snapshot`] `may_hide` such things.
    async fn withheld(&self, cancel: &Cancel) -> Result<Snapshot, Failure>;
}
