//! An official client that is given the server's address and its own credentials, and finds out the rest by itself.

use std::path::Path;

use serde_json::{Value, json};
use support::{
    client::{Launch, provided},
    http::HttpServer,
    scratch::Scratch,
};
use tokio::{net::TcpListener, process::Command};

use super::{
    issuer::Issuer,
    token::{Signer, claims},
};

/// An address that nobody listens on.
async fn free() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().to_string()
}

#[tokio::test]
async fn a_client_finds_the_issuer_by_the_servers_metadata_and_signs_in_there() {
    let (Some(node), Some(modules)) = (
        provided("PORTOLAN_TEST_NODE"),
        provided("PORTOLAN_TEST_NODE_MODULES"),
    ) else {
        return;
    };
    // GIVEN a server that trusts an issuer
    let signer = Signer::p256("k");
    let issuer = Issuer::start(&[&signer]).await;
    let address = free().await;
    let url = format!("http://{address}/mcp");
    let scratch = Scratch::new();
    let config = scratch.path("c.toml");
    let text = format!(
        "[server]\npublicUrl = '{url}'\n[identity.issuers.shop]\nissuer = '{}'\n",
        issuer.url()
    );
    std::fs::write(&config, text).unwrap();
    // AND the issuer gives tokens for it
    let place = issuer.url();
    let discovery = json!({
        "issuer": place,
        "jwks_uri": format!("{place}/keys"),
        "authorization_endpoint": format!("{place}/authorize"),
        "token_endpoint": format!("{place}/token"),
        "response_types_supported": ["code"],
        "grant_types_supported": ["client_credentials"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
    });
    issuer.answer_discovery(200, discovery.to_string());
    let token = signer.token(&claims(&place, &json!({"aud": url})));
    let given = json!({"access_token": token, "token_type": "Bearer", "expires_in": 600});
    issuer.answer_token(200, given.to_string());
    let config = config.display().to_string();
    let launch = Launch::default().arguments(&["--config", &config, "--http", &address]);
    let _server = HttpServer::start(launch).await;

    // WHEN a client is told the server's address alone
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("identity/clients/sign_in.mjs");
    let output = Command::new(node)
        .arg(script)
        .args([&modules.display().to_string(), &url])
        .current_dir(scratch.path(""))
        .output()
        .await
        .unwrap();

    // THEN it has a token for this server, and is served
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let seen: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(seen, json!({"firstTool": "execute_query"}));
    let asked = issuer.token_asked();
    let resource = format!("resource={}", url.replace(':', "%3A").replace('/', "%2F"));
    assert!(asked.contains("grant_type=client_credentials"), "{asked}");
    assert!(asked.contains(&resource), "{asked}");
}
