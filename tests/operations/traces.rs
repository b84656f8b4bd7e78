//! Traces, as a collector reads them.

use std::{path::Path, time::Duration};

use serde_json::{Value, json};
use support::{
    client::{LEGACY, Launch, Server, binary, provided},
    collector::Collector,
    databases::server_variable,
    http::{HttpServer, Request, Session},
    on_servers,
    pooler::free_port,
    scratch::Scratch,
    waiting::until,
};
use tokio::process::Command;

use super::{figure, shown};
use crate::mcp::shop;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";
const QUERY: &str = "tools/call execute_query";

fn traceparent(flags: &str) -> String {
    format!("00-{TRACE}-{PARENT}-{flags}")
}

/// Runs a statement in a trace of the client's.
async fn query_in(server: &mut Server, sql: &str, meta: Value) {
    let params = json!({"name": "execute_query", "arguments": {"sql": sql}, "_meta": meta});
    let answer = server.request("tools/call", params).await;
    assert!(answer["result"].is_object(), "{answer}");
}

/// The one span that has this for its parent.
fn child(collector: &Collector, of: &Value) -> Value {
    let mut children = collector.spans();
    children.retain(|span| span["parent"] == of["span"]);
    assert_eq!(children.len(), 1, "{children:?}");
    children.remove(0)
}

#[tokio::test]
async fn a_call_is_a_span_below_its_clients_and_its_statement_one_below_that() {
    let Some(collector) = Collector::start().await else {
        return;
    };
    let scratch = Scratch::new();
    let launch = collector
        .told_by(shop(&scratch).await)
        .with("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=ours")
        .with(
            "OTEL_RESOURCE_ATTRIBUTES",
            "deployment.environment.name=test",
        );
    let mut server = Server::start(launch).await;

    let meta = json!({"traceparent": traceparent("01"), "tracestate": "rojo=1,congo=2"});
    query_in(&mut server, "SELECT name FROM customers", meta).await;

    let call = collector.span(QUERY).await;
    assert_eq!(call["path"], "/v1/traces");
    assert_eq!(call["headers"]["x-tenant"], "ours");
    assert_eq!(call["resource"]["service.name"], "portolan");
    assert_eq!(call["resource"]["deployment.environment.name"], "test");
    assert_eq!(call["scope"], "portolan");
    assert_eq!(call["trace"], TRACE);
    assert_eq!(call["parent"], PARENT);
    assert_eq!(call["state"], "rojo=1,congo=2");
    assert_eq!(call["kind"], "server");
    assert_eq!(call["status"], "unset");
    let mut attributes = call["attributes"].clone();
    let id = attributes["portolan.call.id"].take();
    assert!(id.as_str().unwrap().contains('-'), "{id}");
    let id = attributes["jsonrpc.request.id"].take();
    assert!(id.as_str().unwrap().parse::<u64>().is_ok(), "{id}");
    assert_eq!(
        attributes,
        json!({
            "mcp.method.name": "tools/call",
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "execute_query",
            "network.transport": "pipe",
            "jsonrpc.request.id": null,
            "mcp.protocol.version": LEGACY,
            "portolan.call.id": null,
        })
    );
    let statement = child(&collector, &call);
    assert_eq!(statement["name"], "SELECT");
    assert_eq!(statement["trace"], TRACE);
    assert_eq!(statement["kind"], "client");
    assert_eq!(
        statement["attributes"],
        json!({
            "db.system.name": "sqlite",
            "db.operation.name": "SELECT",
            "db.query.text": "SELECT name FROM customers",
            "db.response.returned_rows": 3,
            "portolan.connection": "shop",
        })
    );
    let times = ["start", "end"].map(|key| (call[key].as_u64(), statement[key].as_u64()));
    assert!(
        times[0].0 <= times[0].1 && times[1].0 >= times[1].1,
        "{times:?}"
    );
}

