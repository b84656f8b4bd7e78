//! The suite: one test binary over the public APIs and the built server.

mod architecture;
mod configuration;
