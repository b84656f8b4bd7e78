//! What those rely on who keep the server running: figures, health, and how it protects itself.

mod address;
mod dashboards;
mod health;
mod metrics;
mod protection;
mod traces;

use support::client::{Launch, Server};

/// A server that shows its figures, and where.
async fn shown(launch: Launch) -> (Server, String) {
    let place = format!("127.0.0.1:{}", support::pooler::free_port().await);
    let server = Server::start(launch.with("MCP_METRICS_ADDR", &place)).await;
    (server, place)
}

/// The value of one line of the page.
async fn figure(place: &str, name: &str) -> Option<f64> {
    let page = support::http::get(place, "/metrics").await;
    page.body
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
        .map(|value| value.parse().unwrap())
}
