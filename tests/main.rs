//! The suite: one test binary over the public APIs and the built server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the suite fails by panicking"
)]

mod architecture;
mod attacks;
mod configuration;
mod conformance;
mod deployment;
mod engines;
mod fuzz;
mod http;
mod identity;
mod masking;
mod mcp;
mod operations;
mod roles;
mod shared;
mod values;
mod verbs;