#[tokio::test]
async fn a_call_in_a_session_names_its_request_the_session_and_the_revision() {
    let Some(collector) = Collector::start().await else {
        return;
    };
    let scratch = Scratch::new();
    let server = HttpServer::start(collector.told_by(shop(&scratch).await)).await;
    let session = Session::begin(&server).await;

    session
        .call(77, "execute_query", json!({"sql": "SELECT 1"}))
        .await
        .ok();

    let call = collector.span(QUERY).await;
    let told = |name: &str| call["attributes"][name].clone();
    assert_eq!(told("jsonrpc.request.id"), "77");
    assert_eq!(told("mcp.session.id"), json!(session.id));
    assert_eq!(told("mcp.protocol.version"), LEGACY);
}

on_servers!(what_a_schema_tool_asks_of_the_catalog_is_told: postgres_15 postgres_18 mariadb_10_11 mysql_9, async |server: &str| {
    let Some(collector) = Collector::start().await else {
        return;
    };
    let launch = Launch::default().database("db", server_variable(server, "URL"));
    let mut server = Server::start(collector.told_by(launch)).await;

    server
        .call("search_schema", json!({"search": "no_such_thing_anywhere"}))
        .await;

    let call = collector.span("tools/call search_schema").await;
    let mut asked = collector.spans();
    asked.retain(|span| span["parent"] == call["span"]);
    let names: Vec<&str> = asked
        .iter()
        .map(|span| span["name"].as_str().unwrap())
        .collect();
    assert!(names.contains(&"catalog fingerprint"), "{names:?}");
    for span in &asked {
        let told = &span["attributes"];
        assert_eq!(span["kind"], "client");
        assert_eq!(span["trace"], call["trace"]);
        assert_eq!(told["db.query.summary"], span["name"]);
        assert_eq!(told["portolan.connection"], "db");
        assert!(told["db.system.name"].is_string(), "{told}");
    }
});

on_servers!(a_statement_names_its_server_and_the_code_of_its_failure: postgres_15 postgres_18 mariadb_10_11 mysql_9, async |server: &str| {
    let Some(collector) = Collector::start().await else {
        return;
    };
    let url = server_variable(server, "URL");
    let port = url.rsplit(':').next().unwrap().split('/').next().unwrap();
    let (system, code) = match server {
        "postgres_15" | "postgres_18" => ("postgresql", "42P01"),
        "mariadb_10_11" => ("mariadb", "42S02"),
        _ => ("mysql", "42S02"),
    };
    let launch = collector.told_by(Launch::default()).database("there", &url);
    let mut client = Server::start(launch).await;

    query_in(&mut client, "SELECT 1 FROM no_such_table_here", json!({})).await;

    let call = collector.span(QUERY).await;
    let statement = child(&collector, &call);
    assert_eq!(statement["name"], "SELECT portolan_test");
    assert_eq!(statement["status"], "error");
    assert_eq!(
        statement["attributes"],
        json!({
            "db.system.name": system,
            "db.namespace": "portolan_test",
            "db.operation.name": "SELECT",
            "db.query.text": "SELECT ? FROM no_such_table_here",
            "db.response.status_code": code,
            "error.type": code,
            "server.address": "127.0.0.1",
            "server.port": port.parse::<u16>().unwrap(),
            "portolan.connection": "there",
        })
    );
});

#[tokio::test]
async fn a_failed_call_is_an_error_and_tells_its_kind_and_not_its_words() {
    let Some(collector) = Collector::start().await else {
        return;
    };
    let scratch = Scratch::new();
    let mut server = Server::start(collector.told_by(shop(&scratch).await)).await;

    query_in(&mut server, "SELECT secret_word", json!({})).await;

    let call = collector.span(QUERY).await;
    assert_eq!(call["status"], "error");
    assert_eq!(call["said"], "invalid_sql");
    assert_eq!(call["attributes"]["error.type"], "tool_error");
    assert_eq!(call["attributes"]["portolan.failure.kind"], "invalid_sql");
    assert!(!call.to_string().contains("secret_word"), "{call}");
}

