//! Makes `SQLite` read the schema of a file that somebody else has made.
//!
//! It reads each object's text with a parser that takes any depth, and then descends into what it has read, on its way
//! and whenever it forgets it again. So the first look is on a stack that the longest text cannot exhaust, and a schema
//! that is too deep for the driver's thread is forgotten there.

use std::{ffi::CStr, sync::Arc, thread};

use domain::{Failure, FailureKind, connection::Attached};
use sqlx::{SqliteConnection, sqlite::LockedSqliteHandle};
use tokio::{runtime::Handle, sync::oneshot};

use super::{
    depth,
    failure::{self, Fault},
    handle, opening,
};

/// A level takes up to 300 bytes, and four bytes of text make one.
const STACK_BYTES: usize = 256 * 1024 * 1024;

/// Why the schema could not be read.
#[derive(Debug)]
pub(super) enum Unread {
    /// `SQLite` says why.
    Fault(Fault),
    Other(Failure),
}

impl Unread {
    pub(super) fn is_busy(&self) -> bool {
        matches!(self, Self::Fault(fault) if failure::is_busy(fault.code))
    }

    pub(super) fn into_failure(self) -> Failure {
        match self {
            Self::Fault(fault) => failure::of_fault(fault),
            Self::Other(failure) => failure,
        }
    }
}

impl From<Fault> for Unread {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Failure> for Unread {
    fn from(failure: Failure) -> Self {
        Self::Other(failure)
    }
}

impl From<sqlx::Error> for Unread {
    fn from(error: sqlx::Error) -> Self {
        match Fault::of(error) {
            Ok(fault) => Self::Fault(fault),
            Err(error) => Self::Other(failure::of_driver(error)),
        }
    }
}

/// Gives the connection back if it is still of use. `texts` asks for the text of every object.
pub(super) async fn read(
    connection: SqliteConnection,
    texts: Arc<CStr>,
) -> Result<SqliteConnection, Unread> {
    on_a_deep_stack(connection, move |handle| read_here(handle, &texts)).await
}

/// Opens further files beside the database, as it was opened itself, and never creates one. `SQLite` reads their schemas
/// as it does so.
pub(super) async fn attach(
    connection: SqliteConnection,
    files: &[Attached],
    texts: Arc<CStr>,
) -> Result<SqliteConnection, Failure> {
    let files = files.to_vec();
    let attached = on_a_deep_stack(connection, move |handle| {
        for file in &files {
            let path = std::path::absolute(&file.path).map_err(|error| {
                Unread::Other(
                    Failure::invalid_argument("The path of an attached database is empty.")
                        .with_source(error),
                )
            })?;
            handle::attach(handle, &file.name, &path.to_string_lossy())
                .map_err(|fault| Unread::Other(opening::cannot_open(Some(&path), fault)))?;
        }
        read_here(handle, &texts)
    });
    attached.await.map_err(Unread::into_failure)
}

/// Has the connection used on a thread whose stack no schema can exhaust.
async fn on_a_deep_stack<F>(
    mut connection: SqliteConnection,
    work: F,
) -> Result<SqliteConnection, Unread>
where
    F: FnOnce(&mut LockedSqliteHandle<'_>) -> Result<(), Unread> + Send + 'static,
{
    let (sender, done) = oneshot::channel();
    let runtime = Handle::current();
    let work = move || {
        handle::use_stack(STACK_BYTES / 4 * 3);
        let worked = match runtime.block_on(connection.lock_handle()) {
            Ok(mut handle) => work(&mut handle),
            Err(error) => Err(error.into()),
        };
        // Nobody may wait any more; then the connection ends here.
        sender.send(worked.map(|()| connection)).ok();
    };
    let started = thread::Builder::new()
        .name("schema".to_owned())
        .stack_size(STACK_BYTES)
        .spawn(work);
    let defect = || Failure::internal("The schema of the database could not be looked at.");
    started.map_err(|error| Unread::Other(defect().with_source(error)))?;
    done.await
        .map_err(|error| Unread::Other(defect().with_source(error)))?
}

fn read_here(handle: &mut LockedSqliteHandle<'_>, texts: &CStr) -> Result<(), Unread> {
    let mut bottomless = false;
    let read = handle::read_schema(handle, texts, |sql| bottomless |= depth::is_bottomless(sql));
    if !bottomless {
        return read.map_err(Unread::Fault);
    }
    handle::forget_schema(handle);
    Err(Unread::Other(
        Failure::new(
            FailureKind::TooLarge,
            "A view, trigger or table of the database file is nested too deep to be read safely.",
        )
        .with_hint("Whoever made the file must define it with fewer levels."),
    ))
}
