//! What the role `local` keeps from whoever speaks over standard input: lists, failures, names and writes.

use serde_json::{Value, json};
use support::{
    client::{LEGACY, Launch, Server},
    scratch::{Scratch, run_beside},
};

/// A server with the databases `books`, `prod` and `shop`, each with one table, and this role for its caller.
async fn server(scratch: &Scratch, role: &Value) -> Server {
    let mut connections = serde_json::Map::new();
    for name in ["books", "prod", "shop"] {
        let path = scratch.path(&format!("{name}.db"));
        run_beside(
            &path,
            "CREATE TABLE customers (id INTEGER PRIMARY KEY); INSERT INTO customers VALUES (1), (2), (3);",
        )
        .await;
        let connection = json!({"url": format!("sqlite://{}", path.display()), "readOnly": false});
        connections.insert(name.to_owned(), connection);
    }
    let file = scratch.path("portolan.json");
    let configuration = json!({"connections": connections, "roles": {"local": role}});
    std::fs::write(&file, configuration.to_string()).unwrap();
    let launch = Launch::default()
        .argument("--config")
        .argument(file.display().to_string())
        .with("MCP_TOOLS", "full");
    Server::start(launch).await
}

async fn tool_names(server: &mut Server) -> Vec<String> {
    let list = server.request("tools/list", json!({})).await;
    list["result"]["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| tool["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn the_list_of_tools_is_that_of_the_role_and_says_that_it_only_reads() {
    let scratch = Scratch::new();
    let role = json!({"connections": ["shop"], "tools": ["execute_query", "describe_table"]});
    let mut server = server(&scratch, &role).await;

    let list = server.request("tools/list", json!({})).await;

    assert_eq!(
        tool_names(&mut server).await,
        ["execute_query", "describe_table"]
    );
    let annotations = &list["result"]["tools"][0]["annotations"];
    assert_eq!(annotations["readOnlyHint"], true);
}

#[tokio::test]
async fn a_tool_that_is_not_granted_is_answered_as_one_that_is_not_there() {
    let scratch = Scratch::new();
    let role = json!({"connections": ["shop"], "tools": ["execute_query", "describe_table"]});
    let mut server = server(&scratch, &role).await;

    let told = |answer: Value| answer["error"]["message"].as_str().unwrap().to_owned();
    let hidden = json!({"name": "list_connections", "arguments": {}});
    let hidden = told(server.request("tools/call", hidden).await);
    let missing = json!({"name": "lisd_connectionz", "arguments": {}});
    let missing = told(server.request("tools/call", missing).await);

    assert_eq!(
        hidden,
        "There is no tool `list_connections`. Tools: execute_query, describe_table."
    );
    assert_eq!(
        missing,
        "There is no tool `lisd_connectionz`. Tools: execute_query, describe_table."
    );
}

#[tokio::test]
async fn no_answer_tells_of_a_connection_that_is_not_granted() {
    let scratch = Scratch::new();
    let role = json!({"connections": ["books", "shop"], "tools": ["full"]});
    let mut server = server(&scratch, &role).await;
    server.initialize(LEGACY).await;
    let query = |connection: &str| json!({"connection": connection, "sql": "SELECT 1"});

    let mut answers = Vec::new();
    for (tool, arguments) in [
        ("execute_query", json!({"sql": "SELECT 1"})),
        ("execute_query", query("prud")),
        ("list_connections", json!({})),
        ("show_configurations", json!({})),
        ("export_connections", json!({})),
        ("connection_info", json!({})),
        ("connection_info", json!({"connection": "nowhere"})),
        ("test_connection", json!({"connection": "nowhere"})),
        ("test_connection", json!({})),
        ("close_connection", json!({"connection": "nowhere"})),
        ("connect_from_config", json!({})),
        ("connect_from_config", json!({"configName": "nowhere"})),
        ("describe_table", json!({"tables": ["customers"]})),
    ] {
        let answer = server.call(tool, arguments).await;
        answers.push((tool, answer.json().to_string()));
    }
    for (method, params) in [
        ("resources/list", json!({})),
        (
            "resources/read",
            json!({"uri": "portolan://nowhere/schema"}),
        ),
        (
            "prompts/get",
            json!({"name": "explore_database", "arguments": {"connection": "nowhere"}}),
        ),
        (
            "completion/complete",
            json!({
                "ref": {"type": "ref/prompt", "name": "explore_database"},
                "argument": {"name": "connection", "value": ""},
            }),
        ),
    ] {
        let answer = server.request(method, params).await;
        answers.push((method, answer.to_string()));
    }

    for (what, answer) in answers {
        assert!(!answer.contains("prod"), "{what}: {answer}");
    }
}

#[tokio::test]
async fn a_connection_that_is_not_granted_is_answered_as_one_that_is_not_there() {
    let scratch = Scratch::new();
    let role = json!({"connections": ["shop"], "tools": ["full"]});
    let mut server = server(&scratch, &role).await;

    for (tool, argument, more) in [
        ("execute_query", "connection", json!({"sql": "SELECT 1"})),
        ("search_schema", "connection", json!({})),
        (
            "describe_table",
            "connection",
            json!({"tables": ["customers"]}),
        ),
        ("connection_info", "connection", json!({})),
        ("test_connection", "connection", json!({})),
        ("close_connection", "connection", json!({})),
        ("connect_from_config", "configName", json!({})),
    ] {
        let mut told = Vec::new();
        for name in ["prod", "none"] {
            let mut arguments = more.clone();
            arguments[argument] = json!(name);
            let failure = server.call(tool, arguments).await.failure();
            told.push(failure.to_string().replace(name, "?"));
        }
        assert_eq!(told[0], told[1], "{tool}");
    }
}

#[tokio::test]
async fn a_role_that_only_reads_cannot_write_where_others_can() {
    let scratch = Scratch::new();
    let role = json!({"connections": ["shop"], "tools": ["full"]});
    let mut server = server(&scratch, &role).await;

    let sql = json!({"sql": "DELETE FROM customers"});
    let failure = server.call("execute_query", sql).await.failure();
    let counted = server.query("SELECT count(*) FROM customers").await;

    assert_eq!(failure["kind"], "not_allowed");
    assert_eq!(counted["rows"], json!([[3]]));
}

#[tokio::test]
async fn a_role_that_may_write_writes_where_the_connection_allows_it() {
    let scratch = Scratch::new();
    let role = json!({"connections": ["shop"], "tools": ["full"], "readOnly": false});
    let mut server = server(&scratch, &role).await;

    let deleted = server.query("DELETE FROM customers WHERE id = 1").await;

    assert_eq!(deleted["affectedRows"], 1);
}

#[tokio::test]
async fn rows_and_time_end_at_the_roles_ceilings() {
    let scratch = Scratch::new();
    let role = json!({"connections": ["shop"], "tools": ["full"], "maxRows": 2, "maxTimeMs": 200});
    let mut server = server(&scratch, &role).await;

    let arguments = json!({"sql": "SELECT id FROM customers", "maxRows": 3});
    let answer = server.call("execute_query", arguments).await.ok();
    let endless = json!({"sql": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n", "timeoutMs": 60000});
    let failure = server.call("execute_query", endless).await.failure();

    assert_eq!(answer["rowCount"], 2);
    assert_eq!(
        answer["notices"],
        json!(["maxRows 3 is above the ceiling; 2 was used"])
    );
    assert_eq!(failure["kind"], "timeout");
}

#[tokio::test]
async fn a_shared_connection_is_closed_by_a_role_that_manages_connections_alone() {
    let scratch = Scratch::new();
    let mut role = json!({"connections": ["shop"], "tools": ["full"]});
    let close = json!({"connection": "shop"});
    let mut kept = server(&scratch, &role).await;
    kept.query("SELECT 1").await;
    let refused = kept.call("close_connection", close.clone()).await.failure();
    role["manageConnections"] = json!(true);
    let elsewhere = Scratch::new();
    let mut managed = server(&elsewhere, &role).await;
    managed.query("SELECT 1").await;

    let closed = managed.call("close_connection", close).await.ok();

    assert_eq!(
        refused["message"],
        "The connection `shop` is shared with others."
    );
    assert_eq!(closed["closed"], "shop");
}

#[tokio::test]
async fn an_import_does_not_take_the_place_of_the_operators_configuration() {
    let scratch = Scratch::new();
    let role = json!({"connections": ["shop"], "tools": ["full"]});
    let mut server = server(&scratch, &role).await;
    let entry = json!({"type": "sqlite", "database": "elsewhere.db"});

    let arguments = json!({"connections": {"shop": entry}, "overwrite": true});
    let imported = server.call("import_connections", arguments).await.ok();

    assert_eq!(imported["connections"]["shop"]["result"], "rejected");
}

#[tokio::test]
async fn a_mistake_in_a_role_keeps_the_server_from_starting() {
    let scratch = Scratch::new();
    let file = scratch.path("portolan.json");
    std::fs::write(&file, r#"{"roles": {"local": {"connections": ["*"]}}}"#).unwrap();

    let launch = Launch::default()
        .argument("--config")
        .argument(file.display().to_string());
    let ran = launch.run().await;

    assert_eq!(ran.code, 2);
    assert_eq!(ran.stdout, "");
    assert!(ran.stderr.contains("roles.local.tools"), "{}", ran.stderr);
}

#[cfg(unix)]
#[tokio::test]
async fn roles_are_read_again_at_sighup() {
    let scratch = Scratch::new();
    let role = json!({"connections": ["shop"], "tools": ["execute_query"]});
    let mut server = server(&scratch, &role).await;
    let before = tool_names(&mut server).await;
    let file = scratch.path("portolan.json");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("execute_query", "search_schema")).unwrap();

    server.signal("HUP").await;
    let mut after = before.clone();
    while after == before {
        after = tool_names(&mut server).await;
    }

    assert_eq!(before, ["execute_query"]);
    assert_eq!(after, ["search_schema"]);
}
