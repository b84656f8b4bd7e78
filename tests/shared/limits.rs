//! Limits that all processes count together, and each for itself while the store does not answer.

use support::{
    http::{HttpServer, Request},
    shared::{Redis, free},
    waiting::until,
};

use super::{ROWS, TEN_ROWS, count_together, met, process, store};
use crate::http::ENDLESS;

#[tokio::test]
async fn rows_that_one_process_gave_count_for_the_other() {
    let Some(redis) = Redis::start().await else {
        return;
    };

    count_together(&redis, ROWS).await;
}

#[tokio::test]
async fn a_burst_is_spent_by_both() {
    let Some(redis) = Redis::start().await else {
        return;
    };
    let settings = [("MCP_RATE_CALLS_PER_SECOND", "1"), ("MCP_RATE_BURST", "10")];
    let (one, other) = (
        process(&redis, &settings).await,
        process(&redis, &settings).await,
    );
    let began = std::time::Instant::now();

    let mut answered = 0;
    for _ in 0..15 {
        for server in [&one, &other] {
            match met(server, "SELECT 1").await.as_deref() {
                None => answered += 1,
                Some(limit) => assert_eq!(limit, "calls_per_second"),
            }
        }
    }

    // One comes back each second, however long this took.
    let came_back = began.elapsed().as_secs() + 1;
    assert!((10..=10 + came_back).contains(&answered), "{answered}");
}

#[tokio::test]
async fn a_call_in_flight_takes_the_place_of_one_elsewhere() {
    let Some(redis) = Redis::start().await else {
        return;
    };
    let settings = [("MCP_RATE_TOTAL_CALLS_IN_FLIGHT", "1")];
    let (one, other) = (
        process(&redis, &settings).await,
        process(&redis, &settings).await,
    );
    // GIVEN a call that does not end by itself
    let mut running = one.connect().await;
    running.send(&Request::query(ENDLESS)).await;
    let places = ["ZCARD", "{portolan}:total:places"];
    until("it holds its place", async || {
        redis.ask(&places).await == "1"
    })
    .await;
    // WHEN somebody calls the other process, THEN there is no place for them
    let limit = met(&other, "SELECT 1").await;
    assert_eq!(limit.as_deref(), Some("total_calls_in_flight"));
    // AND none is held for ever by a process that is gone
    let lease: i64 = redis.ask(&["PTTL", places[1]]).await.parse().unwrap();
    assert!((1..=60_000).contains(&lease), "{lease}");
    // WHEN the first one has gone away, THEN there is
    drop(running);
    until("the place is free", async || {
        met(&other, "SELECT 1").await.is_none()
    })
    .await;
}

#[tokio::test]
async fn without_the_store_each_process_counts_by_itself_and_says_so() {
    let Some(mut redis) = Redis::start().await else {
        return;
    };
    let (one, other) = (process(&redis, ROWS).await, process(&redis, ROWS).await);
    assert_eq!(met(&one, TEN_ROWS).await, None);
    // WHEN the store dies
    redis.stop().await;
    // THEN calls go on, each process with its own numbers
    assert_eq!(met(&other, TEN_ROWS).await, None);
    assert_eq!(
        met(&other, "SELECT 1").await.as_deref(),
        Some("rows_per_hour")
    );
    assert_eq!(met(&one, "SELECT 1").await, None);
    let told = store(&one).await;
    assert_eq!(told["status"], "degraded");
    let reason = told["reason"].as_str().unwrap();
    assert!(
        reason.ends_with("limits count for each process alone."),
        "{reason}"
    );
    assert!(one.log().contains("limits count for this process alone"));
    assert!(!one.log().contains("secret"), "{}", one.log());
    // WHEN it is back, THEN they count together again
    redis.start_again().await;
    until("the store is found again", async || {
        met(&one, "SELECT 1").await;
        store(&one).await["status"] == "healthy"
    })
    .await;
    met(&one, TEN_ROWS).await;
    until("the other finds it too", async || {
        met(&other, "SELECT 1").await.as_deref() == Some("rows_per_hour")
            && store(&other).await["status"] == "healthy"
    })
    .await;
}

#[tokio::test]
async fn a_store_that_is_not_there_yet_keeps_nobody_waiting() {
    let launch = support::client::Launch::default()
        .argument("--demo")
        .with("MCP_REDIS_URL", format!("redis://{}", free().await))
        .with("MCP_RATE_ROWS_PER_HOUR", "10");
    let server = HttpServer::start(launch).await;

    assert_eq!(met(&server, TEN_ROWS).await, None);
    assert_eq!(
        met(&server, "SELECT 1").await.as_deref(),
        Some("rows_per_hour")
    );
}

#[tokio::test]
async fn a_url_that_is_none_is_told_without_its_password() {
    let ran = support::client::Launch::default()
        .arguments(&["serve", "--http", "127.0.0.1:0"])
        .with("MCP_REDIS_URL", "http://ops:secret@cache")
        .run()
        .await;

    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("MCP_REDIS_URL cannot be used"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("secret"), "{}", ran.stderr);
}
