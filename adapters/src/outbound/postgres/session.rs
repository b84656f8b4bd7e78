//! One connection, what it has prepared, and how it becomes as it was.

use std::{
    fmt::Write as _,
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use domain::{
    ConnectStep, Failure, FailureKind,
    connection::{ConnectionConfig, ServerInfo},
    query::Column,
};
use futures_util::TryStreamExt;
use sqlx::{
    AssertSqlSafe, Column as _, Connection, Either, Error, Executor, PgConnection, SqlSafeStr,
    Statement as _, postgres::PgRow, raw_sql,
};

use super::{
    super::pool::Session,
    connect::connect,
    encoding::{Encoding, PLAIN_BYTES},
    failure,
    granted::{Judged, OURS, Proof},
    identity::Identity,
    message::END,
    outcome::wrong_name,
    parameters::quoted,
    statements::{Prepared, Statements},
    text_of,
    types::Types,
};

/// Closing must not wait for a server that does not listen.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

pub(super) struct PostgresSession {
    pub(super) connection: PgConnection,
    pub(super) types: Types,
    pub(super) statements: Statements,
    config: Arc<ConnectionConfig>,
    server: ServerInfo,
    pub(super) encoding: Arc<Encoding>,
    /// The server's process that runs our statements; behind a pooler there is one only within a transaction.
    pub(super) pid: Option<i32>,
    /// Sets what could not be set at start-up, again after a `RESET ALL`.
    settings: String,
    pub(super) last_used: Instant,
    /// The transaction has its canary.
    pub(super) guarded: bool,
    /// Of the statement that runs.
    pub(super) identity: Identity,
    /// What the statement is held to that runs.
    pub(super) proof: Option<Proof>,
    pub(super) judged: Judged,
    /// `random` may go on from somebody's seed, and nothing puts that back.
    pub(super) seeded: bool,
}

impl Session for PostgresSession {
    async fn open(config: &Arc<ConnectionConfig>) -> Result<Self, Failure> {
        let mut connection = connect(config).await?;
        let greeting = greet(&mut connection, config.pooler)
            .await
            .map_err(failure::of_connect)?;
        if greeting.settings_lost {
            return Err(settings_lost());
        }
        let encoding = Encoding::learn(&greeting.encoding, &mut connection).await;
        let mut settings = String::new();
        if !config.pooler {
            // The driver asks for UTC in a way that wins over start-up options.
            if !config.time_zone.eq_ignore_ascii_case("UTC") {
                settings = format!("SET TimeZone = {};", quoted(&config.time_zone));
            }
            if let Some(schema) = &config.schema
                && !schema.is_ascii()
            {
                let _ = write!(
                    settings,
                    "SELECT pg_catalog.set_config('search_path', {}, false);",
                    quoted(schema)
                );
            }
            if greeting.encoding == PLAIN_BYTES {
                // The server would refuse to show text that is not valid UTF-8, which such a database may hold.
                settings.push_str("SET client_encoding = 'SQL_ASCII';");
            }
            if !settings.is_empty() {
                run(&mut connection, settings.clone())
                    .await
                    .map_err(failure::of_connect)?;
            }
            if greeting.checks_connection {
                settings.push_str(CHECK_CONNECTION);
            }
        }
        Ok(Self {
            connection,
            types: Types::default(),
            statements: Statements::default(),
            config: Arc::clone(config),
            server: greeting.server,
            encoding: Arc::new(encoding),
            pid: greeting.pid.filter(|_| !config.pooler),
            settings,
            last_used: Instant::now(),
            guarded: false,
            identity: Identity::default(),
            proof: None,
            judged: Judged::default(),
            seeded: false,
        })
    }

    async fn close(self) {
        let _ = tokio::time::timeout(CLOSE_LIMIT, self.connection.close()).await;
    }
}

/// A server from 14 on then notices within half a second that its client is gone, even in the middle of a statement:
/// should there be no connection left for a cancel request, closing the session ends the statement. Nothing is set
/// where a pooler has swallowed our settings, for the session is then not ours alone.
const CHECK_CONNECTION: &str = "SELECT pg_catalog.set_config('client_connection_check_interval', '500ms', false) \
     WHERE pg_catalog.current_setting('server_version_num')::int >= 140000 \
     AND pg_catalog.current_setting('cursor_tuple_fraction', true) = '1';";

/// One of our start-up settings, which nobody else sets to this.
const A_SETTING: &str = "SELECT pg_catalog.current_setting('cursor_tuple_fraction', true);";

/// A session that looks as it should but is not read-only, and changes from statement to statement, is worse than none.
fn settings_lost() -> Failure {
    Failure::new(
        FailureKind::Unavailable,
        "The settings that Portolan gave the session at its start have not reached the server.",
    )
    .with_step(ConnectStep::SignIn)
    .with_hint("A pooler such as PgBouncer stands in front and drops them: set POOLER=true for the connection.")
}

/// Undoes what a statement that lasts may have done to the session, apart from what it prepared.
pub(super) const FORGET: &str = "CLOSE ALL;UNLISTEN *;RESET SESSION AUTHORIZATION;RESET ROLE;RESET ALL;DISCARD SEQUENCES;\
     DISCARD TEMP;SELECT pg_catalog.pg_advisory_unlock_all();";

/// Tells of statements that were prepared by SQL under names that we do not give; what runs under ours is looked at before it is
/// used again.
static FOREIGN_STATEMENTS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT 'foreign' FROM pg_catalog.pg_prepared_statements \
         WHERE from_sql AND name OPERATOR(pg_catalog.!~) {} LIMIT 1;",
        quoted(OURS)
    )
});

