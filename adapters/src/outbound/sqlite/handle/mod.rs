//! `SQLite`'s C interface, for what the driver has no words for: hardening a connection, looking at a statement before it
//! runs, and running it without a copy of each value and a message for each row.
//!
//! This is the only module with unsafe code. Every function that takes a handle takes the driver's lock on the connection, which keeps
//! the driver's own thread off it, and leaves no statement behind but those in [`Kept`].
#![expect(
    unsafe_code,
    reason = "the driver offers neither limits, configuration and authorizer nor the end of the first statement, and hands over each row by itself"
)]

mod kept;
mod stack;
mod touched;

use std::{
    cell::RefCell,
    ffi::{CStr, CString, c_char, c_int, c_void},
    path::Path,
    ptr,
    str::Utf8Error,
};

use domain::connection::Access;
use libsqlite3_sys as ffi;
use sqlx::sqlite::LockedSqliteHandle;

pub(super) use self::{
    kept::{Bound, Done, Kept, Row, Running, Stored},
    stack::{guard_stack, use_stack},
    touched::Touched,
};
use super::{failure::Fault, functions, pragmas};

/// The longest text or blob, and the longest row of a table.
const MAX_VALUE_BYTES: c_int = 64 * 1024 * 1024;
/// The longest pattern of LIKE and GLOB. Each wildcard takes time, which nothing can interrupt, and is a level of recursion:
/// tens of thousands of them overflow the stack of the thread, which ends the process.
const MAX_PATTERN_BYTES: c_int = 1_000;
/// Above what a caller may send, so that ours is the refusal that is seen.
const MAX_SQL_BYTES: c_int = 1024 * 1024;

/// The most memory of all connections together. A statement may hold as many of the longest values as it has columns.
const MAX_HEAP_BYTES: i64 = 512 * 1024 * 1024;

