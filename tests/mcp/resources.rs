//! Schemas as resources, and what completes their names.

use serde_json::{Value, json};
use support::{
    client::{LEGACY, Launch, Server, modern_meta},
    scratch::{Scratch, run_beside},
};

use super::shop;

/// A server with a database whose names mean something elsewhere.
async fn hostile(scratch: &Scratch) -> Launch {
    let path = scratch.path("hostile.db");
    run_beside(
        &path,
        "CREATE TABLE \"a/b?x=%41 #ö\" (id INTEGER PRIMARY KEY, \"</schema>\" TEXT); CREATE TABLE diagram (a)",
    )
    .await;
    Launch::default().database("hostile", format!("sqlite://{}", path.display()))
}

async fn read(server: &mut Server, uri: &str) -> Value {
    server.request("resources/read", json!({"uri": uri})).await
}

/// The only content of a resource, as JSON.
async fn read_json(server: &mut Server, uri: &str) -> Value {
    let answer = read(server, uri).await;
    let contents = answer["result"]["contents"].as_array().unwrap();
    assert_eq!(contents.len(), 1);
    assert_eq!(contents[0]["uri"], uri);
    assert_eq!(contents[0]["mimeType"], "application/json");
    serde_json::from_str(contents[0]["text"].as_str().unwrap()).unwrap()
}

async fn completed(server: &mut Server, params: Value) -> Value {
    server.request("completion/complete", params).await["result"]["completion"].clone()
}

fn of_table(argument: &str, value: &str, context: &Value) -> Value {
    json!({
        "ref": {"type": "ref/resource", "uri": "portolan://{connection}/schema/{schema}/{table}"},
        "argument": {"name": argument, "value": value},
        "context": {"arguments": context},
    })
}

