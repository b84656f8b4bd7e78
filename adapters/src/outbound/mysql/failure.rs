//! `sqlx::Error` as a [`Failure`]: what the caller should do, by the server's error number.

use std::time::Duration;

use domain::{ConnectStep, Failure, FailureKind};
use sqlx::mysql::MySqlDatabaseError;

use super::{super::pool, hints, mismatch, text};

/// The server's message shows no more of a statement than this many bytes.
const SHOWN_OF_STATEMENT: usize = 80;

/// So many characters of it are shown wherever the names in it stand.
const SHOWN_ANYWAY: usize = 16;

fn reported(error: &sqlx::Error) -> Option<&MySqlDatabaseError> {
    error
        .as_database_error()
        .and_then(|error| error.try_downcast_ref::<MySqlDatabaseError>())
}

/// The server's error number.
pub(super) fn number(error: &sqlx::Error) -> Option<u16> {
    reported(error).map(MySqlDatabaseError::number)
}

/// Whether the session is over, so that nothing was or will be run on it.
pub(super) fn is_dead(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) => true,
        // Some servers say why they closed an idle session; the message waits in the socket.
        error => number(error).is_some_and(|number| {
            matches!(
                number,
                1053 | 1152 | 1158..=1161 | 1184 | 1927 | 3032 | 3169 | 4031
            )
        }),
    }
}

/// Whether the session can go on after this error: the server answered, and will listen.
pub(super) fn is_answer(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(_)) && !is_dead(error)
}

/// The server read the text and no more. What is refused later may have done something: `MySQL` evaluates constants,
/// even assignments in subqueries, while it prepares.
pub(super) fn is_not_understood(error: &sqlx::Error) -> bool {
    matches!(number(error), Some(1064 | 1295))
}

pub(super) fn with_codes(failure: Failure, error: &sqlx::Error) -> Failure {
    let Some(reported) = reported(error) else {
        return failure;
    };
    let failure = failure.with_native_code(reported.number().into());
    match reported.code() {
        Some(sqlstate) => failure.with_sqlstate(sqlstate),
        None => failure,
    }
}

/// The failure of the first message on a new connection.
pub(super) fn of_first_query(error: sqlx::Error) -> Failure {
    let (kind, message, hint) = match number(&error) {
        Some(1298) => (
            FailureKind::InvalidArgument,
            "The server does not know the time zone of the connection.",
            "Set TIME_ZONE to an offset such as +01:00, or load the server's time zone tables.",
        ),
        _ => (
            FailureKind::Unavailable,
            "Connected, but the session could not be prepared.",
            "Check that the server is MySQL 5.7 or MariaDB 10.6, or later.",
        ),
    };
    let failure = Failure::new(kind, message)
        .with_step(ConnectStep::Query)
        .with_hint(hint);
    with_codes(failure, &error).with_source(error)
}

/// The connection broke while something ran on it.
fn lost(error: sqlx::Error) -> Failure {
    let failure = Failure::new(
        FailureKind::Unavailable,
        "The connection to the database was lost while the statement ran.",
    )
    .with_hint("Try again; if it wrote, look first whether it took effect.");
    with_codes(failure, &error).with_source(error)
}

const TOO_DEEP: (FailureKind, Option<&str>) = (
    FailureKind::TooLarge,
    Some(
        "The statement is nested too deeply for the server: split it, or replace long chains of operators with IN.",
    ),
);

/// The failure of the client's own statement.
pub(super) fn of_statement(error: sqlx::Error, sql: &str, limit: Duration) -> Failure {
    if is_dead(&error) {
        return lost(error);
    }
    let Some(reported) = reported(&error) else {
        return of_driver(error);
    };
    let number = reported.number();
    let (kind, hint) = if number == 1064 && reported.message().starts_with("memory exhausted") {
        // The parser's own stack; it says so as a syntax error.
        TOO_DEEP
    } else {
        verdict(number)
    };
    let mut failure = match kind {
        FailureKind::Timeout => pool::timed_out(limit),
        kind if number == 1064 && second_statement(reported.message(), sql).is_some() => {
            let failure = Failure::new(
                kind,
                "The text holds more than one statement; a call runs exactly one.",
            );
            match second_statement(reported.message(), sql) {
                Some(position) => failure.with_position(position),
                None => failure,
            }
        }
        kind if number == 1064 => {
            let failure = Failure::new(kind, reported.message());
            match position(reported.message(), sql) {
                Some(position) => failure.with_position(position),
                None => failure,
            }
        }
        kind => Failure::new(kind, without_accounts(reported.message())),
    };
    if let Some(hint) = hint {
        failure = failure.with_hint(hint);
    }
    if let Some(hint) = hint_from_text(number, reported.message(), sql) {
        failure = failure.with_hint(hint);
    }
    if matches!(number, 1265 | 1292 | 1366 | 1411 | 1525)
        && let Some(hint) = mismatch::hint(number, reported.message())
    {
        failure = failure.with_hint(hint);
    }
    if matches!(number, 1055 | 1140)
        && let Some(hint) = hints::for_grouping(reported.message(), sql)
    {
        failure = failure.with_hint(hint);
    }
    with_codes(failure, &error).with_source(error)
}