/// A statement as `SQLite` sees it.
#[derive(Debug)]
pub(super) struct Prepared {
    /// Whether it leaves the database file as it is.
    pub(super) reads_only: bool,
    /// Name and declared type of each column; an expression has no declared type.
    pub(super) columns: Vec<(String, Option<String>)>,
    /// Which column of which table in which database each column is; `None` for an expression.
    pub(super) origins: Vec<Option<Origin>>,
    /// The name of each parameter as written (`?2`, `:id`), `None` for a bare `?` or a number that was passed over.
    pub(super) parameters: Vec<Option<String>>,
    /// How many bytes of the text the statement took.
    pub(super) length: usize,
    /// Whatever it reads, by itself or through views.
    pub(super) touched: Touched,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Origin {
    pub(super) database: String,
    pub(super) table: String,
    pub(super) column: String,
}

thread_local! {
    /// What the statement that this thread prepares would read, while somebody wants to know.
    static READS: RefCell<Option<Vec<Origin>>> = const { RefCell::new(None) };
}

/// Notes a column that a statement would read. False if it cannot be told.
fn note_read(table: *const c_char, column: *const c_char, database: *const c_char) -> bool {
    READS.with_borrow_mut(|reads| {
        let Some(reads) = reads else { return true };
        // SAFETY: SQLite passes null or texts that it keeps during the call.
        let names = unsafe { (copied(table), copied(column), copied(database)) };
        let (Ok(table), Ok(column), Ok(database)) = names else {
            return false;
        };
        reads.push(Origin {
            database: database.unwrap_or_default(),
            table: table.unwrap_or_default(),
            column: column.unwrap_or_default(),
        });
        true
    })
}

/// As [`prepare`], and which columns the statement would read, those behind views too.
pub(super) fn prepare_and_watch(
    handle: &mut LockedSqliteHandle<'_>,
    sql: &str,
) -> Result<(Prepared, Vec<Origin>), Rejected> {
    READS.set(Some(Vec::new()));
    let prepared = prepare(handle, sql);
    let reads = READS.take().unwrap_or_default();
    Ok((prepared?, reads))
}

/// Why a statement could not be looked at.
#[derive(Debug)]
pub(super) enum Rejected {
    Fault(Fault),
    /// Views, triggers or foreign keys lead from one to the next, further than the stack of the thread reaches.
    TooDeep,
    /// A column, its table or its declared type has a name that is not UTF-8: the driver's thread would not survive it.
    NameNotText,
}

/// Whether this process may read and write what is at the path. It is not opened: closing it again would drop the
/// locks that this process holds on it.
pub(super) fn may_write(path: &Path) -> bool {
    let Some(path) = path.to_str().and_then(|path| CString::new(path).ok()) else {
        return false;
    };
    let mut may: c_int = 0;
    // SAFETY: the default file system lives as long as the process; its function reads the path, which ends in a zero
    // byte, and writes one int.
    let status = unsafe {
        let files = ffi::sqlite3_vfs_find(ptr::null());
        let access = files.as_ref().and_then(|files| files.xAccess);
        access.map(|access| {
            access(
                files,
                path.as_ptr(),
                ffi::SQLITE_ACCESS_READWRITE,
                &raw mut may,
            )
        })
    };
    status == Some(ffi::SQLITE_OK) && may != 0
}

/// Closes what `SQLite` leaves open by default and what even a read-only connection may do.
pub(super) fn harden(handle: &mut LockedSqliteHandle<'_>, access: Access) -> Result<(), Fault> {
    let database = handle.as_raw_handle().as_ptr();
    for (setting, on) in [
        (ffi::SQLITE_DBCONFIG_DEFENSIVE, 1),
        (ffi::SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0),
        (ffi::SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0),
        (ffi::SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0),
        (ffi::SQLITE_DBCONFIG_ENABLE_ATTACH_CREATE, 0),
        (ffi::SQLITE_DBCONFIG_ENABLE_ATTACH_WRITE, 0),
    ] {
        // SAFETY: the handle is open and locked; each of these settings takes an int and a pointer that may be null.
        let status =
            unsafe { ffi::sqlite3_db_config(database, setting, on, ptr::null_mut::<c_int>()) };
        if status != ffi::SQLITE_OK {
            return Err(last_fault(database, status));
        }
    }
    for (limit, most) in [
        (ffi::SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES),
        (ffi::SQLITE_LIMIT_SQL_LENGTH, MAX_SQL_BYTES),
        (ffi::SQLITE_LIMIT_ATTACHED, 0),
        (ffi::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, MAX_PATTERN_BYTES),
    ] {
        // SAFETY: the handle is open and locked.
        unsafe { ffi::sqlite3_limit(database, limit, most) };
    }
    // SAFETY: may be called at any time; it is the same for every connection.
    unsafe { ffi::sqlite3_hard_heap_limit64(MAX_HEAP_BYTES) };
    let authorize: Authorizer = match access {
        Access::ReadOnly => authorize_reads,
        Access::ReadWrite => authorize_writes,
    };
    // SAFETY: the handle is open and locked, and the callback uses no data of ours.
    let status = unsafe { ffi::sqlite3_set_authorizer(database, Some(authorize), ptr::null_mut()) };
    if status == ffi::SQLITE_OK {
        Ok(())
    } else {
        Err(last_fault(database, status))
    }
}

/// What `SQLite` asks before each thing that a statement would do, while it is prepared.
type Authorizer = extern "C" fn(
    *mut c_void,
    c_int,
    *const c_char,
    *const c_char,
    *const c_char,
    *const c_char,
) -> c_int;

/// On a connection that only reads, everything is denied that is not known to read. Rows may be changed as far as this
/// goes, because virtual tables prepare that only to be read, and `EXPLAIN` only to explain; the file is open for
/// reading, and `query_only` is on.
extern "C" fn authorize_reads(
    _: *mut c_void,
    action: c_int,
    first: *const c_char,
    second: *const c_char,
    database: *const c_char,
    _: *const c_char,
) -> c_int {
    // SAFETY: SQLite passes null or texts that it keeps during the call.
    unsafe { touched::note(action, first, database) };
    verdict(match action {
        ffi::SQLITE_READ => note_read(first, second, database),
        ffi::SQLITE_SELECT
        | ffi::SQLITE_RECURSIVE
        | ffi::SQLITE_INSERT
        | ffi::SQLITE_UPDATE
        | ffi::SQLITE_DELETE => true,
        ffi::SQLITE_FUNCTION | ffi::SQLITE_PRAGMA => harmless(action, first, second),
        _ => false,
    })
}

/// Other files are never attached, by no statement and by no part of one (`VACUUM INTO` attaches the file that it
/// writes); nothing reaches beyond the file, and the connection stays as it was set up.
extern "C" fn authorize_writes(
    _: *mut c_void,
    action: c_int,
    first: *const c_char,
    second: *const c_char,
    _: *const c_char,
    _: *const c_char,
) -> c_int {
    verdict(match action {
        ffi::SQLITE_ATTACH | ffi::SQLITE_DETACH => false,
        ffi::SQLITE_FUNCTION | ffi::SQLITE_PRAGMA => harmless(action, first, second),
        _ => true,
    })
}

const fn verdict(allowed: bool) -> c_int {
    if allowed {
        ffi::SQLITE_OK
    } else {
        ffi::SQLITE_DENY
    }
}

/// A function by its name; a pragma by its name and by whether a value is given.
fn harmless(action: c_int, first: *const c_char, second: *const c_char) -> bool {
    let name = if action == ffi::SQLITE_FUNCTION {
        second
    } else {
        first
    };
    // SAFETY: SQLite passes null or a text that it keeps during the call.
    let Ok(Some(name)) = (unsafe { copied(name) }) else {
        return false;
    };
    if action == ffi::SQLITE_FUNCTION {
        functions::effect_of(&name).is_none()
    } else {
        pragmas::only_tells(&name, !second.is_null())
    }
}

/// Prepares the first statement of `sql`, which begins with it, and forgets it again.
pub(super) fn prepare(
    handle: &mut LockedSqliteHandle<'_>,
    sql: &str,
) -> Result<Prepared, Rejected> {
    let database = handle.as_raw_handle().as_ptr();
    let length = c_int::try_from(sql.len()).unwrap_or(c_int::MAX);
    let text: *const c_char = sql.as_ptr().cast();
    let mut statement = ptr::null_mut();
    let mut tail = ptr::null();
    stack::watch();
    touched::begin();
    // SAFETY: the handle is open and locked, `text` has at least `length` bytes, and both out-pointers are ours.
    let status = unsafe {
        ffi::sqlite3_prepare_v3(database, text, length, 0, &raw mut statement, &raw mut tail)
    };
    let touched = touched::end();
    if stack::ran_out() {
        // SAFETY: made above and used by nobody else; null is allowed.
        unsafe { ffi::sqlite3_finalize(statement) };
        return Err(Rejected::TooDeep);
    }
    if status != ffi::SQLITE_OK {
        let mut fault = last_fault(database, status);
        // SAFETY: the handle is open and locked.
        let offset = unsafe { ffi::sqlite3_error_offset(database) };
        fault.offset = usize::try_from(offset).ok();
        return Err(Rejected::Fault(fault));
    }
    let statement = Statement(statement);
    let length = (tail as usize).saturating_sub(text as usize);
    statement
        .describe(length, touched)
        .map_err(|_| Rejected::NameNotText)
}

/// Opens a further file under a name that was checked to be one.
pub(super) fn attach(
    handle: &mut LockedSqliteHandle<'_>,
    name: &str,
    path: &str,
) -> Result<(), Fault> {
    let database = handle.as_raw_handle().as_ptr();
    let quoted = path.replace('\'', "''");
    let text =
        CString::new(format!("ATTACH DATABASE '{quoted}' AS \"{name}\"")).map_err(|_| Fault {
            code: ffi::SQLITE_CANTOPEN,
            message: "a path cannot hold a zero byte".to_owned(),
            offset: None,
        })?;
    // SAFETY: the handle is open and locked, and the text ends in a zero byte.
    let status = unsafe {
        ffi::sqlite3_exec(
            database,
            text.as_ptr(),
            None,
            ptr::null_mut(),
            ptr::null_mut(),
        )
    };
    if status == ffi::SQLITE_OK {
        Ok(())
    } else {
        Err(last_fault(database, status))
    }
}

/// Makes `SQLite` read its schemas, and shows the text of each object, for which `text` asks.
pub(super) fn read_schema(
    handle: &mut LockedSqliteHandle<'_>,
    text: &CStr,
    mut show: impl FnMut(&[u8]),
) -> Result<(), Fault> {
    let database = handle.as_raw_handle().as_ptr();
    let mut statement = ptr::null_mut();
    // SAFETY: the handle is open and locked, the text ends in a zero byte, and the out-pointer is ours.
    let mut status = unsafe {
        ffi::sqlite3_prepare_v2(
            database,
            text.as_ptr(),
            -1,
            &raw mut statement,
            ptr::null_mut(),
        )
    };
    let statement = Statement(statement);
    while status == ffi::SQLITE_OK || status == ffi::SQLITE_ROW {
        // SAFETY: the statement is alive and its connection is locked.
        status = unsafe { ffi::sqlite3_step(statement.0) };
        if status == ffi::SQLITE_ROW {
            // SAFETY: it stands on a row with one column; blob and length are asked for in this order, and are not kept.
            unsafe {
                let sql: *const u8 = ffi::sqlite3_column_blob(statement.0, 0).cast();
                let length = ffi::sqlite3_column_bytes(statement.0, 0);
                if let (false, Ok(length)) = (sql.is_null(), usize::try_from(length)) {
                    show(std::slice::from_raw_parts(sql, length));
                }
            }
        }
    }
    if status == ffi::SQLITE_DONE {
        Ok(())
    } else {
        Err(last_fault(database, status))
    }
}

/// Makes `SQLite` give back what it knows of the schema. The connection is not as it was secured any more.
pub(super) fn forget_schema(handle: &mut LockedSqliteHandle<'_>) {
    let database = handle.as_raw_handle().as_ptr();
    // SAFETY: the handle is open and locked, and the text ends in a zero byte. Our authorizer would refuse the pragma.
    unsafe {
        ffi::sqlite3_set_authorizer(database, None, ptr::null_mut());
        ffi::sqlite3_exec(
            database,
            c"PRAGMA writable_schema=RESET".as_ptr(),
            None,
            ptr::null_mut(),
            ptr::null_mut(),
        );
    }
}

/// A prepared statement, finalized when dropped: the driver panics on a connection that closes with one left. May be
/// null, as for a text that holds nothing; `SQLite` then counts no columns and no parameters.
struct Statement(*mut ffi::sqlite3_stmt);

impl Drop for Statement {
    fn drop(&mut self) {
        // SAFETY: finalized once, by its only owner; null is allowed.
        unsafe { ffi::sqlite3_finalize(self.0) };
    }
}

impl Statement {
    /// Fails if a name is not UTF-8.
    fn describe(&self, length: usize, touched: Touched) -> Result<Prepared, Utf8Error> {
        // SAFETY (all of this function): the statement is alive and its connection is locked; indexes are in range;
        // each name is copied before the next call.
        let (reads_only, columns, parameters) = unsafe {
            (
                ffi::sqlite3_stmt_readonly(self.0) != 0,
                ffi::sqlite3_column_count(self.0),
                ffi::sqlite3_bind_parameter_count(self.0),
            )
        };
        let columns = (0..columns)
            .map(|index| {
                let (name, declared, database, table, origin) = unsafe {
                    (
                        copied(ffi::sqlite3_column_name(self.0, index))?,
                        copied(ffi::sqlite3_column_decltype(self.0, index))?,
                        // The driver reads these three as well, so they must be readable.
                        copied(ffi::sqlite3_column_database_name(self.0, index))?,
                        copied(ffi::sqlite3_column_table_name(self.0, index))?,
                        copied(ffi::sqlite3_column_origin_name(self.0, index))?,
                    )
                };
                let origin = match (database, table, origin) {
                    (Some(database), Some(table), Some(column)) => Some(Origin {
                        database,
                        table,
                        column,
                    }),
                    _ => None,
                };
                Ok(((name.unwrap_or_default(), declared), origin))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let (columns, origins) = columns.into_iter().unzip();
        let parameters = (1..=parameters)
            .map(|index| unsafe { copied(ffi::sqlite3_bind_parameter_name(self.0, index)) })
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Prepared {
            reads_only,
            columns,
            origins,
            parameters,
            length,
            touched,
        })
    }
}

/// The text at `name`; `None` for a null pointer.
///
/// # Safety
/// `name` is null or points to text that ends with a NUL and stays where it is during the call.
unsafe fn copied(name: *const c_char) -> Result<Option<String>, Utf8Error> {
    if name.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller vouches for it.
    let name = unsafe { CStr::from_ptr(name) };
    Ok(Some(name.to_str()?.to_owned()))
}

/// What the last call on the connection complained about.
fn last_fault(database: *mut ffi::sqlite3, status: c_int) -> Fault {
    // SAFETY: the handle is open and locked; the message is copied before the next call.
    let message = unsafe {
        let message = ffi::sqlite3_errmsg(database);
        if message.is_null() {
            String::new()
        } else {
            CStr::from_ptr(message).to_string_lossy().into_owned()
        }
    };
    Fault {
        code: status,
        message,
        offset: None,
    }
}

#[cfg(test)]
mod tests {
    use super::{super::names, *};

    #[test]
    fn every_keyword_of_sqlite_is_known() {
        // SAFETY: may be called at any time.
        let count = unsafe { ffi::sqlite3_keyword_count() };
        let unknown: Vec<String> = (0..count)
            .map(|index| {
                let (mut text, mut length) = (ptr::null(), 0);
                // SAFETY: the index is in range; the text is static and has `length` bytes.
                let word = unsafe {
                    ffi::sqlite3_keyword_name(index, &raw mut text, &raw mut length);
                    std::slice::from_raw_parts(text.cast::<u8>(), usize::try_from(length).unwrap())
                };
                String::from_utf8_lossy(word).into_owned()
            })
            .filter(|word| !names::is_keyword(word))
            .collect();

        assert_eq!((count, unknown), (147, vec![]));
    }
}
