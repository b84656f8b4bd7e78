//! `portolan check`.

use std::sync::Arc;

use adapters::outbound::ENGINES;
use bootstrap::commands::check::{CheckOptions, CheckOutcome, check};
use domain::connection::Connector;
use serde_json::Value;
use support::databases::{asked_for, server_variable};

use super::Setup;

fn connector(engine: &str) -> Option<Arc<dyn Connector>> {
    ENGINES
        .iter()
        .find(|known| known.facts.name == engine)
        .map(|known| (known.connector)())
}

async fn checked(setup: &Setup, connect: bool, json: bool) -> CheckOutcome {
    check(
        setup.load(),
        CheckOptions { connect, json },
        &setup.folder,
        connector,
    )
    .await
}

#[tokio::test]
async fn the_report_tells_everything() {
    let setup = Setup::new()
        .variables(&[
            ("PROD_DB_TYPE", "postgres"),
            ("PROD_DB_HOST", "h"),
            ("PROD_DB_USER", "u"),
            ("PROD_DB_PASSWORD", "hunter2"),
            ("PROD_DB_SSL", "true"),
            ("PROD_DB_MAX_ROWS", "200000"),
            ("BAD_DB_TYPE", "postgre"),
            ("OTHER_DB_HOST", "h"),
            ("MCP_LOG_LEVL", "debug"),
            ("MCP_LOG_LEVEL", "debug"),
        ])
        .with_file(
            "database-config.json",
            r#"{"connections": {"shop": {"type": "sqlite", "name": "shop.db"}}, "x": 1}"#,
        );

    let outcome = checked(&setup, false, false).await;

    assert_eq!(outcome.report, include_str!("check.txt"));
    assert_eq!(outcome.exit_code, 1);
}

#[tokio::test]
async fn nothing_configured_is_no_mistake_and_says_what_to_do() {
    let outcome = checked(&Setup::new(), false, false).await;

    assert!(
        outcome
            .report
            .contains("No connection is configured. Set DATABASE_URL")
    );
    assert!(
        outcome
            .report
            .ends_with("All is well: 0 of 0 connections valid.\n")
    );
    assert_eq!(outcome.exit_code, 0);
}

#[tokio::test]
async fn a_file_that_a_connection_names_must_be_there() {
    let setup = Setup::new()
        .variables(&[
            ("PROD_DB_URL", "postgres://u@h/db?sslrootcert=ca.pem"),
            ("PROD_DB_PASSWORD_FILE", "secret.txt"),
        ])
        .with_file("ca.pem", "");

    let outcome = checked(&setup, false, true).await;

    let report: Value = serde_json::from_str(&outcome.report).unwrap();
    let mistakes = report["connections"][0]["mistakes"].as_array().unwrap();
    assert_eq!(mistakes.len(), 1);
    assert_eq!(mistakes[0]["key"], "PROD_DB_PASSWORD_FILE");
    assert!(
        mistakes[0]["message"]
            .as_str()
            .unwrap()
            .contains("secret.txt cannot be read")
    );
    assert_eq!(outcome.exit_code, 1);
}

#[tokio::test]
async fn what_would_keep_serve_from_starting_is_told() {
    let variables = [
        (
            &[("MCP_HTTP_ADDRESS", "0.0.0.0:8080")][..],
            "serve: Nobody has to sign in, so everybody who reaches 0.0.0.0 could read every database.",
        ),
        (
            &[
                ("MCP_HTTP_TLS_CERT", "none.pem"),
                ("MCP_HTTP_TLS_KEY", "none.key"),
            ],
            "serve: The certificate for HTTP cannot be used: ",
        ),
        (
            &[("MCP_REDIS_URL", "http://:hunter2@cache")],
            "serve: MCP_REDIS_URL cannot be used: ",
        ),
        (
            &[("MCP_AUDIT_FILE", "none/audit.jsonl")],
            "serve: The audit (MCP_AUDIT_FILE) cannot be opened: its folder is not there.",
        ),
        (
            &[
                ("MCP_AUDIT_FILE", "a.jsonl"),
                ("MCP_AUDIT_KEY_FILE", "short"),
            ],
            "serve: The key of the audit (",
        ),
        (
            &[
                ("SHOP_DB_URL", "sqlite:shop.db"),
                ("SHOP_DB_MASK", "*.email=hash"),
                ("MCP_MASK_KEY_FILE", "none"),
            ],
            "serve: MCP_MASK_KEY_FILE names a file that cannot be read.",
        ),
    ];
    for (variables, told) in variables {
        let setup = Setup::new().variables(variables).with_file("short", "x");

        let outcome = checked(&setup, false, false).await;

        assert!(outcome.report.contains(told), "{told}: {}", outcome.report);
        assert!(!outcome.report.contains("hunter2"), "{}", outcome.report);
        assert_eq!(outcome.exit_code, 1, "{told}");
        assert!(!setup.folder.join("a.jsonl").exists());
    }
}

#[tokio::test]
async fn the_report_for_programs_has_the_same_facts() {
    let setup = Setup::new().with_url(Some("x"), "mysql://u:hunter2@h/db");

    let outcome = checked(&setup, false, true).await;

    let report: Value = serde_json::from_str(&outcome.report).unwrap();
    assert_eq!(report["valid"], true);
    assert_eq!(report["sources"], serde_json::json!(["command line"]));
    assert_eq!(report["settings"]["maxRowsCeiling"], 100_000);
    let connection = &report["connections"][0];
    assert_eq!(connection["name"], "x");
    assert_eq!(connection["policy"]["access"], "readOnly");
    assert_eq!(connection["parameters"]["port"], 3306);
    assert_eq!(connection["given"]["password"], "***");
}

#[tokio::test]
async fn connecting_says_who_answered_or_which_step_failed() {
    if !asked_for("postgres_15") {
        return;
    }
    let setup = Setup::new()
        .with_url(Some("up"), &server_variable("postgres_15", "URL"))
        .with_url(Some("down"), "postgres://u:p@127.0.0.1:1/db");

    let outcome = checked(&setup, true, false).await;

    assert_eq!(outcome.exit_code, 1);
    assert!(
        outcome.report.contains("\n  Connected: PostgreSQL 15."),
        "{}",
        outcome.report
    );
    assert!(
        outcome.report.contains("\n  NOT CONNECTED: "),
        "{}",
        outcome.report
    );
    assert!(
        outcome.report.contains(" (step: tcp)\n"),
        "{}",
        outcome.report
    );
    assert!(
        outcome
            .report
            .ends_with("Something is wrong: 2 of 2 connections valid, 1 of 2 reached.\n")
    );
}
