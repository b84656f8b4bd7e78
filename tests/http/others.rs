//! What belongs to another caller: its session, its streams and its calls, by their names.

use serde_json::{Value, json};
use support::{
    client::{LEGACY, tool_answer},
    http::{Connection, HttpServer, Request, Response},
    scratch::Scratch,
};
use tokio::{net::TcpStream, task::JoinSet};

use super::{ENDLESS, signing_in};

const ADA: &str = "portolan_ada";
const BOB: &str = "portolan_bob";

/// A server that both may use.
async fn server(folder: &Scratch) -> HttpServer {
    let launch = signing_in(folder, String::new(), &[("ada", ADA), ("bob", BOB)]);
    HttpServer::start(launch.argument("--demo")).await
}

fn by(request: &Request, token: &str) -> Request {
    request
        .clone()
        .with("Authorization", &format!("Bearer {token}"))
}

fn in_session(request: Request, id: &str) -> Request {
    request
        .with("Mcp-Session-Id", id)
        .with("MCP-Protocol-Version", LEGACY)
}

async fn session_of_ada(server: &HttpServer) -> String {
    session_of(server, ADA).await
}

async fn session_of(server: &HttpServer, token: &str) -> String {
    let begun = server.send(&by(&Request::initialize(), token)).await;
    let id = begun.header("mcp-session-id").unwrap().to_owned();
    let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    let ready = in_session(Request::message(&ready), &id);
    assert_eq!(server.send(&by(&ready, token)).await.status, 202);
    id
}

fn is_unknown(answer: &Response) -> bool {
    answer.status == 404 && answer.body.contains("no such session")
}

fn query(sql: &str, most_ms: u64) -> Value {
    let arguments = json!({"sql": sql, "timeoutMs": most_ms});
    json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {
        "name": "execute_query", "arguments": arguments,
    }})
}

#[tokio::test]
async fn a_session_is_unknown_to_everybody_but_who_began_it() {
    // GIVEN a session of ada's with a call that runs, and the name of an event of its stream
    let folder = Scratch::new();
    let server = server(&folder).await;
    let id = session_of_ada(&server).await;
    let mut call = server.connect().await;
    let asked = in_session(Request::message(&query(ENDLESS, 2_000)), &id);
    call.send(&by(&asked, ADA)).await;
    assert_eq!(call.head().await.status, 200);
    let event = call.event().await.unwrap().id.unwrap();
    // WHEN bob uses its name for whatever it could be used for
    let cancel =
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 7}});
    let listen = || {
        in_session(
            Request::get("/mcp").with("Accept", "text/event-stream"),
            &id,
        )
    };
    for tried in [
        in_session(Request::message(&cancel), &id),
        in_session(Request::message(&query("SELECT 1", 1_000)), &id),
        listen(),
        listen().with("Last-Event-ID", &event),
        listen().method("DELETE"),
    ] {
        // THEN there is no such session
        let answer = server.send(&by(&tried, BOB)).await;
        assert!(is_unknown(&answer), "{tried:?}: {answer:?}");
    }
    // AND the call goes on to its own end, which its caller is told
    let answer = tool_answer(&call.message().await.unwrap());
    assert_eq!(answer.failure()["kind"], "timeout");
}

#[tokio::test]
async fn a_cancel_outside_of_a_session_ends_no_call_of_that_id() {
    // GIVEN a call of ada's without a session, by an id that anybody can guess
    let folder = Scratch::new();
    let server = server(&folder).await;
    let slow = json!({"sql": ENDLESS, "timeoutMs": 2_000});
    let mut call = server.connect().await;
    call.send(&by(&Request::call("execute_query", slow), ADA))
        .await;
    // WHEN bob cancels that id
    let cancel = Request::modern("notifications/cancelled", json!({"requestId": 1}));
    server.send(&by(&cancel, BOB)).await;
    // THEN the call ends as it would have
    let answer = tool_answer(&call.response().await.json());
    assert_eq!(answer.failure()["kind"], "timeout");
}

#[tokio::test]
async fn what_is_anothers_is_not_reached_from_a_session_of_ones_own() {
    // GIVEN a call of ada's that runs, and a session of bob's
    let folder = Scratch::new();
    let server = server(&folder).await;
    let (of_ada, of_bob) = (
        session_of_ada(&server).await,
        session_of(&server, BOB).await,
    );
    let mut call = server.connect().await;
    let asked = in_session(Request::message(&query(ENDLESS, 2_000)), &of_ada);
    call.send(&by(&asked, ADA)).await;
    assert_eq!(call.head().await.status, 200);
    let event = call.event().await.unwrap().id.unwrap();
    // WHEN bob cancels its id in that session, and asks there for what follows its event
    let cancel =
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 7}});
    let cancel = in_session(Request::message(&cancel), &of_bob);
    assert_eq!(server.send(&by(&cancel, BOB)).await.status, 202);
    let get = Request::get("/mcp").with("Accept", "text/event-stream");
    let resume = in_session(get.clone().with("Last-Event-ID", &event), &of_bob);
    let mut stream = server.connect().await;
    stream.send(&by(&resume, BOB)).await;
    let status = stream.head().await.status;
    // THEN the call goes on to its own end, which its caller is told
    let answer = tool_answer(&call.message().await.unwrap());
    assert_eq!(answer.failure()["kind"], "timeout");
    // AND bob has been told nothing by the time that his session is over
    let end = in_session(get.method("DELETE"), &of_bob);
    assert_eq!(server.send(&by(&end, BOB)).await.status, 202);
    if status == 200 {
        assert_eq!(stream.message().await, None);
    }
}

/// What a call was told before its answer, in seconds since it began.
async fn told_before_the_answer(mut call: Connection<TcpStream>) -> Vec<f64> {
    assert_eq!(call.head().await.status, 200);
    let mut told = Vec::new();
    loop {
        let message = call.message().await.expect("an answer");
        if message["method"] != "notifications/progress" {
            assert_eq!(tool_answer(&message).failure()["kind"], "timeout");
            return told;
        }
        assert_eq!(message["params"]["progressToken"], "p");
        told.push(message["params"]["progress"].as_f64().unwrap());
    }
}

#[tokio::test]
async fn calls_with_the_same_progress_token_are_each_told_of_themselves() {
    // GIVEN calls of two callers, in sessions and without, that have the same id and the same token
    let folder = Scratch::new();
    let server = server(&folder).await;
    let mut calls = Vec::new();
    for token in [ADA, BOB] {
        let mut legacy = query(ENDLESS, 2_500);
        legacy["params"]["_meta"] = json!({"progressToken": "p"});
        let session = session_of(&server, token).await;
        let legacy = in_session(Request::message(&legacy), &session);
        let mut params = query(ENDLESS, 2_500)["params"].take();
        params["_meta"] = json!({"progressToken": "p"});
        for request in [legacy, Request::modern("tools/call", params)] {
            let mut call = server.connect().await;
            call.send(&by(&request, token)).await;
            calls.push(call);
        }
    }
    // WHEN all of them run
    let running: JoinSet<Vec<f64>> = calls.into_iter().map(told_before_the_answer).collect();
    let told = running.join_all().await;
    // THEN each is told once, and then every five seconds, which two together would not keep to
    assert!(told.iter().any(|told| !told.is_empty()), "{told:?}");
    for told in told {
        let pauses: Vec<f64> = told.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(pauses.iter().all(|pause| *pause > 4.0), "{told:?}");
    }
}
