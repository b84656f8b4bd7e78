//! Words, rules and ports of Portolan.
//!
//! Nothing here does I/O, reads the clock or the environment, or knows a driver or a protocol.

pub mod access;
pub mod calls;
pub mod cancel;
pub mod connection;
pub mod failure;
pub mod health;
pub mod masking;
pub mod nearest;
pub mod query;
pub mod schema;

pub use cancel::Cancel;
pub use failure::{ConnectStep, Failure, FailureKind, SlowDown};
