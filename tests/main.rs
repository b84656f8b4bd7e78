//! The suite: one test binary over the public APIs and the built server.

mod engines;
mod values;