#[tokio::test]
async fn of_a_statement_as_much_is_told_as_in_the_audit() {
    let sql = "SELECT name FROM customers WHERE email = 'ada@example.com'";
    for (setting, expected) in [
        ("none", Value::Null),
        (
            "fingerprint",
            json!("SELECT name FROM customers WHERE email = ?"),
        ),
        ("full", json!(sql)),
    ] {
        let Some(collector) = Collector::start().await else {
            return;
        };
        let scratch = Scratch::new();
        let launch = shop(&scratch).await.with("MCP_AUDIT_STATEMENTS", setting);
        let mut server = Server::start(collector.told_by(launch)).await;

        query_in(&mut server, sql, json!({})).await;

        let statement = child(&collector, &collector.span(QUERY).await);
        assert_eq!(
            statement["attributes"]["db.query.text"], expected,
            "{setting}"
        );
    }
}

#[tokio::test]
async fn what_a_client_does_not_record_is_not_sent() {
    let Some(collector) = Collector::start().await else {
        return;
    };
    let scratch = Scratch::new();
    let launch = collector.told_by(shop(&scratch).await);
    let mut server = Server::start(launch.with("MCP_LOG_LEVEL", "info")).await;

    let unrecorded = json!({"traceparent": traceparent("00")});
    query_in(&mut server, "SELECT 1", unrecorded).await;
    query_in(&mut server, "SELECT 2", json!({})).await;

    // What came first would have arrived first.
    let call = collector.span(QUERY).await;
    assert_ne!(call["trace"], TRACE);
    // AND the log leads to the client's trace nevertheless
    let log = server.log().await;
    assert!(log.contains(TRACE), "{log}");
    assert!(collector.spans().iter().all(|span| span["trace"] != TRACE));
}

#[tokio::test]
async fn a_traceparent_that_is_none_begins_a_trace_of_our_own() {
    let Some(collector) = Collector::start().await else {
        return;
    };
    let scratch = Scratch::new();
    let mut server = Server::start(collector.told_by(shop(&scratch).await)).await;
    let broken = [
        json!({"traceparent": format!("00-{}-{PARENT}-01", "0".repeat(32))}),
        json!({"traceparent": "not one"}),
        json!({"traceparent": 7}),
        json!({"tracestate": "rojo=1"}),
    ];
    let count = broken.len();
    for meta in broken {
        query_in(&mut server, "SELECT 1", meta).await;
    }

    let calls = collector.named(QUERY, count).await;
    for call in &calls {
        assert_eq!(call["parent"], "");
        assert_eq!(call["state"], "");
    }
    let mut traces: Vec<_> = calls.iter().map(|call| call["trace"].to_string()).collect();
    traces.sort();
    traces.dedup();
    assert_eq!(traces.len(), count);
}

#[tokio::test]
async fn a_state_that_cannot_be_read_is_left_out_of_the_clients_trace() {
    let Some(collector) = Collector::start().await else {
        return;
    };
    let scratch = Scratch::new();
    let mut server = Server::start(collector.told_by(shop(&scratch).await)).await;

    let meta = json!({"traceparent": traceparent("01"), "tracestate": "\u{e4}=,=,"});
    query_in(&mut server, "SELECT 1", meta).await;

    let call = collector.span(QUERY).await;
    assert_eq!(
        (&call["trace"], &call["state"]),
        (&json!(TRACE), &json!(""))
    );
}

