//! A secret is in no report, no debug output and no mistake, wherever it was put.

use bootstrap::commands::check::{Attempts, report_json, report_text};

use super::Setup;

#[test]
fn no_secret_gets_out() {
    let secret = "hunter2";
    let url = "postgres://u:hunter2@h/db";
    for setup in [
        Setup::new().with("DATABASE_URL", url).with_url(Some("x"), url),
        Setup::new().with("DATABASE_URL", "postgres://u:hunter2@h:port/db?hunter2"),
        Setup::new().with("DATABASE_URL", "hunter2"),
        Setup::new().variables(&[("X_DB_TYPE", "pg"), ("X_DB_HOST", "h"), ("X_DB_USER", "u"), ("X_DB_PASSWORD", secret)]),
        Setup::new().variables(&[("X_DB_TYPE", "pg"), ("X_DB_HOST", url), ("X_DB_PORT", secret), ("X_DB_PASWORD", secret)]),
        Setup::new().variables(&[("X_DB_TYPE", url), ("X_DB_URL", url), ("X_DB_PASSWORD", secret)]),
        Setup::new().with("S", secret).with_named_file(
            "c.json",
            r#"{"connections": {"x": {"type": "pg", "host": "h", "user": "u", "password": "${S}"},
                "y": {"type": "sqlite", "password": "hunter2"}, "z": {"pasword": "hunter2", "url": ["hunter2"]}}}"#,
        ),
        Setup::new().with_named_file("c.json", r#"{"connections": {"x": {"password": "hunter2" "host": 1}}}"#),
        Setup::new().with_named_file("c.toml", "[connections.x]\npassword = hunter2"),
        Setup::new().variables(&[("MCP_LOG_LEVEL", secret), ("MCP_SLOW_CALL_MS", secret)]),
    ] {
        let configuration = setup.load();
        let told = format!(
            "{configuration:?}\n{}\n{}\n{:?} {:?}",
            report_text(&configuration, &Attempts::new()),
            report_json(&configuration, &Attempts::new()),
            setup.environment,
            setup.urls,
        );
        assert!(!told.contains(secret), "{told}");
    }
}
