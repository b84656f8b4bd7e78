//! However the server is ended, it takes what it runs in the database with it; and a parent that is killed takes the server.
#![cfg(target_os = "linux")]

use std::{path::Path, process::Stdio, time::Duration};

use serde_json::json;
use support::{
    client::{Launch, Server, binary, provided},
    on_every_engine,
    subject::Subject,
    waiting::until,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

/// Starts the server, begins a call, and says the server's process id. Never reads the answer.
const PARENT: &str = r#"
import json, os, subprocess, sys, time
child = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                         env={"DB_URL": sys.argv[2]})
def send(**message):
    child.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
    child.stdin.flush()
send(id=1, method="initialize", params={"protocolVersion": "2025-11-25", "capabilities": {},
     "clientInfo": {"name": "suite", "version": "0"}})
child.stdout.readline()
send(method="notifications/initialized")
send(id=2, method="tools/call", params={"name": "execute_query", "arguments": json.loads(sys.argv[3])})
print(child.pid, flush=True)
time.sleep(60)
"#;

on_every_engine!(
    a_parent_that_is_killed_leaves_no_process_and_no_statement,
    async |subject: &Subject| {
        let Some(python) = provided("PORTOLAN_TEST_PYTHON") else {
            return;
        };
        let (slow, mark) = subject.slow();
        let mut parent = Command::new(python)
            .args(["-c", PARENT])
            .arg(binary())
            .arg(subject.url())
            .arg(json!({"sql": slow.sql, "params": slow.params}).to_string())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(parent.stdout.take().unwrap()).lines();
        let server = lines.next_line().await.unwrap().unwrap();
        subject.running(&mark, 1).await;

        parent.kill().await.unwrap();

        until("the server is gone", async || {
            !Path::new(&format!("/proc/{server}/exe")).exists()
        })
        .await;
        subject.running(&mark, 0).await;
    }
);

on_every_engine!(
    the_end_of_input_and_signals_leave_no_statement,
    async |subject: &Subject| {
        for signal in [None, Some("TERM"), Some("INT")] {
            let mut server = Server::start(Launch::default().database("db", subject.url())).await;
            let (slow, mark) = subject.slow();
            let arguments = json!({"sql": slow.sql, "params": slow.params});
            server.begin_call("execute_query", arguments).await;
            subject.running(&mark, 1).await;

            match signal {
                Some(signal) => server.signal(signal).await,
                None => server.close_input().await,
            }

            let (status, took) = server.exit().await;
            assert!(status.success(), "{signal:?}: {status}");
            assert!(took < Duration::from_secs(3), "{signal:?}: {took:?}");
            subject.running(&mark, 0).await;
        }
    }
);
