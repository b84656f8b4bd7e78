//! The databases that the conformance suite walks, and what each engine calls the things that a fact needs.
//!
//! A new engine is a [`Words`] here, its name in [`Subject::of`] and one line in [`on_every_engine!`].

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{
    connection::{Address, ConnectionConfig, Database},
    query::Statement,
};
use serde_json::{Value, json};

use crate::{
    databases::{
        asked_for, config, open, read, server_variable, sqlite_config, unique, writable, write,
    },
    scratch::{Scratch, bare_sqlite},
    waiting::until,
};

/// What an engine calls the things that a fact needs.
pub struct Words {
    /// A statement that runs for a minute at least and can be told by its mark.
    slow: fn(&str) -> Statement,
    /// The placeholder of a parameter, counted from 1.
    pub placeholder: fn(usize) -> String,
    /// A statement that takes some fifty milliseconds and returns one row.
    pub pause: &'static str,
    /// A text of ten megabytes, as `long`.
    pub ten_megabytes: &'static str,
    /// Statements that may run in a read and change their session, each with one that would show it.
    pub changes: &'static [(&'static str, &'static str)],
    /// The decimal 1.20 of a table, as it reaches a client.
    pub decimal: fn() -> Value,
    /// The hint that names the nearest table, and the nearest column of a table.
    pub nearest_table: fn(table: &str) -> String,
    pub nearest_column: fn(table: &str, column: &str) -> String,
    /// Where it is said that a table or a column is unknown, in `SELECT <column> FROM <table>`.
    pub unknown_table_at: Option<usize>,
    pub unknown_column_at: Option<usize>,
    /// What a server can be asked, where there is one.
    pub server: Option<ServerWords>,
    /// Makes a place of its own for tables, and takes it away.
    place: Place,
}

/// What only a server, which sees all its sessions, can be asked.
#[derive(Clone, Copy)]
pub struct ServerWords {
    /// The number of the session.
    pub session: &'static str,
    /// How many sessions have this number.
    pub alive: &'static str,
    /// How many other sessions run a statement with this mark.
    running: &'static str,
}

enum Place {
    Schema,
    Database,
    File,
}

const POSTGRES: Words = Words {
    // Only its name stands in the statement that executes it, so the mark is a value.
    slow: |mark| statement("SELECT pg_sleep(60), $1::text", vec![json!(mark)]),
    placeholder: |number| format!("${number}"),
    pause: "SELECT pg_backend_pid() FROM (SELECT pg_sleep(0.05)) AS slept",
    ten_megabytes: "SELECT repeat('x', 10000000) AS long",
    changes: &[
        (
            "SELECT set_config('TimeZone', 'Asia/Tokyo', false)",
            "SHOW TimeZone",
        ),
        (
            "SELECT set_config('search_path', 'pg_catalog', false)",
            "SHOW search_path",
        ),
        (
            "SELECT pg_advisory_lock(20)",
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()",
        ),
    ],
    decimal: || json!("1.20"),
    nearest_table: |table| format!("Did you mean {table}?"),
    nearest_column: |table, column| {
        format!("Perhaps you meant to reference the column \"{table}.{column}\".")
    },
    unknown_table_at: Some(21),
    unknown_column_at: Some(8),
    server: Some(ServerWords {
        session: "SELECT pg_backend_pid()",
        alive: "SELECT count(*) FROM pg_stat_activity WHERE pid = $1",
        running: "SELECT count(*) FROM pg_stat_activity \
                  WHERE state = 'active' AND pid <> pg_backend_pid() AND strpos(query, $1) > 0",
    }),
    place: Place::Schema,
};

const MYSQL: Words = Words {
    slow: |mark| statement(&format!("SELECT SLEEP(60) /* {mark} */"), vec![]),
    placeholder: |_| "?".to_owned(),
    pause: "SELECT CONNECTION_ID() FROM (SELECT SLEEP(0.05)) AS slept",
    ten_megabytes: "SELECT REPEAT('x', 10000000) AS `long`",
    changes: &[
        ("SELECT @left_over := 1", "SELECT @left_over"),
        ("SET time_zone = '+09:00'", "SELECT @@time_zone"),
        ("SET NAMES latin1", "SELECT @@character_set_results"),
        ("SELECT LAST_INSERT_ID(77)", "SELECT LAST_INSERT_ID()"),
    ],
    decimal: || json!("1.20"),
    nearest_table: |table| format!("Did you mean `{table}`?"),
    nearest_column: |table, column| format!("Did you mean {table}.{column}?"),
    unknown_table_at: None,
    unknown_column_at: None,
    server: Some(ServerWords {
        session: "SELECT CONNECTION_ID()",
        alive: "SELECT COUNT(*) FROM information_schema.processlist WHERE id = ?",
        running: "SELECT COUNT(*) FROM information_schema.processlist \
                  WHERE id <> CONNECTION_ID() AND LOCATE(?, info) > 0",
    }),
    place: Place::Database,
};

