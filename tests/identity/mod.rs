//! Who is calling over HTTP, with an issuer of the test's own: real keys, a real socket.

pub(crate) mod issuer;
mod outages;
mod refusals;
mod reload;
mod sdks;
mod served;
mod tls;
pub(crate) mod token;

use std::time::Duration;

use adapters::inbound::http::{
    Refused, SignIn,
    identity::{ALGORITHMS, Identity, IdentityOptions, IssuerOptions, KeyOptions},
};
use http::{Request, header::AUTHORIZATION, request::Parts};

use self::{issuer::Issuer, token::Signer};

pub(crate) const AUDIENCE: &str = "https://portolan.example.com/mcp";

/// Trusts the issuer for tokens for [`AUDIENCE`], impatiently.
fn trusting(issuer: &Issuer) -> IssuerOptions {
    IssuerOptions {
        name: "shop".to_owned(),
        url: issuer.url(),
        audiences: vec![AUDIENCE.to_owned()],
        algorithms: ALGORITHMS.to_vec(),
        principal: "sub".to_owned(),
        required: Vec::new(),
        scopes: Vec::new(),
        clock_skew: Duration::ZERO,
        keys: KeyOptions {
            pause: Duration::from_millis(200),
            refresh: Duration::from_hours(1),
            timeout: Duration::from_secs(2),
            ..KeyOptions::default()
        },
    }
}

fn identity(issuer: IssuerOptions) -> Identity {
    Identity::new(IdentityOptions {
        issuers: vec![issuer],
        public_url: Some(AUDIENCE.to_owned()),
        ..IdentityOptions::default()
    })
}

fn request(token: &str) -> Parts {
    let request = Request::builder()
        .uri("/mcp")
        .header(AUTHORIZATION, format!("Bearer {token}"))
        .body(())
        .unwrap();
    request.into_parts().0
}

/// The principal, or status and message of the refusal.
async fn who(identity: &Identity, token: &str) -> Result<String, (u16, String)> {
    identity
        .sign_in(&request(token))
        .await
        .map(|caller| caller.principal.to_string())
        .map_err(|refused: Refused| (refused.status.as_u16(), refused.message))
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "to be compared with what `who` gives"
)]
fn ada() -> Result<String, (u16, String)> {
    Ok("shop:ada".to_owned())
}

/// An issuer with one key, what it signs with, and a server that trusts it.
async fn shop(signer: Signer) -> (Issuer, Signer, Identity) {
    let issuer = Issuer::start(&[&signer]).await;
    let identity = identity(trusting(&issuer));
    (issuer, signer, identity)
}
