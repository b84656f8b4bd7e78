//! From everything that was said about a connection to its configuration, or to every mistake in it.

use std::{path::PathBuf, time::Duration};

use super::{
    check::{Checked, mistake_at},
    given::{Given, Origin},
    layer::Layer,
    merge::{ExportedParameters, Merged},
    parameter::{Parameter, whole_number},
};
use crate::connection::{
    attached::Attached,
    config::{Address, ConnectionConfig, Password, Secret, Tls, TlsMode},
    engine::{Addressing, EngineFacts},
    mistake::Mistake,
    policy::Policy,
    row_security::RowSecurity,
};
use crate::{masking::Masking, query::Allowance};

/// What became of the sources of one connection.
#[derive(Debug)]
pub struct Built {
    pub outcome: Result<ConnectionConfig, Vec<Mistake>>,
    pub exported: ExportedParameters,
    /// What was understood and has no effect, or has one that was not asked for by name.
    pub notes: Vec<String>,
}

/// Builds one configuration from its sources, in the order in which later ones win.
pub fn build(layers: &[Layer], engines: &[EngineFacts]) -> Built {
    let merged = Merged::of(layers, engines);
    let exported = merged.exported();
    let mut building = Building { layers, merged };
    let config = building.config();
    let Merged {
        mistakes, notes, ..
    } = building.merged;
    let outcome = match config {
        Some(config) if mistakes.is_empty() => Ok(config),
        _ => Err(mistakes),
    };
    Built {
        outcome,
        exported,
        notes,
    }
}

struct Building<'a> {
    layers: &'a [Layer],
    merged: Merged,
}

