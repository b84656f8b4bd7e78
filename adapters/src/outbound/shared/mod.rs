//! What several processes of this server share through Redis or Valkey: limits of callers, and revoked tokens.
//!
//! Nothing needs it: while it cannot be reached each process counts by itself, and says so.

mod limits;
mod revoked;
mod store;

pub use self::{
    limits::SharedLimits,
    revoked::SharedRevocations,
    store::{SharedStore, StoreTls},
};
