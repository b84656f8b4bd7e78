//! Sessions of clients of the older revisions.

use serde_json::json;
use support::{
    client::{Launch, tool_answer},
    http::{HttpServer, Request, Session},
    waiting::until,
};

use super::{ENDLESS, demo, logged};

fn ping(session: &Session, id: u64) -> Request {
    session.request(id, "ping", &json!({}))
}

/// The status of a ping, which an unknown session has none but 404 for.
async fn status(server: &HttpServer, session: &Session) -> u16 {
    server.send(&ping(session, 90)).await.status
}

#[tokio::test]
async fn a_session_ends_when_its_client_says_so() {
    let server = demo().await;
    let session = Session::begin(&server).await;
    let end = session.listen(None).method("DELETE");

    assert_eq!(server.send(&end).await.status, 202);

    assert_eq!(status(&server, &session).await, 404);
}

#[tokio::test]
async fn an_unused_session_ends_and_a_used_one_does_not() {
    let launch = Launch::default()
        .argument("--demo")
        .with("MCP_SESSION_TIMEOUT_MS", "1000");
    let server = HttpServer::start(launch).await;
    let unused = Session::begin(&server).await;
    let listening = Session::begin(&server).await;
    let mut stream = server.connect().await;
    stream.send(&listening.listen(None)).await;
    assert_eq!(stream.head().await.status, 200);
    // Looked at by its own stream, so that the look is no use of the session that is waited for.
    let calling = Session::begin(&server).await;
    let arguments = json!({"sql": ENDLESS, "timeoutMs": 3000});
    let mut call = calling.begin_call(1, "execute_query", arguments).await;

    let answer = tool_answer(&call.message().await.unwrap());

    assert_eq!(answer.failure()["kind"], "timeout");
    assert_eq!(status(&server, &unused).await, 404);
    assert_eq!(status(&server, &listening).await, 200);
}

#[tokio::test]
async fn for_one_session_more_the_oldest_of_the_same_caller_ends() {
    let launch = Launch::default()
        .argument("--demo")
        .with("MCP_HTTP_MAX_SESSIONS", "2");
    let server = HttpServer::start(launch).await;
    let first = Session::begin(&server).await;
    let second = Session::begin(&server).await;

    let third = Session::begin(&server).await;

    assert_eq!(status(&server, &first).await, 404);
    assert_eq!(status(&server, &second).await, 200);
    assert_eq!(status(&server, &third).await, 200);
}

#[tokio::test]
async fn where_every_session_is_in_use_another_is_refused() {
    let launch = Launch::default()
        .argument("--demo")
        .with("MCP_HTTP_MAX_SESSIONS", "1");
    let server = HttpServer::start(launch).await;
    let session = Session::begin(&server).await;
    let _call = session
        .begin_call(1, "execute_query", json!({"sql": ENDLESS}))
        .await;

    let refused = server.send(&Request::initialize()).await;

    assert_eq!(refused.status, 503);
    assert_eq!(refused.header("retry-after"), Some("5"));
}

#[tokio::test]
async fn a_client_that_lost_its_stream_comes_back_for_the_answer() {
    let server = demo().await;
    let session = Session::begin(&server).await;
    let arguments = json!({"sql": ENDLESS, "timeoutMs": 1500});
    let mut call = session.begin_call(1, "execute_query", arguments).await;
    let event = call.event().await.unwrap().id.unwrap();
    drop(call);

    let mut back = server.connect().await;
    back.send(&session.listen(Some(&event))).await;
    assert_eq!(back.head().await.status, 200);
    let answer = tool_answer(&back.message().await.unwrap());

    assert_eq!(answer.failure()["kind"], "timeout");
}

#[tokio::test]
async fn a_call_whose_client_does_not_come_back_is_cancelled() {
    let server = demo().await;
    let session = Session::begin(&server).await;
    let mut call = session
        .begin_call(1, "execute_query", json!({"sql": ENDLESS}))
        .await;
    call.event().await.unwrap();

    drop(call);

    logged(&server, "cancelled").await;
    assert_eq!(status(&server, &session).await, 200);
}

#[tokio::test]
async fn a_cancel_by_notification_ends_the_call() {
    let server = demo().await;
    let session = Session::begin(&server).await;
    let mut call = session
        .begin_call(7, "execute_query", json!({"sql": ENDLESS}))
        .await;
    call.event().await.unwrap();

    let cancel = session.notify("notifications/cancelled", &json!({"requestId": 7}));
    assert_eq!(server.send(&cancel).await.status, 202);

    assert_eq!(call.message().await, None);
    logged(&server, "cancelled").await;
}

#[tokio::test]
async fn the_calls_of_a_session_end_with_it() {
    let server = demo().await;
    let session = Session::begin(&server).await;
    let mut call = session
        .begin_call(1, "execute_query", json!({"sql": ENDLESS}))
        .await;
    call.event().await.unwrap();

    let ended = server.send(&session.listen(None).method("DELETE")).await;

    assert_eq!(ended.status, 202);
    logged(&server, "cancelled").await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn thousands_of_sessions_leave_nothing_behind() {
    use crate::mcp::process::{descriptors, memory_kib};

    let launch = Launch::default()
        .argument("--demo")
        .with("MCP_HTTP_MAX_SESSIONS", "50");
    let server = HttpServer::start(launch).await;
    let sessions = async |count: usize| {
        for number in 0..count {
            let session = Session::begin(&server).await;
            // Half of them are left to be ended for others.
            if number % 2 == 0 {
                server.send(&session.listen(None).method("DELETE")).await;
            }
        }
    };
    sessions(500).await;
    let memory = memory_kib(server.process_id());

    sessions(2_000).await;

    let grown = memory_kib(server.process_id()).saturating_sub(memory);
    assert!(grown < 3_000, "{grown} KiB");
    until("connections are closed", async || {
        descriptors(server.process_id()) < 60
    })
    .await;
}
