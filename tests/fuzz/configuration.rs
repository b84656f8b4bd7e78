//! No configuration makes the loader fail, and no secret in it is told.

use bootstrap::commands::check::{Attempts, report_json, report_text};
use domain::connection::{KnownConfiguration, Password};
use proptest::{
    collection::vec,
    option,
    prelude::{any, prop_oneof},
    sample::select,
    strategy::Strategy,
};
use secrecy::ExposeSecret;

use super::{holds, statements::noise};
use crate::configuration::Setup;

const WORDS: &[&str] = &[
    "TYPE",
    "URL",
    "HOST",
    "PORT",
    "NAME",
    "USER",
    "PASSWORD",
    "PASSWORD_FILE",
    "PASWORD",
    "SSL",
    "SSL_MODE",
    "SSL_CA",
    "READ_ONLY",
    "ALLOW_ADMIN",
    "MAX_CONNECTIONS",
    "STATEMENT_TIMEOUT",
    "SCHEMA",
    "TIME_ZONE",
    "POOLER",
    "",
    "_",
    "É",
];

const VALUES: &[&str] = &[
    "",
    "postgres",
    "pg",
    "mysql",
    "sqlite",
    "h",
    "db.example.org",
    "::1",
    "[::1]",
    "/run/db",
    "C:\\data\\shop.db",
    "0",
    "5432",
    "65536",
    "-1",
    "1e3",
    "99999999999999999999",
    "true",
    "TRUE",
    "maybe",
    "require",
    "verify-full",
    "${X}",
    "${X:-y}",
    "$${X}",
    "${",
    "***",
    " ",
    "\u{0}",
    "é",
    "postgres://u@h/db",
    "mysql://h",
    "sqlite:///C:/x.db",
    "postgres://[::1",
    "postgres://u:p@h:port/db?sslmode=x&y=%zz#",
    "http://h",
    "://",
    "%",
];

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => select(VALUES).prop_map(str::to_owned),
        1 => noise(),
    ]
}

fn variable() -> impl Strategy<Value = (String, String)> {
    let prefix = select(&["", "X_", "EU_WEST_", "MCP_", "x_", "_", "X_DB_Y_"][..]);
    let middle = select(&["DB_", "DB", "DATABASE_", "LOG_", ""][..]);
    (prefix, middle, select(WORDS), value())
        .prop_map(|(prefix, middle, word, value)| (format!("{prefix}{middle}{word}"), value))
}

/// A file of either syntax: pieces of one in any order, or noise.
fn file() -> impl Strategy<Value = (&'static str, String)> {
    let pieces = select(
        &[
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            "\"",
            "=",
            "\n",
            ".",
            "null",
            "1",
            "1.5e999",
            "true",
            "{\"connections\":",
            "{\"x\":{",
            "\"type\":\"pg\"",
            "\"host\":\"h\"",
            "\"user\":\"${X}\"",
            "\"port\":5432",
            "\"url\":[\"x\"]",
            "\"password\":\"x\"",
            "\"server\":{\"logLevel\":\"x\"}",
            "}}}",
            "[connections.x]\n",
            "[server]\n",
            "type = 'pg'\n",
            "port = 1\n",
            "host = \"h\"\n",
            "user = 1979-05-27\n",
            "'''",
            "\\u0000",
            "\\ud800",
            "#",
        ][..],
    );
    let text = prop_oneof![
        4 => vec(pieces, 0..14).prop_map(|pieces| pieces.concat()),
        1 => noise(),
        1 => (1..3000_usize).prop_map(|depth| "{\"connections\":".repeat(depth)),
        1 => (1..3000_usize).prop_map(|depth| format!("x = {}", "[".repeat(depth))),
    ];
    (
        select(&["c.json", "c.toml", "c.txt", "database-config.json"][..]),
        text,
    )
}

/// What leaves the process in any way.
fn told(setup: &Setup) -> String {
    let configuration = setup.load();
    let exported: Vec<_> = configuration
        .known
        .iter()
        .map(KnownConfiguration::importable)
        .collect();
    format!(
        "{configuration:?}\n{exported:?}\n{}\n{}\n{:?} {:?}",
        report_text(&configuration, &Attempts::new()),
        report_json(&configuration, &Attempts::new()),
        setup.environment,
        setup.urls,
    )
}

