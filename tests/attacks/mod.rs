//! What a hostile text tries through a read-only connection, and what an honest one must be able to do.
//!
//! The attacks and the benign statements are data, a file for each family of engines. Each attack is first shown to
//! succeed on an unprotected connection, then made on a read-only one, and whether it changed anything is looked at from
//! beside. `docs/attacks.md` is what came out.

mod bare;
mod benign;
mod corpus;
mod field;
mod held;
mod layers;
mod mysql;
mod postgres;
mod report;
mod sqlite;
mod trial;
