//! HTTP over TLS: the certificate that clients are shown, and how connections begin.

use std::{path::Path, process::Output, time::Duration};

use serde_json::{Value, json};
use support::{
    client::{Launch, MODERN, provided, tool_answer},
    http::{Connection, HttpServer, Request},
    scratch::Scratch,
    tls::{Authority, FOR_LONG, Pair},
    waiting::until,
};
use tokio::process::Command;
use tokio_rustls::rustls::version::{TLS12, TLS13};

use super::demo;
use crate::mcp::sdks::check;

/// A server with a certificate, and whoever signed that.
struct Served {
    server: HttpServer,
    authority: Authority,
    folder: Scratch,
}

fn shows(launch: Launch, folder: &Scratch) -> Launch {
    let path = |name| folder.path(name).display().to_string();
    launch
        .with("MCP_HTTP_TLS_CERT", path(Pair::CERTIFICATE))
        .with("MCP_HTTP_TLS_KEY", path(Pair::KEY))
}

impl Served {
    async fn start(launch: Launch, pair: impl FnOnce(&Authority) -> Pair) -> Self {
        let authority = Authority::default();
        let folder = Scratch::new();
        pair(&authority).write(&folder.path(""));
        Self {
            server: HttpServer::start(shows(launch, &folder)).await,
            authority,
            folder,
        }
    }

    async fn demo() -> Self {
        let launch = Launch::default().argument("--demo");
        Self::start(launch, |authority| authority.issue(FOR_LONG)).await
    }

    async fn send(&self, request: &Request) -> support::http::Response {
        let stream = self.authority.connect(self.server.address).await.unwrap();
        let mut connection = Connection::new(stream);
        connection.send(request).await;
        connection.response().await
    }

    async fn is_shown(&self, pair: &Pair) -> bool {
        self.authority.is_shown(self.server.address, pair).await
    }

    async fn logged(&self, what: &str) {
        until(what, async || self.server.log().contains(what)).await;
    }

    fn url(&self) -> String {
        format!("https://localhost:{}/mcp", self.server.address.port())
    }
}

#[tokio::test]
async fn a_call_is_answered_over_tls_of_either_version() {
    let served = Served::demo().await;
    for version in [&TLS12, &TLS13] {
        let stream = served
            .authority
            .connect_with(served.server.address, &[version])
            .await
            .unwrap();
        let mut connection = Connection::new(stream);

        connection.send(&Request::query("SELECT 1 AS one")).await;

        let answer = tool_answer(&connection.response().await.json());
        assert_eq!(answer.ok()["rows"], json!([[1]]), "{version:?}");
    }
}

/// A session of an official client that trusts the authority whose certificate is in the file that `variable` names.
async fn session(
    program: Option<std::path::PathBuf>,
    script: &str,
    arguments: &[&str],
    (variable, authority): (&str, &Path),
) -> Option<Output> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("mcp/clients")
        .join(script);
    Some(
        Command::new(program?)
            .arg(script)
            .args(arguments)
            .env(variable, authority)
            .current_dir(std::env::temp_dir())
            .output()
            .await
            .unwrap(),
    )
}

#[tokio::test]
async fn the_official_clients_come_over_tls() {
    let launch = Launch::default().with("MCP_HTTP_ADHOC_CONNECTIONS", "true");
    let served = Served::start(launch, |authority| authority.issue(FOR_LONG)).await;
    let trusted = served.folder.path("ca.pem");
    std::fs::write(&trusted, served.authority.pem()).unwrap();
    let url = served.url();

    let python = session(
        provided("PORTOLAN_TEST_PYTHON"),
        "session.py",
        &[&url, MODERN],
        ("SSL_CERT_FILE", &trusted),
    )
    .await;
    if let Some(output) = python {
        check("python", &output, MODERN, None);
    }
    let Some(modules) = provided("PORTOLAN_TEST_NODE_MODULES") else {
        return;
    };
    let typescript = session(
        provided("PORTOLAN_TEST_NODE"),
        "session_v2.mjs",
        &[&modules.display().to_string(), &url, "auto"],
        ("NODE_EXTRA_CA_CERTS", &trusted),
    )
    .await;
    if let Some(output) = typescript {
        check("typescript v2", &output, MODERN, Some("portolan"));
    }
}

