//! A call that is ended, by whomever, is ended in the database too.

use std::time::{Duration, Instant};

use domain::connection::Database;
use serde_json::{Value, json};
use support::{
    client::{Launch, Server},
    on_every_engine,
    subject::Subject,
};

use super::blocked::BlockedTable;

const SOON: Duration = Duration::from_secs(1);

/// A server with one call under way, whose statement would run for a minute.
struct Running<'a> {
    server: Server,
    id: u64,
    subject: &'a Subject,
    mark: String,
    observer: Database,
}

impl<'a> Running<'a> {
    async fn of(subject: &'a Subject, launch: Launch) -> Self {
        let (arguments, mark) = slow(subject);
        let mut server = Server::start(launch.database("db", subject.url())).await;
        let id = server.begin_call("execute_query", arguments).await;
        let observer = subject.open().await;
        subject.runs(&observer, &mark).await;
        Self {
            server,
            id,
            subject,
            mark,
            observer,
        }
    }

    /// The statement is gone from its server within a second of its end.
    async fn ends_within_a_second(self, ended: Instant) {
        let outlived = self.subject.outlived(&self.mark, ended).await;
        assert!(outlived < SOON, "{outlived:?}");
        self.observer.pool.close().await;
    }
}

/// The arguments of a call that would run for a minute, and its mark.
fn slow(subject: &Subject) -> (Value, String) {
    let (slow, mark) = subject.slow();
    (json!({"sql": slow.sql, "params": slow.params}), mark)
}

on_every_engine!(
    a_cancelled_call_is_not_answered_and_the_next_one_works: postgres_15 postgres_18 mariadb_10_11 mysql_9,
    async |subject: &Subject| {
        let mut running = Running::of(subject, Launch::default()).await;

        let ended = Instant::now();
        let cancel = json!({"requestId": running.id, "reason": "no more"});
        let server = &mut running.server;
        server.notify("notifications/cancelled", &cancel).await;

        assert_eq!(server.query("SELECT 1 AS one").await["rows"], json!([[1]]));
        server.close_input().await;
        assert_eq!(server.receive().await, None);
        running.ends_within_a_second(ended).await;
    }
);

on_every_engine!(
    a_call_past_its_time_is_stopped: postgres_15 postgres_18 mariadb_10_11 mysql_9,
    async |subject: &Subject| {
        let (mut arguments, mark) = slow(subject);
        arguments["timeoutMs"] = json!(100);
        let launch = Launch::default().database("db", subject.url());
        let mut server = Server::start(launch).await;

        let answer = server.call("execute_query", arguments).await;

        let ended = Instant::now();
        assert_eq!(answer.failure()["kind"], "timeout");
        let outlived = subject.outlived(&mark, ended).await;
        assert!(outlived < SOON, "{outlived:?}");
    }
);

on_every_engine!(
    a_call_past_the_time_of_its_connection_is_stopped: postgres_15 postgres_18 mariadb_10_11 mysql_9,
    async |subject: &Subject| {
        let (arguments, mark) = slow(subject);
        let launch = Launch::default()
            .database("db", subject.url())
            .with("DB_DB_STATEMENT_TIMEOUT", "100");
        let mut server = Server::start(launch).await;

        let answer = server.call("execute_query", arguments).await;

        let ended = Instant::now();
        assert_eq!(answer.failure()["kind"], "timeout");
        let outlived = subject.outlived(&mark, ended).await;
        assert!(outlived < SOON, "{outlived:?}");
    }
);

on_every_engine!(
    closing_its_connection_ends_a_call: postgres_15 postgres_18 mariadb_10_11 mysql_9,
    async |subject: &Subject| {
        let mut running = Running::of(subject, Launch::default()).await;

        let ended = Instant::now();
        let (server, id) = (&mut running.server, running.id);
        server
            .call("close_connection", json!({"connection": "db"}))
            .await
            .ok();

        assert_eq!(server.call_answer(id).await.failure()["kind"], "cancelled");
        running.ends_within_a_second(ended).await;
    }
);

on_every_engine!(
    the_end_of_input_gives_a_call_its_grace_and_then_ends_it: postgres_15 postgres_18 mariadb_10_11 mysql_9,
    async |subject: &Subject| {
        let launch = Launch::default().with("MCP_SHUTDOWN_GRACE_MS", "300");
        let mut running = Running::of(subject, launch).await;
        let (server, id) = (&mut running.server, running.id);

        server.close_input().await;
        let failure = server.call_answer(id).await.failure();
        let ended = Instant::now();
        let (status, _) = server.exit().await;

        assert_eq!(
            failure,
            json!({
                "kind": "cancelled",
                "message": "The server is stopping; the statement was ended.",
                "hint": "Call again when the server is back."
            })
        );
        assert!(status.success());
        running.ends_within_a_second(ended).await;
    }
);

#[tokio::test]
async fn a_call_that_ends_within_the_grace_is_answered() {
    let Some(mut table) = BlockedTable::new().await else {
        return;
    };
    let launch = Launch::default().with("MCP_SHUTDOWN_GRACE_MS", "10000");
    let mut server = Server::start(launch.database("pg", BlockedTable::url())).await;
    let id = server
        .begin_call("execute_query", json!({"sql": table.statement()}))
        .await;
    table.waiting(1).await;

    server.close_input().await;
    table.unlock().await;
    let answer = server.call_answer(id).await.ok();
    let (status, took) = server.exit().await;
    table.release().await;

    assert_eq!(answer["rows"], json!([[0]]));
    assert!(status.success());
    assert!(took < SOON, "{took:?}");
}

#[cfg(unix)]
on_every_engine!(
    a_signal_in_mid_query_ends_the_server_cleanly_within_a_second: postgres_15 postgres_18 mariadb_10_11 mysql_9,
    async |subject: &Subject| {
        for signal in ["TERM", "INT"] {
            let mut running = Running::of(subject, Launch::default()).await;
            let (server, id) = (&mut running.server, running.id);

            let ended = Instant::now();
            server.signal(signal).await;
            let (status, took) = server.exit().await;

            assert!(status.success(), "{signal}: {status}");
            assert!(took < SOON, "{signal}: {took:?}");
            assert_eq!(server.call_answer(id).await.failure()["kind"], "cancelled");
            running.ends_within_a_second(ended).await;
        }
    }
);

on_every_engine!(
    nothing_runs_on_when_the_client_is_gone: postgres_15 postgres_18 mariadb_10_11 mysql_9,
    async |subject: &Subject| {
        let mut running = Running::of(subject, Launch::default()).await;
        let server = &mut running.server;

        server.close_output();
        server.close_input().await;
        let (status, took) = server.exit().await;

        let ended = Instant::now();
        assert!(status.success());
        assert!(took < SOON + SOON / 2, "{took:?}");
        running.ends_within_a_second(ended).await;
    }
);

on_every_engine!(
    nothing_is_left_running_when_the_server_is_killed_off_its_wire: postgres_15 postgres_18 mariadb_10_11 mysql_9,
    async |subject: &Subject| {
        let mut running = Running::of(subject, Launch::default()).await;
        let server = &mut running.server;

        // Only the way back is gone; the server finds out when it next writes.
        let ended = Instant::now();
        server.close_output();
        server.begin("ping", json!({})).await;
        let (status, took) = server.exit().await;

        assert!(status.success());
        assert!(took < SOON, "{took:?}");
        running.ends_within_a_second(ended).await;
    }
);
