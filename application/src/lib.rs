//! What the service does, told through ports.
//!
//! No engine's name, no driver and no protocol is known here.

pub mod access;
pub mod ad_hoc;
pub mod breaker;
pub mod call_book;
pub mod catalog_cache;
pub mod cursors;
mod discreet_catalog;
pub mod encode;
pub mod health;
pub mod memory;
pub mod registry;
pub mod use_cases;
mod watched_catalog;
