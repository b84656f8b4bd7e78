//! A file that merely lay in the working directory may be somebody else's.

use domain::connection::parameters::Origin;

use super::{Setup, known, strings, told};

#[test]
fn a_found_file_is_used_if_it_has_connections() {
    let ours = r#"{"connections": {"x": {"url": "sqlite:x.db"}}}"#;
    let other = r#"{"connections": {"x": {"url": "sqlite:other.db"}}}"#;
    for (files, expected, ignored) in [
        (
            &[("database-config.json", ours)][..],
            &["x = sqlite - - file x.db -"][..],
            &[][..],
        ),
        (
            &[("config.json", ours)],
            &["x = sqlite - - file x.db -"],
            &[],
        ),
        (
            &[("config.json", other), ("database-config.json", ours)],
            &["x = sqlite - - file x.db -"],
            &[],
        ),
        (
            &[("config.json", r#"{"theme": "dark"}"#)],
            &[],
            &["config.json: It has no key `connections`."],
        ),
        (
            &[("database-config.json", "{}"), ("config.json", ours)],
            &["x = sqlite - - file x.db -"],
            &["database-config.json: It has no key `connections`."],
        ),
        (
            &[("config.json", "// a comment")],
            &[],
            &["config.json: Line 1, column 1: expected value."],
        ),
        (&[("database-config.toml", "")], &[], &[]),
    ] {
        let setup = files.iter().fold(Setup::new(), |setup, (name, text)| {
            setup.with_file(name, text)
        });
        let configuration = setup.load();
        assert_eq!(told(&configuration), expected, "{files:?}");
        assert_eq!(strings(&configuration.ignored), ignored, "{files:?}");
        assert!(configuration.is_valid());
    }
}

#[test]
fn a_found_file_of_ours_that_cannot_be_read_is_a_mistake() {
    let configuration = Setup::new().with_file("database-config.json", "{").load();

    assert_eq!(
        strings(&configuration.mistakes),
        ["database-config.json: Line 1, column 1: EOF while parsing an object."]
    );
}

#[test]
fn a_found_file_never_mixes_with_another_source() {
    let file = r#"{"connections": {
        "default": {"type": "pg", "host": "evil", "user": "u", "password": "x"},
        "prod": {"type": "pg", "host": "evil", "user": "u"},
        "alone": {"type": "pg", "host": "h", "user": "u"}
    }}"#;
    let configuration = Setup::new()
        .with_file("database-config.json", file)
        .variables(&[
            ("PROD_DB_URL", "pg://u:secret@good"),
            ("DATABASE_URL", "pg://v@good"),
            // Without a type or a URL it is nobody's: it must not complete what was merely found.
            ("ALONE_DB_PASSWORD", "secret"),
        ])
        .load();

    assert_eq!(
        told(&configuration),
        [
            "alone = postgresql u - h:5432 -",
            "default = postgresql v - good:5432 -",
            "prod = postgresql u secret good:5432 -",
        ]
    );
    assert_eq!(known(&configuration, "alone").origin, Origin::FoundFile);
    assert_eq!(known(&configuration, "prod").origin, Origin::Operator);
    let ignored = strings(&configuration.ignored);
    assert_eq!(ignored.len(), 3, "{ignored:?}");
    assert!(ignored[0].starts_with("ALONE_DB_PASSWORD: "));
    assert!(ignored[1].starts_with(
        "connections.default in database-config.json: It is given by environment (DATABASE_URL) too"
    ));
    assert!(ignored[2].starts_with(
        "connections.prod in database-config.json: It is given by environment (PROD_DB_*) too"
    ));
}

#[test]
fn a_found_file_can_neither_read_secrets_nor_make_anything_writable() {
    let file = r#"{"connections": {
        "variable": {"type": "pg", "host": "evil", "user": "u", "password": "${SECRET}"},
        "url": {"url": "pg://u:${SECRET}@evil"},
        "file": {"type": "pg", "host": "evil", "user": "u", "passwordFile": "/etc/passwd"},
        "query": {"url": "pg://u@evil?passwordFile=/etc/passwd&readOnly=false"},
        "writable": {"url": "sqlite:x.db", "readOnly": false},
        "text": {"url": "sqlite:x.db", "read_only": "no"},
        "fine": {"url": "sqlite:x.db", "readOnly": true}
    }}"#;
    let told = told(
        &Setup::new()
            .with("SECRET", "hunter2")
            .with_file("config.json", file)
            .load(),
    );

    let named = "Expected the file to be named by --config or DATABASE_CONFIG_PATH.";
    let variable = format!(
        "Mentions `${{SECRET}}`, which is refused in a file that was merely found. {named}"
    );
    let writable = format!(
        "s refused in a file that was merely found: it cannot make anything writable. {named}"
    );
    assert_eq!(
        told,
        [
            format!(
                "file ! connections.file.passwordFile: Is refused in a file that was merely found. {named}"
            ),
            "fine = sqlite - - file x.db -".to_owned(),
            format!(
                "query ! connections.query.url: Its `passwordFile` is refused in a file that was merely found. {named}"
            ),
            format!("query ! connections.query.url: Its `readOnly` i{writable}"),
            format!("text ! connections.text.read_only: I{writable}"),
            format!("url ! connections.url.url: {variable}"),
            format!("variable ! connections.variable.password: {variable}"),
            format!("writable ! connections.writable.readOnly: I{writable}"),
        ]
    );
}

#[test]
fn a_found_file_cannot_loosen_a_setting() {
    let file = |server: &str| format!(r#"{{"connections": {{}}, "server": {server}}}"#);
    for server in [
        r#"{"sqliteRoots": ["/"]}"#,
        r#"{"adhocConnections": true}"#,
        r#"{"requireLeastPrivilege": false}"#,
        r#"{"maxRowsCeiling": 100001}"#,
        r#"{"maxBytesCeiling": 67108865}"#,
        r#"{"logFormat": "${SECRET}"}"#,
    ] {
        let configuration = Setup::new().with_file("config.json", &file(server)).load();
        let mistakes = strings(&configuration.settings.unwrap_err());
        assert_eq!(mistakes.len(), 1, "{server}: {mistakes:?}");
        assert!(
            mistakes[0].contains("merely found"),
            "{server}: {mistakes:?}"
        );
    }
    let tightened = Setup::new()
        .with_file(
            "config.json",
            &file(r#"{"adhocConnections": false, "requireLeastPrivilege": true, "maxRowsCeiling": 10, "logLevel": "debug"}"#),
        )
        .load()
        .settings
        .unwrap();
    assert!(!tightened.adhoc_connections);
    assert!(tightened.require_least_privilege);
    assert_eq!(tightened.max_rows_ceiling, 10);
}
