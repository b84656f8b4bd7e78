//! What each engine does by itself: opening, refusing, stopping, explaining.

mod sqlite;
mod sqlite_demo;
