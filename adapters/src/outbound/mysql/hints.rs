//! After a statement failed over a name: the nearest names that exist and where they are, with a look into the catalog.

use std::{collections::HashSet, time::Duration};

use domain::{Failure, nearest::nearest};
use sqlx::{MySqlConnection, Row as _, mysql::MySqlRow};

use super::{
    super::{
        columns_meant::{Columns, KnownColumn, or},
        grouping,
        sources::sources,
    },
    reserved, result,
    session::{filled, own_rows},
    text,
};

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
/// Places of one name.
const MOST_PLACES: usize = 5;
/// Words of a statement that are looked up as tables.
const MOST_WORDS: usize = 50;

/// Whether the catalog can say more about this failure.
pub(super) fn may_help(failure: &Failure) -> bool {
    matches!(
        failure.native_code,
        Some(1049 | 1052 | 1054 | 1146 | 1305 | 1630)
    )
}

/// What an unknown or ambiguous name may have meant, into `hint`: what is there when the time is up is kept. Returns how
/// many queries were asked.
pub(super) async fn find(
    failure: &Failure,
    sql: &str,
    connection: &mut MySqlConnection,
    hint: &mut Option<String>,
) -> u64 {
    let (found, asked) = match failure.native_code {
        Some(1049) => (for_database(&failure.message, sql, connection).await, 1),
        Some(1146) => (for_table(&failure.message, connection).await, 1),
        Some(1305 | 1630) => (for_function(&failure.message, connection).await, 1),
        Some(1052) => (for_ambiguous(&failure.message, sql, connection).await, 1),
        Some(1054) => return for_column(&failure.message, sql, connection, hint).await,
        _ => (None, 0),
    };
    if found.is_some() {
        *hint = found;
    }
    asked
}

/// What to say where the catalog says nothing.
pub(super) fn in_general(failure: &Failure) -> Option<String> {
    let hint = match failure.native_code? {
        1049 => "SHOW DATABASES lists those that this connection may see.",
        1052 => "Qualify the column with the name or alias of its table.",
        _ => return None,
    };
    Some(hint.to_owned())
}

const TABLES: &str = "SELECT table_schema, table_name FROM information_schema.tables \
     WHERE table_schema NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys') OR table_schema = ? \
     ORDER BY table_schema <> ?, 1, 2 LIMIT 10000";

async fn for_table(message: &str, connection: &mut MySqlConnection) -> Option<String> {
    let (schema, table) = quoted(message)?.split_once('.')?;
    let rows = pairs(connection, TABLES.to_owned(), &[schema, schema]).await?;
    let (here, elsewhere): (Vec<_>, Vec<_>) = rows
        .iter()
        .partition(|(place, _)| place.eq_ignore_ascii_case(schema));
    if let Some(name) = nearest(table, here.iter().map(|(_, name)| name.as_str())) {
        return Some(format!("Did you mean `{name}`?"));
    }
    if let Some(hint) = places(table, &elsewhere) {
        return Some(hint);
    }
    let names: Vec<String> = here.iter().map(|(_, name)| name.clone()).collect();
    let near = nearest(schema, elsewhere.iter().map(|(place, _)| place.as_str()));
    Some(if let (Some(near), true) = (near, names.is_empty()) {
        format!("Did you mean the database `{near}`?")
    } else if names.is_empty() {
        format!("No table of `{schema}` can be seen; SHOW DATABASES lists the databases.")
    } else {
        format!("Tables of `{schema}`: {}.", list(&names))
    })
}

/// The nearest name of those in other databases, wherever it is.
fn places(wanted: &str, names: &[&(String, String)]) -> Option<String> {
    let near = nearest(wanted, names.iter().map(|(_, name)| name.as_str()))?;
    let written: Vec<String> = names
        .iter()
        .filter(|(_, name)| name == near)
        .take(MOST_PLACES)
        .map(|(schema, name)| format!("{}.{}", reserved::quoted(schema), reserved::quoted(name)))
        .collect();
    Some(format!("Did you mean {}?", or(&written)))
}

/// `Unknown database 'shpo'`: the nearest, else where a table of that name is.
async fn for_database(
    message: &str,
    sql: &str,
    connection: &mut MySqlConnection,
) -> Option<String> {
    let wanted = quoted(message)?;
    let rows = pairs(
        connection,
        "SELECT schema_name, '' FROM information_schema.schemata ORDER BY 1 LIMIT 10000".to_owned(),
        &[],
    )
    .await?;
    let names = rows.iter().map(|(name, _)| name.as_str());
    if let Some(near) = nearest(wanted, names) {
        return Some(format!("Did you mean the database `{near}`?"));
    }
    let table = sources(&text::lexed(sql))
        .into_iter()
        .find(|source| source.schema.as_deref() == Some(wanted))
        .map(|source| source.table)?;
    let rows = pairs(connection, TABLES.to_owned(), &["", ""]).await?;
    let same: Vec<_> = rows.iter().filter(|(_, name)| *name == table).collect();
    places(&table, &same)
}

