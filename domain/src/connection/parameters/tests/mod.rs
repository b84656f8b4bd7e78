//! Tables over the whole way from given values to a configuration.

mod row_security;
mod sources;
mod urls;

use secrecy::ExposeSecret;

use super::*;
use crate::connection::{Address, Addressing, ConnectionConfig, EngineFacts, Identity, Password};

const ENGINES: &[EngineFacts] = &[
    EngineFacts {
        name: "postgresql",
        words: &["postgresql", "postgres", "pg"],
        addressing: Addressing::Server { default_port: 5432 },
        schemas: true,
        poolers: true,
        tells_tables: true,
        row_security: Identity::RoleAndSettings,
    },
    EngineFacts {
        name: "mysql",
        words: &["mysql", "mariadb"],
        addressing: Addressing::Server { default_port: 3306 },
        schemas: false,
        poolers: false,
        tells_tables: true,
        row_security: Identity::None,
    },
    EngineFacts {
        name: "sqlite",
        words: &["sqlite"],
        addressing: Addressing::File,
        schemas: false,
        poolers: false,
        tells_tables: true,
        row_security: Identity::None,
    },
];

fn url(text: &str) -> Built {
    build(
        &[Layer::of_url(
            "--url",
            Origin::Operator,
            "--url x",
            GivenValue::text(text),
        )],
        ENGINES,
    )
}

fn variables(pairs: &[(&str, &str)]) -> Layer {
    let mut layer = Layer::new(
        "environment",
        Origin::Operator,
        Keys::Variables {
            prefix: "X_DB_".to_owned(),
        },
    );
    for (word, value) in pairs {
        layer.give(word, GivenValue::text(*value), None);
    }
    layer
}

/// `engine user:password@address/database`, with `-` for what is absent.
fn told(config: &ConnectionConfig) -> String {
    let address = match &config.address {
        Address::Tcp { host, port } => format!("{host} {port}"),
        Address::Socket { path, port } => format!("socket {} {port}", path.display()),
        Address::File(path) => format!("file {}", path.display()),
        Address::Memory => "memory".to_owned(),
    };
    let password = match &config.password {
        Some(Password::Given(secret)) => secret.expose_secret().to_owned(),
        Some(Password::File(path)) => format!("file {}", path.display()),
        None => "-".to_owned(),
    };
    let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    format!(
        "{} | {} | {password} | {address} | {}",
        config.engine.name,
        or_dash(&config.user),
        or_dash(&config.database)
    )
}

fn mistakes(built: Built) -> Vec<String> {
    built
        .outcome
        .unwrap_err()
        .iter()
        .map(ToString::to_string)
        .collect()
}
