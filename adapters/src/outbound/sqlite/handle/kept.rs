//! Statements that stay prepared between runs, and running one.

use std::{
    ffi::{c_char, c_int},
    num::NonZeroUsize,
    ptr, slice,
    sync::Arc,
};

use libsqlite3_sys as ffi;
use lru::LruCache;
use sqlx::sqlite::LockedSqliteHandle;

use super::{super::failure::Fault, Statement, last_fault};

/// The encoding of texts, in the width that binding one wants.
const UTF8: u8 = {
    assert!(ffi::SQLITE_UTF8 == 1);
    1
};

/// A value to bind.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) enum Bound {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
}

/// A value of a row, by its storage class. Text may be no UTF-8.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in super::super) enum Stored<'row> {
    Null,
    Int(i64),
    Real(f64),
    Text(&'row [u8]),
    Blob(&'row [u8]),
}

/// What a statement is run with.
#[derive(Debug, Clone)]
pub(in super::super) struct Running {
    pub(in super::super) sql: Arc<str>,
    /// Whether it stays prepared.
    pub(in super::super) keep: bool,
    pub(in super::super) values: Vec<Bound>,
    /// Which of the values each parameter takes, from 0.
    pub(in super::super) positions: Arc<[usize]>,
}

/// What a statement that came to its end has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in super::super) struct Done {
    /// Rows that it changed itself; triggers' do not count.
    pub(in super::super) changes: u64,
    /// The last row that the connection has inserted.
    pub(in super::super) last_row: i64,
}

/// The statements of one connection that stay prepared. To be dropped before the connection is closed.
pub(in super::super) struct Kept(LruCache<Arc<str>, Statement>);

impl Kept {
    pub(in super::super) fn new(most: NonZeroUsize) -> Self {
        Self(LruCache::new(most))
    }

    /// Runs a statement and shows each row until `row` wants no more; `None` then, and it is left in the middle.
    pub(in super::super) fn run(
        &mut self,
        handle: &mut LockedSqliteHandle<'_>,
        running: &Running,
        mut row: impl FnMut(Row<'_>) -> bool,
    ) -> Result<Option<Done>, Fault> {
        let database = handle.as_raw_handle().as_ptr();
        let prepared = match self.0.pop(&running.sql) {
            Some(kept) => kept,
            None => prepare(database, &running.sql, running.keep)?,
        };
        let ran = Reset(&prepared).run(database, running, &mut row);
        // One that failed may have been prepared for a schema that is gone.
        if running.keep && ran.is_ok() {
            self.0.put(Arc::clone(&running.sql), prepared);
        }
        ran
    }
}

fn prepare(database: *mut ffi::sqlite3, sql: &str, keep: bool) -> Result<Statement, Fault> {
    let flags = if keep {
        ffi::SQLITE_PREPARE_PERSISTENT
    } else {
        0
    };
    let length = c_int::try_from(sql.len()).unwrap_or(c_int::MAX);
    let text: *const c_char = sql.as_ptr().cast();
    let mut statement = ptr::null_mut();
    // SAFETY: our caller has locked the connection, `text` has `length` bytes, and the out-pointer is ours.
    let status = unsafe {
        ffi::sqlite3_prepare_v3(
            database,
            text,
            length,
            flags,
            &raw mut statement,
            ptr::null_mut(),
        )
    };
    let statement = Statement(statement);
    if status == ffi::SQLITE_OK {
        Ok(statement)
    } else {
        Err(last_fault(database, status))
    }
}

/// A statement that is run: whatever comes of it, nothing of it is left when this is dropped.
struct Reset<'a>(&'a Statement);

impl Drop for Reset<'_> {
    fn drop(&mut self) {
        // SAFETY: the statement is alive and its connection is locked.
        unsafe {
            ffi::sqlite3_reset(self.0.0);
            ffi::sqlite3_clear_bindings(self.0.0);
        }
    }
}

