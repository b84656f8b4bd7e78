//! One result of each tool, kept as a snapshot.

use serde_json::{Value, json};
use support::{
    client::{Launch, Server},
    scratch::Scratch,
    snapshot::assert_snapshot,
};

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

#[tokio::test]
async fn the_guide_answers_as_agreed() {
    let scratch = Scratch::new();
    let path = scratch.path("shop.db");
    support::scratch::run_beside(
        &path,
        "CREATE TABLE stores (id INTEGER PRIMARY KEY, city TEXT NOT NULL);
         CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT UNIQUE);
         CREATE TABLE orders (
             id INTEGER PRIMARY KEY,
             customer_id INTEGER NOT NULL REFERENCES customers (id) ON DELETE CASCADE ON UPDATE CASCADE,
             store_id INTEGER REFERENCES stores,
             status TEXT NOT NULL DEFAULT 'new' CHECK (status IN ('new', 'paid')),
             total DECIMAL(10,2)
         );
         CREATE INDEX open_orders ON orders (customer_id, total DESC) WHERE status = 'new';
         CREATE VIEW sales AS SELECT city, total FROM orders JOIN stores ON stores.id = store_id;
         INSERT INTO customers VALUES (1, 'Ada', 'ada@example.com'), (2, 'Zoë', NULL);
         WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 2000)
         INSERT INTO orders (id, customer_id, total) SELECT n, 1 + n % 2, n FROM numbers;
         ANALYZE;",
    )
    .await;
    let url = format!("sqlite://{}", path.display());
    let mut server = Server::start(Launch::default().database("shop", url)).await;
    let mut results = serde_json::Map::new();

    for (what, tool, arguments) in [
        ("overview", "search_schema", json!({})),
        ("names", "search_schema", json!({"detail": "names"})),
        (
            "words",
            "search_schema",
            json!({"search": "custmer orders"}),
        ),
        (
            "full",
            "search_schema",
            json!({"search": "orders", "kinds": ["table", "index"], "detail": "full"}),
        ),
        (
            "tables",
            "describe_table",
            json!({"tables": ["orders", "customers", "ordres"]}),
        ),
        (
            "join",
            "find_join_path",
            json!({"from": "customers", "to": "stores"}),
        ),
        (
            "plan",
            "explain_query",
            json!({"sql": "SELECT c.name, sum(o.total) FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.status = 'paid' GROUP BY 1 ORDER BY 2 DESC"}),
        ),
    ] {
        results.insert(what.to_owned(), server.call(tool, arguments).await.json());
    }

    assert_snapshot("guide", &Value::Object(results));
}
