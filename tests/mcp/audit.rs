//! The audit: what it says of calls, that nothing of it goes missing unseen, and that no call is answered without it.

#[cfg(target_os = "linux")]
use std::time::{Duration, Instant};
use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use serde_json::{Value, json};
#[cfg(target_os = "linux")]
use support::disk::SmallDisk;
use support::{
    client::{Launch, Ran, Server, binary},
    scratch::Scratch,
};
use tokio::process::Command;

use super::shop;

/// A server with one small database, and an audit.
async fn audited(scratch: &Scratch) -> (Launch, PathBuf) {
    let audit = scratch.path("audit.jsonl");
    let launch = shop(scratch)
        .await
        .with("MCP_AUDIT_FILE", audit.display().to_string())
        .with("MCP_LOG_LEVEL", "info");
    (launch, audit)
}

fn lines(audit: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(audit).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}")))
        .collect()
}

async fn verify(audit: &Path, arguments: &[&str]) -> Ran {
    Launch::default()
        .arguments(&["audit", "verify"])
        .arguments(arguments)
        .argument(audit.display().to_string())
        .run()
        .await
}

#[tokio::test]
async fn each_call_is_one_line_that_says_who_did_what() {
    let scratch = Scratch::new();
    let (launch, audit) = audited(&scratch).await;
    let mut server = Server::start(launch).await;
    let sql = "SELECT name FROM customers WHERE email = 'ada@example.com'";
    server.query(sql).await;
    server
        .call(
            "execute_query",
            json!({"sql": "SELECT nope FROM customers"}),
        )
        .await
        .failure();
    server.call("list_connections", json!({})).await.ok();

    // Each line is there before its answer.
    let lines = lines(&audit);
    let log = server.log().await;

    assert_eq!(lines.len(), 3, "{lines:?}");
    let of_query = &lines[0];
    assert_eq!(of_query["seq"], 1);
    assert_eq!(of_query["principal"], "local");
    assert_eq!(of_query["method"], "tools/call");
    assert_eq!(of_query["tool"], "execute_query");
    assert_eq!(of_query["connection"], "shop");
    assert_eq!(of_query["engine"], "sqlite");
    assert_eq!(
        of_query["statement"],
        "SELECT name FROM customers WHERE email = ?"
    );
    assert_eq!(of_query["fingerprint"].as_str().unwrap().len(), 32);
    assert_eq!(of_query["outcome"], "ok");
    assert_eq!(of_query["rows"], 1);
    assert!(of_query["durationMs"].as_f64().unwrap() > 0.0);
    assert_eq!(lines[1]["outcome"], "invalid_sql");
    assert_eq!(lines[2]["tool"], "list_connections");
    for line in &lines {
        let call = line["call"].as_str().unwrap();
        assert!(log.contains(&format!("\"call\":\"{call}\"")), "{log}");
    }
}

