//! How much callers may do: calls a second, calls at the same time and rows an hour, each of them and all together.
//!
//! What a single call may ask for is not here: rows, bytes and time of a statement are its connection's.

mod local;
mod places;
mod quotas;
mod rows;

pub(super) use self::quotas::{Measure, Scope, TooMuch};
pub use self::{
    local::Limits,
    quotas::{LimitOptions, Quotas},
};
