//! `portolan call`.

use serde_json::{Value, json};
use support::{
    client::{Launch, Server},
    on_every_engine,
    scratch::{Scratch, run_beside},
    subject::Subject,
};

use super::run;

#[tokio::test]
async fn the_answer_and_nothing_else_is_printed() {
    let sql = r#"{"sql": "SELECT count(*) AS n FROM customers WHERE id < 3"}"#;

    let ran = run(&["call", "--demo", "execute_query", sql]).await;

    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (
            0,
            "{\"columns\":[\"n\"],\"types\":[\"any\"],\"rows\":[[2]],\"rowCount\":1}\n"
        )
    );
}

#[tokio::test]
async fn a_tool_that_fails_prints_its_failure_and_ends_with_1() {
    for (arguments, kind) in [
        (r#"{"sql": "SELECT nothing FROM customers"}"#, "invalid_sql"),
        (r#"{"sql": "DELETE FROM customers"}"#, "not_allowed"),
        (r#"{"sq": "SELECT 1"}"#, "invalid_argument"),
        ("{}", "invalid_argument"),
        (
            r#"{"sql": "SELECT 1", "connection": "dmeo"}"#,
            "invalid_argument",
        ),
    ] {
        let ran = run(&["call", "--demo", "execute_query", arguments]).await;

        assert_eq!(ran.code, 1, "{arguments}: {}", ran.stderr);
        let failure: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(failure["kind"], kind, "{arguments}: {failure}");
        assert_eq!(ran.stdout.lines().count(), 1);
    }
}

#[tokio::test]
async fn a_call_that_cannot_be_made_prints_nothing_and_ends_with_2() {
    for (arguments, told) in [
        (
            &["call", "--demo", "execute_query", "{"][..],
            "one JSON object",
        ),
        (
            &["call", "--demo", "execute_query", "[1]"],
            "one JSON object",
        ),
        (&["call", "--demo", "execute_query", ""], "one JSON object"),
        (
            &["call", "--demo", "execute_qery"],
            "Did you mean `execute_query`?",
        ),
    ] {
        let ran = run(arguments).await;

        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (2, ""),
            "{arguments:?}: {}",
            ran.stderr
        );
        assert!(ran.stderr.contains(told), "{arguments:?}: {}", ran.stderr);
    }
}

#[tokio::test]
async fn a_setting_that_cannot_be_used_prints_nothing_and_ends_with_2() {
    let ran = Launch::default()
        .arguments(&["call", "--demo", "list_connections"])
        .with("MCP_LOG_LEVEL", "loud")
        .run()
        .await;

    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.contains("MCP_LOG_LEVEL"), "{}", ran.stderr);
}

#[tokio::test]
async fn a_configuration_file_that_cannot_be_read_prints_nothing_and_ends_with_2() {
    let ran = run(&["call", "--config", "no-such.json", "list_connections"]).await;

    assert_eq!(
        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
        (
            2,
            "",
            "portolan: --config: The file no-such.json cannot be read: it does not exist.\n"
        )
    );
}

#[tokio::test]
async fn mistakes_of_a_configuration_are_told_and_stop_no_call() {
    let ran = Launch::default()
        .arguments(&["call", "--demo", "list_connections"])
        .with("BAD_DB_TYPE", "postgre")
        .run()
        .await;

    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (0, "{\"connections\":[]}\n")
    );
    assert!(
        ran.stderr.starts_with("portolan: BAD_DB_TYPE: "),
        "{}",
        ran.stderr
    );
}

#[tokio::test]
async fn every_tool_can_be_called_whatever_the_profile() {
    let ran = Launch::default()
        .arguments(&["call", "--demo", "show_configurations"])
        .with("MCP_TOOLS", "minimal")
        .run()
        .await;

    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(answer["configurations"][0]["name"], "demo", "{answer}");
}

#[tokio::test]
async fn a_database_that_is_down_is_a_failure_on_the_output_stream() {
    let ran = Launch::default()
        .arguments(&["call", "execute_query", r#"{"sql": "SELECT 1"}"#])
        .database("down", "postgres://u:hunter2@127.0.0.1:1/db")
        .run()
        .await;

    assert_eq!(ran.code, 1);
    let failure: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (&failure["kind"], &failure["step"]),
        (&json!("unavailable"), &json!("tcp"))
    );
    assert!(!ran.stdout.contains("hunter2") && !ran.stderr.contains("hunter2"));
}

#[tokio::test]
async fn a_url_of_the_command_line_is_called() {
    let scratch = Scratch::new();
    let file = scratch.path("shop.db");
    run_beside(
        &file,
        "CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (7);",
    )
    .await;
    let url = format!("shop=sqlite://{}", file.display());

    let ran = run(&[
        "call",
        "--url",
        &url,
        "execute_query",
        r#"{"sql": "SELECT n FROM t"}"#,
    ])
    .await;

    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (
            0,
            "{\"columns\":[\"n\"],\"types\":[\"integer\"],\"rows\":[[7]],\"rowCount\":1}\n"
        )
    );
}

on_every_engine!(
    a_cell_of_ten_megabytes_is_cut_with_a_notice_and_harms_nothing,
    async |subject: &Subject| {
        let launch = Launch::default().database("db", subject.url());
        let mut server = Server::start(launch).await;

        let answer = server.query(subject.words.ten_megabytes).await;

        assert_eq!(answer["columns"], json!(["long"]));
        assert_eq!(answer["rowCount"], 1);
        assert_eq!(answer["rows"], json!([["x".repeat(16_384)]]));
        assert_eq!(
            answer["notices"],
            json!([
                "row 1, column \"long\": the first 16384 of the value's 10000000 bytes are shown"
            ])
        );
        assert_eq!(answer.get("truncated"), None);
        assert_eq!(server.query("SELECT 1 AS one").await["rows"], json!([[1]]));
    }
);
