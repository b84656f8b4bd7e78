//! The status page: what it tells to whom, what it can do, and that people can use it, in a real browser.

mod browser;
mod names;
mod whole;

use serde_json::{Value, json};
use support::{
    http::{HttpServer, Request, Response},
    scratch::Scratch,
    waiting::until,
};

use super::{ENDLESS, signing_in};

/// An operator, one of a single connection, and two people who may only query.
const OPS: &str = "portolan_ops";
const LIBRARIAN: &str = "portolan_librarian";
const ADA: &str = "portolan_ada";
const BOB: &str = "portolan_bob";

struct Team {
    server: HttpServer,
    _folder: Scratch,
}

impl Team {
    async fn start() -> Self {
        let config = "[connections.shop]\nurl = 'sqlite::memory:'\n\
             [connections.books]\nurl = 'sqlite::memory:'\n\
             [roles.operator]\nwhen = {principal = 'ops'}\nconnections = '*'\ntools = 'full'\nmanageConnections = true\n\
             [roles.librarian]\nwhen = {principal = 'librarian'}\nconnections = 'books'\ntools = 'full'\nmanageConnections = true\n\
             [roles.reader]\nwhen = {principal = ['ada', 'bob']}\nconnections = 'shop'\ntools = 'minimal'\n"
            .to_owned();
        let people = [
            ("ops", OPS),
            ("librarian", LIBRARIAN),
            ("ada", ADA),
            ("bob", BOB),
        ];
        Self::configured(config, &people).await
    }

    /// As a configuration file says, and with these people.
    async fn configured(config: String, people: &[(&str, &str)]) -> Self {
        let folder = Scratch::new();
        let launch = signing_in(&folder, config, people).with("MCP_TOOLS", "full");
        Self {
            server: HttpServer::start(launch).await,
            _folder: folder,
        }
    }

    async fn send(&self, request: Request, token: &str) -> Response {
        let authorization = format!("Bearer {token}");
        self.server
            .send(&request.with("Authorization", &authorization))
            .await
    }

    async fn status(&self, token: &str) -> Value {
        let response = self.send(Request::get("/status"), token).await;
        assert_eq!(response.status, 200, "{}", response.body);
        assert_eq!(response.header("cache-control"), Some("no-store"));
        response.json()
    }

    async fn query(&self, sql: &str, token: &str) -> Response {
        let arguments = json!({"connection": "shop", "sql": sql});
        self.send(Request::call("execute_query", arguments), token)
            .await
    }

    /// The name of the one call that runs.
    async fn running(&self) -> String {
        let mut name = None;
        until("a call runs", async || {
            let status = self.status(OPS).await;
            name = status["running"][0]["call"].as_str().map(str::to_owned);
            name.is_some() && status["running"][0]["statement"].is_string()
        })
        .await;
        name.unwrap()
    }

    async fn cancel(&self, call: &str, token: &str) -> u16 {
        let wish = Request::message(&json!({"call": call})).to("/status/cancel");
        self.send(wish, token).await.status
    }
}

