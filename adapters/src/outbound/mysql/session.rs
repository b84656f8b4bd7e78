//! One connection, always found as every call expects it: inside an empty transaction that may only read.
//!
//! The transaction is begun before a call needs it and cleared after the answer, so that a call costs no round trip
//! of its own for either. Being empty it holds no snapshot and no lock: the first read of the call takes the
//! snapshot. Our own constant text goes as one multi-statement message; the client's text never does (see
//! [`MySqlSession::prepare`]).

use std::{fmt::Write as _, sync::Arc, time::Duration};

use domain::{
    Failure,
    connection::{ConnectionConfig, ServerInfo},
    query::{ActsAs, Statement},
};
use futures_util::TryStreamExt as _;
use sqlx::{
    AssertSqlSafe, Connection as _, Either, Executor as _, MySqlConnection, SqlSafeStr as _,
    mysql::{MySqlRow, MySqlStatement},
    raw_sql,
};

use super::{
    super::pool::Session,
    connect, failure,
    prepared::Prepared,
    result,
    traces::{self, Traces},
};

/// A goodbye is waited for no longer than this.
pub(super) const GOODBYE_LIMIT: Duration = Duration::from_secs(1);
/// The server's own time limit is only a safety net: ours fires first, and says more.
const SERVER_TIME_MARGIN: Duration = Duration::from_secs(1);
/// How long the server waits for us to take a row: for longer than a result may wait for its next page.
const NET_WRITE_TIMEOUT: Duration = Duration::from_mins(6);
/// Prepared statements are forgotten between two calls once there are this many of them.
const FORGET_STATEMENTS_AT: usize = 200;
/// A text longer than this is not kept prepared: the cache is bounded by number, and must be by size.
const LONGEST_KEPT_TEXT: usize = 32 * 1024;

pub(super) struct MySqlSession {
    pub(super) connection: MySqlConnection,
    /// The server's number for it, which `KILL` takes.
    pub(super) id: u64,
    pub(super) server: ServerInfo,
    /// How many the account may have, where that is bounded.
    pub(super) account_limit: Option<u32>,
    texts: Texts,
    bounds: Bounds,
    traces: Traces,
    prepared: Prepared,
}

/// What the server itself holds a statement to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Bounds {
    /// `sql_select_limit`: one more than a call returns, so that a cut can be told.
    rows: u64,
    time: Duration,
}

/// Our own constant messages, made once a session.
struct Texts {
    after_query: Box<str>,
    after_read: Box<str>,
    after_write: Box<str>,
    bounds: Bounds,
}

impl Texts {
    fn new(config: &ConnectionConfig) -> Self {
        let bounds = Bounds {
            // A result that is read in pages has no bound; what is not wanted of it is stopped.
            rows: if config.policy.is_read_only() {
                u64::MAX
            } else {
                config.max_rows.saturating_add(1).max(traces::ROWS)
            },
            time: config.statement_time_on_server(),
        };
        let set = settings(config, bounds);
        Self {
            // The transaction that follows may read only, as the one before.
            after_query: format!("{set}; ROLLBACK AND CHAIN").into(),
            // The first statement fails where the call's statement has ended our transaction.
            after_read: format!("ROLLBACK TO SAVEPOINT portolan; ROLLBACK; {set}; {BEGIN}").into(),
            after_write: format!("ROLLBACK; {set}; {BEGIN}").into(),
            bounds,
        }
    }
}

const BEGIN: &str = "SET SESSION TRANSACTION READ ONLY; START TRANSACTION READ ONLY";