struct Greeting {
    server: ServerInfo,
    pid: Option<i32>,
    checks_connection: bool,
    settings_lost: bool,
    /// Of the database; empty where it does not tell.
    encoding: String,
}

/// Finds out what answers, in one round trip. Relatives of PostgreSQL may lack everything but the first line.
async fn greet(connection: &mut PgConnection, pooler: bool) -> Result<Greeting, Error> {
    let mut sql = "SELECT version(), pg_backend_pid();SHOW server_encoding;".to_owned();
    if !pooler {
        sql.push_str(
            "SELECT version FROM pg_catalog.pg_stat_ssl WHERE ssl AND pid = pg_backend_pid();",
        );
        sql.push_str(A_SETTING);
        sql.push_str(CHECK_CONNECTION);
    }
    let mut greeting = None;
    let mut answered = 0;
    let mut answers = raw_sql(AssertSqlSafe(sql)).fetch_many(connection);
    loop {
        match answers.try_next().await {
            Ok(Some(Either::Left(_))) => answered += 1,
            Ok(Some(Either::Right(row))) if answered == 0 => {
                let (product, version) = product_and_version(text_of(&row, 0).unwrap_or_default());
                greeting = Some(Greeting {
                    server: ServerInfo {
                        product,
                        version,
                        tls: None,
                    },
                    pid: text_of(&row, 1).and_then(|pid| pid.parse().ok()),
                    checks_connection: false,
                    settings_lost: false,
                    encoding: String::new(),
                });
            }
            Ok(Some(Either::Right(row))) => {
                let Some(greeting) = &mut greeting else {
                    continue;
                };
                match answered {
                    1 => {
                        text_of(&row, 0)
                            .unwrap_or_default()
                            .clone_into(&mut greeting.encoding);
                    }
                    2 => greeting.server.tls = text_of(&row, 0).map(str::to_owned),
                    // A relative may not know the setting.
                    3 => {
                        greeting.settings_lost = text_of(&row, 0).is_some_and(|value| value != "1");
                    }
                    _ => {}
                }
            }
            Err(error) if greeting.is_none() || failure::is_lost(&error) => return Err(error),
            // Not fatal: a view or a setting that this server does not have.
            Err(_) | Ok(None) => break,
        }
    }
    let mut greeting = greeting.ok_or(Error::RowNotFound)?;
    greeting.checks_connection = answered == 5;
    Ok(greeting)
}

