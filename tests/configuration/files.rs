//! A file that was named: JSON or TOML, with variables.

use super::{Setup, known, strings, told};

#[test]
fn a_file_may_be_json_or_toml_and_spell_its_keys_in_three_ways() {
    let expected = [
        "prod = postgresql u p h:6000 shop",
        r"shop = sqlite - - file C:\data\shop.db -",
    ];
    for (name, text) in [
        (
            "c.json",
            r#"{"$schema": "x", "connections": {
                "prod": {"type": "postgres", "host": "h", "port": 6000, "database": "shop", "user": "u", "password": "p", "maxRows": 5, "ssl": null},
                "Shop": {"type": "sqlite", "name": "C:\\data\\shop.db", "read_only": true, "MAX_ROWS": "5"}
            }}"#,
        ),
        (
            "c.TOML",
            r#"
                [connections.prod]
                url = "postgres://u:p@h:6000/shop"
                max_rows = 5

                [connections.shop]
                type = "sqlite"
                database = 'C:\data\shop.db'
                maxRows = 5
            "#,
        ),
    ] {
        let configuration = Setup::new().with_named_file(name, text).load();
        assert_eq!(told(&configuration), expected, "{name}");
        assert_eq!(configuration.known[0].outcome.as_ref().unwrap().max_rows, 5);
        assert!(configuration.is_valid());
    }
}

