//! How a session ends: by the client, by a signal, by a client that vanishes.

use std::time::Duration;

use serde_json::json;
use support::{
    client::{LEGACY, Launch, Server, Wire},
    scratch::Scratch,
};

const AT_ONCE: Duration = Duration::from_secs(1);

async fn each_wire(test: impl AsyncFn(Launch)) {
    test(Launch::default()).await;
    #[cfg(unix)]
    test(Launch::default().over(Wire::Sockets)).await;
}

#[tokio::test]
async fn the_end_of_input_ends_an_idle_server_at_once() {
    each_wire(async |launch| {
        let mut server = Server::start(launch).await;

        server.close_input().await;
        let (status, took) = server.exit().await;

        assert!(status.success());
        assert!(took < AT_ONCE, "{took:?}");
        assert_eq!(server.receive().await, None);
    })
    .await;
}

#[tokio::test]
async fn the_end_of_input_before_any_message_ends_the_server_at_once() {
    let mut server = Launch::default().start();

    server.close_input().await;
    let (status, took) = server.exit().await;

    assert!(status.success());
    assert!(took < AT_ONCE, "{took:?}");
}

#[tokio::test]
async fn what_was_asked_before_the_end_of_input_is_answered() {
    each_wire(async |launch| {
        let mut server = launch.start();
        let handshake = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": LEGACY, "capabilities": {}, "clientInfo": {"name": "suite", "version": "0"},
        }});
        let list = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"});

        // The last line has no end.
        server.send_bytes(format!("{handshake}\nnonsense\n{list}").as_bytes()).await;
        server.close_input().await;

        assert_eq!(server.next().await["id"], 1);
        let mut rest = [server.next().await, server.next().await];
        rest.sort_by_key(|message| message["id"].as_u64());
        assert_eq!(rest[0]["error"]["code"], -32700);
        assert_eq!(rest[1]["id"], 2);
        assert_eq!(server.receive().await, None);
        assert!(server.exit().await.0.success());
    })
    .await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_signal_ends_an_idle_server_at_once() {
    for signal in ["TERM", "INT"] {
        for initialized in [false, true] {
            let mut server = Launch::default().start();
            // An answer proves that the server has come far enough to know what a signal means.
            server.request("ping", json!({})).await;
            if initialized {
                server.initialize(LEGACY).await;
            }

            server.signal(signal).await;
            let (status, took) = server.exit().await;

            assert!(status.success(), "{signal}: {status}");
            assert!(took < AT_ONCE, "{signal}: {took:?}");
        }
    }
}

#[tokio::test]
async fn a_client_that_vanishes_takes_the_server_with_it() {
    each_wire(async |launch| {
        let mut server = Server::start(launch).await;

        server.close_output();
        server.close_input().await;
        let (status, took) = server.exit().await;

        assert!(status.success());
        assert!(took < AT_ONCE, "{took:?}");
    })
    .await;
}

#[tokio::test]
async fn a_client_that_cannot_be_answered_ends_the_session() {
    each_wire(async |launch| {
        let mut server = Server::start(launch).await;

        server.close_output();
        server.begin("ping", json!({})).await;
        let (status, took) = server.exit().await;

        assert!(status.success());
        assert!(took < AT_ONCE, "{took:?}");
    })
    .await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_password_file_that_never_answers_does_not_keep_the_process() {
    let scratch = Scratch::new();
    let pipe = scratch.path("password");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    for signal in [false, true] {
        // No port is reached before the password is known.
        let launch = Launch::default()
            .database("db", "postgres://u@127.0.0.1:1/db")
            .with("DB_DB_PASSWORD_FILE", pipe.display().to_string());
        let mut server = Server::start(launch).await;
        let arguments = json!({"sql": "SELECT 1"});
        server.begin_call("execute_query", arguments).await;
        // The call is on its way once a later request is answered.
        server.request("ping", json!({})).await;

        if signal {
            server.signal("TERM").await;
        } else {
            server.close_input().await;
        }
        let (status, took) = server.exit().await;

        assert!(status.success());
        assert!(took < AT_ONCE, "{took:?}");
    }
}
