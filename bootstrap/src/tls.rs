//! From settings to the certificate that clients are shown.

use std::{path::Path, sync::Arc};

use adapters::inbound::http::{Tls, TlsFiles};
use domain::{Failure, connection::Mistake};

use crate::{
    configuration::Configuration,
    reload::{Apply, Reloadable},
    settings::Settings,
};

const CERTIFICATE: &str = "MCP_HTTP_TLS_CERT";
const KEY: &str = "MCP_HTTP_TLS_KEY";

/// What the settings name; `None` where they name nothing. Paths begin at the working directory.
pub fn tls(settings: &Settings, working_directory: &Path) -> Result<Option<Arc<Tls>>, Failure> {
    let (certificate, key) = (&settings.http_tls_cert, &settings.http_tls_key);
    match (certificate.as_str(), key.as_str()) {
        ("", "") => Ok(None),
        ("", _) => Err(alone(KEY, CERTIFICATE)),
        (_, "") => Err(alone(CERTIFICATE, KEY)),
        (certificate, key) => {
            let files = TlsFiles {
                certificate: working_directory.join(certificate),
                key: working_directory.join(key),
            };
            let loaded = Tls::load(files).map_err(|why| unusable(&why))?;
            Ok(Some(Arc::new(loaded)))
        }
    }
}

/// One of two settings that are nothing without each other.
pub(crate) fn alone(given: &str, missing: &str) -> Failure {
    Failure::invalid_argument(format!("{given} is of no use without {missing}."))
        .with_hint("Give both, or neither.")
}

fn unusable(why: &str) -> Failure {
    Failure::invalid_argument(format!("The certificate for HTTP cannot be used: {why}."))
        .with_hint(format!("See to {CERTIFICATE} and {KEY}."))
}

/// A certificate that was renewed is shown to whoever connects from then on.
#[derive(Debug)]
pub struct ReloadedCertificate(pub Arc<Tls>);

impl Reloadable for ReloadedCertificate {
    fn prepare(&self, _: &Configuration) -> Result<Apply, Vec<Mistake>> {
        match self.0.read_again() {
            Ok(ready) => {
                let tls = Arc::clone(&self.0);
                Ok(Box::new(move || tls.replace(ready)))
            }
            Err(why) => Err(vec![Mistake::new(
                CERTIFICATE,
                format!("Cannot be used: {why}."),
            )]),
        }
    }
}
