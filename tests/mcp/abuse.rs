//! What a hostile or careless client can ask for: an answer or a clear failure, and the next call works.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{
    client::{Answer, Launch, Server},
    on_every_engine,
    subject::Subject,
};

async fn server(subject: &Subject) -> Server {
    Server::start(Launch::default().database("db", subject.url())).await
}

async fn works(server: &mut Server) {
    assert_eq!(server.query("SELECT 1 AS one").await["rows"], json!([[1]]));
}

async fn execute(server: &mut Server, sql: &str, params: Value) -> Answer {
    let arguments = json!({"sql": sql, "params": params, "timeoutMs": 10_000});
    server.call("execute_query", arguments).await
}

/// A statement that goes deep, in so many levels.
fn deep(before: &str, middle: &str, after: &str, levels: usize) -> String {
    format!(
        "SELECT {}{middle}{}",
        before.repeat(levels),
        after.repeat(levels)
    )
}

on_every_engine!(
    five_thousand_parentheses_are_answered_or_too_deep,
    async |subject: &Subject| {
        let mut server = server(subject).await;

        let answer = execute(&mut server, &deep("(", "1", ")", 5_000), json!([])).await;

        if answer.is_error {
            assert_eq!(answer.failure()["kind"], "too_large");
        } else {
            assert_eq!(answer.ok()["rows"], json!([[1]]));
        }
        works(&mut server).await;
    }
);

on_every_engine!(
    a_bottomless_statement_is_too_large,
    async |subject: &Subject| {
        let mut server = server(subject).await;
        let chain: Vec<_> = (1..20_000)
            .map(|number| format!("c{number} AS (SELECT * FROM c{})", number - 1))
            .collect();
        for sql in [
            deep("CASE WHEN ", "1", " THEN 1 END", 20_000),
            deep("* FROM (SELECT ", "1 AS one", ") AS t", 20_000),
            deep("1 IN (SELECT ", "1", ")", 20_000),
            deep("1+", "1", "", 100_000),
        ] {
            let failure = execute(&mut server, &sql, json!([])).await.failure();
            assert_eq!(failure["kind"], "too_large", "{}: {failure}", &sql[..40]);
            works(&mut server).await;
        }
        let sql = format!(
            "WITH c0 AS (SELECT 1 AS one), {} SELECT * FROM c19999",
            chain.join(", ")
        );
        // How long a chain may be is the server's to say, and how long it looks at it ours.
        let arguments = json!({"sql": sql, "timeoutMs": 500});
        let answer = server.call("execute_query", arguments).await;
        let kind = answer.failure()["kind"].clone();
        assert!(kind == "too_large" || kind == "timeout", "{kind}");
        works(&mut server).await;
    }
);

on_every_engine!(
    ten_thousand_parameters_are_bound,
    async |subject: &Subject| {
        let mut server = server(subject).await;
        let placeholders: Vec<_> = (1..=10_000).map(subject.words.placeholder).collect();
        let sql = format!(
            "SELECT 1 AS one WHERE 10000 IN ({})",
            placeholders.join(",")
        );
        let values: Vec<_> = (1..=10_000).collect();

        let answer = execute(&mut server, &sql, json!(values)).await.ok();

        assert_eq!(answer["rows"], json!([[1]]));
    }
);

on_every_engine!(
    a_statement_of_a_megabyte_is_answered,
    async |subject: &Subject| {
        let mut server = server(subject).await;
        let begins = "SELECT length('";
        let sql = format!(
            "{begins}{}') AS n",
            "x".repeat(1_000_000 - begins.len() - 7)
        );
        assert_eq!(sql.len(), 1_000_000);

        let answer = execute(&mut server, &sql, json!([])).await.ok();

        assert_eq!(answer["rows"], json!([[999_978]]));
    }
);

on_every_engine!(
    a_long_text_keeps_nobody_waiting_while_it_is_judged,
    async |subject: &Subject| {
        let mut server = server(subject).await;
        works(&mut server).await;
        // Refused by its text alone: the database is not asked.
        let sql = format!(
            "DELETE FROM t WHERE a IN (f({}1))",
            "1+f(2),".repeat(140_000)
        );

        let long = server
            .begin_call("execute_query", json!({"sql": sql}))
            .await;
        let ping = server.begin("ping", json!({})).await;

        assert_eq!(server.next().await["id"], ping);
        let failure = server.call_answer(long).await.failure();
        assert_eq!(failure["kind"], "not_allowed");
    }
);

on_every_engine!(
    an_answer_is_small_whatever_the_statement,
    async |subject: &Subject| {
        let mut server = server(subject).await;
        let long = "x".repeat(200_000);
        for sql in [
            format!("SELECT length('{long}')"),
            format!("SELECT '{long}"),
            format!("SELECT {long}"),
            format!("SELECT 1 AS a, {long}(2)"),
        ] {
            let answer = execute(&mut server, &sql, json!([])).await;
            assert!(answer.text.len() < 10_000, "{}", answer.text.len());
        }
    }
);

