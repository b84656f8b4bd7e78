//! One file a verb.

pub mod check;
