//! The service over HTTP: the built binary, and requests that are written by hand.

#[cfg(unix)]
mod audited;
mod bad_input;
mod conformance;
mod direct;
mod ending;
mod hidden;
mod others;
mod proxies;
mod sdks;
mod sessions;
mod status;
mod tls;
mod transport;

use support::{client::Launch, http::HttpServer};

/// A statement that `SQLite` never finishes.
pub(crate) const ENDLESS: &str =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

/// A server with the demonstration database.
async fn demo() -> HttpServer {
    HttpServer::start(Launch::default().argument("--demo")).await
}

/// Waits until the server has logged a call that ended so.
async fn logged(server: &HttpServer, outcome: &str) {
    let sought = format!("\"outcome\":\"{outcome}\"");
    support::waiting::until(&sought, async || server.log().contains(&sought)).await;
}
