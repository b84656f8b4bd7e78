//! Figures, as they are shown and as a real Prometheus reads them.

use serde_json::json;
use support::{
    client::{Launch, Server},
    http::get,
    prometheus::Prometheus,
    scratch::Scratch,
    waiting::until,
};

use super::{figure, shown};
use crate::mcp::shop;

#[tokio::test]
async fn a_real_prometheus_reads_every_name() {
    // GIVEN a server that has done some work, and a Prometheus that scrapes it
    let scratch = Scratch::new();
    let (mut server, place) = shown(shop(&scratch).await).await;
    for _ in 0..3 {
        server.query("SELECT name FROM customers").await;
    }
    server
        .call("execute_query", json!({"sql": "SELECT nope"}))
        .await
        .failure();
    server.request("tools/list", json!({})).await;
    let prometheus = Prometheus::scraping(&place).await;

    // WHEN it has scraped
    until("Prometheus has scraped", async || {
        !prometheus.query("mcp_requests_total").await.is_empty()
    })
    .await;

    // THEN it took everything for what it is
    assert_eq!(prometheus.target().await, ("up".to_owned(), String::new()));
    for (expression, expected) in [
        (
            r#"mcp_requests_total{method="tools/call",tool="execute_query",status="ok"}"#,
            3.0,
        ),
        (
            r#"mcp_requests_total{tool="execute_query",status="invalid_sql"}"#,
            1.0,
        ),
        (
            r#"mcp_requests_total{method="initialize",status="ok"}"#,
            1.0,
        ),
        (r#"mcp_requests_total{method="tools/list"}"#, 1.0),
        (
            r#"mcp_request_duration_seconds_count{tool="execute_query"}"#,
            4.0,
        ),
        (
            r#"mcp_request_duration_seconds_bucket{tool="execute_query",le="+Inf"}"#,
            4.0,
        ),
        (
            r#"mcp_db_query_duration_seconds_count{connection="shop",engine="sqlite"}"#,
            4.0,
        ),
        (
            r#"mcp_db_rows_total{connection="shop",engine="sqlite"}"#,
            9.0,
        ),
        (
            r#"mcp_db_errors_total{engine="sqlite",kind="invalid_sql"}"#,
            1.0,
        ),
        (r#"mcp_db_connections_total{connection="shop"}"#, 1.0),
        (r#"mcp_db_connections_active{connection="shop"}"#, 0.0),
        (r#"mcp_db_connections_idle{connection="shop"}"#, 1.0),
        (r#"mcp_db_connections_limit{connection="shop"}"#, 10.0),
        (r#"mcp_client_sessions_active{client_type="other"}"#, 1.0),
        (r#"mcp_health_status{component="server"}"#, 1.0),
        ("mcp_requests_in_flight", 0.0),
        ("max(process_resident_memory_bytes) > bool 1000000", 1.0),
        (
            "histogram_quantile(0.95, sum by (le) (mcp_request_duration_seconds_bucket)) > bool 0",
            1.0,
        ),
    ] {
        let values: Vec<f64> = prometheus
            .query(expression)
            .await
            .into_iter()
            .map(|(_, value)| value)
            .collect();
        assert_eq!(values, [expected], "{expression}");
    }
}

#[tokio::test]
async fn whatever_a_client_makes_up_there_are_no_more_series() {
    let scratch = Scratch::new();
    let (mut server, place) = shown(shop(&scratch).await).await;
    let mut seen = Vec::new();
    for round in 0..2 {
        for number in 0..20 {
            let made_up = format!("made_up_{round}_{number}\"}} 1\n");
            server.request(&made_up, json!({})).await;
            server
                .request("tools/call", json!({"name": made_up, "arguments": {}}))
                .await;
            let arguments = json!({"sql": "SELECT 1", "connection": made_up});
            server.call("execute_query", arguments).await.failure();
        }
        let page = get(&place, "/metrics").await;
        assert!(!page.body.contains("made_up"), "{}", page.body);
        seen.push(page.body.lines().count());
    }

    assert_eq!(seen[0], seen[1]);
    let name = r#"mcp_requests_total{method="other",tool="",status="unsupported"}"#;
    assert_eq!(figure(&place, name).await, Some(40.0));
    let name = r#"mcp_requests_total{method="tools/call",tool="other",status="invalid_argument"}"#;
    assert_eq!(figure(&place, name).await, Some(40.0));
}

#[tokio::test]
async fn a_connection_that_a_client_opens_has_no_name_of_its_own() {
    let scratch = Scratch::new();
    let launch = shop(&scratch)
        .await
        .with("MCP_SQLITE_ROOTS", scratch.path("").display().to_string());
    let (mut server, place) = shown(launch).await;
    let file = scratch.path("shop.db").display().to_string();
    for name in ["mine", "yours"] {
        let arguments = json!({"type": "sqlite", "database": file, "name": name});
        server.call("connect_database", arguments).await.ok();
        let arguments = json!({"sql": "SELECT 1", "connection": name});
        server.call("execute_query", arguments).await.ok();
    }

    let name = r#"mcp_db_rows_total{connection="other",engine="sqlite"}"#;
    assert_eq!(figure(&place, name).await, Some(2.0));
    let name = r#"mcp_db_connections_limit{connection="other"}"#;
    assert_eq!(figure(&place, name).await, Some(20.0));
    let page = get(&place, "/metrics").await;
    assert!(!page.body.contains("mine"), "{}", page.body);
}

#[tokio::test]
async fn a_call_that_its_client_cancels_is_counted_as_that() {
    let scratch = Scratch::new();
    let (mut server, place) = shown(shop(&scratch).await).await;
    let id = server
        .begin_call("execute_query", json!({"sql": crate::mcp::ENDLESS}))
        .await;
    until("the call runs", async || {
        figure(&place, "mcp_requests_in_flight").await == Some(1.0)
    })
    .await;

    server
        .notify("notifications/cancelled", &json!({"requestId": id}))
        .await;

    let name = r#"mcp_cancellations_total{method="tools/call",tool="execute_query"}"#;
    until("it is counted", async || {
        figure(&place, name).await == Some(1.0)
    })
    .await;
    assert_eq!(figure(&place, "mcp_requests_in_flight").await, Some(0.0));
}

#[tokio::test]
async fn a_caller_that_is_told_to_slow_down_is_counted_by_the_limit() {
    let scratch = Scratch::new();
    let launch = shop(&scratch).await.with("MCP_RATE_CALLS_IN_FLIGHT", "1");
    let (mut server, place) = shown(launch).await;
    server
        .begin_call("execute_query", json!({"sql": crate::mcp::ENDLESS}))
        .await;

    let failure = server
        .call("execute_query", json!({"sql": "SELECT 1"}))
        .await
        .failure();

    assert_eq!(failure["limit"], "calls_in_flight");
    let name = r#"mcp_rate_limited_total{limit="calls_in_flight"}"#;
    assert_eq!(figure(&place, name).await, Some(1.0));
}

#[tokio::test]
async fn an_address_that_is_taken_is_told_and_nothing_is_served() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = listener.local_addr().unwrap().to_string();

    let ran = Launch::default()
        .arguments(&["--metrics-addr", &place])
        .run()
        .await;

    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains(&place) && ran.stderr.contains("--metrics-addr"),
        "{}",
        ran.stderr
    );
}

#[tokio::test]
async fn nothing_listens_unless_it_is_asked_for() {
    let scratch = Scratch::new();
    let server = Server::start(shop(&scratch).await).await;

    let table = std::fs::read_to_string(format!("/proc/{}/net/tcp", server.process_id())).unwrap();
    let sockets: Vec<String> = std::fs::read_dir(format!("/proc/{}/fd", server.process_id()))
        .unwrap()
        .filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok())
        .filter_map(|link| {
            let link = link.display().to_string();
            Some(link.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())
        })
        .collect();
    let listens = table.lines().any(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        fields.get(3) == Some(&"0A")
            && sockets
                .iter()
                .any(|socket| fields.get(9) == Some(&socket.as_str()))
    });
    assert!(!listens, "{table}");
}

#[tokio::test]
async fn over_http_they_are_beside_the_protocol() {
    let scratch = Scratch::new();
    let place = format!("127.0.0.1:{}", support::pooler::free_port().await);
    let launch = shop(&scratch)
        .await
        .arguments(&["--stdio", "--http", &place]);
    let mut server = Server::start(launch).await;
    server.query("SELECT 1").await;

    let name = r#"mcp_db_rows_total{connection="shop",engine="sqlite"}"#;
    assert_eq!(figure(&place, name).await, Some(1.0));
    let page = get(&place, "/health").await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains(r#""name":"shop""#), "{}", page.body);
}
