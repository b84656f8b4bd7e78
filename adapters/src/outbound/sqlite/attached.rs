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
    pub(super) versions: Arc<[Arc<str>]>,
    /// How each file is written: `wal`, `memory` for one that is none, or a word for a journal beside it.
    pub(super) journals: Arc<[Arc<str>]>,
    /// The text of every object.
    pub(super) texts: Arc<CStr>,
}

impl Questions {
    pub(super) fn of(attached: &[Attached]) -> Self {
        // The names were checked to be ones.
        let names = || {
            let attached = attached.iter().map(|one| one.name.as_str());
            ["main"].into_iter().chain(attached)
        };
        let each = |ask: fn(&str) -> String| names().map(ask).map(Arc::from).collect();
        let version = |name: &str| format!("PRAGMA \"{name}\".schema_version");
        let journal = |name: &str| format!("PRAGMA \"{name}\".journal_mode");
        let text = |name: &str| format!("SELECT sql FROM \"{name}\".sqlite_schema");
        Self {
            versions: each(version),
            journals: each(journal),
            texts: CString::new(names().map(text).collect::<Vec<_>>().join(" UNION ALL "))
                .unwrap_or_default()
                .into(),
        }
    }
}
