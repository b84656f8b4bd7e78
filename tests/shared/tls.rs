//! A store that speaks TLS: whose certificate it is believed by, and which it is shown.

use serde_json::Value;
use support::{
    client::Launch,
    databases::tls_file,
    scratch::Scratch,
    shared::{Redis, Speaks},
};

use super::{ROWS, count_together, met, process, store};

fn pem(name: &str) -> String {
    tls_file(name).display().to_string()
}

/// These settings, and a limit.
fn with<'text>(settings: &[(&'text str, &'text str)]) -> Vec<(&'text str, &'text str)> {
    [ROWS, settings].concat()
}

#[tokio::test]
async fn limits_are_counted_over_tls() {
    let Some(redis) = Redis::speaking(Speaks::Tls).await else {
        return;
    };
    let ca = pem("ca.pem");

    count_together(&redis, &with(&[("MCP_REDIS_CA", &ca)])).await;
}

#[tokio::test]
async fn a_store_that_asks_for_a_certificate_is_shown_one() {
    let Some(redis) = Redis::speaking(Speaks::MutualTls).await else {
        return;
    };
    let (ca, shown, key) = (pem("ca.pem"), pem("client.pem"), pem("client.key"));
    let believing = with(&[("MCP_REDIS_CA", &ca)]);
    let known = with(&[
        ("MCP_REDIS_CA", &ca),
        ("MCP_REDIS_CERT", &shown),
        ("MCP_REDIS_KEY", &key),
    ]);
    let (stranger, known) = (
        process(&redis, &believing).await,
        process(&redis, &known).await,
    );

    for server in [&stranger, &known] {
        assert_eq!(met(server, "SELECT 1").await, None);
    }

    assert_eq!(store(&known).await["status"], "healthy");
    assert_eq!(store(&stranger).await["status"], "degraded");
}

/// What health says of a store whose certificate an authority of these settings has not signed, and the log.
async fn unbelieved(settings: &[(&str, &str)]) -> Option<(Value, String)> {
    let redis = Redis::speaking(Speaks::Tls).await?;
    let server = process(&redis, &with(settings)).await;
    assert_eq!(met(&server, "SELECT 1").await, None);
    Some((store(&server).await, server.log()))
}

#[tokio::test]
async fn a_store_that_another_authority_vouches_for_is_not_believed() {
    let other = pem("other-ca.pem");
    let Some((health, log)) = unbelieved(&[("MCP_REDIS_CA", &other)]).await else {
        return;
    };

    assert_eq!(health["status"], "degraded");
    assert!(log.contains("invalid peer certificate"), "{log}");
    assert!(!log.contains("secret"), "{log}");
}

#[tokio::test]
async fn without_an_authority_of_its_own_a_store_is_believed_by_the_systems() {
    let Some((health, log)) = unbelieved(&[]).await else {
        return;
    };

    assert_eq!(health["status"], "degraded");
    assert!(log.contains("invalid peer certificate"), "{log}");
}

#[tokio::test]
async fn files_that_are_of_no_use_are_refused_at_the_start() {
    let folder = Scratch::new();
    let empty = folder.path("empty.pem");
    std::fs::write(&empty, "nothing").unwrap();
    let (ca, key, empty) = (
        pem("ca.pem"),
        pem("client.key"),
        empty.display().to_string(),
    );
    let tls = ("MCP_REDIS_URL", "rediss://127.0.0.1:1");

    for (settings, told) in [
        (
            vec![("MCP_REDIS_CA", &*ca)],
            "of no use without MCP_REDIS_URL",
        ),
        (
            vec![
                ("MCP_REDIS_CA", &*ca),
                ("MCP_REDIS_URL", "redis://127.0.0.1:1"),
            ],
            "Begin it with rediss://",
        ),
        (
            vec![tls, ("MCP_REDIS_KEY", &*key)],
            "MCP_REDIS_KEY is of no use without MCP_REDIS_CERT",
        ),
        (
            vec![tls, ("MCP_REDIS_CA", "missing.pem")],
            "MCP_REDIS_CA names a file that cannot be read",
        ),
        (
            vec![tls, ("MCP_REDIS_CA", &*empty)],
            "no authority can be read from MCP_REDIS_CA",
        ),
        (
            vec![tls, ("MCP_REDIS_CERT", &*ca), ("MCP_REDIS_KEY", &*empty)],
            "cannot be used",
        ),
    ] {
        let mut launch = Launch::default().argument("--demo");
        for (name, value) in settings {
            launch = launch.with(name, value);
        }

        let ran = launch.run_in(&folder.path("")).await;

        assert_eq!(ran.code, 2, "{told}: {}", ran.stderr);
        assert!(ran.stderr.contains(told), "{told}: {}", ran.stderr);
    }
}
