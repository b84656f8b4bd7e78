//! `portolan serve`.

use serde_json::json;
use support::client::{Launch, Server};

use super::run;

#[tokio::test]
async fn the_demo_is_served_with_and_without_the_command() {
    for arguments in [&["serve", "--demo"][..], &["--demo"]] {
        let mut server = Server::start(Launch::default().arguments(arguments)).await;

        let answer = server
            .query("SELECT count(*) AS n FROM customers WHERE id < 3")
            .await;

        assert_eq!(answer["rows"], json!([[2]]), "{arguments:?}");
        server.close_input().await;
        assert_eq!(server.receive().await, None);
        assert!(server.exit().await.0.success());
    }
}

#[tokio::test]
async fn a_client_that_says_nothing_gets_nothing() {
    let ran = run(&["serve", "--demo"]).await;

    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
}

#[tokio::test]
async fn mistakes_of_a_configuration_are_logged_and_stop_nobody() {
    let launch = Launch::default()
        .arguments(&["serve", "--demo"])
        .with("BAD_DB_TYPE", "postgre")
        .with("MCP_LOG_LEVL", "debug");
    let mut server = Server::start(launch).await;

    let arguments = json!({"connection": "demo", "sql": "SELECT 1 AS one"});
    let answer = server.call("execute_query", arguments).await.ok();

    assert_eq!(answer["rows"], json!([[1]]));
    let log = server.log().await;
    for told in ["BAD_DB_TYPE", "MCP_LOG_LEVL"] {
        assert!(log.contains(told), "{told}: {log}");
    }
}

#[tokio::test]
async fn a_connection_with_two_urls_is_served_as_a_mistake() {
    let launch = Launch::default().arguments(&["sqlite:a.db", "sqlite:b.db"]);
    let mut server = Server::start(launch).await;

    let shown = server.call("show_configurations", json!({})).await.ok();

    let configuration = &shown["configurations"][0];
    assert_eq!(configuration["name"], "default", "{shown}");
    assert!(
        configuration
            .to_string()
            .contains("A second URL for the connection default."),
        "{shown}"
    );
}

#[tokio::test]
async fn a_setting_that_cannot_be_used_ends_it_before_it_serves() {
    let ran = Launch::default()
        .arguments(&["serve", "--demo"])
        .with("MCP_MAX_ROWS_CEILING", "many")
        .run()
        .await;

    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(
        ran.stderr.contains("MCP_MAX_ROWS_CEILING"),
        "{}",
        ran.stderr
    );
}
