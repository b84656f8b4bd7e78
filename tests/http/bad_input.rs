//! What no honest client sends.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{
    client::Launch,
    http::{HttpServer, Request, Session},
    waiting::until,
};

use super::{ENDLESS, demo, logged};

/// The server answers the next request.
async fn still_answers(server: &HttpServer) {
    let answer = server
        .call("execute_query", json!({"sql": "SELECT 1 AS one"}))
        .await;
    assert_eq!(answer.ok()["rows"], json!([[1]]));
}

/// With limits that a test can wait for.
async fn impatient() -> HttpServer {
    let launch = Launch::default()
        .argument("--demo")
        .with("MCP_HTTP_REQUEST_TIMEOUT_MS", "300")
        .with("MCP_HTTP_IDLE_TIMEOUT_MS", "600");
    HttpServer::start(launch).await
}

#[tokio::test]
async fn a_foreign_host_or_page_is_refused() {
    let server = demo().await;
    for (header, value) in [
        ("Host", "evil.example.com"),
        ("Host", "localhost.evil.example.com"),
        ("Host", "10.1.2.3"),
        ("Origin", "https://evil.example.com"),
        ("Origin", "null"),
    ] {
        let response = server
            .send(&Request::query("SELECT 1").with(header, value))
            .await;
        assert_eq!(response.status, 403, "{header}: {value}");
    }
    let own = Request::query("SELECT 1").with("Origin", "http://localhost:3000");
    assert_eq!(server.send(&own).await.status, 200);
}

#[tokio::test]
async fn a_host_and_a_page_that_are_listed_are_let_in() {
    let launch = Launch::default()
        .argument("--demo")
        .with("MCP_HTTP_ALLOWED_HOSTS", "db.example.com")
        .with("MCP_HTTP_ALLOWED_ORIGINS", "https://app.example.com");
    let server = HttpServer::start(launch).await;
    let request = Request::query("SELECT 1")
        .with("Host", "db.example.com")
        .with("Origin", "https://app.example.com");

    assert_eq!(server.send(&request).await.status, 200);
}

#[tokio::test]
async fn a_header_that_disagrees_with_the_body_is_refused() {
    let server = demo().await;
    for (header, value) in [
        ("Mcp-Method", "tools/list"),
        ("Mcp-Name", "list_connections"),
        ("MCP-Protocol-Version", "2025-11-25"),
    ] {
        let request = Request::query("SELECT 1")
            .without(header)
            .with(header, value);
        let response = server.send(&request).await;
        assert_eq!(response.status, 400, "{header}: {}", response.body);
        assert_eq!(response.json()["error"]["code"], -32_020, "{header}");
    }
}

#[tokio::test]
async fn what_is_no_message_is_told_why() {
    let server = demo().await;
    for (body, code) in [
        ("", -32_700),
        ("{\"jsonrpc\":", -32_700),
        ("no JSON", -32_700),
        ("[]", -32_600),
        ("17", -32_600),
    ] {
        let response = server.send(&Request::message(body)).await;
        assert_eq!(response.status, 400, "{body}: {}", response.body);
        assert_eq!(response.json()["error"]["code"], code, "{body}");
    }
    still_answers(&server).await;
}

#[tokio::test]
async fn parameters_that_are_wrong_are_told_in_both_eras() {
    let server = demo().await;
    let session = Session::begin(&server).await;
    let params = json!({"name": 5});

    let modern = server
        .send(&Request::modern("tools/call", params.clone()).with("Mcp-Name", "5"))
        .await;
    let mut legacy = server.connect().await;
    legacy
        .send(&session.request(1, "tools/call", &params))
        .await;
    legacy.head().await;

    for answer in [modern.json(), legacy.message().await.unwrap()] {
        assert_eq!(
            answer["error"],
            json!({
                "code": -32_602,
                "message": "Invalid `params` of tools/call: invalid type: integer `5`, expected a string.",
            })
        );
    }
}

