//! A call that is ended, by whomever, is ended in the database too.

use std::time::Duration;

use serde_json::json;
use support::{
    client::{Launch, Server},
    on_every_engine,
    subject::Subject,
};

use super::blocked::BlockedTable;

const SOON: Duration = Duration::from_secs(1);

/// A server on the database of the blocked table, with one call that waits for the table.
async fn waiting_call(table: &mut BlockedTable, launch: Launch) -> (Server, u64) {
    let mut server = Server::start(launch.database("pg", BlockedTable::url())).await;
    let id = server
        .begin_call("execute_query", json!({"sql": table.statement()}))
        .await;
    table.waiting(1).await;
    (server, id)
}

#[tokio::test]
async fn a_cancelled_call_is_not_answered_and_the_next_one_works() {
    let Some(mut table) = BlockedTable::new().await else {
        return;
    };
    let (mut server, id) = waiting_call(&mut table, Launch::default()).await;

    server
        .notify(
            "notifications/cancelled",
            &json!({"requestId": id, "reason": "no more"}),
        )
        .await;

    assert!(table.waiting(0).await < SOON);
    assert_eq!(server.query("SELECT 1 AS one").await["rows"], json!([[1]]));
    server.close_input().await;
    assert_eq!(server.receive().await, None);
    table.release().await;
}

#[tokio::test]
async fn a_call_past_its_time_is_stopped() {
    let Some(mut table) = BlockedTable::new().await else {
        return;
    };
    let mut server = Server::start(Launch::default().database("pg", BlockedTable::url())).await;

    let arguments = json!({"sql": table.statement(), "timeoutMs": 100});
    let answer = server.call("execute_query", arguments).await;

    assert_eq!(answer.failure()["kind"], "timeout");
    assert!(table.waiting(0).await < SOON);
    table.release().await;
}

#[tokio::test]
async fn closing_its_connection_ends_a_call() {
    let Some(mut table) = BlockedTable::new().await else {
        return;
    };
    let (mut server, id) = waiting_call(&mut table, Launch::default()).await;

    server
        .call("close_connection", json!({"connection": "pg"}))
        .await
        .ok();

    assert_eq!(server.call_answer(id).await.failure()["kind"], "cancelled");
    assert!(table.waiting(0).await < SOON);
    table.release().await;
}

#[tokio::test]
async fn the_end_of_input_gives_a_call_its_grace_and_then_ends_it() {
    let Some(mut table) = BlockedTable::new().await else {
        return;
    };
    let launch = Launch::default().with("MCP_SHUTDOWN_GRACE_MS", "300");
    let (mut server, id) = waiting_call(&mut table, launch).await;

    server.close_input().await;
    let failure = server.call_answer(id).await.failure();
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
    assert!(table.waiting(0).await < SOON);
    table.release().await;
}

#[tokio::test]
async fn a_call_that_ends_within_the_grace_is_answered() {
    let Some(mut table) = BlockedTable::new().await else {
        return;
    };
    let launch = Launch::default().with("MCP_SHUTDOWN_GRACE_MS", "10000");
    let (mut server, id) = waiting_call(&mut table, launch).await;

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
#[tokio::test]
async fn a_signal_in_mid_query_ends_the_server_cleanly_within_a_second() {
    for signal in ["TERM", "INT"] {
        let Some(mut table) = BlockedTable::new().await else {
            return;
        };
        let (mut server, id) = waiting_call(&mut table, Launch::default()).await;

        server.signal(signal).await;
        let (status, took) = server.exit().await;

        assert!(status.success(), "{signal}: {status}");
        assert!(took < SOON, "{signal}: {took:?}");
        assert_eq!(server.call_answer(id).await.failure()["kind"], "cancelled");
        assert!(table.waiting(0).await < SOON);
        table.release().await;
    }
}

#[tokio::test]
async fn nothing_runs_on_when_the_client_is_gone() {
    let Some(mut table) = BlockedTable::new().await else {
        return;
    };
    let (mut server, _) = waiting_call(&mut table, Launch::default()).await;

    server.close_output();
    server.close_input().await;
    let (status, took) = server.exit().await;

    assert!(status.success());
    assert!(took < SOON + SOON / 2, "{took:?}");
    assert!(table.waiting(0).await < SOON);
    table.release().await;
}

#[tokio::test]
async fn nothing_is_left_running_when_the_server_is_killed_off_its_wire() {
    let Some(mut table) = BlockedTable::new().await else {
        return;
    };
    let (mut server, _) = waiting_call(&mut table, Launch::default()).await;

    // Only the way back is gone; the server finds out when it next writes.
    server.close_output();
    server.begin("ping", json!({})).await;
    let (status, took) = server.exit().await;

    assert!(status.success());
    assert!(took < SOON, "{took:?}");
    assert!(table.waiting(0).await < SOON);
    table.release().await;
}

on_every_engine!(
    a_client_that_vanishes_leaves_no_statement_on_any_server: postgres_18 mariadb_10_11 mysql_9,
    async |subject: &Subject| {
        let observer = subject.open().await;
        let (slow, mark) = subject.slow();
        let mut server = Server::start(Launch::default().database("db", subject.url())).await;
        let arguments = json!({"sql": slow.sql, "params": slow.params});
        server.begin_call("execute_query", arguments).await;
        subject.runs(&observer, &mark).await;

        server.close_output();
        server.close_input().await;
        let (status, took) = server.exit().await;

        assert!(status.success());
        assert!(took < SOON + SOON / 2, "{took:?}");
        subject.has_ended(&mark).await;
    }
);
