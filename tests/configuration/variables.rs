//! `DB_*`, `{NAME}_DB_*`, `DATABASE_URL` and the command line.

use super::{Setup, known, strings, told};

const PROD: [(&str, &str); 5] = [
    ("PROD_DB_TYPE", "postgres"),
    ("PROD_DB_HOST", "h"),
    ("PROD_DB_NAME", "shop"),
    ("PROD_DB_USER", "u"),
    ("PROD_DB_PASSWORD", "p"),
];

#[test]
fn variables_make_connections() {
    for (variables, expected) in [
        (&PROD[..], &["prod = postgresql u p h:5432 shop"][..]),
        (
            &[
                ("DB_TYPE", "mysql"),
                ("DB_HOST", "h"),
                ("DB_PORT", "3307"),
                ("DB_NAME", "shop"),
                ("DB_USER", "u"),
                ("DB_PASSWORD", "p"),
            ],
            &["default = mysql u p h:3307 shop"],
        ),
        (
            &[
                ("EU_WEST_DB_URL", "mariadb://u:p@h/shop"),
                ("A_DB_B_DB_TYPE", "sqlite"),
                ("A_DB_B_DB_NAME", "b.db"),
                ("7_DB_URL", "sqlite:7.db"),
            ],
            &[
                "7 = sqlite - - file 7.db -",
                "a_db_b = sqlite - - file b.db -",
                "eu_west = mysql u p h:3306 shop",
            ],
        ),
        (
            &[("DATABASE_URL", "postgres://u:p@h/db")],
            &["default = postgresql u p h:5432 db"],
        ),
        (
            &[("X_DB_TYPE", "sqlite"), ("X_DB_NAME", r"C:\data\shop.db")],
            &[r"x = sqlite - - file C:\data\shop.db -"],
        ),
        (
            &[("X_DB_URL", "sqlite:///C:/data/shop.db")],
            &["x = sqlite - - file C:/data/shop.db -"],
        ),
        (
            &[("X_DB_TYPE", "sqlite"), ("X_DB_NAME", ":memory:")],
            &["x = sqlite - - memory -"],
        ),
        (
            &[
                ("X_DB_TYPE", "PG"),
                ("X_DB_HOST", "/var/run/postgresql"),
                ("X_DB_USER", "u"),
            ],
            &["x = postgresql u - socket /var/run/postgresql:5432 -"],
        ),
        (
            &[
                ("X_DB_TYPE", "pg"),
                ("X_DB_HOST", "h"),
                ("X_DB_USER", "u"),
                ("X_DB_PASSWORD_FILE", "/run/secrets/x"),
            ],
            &["x = postgresql u file /run/secrets/x h:5432 -"],
        ),
        // Set to nothing is as good as not set.
        (
            &[
                ("X_DB_TYPE", "pg"),
                ("X_DB_HOST", "h"),
                ("X_DB_USER", "u"),
                ("X_DB_PASSWORD", ""),
                ("X_DB_PORT", ""),
                ("X_DB_URL", ""),
            ],
            &["x = postgresql u - h:5432 -"],
        ),
    ] {
        let configuration = Setup::new().variables(variables).load();
        assert_eq!(told(&configuration), expected, "{variables:?}");
        assert!(configuration.is_valid());
    }
}

#[test]
fn what_is_not_ours_is_left_alone() {
    for variables in [
        &[("prod_DB_TYPE", "postgres"), ("prod_DB_HOST", "h")][..],
        &[("DB_PROD_TYPE", "postgres")],
        &[("INVALID_PROD_TYPE", "postgres")],
        &[
            ("WORDPRESS_DB_CHARSET", "utf8"),
            ("WORDPRESS_DB_COLLATE", ""),
        ],
        &[("DB_CHARSET", "utf8"), ("DBUS_SESSION", "x")],
        &[("_DB_TYPE", "postgres")],
    ] {
        let configuration = Setup::new().variables(variables).load();
        assert_eq!(told(&configuration), Vec::<String>::new(), "{variables:?}");
        assert_eq!(configuration.ignored, [], "{variables:?}");
        assert!(configuration.is_valid());
    }
}

