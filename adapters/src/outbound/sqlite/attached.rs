//! The files that the operator has attached to a connection: opened with it, before anything of a caller's can run.

use std::fmt::Write as _;

use domain::{Failure, connection::Attached};
use sqlx::{AssertSqlSafe, sqlite::SqliteConnection};

use super::opening;

/// Looks at each file (so that `SQLite` sees a change that another program made) and tells the versions of the schemas.
pub(super) fn freshening(attached: &[Attached]) -> String {
    let mut sql = String::new();
    for name in ["main"]
        .into_iter()
        .chain(attached.iter().map(|one| one.name.as_str()))
    {
        let _ = write!(
            sql,
            "SELECT 1 FROM \"{name}\".sqlite_schema LIMIT 1; PRAGMA \"{name}\".schema_version;"
        );
    }
    sql
}

/// They are opened as the connection itself is, to be read alone or to be written too, and never created. No later
/// `ATTACH` is let through.
pub(super) async fn attach(
    connection: &mut SqliteConnection,
    attached: &[Attached],
) -> Result<(), Failure> {
    for one in attached {
        let path = std::path::absolute(&one.path).map_err(|error| {
            Failure::invalid_argument("The path of an attached database is empty.")
                .with_source(error)
        })?;
        // The name was checked to be one.
        let sql = format!("ATTACH DATABASE ? AS \"{}\"", one.name);
        sqlx::query(AssertSqlSafe(sql))
            .persistent(false)
            .bind(path.to_string_lossy().into_owned())
            .execute(&mut *connection)
            .await
            .map_err(|error| opening::cannot_open(Some(&path), error))?;
    }
    Ok(())
}