/// Makes the session what every call expects, in one statement: each one more is a packet that wakes whoever waits for
/// the answer.
///
/// `sql_mode` is the server's own, without the `IGNORE_SPACE` that `sqlx` always asks for, and without what would make a
/// quote or a backslash mean something else than our lexer takes it for. Locks by name and
/// `LAST_INSERT_ID` outlive a transaction; the functions that forget them are called for that alone.
fn settings(config: &ConnectionConfig, bounds: Bounds) -> String {
    let zone = match config.time_zone.as_str() {
        // A name needs the server's time zone tables; the offset does not.
        "UTC" => "+00:00",
        other => other,
    };
    // No quote and no backslash is part of any zone's name.
    let zone = zone.replace(['\'', '\\'], "");
    let mut forgotten = String::new();
    for name in variables(config) {
        let _ = write!(forgotten, ", @`{name}` = NULL");
    }
    if config.row_security.is_some() {
        forgotten.push_str(VIEWS_COME_FIRST);
    }
    format!(
        "SET NAMES utf8mb4, SESSION time_zone = '{zone}', SESSION sql_mode = {}, \
         SESSION timestamp = DEFAULT, SESSION net_write_timeout = {}, {} + 0 * (RELEASE_ALL_LOCKS() + LAST_INSERT_ID(0)) {}{forgotten}",
        sql_mode(),
        NET_WRITE_TIMEOUT.as_secs(),
        set_rows(bounds),
        set_time(bounds)
    )
}

/// A condition of the statement's own would be asked of rows that a view leaves out, and its failure would tell of them. Each
/// server knows other switches.
const VIEWS_COME_FIRST: &str = " /*!80022 , SESSION optimizer_switch = 'derived_merge=off,derived_condition_pushdown=off' */ \
     /*M!100500 , SESSION optimizer_switch = 'derived_merge=off,condition_pushdown_for_derived=off,split_materialized=off' */";

/// Those that say whose rows are shown.
fn variables(config: &ConnectionConfig) -> impl Iterator<Item = &str> {
    let mapping = config.row_security.as_ref();
    mapping
        .into_iter()
        .flat_map(|mapping| mapping.settings.iter().map(|(name, _)| name.as_str()))
}

/// Modes that change how a text is read, and the combinations that hold one of them.
const READING_MODES: [&str; 8] = [
    "ANSI_QUOTES",
    "NO_BACKSLASH_ESCAPES",
    "ANSI",
    "DB2",
    "MAXDB",
    "MSSQL",
    "ORACLE",
    "POSTGRESQL",
];

/// An expression; empty elements of the list mean nothing.
fn sql_mode() -> String {
    let whole = "CONCAT(',', @@GLOBAL.sql_mode, ',')".to_owned();
    READING_MODES.iter().fold(whole, |rest, mode| {
        format!("REPLACE({rest}, ',{mode},', ',')")
    })
}

fn set_rows(bounds: Bounds) -> String {
    format!("SESSION sql_select_limit = {}", bounds.rows)
}

/// The variable for the time has another name and unit on either server. Each runs what is in its own kind of
/// comment: MariaDB skips those for versions 5.7 of MySQL, and MySQL those that begin with an M.
fn set_time(bounds: Bounds) -> String {
    let time = bounds.time.saturating_add(SERVER_TIME_MARGIN);
    let milliseconds = time.as_millis().min(u128::from(u32::MAX));
    let seconds = time.as_secs_f64().min(31_536_000.0);
    format!(
        "/*!50708 , SESSION max_execution_time = {milliseconds} */ \
         /*M!100101 , SESSION max_statement_time = {seconds:.3} */"
    )
}

