//! Tokens that let nobody in, and the few that do.

use std::time::Duration;

use adapters::inbound::http::{SignIn, identity::RequiredClaim};
use domain::calls::Caller;
use http::Request;
use serde_json::{Value, json};

use super::{
    AUDIENCE, ada, identity,
    issuer::Issuer,
    request, shop,
    token::{Signer, base64, claims, now, signed_with_public_key, unsigned},
    trusting, who,
};

fn refused(status: u16, message: &str) -> Result<String, (u16, String)> {
    Err((status, message.to_owned()))
}

#[tokio::test]
async fn every_accepted_algorithm_lets_its_tokens_in() {
    for signer in [Signer::rsa("r"), Signer::p256("p"), Signer::ed25519("e")] {
        let (issuer, signer, identity) = shop(signer).await;
        let token = signer.token(&claims(&issuer.url(), &json!({})));

        assert_eq!(
            who(&identity, &token).await,
            ada(),
            "{}",
            signer.algorithm()
        );
    }
}

#[tokio::test]
async fn the_claims_are_the_callers() {
    let (issuer, signer, identity) = shop(Signer::ed25519("e")).await;
    let token = signer.token(&claims(&issuer.url(), &json!({"groups": ["a", "b"]})));

    let caller: std::sync::Arc<Caller> = identity.sign_in(&request(&token)).await.unwrap();

    assert_eq!(caller.claims.get("groups"), Some(&json!(["a", "b"])));
    assert_eq!(caller.claims.get("iss"), Some(&json!(issuer.url())));
}

#[tokio::test]
async fn claims_that_are_not_as_they_should_be_let_nobody_in() {
    let (issuer, signer, identity) = shop(Signer::p256("p")).await;
    let expired = "The token has expired.";
    let incomplete = "The token lacks a claim that every token must have.";
    let audience = "The token was not issued for this server.";
    for (other, message) in [
        (json!({"exp": now() - 5}), expired),
        (json!({"exp": 0}), expired),
        (json!({"exp": null}), incomplete),
        (json!({"exp": "tomorrow"}), incomplete),
        (json!({"nbf": now() + 60}), "The token is not valid yet."),
        (json!({"nbf": "tomorrow"}), incomplete),
        (json!({"aud": "https://other.example.com/mcp"}), audience),
        (json!({"aud": ["a", "b"]}), audience),
        (json!({"aud": []}), audience),
        (json!({"aud": null}), incomplete),
        (json!({"aud": 1}), incomplete),
        (json!({"sub": null}), incomplete),
        (json!({"sub": ""}), incomplete),
        (json!({"sub": "a\nb"}), incomplete),
        (
            json!({"iss": "https://other.example.com"}),
            "The token is from an issuer that is not trusted here.",
        ),
        (json!({"iss": null}), "The token is not known here."),
        (
            json!({"iss": [issuer.url()]}),
            "The token is not known here.",
        ),
    ] {
        let token = signer.token(&claims(&issuer.url(), &other));
        assert_eq!(
            who(&identity, &token).await,
            refused(401, message),
            "{other}"
        );
    }
}

#[tokio::test]
async fn an_audience_among_several_is_enough() {
    let (issuer, signer, identity) = shop(Signer::p256("p")).await;
    let token = signer.token(&claims(&issuer.url(), &json!({"aud": ["a", AUDIENCE]})));

    assert_eq!(who(&identity, &token).await, ada());
}

#[tokio::test]
async fn a_token_that_nobody_signed_lets_nobody_in() {
    let (issuer, _, identity) = shop(Signer::p256("p")).await;

    assert_eq!(
        who(&identity, &unsigned(&claims(&issuer.url(), &json!({})))).await,
        refused(401, "The token is signed in a way that is not accepted.")
    );
}

#[tokio::test]
async fn the_public_key_is_no_secret_to_sign_with() {
    for signer in [Signer::rsa("k"), Signer::p256("k"), Signer::ed25519("k")] {
        let (issuer, signer, identity) = shop(signer).await;
        let published = signer.published();
        let text = published.to_string();
        for secret in [&published["n"], &published["x"], &json!(text)] {
            let secret = secret.as_str().unwrap_or_default();
            let claims = claims(&issuer.url(), &json!({}));
            let token = signed_with_public_key("k", secret.as_bytes(), &claims);
            assert_eq!(
                who(&identity, &token).await,
                refused(401, "The token is signed in a way that is not accepted.")
            );
        }
    }
}

