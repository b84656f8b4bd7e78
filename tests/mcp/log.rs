//! What the log says of a call, and what it never says.

use std::time::Duration;

use serde_json::{Value, json};
use support::{client::Server, scratch::Scratch};

use super::shop;

fn calls(log: &str) -> Vec<Value> {
    log.lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("not JSON: {line}"))
        })
        .filter(|line| line["tool"].is_string())
        .collect()
}

#[tokio::test]
async fn each_call_is_one_line_without_values() {
    let scratch = Scratch::new();
    let mut server = Server::start(shop(&scratch).await.with("MCP_LOG_LEVEL", "info")).await;
    let query = json!({
        "sql": "SELECT name FROM customers WHERE email = 'ada@example.com' AND id < ? -- remark",
        "params": [4242],
    });
    server.call("execute_query", query).await.ok();
    server
        .call(
            "execute_query",
            json!({"sql": "SELECT nope, 'Grace' FROM customers"}),
        )
        .await
        .failure();
    server.call("list_connections", json!({})).await.ok();

    let log = server.log().await;

    let calls = calls(&log);
    assert_eq!(calls.len(), 3, "{log}");
    assert_eq!(calls[0]["tool"], "execute_query");
    assert_eq!(calls[0]["connection"], "shop");
    assert_eq!(calls[0]["engine"], "sqlite");
    assert_eq!(calls[0]["rows"], 1);
    assert_eq!(calls[0]["outcome"], "ok");
    assert_eq!(
        calls[0]["statement"],
        "SELECT name FROM customers WHERE email = ? AND id < ? "
    );
    assert!(calls[0]["duration_ms"].as_f64().unwrap() > 0.0);
    assert_eq!(calls[1]["outcome"], "invalid_sql");
    assert_eq!(calls[2]["tool"], "list_connections");
    for value in ["ada@example.com", "Ada", "Grace", "4242", "remark"] {
        assert!(!log.contains(value), "{value}: {log}");
    }
}

#[tokio::test]
async fn a_log_that_nobody_reads_stops_nothing() {
    // GIVEN more lines than a pipe takes
    let scratch = Scratch::new();
    let launch = shop(&scratch)
        .await
        .with("MCP_LOG_LEVEL", "info")
        .with_its_log_unread();
    let mut server = Server::start(launch).await;
    let text = format!("SELECT 1 AS {}", "a".repeat(150));

    // WHEN
    for _ in 0..500 {
        server
            .call("execute_query", json!({"sql": text}))
            .await
            .ok();
    }

    // THEN
    server.close_input().await;
    let (status, took) = server.exit().await;
    assert!(status.success());
    assert!(took < Duration::from_secs(3), "{took:?}");
}
