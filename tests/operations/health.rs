//! How the server does, as it is told to people, programs and models.

use serde_json::{Value, json};
use support::{
    client::Launch,
    http::{Request, ask, get},
    proxy::Proxy,
    scratch::Scratch,
    subject::Subject,
    waiting::until,
};

use super::{figure, shown};
use crate::mcp::{outages::place, shop};

async fn health(place: &str) -> (u16, Value) {
    let page = get(place, "/health").await;
    (page.status, serde_json::from_str(&page.body).unwrap())
}

support::on_every_engine!(
    a_database_that_goes_and_comes_back_is_seen: postgres_15 mysql_9,
    async |subject: &Subject| {
        // GIVEN a server with one open connection, behind something that can be cut
        let mut config = subject.config();
        let direct = place(&config);
        let mut proxy = Proxy::before(&mut config).await;
        let url = subject.url().replace(&direct, &place(&config));
        let launch = Launch::default()
            .database("db", url)
            .with("MCP_HEALTH_CHECK_INTERVAL_MS", "50");
        let (mut server, here) = shown(launch).await;
        server.query("SELECT 1").await;
        until("it was tested", async || {
            health(&here).await.1["connections"][0]["answers"] == true
        })
        .await;
        assert_eq!(health(&here).await.0, 200);

        // WHEN the database goes
        proxy.cut().await;

        // THEN the server is unhealthy, and says which connection and why
        until("it is seen", async || health(&here).await.0 == 503).await;
        let (_, told) = health(&here).await;
        assert_eq!(told["status"], "unhealthy");
        assert_eq!(told["connections"][0]["name"], "db");
        assert_eq!(told["connections"][0]["answers"], false);
        assert!(told["connections"][0]["failure"].is_string(), "{told}");

        // AND the process is alive and takes calls all the same
        assert_eq!(get(&here, "/livez").await.status, 200);
        assert_eq!(get(&here, "/readyz").await.status, 200);

        // AND WHEN it comes back
        proxy.mend().await;

        // THEN that is seen too
        until("it is seen again", async || health(&here).await.0 == 200).await;
    }
);

#[tokio::test]
async fn a_stranger_is_told_one_word() {
    let scratch = Scratch::new();
    let (mut server, place) = shown(shop(&scratch).await).await;
    server.query("SELECT 1").await;

    for (header, value) in [
        ("Host", "10.0.0.1:9464"),
        ("X-Forwarded-For", "10.0.0.1"),
        ("Forwarded", "for=10.0.0.1"),
    ] {
        let page = ask(&place, &Request::get("/health").with(header, value)).await;
        assert_eq!(
            (page.status, page.body.as_str()),
            (200, "healthy"),
            "{header}"
        );
    }
    let (status, told) = health(&place).await;
    assert_eq!(
        (status, &told["connections"][0]["name"]),
        (200, &json!("shop"))
    );
}

#[tokio::test]
async fn the_tool_tells_errors_times_and_methods() {
    let scratch = Scratch::new();
    let launch = shop(&scratch)
        .await
        .with("MCP_TOOLS", "full")
        .with("SHOP_DB_STATEMENT_TIMEOUT", "1000")
        .with("MCP_MAX_MEMORY_MB", "1000");
    let mut server = support::client::Server::start(launch).await;
    for _ in 0..20 {
        server.query("SELECT 1").await;
    }
    let slow = json!({"sql": crate::mcp::ENDLESS});
    let mut running = Vec::new();
    for _ in 0..5 {
        running.push(server.begin_call("execute_query", slow.clone()).await);
    }
    for call in running {
        server.call_answer(call).await.failure();
    }

    let short = server.call("get_health_status", json!({})).await.ok();
    let told = server
        .call("get_health_status", json!({"detailed": true}))
        .await
        .ok();

    assert_eq!(short["status"], "degraded");
    assert_eq!(short.as_object().unwrap().len(), 2);
    let errors = &told["components"][2];
    assert_eq!(
        (&errors["name"], &errors["status"]),
        (&json!("errors"), &json!("degraded"))
    );
    let method = told["methods"]
        .as_array()
        .unwrap()
        .iter()
        .find(|method| method["tool"] == "execute_query")
        .unwrap();
    assert_eq!(
        (&method["count"], &method["errors"]),
        (&json!(25), &json!(5))
    );
    assert!(method["p95Ms"].as_f64() >= Some(1_000.0), "{method}");
    assert_eq!(told["memory"]["limitMb"], 1_000);
    assert!(told["memory"]["residentMb"].as_u64() > Some(1));
    assert_eq!(told["connections"][0]["name"], "shop");
}

#[tokio::test]
async fn a_caller_that_goes_past_its_limits_makes_nobody_unhealthy() {
    let scratch = Scratch::new();
    let launch = shop(&scratch).await.with("MCP_RATE_CALLS_IN_FLIGHT", "1");
    let (mut server, place) = shown(launch).await;
    let own_time = json!({"sql": crate::mcp::ENDLESS, "timeoutMs": 20});
    for _ in 0..10 {
        let failure = server.call("execute_query", own_time.clone()).await;
        assert_eq!(failure.failure()["kind"], "timeout");
    }
    let endless = json!({"sql": crate::mcp::ENDLESS});
    server.begin_call("execute_query", endless).await;
    for _ in 0..20 {
        let failure = server
            .call("execute_query", json!({"sql": "SELECT 1"}))
            .await;
        assert_eq!(failure.failure()["kind"], "busy");
    }

    let (status, told) = health(&place).await;

    let errors = &told["components"][2];
    assert_eq!((status, &errors["status"]), (200, &json!("healthy")));
    let limited =
        r#"mcp_requests_total{method="tools/call",tool="execute_query",status="limited"}"#;
    assert_eq!(figure(&place, limited).await, Some(30.0));
}

#[tokio::test]
async fn the_command_asks_a_running_server() {
    let scratch = Scratch::new();
    let (server, place) = shown(shop(&scratch).await).await;
    let url = format!("http://{place}");
    let ask = || {
        Launch::default()
            .arguments(&["health", "--url", &url])
            .run()
    };

    let ran = ask().await;
    assert_eq!(ran.code, 0, "{ran:?}");
    let told: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(told["status"], "healthy");

    drop(server.log().await);
    let ran = ask().await;
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("does not answer"), "{ran:?}");
}
