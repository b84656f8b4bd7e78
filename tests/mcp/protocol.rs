//! Both eras of the protocol, in messages written by hand.

use serde_json::{Value, json};
use support::client::{LEGACY, Launch, MODERN, Server, Wire, modern_meta};

const LEGACY_REVISIONS: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

fn modern(mut params: Value) -> Value {
    params["_meta"] = modern_meta();
    params
}

#[tokio::test]
async fn each_older_revision_is_spoken_as_asked() {
    for revision in LEGACY_REVISIONS {
        let mut server = Launch::default().start();

        let result = server.initialize(revision).await;
        let tools = server.request("tools/list", json!({})).await;

        assert_eq!(result["protocolVersion"], revision);
        assert_eq!(tools["result"]["tools"][0]["name"], "execute_query");
        assert!(tools["result"].get("resultType").is_none(), "{revision}");
    }
}

#[tokio::test]
async fn an_unknown_revision_gets_the_newest_with_a_handshake() {
    for revision in ["1999-01-01", MODERN, "3000-01-01"] {
        let mut server = Launch::default().start();

        let result = server.initialize(revision).await;

        assert_eq!(result["protocolVersion"], LEGACY, "{revision}");
    }
}

#[tokio::test]
async fn the_handshake_says_who_answers_and_how_to_use_it() {
    let mut server = Launch::default().start();

    let result = server.initialize(LEGACY).await;

    assert_eq!(
        result["serverInfo"],
        json!({"name": "portolan", "title": "Portolan", "version": env!("CARGO_PKG_VERSION")})
    );
    assert_eq!(
        result["capabilities"],
        json!({"tools": {}, "resources": {}, "prompts": {}, "completions": {}})
    );
    let instructions = result["instructions"].as_str().unwrap();
    assert!(instructions.chars().count() < 600, "{}", instructions.len());
}

#[tokio::test]
async fn the_newest_revision_needs_no_handshake() {
    let mut server = Launch::default().start();

    let tools = server.request("tools/list", modern(json!({}))).await;
    let call = modern(json!({"name": "list_connections", "arguments": {}}));
    let answer = server.request("tools/call", call).await;

    assert_eq!(tools["result"]["resultType"], "complete");
    assert_eq!(tools["result"]["ttlMs"], 300_000);
    assert_eq!(tools["result"]["cacheScope"], "private");
    assert_eq!(answer["result"]["resultType"], "complete");
    for result in [&tools["result"], &answer["result"]] {
        let server = &result["_meta"]["io.modelcontextprotocol/serverInfo"];
        assert_eq!(server["name"], "portolan");
    }
    assert_eq!(
        answer["result"]["content"][0]["text"],
        r#"{"connections":[]}"#
    );
}

#[tokio::test]
async fn discovery_names_every_revision() {
    let mut server = Launch::default().start();

    let discovered = server.request("server/discover", modern(json!({}))).await;

    let mut versions: Vec<&str> = discovered["result"]["supportedVersions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|version| version.as_str().unwrap())
        .collect();
    versions.sort_unstable();
    let mut expected = LEGACY_REVISIONS.to_vec();
    expected.push(MODERN);
    assert_eq!(versions, expected);
}

#[tokio::test]
async fn a_client_may_shake_hands_after_discovery() {
    let mut server = Launch::default().start();

    server.request("server/discover", modern(json!({}))).await;
    server.initialize(LEGACY).await;
    let old = server.request("tools/list", json!({})).await;
    let new = server.request("tools/list", modern(json!({}))).await;

    assert_eq!(old["result"]["tools"], new["result"]["tools"]);
}

#[tokio::test]
async fn a_stray_message_before_the_handshake_does_no_harm() {
    let mut server = Launch::default().start();

    server.notify("notifications/initialized", &json!({})).await;
    server
        .notify("notifications/cancelled", &json!({"requestId": 5}))
        .await;
    server
        .send(&json!({"jsonrpc": "2.0", "id": 9, "result": {}}))
        .await;
    let too_early = server.request("tools/list", json!({})).await;
    let result = server.initialize(LEGACY).await;

    assert_eq!(too_early["error"]["code"], -32602);
    assert_eq!(result["protocolVersion"], LEGACY);
}

#[tokio::test]
async fn a_ping_is_answered_before_and_after_the_handshake() {
    let mut server = Launch::default().start();

    let before = server.request("ping", json!({})).await;
    server.initialize(LEGACY).await;
    let after = server.request("ping", json!({})).await;

    assert_eq!(before["result"], json!({}));
    assert_eq!(after["result"], json!({}));
}

#[tokio::test]
async fn what_is_not_offered_is_an_unknown_method() {
    let mut server = Server::start(Launch::default()).await;

    for method in [
        "resources/subscribe",
        "logging/setLevel",
        "tasks/get",
        "no/such",
    ] {
        let answer = server
            .request(method, json!({"uri": "x", "level": "info", "taskId": "x"}))
            .await;
        assert_eq!(answer["error"]["code"], -32601, "{method}: {answer}");
    }
}

#[tokio::test]
async fn an_id_comes_back_as_it_was_sent() {
    let mut server = Server::start(Launch::default()).await;

    for id in [
        json!("a-1"),
        json!(0),
        json!(-7),
        json!(9_007_199_254_740_991_i64),
        json!(""),
    ] {
        server
            .send(&json!({"jsonrpc": "2.0", "id": id, "method": "ping"}))
            .await;
        assert_eq!(server.next().await["id"], id);
    }
}

#[tokio::test]
async fn hundreds_of_calls_at_once_are_all_answered() {
    let mut server = Server::start(Launch::default()).await;

    let mut ids = Vec::new();
    for _ in 0..500 {
        ids.push(server.begin_call("list_connections", json!({})).await);
    }

    for id in ids {
        assert_eq!(
            server.call_answer(id).await.ok(),
            json!({"connections": []})
        );
    }
}

#[cfg(unix)]
#[tokio::test]
async fn sockets_serve_as_well_as_pipes() {
    let mut server = Server::start(Launch::default().over(Wire::Sockets)).await;

    let mut ids = Vec::new();
    for _ in 0..200 {
        ids.push(server.begin_call("show_configurations", json!({})).await);
    }
    for id in ids {
        assert_eq!(
            server.call_answer(id).await.ok(),
            json!({"configurations": []})
        );
    }
    server.close_input().await;

    assert!(server.exit().await.0.success());
}

#[cfg(unix)]
#[tokio::test]
async fn files_serve_as_well_as_pipes() {
    let messages = [
        json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
            "name": "list_connections", "arguments": {}, "_meta": modern_meta(),
        }}),
        json!({"jsonrpc": "2.0", "id": 2, "method": "server/discover", "params": {"_meta": modern_meta()}}),
    ];
    let folder = std::env::temp_dir().join(support::databases::unique("portolan_files"));
    std::fs::create_dir_all(&folder).unwrap();
    let text = messages.map(|message| format!("{message}\n")).concat();
    std::fs::write(folder.join("in"), text).unwrap();

    let status = tokio::process::Command::new(support::client::binary())
        .env_clear()
        .current_dir(&folder)
        .stdin(std::fs::File::open(folder.join("in")).unwrap())
        .stdout(std::fs::File::create(folder.join("out")).unwrap())
        .status()
        .await
        .unwrap();

    let answers = std::fs::read_to_string(folder.join("out")).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    let mut ids: Vec<u64> = answers
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["id"]
                .as_u64()
                .unwrap()
        })
        .collect();
    ids.sort_unstable();
    assert!(status.success());
    assert_eq!(ids, [1, 2]);
}
