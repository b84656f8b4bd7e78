//! `SQLite`.

use domain::connection::{Addressing, EngineFacts};

use super::Engine;

pub(super) const ENGINE: Engine = Engine {
    facts: EngineFacts {
        name: "sqlite",
        words: &["sqlite", "sqlite3"],
        addressing: Addressing::File,
    },
    connector: || todo!(),
};
