//! What each engine does by itself: opening, refusing, stopping, explaining.

mod postgres;
mod sqlite;
