//! Roles as the file writes them.

use std::{sync::Arc, time::Duration};

use adapters::outbound::ENGINES;
use application::access::Access;
use bootstrap::{reload::Reloadable as _, roles::ReloadedRoles};
use domain::{
    access::{Grant, Roles},
    calls::{Caller, Claims, Principal},
    connection::EngineFacts,
};
use serde_json::{Value, json};

use crate::configuration::Setup;

/// The roles of a file, or its mistakes.
fn read(name: &str, text: &str) -> Result<Option<Roles>, Vec<String>> {
    let configuration = Setup::new().with_named_file(name, text).load();
    configuration.roles.map_err(|mistakes| {
        let told = mistakes.iter();
        told.map(ToString::to_string).collect()
    })
}

fn read_json(roles: &Value) -> Result<Option<Roles>, Vec<String>> {
    read("c.json", &json!({ "roles": roles }).to_string())
}

fn member_of(group: &str) -> Caller {
    let claims = json!({ "groups": [group] });
    let claims = Claims::new(claims.as_object().cloned().unwrap());
    Caller::new(Principal::new("ada"), claims)
}

#[test]
fn json_and_toml_say_the_same() {
    let json = r#"{"roles": {"analyst": {
        "when": {"groups": ["analysts", "staff"]}, "connections": ["shop", "eu-*"], "tools": ["minimal", "explain_query"],
        "maxRows": 100, "maxTimeMs": 2000
    }}}"#;
    let toml = r#"
        [roles.analyst]
        when.groups = ["analysts", "staff"]
        connections = ["shop", "eu-*"]
        tools = ["minimal", "explain_query"]
        maxRows = 100
        maxTimeMs = 2000
    "#;
    let from_json = read("c.json", json).unwrap().unwrap();

    let grant = from_json.grant(&member_of("staff"));

    assert_eq!(read("c.toml", toml).unwrap().unwrap(), from_json);
    for tool in [
        "execute_query",
        "search_schema",
        "describe_table",
        "explain_query",
    ] {
        assert!(grant.may_call(tool), "{tool}");
    }
    assert!(!grant.may_call("list_connections"));
    let allowed = grant.on(Some("execute_query"), "eu-west").unwrap();
    assert!(allowed.read_only);
    assert_eq!(allowed.max_rows, Some(100));
    assert_eq!(allowed.max_time, Some(Duration::from_secs(2)));
    assert_eq!(grant.on(Some("execute_query"), "prod"), None);
}

#[test]
fn without_roles_nobody_is_kept_from_anything() {
    assert_eq!(read("c.json", "{}").unwrap(), None);
}

#[test]
fn with_no_role_in_it_nobody_but_the_local_user_may_anything() {
    let roles = read_json(&json!({})).unwrap().unwrap();

    assert_eq!(roles.grant(&member_of("staff")), Grant::nothing());
    assert_eq!(roles.grant(&Caller::local()), Grant::everything());
}

#[test]
fn of_a_file_that_cannot_be_read_it_is_supposed_that_it_grants_nothing() {
    let roles = Setup::new().with_named_file("c.json", "{").load().roles;

    let grant = roles.unwrap().unwrap().grant(&member_of("staff"));

    assert_eq!(grant, Grant::nothing());
}

#[test]
fn every_mistake_is_told_at_once_and_no_role_is_taken() {
    let mistakes = read_json(&json!({
        "good": {"when": {}, "connections": ["*"], "tools": ["full"]},
        "bare": {},
        "odd": {
            "when": {"groups": [], "level": {}}, "connections": [1], "tools": ["execute_qery"],
            "readonly": true, "maxRows": 0, "maxTimeMs": "1s", "manageConnections": "yes",
        },
        "flat": true,
        "local": {"when": {}, "connections": "*", "tools": "full"},
    }))
    .unwrap_err();

    assert_eq!(
        mistakes,
        [
            "roles.bare.when: Is missing. Expected an object of claims and the values that will do, or {} for everybody who signs in.",
            "roles.bare.connections: Is missing: nothing is granted that is not named. Expected names of connections, which may have stars.",
            "roles.bare.tools: Is missing: nothing is granted that is not named. Expected names of tools, groups or profiles.",
            "roles.flat: Is a truth value. Expected an object.",
            "roles.local.when: Has no meaning: the role `local` is that of whoever starts the process, and of nobody else.",
            "roles.odd.readonly: Is not a key of a role. Did you mean readOnly?",
            "roles.odd.when.groups: Is no value of a claim. Expected text, a number, a truth value or a list of them.",
            "roles.odd.when.level: Is no value of a claim. Expected text, a number, a truth value or a list of them.",
            "roles.odd.connections: Holds something else than text. Expected a list of texts.",
            "roles.odd.tools: `execute_qery` is no tool, group or profile.",
            "roles.odd.maxRows: Is not what it should be. Expected a whole number from 1.",
            "roles.odd.maxTimeMs: Is not what it should be. Expected a whole number from 1.",
            "roles.odd.manageConnections: Is text. Expected true or false.",
        ]
    );
}