const SQLITE: Words = Words {
    slow: |mark| {
        let sql = format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n /* {mark} */"
        );
        statement(&sql, vec![])
    },
    placeholder: |_| "?".to_owned(),
    pause: "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) SELECT count(*) FROM n",
    ten_megabytes: "SELECT replace(hex(zeroblob(5000000)), '0', 'x') AS long",
    changes: &[
        ("PRAGMA case_sensitive_like = 1", "SELECT 'a' LIKE 'A'"),
        ("PRAGMA query_only = 0", "PRAGMA query_only"),
        ("PRAGMA foreign_keys = 0", "PRAGMA foreign_keys"),
    ],
    // It stores a float.
    decimal: || json!(1.2),
    nearest_table: |table| format!("Did you mean `{table}`?"),
    nearest_column: |table, column| format!("Did you mean {table}.{column}?"),
    unknown_table_at: None,
    unknown_column_at: Some(8),
    server: None,
    place: Place::File,
};

fn statement(sql: &str, params: Vec<Value>) -> Statement {
    Statement::new(sql.to_owned(), params).unwrap()
}

/// One database of one engine, for one fact.
pub struct Subject {
    /// Such as `postgres_15`.
    pub name: &'static str,
    pub words: &'static Words,
    /// What an engine without a server keeps its databases in.
    scratch: Scratch,
}

impl Subject {
    /// `None` for a server that was not asked for.
    pub async fn of(name: &'static str) -> Option<Self> {
        let words = match name {
            "sqlite" => &SQLITE,
            server if !asked_for(server) => return None,
            server if server.starts_with("postgres") => &POSTGRES,
            _ => &MYSQL,
        };
        let subject = Self {
            name,
            words,
            scratch: Scratch::new(),
        };
        if words.server.is_none() {
            drop(bare_sqlite(&subject.file()).await);
        }
        Some(subject)
    }

    /// The file, for an engine without a server.
    pub fn file(&self) -> PathBuf {
        self.scratch.path("subject.db")
    }

    /// Its configuration: read-only, with every default.
    pub fn config(&self) -> ConnectionConfig {
        match self.words.server {
            Some(_) => config(self.name),
            None => sqlite_config(self.file()),
        }
    }

    /// The same with room for one call at a time, so that whatever a call leaves behind meets the next one.
    pub fn narrow(&self) -> ConnectionConfig {
        let mut config = self.config();
        config.pool.max_connections = 1;
        config
    }

    /// Its URL, as a client would configure it.
    pub fn url(&self) -> String {
        match self.words.server {
            Some(_) => server_variable(self.name, "URL"),
            None => format!("sqlite://{}", self.file().display()),
        }
    }

    pub async fn open(&self) -> Database {
        open(self.config()).await
    }

    pub async fn open_narrow(&self) -> Database {
        open(self.narrow()).await
    }

    pub async fn open_writable(&self) -> Database {
        open(writable(self.narrow())).await
    }

    /// A table of this fact's own, made by `columns` and filled with `rows` (`(1, 'a'), (2, 'b')`).
    pub async fn table(&self, columns: &str, rows: &str) -> Table {
        let admin = self.open_writable().await;
        let name = unique("conformance");
        run(&admin, &format!("CREATE TABLE {name} ({columns})")).await;
        if !rows.is_empty() {
            run(&admin, &format!("INSERT INTO {name} VALUES {rows}")).await;
        }
        Table { name, admin }
    }

    /// A configuration whose tables are its own, with what takes the place away again.
    pub async fn place(&self) -> (ConnectionConfig, Option<String>) {
        let name = unique("place");
        let mut config = self.config();
        let (make, take_away) = match self.words.place {
            Place::File => {
                let file = self.scratch.path(&name);
                drop(bare_sqlite(&file).await);
                config.address = Address::File(file);
                return (config, None);
            }
            Place::Schema => {
                config.schema = Some(name.clone());
                (
                    format!("CREATE SCHEMA {name}"),
                    format!("DROP SCHEMA {name} CASCADE"),
                )
            }
            Place::Database => {
                config.database = Some(name.clone());
                (
                    format!("CREATE DATABASE {name}"),
                    format!("DROP DATABASE {name}"),
                )
            }
        };
        run(&self.open_writable().await, &make).await;
        (config, Some(take_away))
    }

