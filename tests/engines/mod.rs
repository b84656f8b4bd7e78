//! What each engine alone must do.

mod mysql;