#[tokio::test]
async fn browsers_are_told_to_stay_with_tls_and_over_plain_http_nothing() {
    let served = Served::demo().await;
    for path in ["/livez", "/nothing"] {
        let response = served.send(&Request::get(path)).await;
        assert_eq!(
            response.header("strict-transport-security"),
            Some("max-age=31536000"),
            "{path}"
        );
    }

    let plain = demo().await.send(&Request::get("/livez")).await;

    assert_eq!(plain.header("strict-transport-security"), None);
}

#[tokio::test]
async fn who_speaks_plain_http_is_told_so() {
    let served = Served::demo().await;

    let response = served.server.send(&Request::query("SELECT 1")).await;

    assert_eq!(response.status, 400);
    assert_eq!(response.body, "This server is reached over https://\n");
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_given_up_and_keeps_nobody_waiting() {
    let launch = Launch::default()
        .argument("--demo")
        .with("MCP_HTTP_REQUEST_TIMEOUT_MS", "1000");
    let served = Served::start(launch, |authority| authority.issue(FOR_LONG)).await;
    let mut silent = served.server.connect().await;
    let mut slow = served.server.connect().await;
    // The beginning of a hello that is said to go on.
    slow.write(&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01]).await;

    let response = served.send(&Request::get("/livez")).await;

    assert_eq!(response.status, 200);
    silent.closed().await;
    slow.closed().await;
}

