//! Whose address a call is said to come from, where proxies stand between.

use serde_json::Value;
use support::{
    client::Launch,
    http::{HttpServer, Request},
    scratch::Scratch,
};

/// Where a call comes from that was sent from this machine with such a header, in the words of the audit.
async fn recorded(launch: Launch, forwarded: &str) -> Value {
    let folder = Scratch::new();
    let audit = folder.path("audit.jsonl");
    let launch = launch
        .argument("--demo")
        .with("MCP_AUDIT_FILE", audit.display().to_string());
    let server = HttpServer::start(launch).await;

    let request = Request::query("SELECT 1").with("X-Forwarded-For", forwarded);
    assert_eq!(server.send(&request).await.status, 200);

    let text = std::fs::read_to_string(&audit).unwrap();
    let called = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .find(|line| line["tool"] == "execute_query")
        .unwrap_or_else(|| panic!("the call is not recorded: {text}"));
    called["address"].clone()
}

#[tokio::test]
async fn what_a_trusted_proxy_tells_is_recorded() {
    let launch = Launch::default().with("MCP_HTTP_TRUSTED_PROXIES", "10.0.0.0/8,127.0.0.1");

    let address = recorded(launch, "192.0.2.1, 198.51.100.7, 10.1.2.3").await;

    assert_eq!(address, "198.51.100.7");
}

#[tokio::test]
async fn what_anybody_else_tells_is_not() {
    let launch = Launch::default().with("MCP_HTTP_TRUSTED_PROXIES", "10.0.0.0/8");
    assert_eq!(recorded(launch, "198.51.100.7").await, "127.0.0.1");

    assert_eq!(
        recorded(Launch::default(), "198.51.100.7").await,
        "127.0.0.1"
    );
}

#[tokio::test]
async fn a_list_that_cannot_be_read_is_told() {
    let ran = Launch::default()
        .arguments(&["--http", "127.0.0.1:0"])
        .with("MCP_HTTP_TRUSTED_PROXIES", "10.0.0.0/8, proxy.example.com")
        .run()
        .await;

    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("MCP_HTTP_TRUSTED_PROXIES"),
        "{}",
        ran.stderr
    );
}
