//! What is asked of the schemas of a connection: the database's own and those of the files that the operator has
//! attached to it.

use std::{
    ffi::{CStr, CString},
    sync::Arc,
};

use domain::connection::Attached;

/// Our own texts, made once a session.
#[derive(Debug)]
pub(super) struct Questions {
    /// The version of each schema, as its file says it now.
    pub(super) versions: Arc<str>,
    /// How each file is written: `wal`, `memory` for one that is none, or a word for a journal beside it.
    pub(super) journals: Arc<str>,
    /// The text of every object.
    pub(super) texts: Arc<CStr>,
}

impl Questions {
    pub(super) fn of(attached: &[Attached]) -> Self {
        // The names were checked to be ones.
        let of_each = |ask: fn(&str) -> String, between: &str| {
            let names = attached.iter().map(|one| one.name.as_str());
            let asked: Vec<String> = ["main"].into_iter().chain(names).map(ask).collect();
            asked.join(between)
        };
        let version = |name: &str| format!("PRAGMA \"{name}\".schema_version");
        let journal = |name: &str| format!("PRAGMA \"{name}\".journal_mode");
        let text = |name: &str| format!("SELECT sql FROM \"{name}\".sqlite_schema");
        Self {
            versions: of_each(version, ";").into(),
            journals: of_each(journal, ";").into(),
            texts: CString::new(of_each(text, " UNION ALL "))
                .unwrap_or_default()
                .into(),
        }
    }
}