#[test]
fn a_file_is_named_by_an_option_or_a_variable() {
    let file = |url: &str| format!(r#"{{"connections": {{"x": {{"url": "{url}"}}}}}}"#);
    for (variables, option, expected, mistakes) in [
        (
            &[("DATABASE_CONFIG_PATH", "a.json")][..],
            None,
            "x = sqlite - - file a -",
            &[][..],
        ),
        (
            &[("MCP_CONFIG_PATH", "a.json")],
            None,
            "x = sqlite - - file a -",
            &[],
        ),
        (
            &[
                ("MCP_CONFIG_PATH", "a.json"),
                ("DATABASE_CONFIG_PATH", "a.json"),
            ],
            None,
            "x = sqlite - - file a -",
            &[],
        ),
        (
            &[("MCP_CONFIG_PATH", "a.json")],
            Some("b.json"),
            "x = sqlite - - file b -",
            &[],
        ),
        (
            &[
                ("MCP_CONFIG_PATH", "b.json"),
                ("DATABASE_CONFIG_PATH", "a.json"),
            ],
            None,
            "x = sqlite - - file a -",
            &[
                "MCP_CONFIG_PATH: Contradicts `DATABASE_CONFIG_PATH`; leave one of them out. `DATABASE_CONFIG_PATH` is used.",
            ],
        ),
    ] {
        let mut setup = Setup::new()
            .variables(variables)
            .with_file("a.json", &file("sqlite:a"))
            .with_file("b.json", &file("sqlite:b"))
            .with_file("database-config.json", &file("sqlite:found"));
        setup.config = option.map(Into::into);
        let configuration = setup.load();
        assert_eq!(told(&configuration), [expected], "{variables:?}");
        assert_eq!(strings(&configuration.mistakes), mistakes, "{variables:?}");
    }
}

#[test]
fn a_file_that_cannot_be_read_leaves_the_others_working() {
    for (name, text, expected) in [
        (
            "c.json",
            Some("{\n  \"connections\": {,"),
            "c.json: Line 2, column 19: key must be a string.",
        ),
        (
            "c.json",
            Some(r#"{"connections": {"x": {"name": "C:\data"}}}"#),
            r"c.json: Line 1, column 36: invalid escape. Expected every backslash twice, as in C:\\data\\shop.db, or slashes instead.",
        ),
        (
            "c.toml",
            Some("[connections\n"),
            "c.toml: Line 1, column 13: ",
        ),
        (
            "c.yaml",
            Some("connections:"),
            "--config: The file c.yaml is neither JSON nor TOML by its name. Expected a name that ends in .json or .toml.",
        ),
        (
            "c.json",
            None,
            "--config: The file c.json cannot be read: it does not exist.",
        ),
        (
            "c.json",
            Some("[]"),
            "c.json: Is a list. Expected an object with the keys `connections` and `server`.",
        ),
    ] {
        let setup = Setup::new().with("X_DB_URL", "sqlite:x.db");
        let mut setup = match text {
            Some(text) => setup.with_file(name, text),
            None => setup,
        };
        setup.config = Some(name.into());
        let configuration = setup.load();
        assert_eq!(told(&configuration), ["x = sqlite - - file x.db -"]);
        let mistakes = strings(&configuration.mistakes);
        assert_eq!(mistakes.len(), 1, "{mistakes:?}");
        assert!(mistakes[0].starts_with(expected), "{mistakes:?}");
        assert!(!configuration.is_valid());
    }
}

#[test]
fn clients_may_not_connect_ad_hoc_while_the_file_that_might_forbid_it_is_unreadable() {
    let setup = Setup::new().with_named_file("c.json", "{");
    let allowed = Setup::new()
        .with("MCP_ADHOC_CONNECTIONS", "true")
        .with_named_file("c.json", "{");

    assert!(!setup.load().settings.unwrap().adhoc_connections);
    assert_eq!(setup.load().warnings[0].key, "adhocConnections");
    assert!(allowed.load().settings.unwrap().adhoc_connections);
}

#[test]
fn least_privilege_is_required_while_the_file_that_might_ask_for_it_is_unreadable() {
    let setup = Setup::new().with_named_file("c.json", "{");
    let waived = Setup::new()
        .with("MCP_REQUIRE_LEAST_PRIVILEGE", "false")
        .with_named_file("c.json", "{");

    assert!(setup.load().settings.unwrap().require_least_privilege);
    assert_eq!(setup.load().warnings[1].key, "requireLeastPrivilege");
    assert!(!waived.load().settings.unwrap().require_least_privilege);
}

#[test]
fn one_broken_entry_leaves_the_others_working_and_every_mistake_is_reported() {
    let configuration = Setup::new()
        .with_named_file(
            "c.json",
            r#"{
                "conections": {},
                "connections": {
                    "good": {"url": "sqlite:good.db"},
                    "bad": {"type": "sqlite", "databse": "x.db", "maxRows": 1.5, "ssl": [], "port": true, "password": 7},
                    "username": {"type": "pg", "host": "h", "username": "u"},
                    "twice": {"url": "sqlite:x", "maxRows": 1, "max_rows": 2},
                    "list": [],
                    "path": {"type": "sqlite", "name": "C:\temp\new.db"},
                    "a b": {},
                    "GOOD": {"url": "sqlite:other.db"}
                }
            }"#,
        )
        .load();

    assert_eq!(
        told(&configuration),
        [
            "bad ! connections.bad.databse: Is not a parameter of a connection. Did you mean connections.bad.database?",
            "bad ! connections.bad.ssl: Is a list. Expected true or false.",
            "bad ! connections.bad.maxRows: Is not a whole number. Expected a whole number of rows from 1 to 1,000,000,000.",
            "bad ! connections.bad.port: Is a truth value. Expected a whole number from 1 to 65,535.",
            "bad ! connections.bad.password: Is a number. Expected text in quotes.",
            "bad ! connections.bad.database: Is missing. Expected the path of the database file, or :memory:.",
            "good ! connections.GOOD: Names the connection good a second time; names differ by more than letter case.",
            "list ! connections.list: Is a list. Expected an object with the parameters of a connection.",
            "list ! connections.list.type: Is missing. Expected the engine of the database, or a URL.",
            "path ! connections.path.name: Holds a control character. Expected text without them; in JSON and in \
             quoted TOML a backslash is written twice.",
            "twice ! connections.twice.max_rows: Says the same as `connections.twice.maxRows`; leave one of them out.",
            "username ! connections.username.username: Is not a parameter of a connection. Did you mean \
             connections.username.user?",
            "username ! connections.username.user: Is missing. Expected the user to sign in as.",
        ]
    );
    assert_eq!(
        strings(&configuration.mistakes),
        [
            "conections: Is not a key of this file. Expected `connections`, `server`, `identity` or `roles`. Did you mean connections?",
            "connections.a b: `a b` cannot be the name of a connection. Expected use letters, digits, `_` and `-`, at \
             most 64, beginning with a letter or a digit.",
        ]
    );
}

#[test]
fn values_take_variables_from_the_environment() {
    let file = r#"{"connections": {
        "prod": {"type": "pg", "host": "${HOST}", "port": "${PORT}", "user": "u_$${X}", "password": "${SECRET}"}
    }}"#;
    let configuration = Setup::new()
        .variables(&[("HOST", "h"), ("PORT", "6000"), ("SECRET", "a${HOST}b")])
        .with_named_file("c.json", file)
        .load();

    assert_eq!(
        told(&configuration),
        ["prod = postgresql u_${X} a${HOST}b h:6000 -"]
    );
    let exported = serde_json::to_value(&known(&configuration, "prod").exported).unwrap();
    assert_eq!(exported["password"], "${SECRET}");
    assert_eq!(
        told(
            &Setup::new()
                .with("SECRT", "x")
                .with_named_file("c.json", file)
                .load()
        ),
        [
            "prod ! connections.prod.host: The variable HOST is not set.",
            "prod ! connections.prod.port: The variable PORT is not set.",
            "prod ! connections.prod.password: The variable SECRET is not set. Did you mean SECRT?",
        ]
    );
}