#[test]
fn variables_without_type_and_url_are_told_of_but_not_used() {
    for (variables, expected) in [
        (
            &[("PROD_DB_HOST", "h"), ("PROD_DB_USER", "u")][..],
            "PROD_DB_HOST, PROD_DB_USER: There is neither PROD_DB_TYPE nor PROD_DB_URL, so they are taken for another \
             program's.",
        ),
        (
            &[("PROD_DB_TYP", "postgres")],
            "PROD_DB_TYP: There is neither PROD_DB_TYPE nor PROD_DB_URL, so they are taken for another program's. Did \
             you mean PROD_DB_TYPE where it says PROD_DB_TYP?",
        ),
        (
            &[("DB_HOST", "h")],
            "DB_HOST: There is neither DB_TYPE nor DB_URL, so they are taken for another program's.",
        ),
    ] {
        let configuration = Setup::new().variables(variables).load();
        assert_eq!(strings(&configuration.ignored), [expected]);
        assert!(configuration.known.is_empty());
    }
}

#[test]
fn every_mistake_of_every_connection_is_reported_at_once() {
    let configuration = Setup::new()
        .variables(&PROD)
        .variables(&[
            ("BAD_DB_TYPE", "postgre"),
            ("BAD_DB_PORT", "70000"),
            ("BAD_DB_PASWORD", "hunter2"),
            ("BAD_DB_host", "h"),
            ("BAD_DB_READ_ONLY", "maybe"),
            ("WORSE_DB_URL", "postgres://u:p@h/db"),
            ("WORSE_DB_HOST", "g"),
            ("WORSE_DB_MAX_CONNECTIONS", "many"),
        ])
        .load();

    assert_eq!(
        told(&configuration),
        [
            "bad ! BAD_DB_PASWORD: Is not a parameter of a connection. Did you mean BAD_DB_PASSWORD?",
            "bad ! BAD_DB_host: Is not a parameter of a connection. Did you mean BAD_DB_HOST?",
            "bad ! BAD_DB_PORT: 70,000 is out of range. Expected a whole number from 1 to 65,535.",
            "bad ! BAD_DB_READ_ONLY: Is neither true nor false. Expected true or false.",
            "bad ! BAD_DB_TYPE: `postgre` is not a known engine. Expected one of postgresql, postgres, pg, mysql, \
             mariadb, sqlite, sqlite3. Did you mean postgres?",
            "prod = postgresql u p h:5432 shop",
            "worse ! WORSE_DB_HOST: Contradicts `WORSE_DB_URL`; leave one of them out.",
            "worse ! WORSE_DB_MAX_CONNECTIONS: Is not a whole number. Expected a whole number of connections from 1 \
             to 10,000.",
        ]
    );
    assert!(!configuration.is_valid());
}

#[test]
fn an_unknown_variable_is_a_mistake_only_where_it_can_be_one() {
    let configuration = Setup::new()
        .variables(&PROD)
        .variables(&[
            ("PROD_DB_CHARSET", "utf8"),
            // Many programs have variables that begin with DB_.
            ("DB_URL", "sqlite:x.db"),
            ("DB_CHARSET", "utf8"),
            ("DB_DATABASE", "x"),
        ])
        .load();

    let told = told(&configuration);
    assert_eq!(
        told[0],
        "default ! DB_DATABASE: Is not a parameter of a connection. Did you mean DB_NAME?"
    );
    assert!(told[1].starts_with(
        "prod ! PROD_DB_CHARSET: Is not a parameter of a connection. Expected one of TYPE, URL, HOST,"
    ));
    assert_eq!(told.len(), 2);
}

