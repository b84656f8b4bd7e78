//! What the role could do beyond reading, as a client is told, and what is refused for it.

use serde_json::{Value, json};
use support::{
    client::{Launch, Server},
    databases::server_variable,
    on_servers,
};

/// The test account may do everything.
fn powerful(server: &str) -> Launch {
    Launch::default().database("db", server_variable(server, "URL"))
}

/// This one may only read.
fn reader(server: &str) -> Launch {
    let url = server_variable(server, "URL").replace("//portolan:", "//portolan_reader:");
    Launch::default().database("db", url)
}

fn strict(launch: Launch) -> Launch {
    launch.with("MCP_REQUIRE_LEAST_PRIVILEGE", "true")
}

on_servers!(
    a_role_that_could_write_is_told_with_its_remedy: postgres_15 postgres_18 mariadb_10_11 mysql_9,
    async |server: &str| {
        let mut server = Server::start(powerful(server)).await;

        let opened = server.call("connect_from_config", json!({})).await.ok();
        let info = server.call("connection_info", json!({})).await.ok();

        assert_eq!(
            opened["notices"],
            json!(["The connection is read-only, but its database role could write (superuser). connection_info \
                    tells how to make one that can only read."])
        );
        let posture = &info["connections"][0]["posture"];
        assert_eq!(posture["leastPrivilege"], false);
        assert_eq!(posture["findings"][0]["kind"], "superuser");
        let remedy = posture["remedy"].as_str().unwrap();
        assert!(remedy.contains("\nCREATE "), "{remedy}");
    }
);

on_servers!(
    a_role_that_can_only_read_needs_no_word: postgres_15 postgres_18 mariadb_10_11 mysql_9,
    async |server: &str| {
        let mut server = Server::start(strict(reader(server))).await;

        let opened = server.call("connect_from_config", json!({})).await.ok();
        let info = server.call("connection_info", json!({})).await.ok();

        assert_eq!(opened.get("notices"), None);
        assert_eq!(
            info["connections"][0]["posture"],
            json!({"leastPrivilege": true, "findings": []})
        );
    }
);

on_servers!(
    a_read_only_connection_whose_role_could_write_is_refused_where_that_is_asked_for:
        postgres_15 postgres_18 mariadb_10_11 mysql_9,
    async |server: &str| {
        let mut server = Server::start(strict(powerful(server))).await;

        let failure = server
            .call("execute_query", json!({"sql": "SELECT 1"}))
            .await
            .failure();
        let open = server.call("list_connections", json!({})).await.ok();

        assert_eq!(failure["kind"], "not_allowed");
        assert_eq!(
            failure["message"],
            "The connection is read-only, but its database role could write (superuser), which \
             MCP_REQUIRE_LEAST_PRIVILEGE forbids."
        );
        let hint = failure["hint"].as_str().unwrap();
        assert!(hint.contains("\nCREATE "), "{hint}");
        assert_eq!(open["connections"], json!([]));
    }
);

on_servers!(
    a_writable_connection_is_no_business_of_that_setting: postgres_15 mysql_9,
    async |server: &str| {
        let launch = strict(powerful(server)).with("DB_DB_READ_ONLY", "false");
        let mut server = Server::start(launch).await;

        let answer = server.query("SELECT 1 AS one").await;

        assert_eq!(answer["rows"], json!([[1]]));
    }
);

#[tokio::test]
async fn a_file_is_opened_where_least_privilege_is_required() {
    let scratch = support::scratch::Scratch::new();
    let mut server = Server::start(strict(super::shop(&scratch).await)).await;

    let answer: Value = server.query("SELECT 1 AS one").await;

    assert_eq!(answer["rows"], json!([[1]]));
}
