//! Serves the databases of `<NAME>_DB_URL` over stdio, to test the protocol until the configuration is there.

use std::{sync::Arc, time::Duration};

use adapters::{
    inbound::mcp::{McpOptions, McpServer, ToolSelection, serve_stdio},
    outbound::ENGINES,
};
use application::registry::Registry;
use domain::connection::{
    Access, Address, ConnectionConfig, ConnectionName, ExportedParameters, KnownConfiguration,
    Password, Policy,
};

#[expect(clippy::disallowed_methods, reason = "for now")]
fn variables() -> Vec<(String, String)> {
    std::env::vars().collect()
}

fn known(name: &str, url: &str) -> Option<KnownConfiguration> {
    let (scheme, rest) = url.split_once("://")?;
    let engine = ENGINES.iter().find(|engine| engine.facts.words.contains(&scheme))?;
    let mut config = if scheme == "sqlite" {
        ConnectionConfig::new(engine.facts, Address::File(rest.into()))
    } else {
        let url = url::Url::parse(url).ok()?;
        let mut config = ConnectionConfig::new(
            engine.facts,
            Address::Tcp { host: url.host_str()?.to_owned(), port: url.port()? },
        );
        config.user = Some(url.username().to_owned());
        config.password = url.password().map(|text| Password::Given(text.into()));
        config.database = Some(url.path().trim_start_matches('/').to_owned());
        config
    };
    if name.starts_with("W_") {
        config.policy = Policy { access: Access::ReadWrite };
    }
    config.max_rows = 1000;
    Some(KnownConfiguration {
        name: ConnectionName::new(name).ok()?,
        source: "environment".to_owned(),
        outcome: Ok(Arc::new(config)),
        exported: ExportedParameters::default(),
    })
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt().json().with_writer(std::io::stderr).with_env_filter("warn,adapters=info").init();
    let mut options = McpOptions::default();
    let mut configurations = Vec::new();
    for (name, value) in variables() {
        match name.as_str() {
            "MCP_TOOLS" => options.tools = ToolSelection::parse(&value).expect("tools"),
            "MCP_STRUCTURED_RESULTS" => options.structured_results = value == "true",
            "MCP_SHUTDOWN_GRACE_MS" => options.shutdown_grace = Duration::from_millis(value.parse().expect("ms")),
            _ => configurations.extend(name.strip_suffix("_DB_URL").and_then(|name| known(name, &value))),
        }
    }
    let connectors = ENGINES.iter().filter(|engine| variables().iter().any(|(name, _)| name == "SQLITE") || engine.facts.name != "sqlite").map(|engine| (engine.facts.name, (engine.connector)()));
    let registry = Arc::new(Registry::new(connectors, configurations));
    let ad_hoc = application::ad_hoc::AdHoc::new(
        true,
        ENGINES.iter().map(|engine| engine.facts).collect(),
        Arc::new(adapters::outbound::Roots::new([std::env::current_dir()?])),
    );
    let server = McpServer::new(Arc::clone(&registry), ad_hoc, options);
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
