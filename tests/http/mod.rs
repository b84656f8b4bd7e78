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

use std::fmt::Write as _;

use adapters::inbound::http::identity::TokenHash;
use support::{client::Launch, http::HttpServer, scratch::Scratch};

/// A statement that `SQLite` never finishes.
pub(crate) const ENDLESS: &str =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

/// With a configuration file, and in it also those who may sign in, each with a token.
fn signing_in(folder: &Scratch, mut config: String, people: &[(&str, &str)]) -> Launch {
    for (name, token) in people {
        let hash = TokenHash::of(token);
        write!(config, "[identity.tokens.{name}]\nhash = '{hash}'\n").unwrap();
    }
    let file = folder.path("c.toml");
    std::fs::write(&file, config).unwrap();
    Launch::default()
        .argument("--config")
        .argument(file.display().to_string())
}

/// A server with the demonstration database.
async fn demo() -> HttpServer {
    HttpServer::start(Launch::default().argument("--demo")).await
}

/// Waits until the server has logged a call that ended so.
async fn logged(server: &HttpServer, outcome: &str) {
    let sought = format!("\"outcome\":\"{outcome}\"");
    support::waiting::until(&sought, async || server.log().contains(&sought)).await;
}
