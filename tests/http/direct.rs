//! Calls of tools that the endpoint answers without the library: nobody can tell, whoever else calls meanwhile.

use std::{collections::BTreeSet, sync::Arc, time::Instant};

use adapters::inbound::http::identity::TokenHash;
use serde_json::{Value, json};
use support::{
    client::{Launch, MODERN, modern_meta, tool_answer},
    http::{HttpServer, Request},
    on_every_engine,
    scratch::Scratch,
    subject::Subject,
};
use tokio::task::JoinSet;

use super::demo;

/// A header that means the same and is not written as plainly, so that the request goes the long way.
fn the_long_way(request: Request) -> Request {
    request
        .without("Accept")
        .with("Accept", "application/json;q=1, text/event-stream;q=1")
}

/// A query with an id of the client's own.
fn query(id: &Value, sql: &str) -> Request {
    call(id, "execute_query", &json!({"sql": sql}))
}

fn call(id: &Value, tool: &str, arguments: &Value) -> Request {
    let params = json!({"name": tool, "arguments": arguments, "_meta": modern_meta()});
    let body = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params});
    Request::message(&body)
        .with("MCP-Protocol-Version", MODERN)
        .with("Mcp-Method", "tools/call")
        .with("Mcp-Name", tool)
}

/// The answer, without what is another in each.
fn comparable(body: &Value) -> Value {
    let mut body = body.clone();
    if let Some(text) = body["result"]["content"][0]["text"].as_str()
        && let Ok(mut told) = serde_json::from_str::<Value>(text)
        && told.get("durationMs").is_some()
    {
        told["durationMs"] = Value::Null;
        body["result"]["content"][0]["text"] = told;
    }
    body
}

#[tokio::test]
async fn an_answer_is_the_same_on_the_short_way_and_on_the_long_one() {
    let server = demo().await;
    let one = json!(1);
    let mut without_capabilities = modern_meta();
    without_capabilities
        .as_object_mut()
        .unwrap()
        .remove("io.modelcontextprotocol/clientCapabilities");
    let bare = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "execute_query", "arguments": {"sql": "SELECT 1"}, "_meta": without_capabilities,
    }});
    for request in [
        query(&one, "SELECT name FROM customers WHERE id = 1"),
        query(&one, "SELECT nope FROM customers"),
        query(&one, "DELETE FROM customers"),
        call(&one, "execute_query", &json!({})),
        call(&one, "execute_query", &json!({"sql": 7})),
        call(
            &one,
            "execute_query",
            &json!({"sql": "SELECT 1", "timeoutMs": 0}),
        ),
        call(&one, "describe_table", &json!({"table": "customers"})),
        call(&one, "no_such_tool", &json!({})),
        query(&one, "SELECT 1").without("Mcp-Name"),
        query(&one, "SELECT 1").with("Mcp-Name", "execute_query"),
        query(&one, "SELECT 1").without("Mcp-Method"),
        query(&one, "SELECT 1").without("MCP-Protocol-Version"),
        query(&json!(null), "SELECT 1"),
        query(&json!(1.5), "SELECT 1"),
        Request::message(&bare)
            .with("MCP-Protocol-Version", MODERN)
            .with("Mcp-Method", "tools/call")
            .with("Mcp-Name", "execute_query"),
    ] {
        let short = server.send(&request).await;
        let long = server.send(&the_long_way(request.clone())).await;

        assert_eq!(short.status, long.status, "{request:?}");
        assert_eq!(
            short.header("content-type"),
            long.header("content-type"),
            "{request:?}"
        );
        let (short, long) = (short.json(), long.json());
        assert_eq!(comparable(&short), comparable(&long), "{request:?}");
    }
}

#[tokio::test]
async fn an_id_of_any_kind_comes_back_as_it_was() {
    let server = demo().await;
    for id in [
        json!(0),
        json!(-7),
        json!(i64::MAX),
        json!(""),
        json!("1"),
        json!("a \"name\" / \u{1f980}"),
    ] {
        let response = server.send(&query(&id, "SELECT 1")).await;

        assert_eq!(response.json()["id"], id);
    }
}

#[tokio::test]
async fn equal_ids_of_several_clients_at_once_come_back_to_the_right_one() {
    let server = Arc::new(demo().await);
    let mut clients = JoinSet::new();
    for client in 0..16 {
        let server = Arc::clone(&server);
        clients.spawn(async move {
            let mut connection = server.connect().await;
            for number in 0..20 {
                let mine = client * 1_000 + number;
                let sql = format!("SELECT {mine} AS n");
                connection.send(&query(&json!(number), &sql)).await;
                let message = connection.response().await.json();
                assert_eq!(message["id"], json!(number));
                assert_eq!(tool_answer(&message).ok()["rows"], json!([[mine]]));
            }
        });
    }
    while let Some(done) = clients.join_next().await {
        done.unwrap();
    }
}

