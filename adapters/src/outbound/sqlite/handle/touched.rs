//! What `SQLite` asks the authorizer about while it prepares a statement: every table that is read, by the statement or
//! by a view in it.

use std::{
    cell::RefCell,
    collections::BTreeSet,
    ffi::{c_char, c_int},
};

use libsqlite3_sys as ffi;

use super::copied;

/// Names as `SQLite` has them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::outbound::sqlite) struct Touched {
    /// Schema and name. Without a schema for what gives no column to the statement and is named without one: a table, or
    /// a common table expression.
    pub(in crate::outbound::sqlite) tables: BTreeSet<(Option<String>, String)>,
    /// A pragma, a change of rows or a name that is not UTF-8: more than reading tables.
    pub(in crate::outbound::sqlite) more: bool,
}

thread_local! {
    static TOUCHED: RefCell<Option<Touched>> = const { RefCell::new(None) };
}

/// From here on it is noted what the statements touch that this thread prepares.
pub(super) fn begin() {
    TOUCHED.with_borrow_mut(|touched| *touched = Some(Touched::default()));
}

/// What was noted since [`begin`].
pub(super) fn end() -> Touched {
    TOUCHED.with_borrow_mut(Option::take).unwrap_or_default()
}

/// # Safety
/// Both are null or point to texts that end with a NUL and stay where they are during the call.
pub(super) unsafe fn note(action: c_int, first: *const c_char, database: *const c_char) {
    TOUCHED.with_borrow_mut(|touched| {
        let Some(touched) = touched else {
            return;
        };
        match action {
            ffi::SQLITE_SELECT | ffi::SQLITE_FUNCTION | ffi::SQLITE_RECURSIVE => {}
            ffi::SQLITE_READ => {
                // SAFETY: the caller vouches for it.
                let names = unsafe { (copied(first), copied(database)) };
                if let (Ok(Some(table)), Ok(schema)) = names {
                    touched.tables.insert((schema, table));
                } else {
                    touched.more = true;
                }
            }
            _ => touched.more = true,
        }
    });
}