#[test]
fn the_order_of_sources_decides() {
    let file = r#"{"connections": {
        "default": {"type": "mysql", "host": "file", "database": "file", "user": "file", "maxRows": 7},
        "prod": {"type": "mysql", "host": "file", "database": "file", "user": "file", "password": "file", "maxRows": 7}
    }}"#;
    for (variables, urls, expected) in [
        (
            &[][..],
            &[][..],
            [
                "default = mysql file - file:3306 file",
                "prod = mysql file file file:3306 file",
            ],
        ),
        (
            &[("PROD_DB_PASSWORD", "env"), ("DB_PASSWORD", "env")],
            &[],
            [
                "default = mysql file env file:3306 file",
                "prod = mysql file env file:3306 file",
            ],
        ),
        (
            &[("PROD_DB_HOST", "env"), ("DB_HOST", "env")],
            &[],
            [
                "default = mysql file - env:3306 file",
                "prod = mysql file file env:3306 file",
            ],
        ),
        (
            &[
                ("PROD_DB_URL", "mysql://h:1"),
                ("DB_TYPE", "mariadb"),
                ("DB_HOST", "env"),
                ("DATABASE_URL", "mysql://v@url/x"),
            ],
            &[],
            [
                "default = mysql v - url:3306 x",
                "prod = mysql file file h:1 file",
            ],
        ),
        (
            &[("DATABASE_URL", "mysql://v@url/x")],
            &[(None, "mysql://cli"), (Some("prod"), "mysql://cli/y")],
            [
                "default = mysql v - cli:3306 x",
                "prod = mysql file file cli:3306 y",
            ],
        ),
        (
            &[("PROD_DB_HOST", "env")],
            &[(None, "sqlite:x.db"), (Some("PROD"), "sqlite:y.db")],
            [
                "default = sqlite - - file x.db -",
                "prod = sqlite - - file y.db -",
            ],
        ),
    ] {
        let mut setup = Setup::new()
            .variables(variables)
            .with_named_file("c.json", file);
        for (name, url) in urls {
            setup = setup.with_url(*name, url);
        }
        let configuration = setup.load();
        assert_eq!(told(&configuration), expected, "{variables:?} {urls:?}");
        for known in &configuration.known {
            assert_eq!(known.outcome.as_ref().unwrap().max_rows, 7);
        }
    }
}

#[test]
fn the_source_tells_all_that_had_a_say() {
    let configuration = Setup::new()
        .with("PROD_DB_PASSWORD", "p")
        .with_named_file(
            "c.json",
            r#"{"connections": {"prod": {"type": "pg", "host": "h", "user": "u"}}}"#,
        )
        .with_url(Some("prod"), "pg://g")
        .load();

    assert_eq!(
        known(&configuration, "prod").source,
        "c.json + environment (PROD_DB_*) + command line"
    );
    assert_eq!(
        configuration.sources,
        ["c.json", "environment (PROD_DB_*)", "command line"]
    );
}

#[test]
fn variables_of_other_programs_do_not_mix_with_a_url() {
    let configuration = Setup::new()
        .variables(&[
            ("DB_HOST", "other"),
            ("DB_PASSWORD", "other"),
            ("DB_CONNECTION", "mysql"),
        ])
        .with_url(None, "sqlite:shop.db")
        .load();

    assert_eq!(
        told(&configuration),
        ["default = sqlite - - file shop.db -"]
    );
}

#[test]
fn two_urls_for_one_name_are_a_mistake_of_that_connection() {
    let configuration = Setup::new()
        .with_url(None, "sqlite:a.db")
        .with_url(Some("default"), "sqlite:b.db")
        .with_url(Some("no name"), "sqlite:c.db")
        .with_url(Some("other"), "sqlite:d.db")
        .load();

    assert_eq!(
        told(&configuration),
        [
            "default ! --url default: A second URL for the connection default. Expected another name, as in \
             --url reports=postgres://….",
            "other = sqlite - - file d.db -"
        ]
    );
    assert_eq!(
        strings(&configuration.mistakes),
        ["--url no name: `no name` cannot be the name of a connection."]
    );
}

