//! What the account could do beyond reading, asked once when a database is opened, and how to have one that cannot.

use std::fmt::Write as _;

use domain::connection::{ConnectionConfig, Posture};
use sqlx::{MySqlConnection, Row as _};

use super::{grants, result, session::own_rows};

/// The roles in force are part of the grants that are shown. The databases are for a connection that names none.
/// To ask for them takes a snapshot, which must not be what the first call sees.
const QUESTION: &str = "SHOW GRANTS; SELECT COALESCE(CURRENT_ROLE(), '') AS role; \
     SELECT schema_name AS name FROM information_schema.schemata WHERE schema_name NOT IN \
     ('mysql', 'information_schema', 'performance_schema', 'sys') ORDER BY schema_name LIMIT 20; \
     ROLLBACK AND CHAIN";

/// How many of them are queries to the server's count.
pub(super) const QUERIES: u64 = 2;

/// Whatever goes wrong here is no reason not to open the database; `None` if the session cannot be used after it.
pub(super) async fn find(
    connection: &mut MySqlConnection,
    config: &ConnectionConfig,
) -> Option<Posture> {
    let rows = own_rows(connection, QUESTION.to_owned()).await.ok()?;
    let (mut lines, mut active, mut databases) = (Vec::new(), String::new(), Vec::new());
    for row in &rows {
        let text = result::text(row, 0)?;
        match row.columns().first().map(sqlx::Column::name) {
            Some("role") => active = text,
            Some("name") => databases.push(text),
            _ => lines.push(text),
        }
    }
    if let Some(database) = config.database.as_ref().or(config.schema.as_ref()) {
        databases = vec![database.clone()];
    }
    let findings = grants::findings(lines.iter().map(String::as_str), &active);
    Some(Posture::new(findings, remedy(&databases)))
}

/// The password is to be replaced by whoever runs it; it has what password policies ask for. There is nothing to
/// grant where there is no database.
fn remedy(databases: &[String]) -> Option<String> {
    if databases.is_empty() {
        return None;
    }
    let mut sql = "-- As an administrator, with a password of your own.\n\
         CREATE USER 'portolan_readonly'@'%' IDENTIFIED BY 'Change-this-password-1';\n"
        .to_owned();
    for database in databases {
        // In a grant these two stand for others.
        let pattern = database
            .replace('`', "``")
            .replace('_', "\\_")
            .replace('%', "\\%");
        let _ = writeln!(
            sql,
            "GRANT SELECT, SHOW VIEW ON `{pattern}`.* TO 'portolan_readonly'@'%';"
        );
    }
    Some(sql)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_granted_by_its_own_name_alone() {
        let sql = remedy(&["my_%`db".to_owned()]).unwrap();

        assert!(sql.contains("ON `my\\_\\%``db`.* TO"), "{sql}");
    }
}
