//! Masked columns as a client sees them, through the built binary.

use serde_json::json;
use support::{
    client::{Launch, Server},
    scratch::{Scratch, bare_sqlite, run_beside},
};

use super::{RULES, SECRETS};

async fn launch(scratch: &Scratch) -> Launch {
    let path = scratch.path("house.db");
    drop(bare_sqlite(&path).await);
    run_beside(&path, super::sqlite::HOUSE).await;
    Launch::default()
        .database("shop", format!("sqlite:{}", path.display()))
        .with("SHOP_DB_MASK", RULES)
}

#[tokio::test]
async fn no_tool_and_no_log_tells_a_masked_value() {
    let scratch = Scratch::new();
    let mut server =
        Server::start(launch(&scratch).await.argument("--tools").argument("full")).await;

    let mut told = String::new();
    for (tool, arguments) in [
        (
            "execute_query",
            json!({"sql": "SELECT * FROM customers", "profile": true}),
        ),
        (
            "execute_query",
            json!({"sql": "SELECT * FROM customers", "maxRows": 1}),
        ),
        (
            "execute_query",
            json!({"sql": "SELECT upper(email) FROM customers"}),
        ),
        (
            "explain_query",
            json!({"sql": "SELECT id FROM customers WHERE email = 'x'"}),
        ),
        (
            "explain_query",
            json!({"sql": "SELECT email FROM customers", "analyze": false}),
        ),
        (
            "describe_table",
            json!({"tables": ["customers", "v_customers"]}),
        ),
        ("search_schema", json!({"search": "email"})),
        ("connection_info", json!({})),
    ] {
        let id = server.begin_call(tool, arguments).await;
        told.push_str(&server.answer(id).await.to_string());
    }
    told.push_str(&server.log().await);

    assert!(told.contains("a***@secret.example"), "{told}");
    for secret in SECRETS {
        assert!(!told.contains(secret), "{secret}: {told}");
    }
}

#[tokio::test]
async fn a_client_opens_nothing_beside_a_masked_connection() {
    let scratch = Scratch::new();
    let mut server = Server::start(launch(&scratch).await).await;

    for tool in ["connect_database", "import_connections"] {
        let id = server
            .begin_call(tool, json!({"type": "sqlite", "database": "house.db"}))
            .await;
        let answer = server.answer(id).await;

        assert_eq!(answer["error"]["code"], -32602, "{answer}");
    }
}

#[tokio::test]
async fn hashes_are_the_same_under_the_same_key_file() {
    let scratch = Scratch::new();
    std::fs::write(scratch.path("key"), "sixteen bytes and more\n").unwrap();
    let key = scratch.path("key").display().to_string();

    let mut seen = Vec::new();
    for file in [key.as_str(), &key, ""] {
        let folder = Scratch::new();
        let launch = launch(&folder).await;
        let mut server = Server::start(launch.with("MCP_MASK_KEY_FILE", file)).await;
        seen.push(server.query("SELECT phone FROM customers").await["rows"].clone());
    }

    assert_eq!(seen[0], seen[1]);
    assert_ne!(seen[0], seen[2]);
    assert_eq!(seen[0][0], seen[0][1]);
}