/// Fails where somebody has prepared a statement, perhaps under a name of ours.
fn refuse_foreign(rows: &[PgRow]) -> Result<(), Error> {
    if rows.iter().any(|row| text_of(row, 0) == Some("foreign")) {
        return Err(wrong_name());
    }
    Ok(())
}

/// Product and version, as relatives of PostgreSQL call themselves.
fn product_and_version(text: &str) -> (String, String) {
    const RELATIVES: [(&str, &str); 5] = [
        ("CockroachDB", "CockroachDB"),
        ("-YB-", "YugabyteDB"),
        ("Redshift", "Redshift"),
        ("Greenplum Database", "Greenplum"),
        ("Materialize", "Materialize"),
    ];
    let relative = RELATIVES.iter().find(|(mark, _)| text.contains(mark));
    let product = match relative {
        Some((_, name)) => *name,
        None => text.split_whitespace().next().unwrap_or("PostgreSQL"),
    };
    let version = relative
        .and_then(|(mark, _)| text.split_once(mark).filter(|_| !mark.starts_with('-')))
        .map_or(text, |(_, after)| after)
        .split([' ', ','])
        .map(|word| word.strip_prefix('v').unwrap_or(word))
        .find(|word| word.starts_with(|first: char| first.is_ascii_digit()))
        .unwrap_or_default();
    (product.to_owned(), version.to_owned())
}

/// Runs statements of our own by the simple protocol.
pub(super) async fn run(connection: &mut PgConnection, sql: String) -> Result<Vec<PgRow>, Error> {
    raw_sql(AssertSqlSafe(sql)).fetch_all(connection).await
}

impl PostgresSession {
    pub(super) fn server(&self) -> &ServerInfo {
        &self.server
    }

    pub(super) fn config(&self) -> &Arc<ConnectionConfig> {
        &self.config
    }

    /// One real round trip.
    pub(super) async fn ping(&mut self) -> Result<(), Failure> {
        run(&mut self.connection, "SELECT 1".to_owned())
            .await
            .map(|_| ())
            .map_err(failure::of_own_query)
    }

    /// Has the server parse the client's text, which it accepts only if it is one statement.
    pub(super) async fn prepare(&mut self, sql: &str) -> Result<Arc<Prepared>, Error> {
        if let Some(known) = self.statements.get(sql) {
            return Ok(Arc::clone(&known.prepared));
        }
        let name = self.statements.take_name();
        let text = AssertSqlSafe(sql.to_owned()).into_sql_str();
        let statement = match (&mut self.connection).prepare(text).await {
            Ok(statement) => statement,
            // The server has accepted the text and only the driver does not know a type in it.
            Err(Error::ColumnDecode { .. } | Error::Decode(_) | Error::Protocol(_)) => {
                let prepared = self.describe(name, sql).await?;
                return Ok(self.statements.insert(sql, prepared, true));
            }
            Err(error) => return Err(error),
        };
        let parameters: Vec<u32> = match statement.parameters() {
            Some(Either::Left(types)) => types.iter().map(oid_of).collect(),
            _ => Vec::new(),
        };
        let columns: Vec<(String, u32)> = statement
            .columns()
            .iter()
            .map(|column| (column.name().to_owned(), oid_of(column.type_info())))
            .collect();
        let prepared = self.complete(name, parameters, columns, false).await?;
        Ok(self.statements.insert(sql, prepared, false))
    }

    /// Names the types.
    pub(super) async fn complete(
        &mut self,
        name: String,
        parameters: Vec<u32>,
        columns: Vec<(String, u32)>,
        orphan: bool,
    ) -> Result<Prepared, Error> {
        let oids = parameters
            .iter()
            .copied()
            .chain(columns.iter().map(|(_, oid)| *oid));
        self.types.learn(&mut self.connection, oids).await?;
        let columns = columns
            .into_iter()
            .map(|(name, oid)| {
                let type_name = self.types.get(oid).name.to_string();
                Column { name, type_name }
            })
            .collect();
        Ok(Prepared {
            name,
            parameters: parameters.iter().map(|oid| self.types.get(*oid)).collect(),
            columns,
            orphan,
        })
    }

