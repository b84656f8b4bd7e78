//! The files that connections name: looked at by `check`, and by nobody before a connection is opened.

use std::{fs::File, path::Path};

use domain::connection::{
    ConnectionConfig, KnownConfiguration, Mistake, Password, parameters::Parameter,
};

use super::Configuration;

impl Configuration {
    /// Turns a configuration whose files cannot be read into an invalid one.
    pub fn look_at_files(&mut self, working_directory: &Path) {
        for known in &mut self.known {
            let Ok(config) = &known.outcome else {
                continue;
            };
            let mistakes: Vec<Mistake> = files_of(config)
                .filter_map(|(parameter, path)| {
                    unreadable(known, parameter, &working_directory.join(path))
                })
                .collect();
            if !mistakes.is_empty() {
                known.outcome = Err(mistakes);
            }
        }
    }
}

fn files_of(config: &ConnectionConfig) -> impl Iterator<Item = (Parameter, &Path)> {
    let password = match &config.password {
        Some(Password::File(path)) => Some(path.as_path()),
        _ => None,
    };
    [
        (Parameter::PasswordFile, password),
        (Parameter::SslCa, config.tls.ca.as_deref()),
        (Parameter::SslCert, config.tls.certificate.as_deref()),
        (Parameter::SslKey, config.tls.key.as_deref()),
    ]
    .into_iter()
    .filter_map(|(parameter, path)| Some((parameter, path?)))
}

fn unreadable(known: &KnownConfiguration, parameter: Parameter, path: &Path) -> Option<Mistake> {
    let key = known
        .exported
        .get(parameter)
        .map_or(parameter.facts().key, |exported| exported.key.as_str());
    let told = match File::open(path).and_then(|file| file.metadata()) {
        Ok(metadata) if metadata.is_dir() => "it is a folder".to_owned(),
        Ok(_) => return None,
        Err(error) => error.to_string(),
    };
    Some(Mistake::new(
        key,
        format!("The file {} cannot be read: {told}.", path.display()),
    ))
}