#[tokio::test]
async fn an_algorithm_that_the_operator_left_out_is_refused() {
    let (rsa, curve) = (Signer::rsa("r"), Signer::p256("p"));
    let issuer = Issuer::start(&[&rsa, &curve]).await;
    let mut options = trusting(&issuer);
    options.algorithms = vec!["ES256"];
    let identity = identity(options);
    let claims = claims(&issuer.url(), &json!({}));

    assert_eq!(
        who(&identity, &rsa.token(&claims)).await,
        refused(401, "The token is signed in a way that is not accepted.")
    );
    assert_eq!(who(&identity, &curve.token(&claims)).await, ada());
}

#[tokio::test]
async fn the_name_of_another_kind_of_key_is_refused() {
    let (rsa, curve) = (Signer::rsa("r"), Signer::p256("p"));
    let issuer = Issuer::start(&[&rsa, &curve]).await;
    let identity = identity(trusting(&issuer));
    let claims = claims(&issuer.url(), &json!({}));

    assert_eq!(
        who(
            &identity,
            &curve.sign(&json!({"alg": "ES256", "kid": "r"}), &claims)
        )
        .await,
        refused(401, "The token is signed in a way that is not accepted.")
    );
}

#[tokio::test]
async fn a_signature_by_another_key_under_a_known_name_is_refused() {
    let (issuer, _, identity) = shop(Signer::p256("k")).await;
    let claims = claims(&issuer.url(), &json!({}));

    assert_eq!(
        who(&identity, &Signer::p256("k").token(&claims)).await,
        refused(401, "The signature of the token is wrong.")
    );
}

#[tokio::test]
async fn claims_that_were_changed_after_the_signature_let_nobody_in() {
    let (issuer, signer, identity) = shop(Signer::p256("k")).await;
    let token = signer.token(&claims(&issuer.url(), &json!({})));
    assert_eq!(who(&identity, &token).await, ada());
    let parts: Vec<&str> = token.split('.').collect();
    let eve = base64(claims(&issuer.url(), &json!({"sub": "eve"})).to_string());

    assert_eq!(
        who(&identity, &format!("{}.{eve}.{}", parts[0], parts[2])).await,
        refused(401, "The signature of the token is wrong.")
    );
}

#[tokio::test]
async fn what_a_header_says_must_be_understood_is_refused() {
    let (issuer, signer, identity) = shop(Signer::p256("k")).await;
    let header = json!({"alg": "ES256", "kid": "k", "crit": ["exp"]});

    assert_eq!(
        who(
            &identity,
            &signer.sign(&header, &claims(&issuer.url(), &json!({})))
        )
        .await,
        refused(401, "The token is signed in a way that is not accepted.")
    );
}

#[tokio::test]
async fn a_key_that_a_token_brings_along_is_not_asked() {
    let (issuer, _, identity) = shop(Signer::p256("k")).await;
    let eve = Signer::p256("k");
    let header = json!({"alg": "ES256", "kid": "k", "jwk": eve.published(), "jku": issuer.url()});

    assert_eq!(
        who(
            &identity,
            &eve.sign(&header, &claims(&issuer.url(), &json!({})))
        )
        .await,
        refused(401, "The signature of the token is wrong.")
    );
}

#[tokio::test]
async fn what_is_no_token_at_all_is_not_known() {
    let (_issuer, _, identity) = shop(Signer::p256("k")).await;
    for token in ["a", "a.b", "a.b.c", "..", "a.b.c.d", "e30.e30.e30"] {
        assert_eq!(
            who(&identity, token).await,
            refused(401, "The token is not known here."),
            "{token}"
        );
    }
}

#[tokio::test]
async fn a_clock_that_is_a_little_off_is_forgiven_as_far_as_was_said() {
    let signer = Signer::p256("k");
    let issuer = Issuer::start(&[&signer]).await;
    let mut options = trusting(&issuer);
    options.clock_skew = Duration::from_mins(1);
    let identity = identity(options);
    let token = |other: &Value| signer.token(&claims(&issuer.url(), other));

    for within in [json!({"exp": now() - 30}), json!({"nbf": now() + 30})] {
        assert_eq!(who(&identity, &token(&within)).await, ada(), "{within}");
    }
    for beyond in [json!({"exp": now() - 90}), json!({"nbf": now() + 90})] {
        let status = who(&identity, &token(&beyond)).await.unwrap_err().0;
        assert_eq!(status, 401, "{beyond}");
    }
}

