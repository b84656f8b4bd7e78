//! Why a database file could not be opened or read, found out after it failed.
//!
//! Never by reading the file: closing it again would drop the locks that this process holds on it.

use std::{fs, path::Path};

use domain::{ConnectStep, Failure, FailureKind, nearest::nearest};
use libsqlite3_sys as codes;

use super::schema::Unread;

/// `path` is `None` for a database in memory. Messages name the file, never its folder.
pub(super) fn cannot_open(
    path: Option<&Path>,
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> Failure {
    let Some(path) = path else {
        return unavailable("The database in memory could not be made.").with_source(error);
    };
    let name = name(path);
    match fs::metadata(path) {
        Err(reason) if reason.kind() == std::io::ErrorKind::NotFound => {
            unavailable(format!("The database file `{name}` does not exist."))
                .with_hint(neighbour(path).unwrap_or_else(|| {
                    "Check the path; a relative one begins in the server's working directory. Files are never created."
                        .to_owned()
                }))
        }
        Ok(found) if found.is_dir() => {
            unavailable(format!("`{name}` is a folder, not a database file."))
                .with_hint("Name the database file in it.")
        }
        _ => unavailable(format!("The database file `{name}` cannot be opened."))
            .with_hint("Check that the user who runs this server may read the file and enter its folder."),
    }
    .with_source(error)
}

pub(super) fn cannot_read(path: Option<&Path>, unread: Unread) -> Failure {
    let fault = match unread {
        Unread::Fault(fault) => fault,
        Unread::Other(failure) => return failure.with_step(ConnectStep::Database),
    };
    let name = path.map_or_else(|| "in memory".to_owned(), name);
    let code = fault.code;
    let failure = match fault.primary() {
        codes::SQLITE_NOTADB => unavailable(format!("The file `{name}` is not a SQLite database."))
            .with_hint("It is another kind of file, or it is encrypted."),
        codes::SQLITE_CORRUPT => unavailable(format!("The database file `{name}` is damaged."))
            .with_hint("Restore it from a backup, or try `.recover` of the sqlite3 command line."),
        codes::SQLITE_BUSY | codes::SQLITE_LOCKED => Failure::new(
            FailureKind::Busy,
            format!("Another program holds the database file `{name}` locked."),
        )
        .with_step(ConnectStep::Query)
        .with_hint("Try again in a moment."),
        // The file itself could be opened, so what is missing is what stands beside it.
        codes::SQLITE_CANTOPEN | codes::SQLITE_READONLY if code != codes::SQLITE_READONLY_ROLLBACK => {
            unavailable(format!(
                "The database file `{name}` is in WAL mode, and the files that this needs beside it (-wal, -shm) cannot be made."
            ))
            .with_hint(
                "Let the user who runs this server write to the file's folder; or open it once where that is possible and run `PRAGMA journal_mode=DELETE`; or use a copy of the file in a writable folder.",
            )
        }
        codes::SQLITE_READONLY => unavailable(format!(
            "A program that wrote to the database file `{name}` ended in the middle, and repairing that needs to write."
        ))
        .with_hint("Open the file once with a program that may write, such as the sqlite3 command line."),
        _ => unavailable(format!("The database file `{name}` cannot be read."))
            .with_hint("Check the file and its disk."),
    };
    failure.with_native_code(code.into()).with_source(fault)
}

fn unavailable(message: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Unavailable, message).with_step(ConnectStep::Database)
}

fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// The file in the same folder whose name is nearest.
fn neighbour(path: &Path) -> Option<String> {
    /// More files than this are not looked at.
    const MOST: usize = 1_000;
    let names: Vec<String> = fs::read_dir(path.parent()?)
        .ok()?
        .flatten()
        .take(MOST)
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    let nearest = nearest(&name(path), names.iter().map(String::as_str))?;
    Some(format!("Did you mean `{nearest}`?"))
}
