//! A client that sends calls and does not read what it is answered.
#![cfg(target_os = "linux")]

use std::time::Duration;

use serde_json::json;
use support::{
    client::{Launch, Server},
    on_every_engine,
    subject::Subject,
    waiting::until,
};

use super::process::{memory_kib, peak_memory_kib, processor_ticks};

const CALLS: usize = 80;
/// Each of a thousand bytes.
const ROWS: usize = 900;

/// A server to which many calls with long answers were sent, of which none was read. It has come to rest.
async fn with_answers_unread(subject: &Subject) -> (Server, Vec<u64>) {
    let launch = Launch::default().database("db", subject.url());
    // The process is busy, and so is the machine.
    let launch = launch.with("DB_DB_CONNECTION_TIMEOUT", "60000");
    let mut server = Server::start(launch.with("MCP_LOG_LEVEL", "error")).await;
    let text = if subject.name == "sqlite" {
        "hex(zeroblob(500))"
    } else {
        "repeat('x', 1000)"
    };
    let sql = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS}) SELECT {text} FROM n"
    );
    let arguments = json!({"sql": sql, "maxBytes": 1_000_000});
    let mut calls = Vec::new();
    for _ in 0..CALLS {
        let call = server.begin_call("execute_query", arguments.clone()).await;
        calls.push(call);
    }
    let process = server.process_id();
    until("answers wait", async || memory_kib(process) > 25_000).await;
    until("nothing more is done", async || {
        let before = processor_ticks(process);
        tokio::time::sleep(Duration::from_millis(300)).await;
        processor_ticks(process) == before
    })
    .await;
    (server, calls)
}

on_every_engine!(
    answers_that_nobody_reads_do_not_pile_up_and_none_is_lost: postgres_15 sqlite,
    async |subject: &Subject| {
        let (mut server, calls) = with_answers_unread(subject).await;
        let peak = peak_memory_kib(server.process_id());
        assert!(peak < 85_000, "{peak} KiB");

        for call in calls {
            let answer = server.call_answer(call).await.ok();
            assert_eq!(answer["rowCount"], ROWS);
            assert!(answer.get("truncated").is_none());
        }

        let peak = peak_memory_kib(server.process_id());
        assert!(peak < 85_000, "{peak} KiB");
    }
);

on_every_engine!(
    a_client_that_vanishes_while_answers_wait_takes_the_server_with_it: sqlite,
    async |subject: &Subject| {
        let (mut server, _) = with_answers_unread(subject).await;

        server.close_output();

        let (status, took) = server.exit().await;
        assert!(status.success(), "{status}");
        assert!(took < Duration::from_secs(1), "{took:?}");
    }
);

on_every_engine!(
    a_signal_ends_a_server_whose_answers_wait: sqlite,
    async |subject: &Subject| {
        for signal in ["TERM", "INT"] {
            let (mut server, _) = with_answers_unread(subject).await;

            server.signal(signal).await;

            let (status, took) = server.exit().await;
            assert!(status.success(), "{signal}: {status}");
            assert!(took < Duration::from_millis(1_500), "{signal}: {took:?}");
        }
    }
);
