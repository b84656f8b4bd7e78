//! What clients are told of the tools: every character of it is read by a model at every start.

use serde_json::{Value, json};
use support::{
    client::{Launch, Server, binary, provided},
    snapshot::assert_snapshot,
};
use tokio::process::Command;

async fn tools(profile: &str) -> Value {
    let mut server = Server::start(Launch::default().with("MCP_TOOLS", profile)).await;
    server.request("tools/list", json!({})).await["result"]["tools"].clone()
}

fn length(tools: &Value) -> usize {
    json!({"tools": tools}).to_string().chars().count()
}

#[tokio::test]
async fn the_minimal_profile_is_as_agreed_and_leaves_room() {
    let tools = tools("minimal").await;

    assert_snapshot("tools_list_minimal", &tools);
    assert!(length(&tools) < 2_000, "{}", length(&tools));
}

#[tokio::test]
async fn the_standard_profile_is_as_agreed_and_leaves_room() {
    let tools = tools("standard").await;

    assert_snapshot("tools_list_standard", &tools);
    assert!(length(&tools) < 7_500, "{}", length(&tools));
}

#[tokio::test]
async fn the_full_profile_fits_its_budget() {
    let tools = tools("full").await;

    assert!(length(&tools) < 16_000, "{}", length(&tools));
}

#[tokio::test]
async fn the_list_is_the_same_every_time() {
    assert_eq!(tools("standard").await, tools("standard").await);
}

#[tokio::test]
async fn every_tool_says_what_it_is_and_does() {
    for tool in tools("full").await.as_array().unwrap() {
        let name = tool["name"].as_str().unwrap();
        assert!(!tool["title"].as_str().unwrap().is_empty(), "{name}");
        let description = tool["description"].as_str().unwrap();
        assert!((20..2_000).contains(&description.len()), "{name}");
        for hint in [
            "readOnlyHint",
            "destructiveHint",
            "idempotentHint",
            "openWorldHint",
        ] {
            assert!(tool["annotations"][hint].is_boolean(), "{name} {hint}");
        }
        assert_eq!(tool["inputSchema"]["type"], "object", "{name}");
        for keyword in ["anyOf", "oneOf", "allOf", "$ref", "$schema", "title"] {
            assert!(
                tool["inputSchema"].get(keyword).is_none(),
                "{name} {keyword}"
            );
        }
        for (argument, schema) in tool["inputSchema"]["properties"].as_object().unwrap() {
            assert!(schema["type"].is_string(), "{name} {argument}");
            // Nobody would hold it against its header: the library is not asked about plain calls.
            assert!(schema.get("x-mcp-header").is_none(), "{name} {argument}");
        }
    }
}

#[tokio::test]
async fn a_database_that_may_be_written_to_is_told_before_it_is_asked() {
    let hints = async |launch: Launch| {
        let mut server = Server::start(launch).await;
        let tools = server.request("tools/list", json!({})).await;
        tools["result"]["tools"][0]["annotations"].clone()
    };
    let launch = Launch::default().database("notes", "sqlite:notes.db");

    let reading = hints(launch.clone()).await;
    let writing = hints(launch.with("NOTES_DB_READ_ONLY", "false")).await;

    assert_eq!(
        reading,
        json!({"readOnlyHint": true, "destructiveHint": false, "idempotentHint": true, "openWorldHint": false})
    );
    assert_eq!(
        writing,
        json!({"readOnlyHint": false, "destructiveHint": true, "idempotentHint": false, "openWorldHint": false})
    );
}

#[tokio::test]
async fn names_and_groups_choose_tools() {
    let tools = tools("close_connection, minimal").await;

    let names: Vec<&str> = tools
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| tool["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "execute_query",
            "search_schema",
            "describe_table",
            "close_connection"
        ]
    );
}

#[tokio::test]
async fn the_inspector_finds_nothing_to_complain_about() {
    let (Some(node), Some(modules)) = (
        provided("PORTOLAN_TEST_NODE"),
        provided("PORTOLAN_TEST_NODE_MODULES"),
    ) else {
        return;
    };
    for structured in ["false", "true"] {
        let output = Command::new(&node)
            .arg(modules.join("@modelcontextprotocol/inspector/clients/launcher/build/index.js"))
            .args([
                "--cli",
                "-e",
                &format!("MCP_STRUCTURED_RESULTS={structured}"),
            ])
            .arg(binary())
            .args(["--method", "tools/list", "--strict"])
            .current_dir(std::env::temp_dir())
            .output()
            .await
            .unwrap();

        let told = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{told}{}",
            String::from_utf8_lossy(&output.stdout)
        );
        assert!(!told.contains("warning"), "{told}");
    }
}
