//! From settings to the store that several processes share.

use std::path::Path;

use adapters::outbound::{SharedStore, StoreTls};
use domain::Failure;

use crate::{settings::Settings, tls::alone};

const AUTHORITIES: &str = "MCP_REDIS_CA";
const CERTIFICATE: &str = "MCP_REDIS_CERT";
const KEY: &str = "MCP_REDIS_KEY";

/// What the settings name; `None` where they name nothing. Paths begin at the working directory.
pub(crate) fn shared_store(
    settings: &Settings,
    working_directory: &Path,
) -> Result<Option<SharedStore>, Failure> {
    let read = |name, file: &str| match file {
        "" => Ok(None),
        file => read(name, &working_directory.join(file)).map(Some),
    };
    let authorities = read(AUTHORITIES, &settings.redis_ca)?;
    let certificate = read(CERTIFICATE, &settings.redis_cert)?;
    let key = read(KEY, &settings.redis_key)?;
    let shown = match (certificate, key) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        (Some(_), None) => return Err(alone(CERTIFICATE, KEY)),
        (None, Some(_)) => return Err(alone(KEY, CERTIFICATE)),
    };
    let is_given = authorities.is_some() || shown.is_some();
    match settings.redis_url.expose() {
        Some(url) if is_given && !url.starts_with("rediss:") => Err(Failure::invalid_argument(
            "Files for TLS are given, but MCP_REDIS_URL speaks none.",
        )
        .with_hint(
            "Begin it with rediss://, or leave MCP_REDIS_CA, MCP_REDIS_CERT and MCP_REDIS_KEY out.",
        )),
        Some(url) => SharedStore::new(url, StoreTls { authorities, shown }).map(Some),
        None if is_given => Err(alone("A file for TLS with Redis", "MCP_REDIS_URL")),
        None => Ok(None),
    }
}

fn read(name: &str, file: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(file).map_err(|error| {
        Failure::invalid_argument(format!("{name} names a file that cannot be read: {error}."))
            .with_hint("Name a file that this process may read.")
    })
}