/// The driver knows no such type, `VECTOR`, and stops in the middle of the answer.
pub(super) fn is_vector(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Protocol(message) if message.contains("unknown column type 0xf2"))
}

/// The driver counts columns in two bytes, and takes the first one that it did not count for a row.
fn has_uncountable_columns(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Protocol(message) if message.contains("expected 0x00 (ROW) but found 0x03"))
}

fn of_driver(error: sqlx::Error) -> Failure {
    let failure = match &error {
        error if is_vector(error) => Failure::new(
            FailureKind::Unsupported,
            "A column of the result has the type vector, which the driver cannot read.",
        )
        .with_hint("Select VECTOR_TO_STRING(column) or HEX(column) instead of the column."),
        sqlx::Error::Protocol(message) if message.contains("unknown column type") => Failure::new(
            FailureKind::Unsupported,
            "A column of the result has a type that the driver cannot read.",
        )
        .with_hint("Convert the column in the query, for example with CAST(column AS CHAR)."),
        error if has_uncountable_columns(error) => Failure::new(
            FailureKind::TooLarge,
            "The result has more columns than the driver can count: 65,535.",
        )
        .with_hint("Select fewer columns, or bring what is in them into rows."),
        _ => Failure::internal("The database's answer could not be read.")
            .with_hint("Report this, with the statement; the log has the details."),
    };
    failure.with_source(error)
}

fn verdict(number: u16) -> (FailureKind, Option<&'static str>) {
    use FailureKind::{Busy, Cancelled, InvalidSql, NotAllowed, Timeout, TooLarge, Unsupported};
    match number {
        1792 | 1836 => (
            NotAllowed,
            Some(
                "This connection is read-only. Whoever runs this server can set READ_ONLY=false for it.",
            ),
        ),
        1044 | 1045 | 1142 | 1143 | 1227 | 1290 | 1370 | 1698 | 3554 => (
            NotAllowed,
            Some(
                "The account of this connection lacks the privilege: ask whoever runs the database to grant it, or name another `connection`.",
            ),
        ),
        1205 | 1213 | 3572 => (Busy, Some("Another transaction holds a lock; try again.")),
        1040 | 1203 | 1226 | 1637 => (
            Busy,
            Some("The server is out of connections or statements; try again later."),
        ),
        3024 | 1969 => (Timeout, None),
        1317 => (
            Cancelled,
            Some("Somebody ended the statement on the server; it was not this call."),
        ),
        1153 | 1301 => (
            TooLarge,
            Some("A value is larger than the server's max_allowed_packet; read or send less."),
        ),
        1436 | 1473 | 3950 => TOO_DEEP,
        1116 | 1117 | 4003 => (TooLarge, Some("Split the statement into smaller ones.")),
        1104 => (
            TooLarge,
            Some("The server limits joins (MAX_JOIN_SIZE); narrow the WHERE clause."),
        ),
        1390 => (
            TooLarge,
            Some("The server takes at most 65,535 placeholders in a statement."),
        ),
        1295 => (
            Unsupported,
            Some(
                "The server cannot prepare this kind of statement; information_schema may have what you need.",
            ),
        ),
        1235 => (
            Unsupported,
            Some("Write it another way; this server cannot do it."),
        ),
        1021 | 1114 => (
            Busy,
            Some("The disk or the table is full; ask whoever runs the database to make room."),
        ),
        _ => (InvalidSql, hint(number)),
    }
}

