//! The roles in force.

use std::sync::{Arc, PoisonError, RwLock};

use domain::{
    access::{Grant, Roles},
    calls::Caller,
};

/// Says what a caller may do: everything while no roles are configured. Only the operator replaces them, and a call
/// that has begun keeps the grant that it began with.
#[derive(Debug, Default)]
pub struct Access(RwLock<Option<Arc<Roles>>>);

impl Access {
    pub fn new(roles: Option<Roles>) -> Self {
        Self(RwLock::new(roles.map(Arc::new)))
    }

    pub fn grant(&self, caller: &Caller) -> Grant {
        let roles = self
            .0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        roles.map_or_else(Grant::everything, |roles| roles.grant(caller))
    }

    /// Whether anybody is kept from anything.
    pub fn has_roles(&self) -> bool {
        let roles = self.0.read().unwrap_or_else(PoisonError::into_inner);
        roles.is_some()
    }

    /// From the next call on these are in force.
    pub fn replace(&self, roles: Option<Roles>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = roles.map(Arc::new);
    }
}