on_every_engine!(
    a_cell_of_a_gigabyte_is_not_made_for_long,
    async |subject: &Subject| {
        let mut server = server(subject).await;
        let sql = match subject.name {
            "sqlite" => "SELECT length(zeroblob(1000000000)), length(randomblob(1000000000))",
            // It makes a gigabyte quicker than one can look.
            name if name.starts_with("postgres") => {
                "SELECT length(repeat(repeat('x', 10000), 200000))"
            }
            _ => "SELECT LENGTH(REPEAT('x', 1000000000)) AS none",
        };
        let answer = execute(&mut server, sql, json!([])).await;

        if answer.is_error {
            let kind = answer.failure()["kind"].clone();
            assert!(
                kind == "too_large" || kind == "invalid_sql",
                "{}",
                answer.text
            );
        } else {
            assert_eq!(answer.ok()["rows"], json!([[null]]));
        }
        works(&mut server).await;
    }
);

on_every_engine!(
    a_plan_that_takes_for_ever_to_make_is_given_up,
    async |subject: &Subject| {
        let mut server = server(subject).await;
        // What is constant may be worked out while the plan is made.
        let sql = match subject.name {
            "sqlite" => {
                "EXPLAIN WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
            }
            name if name.starts_with("postgres") => {
                "EXPLAIN SELECT repeat(repeat('x', 10000), 100000) || repeat('x', 73741000)"
            }
            _ => {
                "EXPLAIN SELECT * FROM (SELECT BENCHMARK(2000000000, SHA2('x', 512)) AS a) AS t WHERE a = 1"
            }
        };
        let arguments = json!({"sql": sql, "timeoutMs": 300});

        let started = Instant::now();
        let answer = server.call("execute_query", arguments).await;

        let took = started.elapsed();
        assert!(took < Duration::from_millis(1_300), "{took:?}");
        if answer.is_error {
            assert_eq!(answer.failure()["kind"], "timeout");
        }
        works(&mut server).await;
    }
);

on_every_engine!(an_endless_recursion_is_ended, async |subject: &Subject| {
    let mut server = server(subject).await;
    let sql =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

    let started = Instant::now();
    let answer = server
        .call("execute_query", json!({"sql": sql, "timeoutMs": 300}))
        .await;

    let took = started.elapsed();
    assert!(took < Duration::from_millis(1_300), "{took:?}");
    // Some servers end a recursion themselves: one fails after 1,000 rounds, one stops there.
    match subject.name {
        "mysql_9" => assert_eq!(answer.failure()["nativeCode"], 3636),
        "mariadb_10_11" => assert_eq!(answer.ok()["rows"], json!([[1001]])),
        _ => assert_eq!(answer.failure()["kind"], "timeout"),
    }
    works(&mut server).await;
});

on_every_engine!(
    five_hundred_calls_at_once_are_all_answered,
    async |subject: &Subject| {
        let mut server = server(subject).await;
        let mut calls = Vec::new();
        for number in 0..500 {
            let sql = format!("SELECT {number} AS n");
            calls.push(
                server
                    .begin_call("execute_query", json!({"sql": sql}))
                    .await,
            );
        }

        for (number, id) in calls.into_iter().enumerate() {
            let answer = server.call_answer(id).await.ok();
            assert_eq!(answer["rows"], json!([[number]]));
        }
    }
);

on_every_engine!(
    what_needs_no_database_is_answered_while_calls_wait_for_their_turn,
    async |subject: &Subject| {
        let launch = Launch::default().database("db", subject.url());
        let launch = launch.with("MCP_MAX_CONCURRENT_CALLS", "2");
        let mut server = Server::start(launch).await;
        works(&mut server).await;
        let (slow, _) = subject.slow();
        let slow = json!({"sql": slow.sql, "params": slow.params});
        for _ in 0..10 {
            server.begin_call("execute_query", slow.clone()).await;
        }

        let started = Instant::now();
        for tool in [
            "list_connections",
            "connection_info",
            "show_configurations",
            "export_connections",
        ] {
            server.call(tool, json!({})).await.ok();
        }
        server
            .call("close_connection", json!({"connection": "db"}))
            .await
            .ok();

        let took = started.elapsed();
        assert!(took < Duration::from_secs(1), "{took:?}");
    }
);

#[cfg(target_os = "linux")]
mod memory {
    use super::*;
    use crate::mcp::process::peak_memory_kib;