/// What to change in a statement, where the number alone tells.
fn hint(number: u16) -> Option<&'static str> {
    Some(match number {
        1022 | 1062 | 1586 => {
            "A row with this key exists: choose another value, update that row, or add ON DUPLICATE KEY UPDATE."
        }
        1216 | 1452 => "Write the row that is referred to first.",
        1217 | 1451 => "Delete or change the rows that refer to this one first.",
        1048 | 1364 => "Give the column a value.",
        3819 | 4025 => "Choose values that the constraint allows.",
        1406 => "Shorten the value to the length of the column.",
        1264 | 1690 => "Keep the value within the range of its type, or CAST to DECIMAL.",
        1292 | 1366 | 1411 | 1525 => "Check the value against the type that it is converted to.",
        3140 | 3141 => {
            "Write valid JSON: a text in it stands in double quotes, as in '\"abc\"'; JSON_QUOTE(text) makes one."
        }
        1365 => "Guard the divisor with NULLIF(divisor, 0).",
        1055 | 1140 => "Add the column to GROUP BY, or wrap it in an aggregate such as MAX().",
        1111 => {
            "Put a condition on an aggregate into HAVING, and an aggregate of aggregates around a subquery."
        }
        1242 => "Make the subquery return one row, with an aggregate or LIMIT 1.",
        1241 => "Select one column in the subquery.",
        1222 => "Select the same number of columns on both sides.",
        1136 => "Give one value for each column, or name the columns before VALUES.",
        1051 => "SHOW TABLES lists the tables.",
        1091 => "SHOW CREATE TABLE tells what the table has.",
        1007 | 1050 | 1060 | 1061 | 1304 | 1359 => {
            "Choose another name, or alter what has this one."
        }
        1066 => "Give each table in FROM an alias of its own.",
        1248 => "Give the subquery in FROM an alias.",
        1193 => "SHOW VARIABLES LIKE '…' lists the variables.",
        1267 | 1270 | 1271 => "Say which collation counts, with COLLATE behind one side.",
        1318 | 1582 => "Check the number of arguments of the function.",
        1644 => "A trigger or procedure of the database refused this; its message says why.",
        _ => return None,
    })
}

/// Where the second statement begins, if that is what the server would not read. The server refuses the text
/// anyway; the lexer only explains.
fn second_statement(message: &str, sql: &str) -> Option<usize> {
    let second = text::second_statement(sql)?;
    (position(message, sql) == Some(second)).then_some(second)
}

/// What only the text can tell about a syntax error or an unknown column.
fn hint_from_text(number: u16, message: &str, sql: &str) -> Option<&'static str> {
    if number == 1792
        && matches!(
            text::first_word(sql).as_str(),
            "EXPLAIN" | "DESCRIBE" | "DESC"
        )
    {
        return Some(
            "The server plans a write only where it may write. EXPLAIN a SELECT with the same tables and WHERE.",
        );
    }
    if number == 1295 && text::first_word(sql) == "LOAD" {
        return Some("This server does not prepare LOAD DATA (MariaDB's does). INSERT the rows.");
    }
    if !matches!(number, 1054 | 1064) {
        return None;
    }
    if number == 1064 && second_statement(message, sql).is_some() {
        return Some("Send each statement in a call of its own.");
    }
    if text::numbered_placeholder(sql).is_some() {
        return Some(text::PLACEHOLDER_HINT);
    }
    if number == 1054 {
        return None;
    }
    let near = message.split_once("near '").map(|(_, near)| near)?;
    if near.starts_with("' at line") {
        return Some("The text ends too early; add what is missing at its end.");
    }
    if [
        "INTEGER)", "INT)", "TEXT)", "VARCHAR", "BIGINT)", "BOOLEAN)", "NUMERIC",
    ]
    .into_iter()
    .any(|word| {
        near.get(..word.len())
            .is_some_and(|near| near.eq_ignore_ascii_case(word))
    }) {
        return Some("CAST knows SIGNED, UNSIGNED, DECIMAL(p,s), CHAR, DATE, DATETIME and JSON.");
    }
    text::other_syntax(sql).or(Some("Check the SQL at the place that the message shows."))
}

/// Where a syntax error is, in characters from 1, if the message tells exactly.
///
/// The server shows the rest of the text from the error on, cut after some bytes: a shorter rest must be the end
/// of the text, and a longer one must occur only once.
fn position(message: &str, sql: &str) -> Option<usize> {
    let (_, rest) = message.split_once("near '")?;
    let (near, _) = rest.rsplit_once("' at line ")?;
    if near.is_empty() {
        // The server had read everything but a last semicolon.
        let read = sql.trim_end().trim_end_matches(';').trim_end();
        return Some(read.chars().count() + 1);
    }
    let at = if near.len() < SHOWN_OF_STATEMENT - 3 {
        let trimmed = sql.trim_end();
        [sql, trimmed, trimmed.trim_end_matches(';')]
            .into_iter()
            .find_map(|text| text.strip_suffix(near))?
            .len()
    } else {
        let mut occurrences = sql.match_indices(near);
        let (at, _) = occurrences.next()?;
        if occurrences.next().is_some() {
            return None;
        }
        at
    };
    Some(sql.get(..at)?.chars().count() + 1)
}

