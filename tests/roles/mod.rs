//! What roles grant and what they keep from callers: in the file, and through the built server.

mod asking;
mod charsets;
mod encodings;
mod file;
mod judged;
mod local;
#[cfg(unix)]
mod lower_case;
mod mysql;
mod postgres;
mod stores;
mod tables;
mod variants;