    /// A statement that runs for a minute at least, and its mark.
    pub fn slow(&self) -> (Statement, String) {
        let mark = unique("slow");
        ((self.words.slow)(&mark), mark)
    }

    /// Waits until the slow statement with this mark runs in `database`.
    pub async fn runs(&self, database: &Database, mark: &str) {
        match self.words.server {
            Some(_) => self.running(mark, 1).await,
            None => {
                until("the statement has its session", async || {
                    database.pool.figures().in_use == 1
                })
                .await;
            }
        }
    }

    /// Waits until the server, where there is one, does not run the statement any more.
    pub async fn has_ended(&self, mark: &str) {
        if self.words.server.is_some() {
            self.running(mark, 0).await;
        }
    }

    /// How long the server, where there is one, ran the statement after the moment at which it was ended, as another
    /// session sees it. The look's own connection is part of that.
    pub async fn outlived(&self, mark: &str, ended: Instant) -> Duration {
        if self.words.server.is_none() {
            return Duration::ZERO;
        }
        self.running(mark, 0).await;
        ended.elapsed()
    }

    /// Waits until so many sessions of the server run the statement with this mark; at once where there is no server.
    pub async fn running(&self, mark: &str, count: i64) {
        let Some(server) = self.words.server else {
            return;
        };
        let observer = self.open().await;
        until("as many run it as should", async || {
            let rows = read(&observer, server.running, vec![json!(mark)]);
            integer(&rows.await.unwrap().rows[0][0]) == count
        })
        .await;
        observer.pool.close().await;
    }

    /// The number of the session that answers next; `None` where there is no server that would know.
    pub async fn session(&self, database: &Database) -> Option<i64> {
        let server = self.words.server?;
        let rows = read(database, server.session, vec![]).await.unwrap();
        Some(integer(&rows.rows[0][0]))
    }
}

/// The number in a cell, however the engine told it.
pub fn integer(cell: &crate::rows::Owned) -> i64 {
    use crate::rows::Owned;
    match cell {
        Owned::Int(value) => (*value).try_into().unwrap(),
        Owned::Number(text) => text.parse().unwrap(),
        other => panic!("not a number: {other:?}"),
    }
}

async fn run(database: &Database, sql: &str) {
    write(database, sql, vec![])
        .await
        .unwrap_or_else(|failure| panic!("{sql}: {failure:?}"));
}

/// A table that was made for one fact.
pub struct Table {
    pub name: String,
    /// A connection that may write to it.
    pub admin: Database,
}

impl Table {
    /// How many rows it holds, as another session sees it.
    pub async fn count(&self) -> i64 {
        let database = open((*self.admin.config).clone()).await;
        let sql = format!("SELECT count(*) FROM {}", self.name);
        let count = integer(&read(&database, &sql, vec![]).await.unwrap().rows[0][0]);
        database.pool.close().await;
        count
    }

    /// Takes it away.
    pub async fn drop(self) {
        run(&self.admin, &format!("DROP TABLE {}", self.name)).await;
        self.admin.pool.close().await;
    }
}

/// A database shared by several calls at once.
pub async fn shared(config: ConnectionConfig) -> Arc<Database> {
    Arc::new(open(config).await)
}

/// One fact, tested on every engine: `on_every_engine!(name, async |subject: &Subject| { … });`
#[macro_export]
macro_rules! on_every_engine {
    ($fact:ident, $test:expr) => {
        $crate::on_every_engine!($fact: postgres_15 postgres_18 mariadb_10_11 mysql_9 sqlite, $test);
    };
    ($fact:ident: $($name:ident)+, $test:expr) => {
        mod $fact {
            #[allow(unused_imports, reason = "a fact may need nothing of its file")]
            use super::*;

            async fn holds_on(name: &'static str) {
                if let Some(subject) = $crate::subject::Subject::of(name).await {
                    ($test)(&subject).await;
                }
            }

            $(
                #[tokio::test]
                async fn $name() {
                    holds_on(stringify!($name)).await;
                }
            )+
        }
    };
}
