//! Limits of callers: who wants too much is told which limit was met, and when to try again.

use std::time::Duration;

use serde_json::{Value, json};
use support::{client::Server, scratch::Scratch};

use super::{ENDLESS, shop};

async fn limited(scratch: &Scratch, settings: &[(&str, &str)]) -> Server {
    let launch = settings
        .iter()
        .fold(shop(scratch).await, |launch, (name, value)| {
            launch.with(name, *value)
        });
    Server::start(launch).await
}

/// The first refusal: a slow machine gives the limits time to have room again.
async fn refused(server: &mut Server) -> Value {
    for _ in 0..100 {
        let answer = server
            .call("execute_query", json!({"sql": "SELECT 1"}))
            .await;
        if answer.is_error {
            let failure = answer.failure();
            assert_eq!(failure["kind"], "busy", "{failure}");
            return failure;
        }
    }
    panic!("no call was refused");
}

#[tokio::test]
async fn a_caller_that_is_too_fast_may_go_on_when_it_was_told() {
    let scratch = Scratch::new();
    let settings = [("MCP_RATE_CALLS_PER_SECOND", "1"), ("MCP_RATE_BURST", "2")];
    let mut server = limited(&scratch, &settings).await;
    let failure = refused(&mut server).await;

    assert_eq!(failure["limit"], "calls_per_second");
    let wait = failure["retryAfterMs"].as_u64().unwrap();
    assert!((1..=1_001).contains(&wait), "{failure}");
    tokio::time::sleep(Duration::from_millis(wait)).await;
    server.query("SELECT 1").await;
}

#[tokio::test]
async fn a_call_in_flight_gives_its_place_back_when_it_ends() {
    let scratch = Scratch::new();
    let mut server = limited(&scratch, &[("MCP_RATE_CALLS_IN_FLIGHT", "1")]).await;
    let endless = server
        .begin_call("execute_query", json!({"sql": ENDLESS, "timeoutMs": 500}))
        .await;

    let failure = refused(&mut server).await;

    assert_eq!(failure["limit"], "calls_in_flight");
    assert_eq!(
        server.call_answer(endless).await.failure()["kind"],
        "timeout"
    );
    server.query("SELECT 1").await;
}

#[tokio::test]
async fn rows_beyond_an_hours_budget_are_owed() {
    let scratch = Scratch::new();
    let mut server = limited(&scratch, &[("MCP_RATE_ROWS_PER_HOUR", "5")]).await;
    server.query("SELECT * FROM customers").await;
    server.query("SELECT * FROM customers").await;

    let failure = refused(&mut server).await;

    assert_eq!(failure["limit"], "rows_per_hour");
    // One row is owed, and one has to be left: two of five an hour.
    let wait = failure["retryAfterMs"].as_u64().unwrap();
    assert!((1_380_000..=1_440_001).contains(&wait), "{failure}");
}

#[tokio::test]
async fn limits_for_all_callers_are_told_by_their_own_names() {
    for (settings, limit) in [
        (
            &[("MCP_RATE_TOTAL_CALLS_PER_SECOND", "1")][..],
            "total_calls_per_second",
        ),
        (
            &[("MCP_RATE_TOTAL_ROWS_PER_HOUR", "1")],
            "total_rows_per_hour",
        ),
        (
            &[
                ("MCP_RATE_TOTAL_CALLS_PER_SECOND", "5"),
                ("MCP_RATE_TOTAL_BURST", "1"),
            ],
            "total_calls_per_second",
        ),
    ] {
        let scratch = Scratch::new();
        let mut server = limited(&scratch, settings).await;
        server.query("SELECT 1").await;

        assert_eq!(refused(&mut server).await["limit"], limit, "{settings:?}");
    }
}

#[tokio::test]
async fn a_refused_call_is_recorded_like_any_other() {
    let scratch = Scratch::new();
    let audit = scratch.path("audit.jsonl").display().to_string();
    let settings = [
        ("MCP_RATE_CALLS_PER_SECOND", "1"),
        ("MCP_AUDIT_FILE", audit.as_str()),
    ];
    let mut server = limited(&scratch, &settings).await;
    server.query("SELECT 1").await;

    refused(&mut server).await;

    let text = std::fs::read_to_string(&audit).unwrap();
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(last["outcome"], "busy");
}
