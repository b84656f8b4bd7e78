//! Connections that a role hides, by every method of the protocol that takes or tells a name, in both eras.

use serde_json::{Value, json};
use support::{
    client::LEGACY,
    http::{HttpServer, Request},
    scratch::Scratch,
};

use super::signing_in;

/// Reaches `shop` alone.
const ADA: &str = "portolan_ada";
/// Reaches `books` too.
const OPS: &str = "portolan_ops";
const HIDDEN: &str = "books";
/// As long, and not there.
const MISSING: &str = "wares";

struct Shop {
    server: HttpServer,
    _folder: Scratch,
}

impl Shop {
    async fn start() -> Self {
        let folder = Scratch::new();
        let config = "[connections.shop]\nurl = 'sqlite::memory:'\n\
             [connections.books]\nurl = 'sqlite::memory:'\n\
             [roles.operator]\nwhen = {principal = 'ops'}\nconnections = '*'\ntools = 'full'\n\
             [roles.reader]\nwhen = {principal = 'ada'}\nconnections = 'shop'\ntools = 'full'\n"
            .to_owned();
        let people = [("ada", ADA), ("ops", OPS)];
        let launch = signing_in(&folder, config, &people).with("MCP_TOOLS", "full");
        Self {
            server: HttpServer::start(launch).await,
            _folder: folder,
        }
    }

    async fn modern(&self, method: &str, params: &Value, token: &str) -> Value {
        let request = Request::modern(method, params.clone());
        let request = match params["uri"].as_str() {
            Some(uri) => request.with("Mcp-Name", uri),
            None => request,
        };
        self.server.send(&by(request, token)).await.json()
    }

    /// In a session of its own.
    async fn legacy(&self, method: &str, params: &Value, token: &str) -> Value {
        let begun = self.server.send(&by(Request::initialize(), token)).await;
        let id = begun.header("mcp-session-id").unwrap();
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let request = Request::message(&message)
            .with("Mcp-Session-Id", id)
            .with("MCP-Protocol-Version", LEGACY);
        let mut connection = self.server.connect().await;
        connection.send(&by(request, token)).await;
        assert_eq!(connection.head().await.status, 200);
        connection.message().await.unwrap()
    }

    /// The answers of both eras.
    async fn asked(&self, method: &str, params: &Value, token: &str) -> [Value; 2] {
        [
            self.modern(method, params, token).await,
            self.legacy(method, params, token).await,
        ]
    }
}

fn by(request: Request, token: &str) -> Request {
    request.with("Authorization", &format!("Bearer {token}"))
}

fn completing(argument: &str, reference: &Value, connection: &str) -> Value {
    json!({
        "ref": reference,
        "argument": {"name": argument, "value": ""},
        "context": {"arguments": {"connection": connection}},
    })
}

/// What names a connection.
fn naming(name: &str) -> Vec<(&'static str, Value)> {
    let table =
        json!({"type": "ref/resource", "uri": "portolan://{connection}/schema/{schema}/{table}"});
    let read = |place: &str| json!({"uri": format!("portolan://{name}/schema{place}")});
    let mut asked = vec![
        ("resources/read", read("")),
        ("resources/read", read("/diagram")),
        ("resources/read", read("/main/orders")),
        ("completion/complete", completing("schema", &table, name)),
        ("completion/complete", completing("table", &table, name)),
    ];
    for (prompt, needed) in [
        ("explore_database", json!({})),
        ("explain_slow_query", json!({"sql": "SELECT 1"})),
        ("write_query", json!({"question": "How many?"})),
    ] {
        let mut arguments = needed;
        arguments["connection"] = json!(name);
        asked.push((
            "prompts/get",
            json!({"name": prompt, "arguments": arguments}),
        ));
    }
    for (tool, more) in [
        ("execute_query", json!({"sql": "SELECT 1"})),
        ("search_schema", json!({})),
        ("connection_info", json!({})),
        ("test_connection", json!({})),
        ("close_connection", json!({})),
    ] {
        let mut arguments = more;
        arguments["connection"] = json!(name);
        asked.push(("tools/call", json!({"name": tool, "arguments": arguments})));
    }
    asked
}

#[tokio::test]
async fn by_its_name_it_is_answered_as_one_that_is_not_there() {
    let shop = Shop::start().await;
    // It is there, and open.
    let read = json!({"uri": "portolan://books/schema"});
    for answer in shop.asked("resources/read", &read, OPS).await {
        assert_eq!(answer["error"], Value::Null, "{answer}");
    }
    for ((method, hidden), (_, missing)) in naming(HIDDEN).into_iter().zip(naming(MISSING)) {
        let told = shop.asked(method, &hidden, ADA).await;
        let expected = shop.asked(method, &missing, ADA).await;
        for (told, expected) in told.iter().zip(&expected) {
            assert_eq!(
                told.to_string().replace(HIDDEN, "?"),
                expected.to_string().replace(MISSING, "?"),
                "{method} {hidden}"
            );
        }
    }
}

#[tokio::test]
async fn nothing_that_is_listed_or_completed_names_it() {
    let shop = Shop::start().await;
    let prompt = json!({"type": "ref/prompt", "name": "explore_database"});
    let overview = json!({"type": "ref/resource", "uri": "portolan://{connection}/schema"});
    for (method, params) in [
        ("resources/list", json!({})),
        ("completion/complete", completing("connection", &prompt, "")),
        (
            "completion/complete",
            completing("connection", &overview, ""),
        ),
        (
            "tools/call",
            json!({"name": "show_configurations", "arguments": {}}),
        ),
    ] {
        for (token, expected) in [(ADA, false), (OPS, true)] {
            for answer in shop.asked(method, &params, token).await {
                let answer = answer.to_string();
                assert!(answer.contains("shop"), "{method}: {answer}");
                assert_eq!(answer.contains(HIDDEN), expected, "{method}: {answer}");
            }
        }
    }
}

#[tokio::test]
async fn nobody_is_told_of_changes_by_subscribing_to_it() {
    const NO_SUCH_METHOD: i64 = -32_601;
    let shop = Shop::start().await;
    for name in [HIDDEN, MISSING, "shop"] {
        let uri = format!("portolan://{name}/schema");
        let one = json!({"uri": uri});
        let listen = json!({"notifications": {
            "resourcesListChanged": true, "resourceSubscriptions": [uri],
        }});
        for (method, params) in [
            ("resources/subscribe", &one),
            ("resources/unsubscribe", &one),
            ("subscriptions/listen", &listen),
        ] {
            for answer in shop.asked(method, params, ADA).await {
                assert_eq!(
                    answer["error"]["code"], NO_SUCH_METHOD,
                    "{method}: {answer}"
                );
            }
        }
    }
}
