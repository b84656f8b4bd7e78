//! An issuer that is down, at the start and later, that changes its keys, and that misbehaves.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{
    ada, identity,
    issuer::Issuer,
    shop,
    token::{Signer, claims},
    trusting, who,
};

/// Asks until the answer is this one; how long an issuer's recovery may take is not these tests' fact.
async fn comes_to(
    identity: &adapters::inbound::http::identity::Identity,
    token: &str,
    expected: &Result<String, (u16, String)>,
) {
    let start = Instant::now();
    loop {
        let answer = who(identity, token).await;
        if answer == *expected {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(10), "{answer:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn no_keys() -> Result<String, (u16, String)> {
    Err((
        503,
        "The keys of the token's issuer cannot be had at the moment. Try again in some seconds."
            .to_owned(),
    ))
}

#[tokio::test]
async fn an_issuer_that_is_down_at_the_start_is_believed_once_it_is_up() {
    let signer = Signer::p256("k");
    let issuer = Issuer::absent(&[&signer]).await;
    let identity = identity(trusting(&issuer));
    let token = signer.token(&claims(&issuer.url(), &json!({})));
    assert_eq!(who(&identity, &token).await, no_keys());

    issuer.come_up().await;

    comes_to(&identity, &token, &ada()).await;
}

#[tokio::test]
async fn keys_go_on_without_the_issuer_for_a_bounded_time() {
    let signer = Signer::p256("k");
    let issuer = Issuer::start(&[&signer]).await;
    let mut options = trusting(&issuer);
    options.keys.max_age = Duration::from_secs(2);
    options.keys.refresh = Duration::from_millis(500);
    let identity = identity(options);
    let token = |id| signer.token(&claims(&issuer.url(), &json!({"jti": id})));
    assert_eq!(who(&identity, &token("1")).await, ada());

    issuer.go_down().await;
    assert_eq!(who(&identity, &token("2")).await, ada());

    // The token that was let in before no less than a new one.
    comes_to(&identity, &token("3"), &no_keys()).await;
    assert_eq!(who(&identity, &token("1")).await, no_keys());
    issuer.come_up().await;
    comes_to(&identity, &token("1"), &ada()).await;
}

#[tokio::test]
async fn a_new_key_is_fetched_when_it_is_first_met() {
    let (issuer, old, identity) = shop(Signer::p256("old")).await;
    let claims = claims(&issuer.url(), &json!({}));
    assert_eq!(who(&identity, &old.token(&claims)).await, ada());
    let new = Signer::p256("new");
    issuer.publish(&[&old, &new]);

    comes_to(&identity, &new.token(&claims), &ada()).await;

    assert_eq!(issuer.asked(), 2);
    assert_eq!(who(&identity, &old.token(&claims)).await, ada());
}

#[tokio::test]
async fn a_key_that_is_taken_back_verifies_nothing_any_more() {
    let signer = Signer::p256("old");
    let issuer = Issuer::start(&[&signer]).await;
    let mut options = trusting(&issuer);
    options.keys.refresh = Duration::from_millis(300);
    let identity = identity(options);
    let token = signer.token(&claims(&issuer.url(), &json!({})));
    assert_eq!(who(&identity, &token).await, ada());

    issuer.publish(&[&Signer::p256("new")]);

    let unknown = "The token is signed by a key that its issuer does not publish.";
    comes_to(&identity, &token, &Err((401, unknown.to_owned()))).await;
}

#[tokio::test]
async fn an_unknown_key_has_the_issuer_asked_once_in_a_while() {
    let signer = Signer::p256("k");
    let issuer = Issuer::start(&[&signer]).await;
    let mut options = trusting(&issuer);
    options.keys.pause = Duration::from_hours(1);
    let identity = identity(options);
    let claims = claims(&issuer.url(), &json!({}));
    assert_eq!(who(&identity, &signer.token(&claims)).await, ada());

    for number in 0..50 {
        let stranger = Signer::ed25519(&number.to_string());
        let status = who(&identity, &stranger.token(&claims))
            .await
            .unwrap_err()
            .0;
        assert_eq!(status, 401);
    }

    assert_eq!(issuer.asked(), 1);
}

#[tokio::test]
async fn an_issuer_that_misbehaves_is_as_good_as_down() {
    let signer = Signer::p256("k");
    let good = serde_json::json!({"keys": [signer.published()]}).to_string();
    let elsewhere = Issuer::start(&[&signer]).await;
    let other = json!({"issuer": elsewhere.url(), "jwks_uri": format!("{}/keys", elsewhere.url())});
    let led = |discovery: Option<(u16, String)>, keys: Option<(u16, String)>| (discovery, keys);
    for (discovery, keys) in [
        led(None, Some((500, good.clone()))),
        led(None, Some((200, String::new()))),
        led(None, Some((200, r#"{"keys": []}"#.to_owned()))),
        led(None, Some((200, format!("{good}{}", " ".repeat(2 << 20))))),
        led(None, Some((302, format!("{}/keys", elsewhere.url())))),
        led(Some((200, other.to_string())), None),
        led(Some((404, String::new())), None),
        led(Some((200, "[".repeat(100_000))), None),
    ] {
        let issuer = Issuer::absent(&[&signer]).await;
        if let Some((status, body)) = discovery.clone() {
            issuer.answer_discovery(status, body);
        }
        if let Some((status, body)) = keys.clone() {
            issuer.answer_keys(status, body);
        }
        issuer.come_up().await;
        let identity = identity(trusting(&issuer));
        let token = signer.token(&claims(&issuer.url(), &json!({})));

        assert_eq!(who(&identity, &token).await, no_keys());
    }
    assert_eq!(elsewhere.asked(), 0);
}

#[tokio::test]
async fn an_issuer_that_never_answers_is_given_up() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = Issuer::absent(&[]).await;
    let mut options = trusting(&issuer);
    options.url = format!("http://{}", silent.local_addr().unwrap());
    options.keys.timeout = Duration::from_millis(300);
    let url = options.url.clone();
    let identity = identity(options);
    let token = Signer::p256("k").token(&claims(&url, &json!({})));

    let start = Instant::now();
    assert_eq!(who(&identity, &token).await, no_keys());

    assert!(start.elapsed() < Duration::from_secs(2));
}
