//! The databases of the suite. Their URLs come from the environment; providing them is the work of `tests/run`.
//!
//! `PORTOLAN_TEST_DATABASES` lists the servers that were asked for. One of them without its URL fails every test
//! that needs it, and so does a run without the list: nobody said what to leave out.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use adapters::outbound::{ENGINES, Engine};
use application::registry::OpenConnection;
use domain::{
    Cancel, Failure,
    connection::{Address, ConnectionConfig, ConnectionName, Database, Password, Policy},
    query::{Outcome, QueryLimits, Statement},
    schema::{Referring, Relation, RelationId, TableDescription},
};
use serde_json::Value;

use crate::rows::Rows;

/// Every server of the suite, by the key that is also in the name of its variables.
pub const SERVERS: [&str; 4] = ["postgres_15", "postgres_18", "mariadb_10_11", "mysql_9"];

#[expect(
    clippy::disallowed_methods,
    reason = "the suite is told about its databases by the environment"
)]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Whether this server is part of the run. Says so on the error stream when it is not.
pub fn asked_for(server: &str) -> bool {
    let list = variable("PORTOLAN_TEST_DATABASES").expect(
        "PORTOLAN_TEST_DATABASES says which servers to test; tests/run starts them and sets it",
    );
    let asked = list.split_whitespace().any(|asked| asked == server);
    if !asked {
        eprintln!("{server} was left out by PORTOLAN_TEST_DATABASES");
    }
    asked
}

/// A variable of one server, such as `PORTOLAN_TEST_MYSQL_9_URL` for `mysql_9` and `URL`.
pub fn server_variable(server: &str, what: &str) -> String {
    let name = format!("PORTOLAN_TEST_{}_{what}", server.to_uppercase());
    variable(&name).unwrap_or_else(|| panic!("{name} is not set, but {server} was asked for"))
}

/// A file of the suite's own certificates, such as `ca.pem`.
pub fn tls_file(name: &str) -> PathBuf {
    PathBuf::from(
        variable("PORTOLAN_TEST_TLS_DIR").expect("PORTOLAN_TEST_TLS_DIR is set by tests/run"),
    )
    .join(name)
}

pub fn engine(word: &str) -> &'static Engine {
    ENGINES
        .iter()
        .find(|engine| engine.facts.words.contains(&word))
        .unwrap_or_else(|| panic!("no engine is called {word}"))
}

/// The configuration of a server's test account.
pub fn config(server: &str) -> ConnectionConfig {
    let url = url::Url::parse(&server_variable(server, "URL")).unwrap();
    let decode = |text: &str| {
        percent_encoding::percent_decode_str(text)
            .decode_utf8()
            .unwrap()
            .into_owned()
    };
    let mut config = ConnectionConfig::new(
        engine(url.scheme()).facts,
        Address::Tcp {
            host: url.host_str().unwrap().to_owned(),
            port: url.port().unwrap(),
        },
    );
    config.database = Some(decode(url.path().trim_start_matches('/')));
    config.user = Some(decode(url.username()));
    config.password = url
        .password()
        .map(|text| Password::Given(decode(text).into()));
    config
}

/// The configuration of a `SQLite` file.
pub fn sqlite_config(path: impl Into<PathBuf>) -> ConnectionConfig {
    ConnectionConfig::new(engine("sqlite").facts, Address::File(path.into()))
}

/// The same, allowed to write.
#[must_use]
pub fn writable(mut config: ConnectionConfig) -> ConnectionConfig {
    config.policy = Policy::READ_WRITE;
    config
}

pub async fn try_open(config: ConnectionConfig) -> Result<Database, Failure> {
    (engine(config.engine.name).connector)()
        .open(Arc::new(config))
        .await
}

pub async fn open(config: ConnectionConfig) -> Database {
    try_open(config).await.expect("the database opens")
}

/// An open database as a use case wants it.
pub fn opened(database: &Database) -> OpenConnection {
    let name = ConnectionName::new("subject").expect("it is a name");
    OpenConnection::new(name, database.clone())
}

/// Descriptions of these tables, by schema and name, with which others refer to them.
pub async fn describe_all(
    database: &Database,
    tables: &[(String, String)],
) -> Vec<TableDescription> {
    let cancel = Cancel::new();
    let schema = database.catalog.read(&cancel).await.expect("it is read");
    let is_one = |relation: &Relation| {
        let mut tables = tables.iter();
        tables.any(|(schema, name)| *relation.schema == **schema && *relation.name == **name)
    };
    let ids: Vec<RelationId> = schema
        .ids()
        .filter_map(|(id, relation)| is_one(relation).then_some(id))
        .collect();
    let referring = schema.referring_to(&ids).into_iter();
    let referring = referring
        .map(|relation| (relation.schema.to_string(), relation.name.to_string()))
        .collect();
    let catalog = &database.catalog;
    catalog
        .describe(tables, &Referring::Known(referring), &cancel)
        .await
        .expect("they are described")
}

/// A name that no other test of this or any other run uses at the same time.
pub fn unique(prefix: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!(
        "{prefix}_{}_{}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    )
}

/// Reads up to 100,000 rows through the port, without policy or use case in between.
pub async fn read(database: &Database, sql: &str, params: Vec<Value>) -> Result<Rows, Failure> {
    let mut rows = Rows::up_to(100_000);
    let statement = Statement::new(sql.to_owned(), params)?;
    // An engine may leave it to the database to keep to the limit.
    let limits = QueryLimits {
        rows: 100_000,
        ..QueryLimits::default()
    };
    database
        .query_runner
        .run_read(&statement, &limits, &mut rows, &Cancel::new())
        .await?;
    Ok(rows)
}

/// Writes through the port; the configuration must be [`writable`].
pub async fn write(
    database: &Database,
    sql: &str,
    params: Vec<Value>,
) -> Result<(Rows, Outcome), Failure> {
    let mut rows = Rows::up_to(100_000);
    let statement = Statement::new(sql.to_owned(), params)?;
    let outcome = database
        .query_runner
        .run_write(
            &statement,
            &QueryLimits::default(),
            &mut rows,
            &Cancel::new(),
        )
        .await?;
    Ok((rows, outcome))
}

/// One fact, tested on the servers named, as far as they were asked for:
/// `on_servers!(name: postgres_15 mysql_9, async |server: &str| { … });`
#[macro_export]
macro_rules! on_servers {
    ($fact:ident: $($server:ident)+, $test:expr) => {
        mod $fact {
            #[allow(unused_imports, reason = "a fact may need nothing of its file")]
            use super::*;

            async fn holds_on(server: &str) {
                if $crate::databases::asked_for(server) {
                    ($test)(server).await;
                }
            }

            $(
                #[tokio::test]
                async fn $server() {
                    holds_on(stringify!($server)).await;
                }
            )+
        }
    };
}

/// One fact, tested on each PostgreSQL of the suite.
#[macro_export]
macro_rules! on_postgres {
    ($fact:ident, $test:expr) => {
        $crate::on_servers!($fact: postgres_15 postgres_18, $test);
    };
}

/// One fact, tested on MariaDB and on MySQL.
#[macro_export]
macro_rules! on_mysql {
    ($fact:ident, $test:expr) => {
        $crate::on_servers!($fact: mariadb_10_11 mysql_9, $test);
    };
}
