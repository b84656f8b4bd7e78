//! What every client relies on, whichever revision it speaks.

use serde_json::{Value, json};
use support::{
    client::{Launch, MODERN, Server},
    http::{HttpServer, Request, Session},
    waiting::until,
};

use super::{ENDLESS, demo};

const COUNT: &str = "SELECT count(*) AS n FROM customers WHERE id < 3";

#[tokio::test]
async fn a_request_of_the_newest_revision_is_answered_as_json() {
    let server = demo().await;

    let response = server.send(&Request::query(COUNT)).await;

    assert_eq!(response.status, 200);
    assert_eq!(response.header("content-type"), Some("application/json"));
    assert_eq!(response.header("mcp-session-id"), None);
    let text = response.json()["result"]["content"][0]["text"].take();
    let answer: Value = serde_json::from_str(text.as_str().unwrap()).unwrap();
    assert_eq!(answer["rows"], json!([[2]]));
}

#[tokio::test]
async fn a_session_of_an_older_revision_is_answered_by_events() {
    let server = demo().await;
    let session = Session::begin(&server).await;

    let answer = session
        .call(1, "execute_query", json!({"sql": COUNT}))
        .await;

    assert_eq!(answer.ok()["rows"], json!([[2]]));
}

#[tokio::test]
async fn requests_on_one_connection_are_answered_in_turn() {
    let server = demo().await;
    let mut connection = server.connect().await;
    for number in 0..50 {
        connection
            .send(&Request::query(&format!("SELECT {number} AS n")))
            .await;
        let response = connection.response().await;
        assert!(
            response.body.contains(&format!("[[{number}]]")),
            "{}",
            response.body
        );
    }
}

#[tokio::test]
async fn a_call_that_goes_on_tells_so_in_events() {
    let server = demo().await;
    let params = json!({
        "name": "execute_query",
        "arguments": {"sql": ENDLESS, "timeoutMs": 1500},
        "_meta": {"progressToken": "p"},
    });
    let mut connection = server.connect().await;
    connection
        .send(&Request::modern("tools/call", params))
        .await;

    let head = connection.head().await;
    let first = connection.message().await.unwrap();
    let second = connection.message().await.unwrap();

    assert_eq!(head.header("content-type"), Some("text/event-stream"));
    assert_eq!(first["method"], "notifications/progress");
    assert_eq!(first["params"]["progressToken"], "p");
    assert!(
        second["result"]["content"][0]["text"]
            .as_str()
            .unwrap()
            .contains("\"timeout\"")
    );
}

#[tokio::test]
async fn probes_come_by_any_address_and_by_no_foreign_name() {
    let server = demo().await;
    for path in ["/livez", "/readyz"] {
        for (host, status) in [
            ("10.1.2.3:8080", 200),
            ("localhost", 200),
            ("evil.example.com", 403),
        ] {
            let response = server.send(&Request::get(path).with("Host", host)).await;
            assert_eq!(response.status, status, "{path} of {host}");
        }
    }
}

#[tokio::test]
async fn clients_open_no_connections_of_their_own_unless_that_is_allowed() {
    let tools = async |launch: Launch| {
        let server = HttpServer::start(launch.argument("--demo")).await;
        let listed = server.send(&Request::modern("tools/list", json!({}))).await;
        listed.body.contains("connect_database")
    };

    assert!(!tools(Launch::default()).await);
    assert!(tools(Launch::default().with("MCP_HTTP_ADHOC_CONNECTIONS", "true")).await);
}

#[tokio::test]
async fn an_address_that_others_reach_is_refused_while_nobody_signs_in() {
    let ran = Launch::default()
        .arguments(&["--http", "0.0.0.0:0"])
        .run()
        .await;

    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("Nobody has to sign in"),
        "{}",
        ran.stderr
    );
}

#[tokio::test]
async fn an_address_that_is_taken_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();

    let ran = Launch::default()
        .arguments(&["--http", &address])
        .run()
        .await;

    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains(&format!("{address} cannot be listened on")),
        "{}",
        ran.stderr
    );
}

#[tokio::test]
async fn stdio_and_http_are_served_by_one_process_that_ends_with_its_input() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    drop(taken);
    let launch =
        Launch::default().arguments(&["--demo", "--stdio", "--http", &address.to_string()]);
    let mut server = Server::start(launch).await;
    assert_eq!(server.query(COUNT).await["rows"], json!([[2]]));
    until("HTTP is served", async || {
        tokio::net::TcpStream::connect(address).await.is_ok()
    })
    .await;

    server.close_input().await;

    assert!(server.exit().await.0.success());
}

#[tokio::test]
async fn what_the_client_says_of_itself_changes_nobodys_revision() {
    let server = demo().await;
    let discovered = server
        .send(&Request::modern("server/discover", json!({})))
        .await;
    let versions = discovered.json()["result"]["supportedVersions"].take();
    assert!(
        versions.as_array().unwrap().contains(&json!(MODERN)),
        "{versions}"
    );
}
