//! Serves connections given as `--url NAME=URL` over stdio.

use std::sync::Arc;

use adapters::{
    inbound::mcp::{McpOptions, McpServer, serve_stdio},
    outbound::ENGINES,
};
use application::registry::Registry;
use domain::connection::{
    ConnectionName, KnownConfiguration,
    parameters::{GivenValue, Layer, Origin},
};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let engines: Vec<_> = ENGINES.iter().map(|engine| engine.facts).collect();
    let known = std::env::args().filter_map(|argument| {
        let (name, url) = argument.split_once('=')?;
        let name = ConnectionName::new(name).ok()?;
        let layer = Layer::of_url("--url", Origin::Operator, "--url", GivenValue::text(url));
        Some(KnownConfiguration::from_layers(name, &[layer], &engines))
    });
    let connectors = ENGINES
        .iter()
        .map(|engine| (engine.facts.name, (engine.connector)()));
    let registry = Arc::new(Registry::new(connectors, known));
    let server = McpServer::new(Arc::clone(&registry), McpOptions::default());
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    serve_stdio(server, async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    })
    .await?;
    registry.close_all().await;
    Ok(())
}
