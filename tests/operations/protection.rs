//! How the server protects itself and its databases.

use serde_json::json;
use support::{
    client::Launch, http::get, proxy::Proxy, scratch::Scratch, subject::Subject, waiting::until,
};

use super::{figure, shown};
use crate::mcp::{outages::place, shop};

support::on_every_engine!(
    a_database_that_is_down_is_left_alone_and_found_again: postgres_15 mariadb_10_11,
    async |subject: &Subject| {
        // GIVEN a database that cannot be reached, and a server that has tried five times
        let mut config = subject.config();
        let direct = place(&config);
        let mut proxy = Proxy::before(&mut config).await;
        let url = subject.url().replace(&direct, &place(&config));
        proxy.cut().await;
        let launch = Launch::default()
            .database("db", url)
            .with("MCP_CIRCUIT_OPEN_MS", "3000");
        let (mut server, here) = shown(launch).await;
        let query = json!({"sql": "SELECT 1"});
        for _ in 0..5 {
            let failure = server.call("execute_query", query.clone()).await.failure();
            assert_eq!((&failure["kind"], &failure["step"]), (&json!("unavailable"), &json!("tcp")));
        }

        // WHEN it comes back
        proxy.mend().await;

        // THEN it is left alone until the time that is told, with the cause
        let failure = server.call("execute_query", query.clone()).await.failure();
        assert_eq!((&failure["kind"], &failure["step"]), (&json!("unavailable"), &json!(null)));
        let message = failure["message"].as_str().unwrap();
        assert!(message.contains("`db` failed 5 times in a row"), "{message}");
        let hint = failure["hint"].as_str().unwrap();
        assert!(hint.contains("next attempt may be made in") && hint.contains("test_connection"), "{hint}");
        assert_eq!(figure(&here, r#"mcp_circuit_state{connection="db"}"#).await, Some(2.0));
        assert_eq!(get(&here, "/health").await.status, 503);

        // AND after its rest the next call finds it
        until("it is found again", async || {
            !server.call("execute_query", query.clone()).await.is_error
        })
        .await;
        assert_eq!(figure(&here, r#"mcp_circuit_state{connection="db"}"#).await, Some(0.0));
    }
);

support::on_every_engine!(
    a_test_by_hand_tries_at_once_and_closes_the_circuit: postgres_18 mysql_9,
    async |subject: &Subject| {
        // GIVEN a connection that was open, lost its database, and is left alone for long
        let mut config = subject.config();
        let direct = place(&config);
        let mut proxy = Proxy::before(&mut config).await;
        let url = subject.url().replace(&direct, &place(&config));
        let mut server = support::client::Server::start(
            Launch::default()
                .database("db", url)
                .with("MCP_CIRCUIT_FAILURES", "2")
                .with("MCP_CIRCUIT_OPEN_MS", "3600000"),
        )
        .await;
        let query = json!({"sql": "SELECT 1"});
        server.call("execute_query", query.clone()).await.ok();
        proxy.cut().await;
        for _ in 0..2 {
            server.call("execute_query", query.clone()).await.failure();
        }
        let message = server.call("execute_query", query.clone()).await.failure()["message"].clone();
        assert!(message.as_str().unwrap().contains("left alone"), "{message}");

        // WHEN it is tested while it is down, and when it is back
        let down = server.call("test_connection", json!({"connection": "db"})).await.ok();
        proxy.mend().await;
        let up = server.call("test_connection", json!({"connection": "db"})).await.ok();

        // THEN each test has tried, and the second has closed the circuit
        assert_eq!((&down["ok"], &up["ok"]), (&json!(false), &json!(true)));
        assert_eq!(down["failure"]["step"], "tcp");
        server.call("execute_query", query).await.ok();
    }
);

#[tokio::test]
async fn a_mistake_in_a_statement_opens_no_circuit() {
    let scratch = Scratch::new();
    let launch = shop(&scratch).await.with("MCP_CIRCUIT_FAILURES", "1");
    let mut server = support::client::Server::start(launch).await;
    for sql in ["SELECT nope", "nonsense", "DELETE FROM customers"] {
        let failure = server.call("execute_query", json!({"sql": sql})).await;
        failure.failure();
    }

    assert_eq!(server.query("SELECT 1").await["rows"], json!([[1]]));
}

#[tokio::test]
async fn near_the_memory_limit_large_answers_are_refused_and_small_ones_made() {
    // GIVEN a server that holds more than it may
    let scratch = Scratch::new();
    let launch = shop(&scratch).await.with("MCP_MAX_MEMORY_MB", "1");
    let (mut server, place) = shown(launch).await;

    // WHEN
    let small = server.query("SELECT count(*) FROM customers").await;
    let large = json!({"sql": "SELECT 1", "maxBytes": 1_000_000});
    let failure = server.call("execute_query", large).await.failure();

    // THEN
    assert_eq!(small["rows"], json!([[3]]));
    assert_eq!(failure["kind"], "busy");
    assert!(
        failure["hint"].as_str().unwrap().contains("maxBytes"),
        "{failure}"
    );
    let name = r#"mcp_health_status{component="memory"}"#;
    assert_eq!(figure(&place, name).await, Some(0.0));
}

#[tokio::test]
async fn with_memory_to_spare_large_answers_are_made() {
    let scratch = Scratch::new();
    let launch = shop(&scratch).await.with("MCP_MAX_MEMORY_MB", "4096");
    let (mut server, place) = shown(launch).await;

    let large = json!({"sql": "SELECT 1", "maxBytes": 1_000_000});
    server.call("execute_query", large).await.ok();

    let limit = figure(&place, "mcp_memory_limit_bytes").await;
    assert_eq!(limit, Some(4_294_967_296.0));
}