/// `FUNCTION shop.lenght does not exist`: the server has no list of its built-in functions that everybody may read.
async fn for_function(message: &str, connection: &mut MySqlConnection) -> Option<String> {
    let mut words = message.split(' ');
    let kind = words.next()?;
    let name = words.next()?;
    let (schema, name) = name
        .trim_end_matches('.')
        .rsplit_once('.')
        .unwrap_or(("", name));
    if kind == "FUNCTION" && FUNCTIONS.contains(&name.to_uppercase().as_str()) {
        return Some(format!(
            "Write {name}( without a blank before the parenthesis, and without a database before the name."
        ));
    }
    let rows = pairs(
        connection,
        "SELECT routine_schema, routine_name FROM information_schema.routines \
         WHERE routine_type = ? AND routine_schema NOT IN ('mysql', 'sys') \
         ORDER BY routine_schema <> ?, 1, 2 LIMIT 10000"
            .to_owned(),
        &[kind, schema],
    )
    .await
    .unwrap_or_default();
    let (here, elsewhere): (Vec<_>, Vec<_>) = rows
        .iter()
        .partition(|(place, _)| place.eq_ignore_ascii_case(schema));
    let own = here.iter().map(|(_, name)| name.as_str());
    let built_in = FUNCTIONS.into_iter().filter(|_| kind == "FUNCTION");
    Some(match nearest(name, own.chain(built_in)) {
        Some(near) => format!("Did you mean {near}()?"),
        None => places(name, &elsewhere).unwrap_or_else(|| {
            format!("SHOW {kind} STATUS WHERE Db = DATABASE() lists those of this database.")
        }),
    })
}

async fn for_column(
    message: &str,
    sql: &str,
    connection: &mut MySqlConnection,
    hint: &mut Option<String>,
) -> u64 {
    let Some(column) = quoted(message).and_then(|name| name.rsplit('.').next()) else {
        return 0;
    };
    let sources = sources(&text::lexed(sql));
    let Some(mut known) = columns(sql, "", connection).await else {
        return 1;
    };
    let here = Columns::of(&sources, &known);
    *hint = here.instead_of(column);
    if here.has_near(column) {
        return 1;
    }
    // Reading every table's columns can take long on MariaDB, which opens each table for it.
    let others = known_columns(
        connection,
        "SELECT table_schema, table_name, column_name, table_schema = DATABASE() FROM information_schema.columns \
         WHERE table_schema = DATABASE() AND ABS(CAST(CHAR_LENGTH(column_name) AS SIGNED) - CHAR_LENGTH(?)) <= 3 \
         ORDER BY table_name, ordinal_position LIMIT 5000"
            .to_owned(),
        &[column],
    )
    .await;
    let known_tables: HashSet<(String, String)> = known
        .iter()
        .map(|column| (column.schema.clone(), column.table.clone()))
        .collect();
    known.extend(
        others.unwrap_or_default().into_iter().filter(|column| {
            !known_tables.contains(&(column.schema.clone(), column.table.clone()))
        }),
    );
    if let Some(found) = Columns::of(&sources, &known).instead_of(column) {
        *hint = Some(found);
    }
    2
}

/// `Column 'id' in field list is ambiguous`.
async fn for_ambiguous(
    message: &str,
    sql: &str,
    connection: &mut MySqlConnection,
) -> Option<String> {
    let column = quoted(message)?.rsplit('.').next()?;
    let known = columns(sql, "", connection).await?;
    Columns::of(&sources(&text::lexed(sql)), &known).candidates(column)
}

/// `nonaggregated column 'shop.u.name' which…`, or MariaDB's `'shop.u.name' isn't in GROUP BY`.
pub(super) fn for_grouping(message: &str, sql: &str) -> Option<String> {
    let name = quoted(message)?;
    let (rest, column) = name.rsplit_once('.').unwrap_or(("", name));
    let table = rest.rsplit('.').next().filter(|table| !table.is_empty());
    let written = match table {
        Some(table) => format!("{}.{}", reserved::quoted(table), reserved::quoted(column)),
        None => reserved::quoted(column).into_owned(),
    };
    Some(grouping::hint(&text::lexed(sql), &written))
}

/// Table and column of every vector that `sql` may mean, for a message.
pub(super) async fn vectors(sql: &str, connection: &mut MySqlConnection) -> Option<String> {
    let found = columns(sql, "AND data_type = 'vector'", connection).await?;
    let named: Vec<String> = found
        .iter()
        .map(|known| format!("{}.{}", known.table, known.name))
        .collect();
    (!named.is_empty()).then(|| list(&named))
}

/// The columns of the tables whose names occur in `sql`.
async fn columns(
    sql: &str,
    condition: &str,
    connection: &mut MySqlConnection,
) -> Option<Vec<KnownColumn>> {
    let words = text::names(sql, MOST_WORDS);
    let marks = vec!["?"; words.len()].join(", ");
    let values: Vec<&str> = words.iter().chain(&words).map(String::as_str).collect();
    known_columns(
        connection,
        format!(
            "SELECT table_schema, table_name, column_name, table_schema = DATABASE() FROM information_schema.columns \
             WHERE (table_schema = DATABASE() OR table_schema IN ({marks})) AND table_name IN ({marks}) {condition} \
             ORDER BY table_schema, table_name, ordinal_position LIMIT 5000"
        ),
        &values,
    )
    .await
}

async fn known_columns(
    connection: &mut MySqlConnection,
    sql: String,
    values: &[&str],
) -> Option<Vec<KnownColumn>> {
    let rows = rows(connection, sql, values).await?;
    let columns = rows.iter().filter_map(|row| {
        let (schema, table) = (result::text(row, 0)?, result::text(row, 1)?);
        let name = result::text(row, 2)?;
        let is_on_path = row.try_get::<i64, _>(3).is_ok_and(|same| same == 1);
        let table_written = reserved::quoted(&table);
        Some(KnownColumn {
            is_on_path,
            table_written: if is_on_path {
                table_written.into_owned()
            } else {
                format!("{}.{table_written}", reserved::quoted(&schema))
            },
            name_written: reserved::quoted(&name).into_owned(),
            schema,
            table,
            name,
        })
    });
    Some(columns.collect())
}

async fn pairs(
    connection: &mut MySqlConnection,
    sql: String,
    values: &[&str],
) -> Option<Vec<(String, String)>> {
    let rows = rows(connection, sql, values).await?;
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
    own_rows(connection, filled(&sql, values)).await.ok()
}
