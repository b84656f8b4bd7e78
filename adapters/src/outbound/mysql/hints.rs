//! After a statement failed over a name: the nearest names that exist, with one look into the catalog.

use std::time::Duration;

use domain::{Failure, nearest::nearest};
use sqlx::{AssertSqlSafe, MySqlConnection, mysql::MySqlRow, query::Query};

use super::{result, text};

/// The call has already failed; its hint is worth no more than this.
pub(super) const LIMIT: Duration = Duration::from_millis(500);
/// Built-in functions that are called often.
#[rustfmt::skip]
const FUNCTIONS: [&str; 84] = [
    "ABS", "ADDDATE", "AVG", "CAST", "CEIL", "CEILING", "CHAR_LENGTH", "COALESCE", "CONCAT", "CONCAT_WS",
    "CONVERT", "COUNT", "CURDATE", "CURRENT_DATE", "CURRENT_TIMESTAMP", "CURTIME", "DATABASE", "DATE",
    "DATE_ADD", "DATE_FORMAT", "DATE_SUB", "DATEDIFF", "DAY", "DAYNAME", "DAYOFWEEK", "DAYOFYEAR",
    "DENSE_RANK", "EXTRACT", "FIELD", "FIND_IN_SET", "FIRST_VALUE", "FLOOR", "FORMAT", "FROM_UNIXTIME",
    "GREATEST", "GROUP_CONCAT", "HEX", "HOUR", "IF", "IFNULL", "INSTR", "JSON_ARRAYAGG", "JSON_EXTRACT",
    "JSON_OBJECT", "JSON_UNQUOTE", "LAG", "LAST_DAY", "LEAD", "LEAST", "LEFT", "LENGTH", "LOCATE", "LOWER",
    "LPAD", "LTRIM", "MAX", "MD5", "MIN", "MINUTE", "MOD", "MONTH", "MONTHNAME", "NOW", "NULLIF", "POWER",
    "QUARTER", "RAND", "RANK", "REGEXP_REPLACE", "REPLACE", "RIGHT", "ROUND", "ROW_NUMBER", "RTRIM",
    "STR_TO_DATE", "SUBSTRING", "SUM", "TIMESTAMPDIFF", "TRIM", "TRUNCATE", "UNIX_TIMESTAMP", "UPPER",
    "WEEK", "YEAR",
];
/// Names listed when none is near.
const MOST_LISTED: usize = 20;
/// Words of a statement that are looked up as tables.
const MOST_WORDS: usize = 50;

/// Whether the catalog can say more about this failure.
pub(super) fn may_help(failure: &Failure) -> bool {
    matches!(failure.native_code, Some(1054 | 1146 | 1305))
}

/// What an unknown table or column may have meant.
pub(super) async fn find(
    failure: &Failure,
    sql: &str,
    connection: &mut MySqlConnection,
) -> Option<String> {
    match failure.native_code {
        Some(1146) => for_table(&failure.message, connection).await,
        Some(1305) => for_function(&failure.message),
        Some(1054) => for_column(&failure.message, sql, connection).await,
        _ => None,
    }
}

async fn for_table(message: &str, connection: &mut MySqlConnection) -> Option<String> {
    let (schema, table) = quoted(message)?.split_once('.')?;
    let rows = rows(
        connection,
        "SELECT table_name FROM information_schema.tables WHERE table_schema = ? ORDER BY 1 LIMIT 10000".to_owned(),
        &[schema],
    )
    .await?;
    let names: Vec<String> = rows.iter().filter_map(|row| result::text(row, 0)).collect();
    if let Some(name) = nearest(table, names.iter().map(String::as_str)) {
        return Some(format!("Did you mean `{name}`?"));
    }
    Some(if names.is_empty() {
        format!("No table of `{schema}` can be seen; SHOW DATABASES lists the databases.")
    } else {
        format!("Tables of `{schema}`: {}.", list(&names))
    })
}

/// `FUNCTION shop.lenght does not exist`: the server has no list of its built-in functions that everybody may read.
fn for_function(message: &str) -> Option<String> {
    let name = message.split(' ').nth(1)?.rsplit('.').next()?;
    Some(match nearest(name, FUNCTIONS) {
        Some(near) => format!("Did you mean {near}()?"),
        None => "SHOW FUNCTION STATUS WHERE Db = DATABASE() lists the functions of this database."
            .to_owned(),
    })
}

async fn for_column(message: &str, sql: &str, connection: &mut MySqlConnection) -> Option<String> {
    let unknown = quoted(message)?;
    let column = unknown.rsplit('.').next()?;
    let columns = columns(sql, "", connection).await?;
    if let Some(name) = nearest(column, columns.iter().map(|(_, name)| name.as_str())) {
        let table = columns
            .iter()
            .find(|(_, column)| column == name)
            .map(|(table, _)| table)?;
        if name.eq_ignore_ascii_case(column) {
            return Some(format!(
                "`{name}` is a column of `{table}`; check what stands before the dot, and in FROM."
            ));
        }
        return Some(format!("Did you mean `{name}` of `{table}`?"));
    }
    let names: Vec<String> = columns
        .iter()
        .map(|(table, name)| format!("{table}.{name}"))
        .collect();
    (!names.is_empty()).then(|| format!("Columns there: {}.", list(&names)))
}

/// Table and column of every vector that `sql` may mean, for a message.
pub(super) async fn vectors(sql: &str, connection: &mut MySqlConnection) -> Option<String> {
    let found = columns(sql, "AND data_type = 'vector'", connection).await?;
    let named: Vec<String> = found
        .iter()
        .map(|(table, column)| format!("{table}.{column}"))
        .collect();
    (!named.is_empty()).then(|| list(&named))
}

/// Table and column, of the tables whose names occur in `sql`.
async fn columns(
    sql: &str,
    condition: &str,
    connection: &mut MySqlConnection,
) -> Option<Vec<(String, String)>> {
    let words = text::names(sql, MOST_WORDS);
    let marks = vec!["?"; words.len()].join(", ");
    let values: Vec<&str> = words.iter().chain(&words).map(String::as_str).collect();
    let rows = rows(
        connection,
        format!(
            "SELECT table_name, column_name FROM information_schema.columns \
             WHERE (table_schema = DATABASE() OR table_schema IN ({marks})) AND table_name IN ({marks}) {condition} \
             ORDER BY table_schema, table_name, ordinal_position LIMIT 5000"
        ),
        &values,
    )
    .await?;
    let pairs = rows
        .iter()
        .filter_map(|row| Some((result::text(row, 0)?, result::text(row, 1)?)));
    Some(pairs.collect())
}

/// The first name in quotes.
fn quoted(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once('\'')?;
    rest.split_once('\'').map(|(name, _)| name)
}

fn list(names: &[String]) -> String {
    let shown = names
        .iter()
        .take(MOST_LISTED)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    match names.len().saturating_sub(MOST_LISTED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

async fn rows(
    connection: &mut MySqlConnection,
    sql: String,
    values: &[&str],
) -> Option<Vec<MySqlRow>> {
    let query: Query<'_, sqlx::MySql, _> = values
        .iter()
        .fold(sqlx::query(AssertSqlSafe(sql)), |query, value| {
            query.bind((*value).to_owned())
        });
    query.persistent(false).fetch_all(connection).await.ok()
}
