//! How the server ends.
#![cfg(unix)]

use std::time::Duration;

use serde_json::json;
use support::{
    client::{Launch, tool_answer},
    http::{HttpServer, Request, Session},
};

use super::{ENDLESS, demo};

#[tokio::test]
async fn a_server_that_nobody_waits_for_ends_at_once() {
    let mut server = demo().await;
    let mut idle = server.connect().await;
    idle.send(&Request::get("/livez")).await;
    idle.response().await;
    // A stream that waits for nothing in particular keeps nobody either.
    let session = Session::begin(&server).await;
    let mut stream = server.connect().await;
    stream.send(&session.listen(None)).await;
    stream.head().await;

    server.signal("TERM").await;

    let (status, took) = server.exit().await;
    assert!(status.success());
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[tokio::test]
async fn a_running_call_is_answered_before_the_end() {
    let mut server = demo().await;
    let mut connection = server.connect().await;
    let arguments = json!({"sql": ENDLESS, "timeoutMs": 1500});
    connection
        .send(&Request::call("execute_query", arguments))
        .await;
    // The call has begun once another one, sent after it, has been answered.
    server.call("list_connections", json!({})).await.ok();

    server.signal("TERM").await;

    let answer = tool_answer(&connection.response().await.json());
    assert_eq!(answer.failure()["kind"], "timeout");
    assert!(server.exit().await.0.success());
}

#[tokio::test]
async fn a_call_that_outlasts_the_grace_is_told_that_the_server_stops() {
    let launch = Launch::default()
        .argument("--demo")
        .with("MCP_SHUTDOWN_GRACE_MS", "200");
    let mut server = HttpServer::start(launch).await;
    let mut modern = server.connect().await;
    modern.send(&Request::query(ENDLESS)).await;
    let session = Session::begin(&server).await;
    let mut legacy = session
        .begin_call(1, "execute_query", json!({"sql": ENDLESS}))
        .await;

    server.signal("TERM").await;

    let answers = [
        tool_answer(&modern.response().await.json()),
        tool_answer(&legacy.message().await.unwrap()),
    ];
    for answer in answers {
        assert_eq!(
            answer.failure()["message"],
            "The server is stopping; the statement was ended."
        );
    }
    assert!(server.exit().await.0.success());
}

#[tokio::test]
async fn a_hangup_ends_nobody_even_where_nothing_can_be_read_again() {
    let mut server = demo().await;
    server.call("list_connections", json!({})).await.ok();

    server.signal("HUP").await;
    server.call("list_connections", json!({})).await.ok();

    server.signal("TERM").await;
    assert!(server.exit().await.0.success());
}
