//! What is not a proper message gets an error, not silence, and the next message works.

use serde_json::{Value, json};
use support::client::{Launch, Server};

/// Sends a line, and a ping after it. What the line was answered with.
async fn answer_to(server: &mut Server, line: &[u8]) -> Value {
    server.send_bytes(line).await;
    server.send_bytes(b"\n").await;
    let answer = server.next().await;
    assert_eq!(server.request("ping", json!({})).await["result"], json!({}));
    answer
}

#[tokio::test]
async fn lines_that_are_not_json_are_parse_errors() {
    let mut server = Server::start(Launch::default()).await;
    let lines: [&[u8]; 6] = [
        b"garbage",
        b"{\"jsonrpc\":\"2.0\",\"id\":1,",
        b"{'jsonrpc':'2.0'}",
        b"\x00\x01\x02",
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"} trailing",
        b"GET / HTTP/1.1",
    ];

    for line in lines {
        let answer = answer_to(&mut server, line).await;
        let told = String::from_utf8_lossy(line);
        assert_eq!(answer["error"]["code"], -32700, "{told}: {answer}");
        assert_eq!(answer["id"], Value::Null, "{told}");
    }
}

#[tokio::test]
async fn invalid_utf_8_is_a_parse_error() {
    let mut server = Server::start(Launch::default()).await;

    let answer = answer_to(
        &mut server,
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"\xff\xfe\"}}",
    )
    .await;

    assert_eq!(
        answer["error"],
        json!({"code": -32700, "message": "The message is not valid UTF-8."})
    );
}

#[tokio::test]
async fn json_that_is_no_message_is_an_invalid_request_under_its_id() {
    let mut server = Server::start(Launch::default()).await;

    for (line, id) in [
        ("5", Value::Null),
        ("\"text\"", Value::Null),
        ("{}", Value::Null),
        (r#"{"id":7,"method":"ping"}"#, json!(7)),
        (r#"{"jsonrpc":"2.0","id":7}"#, json!(7)),
        (
            r#"{"jsonrpc":"2.0","id":"x","method":["ping"]}"#,
            json!("x"),
        ),
        (r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, Value::Null),
    ] {
        let answer = answer_to(&mut server, line.as_bytes()).await;
        assert_eq!(answer["error"]["code"], -32600, "{line}: {answer}");
        assert_eq!(answer["id"], id, "{line}");
    }
}

#[tokio::test]
async fn a_batch_is_refused_with_the_reason() {
    let mut server = Server::start(Launch::default()).await;

    let answer = answer_to(
        &mut server,
        br#"[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2,"method":"ping"}]"#,
    )
    .await;

    assert_eq!(
        answer["error"],
        json!({"code": -32600, "message": "Batches are not supported: send one message a line."})
    );
}

#[tokio::test]
async fn parameters_of_the_wrong_shape_are_invalid_params_that_name_the_mistake() {
    let mut server = Server::start(Launch::default()).await;

    for (params, named) in [
        (json!({}), "missing field `name`"),
        (json!({"name": 5}), "invalid type: integer `5`"),
        (
            json!({"name": "execute_query", "arguments": [1]}),
            "invalid type: sequence",
        ),
        (json!([1]), "tools/call"),
    ] {
        let answer = server.request("tools/call", params.clone()).await;
        assert_eq!(answer["error"]["code"], -32602, "{params}: {answer}");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains(named), "{params}: {message}");
    }
}

#[tokio::test]
async fn an_unknown_tool_is_refused_with_the_tools_there_are() {
    let mut server =
        Server::start(Launch::default().with("MCP_TOOLS", "minimal,list_connections")).await;

    let misspelt = server
        .request("tools/call", json!({"name": "execute_querry"}))
        .await;
    let unknown = server
        .request("tools/call", json!({"name": "drop_everything"}))
        .await;

    assert_eq!(
        misspelt["error"],
        json!({"code": -32602, "message":
            "There is no tool `execute_querry`. Did you mean `execute_query`? Tools: execute_query, search_schema, describe_table, list_connections."})
    );
    assert_eq!(
        unknown["error"],
        json!({"code": -32602, "message":
            "There is no tool `drop_everything`. Tools: execute_query, search_schema, describe_table, list_connections."})
    );
}

#[tokio::test]
async fn empty_lines_carriage_returns_and_byte_order_marks_do_no_harm() {
    let mut server = Server::start(Launch::default()).await;

    server
        .send_bytes(
            b"\n\r\n  \n\xef\xbb\xbf{\"jsonrpc\":\"2.0\",\"id\":77,\"method\":\"ping\"}\r\n",
        )
        .await;

    assert_eq!(
        server.next().await,
        json!({"jsonrpc": "2.0", "id": 77, "result": {}})
    );
}

/// A call whose message is `length` bytes long.
fn long_call(id: u64, length: usize) -> Vec<u8> {
    let line = |filler: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"execute_query","arguments":{{"sql":"{filler}"}}}}}}"#
        )
    };
    let filler = "x".repeat(length - line("").len());
    line(&filler).into_bytes()
}

