//! An issuer that is reached by TLS, with a certificate of an authority that nobody else knows.

use serde_json::json;
use support::{
    client::Launch,
    http::{HttpServer, Request},
    scratch::Scratch,
    tls::{Authority, FOR_LONG},
    waiting::until,
};

use super::{
    AUDIENCE,
    issuer::Issuer,
    token::{Signer, claims},
};

/// The built server, which trusts the issuer for what this authority says, or for what those of the system say.
async fn trusting(issuer: &Issuer, authority: Option<&Authority>, folder: &Scratch) -> HttpServer {
    let authorities = authority.map(|authority| {
        std::fs::write(folder.path("ca.pem"), authority.pem()).unwrap();
        format!("caFile = '{}'\n", folder.path("ca.pem").display())
    });
    let file = folder.path("portolan.toml");
    let text = format!(
        "[server]\npublicUrl = '{AUDIENCE}'\n\
         [identity.issuers.shop]\nissuer = '{}'\nkeysPauseMs = 100\nkeysRefreshMs = 1000\n{}",
        issuer.url(),
        authorities.unwrap_or_default()
    );
    std::fs::write(&file, text).unwrap();
    let launch = Launch::default().arguments(&["--config", &file.display().to_string()]);
    HttpServer::start(launch).await
}

async fn status(server: &HttpServer, token: &str) -> u16 {
    let request = Request::initialize().with("authorization", &format!("Bearer {token}"));
    server.send(&request).await.status
}

async fn comes_to(server: &HttpServer, token: &str, expected: u16) {
    until(&format!("a {expected}"), async || {
        status(server, token).await == expected
    })
    .await;
}

#[tokio::test]
async fn an_issuer_over_tls_is_believed_for_the_authority_that_is_named() {
    let authority = Authority::default();
    let signer = Signer::p256("k");
    let issuer = Issuer::over_tls(&[&signer], &authority.issue(FOR_LONG)).await;
    let folder = Scratch::new();
    let server = trusting(&issuer, Some(&authority), &folder).await;

    comes_to(
        &server,
        &signer.token(&claims(&issuer.url(), &json!({}))),
        200,
    )
    .await;
}

#[tokio::test]
async fn an_issuer_of_another_authority_is_not_believed_and_the_log_says_what_to_do() {
    let signer = Signer::p256("k");
    let pair = Authority::default().issue(FOR_LONG);
    let issuer = Issuer::over_tls(&[&signer], &pair).await;
    let token = signer.token(&claims(&issuer.url(), &json!({})));

    for authority in [Some(Authority::default()), None] {
        let folder = Scratch::new();
        let server = trusting(&issuer, authority.as_ref(), &folder).await;

        assert_eq!(status(&server, &token).await, 503);
        let told = "from an authority that is not trusted here; `caFile` of the issuer names those that are";
        until(told, async || server.log().contains(told)).await;
    }
    assert_eq!(issuer.asked(), 0);
}

#[tokio::test]
async fn a_certificate_that_has_ended_is_not_believed_until_it_is_renewed() {
    // GIVEN
    let authority = Authority::default();
    let signer = Signer::p256("k");
    let issuer = Issuer::over_tls(&[&signer], &authority.issue_ended()).await;
    let token = signer.token(&claims(&issuer.url(), &json!({})));
    let folder = Scratch::new();
    let server = trusting(&issuer, Some(&authority), &folder).await;
    assert_eq!(status(&server, &token).await, 503);
    let told = "it has expired; the issuer must renew it";
    until(told, async || server.log().contains(told)).await;

    // WHEN
    issuer.shows(&authority.issue(FOR_LONG));

    // THEN
    comes_to(&server, &token, 200).await;
}

#[tokio::test]
async fn keys_change_over_tls() {
    // GIVEN
    let authority = Authority::default();
    let (old, new) = (Signer::p256("old"), Signer::rsa("new"));
    let issuer = Issuer::over_tls(&[&old], &authority.issue(FOR_LONG)).await;
    let token = |signer: &Signer| signer.token(&claims(&issuer.url(), &json!({})));
    let folder = Scratch::new();
    let server = trusting(&issuer, Some(&authority), &folder).await;
    comes_to(&server, &token(&old), 200).await;
    assert_eq!(status(&server, &token(&new)).await, 401);

    // WHEN
    issuer.publish(&[&new]);

    // THEN
    comes_to(&server, &token(&new), 200).await;
    comes_to(&server, &token(&old), 401).await;
}
