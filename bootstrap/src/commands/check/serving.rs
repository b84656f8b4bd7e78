//! What is written as it should be, and would keep `serve` from starting all the same: files and addresses that settings name.
//!
//! Nothing is made, opened for writing or listened on.

use std::path::Path;

use adapters::outbound::AuditTarget;
use domain::{Failure, connection::Mistake};

use crate::{
    assembly::audit_key, configuration::Configuration, http::open_to_everybody, mask_key,
    settings::Settings, shared_store::shared_store, tls::tls,
};

/// Each as `serve` would tell it.
pub(super) fn mistakes(configuration: &Configuration, working_directory: &Path) -> Vec<Mistake> {
    let Ok(settings) = &configuration.settings else {
        return Vec::new();
    };
    let masks = mask_key::give(&mut configuration.known.clone(), &settings.mask_key_file);
    [
        open(settings, configuration),
        tls(settings, working_directory).map(drop),
        shared_store(settings, working_directory).map(drop),
        masks.map(drop),
        audit(settings, working_directory),
    ]
    .into_iter()
    .filter_map(Result::err)
    .map(|failure| {
        let told = match &failure.hint {
            Some(hint) => format!("{} {hint}", failure.message),
            None => failure.message,
        };
        Mistake::new("serve", told)
    })
    .collect()
}

fn open(settings: &Settings, configuration: &Configuration) -> Result<(), Failure> {
    match settings.http_address.map(|address| address.ip()) {
        Some(address) if !address.is_loopback() && matches!(configuration.identity, Ok(None)) => {
            Err(open_to_everybody(address))
        }
        _ => Ok(()),
    }
}

fn audit(settings: &Settings, working_directory: &Path) -> Result<(), Failure> {
    if !settings.audit_key_file.is_empty() {
        audit_key(&working_directory.join(&settings.audit_key_file))
            .map_err(Failure::invalid_argument)?;
    }
    let Some(AuditTarget::File(path)) = &settings.audit_file else {
        return Ok(());
    };
    let path = working_directory.join(path);
    let unusable = |why: &str| {
        Failure::invalid_argument(format!(
            "The audit (MCP_AUDIT_FILE) cannot be opened: {why}."
        ))
        .with_hint("Each process needs a file of its own, in a folder that is there.")
    };
    if path.is_dir() {
        return Err(unusable("it is a folder"));
    }
    if path.parent().is_some_and(|folder| !folder.is_dir()) {
        return Err(unusable("its folder is not there"));
    }
    Ok(())
}