#[tokio::test]
async fn a_message_of_16_mib_is_read_and_one_byte_more_is_refused() {
    let mut server = Server::start(Launch::default()).await;
    let limit = 16 * 1024 * 1024;

    let read = answer_to(&mut server, &long_call(501, limit)).await;
    let refused = answer_to(&mut server, &long_call(502, limit + 1)).await;

    let failure = support::client::tool_answer(&read).failure();
    assert_eq!(failure["kind"], "too_large");
    assert_eq!(
        refused,
        json!({"jsonrpc": "2.0", "id": 502, "error": {
            "code": -32600, "message": "The message is too long; the limit is 16777216 bytes."
        }})
    );
}

#[tokio::test]
async fn a_message_of_64_mb_is_refused_wherever_its_id_is_without_being_held() {
    let mut server = Server::start(Launch::default()).await;
    let mut id_last = long_call(600, 64_000_000);
    id_last.truncate(id_last.len() - 1);
    let id_last = [
        &br#"{"method":"tools/call","params":"#[..],
        &id_last,
        br#"},"jsonrpc":"2.0","id":"last"}"#,
    ]
    .concat();

    let first = answer_to(&mut server, &long_call(601, 64_000_000)).await;
    let last = answer_to(&mut server, &id_last).await;
    let peak = peak_memory_kib(server.process_id());

    assert_eq!(first["id"], 601);
    assert_eq!(first["error"]["code"], -32600);
    assert_eq!(last["id"], "last");
    assert!(peak.is_none_or(|peak| peak < 60_000), "{peak:?} KiB");
}

/// The most memory that a process has used, where the system tells.
fn peak_memory_kib(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[tokio::test]
async fn a_client_that_does_not_listen_is_not_heard_until_it_does() {
    let mut server = Server::start(Launch::default()).await;
    let before = peak_memory_kib(server.process_id());

    // Ids are a cheap way to long answers: what comes in goes out.
    let filler = "x".repeat(1_000_000);
    let mut sent = 0;
    for number in 0..200 {
        let id = format!("{number}-{filler}");
        let line = format!(
            "{}\n",
            json!({"jsonrpc": "2.0", "id": id, "method": "ping"})
        );
        let sending = server.send_bytes(line.as_bytes());
        if tokio::time::timeout(std::time::Duration::from_millis(500), sending)
            .await
            .is_err()
        {
            break;
        }
        sent += 1;
    }
    let after = peak_memory_kib(server.process_id());

    assert!(sent < 100, "{sent} answers of a megabyte were held");
    if let (Some(before), Some(after)) = (before, after) {
        assert!(after - before < 80_000, "{before} to {after} KiB");
    }
    for number in 0..sent {
        let id = server.next().await["id"].as_str().unwrap().to_owned();
        assert!(id.ends_with('x'), "answer {number}");
    }
}
