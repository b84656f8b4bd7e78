//! Puts the parts together: settings, engines, registry, server.

pub mod assembly;
pub mod cli;
pub mod commands;
pub mod configuration;
pub mod environment;
pub mod http;
pub mod identity;
mod log_line;
pub mod logging;
mod mask_key;
pub mod operations;
pub mod reload;
pub mod roles;
pub mod settings;
mod shared_store;
pub mod tls;
pub mod traces;
