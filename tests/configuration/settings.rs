//! `MCP_*` and the same keys under `server`.

use std::path::{Path, PathBuf};

use bootstrap::settings::{LogFormat, LogLevel, Settings};

use super::{Setup, strings};

#[test]
fn without_anything_the_defaults_hold() {
    assert_eq!(Setup::new().load().settings.unwrap(), Settings::default());
}

#[test]
fn variables_win_over_the_file_and_the_command_line_over_both() {
    let mut setup = Setup::new()
        .with_named_file(
            "c.toml",
            "[server]\nlogLevel = 'debug'\nlog_format = 'json'\ntools = ['minimal', 'execute_query']\nslowCallMs = 7\n\
             structuredResults = true\nsqliteRoots = ['a', '/b']\nmaxRowsCeiling = 5",
        )
        .variables(&[("MCP_LOG_LEVEL", "WARN"), ("MCP_SLOW_CALL_MS", " 8 "), ("MCP_SHUTDOWN_GRACE_MS", "")]);
    let settings = setup.load().settings.unwrap();

    assert_eq!(
        settings,
        Settings {
            log_level: LogLevel::Warn,
            log_format: LogFormat::Json,
            tools: "minimal,execute_query".to_owned(),
            slow_call_ms: 8,
            structured_results: true,
            sqlite_roots: std::env::join_paths(["a", "/b"])
                .unwrap()
                .into_string()
                .unwrap(),
            max_rows_ceiling: 5,
            ..Settings::default()
        }
    );
    assert_eq!(
        settings.sqlite_roots(Path::new("/srv")),
        [PathBuf::from("/srv/a"), PathBuf::from("/b")]
    );
    setup.tools = Some("full".to_owned());
    assert_eq!(setup.load().settings.unwrap().tools, "full");
}

#[test]
fn the_working_directory_is_the_only_root_unless_others_are_named() {
    assert_eq!(
        Settings::default().sqlite_roots(Path::new("/srv")),
        [PathBuf::from("/srv")]
    );
}

#[test]
fn truth_values_have_several_words() {
    for (word, expected) in [
        ("true", true),
        ("1", true),
        ("YES", true),
        ("on", true),
        ("false", false),
        ("0", false),
        ("no", false),
        ("Off", false),
    ] {
        let settings = Setup::new()
            .with("MCP_ADHOC_CONNECTIONS", word)
            .load()
            .settings
            .unwrap();
        assert_eq!(settings.adhoc_connections, expected, "{word}");
    }
}

#[test]
fn every_mistake_is_reported_at_once() {
    let configuration = Setup::new()
        .variables(&[
            ("MCP_LOG_LEVEL", "verbos"),
            ("MCP_LOG_FORMAT", "jsn"),
            ("MCP_ADHOC_CONNECTIONS", "fasle"),
            ("MCP_MAX_ROWS_CEILING", "0"),
            ("MCP_SLOW_CALL_MS", "-1"),
        ])
        .with_named_file(
            "c.json",
            r#"{"server": {"maxBytesCeiling": 1, "maxConcurrentCall": 1, "slowCallMs": [1, 2], "tools": {}}}"#,
        )
        .load();

    assert_eq!(
        strings(&configuration.settings.unwrap_err()),
        [
            "MCP_ADHOC_CONNECTIONS: Is not what it should be. Expected true or false. Did you mean false?",
            "MCP_LOG_FORMAT: Is not what it should be. Expected json, text or auto. Did you mean json?",
            "MCP_LOG_LEVEL: Is not what it should be. Expected error, warn, info or debug.",
            "MCP_MAX_ROWS_CEILING: Is out of range. Expected a whole number of rows from 1 to 1,000,000,000.",
            "MCP_SLOW_CALL_MS: Is not what it should be. Expected a whole number of milliseconds from 0 to 86,400,000.",
            "server.maxBytesCeiling: Is out of range. Expected a whole number of bytes from 1,000 to 1,073,741,824.",
            "server.maxConcurrentCall: Is not a setting. Did you mean server.maxConcurrentCalls?",
            "server.slowCallMs: Is a list. Expected a whole number of milliseconds from 0 to 86,400,000.",
            "server.tools: Holds an object. Expected text, a number, a truth value or a list of them.",
        ]
    );
}