#[tokio::test]
async fn a_token_that_was_let_in_before_is_refused_once_it_has_expired() {
    let (issuer, signer, identity) = shop(Signer::p256("k")).await;
    let expires = now() + 2;
    let token = signer.token(&claims(&issuer.url(), &json!({"exp": expires})));
    assert_eq!(who(&identity, &token).await, ada());

    while now() <= expires {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    assert_eq!(
        who(&identity, &token).await,
        refused(401, "The token has expired.")
    );
}

#[tokio::test]
async fn required_claims_and_scopes_must_be_there() {
    let signer = Signer::p256("k");
    let issuer = Issuer::start(&[&signer]).await;
    let mut options = trusting(&issuer);
    options.required = vec![RequiredClaim {
        name: "groups".to_owned(),
        values: vec![json!("db"), json!("admin")],
    }];
    options.scopes = vec!["db:read".to_owned()];
    let identity = identity(options);
    let scope = "The token lacks a scope that is required here.";
    let claim = "The token lacks a claim that is required here.";
    for (other, expected) in [
        (
            json!({"groups": ["x", "db"], "scope": "openid db:read"}),
            ada(),
        ),
        (json!({"groups": "admin", "scp": ["db:read"]}), ada()),
        (json!({"groups": "db"}), refused(403, scope)),
        (
            json!({"groups": "db", "scope": "db:reader"}),
            refused(403, scope),
        ),
        (json!({"scope": "db:read"}), refused(403, claim)),
        (
            json!({"groups": "dba", "scope": "db:read"}),
            refused(403, claim),
        ),
        (
            json!({"groups": {"db": 1}, "scope": "db:read"}),
            refused(403, claim),
        ),
    ] {
        let token = signer.token(&claims(&issuer.url(), &other));
        assert_eq!(who(&identity, &token).await, expected, "{other}");
    }
}

#[tokio::test]
async fn another_claim_can_say_who_it_is() {
    let signer = Signer::p256("k");
    let issuer = Issuer::start(&[&signer]).await;
    let mut options = trusting(&issuer);
    options.principal = "email".to_owned();
    let identity = identity(options);
    let token = signer.token(&claims(&issuer.url(), &json!({"email": "ada@example.com"})));

    assert_eq!(
        who(&identity, &token).await,
        Ok("shop:ada@example.com".to_owned())
    );
}

#[tokio::test]
async fn whoever_brings_no_token_learns_where_to_get_one() {
    let signer = Signer::p256("k");
    let issuer = Issuer::start(&[&signer]).await;
    let mut options = trusting(&issuer);
    options.scopes = vec!["db:read".to_owned()];
    let identity = identity(options);
    let bare = Request::builder().body(()).unwrap().into_parts().0;

    let refused = identity.sign_in(&bare).await.unwrap_err();

    assert_eq!(refused.status, 401);
    assert_eq!(
        refused.challenge.unwrap(),
        "Bearer realm=\"portolan\", \
         resource_metadata=\"https://portolan.example.com/.well-known/oauth-protected-resource/mcp\", \
         scope=\"db:read\""
    );
    assert_eq!(
        identity.protected_resource().unwrap(),
        json!({
            "resource": AUDIENCE,
            "resource_name": "Portolan",
            "authorization_servers": [issuer.url()],
            "bearer_methods_supported": ["header"],
            "scopes_supported": ["db:read"],
        })
    );
}

#[tokio::test]
async fn thousands_of_wrong_tokens_do_not_ask_the_issuer_again() {
    let signer = Signer::rsa("k");
    let issuer = Issuer::start(&[&signer]).await;
    let mut options = trusting(&issuer);
    options.keys.pause = Duration::from_hours(1);
    let identity = identity(options);
    let right = signer.token(&claims(&issuer.url(), &json!({})));
    assert_eq!(who(&identity, &right).await, ada());
    // By a key that nobody knows, with a signature that is wrong, and of this server's own kind.
    let unknown = Signer::ed25519("u").token(&claims(&issuer.url(), &json!({})));
    let (before, _) = right.rsplit_once('.').unwrap();
    let wrong = format!("{before}.{}", base64([1; 256]));

    for number in 0..1_000 {
        for token in [&unknown, &wrong, &format!("portolan_{number}")] {
            assert_eq!(who(&identity, token).await.unwrap_err().0, 401);
        }
    }

    assert_eq!(issuer.asked(), 1);
    assert_eq!(who(&identity, &right).await, ada());
}
