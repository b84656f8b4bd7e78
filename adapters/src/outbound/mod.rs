//! Ways out: one folder an engine, and the list of them.

mod audit;
mod clock;
mod columns_meant;
mod file_roots;
#[cfg(test)]
mod fuzz;
mod grouping;
mod lexer;
mod lexicon;
mod limits;
mod masking;
mod metrics;
mod mysql;
mod pool;
mod postgres;
mod process;
mod reach;
mod records;
mod remembered;
mod shared;
mod sources;
mod sqlite;
mod stand_ins;
mod traces;
mod turns;

use std::sync::Arc;

use domain::{
    connection::{Connector, EngineFacts},
    query::Dialect,
};

pub use audit::{
    Anchor, Audit, AuditOptions, AuditTarget, ChainKey, Fault, Findings, Hash, Statements,
    VerifyOptions, verify,
};
pub use file_roots::Roots;
pub use limits::{LimitOptions, Limits, Quotas};
pub use metrics::Metrics;
pub use process::ThisProcess;
pub use shared::{SharedLimits, SharedRevocations, SharedStore, StoreTls};
pub use sqlite::create_demo;
pub use traces::{Sampling, TraceOptions, Traces};

/// One engine: its words and what opens its databases.
#[derive(Debug, Clone, Copy)]
pub struct Engine {
    pub facts: EngineFacts,
    pub connector: fn() -> Arc<dyn Connector>,
    pub dialect: &'static dyn Dialect,
}

/// Every engine there is. Adding one is a folder here and a line in this list.
pub const ENGINES: &[Engine] = &[postgres::ENGINE, mysql::ENGINE, sqlite::ENGINE];