#[test]
fn the_readme_has_every_setting_with_its_default() {
    let readme = include_str!("../../README.md");
    let rows: Vec<Vec<&str>> = readme
        .lines()
        .filter(|line| line.starts_with("| `MCP_"))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    for setting in Settings::default().effective() {
        let mut word = String::from("`MCP_");
        for letter in setting.key.chars() {
            if letter.is_ascii_uppercase() {
                word.push('_');
            }
            word.push(letter.to_ascii_uppercase());
        }
        word.push('`');
        let row = rows.iter().find(|row| row[1].contains(&word));
        let default = row.unwrap_or_else(|| panic!("{word} has no row"))[3];
        if let Some(number) = setting.value.as_u64() {
            let digits: String = default.chars().filter(char::is_ascii_digit).collect();
            assert_eq!(digits, number.to_string(), "{word}: {default}");
        }
        if let Some(truth) = setting.value.as_bool() {
            assert_eq!(default, format!("`{truth}`"), "{word}");
        }
    }
}

#[test]
fn what_says_nothing_by_itself_is_a_mistake() {
    let configuration = Setup::new()
        .variables(&[
            ("MCP_RATE_BURST", "10"),
            ("MCP_RATE_TOTAL_BURST", "10"),
            ("MCP_AUDIT_KEY_FILE", "key"),
        ])
        .load();

    assert_eq!(
        strings(&configuration.settings.unwrap_err()),
        [
            "MCP_AUDIT_KEY_FILE: Is of no use without MCP_AUDIT_FILE.",
            "MCP_RATE_BURST: Is of no use without MCP_RATE_CALLS_PER_SECOND.",
            "MCP_RATE_TOTAL_BURST: Is of no use without MCP_RATE_TOTAL_CALLS_PER_SECOND.",
        ]
    );
}

#[test]
fn names_and_origins_that_nobody_could_come_by_are_mistakes() {
    for (variable, value) in [
        ("MCP_HTTP_ALLOWED_HOSTS", "https://portolan.example.com/"),
        ("MCP_HTTP_ALLOWED_HOSTS", "localhost, *.example.com"),
        ("MCP_HTTP_ALLOWED_ORIGINS", "app.example.com"),
        ("MCP_HTTP_ALLOWED_ORIGINS", "https://app.example.com/"),
    ] {
        let mistakes = Setup::new()
            .with(variable, value)
            .load()
            .settings
            .unwrap_err();
        assert_eq!(mistakes[0].key, variable, "{value}");
    }
    let settings = Setup::new()
        .with("MCP_HTTP_ALLOWED_HOSTS", "portolan.example.com, 10.0.0.7,")
        .with("MCP_HTTP_ALLOWED_ORIGINS", "https://app.example.com:*")
        .load()
        .settings;
    assert!(settings.is_ok(), "{settings:?}");
}

#[test]
fn an_unknown_variable_is_only_a_warning() {
    let configuration = Setup::new()
        .variables(&[
            ("MCP_LOG_LEVL", "debug"),
            ("MCP_SOMETHING_ELSE", "x"),
            ("MCP_CONFIG_PATH", ""),
            ("MCP_DB_URL", "sqlite:x.db"),
        ])
        .load();

    assert!(configuration.is_valid());
    assert_eq!(
        strings(&configuration.warnings),
        [
            "MCP_LOG_LEVL: Is not a setting of this version, and ignored. Did you mean MCP_LOG_LEVEL?",
            "MCP_SOMETHING_ELSE: Is not a setting of this version, and ignored.",
        ]
    );
}

#[test]
fn every_field_is_in_the_table() {
    let fields = serde_json::to_value(Settings::default()).unwrap();

    assert_eq!(
        Settings::default().effective().len(),
        fields.as_object().unwrap().len()
    );
    for setting in Settings::default().effective() {
        // A field without a default is null, so that it is there has to be looked at by its name.
        let mut field = String::new();
        for letter in setting.key.chars() {
            if letter.is_ascii_uppercase() {
                field.push('_');
            }
            field.push(letter.to_ascii_lowercase());
        }
        assert!(fields.get(&field).is_some(), "{}", setting.key);
    }
}
