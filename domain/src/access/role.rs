//! A role as the operator writes it.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use super::{Allowed, Grant, Pattern, TableRules, Tables, When};
use crate::calls::Caller;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    pub name: String,
    pub when: When,
    /// Of those that are configured.
    pub connections: Vec<Pattern>,
    /// Names of tools.
    pub tools: BTreeSet<String>,
    /// `None` for all tables of its connections.
    pub tables: Option<TableRules>,
    /// Functions that may be called although they could read any table.
    pub functions: Vec<Pattern>,
    pub read_only: bool,
    /// Of an answer.
    pub max_rows: Option<u64>,
    /// Of a statement.
    pub max_time: Option<Duration>,
    /// Whether it may close what others use, and put configurations in place of the operator's.
    pub manages_connections: bool,
}

impl Role {
    /// Whether it has this tool, or any.
    pub(super) fn offers(&self, tool: Option<&str>) -> bool {
        tool.map_or(!self.tools.is_empty(), |tool| self.tools.contains(tool))
    }

    pub(super) fn reaches(&self, connection: &str) -> bool {
        self.connections
            .iter()
            .any(|pattern| pattern.matches(connection))
    }

    pub(super) fn allowed(&self) -> Allowed {
        Allowed {
            read_only: self.read_only,
            max_rows: self.max_rows,
            max_time: self.max_time,
            tables: self.tables.as_ref().map(|rules| Tables {
                rules: vec![rules.clone()],
                functions: self.functions.clone(),
            }),
        }
    }
}

/// Every role there is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roles {
    /// In the order in which they were written.
    roles: Vec<Arc<Role>>,
    /// Of whoever started this process.
    local: Option<Arc<Role>>,
}

impl Roles {
    /// The name of the role of whoever started this process. Nobody else has it, whatever their claims.
    pub const LOCAL: &'static str = "local";

    pub fn new(roles: impl IntoIterator<Item = Role>) -> Self {
        let (local, roles): (Vec<_>, Vec<_>) = roles
            .into_iter()
            .map(Arc::new)
            .partition(|role| role.name == Self::LOCAL);
        Self {
            roles,
            local: local.into_iter().next(),
        }
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        let roles = self.roles.iter().chain(&self.local);
        roles.map(|role| role.name.as_str())
    }

    /// The names of those with rules about tables that reach this connection.
    pub fn with_tables_on(&self, connection: &str) -> impl Iterator<Item = &str> {
        let roles = self.roles.iter().chain(&self.local);
        roles
            .filter(move |role| role.tables.is_some() && role.reaches(connection))
            .map(|role| role.name.as_str())
    }

    /// The connections that roles name, each with its role; not those that they mean by stars.
    pub fn named_connections(&self) -> impl Iterator<Item = (&str, &str)> {
        let roles = self.roles.iter().chain(&self.local);
        roles.flat_map(|role| {
            let patterns = role.connections.iter().map(Pattern::as_str);
            let named = patterns.filter(|pattern| !pattern.contains('*'));
            named.map(|connection| (role.name.as_str(), connection))
        })
    }

    /// What somebody may do: nothing, unless a role says so.
    pub fn grant(&self, caller: &Caller) -> Grant {
        if caller.is_local {
            return match &self.local {
                Some(role) => Grant::of(vec![Arc::clone(role)]),
                None => Grant::everything(),
            };
        }
        Grant::of(
            self.roles
                .iter()
                .filter(|role| role.when.holds(caller))
                .map(Arc::clone)
                .collect(),
        )
    }
}
