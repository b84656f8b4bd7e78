//! Puts the sources together, name by name.

use std::{collections::BTreeMap, fmt, path::Path};

use adapters::inbound::http::identity::IdentityOptions;
use domain::{
    access::Roles,
    connection::{
        ConnectionName, EngineFacts, KnownConfiguration, Mistake, Secret,
        parameters::{GivenValue, Layer, Origin, Parameter, whole_number},
    },
    nearest::nearest,
};
use secrecy::ExposeSecret;
use serde::Serialize;

use super::{
    file::{self, ConfigurationFile, FileReading},
    identity::{self, Surroundings},
    variables::Groups,
};
use crate::{
    environment::Environment,
    settings::{self, Settings},
};

/// What a configuration is made from. Nothing else of the outside is looked at, except the file.
#[derive(Debug)]
pub struct Inputs<'a> {
    pub environment: &'a Environment,
    pub working_directory: &'a Path,
    /// `--config`.
    pub config: Option<&'a Path>,
    /// URLs of the command line, in order.
    pub urls: &'a [NamedUrl],
    /// `--tools`.
    pub tools: Option<&'a str>,
    /// `--http`.
    pub http: Option<&'a str>,
    pub engines: &'a [EngineFacts],
}

/// A URL of the command line.
#[derive(Debug, Clone)]
pub struct NamedUrl {
    /// `None` for the default connection.
    pub name: Option<String>,
    pub url: Secret,
}

/// Something that was seen and not used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ignored {
    pub what: String,
    pub why: String,
}

impl Ignored {
    pub(super) fn new(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            why: why.into(),
        }
    }
}

impl fmt::Display for Ignored {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.what, self.why)
    }
}

#[derive(Debug)]
pub struct Configuration {
    pub settings: Result<Settings, Vec<Mistake>>,
    /// Who may sign in over HTTP. What is wrong with it is among the `mistakes` too, and so it is if nobody knows
    /// what it wanted.
    pub identity: Result<Option<IdentityOptions>, Vec<Mistake>>,
    /// `None` where nobody is kept from anything. A mistake in one could let somebody do too much or too little, so
    /// there are all of them or none.
    pub roles: Result<Option<Roles>, Vec<Mistake>>,
    /// By name, valid or not.
    pub known: Vec<KnownConfiguration>,
    /// Mistakes that belong to no connection: in a file as a whole, in a name.
    pub mistakes: Vec<Mistake>,
    /// Probably mistakes, but perhaps somebody else's matter.
    pub warnings: Vec<Mistake>,
    pub ignored: Vec<Ignored>,
    /// The sources that say something, in the order in which later ones win.
    pub sources: Vec<String>,
    /// A file that was named could not be read: nobody knows what it wanted.
    pub unread: bool,
}

impl Configuration {
    pub fn load(inputs: &Inputs<'_>) -> Self {
        let mut reading = file::read(inputs);
        let unread = reading.unread;
        let roles = match reading.file.as_mut().and_then(|file| file.roles.take()) {
            Some(read) => read.map(|roles| Some(Roles::new(roles))),
            // The file might have said that somebody may not do everything.
            None if unread => Ok(Some(Roles::new([]))),
            None => Ok(None),
        };
        let settings = settings::read(
            inputs.environment,
            reading.file.as_mut().map(|file| settings::FromFile {
                given: std::mem::take(&mut file.server),
                merely_found: file.origin == Origin::FoundFile,
            }),
            &[
                ("TOOLS", "--tools", inputs.tools),
                ("HTTP_ADDRESS", "--http", inputs.http),
            ],
            reading.unread,
        );
        let public_url = settings
            .outcome
            .as_ref()
            .map(|settings| settings.public_url.clone())
            .unwrap_or_default();
        let identity = identity_of(&mut reading, inputs, &public_url);
        let mut loading = Loading {
            layers: BTreeMap::new(),
            mistakes: reading.mistakes,
            ignored: reading.ignored,
            sources: Vec::new(),
            contradictions: BTreeMap::new(),
        };
        let (trusted, found) = match reading.file {
            Some(file) if file.origin == Origin::FoundFile => (None, Some(file)),
            file => (file, None),
        };
        if let Some(file) = trusted {
            loading.add_file(file);
        }
        loading.add_variables(inputs.environment);
        loading.add_database_url(inputs.environment);
        loading.add_command_line(inputs.urls);
        if let Some(file) = found {
            loading.add_found(file);
        }
        let known: Vec<KnownConfiguration> = loading
            .layers
            .into_iter()
            .map(|(name, layers)| {
                let mut known = KnownConfiguration::from_layers(name, &layers, inputs.engines);
                if let Some(mistake) = loading.contradictions.remove(&known.name) {
                    let mut mistakes = known.outcome.err().unwrap_or_default();
                    mistakes.push(mistake);
                    known.outcome = Err(mistakes);
                }
                if let Ok(settings) = &settings.outcome {
                    note_ceilings(&mut known, settings);
                }
                known
            })
            .collect();
        let roles = roles.and_then(|roles| held(roles, &known));
        let mut warnings = settings.warnings;
        warnings.extend(unknown_connections(&roles, &known));
        Self {
            settings: settings.outcome,
            identity,
            roles,
            known,
            mistakes: loading.mistakes,
            warnings,
            ignored: loading.ignored,
            sources: loading.sources,
            unread,
        }
    }

