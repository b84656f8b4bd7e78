//! Serves an empty registry over stdio.

use std::sync::Arc;

use adapters::inbound::mcp::{McpOptions, McpServer, ToolSelection, serve_stdio};
use application::registry::Registry;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let options = McpOptions {
        tools: ToolSelection::default(),
        ..McpOptions::default()
    };
    let server = McpServer::new(Arc::new(Registry::new([], [])), options);
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    serve_stdio(server, async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    })
    .await
}
