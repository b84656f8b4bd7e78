//! `execute_query` over the wire.

use std::collections::BTreeSet;

use adapters::inbound::mcp::McpOptions;
use serde_json::{Value, json};
use support::{
    client::{Launch, MODERN, Server, modern_meta, tool_answer},
    databases::{asked_for, server_variable},
    scratch::{Scratch, run_beside},
};

use super::{ENDLESS, shop};

#[tokio::test]
async fn an_answer_is_one_compact_text_and_nothing_else() {
    let scratch = Scratch::new();
    let mut server = Server::start(shop(&scratch).await).await;

    let answer = server
        .call(
            "execute_query",
            json!({"sql": "SELECT id, name FROM customers WHERE id < 3"}),
        )
        .await;

    assert_eq!(
        answer.text,
        r#"{"columns":["id","name"],"types":["integer","text"],"rows":[[1,"Ada"],[2,"Grace"]],"rowCount":2}"#
    );
    assert_eq!(answer.structured, None);
    assert!(!answer.is_error);
}

#[tokio::test]
async fn each_format_keeps_the_envelope() {
    let scratch = Scratch::new();
    let mut server = Server::start(shop(&scratch).await).await;

    for (format, field, expected) in [
        ("objects", "rows", json!([{"id": 3, "name": "Zoë"}])),
        ("csv", "csv", json!("id,name\n3,Zoë\n")),
        (
            "markdown",
            "markdown",
            json!("|id|name|\n|---|---|\n|3|Zoë|\n"),
        ),
    ] {
        let arguments =
            json!({"sql": "SELECT id, name FROM customers WHERE id = 3", "format": format});
        let answer = server.call("execute_query", arguments).await.ok();
        assert_eq!(answer[field], expected, "{answer}");
        assert_eq!(answer["rowCount"], 1);
    }
}

#[tokio::test]
async fn values_are_bound_as_they_are() {
    let scratch = Scratch::new();
    let mut server = Server::start(shop(&scratch).await).await;

    let arguments = json!({
        "sql": "SELECT ?, ?, ?, ?, (SELECT count(*) FROM customers WHERE name = ?)",
        "params": [7, "it's; DROP TABLE customers", null, 1.5, "Ada"],
    });
    let answer = server.call("execute_query", arguments).await.ok();

    assert_eq!(
        answer["rows"],
        json!([[7, "it's; DROP TABLE customers", null, 1.5, 1]])
    );
}

#[tokio::test]
async fn a_limit_cuts_the_answer_and_says_so() {
    let scratch = Scratch::new();
    let mut server = Server::start(shop(&scratch).await).await;

    let cut = json!({"sql": "SELECT id FROM customers", "maxRows": 2});
    let whole = json!({"sql": "SELECT id FROM customers", "maxRows": 3});
    let cut = server.call("execute_query", cut).await.ok();
    let whole = server.call("execute_query", whole).await.ok();

    assert_eq!(cut["rows"], json!([[1], [2]]));
    assert_eq!(cut["truncated"], json!({"by": "rows", "limit": 2}));
    assert_eq!(whole["rowCount"], 3);
    assert!(whole.get("truncated").is_none());
}

#[tokio::test]
async fn structured_results_are_sent_only_where_asked_for_and_then_with_a_schema() {
    let scratch = Scratch::new();
    let launch = shop(&scratch).await.with("MCP_STRUCTURED_RESULTS", "true");
    let mut server = Server::start(launch).await;

    let tools = server.request("tools/list", json!({})).await["result"]["tools"].clone();
    let answer = server
        .call("execute_query", json!({"sql": "SELECT 1 AS one"}))
        .await;
    let failed = server
        .call("execute_query", json!({"sql": "SELECT nothing"}))
        .await;

    for tool in tools.as_array().unwrap() {
        let has_schema = tool.get("outputSchema").is_some();
        assert_eq!(has_schema, tool["name"] == "execute_query", "{tool}");
    }
    assert_eq!(answer.structured, Some(answer.json()));
    assert_eq!(failed.structured, None);
    assert!(failed.is_error);
}

#[tokio::test]
async fn the_newest_revision_gets_the_same_answer() {
    let scratch = Scratch::new();
    let mut server = shop(&scratch).await.start();

    let params = json!({
        "name": "execute_query",
        "arguments": {"sql": "SELECT count(*) AS n FROM customers"},
        "_meta": modern_meta(),
    });
    let message = server.request("tools/call", params).await;

    assert_eq!(tool_answer(&message).ok()["rows"], json!([[3]]), "{MODERN}");
}

#[tokio::test]
async fn a_long_call_shows_signs_of_life_to_a_client_that_wants_them() {
    let scratch = Scratch::new();
    let mut server = Server::start(shop(&scratch).await).await;

    let arguments = json!({"sql": ENDLESS, "timeoutMs": 1_500});
    let call =
        |meta: Value| json!({"name": "execute_query", "arguments": arguments, "_meta": meta});
    let quiet = server.begin("tools/call", call(json!({}))).await;
    let watched = server
        .begin("tools/call", call(json!({"progressToken": "t-1"})))
        .await;

    let first = server.next().await;
    assert_eq!(first["method"], "notifications/progress");
    assert_eq!(first["params"]["progressToken"], "t-1");
    assert!(first["params"]["progress"].as_f64().unwrap() >= 1.0);
    let mut rest = BTreeSet::new();
    for _ in 0..2 {
        let answer = server.next().await;
        assert_eq!(tool_answer(&answer).failure()["kind"], "timeout");
        rest.insert(answer["id"].as_u64().unwrap());
    }
    assert_eq!(rest, BTreeSet::from([quiet, watched]));
}