impl Building<'_> {
    /// `None` only after a mistake was noted.
    fn config(&mut self) -> Option<ConnectionConfig> {
        let engine = match self.value(Parameter::Type) {
            Some(Checked::Engine(engine)) => Some(*engine),
            _ => None,
        };
        let address = if let Some(engine) = engine {
            self.address(engine)
        } else {
            self.missing(Parameter::Type, "the engine of the database, or a URL");
            None
        };
        if let Some(engine) = engine {
            self.refuse_what_would_not_be_used(engine);
        }
        let tls = self.tls();
        self.client_requirements(engine);
        let (Some(engine), Some(address)) = (engine, address) else {
            self.pool(None);
            return None;
        };
        let mut config = ConnectionConfig::new(engine, address);
        config.tls = tls;
        if engine.addressing == Addressing::File {
            config.attached = self.attached();
        } else {
            config.database = self.text(Parameter::Name);
        }
        config.user = self.text(Parameter::User);
        config.password = self.password();
        self.pool(Some(&mut config));
        config.policy = self.policy();
        if let Some(time) = self.milliseconds(Parameter::StatementTimeout) {
            config.statement_timeout = time;
        }
        if let Some(rows) = self.whole(Parameter::MaxRows) {
            config.max_rows = rows;
        }
        if let Some(bytes) = self.whole(Parameter::MaxBytes) {
            config.max_bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        }
        config.max_estimated_rows = self.whole(Parameter::MaxEstimatedRows);
        config.schema = self.text(Parameter::Schema);
        if let Some(zone) = self.text(Parameter::TimeZone) {
            config.time_zone = zone;
        }
        config.masking = self.masking(config.policy);
        config.row_security = self.row_security(engine, &config);
        config.pooler = matches!(self.value(Parameter::Pooler), Some(Checked::Boolean(true)));
        Some(config)
    }

    fn row_security(
        &mut self,
        engine: EngineFacts,
        config: &ConnectionConfig,
    ) -> Option<RowSecurity> {
        let functions = self.text(Parameter::RowSecurityFunctions);
        let Some(text) = self.text(Parameter::RowSecurity) else {
            if let Some(given) = self.given(Parameter::RowSecurityFunctions) {
                let mistake =
                    mistake_at(given, "Would not be used without a mapping of claims.").expected(
                        format!("{} too", self.sibling_key(given, Parameter::RowSecurity)),
                    );
                self.merged.mistakes.push(mistake);
            }
            return None;
        };
        let mapping = RowSecurity::parse(&text, &functions.unwrap_or_default()).ok()?;
        let wrong = mapping.unfit_for(engine, config);
        if let Some(wrong) = wrong
            && let Some(given) = self.given(Parameter::RowSecurity)
        {
            let mistake = mistake_at(given, wrong);
            self.merged.mistakes.push(mistake);
        }
        Some(mapping)
    }

    fn attached(&mut self) -> Vec<Attached> {
        let Some(text) = self.text(Parameter::Attach) else {
            return Vec::new();
        };
        let list = Attached::list(&text);
        if list.is_none()
            && let Some(given) = self.given(Parameter::Attach)
        {
            let mistake = mistake_at(given, "Is no list of files.").expected(Attached::EXPECTED);
            self.merged.mistakes.push(mistake);
        }
        list.unwrap_or_default()
    }

    /// What may be written could be copied to where nobody masks it.
    fn masking(&mut self, policy: Policy) -> Option<Masking> {
        let Some(Checked::Columns(rules)) = self.value(Parameter::Mask) else {
            return None;
        };
        let rules = rules.clone();
        if !policy.is_read_only()
            && let Some(given) = self.given(Parameter::Mask)
        {
            let mistake = mistake_at(
                given,
                "Would not hold: what may be written can be copied to where nobody masks it.",
            )
            .expected(format!(
                "{} to be true",
                self.sibling_key(given, Parameter::ReadOnly)
            ));
            self.merged.mistakes.push(mistake);
        }
        Some(Masking { rules, key: None })
    }

    fn policy(&mut self) -> Policy {
        let mut policy = match self.value(Parameter::ReadOnly) {
            Some(Checked::Boolean(false)) => Policy::READ_WRITE,
            _ => Policy::READ_ONLY,
        };
        for allowance in Allowance::ALL {
            let parameter = Parameter::granting(allowance);
            if !matches!(self.value(parameter), Some(Checked::Boolean(true))) {
                continue;
            }
            if policy.is_read_only()
                && let Some(given) = self.given(parameter)
            {
                let mistake = mistake_at(given, "Would not be used: the connection is read-only.")
                    .expected(format!(
                        "{} to be false",
                        self.sibling_key(given, Parameter::ReadOnly)
                    ));
                self.merged.mistakes.push(mistake);
            }
            policy.allowances = policy.allowances.with(allowance);
        }
        policy
    }

    fn address(&mut self, engine: EngineFacts) -> Option<Address> {
        match engine.addressing {
            Addressing::File => {
                self.refuse_server_parameters(engine);
                let Some(path) = self.text(Parameter::Name) else {
                    self.missing(
                        Parameter::Name,
                        "the path of the database file, or :memory:",
                    );
                    return None;
                };
                Some(if path == ":memory:" {
                    Address::Memory
                } else {
                    Address::File(PathBuf::from(path))
                })
            }
            Addressing::Server { default_port } => {
                let port = self
                    .whole(Parameter::Port)
                    .and_then(|port| u16::try_from(port).ok())
                    .unwrap_or(default_port);
                if self.text(Parameter::User).is_none() {
                    self.missing(Parameter::User, "the user to sign in as");
                }
                let Some(host) = self.text(Parameter::Host) else {
                    self.missing(
                        Parameter::Host,
                        "the server's name or address, or the path of its socket",
                    );
                    return None;
                };
                Some(if host.starts_with('/') {
                    Address::Socket {
                        path: PathBuf::from(host),
                        port,
                    }
                } else {
                    Address::Tcp { host, port }
                })
            }
        }
    }

    /// A file has no host, no sign-in and no channel to protect. Saying that it has none is no mistake.
    fn refuse_server_parameters(&mut self, engine: EngineFacts) {
        let mut mistakes = Vec::new();
        for (parameter, slot) in &self.merged.slots {
            let harmless = matches!(
                slot.value,
                Checked::Boolean(false) | Checked::TlsMode(TlsMode::Disable)
            );
            if parameter.facts().server_only && !harmless {
                mistakes.push(
                    mistake_at(
                        &slot.given,
                        format!(
                            "Has no meaning for {}, whose databases are files.",
                            engine.name
                        ),
                    )
                    .expected("to be left out"),
                );
            }
        }
        self.merged.mistakes.extend(mistakes);
    }

    /// A server without schemas of its own has one name for a database, and what has no poolers is behind none.
    fn refuse_what_would_not_be_used(&mut self, engine: EngineFacts) {
        if engine.addressing == Addressing::File {
            return;
        }
        let mut mistakes = Vec::new();
        if let Some(given) = self.given(Parameter::Attach) {
            let message = format!(
                "Has no meaning for {}, whose databases are no files.",
                engine.name
            );
            mistakes.push(mistake_at(given, message).expected("to be left out"));
        }
        if !engine.schemas
            && let (Some(name), Some(schema)) =
                (self.text(Parameter::Name), self.text(Parameter::Schema))
            && name != schema
            && let Some(given) = self.given(Parameter::Schema)
        {
            let message = format!(
                "Would not be used: for {} a schema is a database, and {} names one.",
                engine.name,
                self.sibling_key(given, Parameter::Name)
            );
            mistakes.push(mistake_at(given, message).expected("to be left out"));
        }
        if !engine.poolers
            && matches!(self.value(Parameter::Pooler), Some(Checked::Boolean(true)))
            && let Some(given) = self.given(Parameter::Pooler)
        {
            let message = format!("Has no meaning for {}.", engine.name);
            mistakes.push(mistake_at(given, message).expected("to be left out"));
        }
        self.merged.mistakes.extend(mistakes);
    }

    fn tls(&mut self) -> Tls {
        let asked = match (self.value(Parameter::SslMode), self.value(Parameter::Ssl)) {
            (Some(Checked::TlsMode(mode)), _) => Some(*mode),
            (_, Some(Checked::Boolean(true))) => Some(TlsMode::Require),
            (_, Some(Checked::Boolean(false))) => Some(TlsMode::Disable),
            _ => None,
        };
        let ca = self.path(Parameter::SslCa);
        let tls = Tls {
            // Whoever names an authority wants it to be asked.
            mode: asked.unwrap_or(if ca.is_some() {
                TlsMode::VerifyFull
            } else {
                TlsMode::default()
            }),
            ca,
            certificate: self.path(Parameter::SslCert),
            key: self.path(Parameter::SslKey),
        };
        for (given, missing) in [
            (Parameter::SslCert, Parameter::SslKey),
            (Parameter::SslKey, Parameter::SslCert),
        ] {
            if !self.merged.slots.contains_key(&missing)
                && !self.merged.unusable.contains(&missing)
                && let Some(given) = self.given(given)
            {
                let mistake = mistake_at(
                    given,
                    "Is of no use alone: a client certificate has two files.",
                )
                .expected(format!("{} too", self.sibling_key(given, missing)));
                self.merged.mistakes.push(mistake);
            }
        }
        if tls.ca.is_some()
            && !matches!(tls.mode, TlsMode::VerifyCa | TlsMode::VerifyFull)
            && let Some(given) = self.given(Parameter::SslCa)
        {
            let mistake = mistake_at(
                given,
                format!(
                    "Would not be used: with `{}` nobody's certificate is checked.",
                    tls.mode.as_str()
                ),
            )
            .expected(format!(
                "{} to be verify-full or verify-ca",
                self.sibling_key(given, Parameter::SslMode)
            ));
            self.merged.mistakes.push(mistake);
        }
        if tls.mode == TlsMode::Disable
            && let Some(given) = self.given(Parameter::SslCert)
        {
            let mistake = mistake_at(given, "Would not be used: the channel is not protected.")
                .expected("another mode of protection than disable");
            self.merged.mistakes.push(mistake);
        }
        if asked.is_none() && tls.ca.is_some() {
            self.merged.notes.push(
                "The certificate is checked fully (verify-full), because an authority is given."
                    .to_owned(),
            );
        }
        tls
    }

    /// `connect_database` has to say how to sign in; a socket may do without a password.
    fn client_requirements(&mut self, engine: Option<EngineFacts>) {
        let Some(layer) = self
            .layers
            .iter()
            .find(|layer| layer.origin == Origin::ConnectDatabase)
        else {
            return;
        };
        let by_url = layer
            .given
            .iter()
            .any(|given| given.parameter == Parameter::Url);
        let is_server = engine.is_some_and(|engine| engine.addressing != Addressing::File);
        if by_url || !is_server {
            return;
        }
        self.missing(Parameter::Name, "the name of the database");
        let by_socket = self
            .text(Parameter::Host)
            .is_some_and(|host| host.starts_with('/'));
        if !by_socket && !layer.password_left_empty() {
            self.missing(
                Parameter::Password,
                "the password of the user; an empty text if there is none",
            );
        }
    }

    fn password(&self) -> Option<Password> {
        if let Some(Checked::Secret(secret)) = self.value(Parameter::Password) {
            return Some(Password::Given(Secret::clone(secret)));
        }
        self.path(Parameter::PasswordFile).map(Password::File)
    }

    /// Checks the limits of the pool, and sets them if there is something to set them on.
    fn pool(&mut self, config: Option<&mut ConnectionConfig>) {
        let mut pool = crate::connection::PoolLimits::default();
        let count = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        if let Some(number) = self.whole(Parameter::MaxConnections) {
            pool.max_connections = count(number);
        }
        if let Some(number) = self.whole(Parameter::MinConnections) {
            pool.min_connections = count(number);
        }
        if let Some(time) = self.milliseconds(Parameter::IdleTimeout) {
            pool.idle_timeout = time;
        }
        if let Some(time) = self.milliseconds(Parameter::MaxLifetime) {
            pool.max_lifetime = (!time.is_zero()).then_some(time);
        }
        if let Some(time) = self.milliseconds(Parameter::ConnectionTimeout) {
            pool.connect_timeout = time;
        }
        if let Some(time) = self.milliseconds(Parameter::AcquireTimeout) {
            pool.acquire_timeout = time;
        }
        if pool.min_connections > pool.max_connections
            && let Some(given) = self.given(Parameter::MinConnections)
        {
            let mistake = mistake_at(
                given,
                format!(
                    "Is more than the largest number of connections, {}.",
                    whole_number(pool.max_connections.into())
                ),
            )
            .expected("at most that many");
            self.merged.mistakes.push(mistake);
        }
        if let Some(config) = config {
            config.pool = pool;
        }
    }

    /// Notes that a parameter is missing, unless it was given and is wrong.
    fn missing(&mut self, parameter: Parameter, what: &str) {
        let hidden_by_url = self.merged.unusable.contains(&Parameter::Url);
        if self.merged.slots.contains_key(&parameter)
            || self.merged.unusable.contains(&parameter)
            || hidden_by_url
        {
            return;
        }
        let key = self.key_of_missing(parameter);
        self.merged.mistakes.push(match key {
            Place::Key(key) => Mistake::new(key, "Is missing.").expected(what),
            Place::Url(key) => {
                Mistake::new(key, format!("Names no {}.", parameter.facts().key)).expected(what)
            }
        });
    }

    /// Where the missing parameter would be given: in the source that names the database.
    fn key_of_missing(&self, parameter: Parameter) -> Place {
        let namer = self
            .given(Parameter::Type)
            .and_then(|given| self.layers.iter().rev().find(|layer| layer.holds(given)))
            .or(self.layers.last());
        match namer {
            None => Place::Key(parameter.facts().word.to_owned()),
            Some(layer) => {
                let url = layer
                    .given
                    .iter()
                    .find(|given| given.parameter == Parameter::Url);
                match url {
                    Some(url) => Place::Url(url.key.clone()),
                    None => Place::Key(layer.keys.of(parameter)),
                }
            }
        }
    }

    /// What the source of `given` would call another parameter.
    fn sibling_key(&self, given: &Given, parameter: Parameter) -> String {
        self.layers
            .iter()
            .rev()
            .find(|layer| layer.holds(given))
            .map_or_else(
                || parameter.facts().word.to_owned(),
                |layer| layer.keys.of(parameter),
            )
    }

    fn value(&self, parameter: Parameter) -> Option<&Checked> {
        self.merged.slots.get(&parameter).map(|slot| &slot.value)
    }

    fn given(&self, parameter: Parameter) -> Option<&Given> {
        self.merged.slots.get(&parameter).map(|slot| &slot.given)
    }

    fn text(&self, parameter: Parameter) -> Option<String> {
        match self.value(parameter) {
            Some(Checked::Text(text)) => Some(text.clone()),
            _ => None,
        }
    }

    fn path(&self, parameter: Parameter) -> Option<PathBuf> {
        match self.value(parameter) {
            Some(Checked::Path(path)) => Some(path.clone()),
            _ => None,
        }
    }

    fn whole(&self, parameter: Parameter) -> Option<u64> {
        match self.value(parameter) {
            Some(Checked::Whole(number)) => Some(*number),
            _ => None,
        }
    }

    fn milliseconds(&self, parameter: Parameter) -> Option<Duration> {
        self.whole(parameter).map(Duration::from_millis)
    }
}

enum Place {
    Key(String),
    Url(String),
}
