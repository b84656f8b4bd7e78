//! Prompts that a client's user picks.

use serde_json::{Value, json};
use support::{
    client::{Launch, Server},
    scratch::Scratch,
};

use super::shop;

async fn get(server: &mut Server, name: &str, arguments: Value) -> Value {
    server
        .request("prompts/get", json!({"name": name, "arguments": arguments}))
        .await
}

fn text(answer: &Value) -> &str {
    answer["result"]["messages"][0]["content"]["text"]
        .as_str()
        .unwrap()
}

#[tokio::test]
async fn three_prompts_are_offered_with_what_they_take() {
    let mut server = Server::start(Launch::default()).await;

    let list = server.request("prompts/list", json!({})).await;

    let told: Vec<(&str, Vec<(&str, bool)>)> = list["result"]["prompts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|prompt| {
            let arguments = prompt["arguments"].as_array().unwrap();
            let arguments = arguments
                .iter()
                .map(|one| {
                    (
                        one["name"].as_str().unwrap(),
                        one["required"].as_bool().unwrap(),
                    )
                })
                .collect();
            (prompt["name"].as_str().unwrap(), arguments)
        })
        .collect();
    assert_eq!(
        told,
        [
            ("explore_database", vec![("connection", false)]),
            (
                "explain_slow_query",
                vec![("connection", false), ("sql", true)]
            ),
            (
                "write_query",
                vec![("connection", false), ("question", true)]
            ),
        ]
    );
}

#[tokio::test]
async fn a_prompt_names_the_connection_and_holds_what_was_given() {
    let scratch = Scratch::new();
    let mut server = Server::start(shop(&scratch).await).await;

    let arguments = json!({"connection": "shop", "sql": "SELECT 1"});
    let answer = get(&mut server, "explain_slow_query", arguments).await;

    assert!(text(&answer).starts_with(
        "Find out why this query is slow on the connection `shop`, and what would make it faster.\n\n```\nSELECT 1\n```\n"
    ));
    assert_eq!(answer["result"]["messages"][0]["role"], "user");
}

#[tokio::test]
async fn a_prompt_needs_no_connection() {
    let mut server = Server::start(Launch::default()).await;

    let answer = get(&mut server, "explore_database", json!({})).await;

    assert!(text(&answer).starts_with("Get to know the database and tell me what it holds.\n"));
}

#[tokio::test]
async fn what_is_wrong_with_a_prompt_is_told() {
    let scratch = Scratch::new();
    let mut server = Server::start(shop(&scratch).await).await;
    for (name, arguments, message) in [
        (
            "write_query",
            json!({}),
            "The argument `question` is missing: What you want to know, in your own words.",
        ),
        (
            "write_poem",
            json!({}),
            "There is no prompt `write_poem`. Prompts: explore_database, explain_slow_query, write_query.",
        ),
        (
            "explore_database",
            json!({"connection": "shap"}),
            "There is no connection named `shap`. Did you mean `shop`? Known: shop.",
        ),
    ] {
        let answer = get(&mut server, name, arguments).await;

        let error = &answer["error"];
        assert_eq!(
            (error["code"].as_i64(), error["message"].as_str()),
            (Some(-32602), Some(message))
        );
    }
}

#[tokio::test]
async fn names_of_connections_are_completed_in_prompts() {
    let scratch = Scratch::new();
    let mut server = Server::start(shop(&scratch).await).await;

    let answer = server
        .request(
            "completion/complete",
            json!({
                "ref": {"type": "ref/prompt", "name": "write_query"},
                "argument": {"name": "connection", "value": "s"},
            }),
        )
        .await;

    assert_eq!(answer["result"]["completion"]["values"], json!(["shop"]));
}
