//! What each engine does by itself: opening, refusing, stopping, explaining.

mod mysql;
mod policies;
mod postgres;
mod round_trips;
mod sqlite;
mod tenants;