    /// Forgets every prepared statement, here and on the server.
    pub(super) async fn forget_statements(&mut self) -> Result<(), Error> {
        let orphans = self.statements.forget();
        self.connection.clear_cached_statements().await?;
        if !orphans.is_empty() {
            let sql = format!("DEALLOCATE {}", orphans.join(";DEALLOCATE "));
            // One of them may be gone already; then so are all.
            match run(&mut self.connection, sql).await {
                Err(error) if failure::is_lost(&error) => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Ends the transaction of a statement and undoes what a rollback does not. Fails if the statement had ended the
    /// transaction itself; then nobody knows what it did.
    pub(super) async fn roll_back(&mut self) -> Result<(), Error> {
        if self.config.pooler {
            // The next transaction may run on another server connection, so nothing may stay on this one.
            self.leave_server();
            let deallocations = self
                .foreign_deallocations("ROLLBACK TO SAVEPOINT portolan;")
                .await?;
            self.forget_statements().await?;
            run(
                &mut self.connection,
                format!("{deallocations}SELECT pg_catalog.pg_advisory_unlock_all();ROLLBACK"),
            )
            .await?;
            return Ok(());
        }
        let mut sql = if self.guarded {
            "ROLLBACK TO SAVEPOINT portolan;".to_owned()
        } else {
            String::new()
        };
        sql.push_str(END);
        if self.guarded {
            sql.push(';');
            sql.push_str(&FOREIGN_STATEMENTS);
        }
        refuse_foreign(&run(&mut self.connection, sql).await?)?;
        self.tidy().await
    }

    /// Undoes what a committed statement may have done to the session.
    pub(super) async fn restore(&mut self) -> Result<(), Error> {
        if self.config.pooler {
            // It was done in the transaction: from its end on, the server connection may be somebody else's.
            return Ok(());
        }
        let sql = format!("{FORGET}{}{}", *FOREIGN_STATEMENTS, self.settings);
        refuse_foreign(&run(&mut self.connection, sql).await?)?;
        self.tidy().await
    }

    /// Whether a session whose transaction has ended is as good as new.
    pub(super) fn is_tidy(&self) -> bool {
        !self.statements.are_too_many() && !self.seeded
    }

    pub(super) async fn tidy(&mut self) -> Result<(), Error> {
        if self.statements.are_too_many() {
            self.forget_statements().await?;
        }
        Ok(())
    }
}

/// Zero, which no type has, for what the driver cannot tell.
pub(super) fn oid_of(info: &sqlx::postgres::PgTypeInfo) -> u32 {
    info.oid().map_or(0, |oid| oid.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relatives_are_called_what_they_call_themselves() {
        for (text, product, version) in [
            (
                "PostgreSQL 15.18 (Debian 15.18-1) on x86_64-pc-linux-gnu, compiled by gcc",
                "PostgreSQL",
                "15.18",
            ),
            ("PostgreSQL 18.0 on aarch64", "PostgreSQL", "18.0"),
            (
                "CockroachDB CCL v23.1.11 (x86_64-pc-linux-gnu, built 2023)",
                "CockroachDB",
                "23.1.11",
            ),
            (
                "PostgreSQL 11.2-YB-2.18.0.0-b0 on x86_64",
                "YugabyteDB",
                "11.2-YB-2.18.0.0-b0",
            ),
            (
                "PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC, Redshift 1.0.12103",
                "Redshift",
                "1.0.12103",
            ),
            (
                "PostgreSQL 12.12 (Greenplum Database 7.0.0 build x) on x86_64",
                "Greenplum",
                "7.0.0",
            ),
        ] {
            assert_eq!(
                product_and_version(text),
                (product.to_owned(), version.to_owned())
            );
        }
    }
}