    /// Whether nothing at all is wrong.
    pub fn is_valid(&self) -> bool {
        self.mistakes.is_empty()
            && self.settings.is_ok()
            && self.roles.is_ok()
            && self.known.iter().all(|known| known.outcome.is_ok())
    }
}

/// Rules about tables count on every connection that they are written for, or nobody starts with them.
fn held(roles: Option<Roles>, known: &[KnownConfiguration]) -> Result<Option<Roles>, Vec<Mistake>> {
    let mistakes: Vec<Mistake> = known
        .iter()
        .filter_map(|known| Some((&known.name, known.outcome.as_ref().ok()?.engine)))
        .filter(|(_, engine)| !engine.tells_tables)
        .flat_map(|(connection, engine)| {
            let roles = roles.iter().flat_map(|roles| roles.with_tables_on(connection.as_str()));
            roles.map(move |role| {
                let message = format!(
                    "Cannot be held on the connection `{connection}`: which tables a statement touches is not known on {}.",
                    engine.name
                );
                Mistake::new(format!("roles.{role}.tables"), message)
                    .expected("`connections` of engines where it is known, or no `tables`")
            })
        })
        .collect();
    if mistakes.is_empty() {
        Ok(roles)
    } else {
        Err(mistakes)
    }
}

/// What a role grants on a connection that nobody has configured, it grants to nobody: perhaps another name was meant.
fn unknown_connections(
    roles: &Result<Option<Roles>, Vec<Mistake>>,
    known: &[KnownConfiguration],
) -> Vec<Mistake> {
    // It is made when the server starts, where somebody wants it.
    const DEMO: &str = "demo";
    let names = || known.iter().map(|known| known.name.as_str());
    let granted = roles.iter().flatten().flat_map(Roles::named_connections);
    granted
        .filter(|(_, connection)| *connection != DEMO && !names().any(|name| name == *connection))
        .map(|(role, connection)| {
            let told = format!("There is no connection `{connection}` in this configuration.");
            Mistake::new(format!("roles.{role}.connections"), told)
                .did_you_mean(nearest(connection, names()))
        })
        .collect()
}

fn identity_of(
    reading: &mut FileReading,
    inputs: &Inputs<'_>,
    public_url: &str,
) -> Result<Option<IdentityOptions>, Vec<Mistake>> {
    if reading.unread {
        return Err(reading.mistakes.clone());
    }
    let section = reading
        .file
        .as_mut()
        .and_then(|file| file.sections.remove("identity"));
    let Some(node) = section else {
        return Ok(None);
    };
    let around = Surroundings {
        environment: inputs.environment,
        working_directory: inputs.working_directory,
        public_url: Some(public_url).filter(|url| !url.is_empty()),
    };
    identity::read(node, around)
        .map(Some)
        .inspect_err(|mistakes| reading.mistakes.extend(mistakes.iter().cloned()))
}

