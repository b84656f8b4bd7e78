//! What roles grant and what they keep from callers: in the file, and through the built server.

mod file;
mod local;
mod tables;
