//! Roles that are put in force while the server runs.

use std::sync::Arc;

use application::access::Access;
use domain::connection::Mistake;

use crate::{
    configuration::Configuration,
    reload::{Apply, Reloadable},
};

/// The roles that the server asks at each call.
#[derive(Debug)]
pub struct ReloadedRoles(pub Arc<Access>);

impl Reloadable for ReloadedRoles {
    fn prepare(&self, configuration: &Configuration) -> Result<Apply, Vec<Mistake>> {
        if configuration.unread {
            return Err(configuration.mistakes.clone());
        }
        let roles = configuration.roles.clone()?;
        if roles.is_none() && self.0.has_roles() {
            return Err(vec![
                Mistake::new(
                    "roles",
                    "Are gone, and with them every limit of what callers may do.",
                )
                .expected("a restart, if that is meant"),
            ]);
        }
        let access = Arc::clone(&self.0);
        Ok(Box::new(move || access.replace(roles)))
    }
}
