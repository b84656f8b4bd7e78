//! A configuration that somebody named, whether it is valid or not.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{
    config::{ConnectionConfig, TlsMode},
    engine::EngineFacts,
    name::ConnectionName,
    parameters::{Built, Given, GivenValue, KEPT_SECRET, Keys, Layer, Origin, Parameter, build},
};
pub use super::{mistake::Mistake, parameters::ExportedParameters};

#[derive(Debug, Clone)]
pub struct KnownConfiguration {
    pub name: ConnectionName,
    /// Told to people: `environment (PROD_DB_*)`, `database-config.json`, `--url`, `import_connections`. Several are
    /// joined by ` + `, the later ones win.
    pub source: String,
    /// The least trusted of its sources.
    pub origin: Origin,
    pub outcome: Result<Arc<ConnectionConfig>, Vec<Mistake>>,
    /// Every parameter as given and merged, without secrets.
    pub exported: ExportedParameters,
    /// What was understood and has no effect, or has one that was not asked for by name.
    pub notes: Vec<String>,
}

impl KnownConfiguration {
    /// From sources in the order in which later ones win.
    pub fn from_layers(name: ConnectionName, layers: &[Layer], engines: &[EngineFacts]) -> Self {
        let Built {
            outcome,
            exported,
            notes,
        } = build(layers, engines);
        let sources: Vec<&str> = layers.iter().map(|layer| layer.source.as_str()).collect();
        Self {
            name,
            source: sources.join(" + "),
            origin: layers
                .iter()
                .map(|layer| layer.origin)
                .find(|origin| *origin != Origin::Operator)
                .unwrap_or(Origin::Operator),
            outcome: outcome.map(Arc::new),
            exported,
            notes,
        }
    }

    /// From the arguments of `connect_database`, without the one that names the connection. Mistakes stand at the
    /// arguments' own names.
    pub fn from_connect_database(
        name: ConnectionName,
        arguments: &Map<String, Value>,
        engines: &[EngineFacts],
    ) -> Self {
        let mut layer = Layer::new(
            "connect_database",
            Origin::ConnectDatabase,
            Keys::Path {
                prefix: String::new(),
            },
        );
        layer.give_object(arguments);
        Self::from_layers(name, &[layer], engines)
    }

    /// From one entry of `import_connections`.
    ///
    /// A password of `***` keeps that of `already`, but only towards the same server and user and no less
    /// protected: a secret must not follow an entry to wherever a client points it.
    pub fn from_import(
        name: ConnectionName,
        entry: &Value,
        engines: &[EngineFacts],
        already: Option<&Self>,
    ) -> Self {
        let prefix = format!("connections.{name}");
        let mut layer = Layer::new(
            "import_connections",
            Origin::Import,
            Keys::Path {
                prefix: format!("{prefix}."),
            },
        );
        match entry {
            Value::Object(parameters) => layer.give_object(parameters),
            _ => layer.mistakes.push(
                Mistake::new(prefix, "Is not an object.")
                    .expected("the parameters of a connection"),
            ),
        }
        let kept = layer
            .given
            .iter()
            .position(|given| {
                given.parameter == Parameter::Password && given.value.as_text() == Some(KEPT_SECRET)
            })
            .map(|at| layer.given.remove(at));
        let mut known = Self::from_layers(name, &[layer], engines);
        if let Some(kept) = kept {
            known.keep_password(&kept, already);
        }
        known
    }

    /// What `import_connections` takes: passwords always as `***`, and without what it refuses. The words of what
    /// is left out come second.
    pub fn importable(&self) -> (Map<String, Value>, Vec<&'static str>) {
        let (mut object, left_out) = self.exported.importable();
        if let Ok(config) = &self.outcome
            && config.tls.ca.is_some()
        {
            // The mode that went without saying, because of a file that is left out.
            let mode = Parameter::SslMode.facts().key;
            object.insert(mode.to_owned(), config.tls.mode.as_str().into());
            object.remove(Parameter::Ssl.facts().key);
        }
        (object, left_out)
    }

