//! PostgreSQL.

use domain::connection::{Addressing, EngineFacts};

use super::Engine;

pub(super) const ENGINE: Engine = Engine {
    facts: EngineFacts {
        name: "postgresql",
        words: &["postgresql", "postgres", "pg"],
        addressing: Addressing::Server { default_port: 5432 },
    },
    connector: || todo!(),
};
