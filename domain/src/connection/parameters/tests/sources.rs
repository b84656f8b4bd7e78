//! What sources say, alone and together.

use super::{super::*, ENGINES, mistakes, told, variables};
use crate::connection::TlsMode;

#[test]
fn every_mistake_is_reported_at_once() {
    let layer = variables(&[
        ("TYPE", "postgre"),
        ("PORT", "abc"),
        ("SSL", "require"),
        ("IDLE_TIMEOUT", "0"),
        ("PASWORD", "hunter2"),
        ("MAX_ROWS", "-1"),
        ("SSL_CERT", "/c.pem"),
    ]);

    assert_eq!(
        mistakes(build(&[layer], ENGINES)),
        [
            "X_DB_PASWORD: Is not a parameter of a connection. Did you mean X_DB_PASSWORD?",
            "X_DB_TYPE: `postgre` is not a known engine. Expected one of postgresql, postgres, pg, mysql, mariadb, \
             sqlite. Did you mean postgres?",
            "X_DB_PORT: Is not a whole number. Expected a whole number from 1 to 65,535.",
            "X_DB_SSL: Is neither true nor false. Expected true or false. Did you mean SSL_MODE=require?",
            "X_DB_IDLE_TIMEOUT: 0 is out of range. Expected a whole number of milliseconds from 1 to 86,400,000.",
            "X_DB_MAX_ROWS: Is negative. Expected a whole number of rows from 1 to 1,000,000,000.",
            "X_DB_SSL_CERT: Is of no use alone: a client certificate has two files. Expected X_DB_SSL_KEY too.",
        ]
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn contradictions_within_one_source_are_mistakes() {
    let url = "postgres://u:p@h/db";
    let server = [("TYPE", "pg"), ("HOST", "h"), ("USER", "u")];
    for (pairs, expected) in [
        (
            vec![("URL", url), ("HOST", "g")],
            vec!["X_DB_HOST: Contradicts `X_DB_URL`; leave one of them out."],
        ),
        (
            vec![("URL", url), ("HOST", "h")],
            vec!["X_DB_HOST: Is already in `X_DB_URL`; leave one of them out."],
        ),
        (
            vec![("URL", url), ("PORT", "1")],
            vec!["X_DB_PORT: Contradicts `X_DB_URL`; leave one of them out."],
        ),
        (
            vec![("URL", url), ("NAME", "x")],
            vec!["X_DB_NAME: Contradicts `X_DB_URL`; leave one of them out."],
        ),
        (
            vec![("URL", url), ("USER", "x")],
            vec!["X_DB_USER: Contradicts `X_DB_URL`; leave one of them out."],
        ),
        (
            vec![("URL", url), ("PASSWORD", "p")],
            vec!["X_DB_PASSWORD: Contradicts `X_DB_URL`; leave one of them out."],
        ),
        (
            vec![("URL", url), ("PASSWORD_FILE", "/f")],
            vec!["X_DB_PASSWORD_FILE: Contradicts `X_DB_URL`; leave one of them out."],
        ),
        (
            vec![("URL", url), ("TYPE", "mysql")],
            vec!["X_DB_TYPE: Contradicts `X_DB_URL`; leave one of them out."],
        ),
        (
            [&server[..], &[("PASSWORD", "p"), ("PASSWORD_FILE", "/f")]].concat(),
            vec!["X_DB_PASSWORD_FILE: Contradicts `X_DB_PASSWORD`; leave one of them out."],
        ),
        (
            [&server[..], &[("SSL", "true"), ("SSL_MODE", "disable")]].concat(),
            vec!["X_DB_SSL: Contradicts `X_DB_SSL_MODE`; leave one of them out."],
        ),
        (
            [
                &server[..],
                &[("SSL", "false"), ("SSL_MODE", "verify-full")],
            ]
            .concat(),
            vec!["X_DB_SSL: Contradicts `X_DB_SSL_MODE`; leave one of them out."],
        ),
        (
            [&server[..], &[("SSL_MODE", "require"), ("SSL_CA", "/ca")]].concat(),
            vec![
                "X_DB_SSL_CA: Would not be used: with `require` nobody's certificate is checked. Expected X_DB_SSL_MODE to be verify-full or verify-ca.",
            ],
        ),
        (
            [&server[..], &[("SSL_KEY", "/k")]].concat(),
            vec![
                "X_DB_SSL_KEY: Is of no use alone: a client certificate has two files. Expected X_DB_SSL_CERT too.",
            ],
        ),
        (
            [&server[..], &[("MIN_CONNECTIONS", "11")]].concat(),
            vec![
                "X_DB_MIN_CONNECTIONS: Is more than the largest number of connections, 10. Expected at most that many.",
            ],
        ),
        (
            vec![
                ("TYPE", "sqlite"),
                ("NAME", "x.db"),
                ("HOST", "h"),
                ("PASSWORD", "p"),
            ],
            vec![
                "X_DB_HOST: Has no meaning for sqlite, whose databases are files. Expected to be left out.",
                "X_DB_PASSWORD: Has no meaning for sqlite, whose databases are files. Expected to be left out.",
            ],
        ),
        (
            vec![
                ("TYPE", "mysql"),
                ("HOST", "h"),
                ("USER", "u"),
                ("NAME", "shop"),
                ("SCHEMA", "sales"),
                ("POOLER", "true"),
            ],
            vec![
                "X_DB_SCHEMA: Would not be used: for mysql a schema is a database, and X_DB_NAME names one. Expected to be left out.",
                "X_DB_POOLER: Has no meaning for mysql. Expected to be left out.",
            ],
        ),
        (
            vec![
                ("TYPE", "pg"),
                ("HOST", "h"),
                ("USER", "u"),
                ("ATTACH", "a=b.db"),
            ],
            vec![
                "X_DB_ATTACH: Has no meaning for postgresql, whose databases are no files. Expected to be left out.",
            ],
        ),
        (
            vec![("TYPE", "sqlite"), ("NAME", "x.db"), ("ATTACH", "b.db")],
            vec![
                "X_DB_ATTACH: Is no list of files. Expected up to ten names with their files, such as archive=archive.db, separated by commas.",
            ],
        ),
        (
            vec![
                ("TYPE", "sqlite"),
                ("NAME", "x.db"),
                ("SCHEMA", "main"),
                ("POOLER", "true"),
            ],
            vec![
                "X_DB_SCHEMA: Has no meaning for sqlite, whose databases are files. Expected to be left out.",
                "X_DB_POOLER: Has no meaning for sqlite, whose databases are files. Expected to be left out.",
            ],
        ),
        (
            vec![("TYPE", "pg")],
            vec![
                "X_DB_USER: Is missing. Expected the user to sign in as.",
                "X_DB_HOST: Is missing. Expected the server's name or address, or the path of its socket.",
            ],
        ),
        (
            vec![("HOST", "h")],
            vec!["X_DB_TYPE: Is missing. Expected the engine of the database, or a URL."],
        ),
        (
            vec![("TYPE", "sqlite")],
            vec!["X_DB_NAME: Is missing. Expected the path of the database file, or :memory:."],
        ),
        (
            vec![
                ("TYPE", "pg"),
                ("USER", "u"),
                ("HOST", "postgres://u:hunter2@h"),
            ],
            vec![
                "X_DB_HOST: Is more than a host. Expected a host name, an address, or the path of a socket. Did you mean the parameter URL?",
            ],
        ),
        (
            vec![("TYPE", "pg"), ("USER", "u"), ("HOST", "h:5432")],
            vec![
                "X_DB_HOST: Is neither a host name nor an IPv6 address. Expected a host name alone; the port is the parameter PORT.",
            ],
        ),
    ] {
        assert_eq!(
            mistakes(build(&[variables(&pairs)], ENGINES)),
            expected,
            "{pairs:?}"
        );
    }
}

#[test]
fn a_url_may_be_completed_by_what_it_does_not_say() {
    let layer = variables(&[
        ("URL", "postgres://u@h/db"),
        ("PASSWORD", "p"),
        ("TYPE", "pg"),
        ("SSL", "true"),
    ]);

    let config = build(&[layer], ENGINES).outcome.unwrap();

    assert_eq!(told(&config), "postgresql | u | p | h 5432 | db");
    assert_eq!(config.tls.mode, TlsMode::Require);
}

#[test]
fn later_sources_win_parameter_by_parameter() {
    let server = &[
        ("TYPE", "pg"),
        ("HOST", "h"),
        ("PORT", "6000"),
        ("NAME", "db"),
        ("USER", "u"),
        ("PASSWORD", "p"),
        ("MAX_ROWS", "7"),
    ];
    for (later, expected) in [
        (&[("PASSWORD", "q")][..], "postgresql | u | q | h 6000 | db"),
        (
            &[("PASSWORD_FILE", "/f")],
            "postgresql | u | file /f | h 6000 | db",
        ),
        (&[("HOST", "g")], "postgresql | u | p | g 6000 | db"),
        (&[("HOST", "")], "postgresql | u | p | h 6000 | db"),
        // A URL is an address as a whole: the port of another host is not kept.
        (
            &[("URL", "postgres://v@g")],
            "postgresql | v | p | g 5432 | db",
        ),
        (&[("URL", "sqlite:x.db")], "sqlite | - | - | file x.db | -"),
        (&[("URL", "mysql://v@g/e")], "mysql | v | - | g 3306 | e"),
    ] {
        let config = build(&[variables(server), variables(later)], ENGINES)
            .outcome
            .unwrap();
        assert_eq!(told(&config), expected, "{later:?}");
        assert_eq!(config.max_rows, 7);
    }
}

#[test]
fn protection_is_what_was_asked_for() {
    for (pairs, expected) in [
        (&[][..], TlsMode::Prefer),
        (&[("SSL", "yes")], TlsMode::Require),
        (&[("SSL", "0")], TlsMode::Disable),
        (&[("SSL_MODE", "Verify-CA")], TlsMode::VerifyCa),
        (
            &[("SSL", "true"), ("SSL_MODE", "verify-full")],
            TlsMode::VerifyFull,
        ),
        (&[("SSL_CA", "/ca.pem")], TlsMode::VerifyFull),
    ] {
        let server = [&[("TYPE", "pg"), ("HOST", "h"), ("USER", "u")][..], pairs].concat();
        let config = build(&[variables(&server)], ENGINES).outcome.unwrap();
        assert_eq!(config.tls.mode, expected, "{pairs:?}");
    }
}

#[test]
fn a_host_that_is_a_path_is_a_socket() {
    let layer = variables(&[
        ("TYPE", "mysql"),
        ("HOST", "/run/mysqld/mysqld.sock"),
        ("USER", "u"),
    ]);

    let config = build(&[layer], ENGINES).outcome.unwrap();

    assert_eq!(
        told(&config),
        "mysql | u | - | socket /run/mysqld/mysqld.sock 3306 | -"
    );
}

#[test]
fn the_export_has_every_parameter_and_no_secret() {
    let mut layer = variables(&[("URL", "postgres://u@h/db?sslmode=require")]);
    layer.give(
        "PASSWORD",
        GivenValue::text("hunter2"),
        Some("X_DB_PASSWORD".to_owned()),
    );
    layer.give("READ_ONLY", GivenValue::text("no"), None);

    let exported = build(&[layer], ENGINES).exported;

    assert_eq!(
        serde_json::to_string(&exported).unwrap(),
        r#"{"type":"postgresql","host":"h","database":"db","user":"u","password":"${X_DB_PASSWORD}","sslMode":"require","readOnly":false}"#
    );
}

#[test]
fn no_secret_is_in_debug_output_or_in_a_mistake() {
    for pairs in [
        vec![("URL", "postgres://u:hunter2@h/db"), ("MAX_ROWS", "7")],
        vec![
            ("URL", "postgres://u:hunter2@h/db"),
            ("PASSWORD", "hunter2"),
        ],
        vec![("URL", "postgres://u:x@y/hunter2?z=1@h/db")],
        vec![("URL", "postgres://u:x?hunter2=1&hunter2@h")],
        vec![("URL", "hunter2")],
        vec![("URL", "postgres://h/db?hunter2=1")],
        vec![("TYPE", "postgres://u:hunter2@h/db")],
        vec![
            ("TYPE", "pg"),
            ("HOST", "u:hunter2@h"),
            ("NAME", "postgres://u:hunter2@h/db"),
            ("PORT", "hunter2"),
            ("SSL", "hunter2"),
            ("MAX_ROWS", "hunter2"),
            ("TIME_ZONE", "hunter2 hunter2"),
        ],
        vec![
            ("TYPE", "pg"),
            ("HOST", "h"),
            ("USER", "u"),
            ("PASSWORD", "hunter2\0"),
        ],
    ] {
        let layer = variables(&pairs);
        let before = format!("{layer:?}");
        let built = build(&[layer], ENGINES);
        let after = format!(
            "{built:?}{}",
            serde_json::to_string(&built.exported).unwrap()
        );
        for text in [before, after] {
            assert!(!text.contains("hunter2"), "{pairs:?}: {text}");
        }
    }
}