impl Session for MySqlSession {
    async fn open(config: &Arc<ConnectionConfig>) -> Result<Self, Failure> {
        let mut connection = connect::sign_in(config).await?;
        let texts = Texts::new(config);
        let sql = format!(
            "SELECT CONNECTION_ID(), VERSION(), @@version_comment, @@max_user_connections; {}; {}; {}; {BEGIN}",
            traces::FIRST_LOOK,
            traces::FORGET_FIRST,
            settings(config, texts.bounds)
        );
        let rows = own_rows(&mut connection, sql)
            .await
            .map_err(failure::of_first_query)?;
        let text = |row: usize, column| rows.get(row).and_then(|row| result::text(row, column));
        let id = text(0, 0)
            .and_then(|id| id.parse().ok())
            .ok_or_else(|| Failure::internal("The server did not tell the session's number."))?;
        let version = text(0, 1).unwrap_or_default();
        let comment = text(0, 2).unwrap_or_default();
        let status = rows.get(1..).unwrap_or_default();
        let tls = status
            .iter()
            .find(|row| result::text(row, 0).as_deref() == Some("Ssl_version"));
        let server = ServerInfo {
            product: product(&version, &comment).to_owned(),
            version: plain_version(&version).to_owned(),
            tls: tls
                .and_then(|row| result::text(row, 1))
                .filter(|version| !version.is_empty()),
        };
        let mut traces = Traces::new(&server.product, status);
        // The settings, and the transaction's kind.
        traces.set(2);
        traces.keeps(variables(config).count());
        Ok(Self {
            connection,
            id,
            server,
            account_limit: text(0, 3)
                .and_then(|limit| limit.parse().ok())
                .filter(|limit| *limit > 0),
            bounds: texts.bounds,
            texts,
            traces,
            prepared: Prepared::default(),
        })
    }

    async fn close(self) {
        // The server hears the goodbye even while it is busy; nobody waits for its answer.
        let _ = tokio::time::timeout(GOODBYE_LIMIT, self.connection.close()).await;
    }
}

impl MySqlSession {
    /// The one place where the client's text enters: it is only ever prepared, so the server itself refuses a text
    /// that holds more than one statement. What has been prepared before costs no round trip.
    pub(super) async fn prepare(
        &mut self,
        statement: &Statement,
    ) -> Result<MySqlStatement, sqlx::Error> {
        let text = self.prepared.text(statement);
        self.connection
            .prepare(AssertSqlSafe(text).into_sql_str())
            .await
    }

    /// Lets the server send and work as much as the call may take, where that is more than it would by itself.
    pub(super) async fn allow(&mut self, rows: u64, time: Duration) -> Result<(), sqlx::Error> {
        let bounds = Bounds {
            rows: self.bounds.rows.max(rows.saturating_add(1)),
            time: self.bounds.time.max(time),
        };
        if bounds != self.bounds {
            let sql = format!("SET {} {}", set_rows(bounds), set_time(bounds));
            raw_sql(AssertSqlSafe(sql))
                .execute(&mut self.connection)
                .await?;
            self.traces.set(1);
            self.bounds = bounds;
        }
        Ok(())
    }

    /// Says whose rows are to be shown, until the session is reset.
    pub(super) async fn act_as(&mut self, acts_as: &ActsAs) -> Result<(), sqlx::Error> {
        let values: Vec<String> = acts_as
            .settings
            .iter()
            .map(|(name, value)| format!("@`{name}` = {}", quoted(value)))
            .collect();
        if values.is_empty() {
            return Ok(());
        }
        raw_sql(AssertSqlSafe(format!("SET {}", values.join(", "))))
            .execute(&mut self.connection)
            .await?;
        self.traces.set(1);
        Ok(())
    }

    /// Forgets what the transaction has seen.
    pub(super) async fn begin_anew(&mut self) -> Result<(), sqlx::Error> {
        raw_sql("ROLLBACK AND CHAIN")
            .execute(&mut self.connection)
            .await?;
        Ok(())
    }

    /// Leaves a mark in the transaction, which a statement that ends it takes away.
    pub(super) async fn mark(&mut self) -> Result<(), sqlx::Error> {
        raw_sql("SAVEPOINT portolan")
            .execute(&mut self.connection)
            .await?;
        Ok(())
    }

    /// Trades the transaction for one that may write. Every row that a writing statement reads counts, so no bound
    /// on rows may be in force.
    pub(super) async fn begin_write(&mut self) -> Result<(), sqlx::Error> {
        raw_sql(
            "ROLLBACK; SET SESSION TRANSACTION READ WRITE; SET SESSION sql_select_limit = DEFAULT; \
             START TRANSACTION READ WRITE; SAVEPOINT portolan",
        )
        .execute(&mut self.connection)
        .await?;
        self.traces.set(2);
        self.bounds.rows = u64::MAX;
        Ok(())
    }

