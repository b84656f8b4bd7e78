//! Figures of the whole server: they tell of calls of others, on connections that a role hides.

use serde_json::{Value, json};
use support::{
    client::{Launch, tool_answer},
    http::{HttpServer, Request},
    scratch::Scratch,
};

use super::{ADA, LIBRARIAN, OPS, Team, browser::look};

/// Calls of others, on a connection that readers do not reach: some work, some do not.
async fn others_work(team: &Team) {
    for sql in ["SELECT 1", "SELECT nothing", "SELECT 2"] {
        let arguments = json!({"connection": "books", "sql": sql});
        let answer = team
            .send(Request::call("execute_query", arguments), OPS)
            .await;
        assert_eq!(answer.status, 200);
    }
}

#[tokio::test]
async fn what_others_do_where_a_role_does_not_reach_changes_nothing_that_is_told() {
    let team = Team::start().await;
    let before = team.status(ADA).await;

    others_work(&team).await;

    assert_eq!(team.status(ADA).await, before);
    let known = json!([{"name": "connections", "status": "healthy"}]);
    assert_eq!(
        before["health"],
        json!({"status": "healthy", "components": known, "connections": []})
    );
    assert_eq!(before["totals"], Value::Null);
}

#[tokio::test]
async fn the_whole_server_is_told_of_where_a_role_reaches_all_of_it() {
    let team = Team::start().await;
    others_work(&team).await;

    let told = team.status(OPS).await;

    assert_eq!(told["totals"], json!({"calls": 3, "failed": 1}));
    assert_eq!(told["health"]["calls"]["count"], 3);
    assert_eq!(told["health"]["methods"][0]["tool"], "execute_query");
    assert_eq!(told["health"]["components"].as_array().unwrap().len(), 4);
    assert!(told["health"]["memory"].is_object(), "{told}");
}

#[tokio::test]
async fn the_tool_tells_no_more_than_the_page() {
    let team = Team::start().await;
    others_work(&team).await;
    let asked = async |arguments: Value, token: &str| {
        let call = Request::call("get_health_status", arguments);
        tool_answer(&team.send(call, token).await.json()).ok()
    };

    let short = asked(json!({}), LIBRARIAN).await;
    let detailed = asked(json!({"detailed": true}), LIBRARIAN).await;
    let whole = asked(json!({"detailed": true}), OPS).await;

    let known = json!([{"name": "connections", "status": "healthy"}]);
    assert_eq!(short, json!({"status": "healthy", "components": known}));
    let told: Vec<&String> = detailed.as_object().unwrap().keys().collect();
    assert_eq!(told, ["components", "connections", "status"]);
    assert_eq!(detailed["connections"][0]["name"], "books");
    // Those of the others, and the two of the librarian.
    assert_eq!(whole["calls"]["count"], 5);
}

#[tokio::test]
async fn health_without_signing_in_has_details_where_the_role_local_reaches_all() {
    for (connections, is_whole) in [("'*'", true), ("'shop'", false)] {
        let folder = Scratch::new();
        let file = folder.path("c.toml");
        let config = format!(
            "[connections.shop]\nurl = 'sqlite::memory:'\n\
             [connections.books]\nurl = 'sqlite::memory:'\n\
             [roles.local]\nconnections = {connections}\ntools = 'full'\n"
        );
        std::fs::write(&file, config).unwrap();
        let launch = Launch::default()
            .argument("--config")
            .argument(file.display().to_string());
        let server = HttpServer::start(launch).await;

        let told = server.send(&Request::get("/health")).await;

        assert_eq!(told.status, 200);
        assert_eq!(told.body == "healthy", !is_whole, "{}", told.body);
        assert_eq!(told.body.contains("\"memory\""), is_whole, "{}", told.body);
    }
}

#[tokio::test]
async fn the_page_shows_what_it_is_told_and_says_what_it_is_not() {
    let team = Team::start().await;
    team.query("SELECT 1", ADA).await;

    let (Some(part), Some(whole)) = (
        look("whole.mjs", &team, &[ADA]).await,
        look("whole.mjs", &team, &[OPS]).await,
    ) else {
        return;
    };

    let lists = ["Now", "Connections", "Calls in flight", "Recent calls"];
    assert_eq!(
        part,
        json!({"tiles": ["In flight"], "headings": lists, "chart": false, "note": true})
    );
    let lists = [&lists[..], &["By method, 5 min"]].concat();
    let tiles = [
        "Calls a second",
        "In flight",
        "Median, 5 min",
        "p95, 5 min",
        "Errors, 5 min",
        "Memory",
    ];
    assert_eq!(
        whole,
        json!({"tiles": tiles, "headings": lists, "chart": true, "note": false})
    );
}