#[tokio::test]
async fn a_body_of_100_mb_is_refused_before_it_is_read() {
    let server = demo().await;
    let head = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                Accept: application/json, text/event-stream\r\nContent-Length: 104857600\r\n\r\n";
    let mut connection = server.connect().await;

    connection.write(head.as_bytes()).await;
    let response = connection.response().await;

    assert_eq!(response.status, 413);
    let message = response.json()["error"]["message"].take();
    assert!(
        message
            .as_str()
            .unwrap()
            .contains("MCP_HTTP_MAX_BODY_BYTES"),
        "{message}"
    );
    still_answers(&server).await;
}

#[tokio::test]
async fn a_body_whose_length_is_not_told_is_read_up_to_the_limit_and_no_further() {
    let server = demo().await;
    let head = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                Accept: application/json, text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mut connection = server.connect().await;
    connection.write(head.as_bytes()).await;
    let chunk = format!("{:x}\r\n{}\r\n", 1 << 20, " ".repeat(1 << 20));

    let mut taken = 0;
    while taken < 100 && connection.write_until_refused(chunk.as_bytes()).await {
        taken += 1;
    }

    assert!(taken < 20, "{taken} MB");
    still_answers(&server).await;
}

#[tokio::test]
async fn a_head_that_never_ends_closes_its_connection() {
    let server = impatient().await;
    let mut connection = server.connect().await;
    connection
        .write(b"POST /mcp HTTP/1.1\r\nHost: localhost\r\n")
        .await;
    let began = Instant::now();

    // A line now and then, so that something always comes.
    while connection.write_until_refused(b"X-More: 1\r\n").await {
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "it goes on for ever"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    still_answers(&server).await;
}

#[tokio::test]
async fn a_body_that_never_ends_is_answered_and_closes_its_connection() {
    let server = impatient().await;
    let mut connection = server.connect().await;
    connection
        .write(
            b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
              Accept: application/json, text/event-stream\r\nContent-Length: 100\r\n\r\n{",
        )
        .await;

    let response = connection.response().await;

    assert_eq!(response.status, 408, "{}", response.body);
    connection.closed().await;
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed() {
    let server = impatient().await;
    let mut silent = server.connect().await;
    let mut polite = server.connect().await;
    polite.send(&Request::get("/livez")).await;
    assert_eq!(polite.response().await.status, 200);

    assert!(silent.closed().await < Duration::from_secs(5));
    assert!(polite.closed().await < Duration::from_secs(5));
}

#[tokio::test]
async fn clients_that_hold_connections_half_open_keep_nobody_waiting() {
    let server = impatient().await;
    let mut held = Vec::new();
    for begun in [
        "",
        "POST /mcp HT",
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\n",
    ] {
        for _ in 0..50 {
            let mut connection = server.connect().await;
            connection.write(begun.as_bytes()).await;
            held.push(connection);
        }
    }

    still_answers(&server).await;

    for mut connection in held {
        connection.closed().await;
    }
}

#[tokio::test]
async fn one_connection_too_many_is_turned_away() {
    let launch = Launch::default()
        .argument("--demo")
        .with("MCP_HTTP_MAX_CONNECTIONS", "2");
    let server = HttpServer::start(launch).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut connection = server.connect().await;
        connection.send(&Request::get("/livez")).await;
        assert_eq!(connection.response().await.status, 200);
        held.push(connection);
    }

    let response = server.connect().await.response().await;

    assert_eq!(response.status, 503);
    drop(held);
    until("a place is free again", async || {
        server.connect().await.answers("/livez").await
    })
    .await;
}

#[tokio::test]
async fn a_client_that_breaks_off_ends_its_call() {
    let server = demo().await;
    let mut connection = server.connect().await;
    connection.send(&Request::query(ENDLESS)).await;
    let slow = json!({"name": "execute_query", "arguments": {"sql": ENDLESS}, "_meta": {"progressToken": 1}});
    let mut told = server.connect().await;
    told.send(&Request::modern("tools/call", slow)).await;
    let progress: Value = {
        told.head().await;
        told.message().await.unwrap()
    };
    assert_eq!(progress["method"], "notifications/progress");

    drop(connection);
    drop(told);

    logged(&server, "cancelled").await;
    until("both calls have ended", async || {
        server.log().matches("\"outcome\":\"cancelled\"").count() == 2
    })
    .await;
    still_answers(&server).await;
}