#[tokio::test]
async fn a_certificate_that_was_renewed_is_shown_and_who_is_connected_stays() {
    let served = Served::demo().await;
    let stream = served.authority.connect(served.server.address).await;
    let mut connected = Connection::new(stream.unwrap());
    let renewed = served.authority.issue(FOR_LONG);

    renewed.write(&served.folder.path(""));

    until("the new certificate is shown", async || {
        served.is_shown(&renewed).await
    })
    .await;
    connected.send(&Request::get("/livez")).await;
    assert_eq!(connected.response().await.status, 200);
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_keeps_the_one_before() {
    let authority = Authority::default();
    let first = authority.issue(FOR_LONG);
    let launch = Launch::default().argument("--demo");
    let mut served = Served::start(launch, |_| first.clone()).await;
    served.authority = authority;
    let strange = Pair {
        key: served.authority.issue(FOR_LONG).key,
        ..served.authority.issue(FOR_LONG)
    };

    strange.write(&served.folder.path(""));

    served
        .logged("cannot be used; the one before stays in force")
        .await;
    assert!(served.is_shown(&first).await);
}

#[cfg(unix)]
#[tokio::test]
async fn a_hangup_reads_the_certificate_again_and_tells_what_is_wrong_with_it() {
    let served = Served::demo().await;
    let renewed = served.authority.issue(FOR_LONG);
    renewed.write(&served.folder.path(""));

    served.server.signal("HUP").await;

    served.logged("was read again and is in force").await;
    assert!(served.is_shown(&renewed).await);

    std::fs::write(served.folder.path(Pair::CERTIFICATE), "nothing").unwrap();
    served.server.signal("HUP").await;

    served.logged("MCP_HTTP_TLS_CERT").await;
    assert!(served.is_shown(&renewed).await);
}

#[tokio::test]
async fn a_certificate_that_ends_soon_is_told_in_the_log_the_health_and_the_figures() {
    let launch = Launch::default().argument("--demo");
    let in_days = Duration::from_hours(3 * 24 + 12);
    let served = Served::start(launch, |authority| authority.issue(in_days)).await;

    served.logged("the certificate ends soon").await;
    let health: Value = served.send(&Request::get("/health")).await.json();
    let figures = served.send(&Request::get("/metrics")).await.body;

    assert_eq!(health["status"], "degraded");
    assert_eq!(
        health["components"].as_array().unwrap().last().unwrap(),
        &json!({
            "name": "certificate",
            "status": "degraded",
            "reason": "The certificate that clients are shown ends in 3 days.",
        })
    );
    assert!(
        figures.contains("\nmcp_tls_certificate_end_seconds "),
        "{figures}"
    );
    assert!(
        figures.contains("mcp_health_status{component=\"certificate\"} 0.5"),
        "{figures}"
    );
}

#[tokio::test]
async fn a_certificate_that_has_ended_is_told_at_once() {
    let launch = Launch::default().argument("--demo");
    let served = Served::start(launch, Authority::issue_ended).await;

    served.logged("the certificate has ended").await;

    let refused = served.authority.connect(served.server.address).await;
    let refused = refused.expect_err("no client takes it").to_string();
    assert!(refused.contains("expired"), "{refused}");
}

#[tokio::test]
async fn a_certificate_that_ends_while_it_is_in_force_is_told_then_and_can_be_renewed() {
    // GIVEN a server whose certificate is good, for some seconds more
    let launch = Launch::default().argument("--demo");
    let soon = Duration::from_secs(6);
    let served = Served::start(launch, |authority| authority.issue(soon)).await;
    served.logged("the certificate ends soon").await;

    // WHEN it ends, THEN that is told
    served.logged("the certificate has ended").await;
    // Of its last second a client makes more than the server.
    until("no client takes it", async || {
        let connected = served.authority.connect(served.server.address).await;
        connected.is_err_and(|refused| refused.to_string().contains("expired"))
    })
    .await;

    // AND a new one is in force without a restart
    let renewed = served.authority.issue(FOR_LONG);
    renewed.write(&served.folder.path(""));
    until("a client takes the new one", async || {
        let connected = served.authority.connect(served.server.address).await;
        connected.is_ok()
    })
    .await;
    assert!(served.is_shown(&renewed).await);
}

#[tokio::test]
async fn a_certificate_that_is_of_no_use_is_refused_at_the_start() {
    let authority = Authority::default();
    let (one, other) = (authority.issue(FOR_LONG), authority.issue(FOR_LONG));
    for (certificate, key, told) in [
        (Some(&*one.certificate), Some(&*other.key), "is no key for"),
        (Some("nothing"), Some(&*one.key), "holds no certificate"),
        (
            Some(&*one.certificate),
            Some("nothing"),
            "holds no private key",
        ),
        (
            Some(&*one.certificate),
            None,
            "is of no use without MCP_HTTP_TLS_KEY",
        ),
        (
            None,
            Some(&*one.key),
            "is of no use without MCP_HTTP_TLS_CERT",
        ),
    ] {
        let folder = Scratch::new();
        let mut launch = Launch::default().arguments(&["--http", "127.0.0.1:0"]);
        for (variable, name, content) in [
            ("MCP_HTTP_TLS_CERT", Pair::CERTIFICATE, certificate),
            ("MCP_HTTP_TLS_KEY", Pair::KEY, key),
        ] {
            if let Some(content) = content {
                std::fs::write(folder.path(name), content).unwrap();
                launch = launch.with(variable, name);
            }
        }

        let ran = launch.run_in(&folder.path("")).await;

        assert_eq!(ran.code, 2, "{told}: {}", ran.stderr);
        assert!(ran.stderr.contains(told), "{told}: {}", ran.stderr);
    }
}

#[tokio::test]
async fn an_address_that_others_reach_without_tls_is_warned_of() {
    let folder = Scratch::new();
    let config = folder.path("c.toml");
    let hash =
        adapters::inbound::http::identity::TokenHash::of("long enough to be a token of somebody");
    std::fs::write(&config, format!("[identity.tokens.ada]\nhash = '{hash}'\n")).unwrap();
    let config = config.display().to_string();
    let launch = || Launch::default().arguments(&["--config", &config, "--http", "0.0.0.0:0"]);

    let plain = HttpServer::start(launch()).await;
    let over_tls = Served::start(launch(), |authority| authority.issue(FOR_LONG)).await;

    assert!(plain.log().contains("sent in the clear"), "{}", plain.log());
    assert!(!over_tls.server.log().contains("sent in the clear"));
}

#[tokio::test]
async fn its_health_is_asked_over_tls_by_whoever_trusts_it() {
    let served = Served::demo().await;
    let url = format!("https://localhost:{}", served.server.address.port());
    let authority = served.folder.path("ca.pem");
    std::fs::write(&authority, served.authority.pem()).unwrap();
    let authority = authority.display().to_string();
    let ask = async |more: &[&str]| {
        let launch = Launch::default().arguments(&["health", "--url", &url]);
        launch.arguments(more).run().await
    };

    for trusting in [&["--ca", authority.as_str()][..], &["--insecure"]] {
        let ran = ask(trusting).await;
        assert_eq!(ran.code, 0, "{trusting:?}: {ran:?}");
        assert!(ran.stdout.contains("healthy"), "{ran:?}");
    }
    let stranger = ask(&[]).await;
    assert_eq!(stranger.code, 1, "{stranger:?}");
    assert!(stranger.stdout.contains("does not answer"), "{stranger:?}");
    assert!(stranger.stdout.contains("--ca"), "{stranger:?}");
}
