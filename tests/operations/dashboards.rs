//! Dashboards and rules over a real Prometheus that has scraped a real run: nothing in them asks for what is not there.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{client::Server, prometheus::Prometheus, scratch::Scratch, waiting::until};

use super::shown;
use crate::mcp::{ENDLESS, shop};

/// Each round of work takes part of a second, and what is asked for has to have changed between two scrapes.
const MAY_TAKE: Duration = Duration::from_mins(1);

const DASHBOARDS: [(&str, &str); 3] = [
    (
        "overview",
        include_str!("../../deploy/grafana/dashboards/overview.json"),
    ),
    (
        "database",
        include_str!("../../deploy/grafana/dashboards/database.json"),
    ),
    (
        "tenants",
        include_str!("../../deploy/grafana/dashboards/tenants.json"),
    ),
];

/// A server in which everything can happen, and a Prometheus that scrapes it.
async fn scraped(scratch: &Scratch) -> (Server, Prometheus) {
    let launch = shop(scratch)
        .await
        .database("lost", "postgres://nobody@127.0.0.1:1/nothing")
        .with("MCP_CIRCUIT_FAILURES", "1")
        .with("MCP_HEALTH_CHECK_INTERVAL_MS", "100")
        .with("MCP_MAX_MEMORY_MB", "2000")
        .with("MCP_RATE_CALLS_IN_FLIGHT", "1");
    let (server, place) = shown(launch).await;
    let prometheus = Prometheus::scraping(&place).await;
    (server, prometheus)
}

/// One call of each kind that the figures tell apart.
async fn work(server: &mut Server) {
    let on = |connection: &str, sql: &str| json!({"connection": connection, "sql": sql});
    let names = on("shop", "SELECT name FROM customers");
    server.call("execute_query", names).await.ok();
    let wrong = on("shop", "SELECT nope");
    server.call("execute_query", wrong).await.failure();
    let lost = on("lost", "SELECT 1");
    server.call("execute_query", lost).await.failure();
    let mut endless = on("shop", ENDLESS);
    endless["timeoutMs"] = json!(50);
    server.call("execute_query", endless).await.failure();
    // One that is cancelled, and one that has to slow down meanwhile.
    let id = server
        .begin_call("execute_query", on("shop", ENDLESS))
        .await;
    let busy = server
        .call("execute_query", on("shop", "SELECT 1"))
        .await
        .failure();
    assert_eq!(busy["kind"], "busy");
    server
        .notify("notifications/cancelled", &json!({"requestId": id}))
        .await;
    server.request("tools/list", json!({})).await;
}

/// What is asked of Prometheus: every query of every panel and every variable, as Grafana would put it.
fn questions() -> Vec<(String, String)> {
    let mut questions = Vec::new();
    for (name, text) in DASHBOARDS {
        let dashboard: Value = serde_json::from_str(text).unwrap();
        let asked = |expression: &str| {
            let expression = ["$instance", "$connection", "$role"]
                .iter()
                .fold(expression.to_owned(), |text, name| text.replace(name, ".*"));
            let expression = expression.replace("$__rate_interval", "5s");
            assert!(!expression.contains('$'), "{name}: {expression}");
            expression
        };
        for panel in dashboard["panels"].as_array().unwrap() {
            for target in panel["targets"].as_array().unwrap() {
                let place = format!("{name}: {}", panel["title"].as_str().unwrap());
                questions.push((place, asked(target["expr"].as_str().unwrap())));
            }
        }
        for variable in dashboard["templating"]["list"].as_array().unwrap() {
            if let Some(query) = variable["query"]["query"].as_str() {
                let inside = query.strip_prefix("label_values(").unwrap();
                let (series, label) = inside.strip_suffix(')').unwrap().rsplit_once(", ").unwrap();
                let named = format!("count by ({label}) ({})", asked(series));
                questions.push((format!("{name}: {label}"), named));
            }
        }
    }
    questions
}

#[tokio::test]
async fn every_query_of_every_dashboard_is_answered_from_a_real_run() {
    let scratch = Scratch::new();
    let (mut server, prometheus) = scraped(&scratch).await;
    let mut unanswered = questions();
    assert!(unanswered.len() > 40, "{unanswered:?}");

    let started = Instant::now();
    while !unanswered.is_empty() && started.elapsed() < MAY_TAKE {
        work(&mut server).await;
        let mut still = Vec::new();
        for (place, expression) in unanswered {
            let answer = prometheus.query(&expression).await;
            if answer.is_empty() || answer.iter().all(|(_, value)| value.is_nan()) {
                still.push((place, expression));
            }
        }
        unanswered = still;
    }

    assert_eq!(unanswered, [], "nothing is answered to these");
}

#[tokio::test]
async fn every_rule_is_evaluated_and_what_goes_wrong_rings() {
    let scratch = Scratch::new();
    let (mut server, prometheus) = scraped(&scratch).await;

    // WHEN a real run has had a database that is lost, and other failures
    let recorded = [
        "portolan:requests:rate5m",
        "portolan:error_ratio:rate5m > 0.05",
        "portolan:response_seconds:p95_5m",
        "portolan:query_seconds:p95_5m",
        "portolan:pool_used:ratio",
    ];
    let started = Instant::now();
    for expression in recorded {
        while prometheus.query(expression).await.is_empty() {
            assert!(started.elapsed() < MAY_TAKE, "{expression}");
            work(&mut server).await;
        }
    }

    // THEN what rings at once rings, and what waits for a while is on its way
    let state = async |name: &str| {
        let rules = prometheus.rules().await;
        let rule = rules.iter().find(|rule| rule["name"] == name).unwrap();
        rule["state"].as_str().unwrap().to_owned()
    };
    until("the circuit rings", async || {
        state("PortolanCircuitOpen").await == "firing"
    })
    .await;
    until("the errors are noticed", async || {
        state("PortolanErrors").await == "pending"
    })
    .await;
    assert_eq!(state("PortolanDown").await, "inactive");
    assert_eq!(state("PortolanMemory").await, "inactive");
    // AND no rule was wrong
    for rule in prometheus.rules().await {
        assert_eq!(rule["health"], "ok", "{rule}");
    }
}
