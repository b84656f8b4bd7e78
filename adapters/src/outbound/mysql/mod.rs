//! MySQL.

use domain::connection::{Addressing, EngineFacts};

use super::Engine;

pub(super) const ENGINE: Engine = Engine {
    facts: EngineFacts {
        name: "mysql",
        words: &["mysql", "mariadb"],
        addressing: Addressing::Server { default_port: 3306 },
    },
    connector: || todo!(),
};
