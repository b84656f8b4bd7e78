//! The official clients over HTTP, in both eras: the same short session as over stdio, and the inspector.

use std::process::Output;

use support::{
    client::{LEGACY, Launch, MODERN, provided},
    http::HttpServer,
};
use tokio::process::Command;

use crate::mcp::sdks::{check, node, python};

/// A server that tells the clients what one over stdio would.
async fn server() -> HttpServer {
    HttpServer::start(Launch::default().with("MCP_HTTP_ADHOC_CONNECTIONS", "true")).await
}

#[tokio::test]
async fn python_in_the_older_era() {
    if let Some(output) = python(&server().await.url(), "legacy").await {
        check("python", &output, LEGACY, Some("portolan"));
    }
}

#[tokio::test]
async fn python_in_the_newer_era() {
    if let Some(output) = python(&server().await.url(), MODERN).await {
        check("python", &output, MODERN, None);
    }
}

#[tokio::test]
async fn python_finds_the_newest_revision_by_itself() {
    if let Some(output) = python(&server().await.url(), "auto").await {
        check("python", &output, MODERN, Some("portolan"));
    }
}

#[tokio::test]
async fn typescript_v1() {
    if let Some(output) = node("session_v1.mjs", &server().await.url(), "legacy").await {
        check("typescript v1", &output, LEGACY, Some("portolan"));
    }
}

#[tokio::test]
async fn typescript_v2_in_the_older_era() {
    if let Some(output) = node("session_v2.mjs", &server().await.url(), "legacy").await {
        check("typescript v2", &output, LEGACY, Some("portolan"));
    }
}

#[tokio::test]
async fn typescript_v2_finds_the_newest_revision_by_itself() {
    if let Some(output) = node("session_v2.mjs", &server().await.url(), "auto").await {
        check("typescript v2", &output, MODERN, Some("portolan"));
    }
}

async fn inspector(url: &str, era: &str) -> Option<Output> {
    let node = provided("PORTOLAN_TEST_NODE")?;
    let modules = provided("PORTOLAN_TEST_NODE_MODULES")?;
    let launcher = modules.join("@modelcontextprotocol/inspector/clients/launcher/build/index.js");
    Some(
        Command::new(node)
            .arg(launcher)
            .args(["--cli", url, "--transport", "http", "--protocol-era", era])
            .args(["--method", "tools/list", "--format", "json"])
            .current_dir(std::env::temp_dir())
            .output()
            .await
            .unwrap(),
    )
}

#[tokio::test]
async fn the_inspector_lists_the_tools_in_both_eras() {
    let server = server().await;
    for era in ["legacy", "modern"] {
        let Some(output) = inspector(&server.url(), era).await else {
            return;
        };
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success(),
            "{era}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(told.contains("execute_query"), "{era}: {told}");
    }
}