#[tokio::test]
async fn callers_at_once_see_and_are_nobody_else() {
    // GIVEN 64 callers, each with a token of its own, and an audit that tells who sent which statement
    const CALLERS: usize = 64;
    const CALLS: usize = 8;
    let folder = Scratch::new();
    let tokens: Vec<String> = (0..CALLERS)
        .map(|caller| {
            let hash = TokenHash::of(&format!("token-{caller}"));
            format!("[identity.tokens.c{caller}]\nhash = '{hash}'\n")
        })
        .collect();
    std::fs::write(folder.path("c.toml"), tokens.concat()).unwrap();
    let audit = folder.path("audit.jsonl");
    let launch = Launch::default()
        .argument("--demo")
        .argument("--config")
        .argument(folder.path("c.toml").display().to_string())
        .with("MCP_AUDIT_FILE", audit.display().to_string())
        .with("MCP_AUDIT_STATEMENTS", "full");
    let server = Arc::new(HttpServer::start(launch).await);

    // WHEN all of them call at once, each asking for what is its own
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let server = Arc::clone(&server);
        callers.spawn(async move {
            let mut connection = server.connect().await;
            for _ in 0..CALLS {
                let request = query(&json!(1), &format!("SELECT 'c{caller}' AS me"))
                    .with("Authorization", &format!("Bearer token-{caller}"));
                connection.send(&request).await;
                let answer = tool_answer(&connection.response().await.json());
                assert_eq!(answer.ok()["rows"], json!([[format!("c{caller}")]]));
            }
        });
    }
    while let Some(done) = callers.join_next().await {
        done.unwrap();
    }

    // THEN each statement was its caller's own
    let lines = std::fs::read_to_string(audit).unwrap();
    let told: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(told.len(), CALLERS * CALLS);
    let mut principals = BTreeSet::new();
    for line in &told {
        let principal = line["principal"].as_str().unwrap();
        assert_eq!(
            line["statement"],
            json!(format!("SELECT '{principal}' AS me"))
        );
        principals.insert(principal.to_owned());
    }
    assert_eq!(principals.len(), CALLERS);
}

on_every_engine!(
    a_client_that_breaks_off_ends_its_statement: postgres_15 postgres_18 mariadb_10_11 mysql_9,
    async |subject: &Subject| {
        // GIVEN a call whose statement runs in the database
        let server = HttpServer::start(Launch::default().database("db", subject.url())).await;
        let (slow, mark) = subject.slow();
        let mut connection = server.connect().await;
        let arguments = json!({"sql": slow.sql, "params": slow.params});
        connection
            .send(&call(&json!(1), "execute_query", &arguments))
            .await;
        let observer = subject.open().await;
        subject.runs(&observer, &mark).await;

        // WHEN its client is gone
        drop(connection);

        // THEN so is the statement, and the next call works
        let outlived = subject.outlived(&mark, Instant::now()).await;
        assert!(outlived.as_secs() < 10, "{outlived:?}");
        let answer = server.call("execute_query", json!({"sql": "SELECT 1 AS one"})).await;
        assert_eq!(answer.ok()["rows"], json!([[1]]));
        observer.pool.close().await;
    }
);

#[tokio::test]
async fn a_call_that_fails_leaves_its_connection_to_the_next() {
    let server = demo().await;
    let mut connection = server.connect().await;
    for number in 0..3 {
        for request in [
            query(&json!(number), "SELECT nope FROM customers"),
            call(&json!(number), "no_such_tool", &json!({})),
        ] {
            connection.send(&request).await;
            connection.response().await;
        }

        connection.send(&query(&json!(number), "SELECT 1")).await;
        let message = connection.response().await.json();

        assert_eq!(tool_answer(&message).ok()["rows"], json!([[1]]));
    }
}

#[tokio::test]
async fn a_client_that_gives_no_name_has_none() {
    let folder = Scratch::new();
    let audit = folder.path("audit.jsonl");
    let launch = Launch::default()
        .argument("--demo")
        .with("MCP_AUDIT_FILE", audit.display().to_string());
    let server = HttpServer::start(launch).await;
    let mut meta = modern_meta();
    meta.as_object_mut()
        .unwrap()
        .remove("io.modelcontextprotocol/clientInfo");
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "execute_query", "arguments": {"sql": "SELECT 1"}, "_meta": meta,
    }});
    let request = Request::message(&body)
        .with("MCP-Protocol-Version", MODERN)
        .with("Mcp-Method", "tools/call")
        .with("Mcp-Name", "execute_query");

    for request in [request.clone(), the_long_way(request)] {
        server.send(&request).await;
    }

    for line in std::fs::read_to_string(audit).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line.get("client"), None, "{line}");
    }
}