impl Reset<'_> {
    fn run(
        &self,
        database: *mut ffi::sqlite3,
        running: &Running,
        row: &mut impl FnMut(Row<'_>) -> bool,
    ) -> Result<Option<Done>, Fault> {
        self.bind(database, running)?;
        loop {
            // SAFETY: the statement is alive and its connection is locked.
            let status = unsafe { ffi::sqlite3_step(self.0.0) };
            match status {
                ffi::SQLITE_ROW => {
                    if !row(Row::of(self.0)) {
                        return Ok(None);
                    }
                }
                ffi::SQLITE_DONE => {
                    // SAFETY: the connection is open and locked.
                    let (changes, last_row) = unsafe {
                        (
                            ffi::sqlite3_changes64(database),
                            ffi::sqlite3_last_insert_rowid(database),
                        )
                    };
                    return Ok(Some(Done {
                        changes: u64::try_from(changes).unwrap_or_default(),
                        last_row,
                    }));
                }
                status => return Err(last_fault(database, status)),
            }
        }
    }

    fn bind(&self, database: *mut ffi::sqlite3, running: &Running) -> Result<(), Fault> {
        for (parameter, position) in (1..).zip(running.positions.iter()) {
            let Some(value) = running.values.get(*position) else {
                continue;
            };
            // SAFETY: the statement is alive, its connection is locked, and it does not run; a text is copied.
            let status = unsafe {
                match value {
                    Bound::Null => ffi::sqlite3_bind_null(self.0.0, parameter),
                    Bound::Int(number) => ffi::sqlite3_bind_int64(self.0.0, parameter, *number),
                    Bound::Real(number) => ffi::sqlite3_bind_double(self.0.0, parameter, *number),
                    Bound::Text(text) => ffi::sqlite3_bind_text64(
                        self.0.0,
                        parameter,
                        text.as_ptr().cast(),
                        text.len() as u64,
                        ffi::SQLITE_TRANSIENT(),
                        UTF8,
                    ),
                }
            };
            if status != ffi::SQLITE_OK {
                return Err(last_fault(database, status));
            }
        }
        Ok(())
    }
}

/// The row that a statement stands on.
pub(in super::super) struct Row<'row> {
    statement: &'row Statement,
    columns: c_int,
}

impl<'row> Row<'row> {
    fn of(statement: &'row Statement) -> Self {
        // SAFETY: the statement is alive and its connection is locked.
        let columns = unsafe { ffi::sqlite3_column_count(statement.0) };
        Self { statement, columns }
    }

    /// Not those that were prepared, if the schema has changed in between.
    pub(in super::super) fn columns(&self) -> usize {
        usize::try_from(self.columns).unwrap_or_default()
    }

    pub(in super::super) fn values(&self) -> impl Iterator<Item = Stored<'_>> {
        (0..self.columns).map(|index| self.value(index))
    }

    /// `index` is in range.
    fn value(&self, index: c_int) -> Stored<'_> {
        let statement = self.statement.0;
        // SAFETY (all of this function): the statement is alive, stands on a row and does not go on as long as this row
        // is borrowed; the index is in range; the class is asked for before anything could convert the value, and a
        // pointer before its length.
        unsafe {
            match ffi::sqlite3_column_type(statement, index) {
                ffi::SQLITE_INTEGER => Stored::Int(ffi::sqlite3_column_int64(statement, index)),
                ffi::SQLITE_FLOAT => Stored::Real(ffi::sqlite3_column_double(statement, index)),
                ffi::SQLITE_TEXT => {
                    let text = ffi::sqlite3_column_text(statement, index);
                    Stored::Text(bytes(text, ffi::sqlite3_column_bytes(statement, index)))
                }
                ffi::SQLITE_BLOB => {
                    let blob = ffi::sqlite3_column_blob(statement, index).cast();
                    Stored::Blob(bytes(blob, ffi::sqlite3_column_bytes(statement, index)))
                }
                _ => Stored::Null,
            }
        }
    }
}

/// # Safety
/// `start` is null, or `length` bytes from there stay as they are for as long as what is returned.
unsafe fn bytes<'row>(start: *const u8, length: c_int) -> &'row [u8] {
    match usize::try_from(length) {
        // SAFETY: the caller vouches for it.
        Ok(length) if !start.is_null() => unsafe { slice::from_raw_parts(start, length) },
        _ => &[],
    }
}