fn principals(calls: &Value) -> Vec<&str> {
    let calls = calls.as_array().unwrap();
    calls
        .iter()
        .map(|call| call["principal"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn anybody_gets_the_page_and_nobody_its_contents_without_signing_in() {
    let team = Team::start().await;
    for (path, kind) in [
        ("/", "text/html; charset=utf-8"),
        ("/status.css", "text/css; charset=utf-8"),
        ("/status.js", "text/javascript; charset=utf-8"),
    ] {
        let response = team.server.send(&Request::get(path)).await;
        assert_eq!(response.status, 200, "{path}");
        assert_eq!(response.header("content-type"), Some(kind));
        assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
        let policy = response.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    }
    let wish = Request::message(&json!({"call": "1-1"})).to("/status/cancel");
    for request in [Request::get("/status"), wish] {
        let refused = team.server.send(&request).await;
        assert_eq!(refused.status, 401);
        assert!(refused.header("www-authenticate").is_some());
    }
}

#[tokio::test]
async fn a_caller_sees_its_own_calls_and_connections_and_an_operator_all() {
    // GIVEN a call of each
    let team = Team::start().await;
    team.query("SELECT 'secret of ada'", ADA).await;
    team.query("SELECT 1", BOB).await;
    // WHEN both and an operator look
    let (ada, ops) = (team.status(ADA).await, team.status(OPS).await);
    // THEN each sees what is theirs to see, without the values in it
    assert_eq!(principals(&ada["recent"]), ["ada"]);
    assert_eq!(ada["recent"][0]["statement"], "SELECT ?");
    assert_eq!(ada["recent"][0]["outcome"], "ok");
    assert_eq!(ada["recent"][0]["rows"], 1);
    assert_eq!(
        ada["caller"],
        json!({"name": "ada", "roles": ["reader"], "operator": false})
    );
    assert_eq!(principals(&ops["recent"]), ["bob", "ada"]);
    assert_eq!(ops["totals"], json!({"calls": 2, "failed": 0}));
    assert_eq!(ops["health"]["connections"][0]["name"], "shop");
}

#[tokio::test]
async fn a_connection_of_others_is_not_shown() {
    let team = Team::start().await;
    let arguments = json!({"connection": "books", "sql": "SELECT 1"});
    let request = Request::call("execute_query", arguments);
    assert_eq!(team.send(request, OPS).await.status, 200);

    let seen = team.status(ADA).await["health"]["connections"].clone();

    assert_eq!(seen, json!([]));
}

#[tokio::test]
async fn a_call_is_cancelled_by_its_caller_and_by_an_operator_and_by_nobody_else() {
    let team = Team::start().await;
    for (who, ends) in [(ADA, true), (OPS, true), (BOB, false)] {
        // GIVEN a call that does not end by itself
        let ended = async {
            let answer = team.query(ENDLESS, ADA).await.json();
            answer["result"]["content"][0]["text"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        let cancels = async {
            let call = team.running().await;
            // WHEN somebody cancels it
            let status = team.cancel(&call, who).await;
            // THEN only who may has been heard
            assert_eq!(status, if ends { 202 } else { 404 }, "{who}");
            if !ends {
                assert_eq!(team.cancel(&call, OPS).await, 202);
            }
        };
        let (told, ()) = tokio::join!(ended, cancels);
        assert!(told.contains("ended by hand"), "{told}");
        let status = team.status(OPS).await;
        assert_eq!(status["running"], json!([]));
        assert_eq!(status["recent"][0]["outcome"], "cancelled");
    }
}

#[tokio::test]
async fn an_operator_of_one_connection_sees_and_cancels_nothing_on_another() {
    // GIVEN a call that has ended on each connection, one on none, and one that runs
    let team = Team::start().await;
    team.query("SELECT 1", ADA).await;
    let unknown = json!({"connection": "nowhere", "sql": "SELECT 2"});
    let books = json!({"connection": "books", "sql": "SELECT 3"});
    for (arguments, token) in [(unknown, BOB), (books, OPS)] {
        team.send(Request::call("execute_query", arguments), token)
            .await;
    }
    let ended = team.query(ENDLESS, ADA);
    let looks = async {
        let call = team.running().await;
        // WHEN the operator of the other connection looks, and cancels
        let seen = team.status(LIBRARIAN).await;
        let refused = team.cancel(&call, LIBRARIAN).await;
        assert_eq!(team.cancel(&call, OPS).await, 202);
        (seen, refused)
    };
    let (_, (seen, refused)) = tokio::join!(ended, looks);
    // THEN it is as if the calls were not there, but for what is about no connection
    assert_eq!(refused, 404);
    assert_eq!(seen["running"], json!([]));
    assert_eq!(principals(&seen["recent"]), ["ops", "bob"]);
    assert_eq!(seen["recent"][0]["statement"], "SELECT ?");
    assert_eq!(seen["recent"][1]["statement"], json!(null));
    assert_eq!(seen["health"]["connections"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn metrics_are_for_those_whose_roles_reach_every_connection() {
    let team = Team::start().await;
    team.query("SELECT 1", ADA).await;

    let shown = team.send(Request::get("/metrics"), OPS).await;

    assert_eq!(shown.status, 200);
    assert!(shown.body.contains("connection=\"shop\""), "{}", shown.body);
    for token in [ADA, LIBRARIAN] {
        let refused = team.send(Request::get("/metrics"), token).await;
        assert_eq!(refused.status, 403);
        assert!(!refused.body.contains("shop"), "{}", refused.body);
    }
    let stranger = team.server.send(&Request::get("/metrics")).await;
    assert_eq!(stranger.status, 401);
}

#[tokio::test]
async fn where_callers_sign_in_health_is_one_word_even_to_this_machine() {
    let team = Team::start().await;
    team.query("SELECT 1", ADA).await;
    // As a proxy on this machine asks that says nothing of whom it asks for.
    let asked = Request::get("/health").with("Host", &team.server.address.to_string());

    let told = team.server.send(&asked).await;

    assert_eq!((told.status, told.body.as_str()), (200, "healthy"));
}

#[tokio::test]
async fn a_wish_that_is_none_is_told_how_to_be_one() {
    let team = Team::start().await;
    let long = format!("{{\"call\": \"{}\"}}", "x".repeat(2_000));
    for (body, status) in [
        ("", 400),
        ("{}", 400),
        ("{\"call\": 1}", 400),
        ("{\"call\": \"1-1\", \"all\": true}", 400),
        (long.as_str(), 400),
        ("{\"call\": \"00000000-1\"}", 404),
    ] {
        let wish = Request::message(body).to("/status/cancel");
        let response = team.send(wish, OPS).await;
        assert_eq!(response.status, status, "{body}: {}", response.body);
    }
}

#[tokio::test]
async fn a_page_of_another_origin_can_cancel_nothing() {
    let server = super::demo().await;
    let wish = Request::message(&json!({"call": "1-1"}))
        .to("/status/cancel")
        .with("Origin", "https://evil.example");

    assert_eq!(server.send(&wish).await.status, 403);
}
