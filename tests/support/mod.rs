//! What the suite stands on: databases, clients and snapshots. No test is here.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    missing_debug_implementations,
    reason = "the suite fails by panicking, and says what it expected in the plainest words"
)]

pub mod client;
pub mod collector;
pub mod databases;
#[cfg(target_os = "linux")]
pub mod disk;
pub mod http;
#[cfg(unix)]
pub mod lower_case;
pub mod outage;
pub mod pooler;
pub mod prometheus;
pub mod proxy;
pub mod rows;
pub mod scratch;
pub mod shared;
pub mod snapshot;
pub mod subject;
pub mod tls;
pub mod waiting;