#[test]
fn a_connection_that_a_role_names_and_nobody_has_configured_is_warned_of() {
    let file = json!({
        "connections": {"shop": {"url": "sqlite://shop.db"}},
        "roles": {"r": {"when": {}, "connections": ["shop", "shp", "later-*", "demo"], "tools": "full"}},
    });
    let setup = Setup::new().with_named_file("c.json", &file.to_string());

    let configuration = setup.load();

    let told: Vec<String> = configuration
        .warnings
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        told,
        [
            "roles.r.connections: There is no connection `shp` in this configuration. Did you mean shop?"
        ]
    );
    assert!(configuration.is_valid());
}

#[tokio::test]
async fn roles_are_read_again_as_a_whole_or_not_at_all() {
    let role = |tool: &str| {
        format!(r#"{{"roles": {{"r": {{"when": {{}}, "connections": "*", "tools": "{tool}"}}}}}}"#)
    };
    let setup = Setup::new().with_named_file("c.json", &role("execute_query"));
    let access = Arc::new(Access::new(setup.load().roles.unwrap()));
    let part = ReloadedRoles(Arc::clone(&access));
    let may = |tool: &str| access.grant(&member_of("staff")).may_call(tool);

    let setup = setup.with_file("c.json", &role("nonsense"));
    let refused = part.prepare(&setup.load()).is_err();
    let kept = may("execute_query");
    let setup = setup.with_file("c.json", "{");
    let unread = part.prepare(&setup.load()).is_err();
    let setup = setup.with_file("c.json", &role("search_schema"));
    part.prepare(&setup.load()).unwrap()();

    assert!(refused && kept && unread);
    assert!(may("search_schema") && !may("execute_query"));
}

#[tokio::test]
async fn roles_that_are_gone_from_the_file_stay_in_force_until_a_restart() {
    let role = r#"{"roles": {"r": {"when": {}, "connections": "*", "tools": "execute_query"}}}"#;
    let setup = Setup::new().with_named_file("c.json", role);
    let access = Arc::new(Access::new(setup.load().roles.unwrap()));
    let part = ReloadedRoles(Arc::clone(&access));

    let setup = setup.with_file("c.json", "{}");
    let told = part.prepare(&setup.load()).err().unwrap();

    assert_eq!(
        told[0].to_string(),
        "roles: Are gone, and with them every limit of what callers may do. Expected a restart, if that is meant."
    );
    assert!(!access.grant(&member_of("staff")).may_call("search_schema"));
}

#[tokio::test]
async fn roles_that_are_new_in_the_file_are_put_in_force() {
    let setup = Setup::new().with_named_file("c.json", "{}");
    let access = Arc::new(Access::new(setup.load().roles.unwrap()));
    let part = ReloadedRoles(Arc::clone(&access));
    assert!(access.grant(&member_of("staff")).may_call("search_schema"));

    let setup = setup.with_file("c.json", r#"{"roles": {}}"#);
    part.prepare(&setup.load()).unwrap()();

    assert!(!access.grant(&member_of("staff")).may_call("search_schema"));
}

#[test]
fn rules_about_tables_are_refused_where_nobody_can_tell_what_a_statement_touches() {
    let file = json!({
        "connections": {
            "books": {"url": "sqlite://books.db"},
            "shop": {"url": "mysql://ada@db.example.com/shop"},
        },
        "roles": {
            "analyst": {"when": {}, "connections": "*", "tools": "full", "tables": {"allow": "*"}},
            "reader": {"when": {}, "connections": "books", "tools": "full", "tables": {"allow": "*"}},
            "whole": {"when": {}, "connections": "*", "tools": "full"},
        },
    });

    let engines: Vec<EngineFacts> = ENGINES
        .iter()
        .map(|engine| EngineFacts {
            tells_tables: engine.facts.name != "mysql",
            ..engine.facts
        })
        .collect();

    let setup = Setup::new().with_named_file("c.json", &file.to_string());
    let mistakes = setup.load_for(&engines).roles.unwrap_err();

    assert_eq!(
        mistakes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [
            "roles.analyst.tables: Cannot be held on the connection `shop`: which tables a statement touches is not known on mysql. Expected `connections` of engines where it is known, or no `tables`."
        ]
    );
}
