//! One failure of each kind that a client can bring about, kept as a snapshot.

use serde_json::{Map, json};
use support::{
    client::{Launch, Server},
    scratch::{Scratch, run_beside},
    snapshot::assert_snapshot,
};

use super::{ENDLESS, shop};

#[tokio::test]
async fn each_kind_tells_what_to_do_next() {
    let scratch = Scratch::new();
    let launch = shop(&scratch)
        .await
        .database("dead", "postgres://user:secret@127.0.0.1:1/db");
    let mut server = Server::start(launch).await;
    let mut failures = Map::new();

    let long = format!("SELECT '{}'", "x".repeat(1_000_000));
    for (connection, sql, timeout) in [
        ("shop", "SELECT emial FROM customers", 30_000),
        ("shop", "", 30_000),
        ("shop", "DELETE FROM customers", 30_000),
        ("shop", &long, 30_000),
        ("shop", ENDLESS, 50),
        ("dead", "SELECT 1", 30_000),
    ] {
        let arguments = json!({"connection": connection, "sql": sql, "timeoutMs": timeout});
        let failure = server.call("execute_query", arguments).await.failure();
        let kind = failure["kind"].as_str().unwrap().to_owned();
        assert!(
            failures.insert(kind.clone(), failure).is_none(),
            "{kind} twice"
        );
    }
    let running = json!({"connection": "shop", "sql": ENDLESS});
    let running = server.begin_call("execute_query", running).await;
    server.close_input().await;
    let failure = server.call_answer(running).await.failure();
    failures.insert(failure["kind"].as_str().unwrap().to_owned(), failure);

    let kinds: Vec<&str> = failures.keys().map(String::as_str).collect();
    assert_eq!(
        kinds,
        [
            "cancelled",
            "invalid_argument",
            "invalid_sql",
            "not_allowed",
            "timeout",
            "too_large",
            "unavailable"
        ]
    );
    assert_snapshot("failures", &failures.into());
}

#[tokio::test]
async fn a_pool_that_stays_full_is_busy() {
    let mut server = Server::start(Launch::default()).await;
    run_beside(&server.folder().join("small.db"), "CREATE TABLE t (n);").await;
    let arguments = json!({
        "type": "sqlite", "database": "small.db", "name": "small",
        "maxConnections": 1, "acquireTimeout": 50,
    });
    server.call("connect_database", arguments).await.ok();

    let call = |timeout: u64| json!({"connection": "small", "sql": ENDLESS, "timeoutMs": timeout});
    let first = server.begin_call("execute_query", call(3_000)).await;
    let second = server.begin_call("execute_query", call(3_000)).await;

    // Whichever of the two came first has the connection.
    let refused = server.next().await;
    let failure = support::client::tool_answer(&refused).failure();
    assert_eq!(failure["kind"], "busy", "{failure}");
    assert!([json!(first), json!(second)].contains(&refused["id"]));
    let other = support::client::tool_answer(&server.next().await).failure();
    assert_eq!(other["kind"], "timeout");
}