#[tokio::test]
async fn calls_beyond_what_can_wait_are_refused_and_the_rest_goes_on() {
    let scratch = Scratch::new();
    let running = 2;
    let waiting = McpOptions::default().max_waiting_calls;
    let launch = shop(&scratch).await;
    let launch = launch.with("MCP_MAX_CONCURRENT_CALLS", running.to_string());
    let mut server = Server::start(launch).await;

    for _ in 0..running + waiting + 3 {
        server
            .begin_call("execute_query", json!({"sql": ENDLESS}))
            .await;
    }

    for _ in 0..3 {
        let answer = server.next().await;
        assert_eq!(
            tool_answer(&answer).failure(),
            json!({
                "kind": "busy",
                "message": "Too many calls are waiting already; this one was not started.",
                "hint": "Wait for answers before sending more.",
            })
        );
    }
    // The very next message, so nothing else was refused.
    let ping = server.begin("ping", json!({})).await;
    assert_eq!(server.next().await["id"], ping);
    server.close_input().await;
    assert!(server.exit().await.0.success());
}

#[tokio::test]
async fn two_connections_never_see_each_others_rows() {
    let scratch = Scratch::new();
    let mut launch = Launch::default();
    for (name, sql) in [
        (
            "red",
            "CREATE TABLE t (colour TEXT); INSERT INTO t VALUES ('red');",
        ),
        (
            "blue",
            "CREATE TABLE t (colour TEXT); INSERT INTO t VALUES ('blue');",
        ),
    ] {
        let path = scratch.path(name);
        run_beside(&path, sql).await;
        launch = launch.database(name, format!("sqlite://{}", path.display()));
    }
    let mut server = Server::start(launch).await;

    let mut calls = Vec::new();
    for number in 0..200 {
        let name = if number % 2 == 0 { "red" } else { "blue" };
        let arguments = json!({"connection": name, "sql": "SELECT colour FROM t"});
        calls.push((server.begin_call("execute_query", arguments).await, name));
    }

    for (id, name) in calls {
        assert_eq!(server.call_answer(id).await.ok()["rows"], json!([[name]]));
    }
}

#[tokio::test]
async fn sixty_four_slow_queries_run_ten_at_a_time_and_all_answer() {
    if !asked_for("postgres_15") {
        return;
    }
    let launch = Launch::default().database("pg", server_variable("postgres_15", "URL"));
    let mut server = Server::start(launch).await;

    let sql = "SELECT pg_backend_pid() FROM (SELECT pg_sleep(0.05)) AS slept";
    let mut ids = Vec::new();
    for _ in 0..64 {
        ids.push(
            server
                .begin_call("execute_query", json!({"sql": sql}))
                .await,
        );
    }
    let mut sessions = BTreeSet::new();
    for id in ids {
        let answer = server.call_answer(id).await.ok();
        sessions.insert(answer["rows"][0][0].as_i64().unwrap());
    }

    assert_eq!(sessions.len(), 10);
}

#[tokio::test]
async fn a_big_answer_arrives_whole() {
    let scratch = Scratch::new();
    let mut server = Server::start(shop(&scratch).await).await;

    let arguments = json!({
        "sql": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)
                SELECT i, 'a text of some length, number ' || i AS text FROM n",
        "maxRows": 50_000,
        "maxBytes": 10_000_000,
    });
    let answer = server.call("execute_query", arguments).await.ok();

    assert_eq!(answer["rowCount"], 50_000);
    assert_eq!(
        answer["rows"][49_999],
        json!([50_000, "a text of some length, number 50000"])
    );
}

#[tokio::test]
async fn a_cursor_from_before_a_restart_is_told_as_that() {
    // GIVEN the cursor of a result, and a server that is started again
    let scratch = Scratch::new();
    let launch = shop(&scratch).await;
    run_beside(&scratch.path("shop.db"), "PRAGMA journal_mode = wal").await;
    let mut server = Server::start(launch.clone()).await;
    let few = json!({"sql": "SELECT id FROM customers", "maxRows": 1});
    let page: Value = serde_json::from_str(&server.call("execute_query", few).await.text).unwrap();
    let cursor = page["truncated"]["cursor"].clone();
    assert!(cursor.is_string(), "{page}");
    drop(server);
    let mut server = Server::start(launch).await;
    server
        .call("execute_query", json!({"sql": "SELECT 1"}))
        .await;

    // WHEN it is read on
    let failure = server
        .call("execute_query", json!({ "cursor": cursor }))
        .await
        .failure();

    // THEN the reason is told, and what to do
    assert_eq!(
        failure["message"],
        "The cursor has ended: it is not known here, as one from before this server was started, or of a connection that was closed."
    );
    assert!(
        failure["hint"]
            .as_str()
            .unwrap()
            .starts_with("Run the statement again")
    );
}
