//! The official clients, in both eras: each runs the same short session and prints what it saw.

use std::{path::Path, process::Output};

use serde_json::{Value, json};
use support::client::{LEGACY, MODERN, binary, provided};
use tokio::process::Command;

/// What every client must have seen.
pub(crate) fn check(client: &str, output: &Output, revision: &str, server: Option<&str>) {
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{client}: {told}");
    let seen: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| {
        panic!(
            "{client}: {}{told}",
            String::from_utf8_lossy(&output.stdout)
        )
    });
    assert_eq!(
        seen,
        json!({
            "protocolVersion": revision,
            "server": server,
            "firstTool": "execute_query",
            "connections": "{\"connections\":[]}",
            "failed": true,
            "failure": {
                "kind": "invalid_argument",
                "message": "There is no connection named `nowhere`.",
                "hint": "None is configured; call connect_database first.",
            },
            "unknownTool": -32602,
        }),
        "{client}"
    );
}

/// A session of a client in Node with a server: the binary, or the URL of one that runs.
pub(crate) async fn node(script: &str, server: &str, era: &str) -> Option<Output> {
    let node = provided("PORTOLAN_TEST_NODE")?;
    let modules = provided("PORTOLAN_TEST_NODE_MODULES")?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("mcp/clients")
        .join(script);
    Some(
        Command::new(node)
            .arg(script)
            .args([&modules.display().to_string(), server, era])
            .current_dir(std::env::temp_dir())
            .output()
            .await
            .unwrap(),
    )
}

/// The same of the client in Python.
pub(crate) async fn python(server: &str, era: &str) -> Option<Output> {
    let python = provided("PORTOLAN_TEST_PYTHON")?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("mcp/clients/session.py");
    Some(
        Command::new(python)
            .arg(script)
            .args([server, era])
            .current_dir(std::env::temp_dir())
            .output()
            .await
            .unwrap(),
    )
}

fn built() -> String {
    binary().display().to_string()
}

#[tokio::test]
async fn python_in_the_older_era() {
    if let Some(output) = python(&built(), "legacy").await {
        check("python", &output, LEGACY, Some("portolan"));
    }
}

#[tokio::test]
async fn python_in_the_newer_era() {
    if let Some(output) = python(&built(), MODERN).await {
        // It asks nothing before its first call, so nobody has told it who answers.
        check("python", &output, MODERN, None);
    }
}

#[tokio::test]
async fn python_finds_the_newest_revision_by_itself() {
    if let Some(output) = python(&built(), "auto").await {
        check("python", &output, MODERN, Some("portolan"));
    }
}

#[tokio::test]
async fn typescript_v1() {
    if let Some(output) = node("session_v1.mjs", &built(), "legacy").await {
        check("typescript v1", &output, LEGACY, Some("portolan"));
    }
}

#[tokio::test]
async fn typescript_v2_in_the_older_era() {
    if let Some(output) = node("session_v2.mjs", &built(), "legacy").await {
        check("typescript v2", &output, LEGACY, Some("portolan"));
    }
}

#[tokio::test]
async fn typescript_v2_finds_the_newest_revision_by_itself() {
    if let Some(output) = node("session_v2.mjs", &built(), "auto").await {
        check("typescript v2", &output, MODERN, Some("portolan"));
    }
}
