//! Calls that cannot work: each failure says what to do, and the next call works.

use serde_json::{Value, json};
use support::{
    client::{Launch, Server},
    databases::{asked_for, server_variable},
    scratch::Scratch,
};

use super::shop;

async fn failure_of(server: &mut Server, arguments: Value) -> Value {
    let failure = server.call("execute_query", arguments).await.failure();
    assert_eq!(server.query("SELECT 1 AS one").await["rows"], json!([[1]]));
    failure
}

#[tokio::test]
async fn an_argument_that_is_missing_unknown_or_of_the_wrong_type_is_named() {
    let scratch = Scratch::new();
    let mut server = Server::start(shop(&scratch).await).await;

    for (arguments, message) in [
        (json!({}), "The argument `sql` is missing."),
        (json!({"sql": 5}), "`sql` must be a string, not a number."),
        (
            json!({"sql": "SELECT 1", "params": "x"}),
            "`params` must be an array, not a string.",
        ),
        (
            json!({"sql": "SELECT 1", "maxRows": "many"}),
            "`maxRows` must be an integer, not a string.",
        ),
        (
            json!({"sql": "SELECT 1", "maxRows": 0}),
            "`maxRows` must be at least 1.",
        ),
        (
            json!({"sql": "SELECT 1", "timeoutMs": -1}),
            "`timeoutMs` is -1; it must be at least 0.",
        ),
        (
            json!({"sql": "SELECT 1", "format": "xml"}),
            "`format` must be one of json, objects, csv, markdown.",
        ),
        (
            json!({"sql": "SELECT 1", "limit": 5}),
            "There is no argument `limit`.",
        ),
    ] {
        let failure = failure_of(&mut server, arguments.clone()).await;
        assert_eq!(failure["kind"], "invalid_argument", "{arguments}");
        assert_eq!(failure["message"], message, "{arguments}");
    }
}

#[tokio::test]
async fn a_misspelt_argument_is_answered_with_the_one_that_was_meant() {
    let scratch = Scratch::new();
    let mut server = Server::start(shop(&scratch).await).await;

    let failure = failure_of(&mut server, json!({"sql": "SELECT 1", "maxrow": 5})).await;

    assert_eq!(
        failure["hint"],
        "Did you mean `maxRows`? Arguments: connection, cursor, format, maxBytes, maxRows, params, profile, sql, timeoutMs."
    );
}

#[tokio::test]
async fn an_unknown_connection_is_answered_with_those_there_are() {
    let scratch = Scratch::new();
    let launch = shop(&scratch)
        .await
        .database("archive", "sqlite:///nowhere/archive.db");
    let mut server = Server::start(launch).await;

    let misspelt = json!({"sql": "SELECT 1", "connection": "shopp"});
    let unknown = json!({"sql": "SELECT 1", "connection": "warehouse"});
    let unnamed = json!({"sql": "SELECT 1"});
    let misspelt = server.call("execute_query", misspelt).await.failure();
    let unknown = server.call("execute_query", unknown).await.failure();
    let unnamed = server.call("execute_query", unnamed).await.failure();

    assert_eq!(misspelt["message"], "There is no connection named `shopp`.");
    assert_eq!(
        misspelt["hint"],
        "Did you mean `shop`? Known: archive, shop."
    );
    assert_eq!(unknown["hint"], "Known connections: archive, shop.");
    assert!(
        unnamed["message"]
            .as_str()
            .unwrap()
            .contains("archive, shop"),
        "{unnamed}"
    );
}

#[tokio::test]
async fn sql_that_is_empty_is_an_invalid_argument() {
    let scratch = Scratch::new();
    let mut server = Server::start(shop(&scratch).await).await;

    for sql in ["", "  \n "] {
        let failure = failure_of(&mut server, json!({"sql": sql})).await;
        assert_eq!(failure["kind"], "invalid_argument", "{sql:?}");
    }
}

#[tokio::test]
async fn two_statements_and_a_parameter_too_many_are_refused_on_every_engine() {
    let scratch = Scratch::new();
    let mut launches = vec![shop(&scratch).await];
    for server in ["postgres_15", "mysql_9", "mariadb_10_11"] {
        if asked_for(server) {
            launches.push(Launch::default().database("db", server_variable(server, "URL")));
        }
    }
    for launch in launches {
        let mut server = Server::start(launch).await;

        let two = failure_of(&mut server, json!({"sql": "SELECT 1; SELECT 2"})).await;
        let many = failure_of(&mut server, json!({"sql": "SELECT 1", "params": [1]})).await;

        assert_eq!(two["kind"], "invalid_sql", "{two}");
        assert_eq!(many["kind"], "invalid_argument", "{many}");
    }
}

#[tokio::test]
async fn a_refused_write_changes_nothing() {
    let scratch = Scratch::new();
    let mut server = Server::start(shop(&scratch).await).await;

    let failure = failure_of(&mut server, json!({"sql": "DELETE FROM customers"})).await;

    assert_eq!(failure["kind"], "not_allowed");
    assert_eq!(
        server.query("SELECT count(*) FROM customers").await["rows"],
        json!([[3]])
    );
}