/// The failure of a text in which other names stood: the server shows so many bytes of the rest, and would tell by that how long
/// these were.
pub(super) fn shown_alike(mut failure: Failure, sql: &str) -> Failure {
    let shortened = failure
        .message
        .split_once("near '")
        .and_then(|(head, rest)| {
            let (near, line) = rest.rsplit_once("' at line ")?;
            let (end, _) = near.char_indices().nth(SHOWN_ANYWAY)?;
            let near = near.get(..end)?;
            let mut occurrences = sql.match_indices(near);
            let at = occurrences.next().filter(|_| occurrences.next().is_none());
            let position = at.and_then(|(at, _)| Some(sql.get(..at)?.chars().count() + 1));
            Some((format!("{head}near '{near}…' at line {line}"), position))
        });
    if let Some((message, position)) = shortened {
        failure.message = message;
        failure.position = position;
    }
    failure
}

/// The message without the `'user'@'host'` pairs that the server likes to name.
fn without_accounts(message: &str) -> String {
    let mut text = message.to_owned();
    while let Some(at) = text.find("'@'") {
        let start = text.get(..at).and_then(|before| before.rfind('\''));
        let end = text
            .get(at + 3..)
            .and_then(|after| after.find('\''))
            .map(|end| at + 3 + end + 1);
        let (Some(start), Some(end)) = (start, end) else {
            break;
        };
        let start = [" for user ", " to user "]
            .into_iter()
            .find(|phrase| {
                text.get(..start)
                    .is_some_and(|before| before.ends_with(phrase))
            })
            .map_or(start, |phrase| start - phrase.len());
        text.replace_range(start..end, "");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_and_hosts_are_left_out_of_messages() {
        for (message, shown) in [
            (
                "SELECT command denied to user 'ada'@'10.0.0.7' for table 'orders'",
                "SELECT command denied for table 'orders'",
            ),
            (
                "Access denied for user 'ada'@'%' to database 'shop'",
                "Access denied to database 'shop'",
            ),
            (
                "Access denied; you need the SUPER privilege",
                "Access denied; you need the SUPER privilege",
            ),
        ] {
            assert_eq!(without_accounts(message), shown);
        }
    }

    #[test]
    fn the_place_of_a_syntax_error_is_told_only_where_it_is_certain() {
        let long = "x".repeat(100);
        let twice = format!("SELECT {long} {long}");
        for (sql, near, expected) in [
            ("SELEC 1", "SELEC 1", Some(1)),
            ("SELECT 'é' FRM t", "FRM t", Some(12)),
            ("SELECT 1; SELECT 1", "SELECT 1", Some(11)),
            ("SELECT * FROM", "", Some(14)),
            ("SELECT é +\n;\n", "", Some(11)),
            ("SELECT 1 x y z", "other", None),
            (twice.as_str(), &long[..80], None),
        ] {
            let message =
                format!("You have an error in your SQL syntax; … near '{near}' at line 1");
            assert_eq!(position(&message, sql), expected, "{sql}");
        }
    }

    #[test]
    fn what_a_server_cut_is_told_alike_whatever_name_stood_in_it() {
        let sql = "SELECT 1 1 FROM pay WHERE note = 'a'";
        let told = |near: &str| {
            let message = format!("… syntax to use near '{near}' at line 1");
            let failure = shown_alike(Failure::new(FailureKind::InvalidSql, message), sql);
            (failure.message, failure.position)
        };

        let expected = "… syntax to use near '1 FROM pay WHERE…' at line 1".to_owned();
        assert_eq!(told("1 FROM pay WHERE note"), (expected.clone(), Some(10)));
        assert_eq!(told("1 FROM pay WHERE no..."), (expected, Some(10)));
        assert_eq!(
            told("= 'a'"),
            ("… syntax to use near '= 'a'' at line 1".to_owned(), None)
        );
    }

    #[test]
    fn each_number_has_its_kind() {
        use FailureKind::{Busy, Cancelled, InvalidSql, NotAllowed, Timeout, Unsupported};
        for (number, kind) in [
            (1064, InvalidSql),
            (1054, InvalidSql),
            (1146, InvalidSql),
            (1062, InvalidSql),
            (1792, NotAllowed),
            (1142, NotAllowed),
            (1227, NotAllowed),
            (1205, Busy),
            (1213, Busy),
            (3024, Timeout),
            (1969, Timeout),
            (1317, Cancelled),
            (1295, Unsupported),
        ] {
            assert_eq!(verdict(number).0, kind, "{number}");
        }
    }
}