/// A default above its ceiling is no mistake: the ceiling may be lowered for all by whoever runs the server.
fn note_ceilings(known: &mut KnownConfiguration, settings: &Settings) {
    let Ok(config) = &known.outcome else {
        return;
    };
    let max_bytes = u64::try_from(config.max_bytes).unwrap_or(u64::MAX);
    for (parameter, value, ceiling, setting) in [
        (
            Parameter::MaxRows,
            config.max_rows,
            settings.max_rows_ceiling,
            "MCP_MAX_ROWS_CEILING",
        ),
        (
            Parameter::MaxBytes,
            max_bytes,
            settings.max_bytes_ceiling,
            "MCP_MAX_BYTES_CEILING",
        ),
    ] {
        if value > ceiling {
            known.notes.push(format!(
                "{} is above {setting}, so {} is what counts.",
                parameter.facts().key,
                whole_number(ceiling)
            ));
        }
    }
}

struct Loading {
    layers: BTreeMap<ConnectionName, Vec<Layer>>,
    mistakes: Vec<Mistake>,
    ignored: Vec<Ignored>,
    sources: Vec<String>,
    /// Connections of which the command line says two things.
    contradictions: BTreeMap<ConnectionName, Mistake>,
}

impl Loading {
    fn add(&mut self, name: ConnectionName, layer: Layer) {
        if !self.sources.contains(&layer.source) {
            self.sources.push(layer.source.clone());
        }
        self.layers.entry(name).or_default().push(layer);
    }

    fn add_file(&mut self, file: ConfigurationFile) {
        self.sources.push(file.name);
        for (name, layer) in file.connections {
            self.add(name, layer);
        }
    }

    /// Variables make a connection if they name its database, and complete one that a file has made.
    fn add_variables(&mut self, environment: &Environment) {
        let groups = Groups::of(environment);
        self.ignored.extend(groups.ignored);
        for (name, group) in groups.by_name {
            if group.names_a_database() || self.layers.contains_key(&name) {
                self.add(name, group.layer(environment));
            } else if let Some(ignored) = group.why_ignored() {
                self.ignored.push(ignored);
            }
        }
    }

    fn add_database_url(&mut self, environment: &Environment) {
        const VARIABLE: &str = "DATABASE_URL";
        if environment.is_unreadable(VARIABLE) {
            self.mistakes
                .push(Mistake::new(VARIABLE, "Is not valid UTF-8."));
        }
        if let Some(url) = environment.get_filled(VARIABLE) {
            self.add_url(
                ConnectionName::DEFAULT,
                VARIABLE,
                Layer::of_url(
                    "environment (DATABASE_URL)",
                    Origin::Operator,
                    VARIABLE,
                    GivenValue::text(url),
                ),
            );
        }
    }

    fn add_command_line(&mut self, urls: &[NamedUrl]) {
        let mut seen: Vec<String> = Vec::new();
        for NamedUrl { name, url } in urls {
            let name = name.as_deref().unwrap_or(ConnectionName::DEFAULT);
            let key = format!("--url {name}");
            if seen.iter().any(|other| other.eq_ignore_ascii_case(name)) {
                let mistake = Mistake::new(key, format!("A second URL for the connection {name}."))
                    .expected("another name, as in --url reports=postgres://…");
                // A name that cannot be one was told of with the first.
                if let Ok(name) = ConnectionName::new(name) {
                    self.contradictions.insert(name, mistake);
                }
                continue;
            }
            seen.push(name.to_owned());
            let layer = Layer::of_url(
                "command line",
                Origin::Operator,
                key.clone(),
                GivenValue::text(url.expose_secret()),
            );
            self.add_url(name, &key, layer);
        }
    }

    fn add_url(&mut self, name: &str, key: &str, layer: Layer) {
        match ConnectionName::new(name) {
            Ok(name) => self.add(name, layer),
            Err(failure) => self.mistakes.push(Mistake::new(key, failure.message)),
        }
    }

    /// A file that was merely found makes a connection alone or not at all: else it could lead the password of
    /// another source wherever it likes.
    fn add_found(&mut self, file: ConfigurationFile) {
        self.sources.insert(0, file.name.clone());
        for (name, layer) in file.connections {
            if let Some(others) = self.layers.get(&name) {
                let others: Vec<&str> = others.iter().map(|other| other.source.as_str()).collect();
                self.ignored.push(Ignored::new(
                    format!("connections.{name} in {}", file.name),
                    format!(
                        "It is given by {} too, and a file that was merely found is not mixed with other sources. Name \
                         the file with --config or DATABASE_CONFIG_PATH to have it count.",
                        others.join(" and ")
                    ),
                ));
            } else {
                self.layers.insert(name, vec![layer]);
            }
        }
    }
}