    fn keep_password(&mut self, kept: &Given, already: Option<&Self>) {
        self.exported.note_kept_password(&kept.key);
        let before = already
            .and_then(|already| already.outcome.as_ref().ok())
            .and_then(|config| Some((config, config.password.as_ref()?)));
        let Ok(config) = &mut self.outcome else {
            return;
        };
        let refusal = match before {
            None => "`***` keeps the password already known, and none is known under this name.",
            Some((before, _)) if !same_target(before, config) => {
                "`***` keeps the password already known, but this entry leads to another server, user or \
                 database, or protects the channel less."
            }
            Some((before, password)) => {
                let config = Arc::make_mut(config);
                config.password = Some(password.clone());
                // An entry cannot name these files, so it cannot have meant to do without.
                config.tls.ca.clone_from(&before.tls.ca);
                config.tls.certificate.clone_from(&before.tls.certificate);
                config.tls.key.clone_from(&before.tls.key);
                return;
            }
        };
        self.outcome = Err(vec![
            Mistake::new(&kept.key, refusal).expected("the password itself"),
        ]);
    }
}

/// Whether `after` sends a secret nowhere that `before` does not, and no less protected.
fn same_target(before: &ConnectionConfig, after: &ConnectionConfig) -> bool {
    let strength = |mode: TlsMode| TlsMode::WORDS.iter().position(|(_, known)| *known == mode);
    before.engine == after.engine
        && before.address == after.address
        && before.user == after.user
        && before.database == after.database
        && strength(after.tls.mode) >= strength(before.tls.mode)
}

