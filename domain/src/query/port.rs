//! The port through which statements are run.

use async_trait::async_trait;

use super::{
    limits::QueryLimits,
    rows::{DynRowSink, Outcome},
    statement::Statement,
};
use crate::{
    access::Tables,
    cancel::Cancel,
    failure::{Failure, FailureKind},
};

/// Runs SQL that the client wrote.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait QueryRunner: Send + Sync {
    /// Runs one statement in a read-only transaction that is rolled back.
    ///
    /// The text must hold exactly one statement, guaranteed by the wire protocol; more is `InvalidSql`. Rows are
    /// pushed into `sink` until it says stop; then the server is told to stop too. Past `limits.time`, or when
    /// `cancel` fires, the statement is stopped on the server: `Timeout`, `Cancelled`. Waiting for a free
    /// connection is bounded by the connection's acquire time-out and reported as `Busy`. Nothing that the
    /// statement did to its session is left for the next one.
    async fn run_read(
        &self,
        statement: &Statement,
        limits: &QueryLimits,
        sink: &mut DynRowSink,
        cancel: &Cancel,
    ) -> Result<Outcome, Failure>;

    /// As [`QueryRunner::run_read`], for somebody who may see some tables only: what touches another one fails with the
    /// words for one that is not there, and what cannot be judged is not run. An engine that cannot tell what a
    /// statement touches runs none.
    async fn read_granted(
        &self,
        statement: &Statement,
        tables: &Tables,
        limits: &QueryLimits,
        sink: &mut DynRowSink,
        cancel: &Cancel,
    ) -> Result<Outcome, Failure> {
        let _ = (statement, tables, limits, sink, cancel);
        Err(Failure::new(
            FailureKind::NotAllowed,
            "Your role may see some tables only, and on this engine it cannot be told which ones a statement touches.",
        )
        .with_hint("search_schema and describe_table tell of the tables that your role may see."))
    }

    /// As [`QueryRunner::run_read`], in a transaction of its own that may write; it is committed before this
    /// returns `Ok`, and rolled back on any failure.
    async fn run_write(
        &self,
        statement: &Statement,
        limits: &QueryLimits,
        sink: &mut DynRowSink,
        cancel: &Cancel,
    ) -> Result<Outcome, Failure>;
}