#[test]
fn nothing_makes_the_loader_fail() {
    let sources = (
        vec(variable(), 0..8),
        option::of(file()),
        option::of(value()),
        any::<bool>(),
    );

    holds(400, &sources, |(variables, file, url, named)| {
        let mut setup = Setup::new().with("X", "y");
        for (name, value) in &variables {
            setup = setup.with(name, value);
        }
        if let Some((name, text)) = &file {
            setup = if named {
                setup.with_named_file(name, text)
            } else {
                setup.with_file(name, text)
            };
        }
        if let Some(url) = &url {
            setup = setup.with_url(named.then_some("u"), url);
        }
        told(&setup);
    });
}

/// Begins and ends with what nothing else says, with anything but a line's end in between.
fn password() -> impl Strategy<Value = String> {
    let odd = select(
        "@:/?#[]%&=+$ '\"\\<>{}|^`~!*(),;.-é€🚢\u{a0}\u{7f}xA0"
            .chars()
            .collect::<Vec<_>>(),
    );
    vec(odd, 0..12).prop_map(|odd| format!("q7Zk{}w9Vj", String::from_iter(odd)))
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[test]
fn a_password_is_read_exactly_and_never_told() {
    holds(
        150,
        &(password(), select(&["postgres", "mysql"][..])),
        |(password, engine)| {
            let json = serde_json::to_string(&password)
                .unwrap()
                .replace("${", "$${");
            let url = format!("{engine}://u:{}@h/db", encoded(&password));
            for setup in [
            Setup::new().variables(&[("X_DB_TYPE", engine), ("X_DB_HOST", "h"), ("X_DB_USER", "u"), ("X_DB_PASSWORD", &password)]),
            Setup::new().with("X_DB_URL", &url),
            Setup::new().with_url(Some("x"), &format!("{engine}://u:{password}@h/db")),
            Setup::new().with_named_file(
                "c.json",
                &format!(r#"{{"connections": {{"x": {{"type": "{engine}", "host": "h", "user": "u", "password": {json}}}}}}}"#),
            ),
        ] {
            let configuration = setup.load();
            let config = configuration.known[0].outcome.as_ref().unwrap();
            let Some(Password::Given(read)) = &config.password else {
                panic!("no password");
            };
            assert_eq!(read.expose_secret(), password);
            assert_untold(&setup, &password);
        }
        },
    );
}

#[test]
fn a_password_among_mistakes_is_not_told() {
    let broken = (password(), select(VALUES), select(VALUES), select(WORDS));

    holds(300, &broken, |(password, one, other, word)| {
        let one = one.replace('@', "");
        let hidden = encoded(&password);
        let url = format!("postgres://u:{password}@{one}:{other}/db?{one}={hidden}");
        let json = serde_json::to_string(&password).unwrap();
        let given = format!("X_DB_{word}");
        for setup in [
            Setup::new().with("DATABASE_URL", &url).with_url(Some("x"), &url),
            Setup::new().with("X_DB_URL", &password).with("X_DB_PASSWORD", &password),
            Setup::new().variables(&[("X_DB_TYPE", one.as_str()), ("X_DB_HOST", other), ("X_DB_PASSWORD", &password), ("X_DB_PORT", &url)]),
            Setup::new().variables(&[("X_DB_TYPE", "pg"), (&given, &one), ("X_DB_PASWORD", &password)]),
            Setup::new().with_named_file("c.json", &format!(r#"{{"connections": {{"x": {{"{word}": "{one}", "password": {json}, "url": {json}}}}}}}"#)),
            Setup::new().with_named_file("c.json", &format!(r#"{{"connections": {{"x": {{"password": {json} {one}"#)),
            Setup::new().with_named_file("c.toml", &format!("[connections.x]\npassword = {json}\nport = {one}\nurl = {password}")),
        ] {
            assert_untold(&setup, &password);
        }
    });
}

/// Neither as it stands nor as any of the forms in which a report may write it; its ends stand for pieces of it.
fn assert_untold(setup: &Setup, password: &str) {
    let told = told(setup);
    for piece in [password, "q7Zk", "w9Vj"] {
        assert!(!told.contains(piece), "{password:?} is told: {told}");
    }
}