#[tokio::test]
async fn over_http_the_header_counts_unless_the_call_itself_names_a_trace() {
    let Some(collector) = Collector::start().await else {
        return;
    };
    let scratch = Scratch::new();
    let server = HttpServer::start(collector.told_by(shop(&scratch).await)).await;
    let other = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let query = |meta: Value| {
        let arguments = json!({"sql": "SELECT 1"});
        let params = json!({"name": "execute_query", "arguments": arguments, "_meta": meta});
        Request::modern("tools/call", params)
            .with("traceparent", other)
            .with("tracestate", "by=header")
    };

    server.send(&query(json!({}))).await;
    let by_header = collector.span(QUERY).await;
    server
        .send(&query(json!({"traceparent": traceparent("01")})))
        .await;
    let by_call = collector.named(QUERY, 2).await.remove(1);

    assert_eq!(by_header["trace"], "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(by_header["parent"], "b7ad6b7169203331");
    assert_eq!(by_header["state"], "by=header");
    assert_eq!(by_header["attributes"]["network.transport"], "tcp");
    assert_eq!(by_header["attributes"]["client.address"], "127.0.0.1");
    assert_eq!(
        (&by_call["trace"], &by_call["parent"]),
        (&json!(TRACE), &json!(PARENT))
    );
    assert_eq!(by_call["state"], "");
}

#[tokio::test]
async fn one_trace_and_one_call_stand_in_the_span_the_log_and_the_audit() {
    let Some(collector) = Collector::start().await else {
        return;
    };
    let scratch = Scratch::new();
    let audit = scratch.path("audit.jsonl");
    let launch = collector
        .told_by(shop(&scratch).await)
        .with("MCP_AUDIT_FILE", audit.display().to_string())
        .with("MCP_LOG_LEVEL", "info");
    let mut server = Server::start(launch).await;

    query_in(&mut server, "SELECT 1", json!({})).await;

    let span = collector.span(QUERY).await;
    let (trace, call) = (&span["trace"], &span["attributes"]["portolan.call.id"]);
    let recorded = std::fs::read_to_string(&audit).unwrap();
    let recorded: Value = serde_json::from_str(recorded.lines().next().unwrap()).unwrap();
    assert_eq!((&recorded["trace"], &recorded["call"]), (trace, call));
    let log = server.log().await;
    let logged: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &Value| line["tool"] == "execute_query")
        .collect();
    assert_eq!(logged.len(), 1, "{log}");
    assert_eq!((&logged[0]["trace"], &logged[0]["call"]), (trace, call));
}