    on_every_engine!(
        a_result_of_ten_million_rows_leaves_memory_flat,
        async |subject: &Subject| {
            let mut server = server(subject).await;
            let sql = match subject.name {
                "sqlite" => {
                    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000000) \
                     SELECT i, 'some text of a row' FROM n"
                        .to_owned()
                }
                name if name.starts_with("postgres") => {
                    "SELECT generate_series(1, 10000000), 'some text of a row'".to_owned()
                }
                _ => {
                    let ten = "(SELECT 0 AS n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 \
                               UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9)";
                    format!(
                        "SELECT a.n, 'some text of a row' FROM {ten} a, {ten} b, {ten} c, {ten} d, {ten} e, {ten} f, {ten} g"
                    )
                }
            };
            let arguments = json!({"sql": sql, "maxBytes": 100_000});
            works(&mut server).await;
            let before = peak_memory_kib(server.process_id());

            let answer = server.call("execute_query", arguments).await.ok();

            let grown = peak_memory_kib(server.process_id()) - before;
            assert_eq!(answer["rowCount"], 1_000);
            assert!(grown < 8_000, "{grown} KiB");
            works(&mut server).await;
        }
    );
}

/// What is only `SQLite`'s to bound, which runs inside of this server.
mod sqlite {
    use super::*;

    async fn sqlite() -> (Subject, Server) {
        let subject = Subject::of("sqlite").await.unwrap();
        let server = server(&subject).await;
        (subject, server)
    }

    #[tokio::test]
    async fn a_pattern_full_of_wildcards_does_not_end_the_process() {
        let (_subject, mut server) = sqlite().await;
        let (text, pattern) = ("a".repeat(40_000), "%a".repeat(20_000));
        for sql in [
            format!("SELECT '{text}' LIKE '{pattern}b'"),
            format!("SELECT '{text}' GLOB '{}b'", pattern.replace('%', "*")),
        ] {
            let failure = execute(&mut server, &sql, json!([])).await.failure();
            assert_eq!(failure["kind"], "too_large");
        }
        works(&mut server).await;
    }

    /// One call of a function that takes hours, in which nothing can interrupt it.
    const DEAF: &str = "SELECT instr(hex(zeroblob(4000000)), hex(zeroblob(2000000)) || '1') AS at";

    #[tokio::test]
    async fn a_function_call_that_cannot_be_interrupted_keeps_nobody_waiting() {
        for read_only in ["true", "false"] {
            let subject = Subject::of("sqlite").await.unwrap();
            let launch = Launch::default().database("db", subject.url());
            let mut server = Server::start(launch.with("DB_DB_READ_ONLY", read_only)).await;
            works(&mut server).await;

            let started = Instant::now();
            let arguments = json!({"sql": DEAF, "timeoutMs": 200});
            let failure = server.call("execute_query", arguments).await.failure();
            let took = started.elapsed();

            assert_eq!(failure["kind"], "timeout");
            assert!(took < Duration::from_millis(1_200), "{read_only}: {took:?}");
            if read_only == "true" {
                works(&mut server).await;
            }
            server.close_input().await;
            let (status, took) = server.exit().await;
            assert!(status.success(), "{status}");
            assert!(took < Duration::from_secs(1), "{read_only}: {took:?}");
        }
    }

    #[tokio::test]
    async fn a_few_calls_that_cannot_be_interrupted_are_all_that_go_on_at_a_time() {
        let (_subject, mut server) = sqlite().await;
        let arguments = json!({"sql": DEAF, "timeoutMs": 100});
        let mut stopped = 0;

        let busy = loop {
            let failure = server
                .call("execute_query", arguments.clone())
                .await
                .failure();
            if failure["kind"] != "timeout" {
                break failure;
            }
            stopped += 1;
            assert!(stopped < 20);
        };

        assert_eq!(
            (busy["kind"].as_str(), busy["message"].as_str()),
            (
                Some("busy"),
                Some(
                    "4 statements that were stopped are still inside of a function call that cannot be interrupted."
                )
            )
        );
        // What needs no session of SQLite goes on.
        server.call("list_connections", json!({})).await.ok();
    }

    #[tokio::test]
    async fn a_hundred_columns_of_the_longest_value_are_too_large() {
        let (_subject, mut server) = sqlite().await;
        let columns = vec!["hex(zeroblob(30000000))"; 100].join(", ");

        let failure = execute(&mut server, &format!("SELECT {columns}"), json!([]))
            .await
            .failure();

        assert_eq!(
            (failure["kind"].as_str(), failure["message"].as_str()),
            (
                Some("too_large"),
                Some("The statement needs more memory than it may have.")
            )
        );
        works(&mut server).await;
    }
}

#[tokio::test]
async fn arguments_of_five_thousand_levels_are_refused() {
    let mut server = Server::start(Launch::default()).await;
    let levels = 5_000;
    let line = format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":\"deep\",\"method\":\"tools/call\",\"params\":{{\"name\":\"execute_query\",\
         \"arguments\":{{\"sql\":\"SELECT 1\",\"params\":{}{}}}}}}}\n",
        "[".repeat(levels),
        "]".repeat(levels)
    );

    server.send_bytes(line.as_bytes()).await;

    assert_eq!(
        server.next().await["error"],
        json!({"code": -32602, "message": "Invalid `params` of tools/call: recursion limit exceeded."})
    );
    assert_eq!(server.request("ping", json!({})).await["result"], json!({}));
}
