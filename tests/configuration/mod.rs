//! What is configured, from sources to effective values and mistakes, through the public functions.

mod check;
mod files;
mod found_files;
mod identity;
mod masks;
mod passwords;
mod secrets;
mod settings;
mod variables;

use std::path::{Path, PathBuf};

use adapters::outbound::ENGINES;
use bootstrap::{
    configuration::{Configuration, Inputs, NamedUrl},
    environment::Environment,
};
use domain::connection::{Address, ConnectionConfig, EngineFacts, KnownConfiguration, Password};
use secrecy::ExposeSecret;
use support::databases::unique;

/// A working directory of one test's own, and what the process is started with.
pub(crate) struct Setup {
    folder: PathBuf,
    pub(crate) environment: Environment,
    config: Option<PathBuf>,
    pub(crate) urls: Vec<NamedUrl>,
    tools: Option<String>,
}

impl Drop for Setup {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.folder);
    }
}

impl Setup {
    pub(crate) fn new() -> Self {
        let folder = std::env::temp_dir().join(unique("portolan_configuration"));
        std::fs::create_dir(&folder).unwrap();
        Self {
            folder,
            environment: Environment::default(),
            config: None,
            urls: Vec::new(),
            tools: None,
        }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.environment = std::mem::take(&mut self.environment).with(name, value);
        self
    }

    pub(crate) fn variables(self, pairs: &[(&str, &str)]) -> Self {
        pairs
            .iter()
            .fold(self, |setup, (name, value)| setup.with(name, value))
    }

    pub(crate) fn with_file(self, name: &str, text: &str) -> Self {
        std::fs::write(self.folder.join(name), text).unwrap();
        self
    }

    /// A file that is there and named by `--config`.
    pub(crate) fn with_named_file(mut self, name: &str, text: &str) -> Self {
        self.config = Some(PathBuf::from(name));
        self.with_file(name, text)
    }

    pub(crate) fn with_url(mut self, name: Option<&str>, url: &str) -> Self {
        self.urls.push(NamedUrl {
            name: name.map(str::to_owned),
            url: url.to_owned().into(),
        });
        self
    }

    pub(crate) fn load(&self) -> Configuration {
        let engines: Vec<EngineFacts> = ENGINES.iter().map(|engine| engine.facts).collect();
        self.load_for(&engines)
    }

    /// As if there were these engines.
    pub(crate) fn load_for(&self, engines: &[EngineFacts]) -> Configuration {
        Configuration::load(&Inputs {
            environment: &self.environment,
            working_directory: &self.folder,
            config: self.config.as_deref().map(Path::new),
            urls: &self.urls,
            tools: self.tools.as_deref(),
            http: None,
            engines,
        })
    }
}

/// Each configuration as `name = engine user password address database`, or its mistakes.
fn told(configuration: &Configuration) -> Vec<String> {
    configuration
        .known
        .iter()
        .flat_map(|known| match &known.outcome {
            Ok(config) => vec![format!("{} = {}", known.name, config_told(config))],
            Err(mistakes) => mistakes
                .iter()
                .map(|mistake| format!("{} ! {mistake}", known.name))
                .collect(),
        })
        .collect()
}

fn config_told(config: &ConnectionConfig) -> String {
    let address = match &config.address {
        Address::Tcp { host, port } => format!("{host}:{port}"),
        Address::Socket { path, port } => format!("socket {}:{port}", path.display()),
        Address::File(path) => format!("file {}", path.display()),
        Address::Memory => "memory".to_owned(),
    };
    let password = match &config.password {
        Some(Password::Given(secret)) => secret.expose_secret().to_owned(),
        Some(Password::File(path)) => format!("file {}", path.display()),
        None => "-".to_owned(),
    };
    format!(
        "{} {} {password} {address} {}",
        config.engine.name,
        config.user.as_deref().unwrap_or("-"),
        config.database.as_deref().unwrap_or("-")
    )
}

fn known<'a>(configuration: &'a Configuration, name: &str) -> &'a KnownConfiguration {
    configuration
        .known
        .iter()
        .find(|known| known.name.as_str() == name)
        .unwrap_or_else(|| panic!("{name} is not known"))
}

fn strings<T: ToString>(items: &[T]) -> Vec<String> {
    items.iter().map(ToString::to_string).collect()
}
