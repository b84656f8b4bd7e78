//! From what is configured to whoever finds out who calls.

use std::sync::Arc;

use adapters::inbound::http::identity::Identity;
use domain::connection::Mistake;

use crate::{
    configuration::Configuration,
    reload::{Apply, Reloadable},
};

/// Finds out who calls; `None` if nothing is configured that could.
///
/// What is wrong with it must keep a server from being reached over a network, rather than have it let in anybody.
pub fn identity(configuration: &Configuration) -> Result<Option<Arc<Identity>>, Vec<Mistake>> {
    let options = configuration.identity.clone()?;
    Ok(options.map(|options| Arc::new(Identity::new(options))))
}

/// Stands where nobody has to sign in, which can only change by a restart: nobody should think that it has.
#[derive(Debug)]
pub struct NobodySignsIn;

impl Reloadable for NobodySignsIn {
    fn prepare(&self, configuration: &Configuration) -> Result<Apply, Vec<Mistake>> {
        match configuration.identity.clone()? {
            None => Ok(Box::new(|| {})),
            Some(_) => Err(vec![
                Mistake::new("identity", "Is new, and nobody has to sign in yet.")
                    .expected("a restart, from which on it counts"),
            ]),
        }
    }
}

/// Tokens that are taken out of the file let nobody in any more, from the next request on.
#[derive(Debug)]
pub struct ReloadedIdentity(pub Arc<Identity>);

impl Reloadable for ReloadedIdentity {
    fn prepare(&self, configuration: &Configuration) -> Result<Apply, Vec<Mistake>> {
        let options = configuration.identity.clone()?.ok_or_else(|| {
            vec![
                Mistake::new(
                    "identity",
                    "Is gone, and with it everybody who may sign in.",
                )
                .expected("a restart, if that is meant"),
            ]
        })?;
        let identity = Arc::clone(&self.0);
        Ok(Box::new(move || identity.replace(options)))
    }
}
