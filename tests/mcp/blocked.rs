//! A table that nobody can read, so that whoever tries is known to be waiting.

use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use support::databases::{asked_for, server_variable, unique};

pub(super) const SERVER: &str = "postgres_15";

/// A table of PostgreSQL, locked by this test.
pub(super) struct BlockedTable {
    pub(super) name: String,
    holder: PgConnection,
    watcher: PgConnection,
}

impl BlockedTable {
    /// `None` where the server was not asked for.
    pub(super) async fn new() -> Option<Self> {
        if !asked_for(SERVER) {
            return None;
        }
        let url = server_variable(SERVER, "URL");
        let name = unique("blocked");
        let mut holder = PgConnection::connect(&url).await.unwrap();
        run(&mut holder, format!("CREATE TABLE {name} (n int)")).await;
        run(&mut holder, "BEGIN".to_owned()).await;
        run(
            &mut holder,
            format!("LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE"),
        )
        .await;
        Some(Self {
            name,
            holder,
            watcher: PgConnection::connect(&url).await.unwrap(),
        })
    }

    pub(super) fn url() -> String {
        server_variable(SERVER, "URL")
    }

    /// A statement that waits until the table is free.
    pub(super) fn statement(&self) -> String {
        format!("SELECT count(*) FROM {}", self.name)
    }

    /// Waits until this many statements wait for the table; how long that took.
    pub(super) async fn waiting(&mut self, expected: i64) -> Duration {
        let asked = Instant::now();
        loop {
            let waiting: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
                 WHERE c.relname = $1 AND NOT l.granted",
            )
            .bind(&self.name)
            .fetch_one(&mut self.watcher)
            .await
            .unwrap();
            if waiting == expected {
                return asked.elapsed();
            }
            assert!(
                asked.elapsed() < Duration::from_secs(10),
                "{waiting} statements wait, not {expected}"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(super) async fn unlock(&mut self) {
        run(&mut self.holder, "ROLLBACK".to_owned()).await;
    }

    pub(super) async fn release(mut self) {
        self.unlock().await;
        run(&mut self.holder, format!("DROP TABLE {}", self.name)).await;
    }
}

async fn run(connection: &mut PgConnection, sql: String) {
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(connection)
        .await
        .unwrap();
}
