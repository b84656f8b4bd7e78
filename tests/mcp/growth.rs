//! Thousands of calls leave the process as it was.
#![cfg(target_os = "linux")]

use std::collections::VecDeque;

use serde_json::json;
use support::{
    client::{Launch, Server},
    databases::{self, read},
    on_every_engine,
    subject::{Subject, integer},
};

use super::process::{descriptors, memory_kib, threads};

/// Some calls under way at any time, so that every session of the pool is used.
const AT_ONCE: usize = 16;

async fn calls(server: &mut Server, count: usize) {
    let mut under_way = VecDeque::new();
    for number in 0..count {
        if under_way.len() == AT_ONCE {
            let id = under_way.pop_front().unwrap();
            server.call_answer(id).await.ok();
        }
        let sql = format!("SELECT {}", number % 7);
        under_way.push_back(
            server
                .begin_call("execute_query", json!({"sql": sql}))
                .await,
        );
    }
    for id in under_way {
        server.call_answer(id).await.ok();
    }
}

on_every_engine!(
    thousands_of_calls_leave_nothing_behind,
    async |subject: &Subject| {
        let launch = Launch::default().database("db", subject.url());
        let mut server = Server::start(launch.with("MCP_LOG_LEVEL", "error")).await;
        let process = server.process_id();
        calls(&mut server, 2_000).await;
        let before = (memory_kib(process), descriptors(process), threads(process));

        calls(&mut server, 18_000).await;

        let grown = memory_kib(process).saturating_sub(before.0);
        assert!(grown < 3_000, "{grown} KiB");
        assert!(descriptors(process) <= before.1 + 2, "descriptors");
        assert!(threads(process) <= before.2 + 2, "threads");
        assert!(descriptors(process) < 40, "descriptors");
    }
);

on_every_engine!(
    a_million_rows_are_read_in_pages_and_none_of_them_is_kept: postgres_15 postgres_18 mariadb_10_11 mysql_9,
    async |subject: &Subject| {
        let launch = Launch::default().database("db", subject.url());
        let mut server = Server::start(launch.with("MCP_LOG_LEVEL", "error")).await;
        let process = server.process_id();
        // Each number once, in whatever order.
        let sql = "WITH RECURSIVE d(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM d WHERE i < 99) \
                   SELECT a.i * 10000 + b.i * 100 + c.i + 1 AS n FROM d AS a, d AS b, d AS c";
        let mut asked = json!({"sql": sql, "maxRows": 20_000, "maxBytes": 1_000_000});
        let (mut pages, mut rows, mut sum, mut early) = (0, 0, 0, 0);
        loop {
            let page = server.call("execute_query", asked).await.ok();
            pages += 1;
            for row in page["rows"].as_array().unwrap() {
                rows += 1;
                sum += row[0].as_i64().unwrap();
            }
            if pages == 10 {
                early = memory_kib(process);
            }
            let cursor = &page["truncated"]["cursor"];
            if cursor.is_null() {
                break;
            }
            asked = json!({"cursor": cursor, "maxRows": 20_000, "maxBytes": 1_000_000});
        }

        assert_eq!((pages, rows, sum), (50, 1_000_000, 500_000_500_000_i64));
        let grown = memory_kib(process).saturating_sub(early);
        assert!(grown < 3_000, "{grown} KiB");
    }
);

on_every_engine!(
    the_servers_sessions_are_as_many_as_the_pool_has_and_end_with_the_process:
        postgres_15 postgres_18 mariadb_10_11 mysql_9,
    async |subject: &Subject| {
        // A database of its own tells its sessions from those of others.
        let (mut config, take_away) = subject.place().await;
        let observer = databases::open(subject.config()).await;
        let (url, count) = if subject.name.starts_with("postgres") {
            let schema = config.schema.take().unwrap();
            let sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'portolan' \
                       AND pid <> pg_backend_pid() AND strpos(query, $1) > 0";
            (format!("{}?schema={schema}", subject.url()), (sql, schema))
        } else {
            let name = config.database.take().unwrap();
            let url = subject.url();
            let (server, _) = url.rsplit_once('/').unwrap();
            let sql = "SELECT COUNT(*) FROM information_schema.processlist WHERE db = ?";
            (format!("{server}/{name}"), (sql, name))
        };
        let sessions = async || {
            let rows = read(&observer, count.0, vec![json!(count.1)]).await.unwrap();
            integer(&rows.rows[0][0])
        };
        let mut server = Server::start(Launch::default().database("db", url)).await;
        let sql = format!("SELECT '{}'", count.1);
        for _ in 0..20 {
            let mut ids = Vec::new();
            for _ in 0..AT_ONCE {
                ids.push(server.begin_call("execute_query", json!({"sql": sql})).await);
            }
            for id in ids {
                server.call_answer(id).await.ok();
            }
        }

        let open = sessions().await;
        assert!((1..=10).contains(&open), "{open}");
        server.signal("KILL").await;
        server.exit().await;
        support::waiting::until("no session is left", async || sessions().await == 0).await;
        if let Some(take_away) = take_away {
            let admin = subject.open_writable().await;
            databases::write(&admin, &take_away, vec![]).await.unwrap();
        }
    }
);