#[test]
fn a_value_that_is_not_utf_8_is_a_mistake_where_it_is_ours() {
    let mut setup = Setup::new().variables(&PROD[..4]);
    setup.environment = std::mem::take(&mut setup.environment)
        .with_unreadable("PROD_DB_PASSWORD")
        .with_unreadable("LATIN_DB_TYPE")
        .with_unreadable("DATABASE_URL")
        .with_unreadable("OTHER");

    let configuration = setup.load();

    assert_eq!(
        told(&configuration),
        [
            "latin ! LATIN_DB_TYPE: Is not valid UTF-8.",
            "prod ! PROD_DB_PASSWORD: Is not valid UTF-8."
        ]
    );
    assert_eq!(
        strings(&configuration.mistakes),
        ["DATABASE_URL: Is not valid UTF-8."]
    );
}

#[test]
fn a_name_that_cannot_be_one_is_told_of() {
    let configuration = Setup::new().with("_X_DB_TYPE", "sqlite").load();

    assert_eq!(
        strings(&configuration.ignored),
        [
            "_X_DB_TYPE: The name of a connection begins with a letter or a digit and has at most 64 characters."
        ]
    );
}

#[test]
fn the_two_prefixes_of_the_default_connection_do_not_mix() {
    let configuration = Setup::new()
        .variables(&[("DB_HOST", "other"), ("DEFAULT_DB_URL", "sqlite:x.db")])
        .load();

    assert_eq!(told(&configuration), ["default = sqlite - - file x.db -"]);
    assert_eq!(
        strings(&configuration.ignored),
        ["DB_HOST: The connection default is already given by DEFAULT_DB_*."]
    );
}

#[test]
fn every_parameter_has_its_effect() {
    let configuration = Setup::new()
        .variables(&PROD)
        .variables(&[
            ("PROD_DB_SSL_MODE", "verify-full"),
            ("PROD_DB_SSL_CA", "ca.pem"),
            ("PROD_DB_SSL_CERT", "c.pem"),
            ("PROD_DB_SSL_KEY", "k.pem"),
            ("PROD_DB_MAX_CONNECTIONS", "3"),
            ("PROD_DB_MIN_CONNECTIONS", "1"),
            ("PROD_DB_IDLE_TIMEOUT", "1001"),
            ("PROD_DB_MAX_LIFETIME", "0"),
            ("PROD_DB_CONNECTION_TIMEOUT", "1002"),
            ("PROD_DB_ACQUIRE_TIMEOUT", "1003"),
            ("PROD_DB_STATEMENT_TIMEOUT", "1004"),
            ("PROD_DB_READ_ONLY", "off"),
            ("PROD_DB_MAX_ROWS", "5"),
            ("PROD_DB_MAX_BYTES", "6"),
            ("PROD_DB_SCHEMA", "a, b"),
            ("PROD_DB_TIME_ZONE", "Europe/Lisbon"),
            ("PROD_DB_POOLER", "yes"),
        ])
        .load();

    let config = known(&configuration, "prod").outcome.as_ref().unwrap();
    let told: serde_json::Value = domain::connection::parameters::effective(config)
        .into_iter()
        .map(|(parameter, value)| (parameter.facts().key, value))
        .collect();
    assert_eq!(
        told,
        serde_json::json!({
            "type": "postgresql", "host": "h", "port": 5432, "database": "shop", "user": "u", "password": "***",
            "sslMode": "verify-full", "sslCa": "ca.pem", "sslCert": "c.pem", "sslKey": "k.pem",
            "maxConnections": 3, "minConnections": 1, "idleTimeout": 1001, "maxLifetime": 0,
            "connectionTimeout": 1002, "acquireTimeout": 1003, "statementTimeout": 1004, "readOnly": false,
            "maxRows": 5, "maxBytes": 6, "schema": "a, b", "timeZone": "Europe/Lisbon", "pooler": true,
        })
    );
    assert_eq!(config.pool.max_lifetime, None);
}