#[tokio::test]
async fn no_value_is_in_it_unless_the_operator_wants_statements_in_full() {
    for (setting, expected) in [
        (None, json!("SELECT ? FROM customers")),
        (Some("fingerprint"), json!("SELECT ? FROM customers")),
        (Some("none"), Value::Null),
        (Some("full"), json!("SELECT 'secret' FROM customers")),
    ] {
        let scratch = Scratch::new();
        let (mut launch, audit) = audited(&scratch).await;
        if let Some(setting) = setting {
            launch = launch.with("MCP_AUDIT_STATEMENTS", setting);
        }
        let mut server = Server::start(launch).await;

        server.query("SELECT 'secret' FROM customers").await;

        assert_eq!(lines(&audit)[0]["statement"], expected, "{setting:?}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn it_is_readable_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new();
    let (launch, audit) = audited(&scratch).await;
    let mut server = Server::start(launch).await;

    server.query("SELECT 1").await;

    let mode = std::fs::metadata(&audit).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn the_chain_goes_on_across_rotation_restart_and_a_killed_process() {
    // GIVEN three processes one after the other, the first of which is killed in the middle of calls
    let scratch = Scratch::new();
    let (launch, audit) = audited(&scratch).await;
    let launch = launch
        .with("MCP_AUDIT_MAX_BYTES", "4000")
        .with("MCP_AUDIT_KEEP", "100");
    let mut killed = Server::start(launch.clone()).await;
    for _ in 0..10 {
        killed.query("SELECT 1").await;
    }
    for _ in 0..50 {
        killed
            .begin_call("execute_query", json!({"sql": "SELECT 1"}))
            .await;
    }
    killed.signal("KILL").await;
    killed.exit().await;
    for _ in 0..2 {
        let mut server = Server::start(launch.clone()).await;
        for _ in 0..20 {
            server.query("SELECT 1").await;
        }
        server.log().await;
    }

    // WHEN
    let ran = verify(&audit, &[]).await;

    // THEN
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    let verdict = ran.stdout.lines().find(|line| line.contains("is whole"));
    let number = |word: &str| -> u64 {
        let (_, rest) = verdict.unwrap().split_once(word).unwrap();
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap()
    };
    assert!(number("lines: ") >= 50, "{}", ran.stdout);
    assert!(number("files: ") >= 5, "{}", ran.stdout);
    assert!(std::fs::metadata(&audit).unwrap().len() <= 4_000);
}

#[tokio::test]
async fn a_removed_line_shows_with_its_place() {
    let scratch = Scratch::new();
    let (launch, audit) = audited(&scratch).await;
    let mut server = Server::start(launch).await;
    for _ in 0..5 {
        server.query("SELECT 1").await;
    }
    server.log().await;
    let text = std::fs::read_to_string(&audit).unwrap();
    let mut kept: Vec<_> = text.split_inclusive('\n').collect();
    kept.remove(2);
    std::fs::write(&audit, kept.concat()).unwrap();

    let ran = verify(&audit, &[]).await;

    assert_eq!(ran.code, 1);
    let told = format!(
        "{}:3: is line 4 of the chain; line 3 is missing before it\n",
        audit.display()
    );
    assert!(ran.stdout.starts_with(&told), "{}", ran.stdout);
}

#[tokio::test]
async fn a_chain_with_a_key_is_verified_with_that_key_alone() {
    let scratch = Scratch::new();
    let (launch, audit) = audited(&scratch).await;
    let [key, other, short] = [
        ("key", "0123456789abcdef0123456789abcdef\n"),
        ("other", "another key of enough bytes"),
        ("short", "short\n"),
    ]
    .map(|(name, content)| {
        let path = scratch.path(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    });
    let with_key = launch.clone().with("MCP_AUDIT_KEY_FILE", key.clone());
    let mut server = Server::start(with_key).await;
    server.query("SELECT 1").await;
    server.log().await;

    for (arguments, code) in [
        (&["--key-file", &key][..], 0),
        (&[], 2),
        (&["--key-file", &other], 2),
        (&["--key-file", &short], 2),
    ] {
        let ran = verify(&audit, arguments).await;
        assert_eq!(
            ran.code, code,
            "{arguments:?}: {}{}",
            ran.stdout, ran.stderr
        );
    }
    // Nor does a server add anything to it with another key.
    let ran = launch.with("MCP_AUDIT_KEY_FILE", other).run().await;
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("MCP_AUDIT_FILE"), "{}", ran.stderr);
}

#[tokio::test]
async fn an_audit_that_cannot_be_read_ends_with_2() {
    let scratch = Scratch::new();

    let ran = verify(&scratch.path("nothing.jsonl"), &[]).await;

    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.contains("nothing.jsonl"), "{}", ran.stderr);
}

#[tokio::test]
async fn a_second_process_on_the_same_file_does_not_start() {
    let scratch = Scratch::new();
    let (launch, audit) = audited(&scratch).await;
    let mut first = Server::start(launch.clone()).await;

    let second = launch.run().await;

    assert_eq!(second.code, 2);
    assert!(
        second.stderr.contains("another process writes it"),
        "{}",
        second.stderr
    );
    first.query("SELECT 1").await;
    assert_eq!(lines(&audit).len(), 1);
}

#[cfg(unix)]
#[tokio::test]
async fn a_second_process_does_not_start_by_a_link_to_the_same_file() {
    let scratch = Scratch::new();
    let (launch, audit) = audited(&scratch).await;
    let mut first = Server::start(launch.clone()).await;
    first.query("SELECT 1").await;
    let link = scratch.path("link.jsonl");
    std::os::unix::fs::symlink(&audit, &link).unwrap();
    let launch = launch.with("MCP_AUDIT_FILE", link.display().to_string());

    let second = launch.run().await;

    assert_eq!(second.code, 2);
    assert!(
        second.stderr.contains("another process writes it"),
        "{}",
        second.stderr
    );
}

#[tokio::test]
async fn a_file_that_was_moved_away_is_followed_by_a_new_one() {
    let scratch = Scratch::new();
    let (launch, audit) = audited(&scratch).await;
    let mut server = Server::start(launch).await;
    server.query("SELECT 1").await;
    std::fs::rename(&audit, scratch.path("audit.jsonl.1")).unwrap();

    server.query("SELECT 1").await;

    assert_eq!(lines(&audit)[0]["seq"], 2);
    let ran = verify(&audit, &[]).await;
    assert_eq!(ran.code, 0, "{}", ran.stdout);
}

#[tokio::test]
async fn calls_at_the_same_time_are_all_recorded() {
    let scratch = Scratch::new();
    let (launch, audit) = audited(&scratch).await;
    let mut server = Server::start(launch.with("MCP_AUDIT_SYNC", "true")).await;

    let mut calls = Vec::new();
    for _ in 0..200 {
        calls.push(
            server
                .begin_call("execute_query", json!({"sql": "SELECT 1"}))
                .await,
        );
    }
    for call in calls {
        server.call_answer(call).await.ok();
    }

    assert_eq!(lines(&audit).len(), 200);
    assert_eq!(verify(&audit, &[]).await.code, 0);
}

#[tokio::test]
async fn a_call_that_its_client_cancels_is_recorded() {
    let scratch = Scratch::new();
    let (launch, audit) = audited(&scratch).await;
    let mut server = Server::start(launch).await;
    server.query("SELECT 1").await;
    let endless = server
        .begin_call("execute_query", json!({"sql": super::ENDLESS}))
        .await;
    server
        .notify("notifications/cancelled", &json!({"requestId": endless}))
        .await;
    server.log().await;

    let lines = lines(&audit);

    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(lines[1]["outcome"], "cancelled");
}

#[cfg(unix)]
#[tokio::test]
async fn a_descriptor_of_its_own_takes_the_lines() {
    let scratch = Scratch::new();
    let audit = scratch.path("collected.jsonl");
    for _ in 0..2 {
        let ran = Command::new("sh")
            .args(["-c", r#"exec "$0" call --demo list_connections 3>>"$1""#])
            .arg(binary())
            .arg(&audit)
            .env_clear()
            .env("MCP_AUDIT_FILE", "fd:3")
            .stdin(Stdio::null())
            .output()
            .await
            .unwrap();
        assert!(ran.status.success(), "{ran:?}");
    }

    assert_eq!(lines(&audit).len(), 2);
    assert_eq!(verify(&audit, &["--restarts"]).await.code, 0);
    assert_eq!(verify(&audit, &[]).await.code, 1);
}

#[tokio::test]
async fn the_descriptors_of_the_protocol_and_the_log_are_refused() {
    for target in ["fd:1", "fd:2", "fd:x", "/dev/stdout"] {
        let ran = Launch::default().with("MCP_AUDIT_FILE", target).run().await;

        assert_eq!(ran.code, 2, "{target}");
        assert!(ran.stderr.contains("MCP_AUDIT_FILE"), "{}", ran.stderr);
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn no_call_is_answered_that_cannot_be_recorded() {
    let scratch = Scratch::new();
    let launch = shop(&scratch).await.with("MCP_AUDIT_FILE", "/dev/full");
    let mut server = Server::start(launch).await;

    for _ in 0..2 {
        let failure = server
            .call(
                "execute_query",
                json!({"sql": "SELECT name FROM customers"}),
            )
            .await
            .failure();

        assert_eq!(failure["kind"], "unavailable");
        assert!(!failure.to_string().contains("Ada"), "{failure}");
    }
    assert!(server.log().await.contains("the audit cannot be written"));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn calls_go_on_without_a_record_where_the_operator_wants_that() {
    let scratch = Scratch::new();
    let launch = shop(&scratch)
        .await
        .with("MCP_AUDIT_FILE", "/dev/full")
        .with("MCP_AUDIT_WHEN_FULL", "go-on");
    let mut server = Server::start(launch).await;

    for _ in 0..2 {
        server.query("SELECT name FROM customers").await;
    }
    assert!(server.log().await.contains("the audit cannot be written"));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_stops_calls_until_there_is_room_and_what_ran_is_recorded_then() {
    // GIVEN
    let scratch = Scratch::new();
    let Some(disk) = SmallDisk::mounted(&scratch) else {
        return;
    };
    let audit = disk.path("audit.jsonl");
    let launch = shop(&scratch)
        .await
        .with("MCP_AUDIT_FILE", audit.display().to_string());
    let mut server = Server::start(launch).await;
    server.query("SELECT 1").await;

    // WHEN the disk is full
    disk.fill();
    let refused = loop {
        // What is left of the file's last block still takes some lines.
        let answer = server
            .call("execute_query", json!({"sql": "SELECT 2"}))
            .await;
        if answer.is_error {
            break answer.failure();
        }
    };
    let next = server.call("list_connections", json!({})).await.failure();

    // THEN nothing is answered
    assert_eq!(refused["kind"], "unavailable");
    assert_eq!(next["kind"], "unavailable");

    // WHEN there is room again
    disk.empty();
    let since = Instant::now();
    while server.call("list_connections", json!({})).await.is_error {
        assert!(since.elapsed() < Duration::from_secs(10), "it stays closed");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    // THEN what has run is there, what has not is counted, and the chain is whole
    let lines = lines(&audit);
    let withheld: Vec<_> = lines
        .iter()
        .filter(|line| line["withheld"] == true)
        .collect();
    assert_eq!(withheld.len(), 1, "{lines:?}");
    assert_eq!(withheld[0]["tool"], "execute_query");
    let counted = lines
        .iter()
        .find(|line| line["method"] == "audit/unrecorded");
    assert!(counted.is_some_and(|line| line["calls"].as_u64() >= Some(1)));
    let ran = verify(&audit, &[]).await;
    assert_eq!(ran.code, 0, "{}", ran.stdout);
}
