//! The connection tools, used as an assistant would.

use serde_json::{Value, json};
use support::{
    client::{Launch, Server},
    databases::{asked_for, server_variable},
    scratch::{Scratch, run_beside},
};

use super::shop;

fn names(list: &Value) -> Vec<&str> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|connection| connection["name"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn nothing_is_open_before_it_is_asked_for_and_naming_it_opens_it() {
    let scratch = Scratch::new();
    let mut server = Server::start(shop(&scratch).await).await;

    let before = server.call("list_connections", json!({})).await.ok();
    let arguments = json!({"connection": "shop", "sql": "SELECT 1"});
    server.call("execute_query", arguments).await.ok();
    let after = server.call("list_connections", json!({})).await.ok();

    assert_eq!(before, json!({"connections": []}));
    assert_eq!(names(&after["connections"]), ["shop"]);
    assert_eq!(after["connections"][0]["readOnly"], true);
}

#[tokio::test]
async fn connecting_again_with_the_same_settings_changes_nothing_and_says_so() {
    let scratch = Scratch::new();
    let mut server = Server::start(shop(&scratch).await).await;

    let first = server.call("connect_from_config", json!({})).await.ok();
    let second = server
        .call("connect_from_config", json!({"configName": "shop"}))
        .await
        .ok();

    assert_eq!(first["opened"], true);
    assert_eq!(second["opened"], false);
}

#[tokio::test]
async fn a_configuration_opens_under_another_name_too() {
    let scratch = Scratch::new();
    let mut server = Server::start(shop(&scratch).await).await;

    let arguments = json!({"configName": "shop", "connectionName": "second"});
    server.call("connect_from_config", arguments).await.ok();
    let arguments = json!({"connection": "second", "sql": "SELECT count(*) FROM customers"});
    let answer = server.call("execute_query", arguments).await.ok();

    assert_eq!(answer["rows"], json!([[3]]));
}

#[tokio::test]
async fn a_file_in_the_working_directory_can_be_connected_and_no_other() {
    let scratch = Scratch::new();
    let outside = scratch.path("outside.db");
    run_beside(&outside, "CREATE TABLE t (n);").await;
    let mut server = Server::start(Launch::default()).await;
    run_beside(
        &server.folder().join("inside.db"),
        "CREATE TABLE t (n); INSERT INTO t VALUES (7);",
    )
    .await;

    let inside = json!({"type": "sqlite", "database": "inside.db", "name": "mine"});
    let outside = json!({"type": "sqlite", "database": outside.display().to_string()});
    let opened = server.call("connect_database", inside).await.ok();
    let refused = server.call("connect_database", outside).await.failure();
    let arguments = json!({"connection": "mine", "sql": "SELECT n FROM t"});
    let rows = server.call("execute_query", arguments).await.ok();
    let write = json!({"connection": "mine", "sql": "DELETE FROM t"});
    let write = server.call("execute_query", write).await.failure();

    assert_eq!(opened["name"], "mine");
    assert_eq!(opened["readOnly"], true);
    assert_eq!(refused["kind"], "not_allowed");
    assert_eq!(rows["rows"], json!([[7]]));
    assert_eq!(write["kind"], "not_allowed");
}

#[tokio::test]
async fn a_call_cannot_make_itself_a_writable_connection() {
    let mut server = Server::start(Launch::default()).await;
    run_beside(&server.folder().join("inside.db"), "CREATE TABLE t (n);").await;

    let arguments = json!({"type": "sqlite", "database": "inside.db", "readOnly": false});
    let failure = server.call("connect_database", arguments).await.failure();

    assert_eq!(failure["kind"], "invalid_argument");
    assert!(
        failure["message"].as_str().unwrap().contains("readOnly"),
        "{failure}"
    );
}

#[tokio::test]
async fn a_closed_connection_is_gone_and_a_configured_one_comes_back() {
    let scratch = Scratch::new();
    let mut server = Server::start(shop(&scratch).await).await;
    server.query("SELECT 1").await;

    let closed = server
        .call("close_connection", json!({"connection": "shop"}))
        .await
        .ok();
    let again = server
        .call("close_connection", json!({"connection": "shop"}))
        .await
        .failure();
    let list = server.call("list_connections", json!({})).await.ok();
    let answer = server.query("SELECT 1 AS one").await;

    assert_eq!(closed, json!({"closed": "shop", "configured": true}));
    assert_eq!(again["message"], "The connection `shop` is not open.");
    assert_eq!(list, json!({"connections": []}));
    assert_eq!(answer["rows"], json!([[1]]));
}

#[tokio::test]
async fn a_test_of_a_dead_address_is_an_answer_that_names_the_step() {
    let launch = Launch::default().database("dead", "postgres://user:secret@127.0.0.1:1/db");
    let mut server = Server::start(launch).await;

    let answer = server
        .call("test_connection", json!({"connection": "dead"}))
        .await;

    assert_eq!(answer.ok()["ok"], false);
    assert_eq!(answer.ok()["failure"]["step"], "tcp");
    assert!(!answer.text.contains("secret"));
}

#[tokio::test]
async fn what_was_exported_can_be_imported() {
    let scratch = Scratch::new();
    let mut server = Server::start(
        shop(&scratch)
            .await
            .database("erp", "postgres://reader:s3cret@db.invalid:5432/erp"),
    )
    .await;

    let exported = server.call("export_connections", json!({})).await;
    let mut arguments = exported.ok();
    arguments["overwrite"] = json!(true);
    let imported = server.call("import_connections", arguments).await.ok();

    assert!(!exported.text.contains("s3cret"), "{}", exported.text);
    assert_eq!(exported.ok()["connections"]["erp"]["password"], "***");
    assert_eq!(
        imported["connections"]["erp"]["result"], "replaced",
        "{imported}"
    );
}

#[tokio::test]
async fn no_tool_tells_a_password() {
    let scratch = Scratch::new();
    let launch = shop(&scratch)
        .await
        .database("erp", "postgres://reader:s3cr%40t@127.0.0.1:1/erp");
    let mut server = Server::start(launch).await;

    for (tool, arguments) in [
        ("show_configurations", json!({})),
        ("export_connections", json!({})),
        ("connect_from_config", json!({"configName": "erp"})),
        ("test_connection", json!({"connection": "erp"})),
        (
            "execute_query",
            json!({"connection": "erp", "sql": "SELECT 1"}),
        ),
        (
            "connect_database",
            json!({"url": "postgres://reader:s3cr%40t@127.0.0.1:1/erp", "name": "x"}),
        ),
        ("connection_info", json!({})),
    ] {
        let answer = server.call(tool, arguments).await;
        for secret in ["s3cr@t", "s3cr%40t"] {
            assert!(!answer.text.contains(secret), "{tool}: {}", answer.text);
        }
    }
    let log = server.log().await;
    assert!(!log.contains("s3cr"), "{log}");
}

#[tokio::test]
async fn the_variables_of_libpq_change_nothing() {
    if !asked_for("postgres_15") {
        return;
    }
    let mut launch = Launch::default().database("pg", server_variable("postgres_15", "URL"));
    for (name, value) in [
        ("PGHOST", "127.0.0.2"),
        ("PGPORT", "1"),
        ("PGUSER", "nobody"),
        ("PGPASSWORD", "wrong"),
        ("PGDATABASE", "nowhere"),
        ("PGAPPNAME", "somebody else"),
        ("PGSSLMODE", "verify-full"),
        ("PGSSLROOTCERT", "/nowhere/ca.pem"),
        ("PGPASSFILE", "/nowhere/pgpass"),
        ("PGSERVICE", "nowhere"),
        ("PGTZ", "Asia/Tokyo"),
        ("TZ", "America/St_Johns"),
    ] {
        launch = launch.with(name, value);
    }
    let mut server = Server::start(launch).await;

    let answer = server
        .query("SELECT current_user::text, current_setting('search_path'), current_setting('TimeZone')")
        .await;

    assert_eq!(
        answer["rows"],
        json!([["portolan", "\"$user\", public", "UTC"]])
    );
}

#[tokio::test]
async fn a_variable_of_libpq_that_cannot_be_overruled_is_refused_by_name() {
    if !asked_for("postgres_15") {
        return;
    }
    for (name, value) in [
        ("PGOPTIONS", "-c search_path=nowhere"),
        ("PGSSLCERT", "/nowhere/cert.pem"),
        ("PGSSLKEY", "/nowhere/key.pem"),
    ] {
        let launch = Launch::default()
            .database("pg", server_variable("postgres_15", "URL"))
            .with(name, value);
        let mut server = Server::start(launch).await;

        let failure = server
            .call("execute_query", json!({"sql": "SELECT 1"}))
            .await
            .failure();

        assert_eq!(failure["kind"], "unavailable");
        let message = failure["message"].as_str().unwrap();
        assert!(message.contains(name), "{message}");
    }
}
