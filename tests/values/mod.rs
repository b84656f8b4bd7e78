//! Every type of each engine, out and in, compared with what the engine itself says.

mod mysql;
mod postgres;
mod sqlite;
