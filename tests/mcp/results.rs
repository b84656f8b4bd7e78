//! One result of each tool, kept as a snapshot.

use serde_json::{Value, json};
use support::{client::Server, scratch::Scratch, snapshot::assert_snapshot};

use super::shop;

/// Replaces what differs from run to run by its name.
fn steady(value: &mut Value, scratch: &Scratch) {
    let folder = scratch.path("").display().to_string();
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                if matches!(
                    name.as_str(),
                    "since" | "latencyMs" | "version" | "serverVersion" | "idle" | "inUse"
                ) {
                    *field = json!(format!("<{name}>"));
                } else {
                    steady(field, scratch);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| steady(item, scratch)),
        Value::String(text) => *text = text.replace(&folder, "<folder>/"),
        _ => {}
    }
}

#[tokio::test]
async fn each_tool_answers_as_agreed() {
    let scratch = Scratch::new();
    let mut server = Server::start(shop(&scratch).await).await;
    support::scratch::run_beside(&server.folder().join("other.db"), "CREATE TABLE t (n);").await;
    let mut results = serde_json::Map::new();

    for (tool, arguments) in [
        ("show_configurations", json!({})),
        ("connect_from_config", json!({"configName": "shop"})),
        (
            "execute_query",
            json!({"sql": "SELECT id, name, email FROM customers", "maxRows": 2, "profile": true}),
        ),
        ("search_schema", json!({"search": "customer mail"})),
        ("describe_table", json!({"tables": ["customers"]})),
        (
            "find_join_path",
            json!({"from": "customers", "to": "customers"}),
        ),
        ("list_connections", json!({})),
        ("test_connection", json!({"connection": "shop"})),
        ("connection_info", json!({"connection": "shop"})),
        ("close_connection", json!({"connection": "shop"})),
        ("export_connections", json!({})),
        (
            "import_connections",
            json!({"connections": {
                "shop": {"type": "sqlite", "database": "other.db"},
                "other": {"type": "sqlite", "database": "other.db"},
                "bad": {"type": "postgresql", "hots": "db.example"},
            }}),
        ),
        (
            "connect_database",
            json!({"type": "sqlite", "database": "other.db", "name": "direct"}),
        ),
    ] {
        let answer = server.call(tool, arguments).await.ok();
        results.insert(tool.to_owned(), answer);
    }

    let folder = server
        .folder()
        .canonicalize()
        .unwrap()
        .display()
        .to_string();
    let mut results = Value::Object(results);
    steady(&mut results, &scratch);
    let results = results.to_string().replace(&folder, "<working directory>");
    assert_snapshot("results", &serde_json::from_str(&results).unwrap());
}
