//! The end of a statement that writes: its warnings, and the commit.

use domain::{Failure, FailureKind, query::StatementClass};
use sqlx::{MySqlConnection, Row as _, mysql::MySqlRow};

use super::{failure, result, session};

/// What the server says on the side, at most so much of it.
const WARNINGS: &str = "SHOW WARNINGS LIMIT 10";

/// Commits what the statement did, and returns the server's warnings as notices.
///
/// The savepoint tells whether our transaction is still there. The schema is changed outside of any transaction by
/// these servers, which commit before and after; anything else that commits has no business here.
pub(super) async fn commit(
    connection: &mut MySqlConnection,
    class: StatementClass,
    product: &str,
) -> Result<Vec<String>, Failure> {
    let sql = format!("{WARNINGS}; RELEASE SAVEPOINT portolan; COMMIT");
    match session::own_rows(connection, sql).await {
        Ok(warnings) => Ok(warnings.iter().filter_map(notice).collect()),
        // There is no such savepoint.
        Err(error) if failure::number(&error) == Some(1305) => {
            if matches!(class, StatementClass::Ddl | StatementClass::Admin) {
                return Ok(vec![format!("{product} committed implicitly.")]);
            }
            Err(Failure::new(
                FailureKind::NotAllowed,
                "The statement ended the transaction it ran in; what it did before that may be committed.",
            )
            .with_hint("Send statements and procedures that leave COMMIT and ROLLBACK to the server.")
            .with_source(error))
        }
        Err(error) if failure::is_answer(&error) => Err(failure::with_codes(
            Failure::new(
                FailureKind::InvalidSql,
                "The database refused to commit the statement; nothing was changed.",
            ),
            &error,
        )
        .with_source(error)),
        Err(error) => Err(Failure::new(
            FailureKind::Unavailable,
            "The connection was lost during the commit: the change may or may not have been made.",
        )
        .with_hint("Read the rows back before trying again.")
        .with_source(error)),
    }
}

/// `Warning 1265: Data truncated for column 'a' at row 1`.
fn notice(row: &MySqlRow) -> Option<String> {
    if row.columns().first().map(sqlx::Column::name) != Some("Level") {
        return None;
    }
    Some(format!(
        "{} {}: {}",
        result::text(row, 0)?,
        result::text(row, 1)?,
        result::text(row, 2)?
    ))
}
