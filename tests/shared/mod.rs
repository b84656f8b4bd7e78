//! Several processes of the server: what they count together in Redis, and how they stand behind `HAProxy`.

mod balanced;
mod leases;
mod limits;
mod revoked;
mod tls;

use serde_json::Value;
use support::{
    client::Launch,
    http::{HttpServer, Request},
    shared::Redis,
};

/// A process that counts in that store, with these settings.
async fn process(redis: &Redis, settings: &[(&str, &str)]) -> HttpServer {
    let mut launch = Launch::default()
        .argument("--demo")
        .with("MCP_REDIS_URL", redis.url());
    for (name, value) in settings {
        launch = launch.with(name, *value);
    }
    HttpServer::start(launch).await
}

const ROWS: &[(&str, &str)] = &[("MCP_RATE_ROWS_PER_HOUR", "10")];
const TEN_ROWS: &str = "SELECT id FROM products LIMIT 10";

/// What health says of the store.
async fn store(server: &HttpServer) -> Value {
    let health = server.send(&Request::get("/health")).await.json();
    let components = health["components"].as_array().unwrap().clone();
    let of_store = |one: &Value| one["name"] == "shared_store";
    components.into_iter().find(of_store).unwrap()
}

/// The limit that a call met; nothing, if it was answered.
async fn met(server: &HttpServer, sql: &str) -> Option<String> {
    let answer = server.send(&Request::query(sql)).await.json();
    let text = answer["result"]["content"][0]["text"].as_str().unwrap();
    let told: Value = serde_json::from_str(text).unwrap();
    told["limit"].as_str().map(str::to_owned)
}

/// Of two processes with these settings, [`ROWS`] among them, one meets the limit that the other has used up.
async fn count_together(redis: &Redis, settings: &[(&str, &str)]) {
    let (one, other) = (
        process(redis, settings).await,
        process(redis, settings).await,
    );

    assert_eq!(met(&one, TEN_ROWS).await, None);

    assert_eq!(
        met(&other, "SELECT 1").await.as_deref(),
        Some("rows_per_hour")
    );
    assert_eq!(store(&other).await["status"], "healthy");
}
