//! `portolan check`.

use serde_json::{Value, json};
use support::{
    client::Launch, databases::server_variable, on_every_engine, on_servers, subject::Subject,
};

use super::run;

fn check(arguments: &[&str]) -> Launch {
    Launch::default().argument("check").arguments(arguments)
}

#[tokio::test]
async fn the_report_is_all_that_is_printed() {
    let ran = run(&["check"]).await;

    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert!(
        ran.stdout.starts_with("Settings of the server:\n"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout
            .ends_with("All is well: 0 of 0 connections valid.\n"),
        "{}",
        ran.stdout
    );
}

#[tokio::test]
async fn the_report_for_programs_is_one_json_value() {
    let ran = check(&["--json"])
        .database("prod", "postgres://u:hunter2@h/db")
        .run()
        .await;

    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report["valid"], true);
    assert_eq!(report["connections"][0]["name"], "prod");
    assert!(!ran.stdout.contains("hunter2"), "{}", ran.stdout);
}

#[tokio::test]
async fn a_mistake_ends_with_1_in_either_form() {
    for arguments in [&[][..], &["--json"]] {
        let ran = check(arguments).with("PROD_DB_TYPE", "postgre").run().await;

        assert_eq!((ran.code, ran.stderr.as_str()), (1, ""), "{arguments:?}");
        assert!(ran.stdout.contains("PROD_DB_TYPE"), "{}", ran.stdout);
    }
    let json = check(&["--json"])
        .with("PROD_DB_TYPE", "postgre")
        .run()
        .await;
    let report: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(report["valid"], false);
}

#[tokio::test]
async fn a_wrong_setting_is_part_of_the_report() {
    let ran = check(&[]).with("MCP_LOG_LEVEL", "loud").run().await;

    assert_eq!((ran.code, ran.stderr.as_str()), (1, ""));
    assert!(ran.stdout.contains("MCP_LOG_LEVEL"), "{}", ran.stdout);
}

on_every_engine!(
    connecting_reaches_the_database,
    async |subject: &Subject| {
        let ran = check(&["--connect", "--json"])
            .database("db", subject.url())
            .run()
            .await;

        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        let database = subject.open().await;
        let reached = &report["connections"][0]["connected"]["server"];
        assert_eq!(
            (&reached["product"], &reached["version"]),
            (
                &json!(database.server.product),
                &json!(database.server.version)
            ),
            "{report}"
        );
    }
);

on_servers!(
    what_the_role_could_do_is_part_of_either_report: postgres_15 postgres_18 mariadb_10_11 mysql_9,
    async |server: &str| {
        let database = |arguments| check(arguments).database("db", server_variable(server, "URL"));

        let text = database(&["--connect"]).run().await;
        let json = database(&["--connect", "--json"]).run().await;

        assert_eq!((text.code, json.code), (0, 0));
        assert!(
            text.stdout
                .contains("\n  Posture: more than reading\n    superuser, COULD WRITE: It "),
            "{}",
            text.stdout
        );
        assert!(text.stdout.contains("\n    CREATE "), "{}", text.stdout);
        let report: Value = serde_json::from_str(&json.stdout).unwrap();
        let posture = &report["connections"][0]["connected"]["posture"];
        assert_eq!(posture["findings"][0]["kind"], "superuser");
    }
);

on_servers!(
    a_role_that_could_write_is_a_mistake_where_least_privilege_is_required: postgres_15 mysql_9,
    async |server: &str| {
        let ran = check(&["--connect"])
            .database("db", server_variable(server, "URL"))
            .with("MCP_REQUIRE_LEAST_PRIVILEGE", "true")
            .run()
            .await;

        assert_eq!(ran.code, 1);
        assert!(
            ran.stdout
                .contains("\n  NOT CONNECTED: The connection is read-only, but its database role could write (superuser)"),
            "{}",
            ran.stdout
        );
    }
);

#[tokio::test]
async fn a_database_that_is_down_is_part_of_the_report() {
    let ran = check(&["--connect"])
        .database("down", "mysql://u:hunter2@127.0.0.1:1/db")
        .run()
        .await;

    assert_eq!((ran.code, ran.stderr.as_str()), (1, ""));
    assert!(ran.stdout.contains("(step: tcp)"), "{}", ran.stdout);
    assert!(
        ran.stdout
            .ends_with("Something is wrong: 1 of 1 connections valid, 0 of 1 reached.\n"),
        "{}",
        ran.stdout
    );
    assert!(!ran.stdout.contains("hunter2"), "{}", ran.stdout);
}