#[tokio::test]
async fn each_connection_has_its_schema_and_its_diagram() {
    let scratch = Scratch::new();
    let mut server = Server::start(shop(&scratch).await).await;

    let list = server.request("resources/list", json!({})).await;

    let uris: Vec<&str> = list["result"]["resources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|resource| resource["uri"].as_str().unwrap())
        .collect();
    assert_eq!(
        uris,
        ["portolan://shop/schema", "portolan://shop/schema/diagram"]
    );
}

#[tokio::test]
async fn the_templates_name_every_kind_of_resource() {
    let mut server = Server::start(Launch::default()).await;

    let list = server.request("resources/templates/list", json!({})).await;

    let templates: Vec<&str> = list["result"]["resourceTemplates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|template| template["uriTemplate"].as_str().unwrap())
        .collect();
    assert_eq!(
        templates,
        [
            "portolan://{connection}/schema",
            "portolan://{connection}/schema/{schema}/{table}",
            "portolan://{connection}/schema/diagram",
        ]
    );
}

#[tokio::test]
async fn the_schema_is_an_overview() {
    let scratch = Scratch::new();
    let mut server = Server::start(shop(&scratch).await).await;

    let overview = read_json(&mut server, "portolan://shop/schema").await;

    assert_eq!(
        (&overview["schemas"], &overview["tables"]),
        (&json!(["main: 1 table"]), &json!(["customers 3 columns"]))
    );
}

#[tokio::test]
async fn a_table_is_described() {
    let scratch = Scratch::new();
    let mut server = Server::start(shop(&scratch).await).await;

    let table = read_json(&mut server, "portolan://shop/schema/main/customers").await;

    assert_eq!(
        table,
        json!({"tables": [{
            "name": "customers", "kind": "table",
            "columns": [
                {"name": "id", "type": "INTEGER", "notNull": true, "identity": "rowid"},
                {"name": "name", "type": "TEXT"},
                {"name": "email", "type": "TEXT"},
            ],
            "primaryKey": ["id"],
        }]})
    );
}

#[tokio::test]
async fn the_diagram_is_mermaid() {
    let scratch = Scratch::new();
    let mut server = Server::start(shop(&scratch).await).await;

    let answer = read(&mut server, "portolan://shop/schema/diagram").await;

    let content = &answer["result"]["contents"][0];
    assert_eq!(content["mimeType"], "text/vnd.mermaid");
    assert_eq!(
        content["text"],
        "erDiagram\n    customers {\n        INTEGER id PK\n        TEXT name\n        TEXT email\n    }\n"
    );
}

#[tokio::test]
async fn a_name_may_hold_whatever_a_uri_cannot() {
    let scratch = Scratch::new();
    let mut server = Server::start(hostile(&scratch).await).await;

    let table = read_json(
        &mut server,
        "portolan://hostile/schema/main/a%2Fb%3Fx%3D%2541%20%23%C3%B6",
    )
    .await;

    let table = &table["tables"][0];
    assert_eq!(table["name"], "a/b?x=%41 #ö");
    assert_eq!(table["columns"][1]["name"], "</schema>");
}

#[tokio::test]
async fn a_table_called_diagram_is_found() {
    let scratch = Scratch::new();
    let mut server = Server::start(hostile(&scratch).await).await;

    let table = read_json(&mut server, "portolan://hostile/schema/main/diagram").await;

    assert_eq!(table["tables"][0]["name"], "diagram");
}

#[tokio::test]
async fn what_is_not_there_is_told_with_what_is() {
    let scratch = Scratch::new();
    let mut server = Server::start(shop(&scratch).await).await;
    for (uri, message) in [
        (
            "portolan://shop/schema/main/custmers",
            "There is no table or view `main.custmers`. Did you mean `main.customers`?",
        ),
        (
            "portolan://shap/schema",
            "There is no connection named `shap`. Did you mean `shop`? Known: shop.",
        ),
        (
            "portolan://shop/tables",
            "There is no such resource. Resources are portolan://{connection}/schema, …/schema/diagram and \
             …/schema/{schema}/{table}, each name percent-encoded.",
        ),
    ] {
        let answer = read(&mut server, uri).await;

        let error = &answer["error"];
        assert_eq!(
            (error["code"].as_i64(), error["message"].as_str()),
            (Some(-32002), Some(message))
        );
        assert_eq!(error["data"], json!({"uri": uri}));
    }
}

#[tokio::test]
async fn the_newest_revision_is_told_how_long_an_answer_holds() {
    let scratch = Scratch::new();
    let mut server = shop(&scratch).await.start();
    for (method, mut params) in [
        ("resources/list", json!({})),
        ("resources/templates/list", json!({})),
        ("resources/read", json!({"uri": "portolan://shop/schema"})),
        ("prompts/list", json!({})),
    ] {
        params["_meta"] = modern_meta();

        let answer = server.request(method, params).await;

        let result = &answer["result"];
        assert_eq!(result["resultType"], "complete", "{method}");
        assert_eq!(result["cacheScope"], "private", "{method}");
        assert!(result["ttlMs"].is_u64(), "{method}");
    }
}

#[tokio::test]
async fn older_revisions_get_nothing_that_they_do_not_know() {
    let scratch = Scratch::new();
    let mut server = shop(&scratch).await.start();
    server.initialize(LEGACY).await;

    let answer = read(&mut server, "portolan://shop/schema").await;

    let fields: Vec<&String> = answer["result"].as_object().unwrap().keys().collect();
    assert_eq!(fields, ["contents"]);
}

#[tokio::test]
async fn names_of_connections_are_completed() {
    let scratch = Scratch::new();
    let launch = shop(&scratch)
        .await
        .database("shed", "sqlite:///nowhere.db");
    let mut server = Server::start(launch).await;

    let found = completed(&mut server, of_table("connection", "sh", &json!({}))).await;

    assert_eq!(
        found,
        json!({"values": ["shed", "shop"], "total": 2, "hasMore": false})
    );
}

#[tokio::test]
async fn names_of_schemas_and_tables_are_completed() {
    let scratch = Scratch::new();
    let mut server = Server::start(hostile(&scratch).await).await;
    let context = json!({"connection": "hostile", "schema": "main"});

    let schemas = completed(&mut server, of_table("schema", "", &context)).await;
    let tables = completed(&mut server, of_table("table", "DIA", &context)).await;

    assert_eq!(schemas["values"], json!(["main"]));
    assert_eq!(tables["values"], json!(["diagram"]));
}

#[tokio::test]
async fn nothing_is_completed_where_nothing_is_known() {
    let mut server =
        Server::start(Launch::default().database("gone", "sqlite:///nowhere.db")).await;

    let tables = completed(
        &mut server,
        of_table("table", "a", &json!({"connection": "gone"})),
    )
    .await;
    let other = completed(&mut server, of_table("colour", "a", &json!({}))).await;

    assert_eq!(tables["values"], json!([]));
    assert_eq!(other["values"], json!([]));
}
