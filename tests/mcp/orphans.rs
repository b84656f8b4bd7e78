//! A parent that is killed takes the server, and what it runs in the database, with it.
#![cfg(target_os = "linux")]

use std::{path::Path, process::Stdio};

use support::{
    client::{binary, provided},
    waiting::until,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

use super::blocked::BlockedTable;

/// Starts the server, begins a call, and says the server's process id. Never reads the answer.
const PARENT: &str = r#"
import json, os, subprocess, sys, time
child = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                         env={"PG_DB_URL": sys.argv[2]})
def send(**message):
    child.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
    child.stdin.flush()
send(id=1, method="initialize", params={"protocolVersion": "2025-11-25", "capabilities": {},
     "clientInfo": {"name": "suite", "version": "0"}})
child.stdout.readline()
send(method="notifications/initialized")
send(id=2, method="tools/call", params={"name": "execute_query", "arguments": {"sql": sys.argv[3]}})
print(child.pid, flush=True)
time.sleep(60)
"#;

#[tokio::test]
async fn a_parent_that_is_killed_leaves_no_process_and_no_statement() {
    let (Some(mut table), Some(python)) =
        (BlockedTable::new().await, provided("PORTOLAN_TEST_PYTHON"))
    else {
        return;
    };
    let mut parent = Command::new(python)
        .args(["-c", PARENT])
        .arg(binary())
        .args([BlockedTable::url(), table.statement()])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(parent.stdout.take().unwrap()).lines();
    let server = lines.next_line().await.unwrap().unwrap();
    table.waiting(1).await;

    parent.kill().await.unwrap();

    until("the server is gone", async || {
        !Path::new(&format!("/proc/{server}/exe")).exists()
    })
    .await;
    table.waiting(0).await;
    table.release().await;
}
