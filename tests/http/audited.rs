//! The audit while many clients call at the same time: their lines are written together.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::{Value, json};
use support::{
    client::{Launch, Ran, tool_answer},
    http::{HttpServer, Request},
    scratch::Scratch,
};
use tokio::task::JoinSet;

/// Clients that call at the same time.
const CLIENTS: usize = 64;

/// A server with an audit of whole statements, by which calls are told apart.
fn audited(audit: &Path) -> Launch {
    Launch::default()
        .argument("--demo")
        .with("MCP_AUDIT_FILE", audit.display().to_string())
        .with("MCP_AUDIT_STATEMENTS", "full")
}

/// Each client makes so many calls one after the other, or as many as are answered; the statements of calls that were
/// answered with rows.
async fn answered(server: &Arc<HttpServer>, calls: usize) -> BTreeSet<String> {
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let server = Arc::clone(server);
        clients.spawn(async move {
            let mut answered = Vec::new();
            let mut connection = server.connect().await;
            for call in 0..calls {
                let sql = format!("SELECT '{client}-{call}'");
                connection.send(&Request::query(&sql)).await;
                if tool_answer(&connection.response().await.json()).is_error {
                    break;
                }
                answered.push(sql);
            }
            answered
        });
    }
    clients.join_all().await.into_iter().flatten().collect()
}

/// The file and those that were put aside, in the order in which they were written.
fn files(audit: &Path) -> Vec<PathBuf> {
    let aside = |number: usize| PathBuf::from(format!("{}.{number}", audit.display()));
    let mut files: Vec<_> = (1..1_000)
        .map(aside)
        .take_while(|path| path.exists())
        .collect();
    files.reverse();
    files.push(audit.to_owned());
    files
}

fn lines(audit: &Path) -> Vec<Value> {
    files(audit)
        .iter()
        .flat_map(|file| {
            let text = std::fs::read_to_string(file).unwrap();
            text.lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect::<Vec<_>>()
        })
        .collect()
}

/// The statements of calls that were recorded as answered, each of which stands there once.
fn recorded(audit: &Path) -> BTreeSet<String> {
    let answered: Vec<_> = lines(audit)
        .into_iter()
        .filter(|line| line["outcome"] == "ok" && line["withheld"].is_null())
        .map(|line| line["statement"].as_str().unwrap().to_owned())
        .collect();
    let number = answered.len();
    let each: BTreeSet<_> = answered.into_iter().collect();
    assert_eq!(each.len(), number, "a call stands there twice");
    each
}

async fn verify(audit: &Path) -> Ran {
    Launch::default()
        .arguments(&["audit", "verify"])
        .argument(audit.display().to_string())
        .run()
        .await
}

#[tokio::test]
async fn the_calls_of_many_clients_make_one_chain_in_which_each_stands_once() {
    for sync in ["false", "true"] {
        let scratch = Scratch::new();
        let audit = scratch.path("audit.jsonl");
        let launch = audited(&audit).with("MCP_AUDIT_SYNC", sync);
        let server = Arc::new(HttpServer::start(launch).await);

        let answered = answered(&server, 10).await;

        assert_eq!(answered.len(), CLIENTS * 10);
        assert_eq!(recorded(&audit), answered, "{sync}");
        let ran = verify(&audit).await;
        assert_eq!(ran.code, 0, "{sync}: {}", ran.stdout);
    }
}

#[tokio::test]
async fn files_are_put_aside_while_many_call() {
    const MAX_BYTES: u64 = 10_000;
    let scratch = Scratch::new();
    let audit = scratch.path("audit.jsonl");
    let launch = audited(&audit)
        .with("MCP_AUDIT_MAX_BYTES", MAX_BYTES.to_string())
        .with("MCP_AUDIT_KEEP", "1000");
    let server = Arc::new(HttpServer::start(launch).await);

    let answered = answered(&server, 10).await;

    assert_eq!(recorded(&audit), answered);
    let lengths: Vec<_> = files(&audit)
        .iter()
        .map(|file| std::fs::metadata(file).unwrap().len())
        .collect();
    assert!(lengths.len() > 10, "{lengths:?}");
    assert!(
        lengths.iter().all(|length| *length <= MAX_BYTES),
        "{lengths:?}"
    );
    let ran = verify(&audit).await;
    assert_eq!(ran.code, 0, "{}", ran.stdout);
}

#[tokio::test]
async fn the_end_of_the_process_loses_no_line_of_a_call_that_was_answered() {
    for signal in ["KILL", "TERM"] {
        // GIVEN many clients that call for as long as they are answered
        let scratch = Scratch::new();
        let audit = scratch.path("audit.jsonl");
        let mut server = HttpServer::start(audited(&audit)).await;
        let mut clients = JoinSet::new();
        let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
        for client in 0..CLIENTS {
            let mut connection = server.connect().await;
            let tell = tell.clone();
            clients.spawn(async move {
                for call in 0.. {
                    let sql = format!("SELECT '{client}-{call}'");
                    let Some(answer) = connection.answer(&Request::query(&sql)).await else {
                        return;
                    };
                    if !tool_answer(&answer.json()).is_error {
                        tell.send(sql).unwrap();
                    }
                }
            });
        }
        drop(tell);

        // WHEN it ends in the middle of that
        let mut answered = BTreeSet::new();
        while answered.len() < 500 {
            answered.extend(told.recv().await);
        }
        server.signal(signal).await;
        server.exit().await;
        while let Some(sql) = told.recv().await {
            answered.insert(sql);
        }

        // THEN the next one goes on with a chain that is whole
        HttpServer::start(audited(&audit)).await;
        let recorded = recorded(&audit);
        let lost: Vec<_> = answered.difference(&recorded).collect();
        assert!(lost.is_empty(), "{signal}: {lost:?}");
        let ran = verify(&audit).await;
        assert_eq!(ran.code, 0, "{signal}: {}", ran.stdout);
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_disk_that_fills_up_while_many_call_takes_a_line_for_each_answer() {
    // GIVEN
    let scratch = Scratch::new();
    let Some(disk) = support::disk::SmallDisk::mounted(&scratch) else {
        return;
    };
    let audit = disk.path("audit.jsonl");
    let server = Arc::new(HttpServer::start(audited(&audit)).await);

    // WHEN each client calls until it is refused
    let answered = answered(&server, usize::MAX).await;

    // THEN
    assert_eq!(recorded(&audit), answered);
    let ran = verify(&audit).await;
    assert_eq!(ran.code, 0, "{}", ran.stdout);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn whoever_collects_lines_and_stalls_keeps_nothing_but_calls_from_being_answered() {
    // GIVEN a pipe that nobody reads
    let (_unread, pipe) = std::io::pipe().unwrap();
    let launch = audited(Path::new("fd:3"));
    let server = Arc::new(HttpServer::start_with_third(launch, pipe).await);

    // WHEN it is full
    answered(&server, usize::MAX).await;

    // THEN
    let refused = server.call("list_connections", json!({})).await.failure();
    assert_eq!(refused["kind"], "unavailable");
    assert_eq!(server.send(&Request::get("/livez")).await.status, 200);
}