#[tokio::test]
async fn nothing_is_sent_where_it_is_switched_off_or_sampled_away() {
    for (name, value) in [
        ("OTEL_SDK_DISABLED", "true"),
        ("OTEL_TRACES_EXPORTER", "none"),
        ("OTEL_TRACES_SAMPLER", "always_off"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
    ] {
        let Some(collector) = Collector::start().await else {
            return;
        };
        let scratch = Scratch::new();
        let launch = collector.told_by(shop(&scratch).await).with(name, value);
        let mut server = Server::start(launch).await;
        let meta = json!({"traceparent": traceparent("01")});
        query_in(&mut server, "SELECT 1", meta).await;

        // What waited would have been sent at the end.
        let log = server.log().await;
        assert_eq!(collector.spans(), [Value::Null; 0], "{name}");
        assert_eq!(log.contains("is not spoken here"), value == "grpc", "{log}");
    }
}

#[tokio::test]
async fn what_waits_is_sent_at_the_end() {
    let Some(collector) = Collector::start().await else {
        return;
    };
    let scratch = Scratch::new();
    let launch = collector
        .told_by(shop(&scratch).await)
        .with("OTEL_BSP_SCHEDULE_DELAY", "3600000");
    let mut server = Server::start(launch).await;
    query_in(&mut server, "SELECT 1", json!({})).await;
    assert_eq!(collector.spans(), [Value::Null; 0]);

    server.log().await;

    collector.span(QUERY).await;
}

#[tokio::test]
async fn a_collector_that_is_down_fails_no_call_is_told_once_and_is_found_again() {
    let Some(python) = provided("PORTOLAN_TEST_PYTHON") else {
        return;
    };
    drop(python);
    // GIVEN a server whose collector does not run
    let port = free_port().await;
    let scratch = Scratch::new();
    let launch = shop(&scratch)
        .await
        .with(
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            format!("http://127.0.0.1:{port}"),
        )
        .with("OTEL_BSP_SCHEDULE_DELAY", "20")
        .with("MCP_LOG_LEVEL", "info");
    let (mut server, place) = shown(launch).await;
    let failed = r#"portolan_trace_spans_total{outcome="failed"}"#;

    // WHEN calls are made, each with an export of its own
    for call in 1..=3 {
        query_in(&mut server, "SELECT 1", json!({})).await;
        let so_far = f64::from(2 * call);
        until("its spans were given up", async || {
            figure(&place, failed).await.unwrap() >= so_far
        })
        .await;
    }
    // AND the collector comes up
    let collector = Collector::that("take", port).await.unwrap();
    query_in(&mut server, "SELECT 1", json!({})).await;
    collector.span(QUERY).await;
    until("the answer has come", async || {
        figure(&place, r#"portolan_trace_spans_total{outcome="exported"}"#).await >= Some(2.0)
    })
    .await;

    // THEN it was told once, and once more
    let log = server.log().await;
    let said = |words: &str| log.lines().filter(|line| line.contains(words)).count();
    assert_eq!(said("traces do not reach their collector"), 1, "{log}");
    assert_eq!(said("traces reach their collector again"), 1, "{log}");
}

#[tokio::test]
async fn a_collector_that_refuses_what_it_is_sent_is_counted() {
    let Some(collector) = Collector::that("refuse", 0).await else {
        return;
    };
    let scratch = Scratch::new();
    let launch = collector
        .told_by(shop(&scratch).await)
        .with("OTEL_EXPORTER_OTLP_TIMEOUT", "1000");
    let (mut server, place) = shown(launch).await;

    query_in(&mut server, "SELECT 1", json!({})).await;

    let failed = r#"portolan_trace_spans_total{outcome="failed"}"#;
    until("its spans were given up", async || {
        figure(&place, failed).await.unwrap() >= 2.0
    })
    .await;
}

#[tokio::test]
async fn a_collector_that_hangs_keeps_no_call_and_no_end_waiting() {
    let Some(collector) = Collector::that("hang", 0).await else {
        return;
    };
    let scratch = Scratch::new();
    let launch = collector
        .told_by(shop(&scratch).await)
        .with("OTEL_BSP_MAX_QUEUE_SIZE", "10")
        // However slow this machine is, nothing is given up while the test runs.
        .with("OTEL_EXPORTER_OTLP_TIMEOUT", "3600000");
    let (mut server, place) = shown(launch).await;

    // WHEN there are more spans than have room
    for _ in 0..20 {
        query_in(&mut server, "SELECT 1", json!({})).await;
    }

    // THEN every call was answered, and what had no room is counted: one for the handshake, and two a call
    let dropped = r#"portolan_trace_spans_total{outcome="dropped"}"#;
    assert_eq!(figure(&place, dropped).await, Some(31.0));
    // AND the end does not wait for what cannot be sent
    server.close_input().await;
    let (status, took) = server.exit().await;
    assert!(status.success());
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[tokio::test]
async fn the_trace_of_an_official_client_goes_on_here() {
    let Some(collector) = Collector::start().await else {
        return;
    };
    let python = provided("PORTOLAN_TEST_PYTHON").unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("operations/clients_trace.py");

    let output = Command::new(python)
        .arg(script)
        .args([&binary().display().to_string(), &collector.url()])
        .current_dir(std::env::temp_dir())
        .output()
        .await
        .unwrap();

    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let theirs: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let ours = collector.span("tools/call list_connections").await;
    let work = theirs.iter().find(|span| span["name"] == "work").unwrap();
    assert_eq!(ours["trace"], work["trace"]);
    assert!(
        theirs.iter().any(|span| span["span"] == ours["parent"]),
        "{ours} {theirs:?}"
    );
}