    /// So many queries of our own ran on the connection, beside what this type sends.
    pub(super) fn asked(&mut self, times: u64) {
        self.traces.selected(times);
    }

    /// The client's statement ran, as far as it came.
    pub(super) fn ran(&mut self, sql: &str) {
        self.traces.ran(sql);
    }

    /// Makes the session ready for the next call, after `sql`. `false` and a failure mean that it must not have one.
    pub(super) async fn reset(
        &mut self,
        after: After,
        sql: &str,
        was_refused: bool,
    ) -> Result<bool, sqlx::Error> {
        if sql.len() > LONGEST_KEPT_TEXT
            || self.prepared.is_full()
            || self.connection.cached_statements_size() >= FORGET_STATEMENTS_AT
        {
            self.connection.clear_cached_statements().await?;
            self.prepared.forget();
        }
        let look = self.traces.look(after, sql, was_refused);
        let (text, sets) = match after {
            After::Query => (&self.texts.after_query, 1),
            After::Read => (&self.texts.after_read, 2),
            After::Write => (&self.texts.after_write, 2),
        };
        let forget = self.traces.forget(look);
        let rows = own_rows(&mut self.connection, format!("{look}{forget}{text}")).await?;
        let is_well = look.is_empty() || self.traces.are_ours(after, &rows);
        self.traces.set(sets);
        self.bounds = self.texts.bounds;
        Ok(is_well)
    }

    /// Reads and drops what is left of an answer.
    pub(super) async fn drain(&mut self) -> Result<(), sqlx::Error> {
        self.connection.ping().await
    }
}

/// What a session comes back from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// A statement that cannot have ended our transaction.
    Query,
    /// Our transaction must still be there, with the mark in it.
    Read,
    Write,
}

/// A text as the server reads it in every mode that a session of ours is in.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

/// Our own text with each `?` replaced by a value. Sent as text it leaves nothing prepared that would have to be closed.
pub(super) fn filled(sql: &str, values: &[&str]) -> String {
    let mut values = values.iter();
    let mut parts = sql.split('?');
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        filled.push_str(
            &values
                .next()
                .map_or("NULL".to_owned(), |value| quoted(value)),
        );
        filled.push_str(part);
    }
    filled
}

/// The rows of our own text, of all its statements together.
pub(super) async fn own_rows(
    connection: &mut MySqlConnection,
    sql: String,
) -> Result<Vec<MySqlRow>, sqlx::Error> {
    raw_sql(AssertSqlSafe(sql))
        .fetch_many(connection)
        .try_filter_map(|item| async {
            Ok(match item {
                Either::Left(_) => None,
                Either::Right(row) => Some(row),
            })
        })
        .try_collect()
        .await
}

fn product(version: &str, comment: &str) -> &'static str {
    if version.contains("MariaDB") || comment.to_ascii_lowercase().contains("mariadb") {
        "MariaDB"
    } else {
        "MySQL"
    }
}

/// The digits and points that a version begins with: `10.11.19` of `10.11.19-MariaDB-log`.
fn plain_version(version: &str) -> &str {
    let end = version
        .find(|character: char| !character.is_ascii_digit() && character != '.')
        .unwrap_or(version.len());
    version.get(..end).unwrap_or(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn product_and_version_are_told_from_what_the_server_says() {
        for (version, comment, product_name, plain) in [
            (
                "10.11.19-MariaDB-0+deb12u1",
                "Debian 12",
                "MariaDB",
                "10.11.19",
            ),
            (
                "10.6.18",
                "mariadb.org binary distribution",
                "MariaDB",
                "10.6.18",
            ),
            ("9.7.4-2", "(Debian)", "MySQL", "9.7.4"),
            ("8.4.0", "MySQL Community Server - GPL", "MySQL", "8.4.0"),
        ] {
            assert_eq!(product(version, comment), product_name);
            assert_eq!(plain_version(version), plain);
        }
    }
}