impl Layer {
    fn give_object(&mut self, object: &Map<String, Value>) {
        for (word, value) in object {
            match GivenValue::from_json(value) {
                Ok(None) => {}
                Ok(Some(value)) => self.give(word, value, None),
                Err(type_name) => self.give_wrong_type(word, type_name),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::connection::{Addressing, Identity, config::Address};

    const ENGINES: &[EngineFacts] = &[
        EngineFacts {
            name: "postgresql",
            words: &["postgresql", "postgres"],
            addressing: Addressing::Server { default_port: 5432 },
            schemas: true,
            poolers: true,
            tells_tables: true,
            row_security: Identity::RoleAndSettings,
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

    fn name(text: &str) -> ConnectionName {
        ConnectionName::new(text).unwrap()
    }

    fn connect(arguments: &Value) -> KnownConfiguration {
        KnownConfiguration::from_connect_database(
            name("x"),
            arguments.as_object().unwrap(),
            ENGINES,
        )
    }

    fn import(entry: &Value, already: Option<&KnownConfiguration>) -> KnownConfiguration {
        KnownConfiguration::from_import(name("prod"), entry, ENGINES, already)
    }

    fn mistakes(known: &KnownConfiguration) -> Vec<String> {
        known
            .outcome
            .as_ref()
            .unwrap_err()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    fn operator(pairs: &[(&str, &str)]) -> KnownConfiguration {
        let keys = Keys::Variables {
            prefix: "PROD_DB_".to_owned(),
        };
        let mut layer = Layer::new("environment", Origin::Operator, keys);
        for (word, value) in pairs {
            layer.give(
                word,
                GivenValue::text(*value),
                Some(format!("PROD_DB_{word}")),
            );
        }
        KnownConfiguration::from_layers(name("prod"), &[layer], ENGINES)
    }

    const SERVER: [(&str, &str); 5] = [
        ("TYPE", "postgres"),
        ("HOST", "h"),
        ("NAME", "db"),
        ("USER", "u"),
        ("PASSWORD", "hunter2"),
    ];

    #[test]
    fn connect_database_takes_its_arguments() {
        for arguments in [
            json!({"type": "postgres", "host": "h", "database": "d", "user": "u", "password": "p", "port": 5433, "ssl": true,
                "maxConnections": 2, "idleTimeout": 1000, "connectionTimeout": 1000, "acquireTimeout": "1000"}),
            json!({"type": "postgres", "host": "h", "database": "d", "user": "u", "password": "", "port": null}),
            json!({"type": "postgres", "host": "/run", "database": "d", "user": "u"}),
            json!({"type": "sqlite", "database": "shop.db", "host": "", "ssl": false}),
            json!({"url": "postgres://u:p@h/d", "readOnly": true}),
        ] {
            let known = connect(&arguments);
            assert!(known.outcome.is_ok(), "{arguments}: {:?}", known.outcome);
        }
    }

    #[test]
    fn connect_database_names_every_argument_that_is_missing_or_refused() {
        for (arguments, expected) in [
            (
                json!({}),
                vec!["type: Is missing. Expected the engine of the database, or a URL."],
            ),
            (
                json!({"type": "postgres"}),
                vec![
                    "user: Is missing. Expected the user to sign in as.",
                    "host: Is missing. Expected the server's name or address, or the path of its socket.",
                    "database: Is missing. Expected the name of the database.",
                    "password: Is missing. Expected the password of the user; an empty text if there is none.",
                ],
            ),
            (
                json!({"type": "sqlite", "database": "x.db", "readOnly": "off"}),
                vec![
                    "readOnly: Cannot be false: a client cannot make a connection writable. Only the server's own \
                     configuration can.",
                ],
            ),
            (
                json!({"url": "postgres://u:p@h/d?readOnly=false&sslkey=/k&passwordFile=/f"}),
                vec![
                    "url: Its `readOnly` cannot be false: a client cannot make a connection writable. Only the \
                     server's own configuration can.",
                    "url: Its `sslkey` cannot be given by a client: it names a file of the server. Only the server's \
                     own configuration can.",
                    "url: Its `passwordFile` cannot be given by a client: it names a file of the server. Only the \
                     server's own configuration can.",
                ],
            ),
            (
                json!({"url": "postgres://u:${SECRET}@h/d"}),
                vec![
                    "url: Mentions an environment variable, which a client cannot read. Expected the value itself.",
                ],
            ),
            (
                json!({"type": "sqlite", "database": ["x.db"]}),
                vec!["database: Is a list. Expected text."],
            ),
        ] {
            assert_eq!(mistakes(&connect(&arguments)), expected, "{arguments}");
        }
    }

    #[test]
    fn an_export_can_be_imported_again_without_knowing_the_password() {
        for pairs in [
            SERVER.to_vec(),
            [
                &SERVER[..],
                &[("SSL_CA", "/ca.pem"), ("READ_ONLY", "false")],
            ]
            .concat(),
            [&SERVER[..4], &[("PASSWORD_FILE", "/f"), ("SSL", "true")]].concat(),
        ] {
            let before = operator(&pairs);
            let (object, _) = before.importable();

            let after = import(&Value::Object(object), Some(&before));

            let mut expected = ConnectionConfig::clone(before.outcome.as_ref().unwrap());
            expected.policy = crate::connection::Policy::READ_ONLY;
            assert_eq!(*after.outcome.unwrap(), expected, "{pairs:?}");
        }
    }

    #[test]
    fn a_known_password_does_not_follow_an_entry_elsewhere() {
        let before = operator(&[&SERVER[..], &[("SSL", "true")]].concat());
        for (parameter, value) in [
            ("host", json!("evil")),
            ("port", json!(1)),
            ("user", json!("v")),
            ("database", json!("e")),
            ("sslMode", json!("prefer")),
        ] {
            let mut entry = json!({"type": "postgres", "host": "h", "database": "db", "user": "u",
                "sslMode": "require", "password": "***"});
            entry[parameter] = value;
            assert_eq!(
                mistakes(&import(&entry, Some(&before))),
                [
                    "connections.prod.password: `***` keeps the password already known, but this entry leads to \
                     another server, user or database, or protects the channel less. Expected the password itself."
                ],
                "{entry}"
            );
        }
    }

    #[test]
    fn three_stars_are_no_password_where_none_is_known() {
        let entry = json!({"type": "postgres", "host": "h", "user": "u", "password": "***"});
        for already in [None, Some(operator(&SERVER[..4]))] {
            assert_eq!(
                mistakes(&import(&entry, already.as_ref())),
                [
                    "connections.prod.password: `***` keeps the password already known, and none is known under \
                     this name. Expected the password itself."
                ]
            );
        }
    }

    #[test]
    fn what_import_refuses_is_left_out_of_what_it_takes() {
        let known = operator(
            &[
                &SERVER[..],
                &[("SSL_CA", "/ca.pem"), ("READ_ONLY", "false")],
            ]
            .concat(),
        );

        let (object, left_out) = known.importable();

        assert_eq!(left_out, ["sslCa", "readOnly"]);
        assert_eq!(
            Value::Object(object),
            json!({"type": "postgresql", "host": "h", "database": "db", "user": "u", "password": "***",
                "sslMode": "verify-full"})
        );
    }

    #[test]
    fn an_import_that_is_no_object_is_a_mistake() {
        assert_eq!(
            mistakes(&import(&json!("x"), None)),
            [
                "connections.prod: Is not an object. Expected the parameters of a connection.",
                "connections.prod.type: Is missing. Expected the engine of the database, or a URL.",
            ]
        );
    }

    #[test]
    fn the_least_trusted_source_is_remembered() {
        let known = connect(&json!({"type": "sqlite", "database": ":memory:"}));

        assert_eq!(known.origin, Origin::ConnectDatabase);
        assert_eq!(known.outcome.unwrap().address, Address::Memory);
    }
}
