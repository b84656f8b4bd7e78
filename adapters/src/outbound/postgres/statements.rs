//! The statements that a session has prepared, by their text.
//!
//! The driver names prepared statements by a counter that it does not show. We count along, and before the first
//! use of a name compare the text that the server holds under it with the client's.

use std::{collections::HashMap, sync::Arc};

use domain::query::Column;

use super::types::TypeFacts;

/// Beyond these, all are forgotten: no statement is worth remembering for ever.
const MAX_STATEMENTS: usize = 200;
const MAX_BYTES: usize = 4 << 20;

#[derive(Debug)]
pub(super) struct Prepared {
    /// What the server knows it by.
    pub(super) name: String,
    pub(super) parameters: Vec<TypeFacts>,
    /// For an answer without rows, which does not show them; empty for a statement that returns none.
    pub(super) columns: Vec<Column>,
    /// The driver does not know of it and will not close it.
    pub(super) orphan: bool,
}

#[derive(Debug)]
pub(super) struct Known {
    pub(super) prepared: Arc<Prepared>,
    /// The server was seen to hold the client's text under the name.
    pub(super) verified: bool,
}

#[derive(Debug)]
pub(super) struct Statements {
    known: HashMap<String, Known>,
    bytes: usize,
    /// The number in the name that the driver gives next.
    next: u32,
}

impl Default for Statements {
    fn default() -> Self {
        Self {
            known: HashMap::new(),
            bytes: 0,
            next: 1,
        }
    }
}

impl Statements {
    /// The name that the driver is about to give. To be called for every text that it does not know, whether or not
    /// preparing succeeds.
    pub(super) fn take_name(&mut self) -> String {
        let name = format!("sqlx_s_{}", self.next);
        self.next = self.next.checked_add(1).unwrap_or(1);
        name
    }

    pub(super) fn get(&mut self, sql: &str) -> Option<&mut Known> {
        self.known.get_mut(sql)
    }

    pub(super) fn insert(
        &mut self,
        sql: &str,
        prepared: Prepared,
        verified: bool,
    ) -> Arc<Prepared> {
        let prepared = Arc::new(prepared);
        self.bytes += sql.len();
        self.known.insert(
            sql.to_owned(),
            Known {
                prepared: Arc::clone(&prepared),
                verified,
            },
        );
        prepared
    }

    pub(super) fn are_too_many(&self) -> bool {
        self.known.len() >= MAX_STATEMENTS || self.bytes >= MAX_BYTES
    }

    /// Forgets all of them; returns the names of those that nobody else closes.
    pub(super) fn forget(&mut self) -> Vec<String> {
        self.bytes = 0;
        self.known
            .drain()
            .filter(|(_, known)| known.prepared.orphan)
            .map(|(_, known)| known.prepared.name.clone())
            .collect()
    }
}
