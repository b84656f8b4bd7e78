//! What is read again while it is in force: tokens, issuers, and the list of who is revoked.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use adapters::inbound::http::identity::{
    Identity, IdentityOptions, RevocationFile, Revoked, TokenHash,
};
use application::access::Access;
use bootstrap::{
    configuration::{Configuration, Inputs},
    environment::Environment,
    identity::{NobodySignsIn, ReloadedIdentity, identity},
    reload::{Reloadable, Reloading},
    roles::ReloadedRoles,
};
use serde_json::json;
use support::databases::unique;

use super::{
    ada,
    issuer::Issuer,
    token::{Signer, claims},
    trusting, who,
};

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

impl Folder {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(unique("portolan_identity"));
        std::fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(name), text).unwrap();
    }

    fn load(folder: &std::path::Path) -> Configuration {
        Configuration::load(&Inputs {
            environment: &Environment::default(),
            working_directory: folder,
            config: Some("c.toml".as_ref()),
            urls: &[],
            tools: None,
            http: None,
            engines: &[],
        })
    }

    /// What the file says, in force, and whatever reads it again.
    fn in_force(&self) -> (Arc<Identity>, Reloading) {
        let identity = identity(&Self::load(&self.0)).unwrap().unwrap();
        let part = Arc::new(ReloadedIdentity(Arc::clone(&identity)));
        let folder = self.0.clone();
        (
            identity,
            Reloading::new(vec![part], move || Self::load(&folder)),
        )
    }
}

fn token_entry(name: &str, token: &str) -> String {
    format!(
        "[identity.tokens.{name}]\nhash = '{}'\n",
        TokenHash::of(token)
    )
}

#[tokio::test]
async fn tokens_that_are_taken_out_of_the_file_let_nobody_in_any_more() {
    let folder = Folder::new();
    folder.write("c.toml", &token_entry("ci", "one"));
    let (identity, reloading) = folder.in_force();
    assert_eq!(who(&identity, "one").await, Ok("ci".to_owned()));
    folder.write("c.toml", &token_entry("bob", "two"));

    reloading.reload().await.unwrap();

    assert_eq!(who(&identity, "one").await.unwrap_err().0, 401);
    assert_eq!(who(&identity, "two").await, Ok("bob".to_owned()));
}

#[tokio::test]
async fn a_mistake_keeps_all_of_what_was_in_force() {
    let folder = Folder::new();
    folder.write("c.toml", &token_entry("ci", "one"));
    let (identity, reloading) = folder.in_force();
    for (text, mistake) in [
        (
            format!("{}[identity.tokens.ci]\n", token_entry("bob", "two")),
            "identity.tokens.ci: Has no token.",
        ),
        (String::new(), "identity: Is gone"),
        ("[".to_owned(), "c.toml: Line 1, "),
    ] {
        folder.write("c.toml", &text);

        let told = reloading.reload().await.unwrap_err();

        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].to_string().starts_with(mistake), "{told:?}");
        assert_eq!(
            who(&identity, "one").await,
            Ok("ci".to_owned()),
            "{mistake}"
        );
        assert_eq!(who(&identity, "two").await.unwrap_err().0, 401);
    }
}

#[tokio::test]
async fn a_sign_in_that_is_new_in_the_file_is_told_to_wait_for_a_restart() {
    let folder = Folder::new();
    let path = folder.0.clone();
    folder.write("c.toml", "");
    let reloading = Reloading::new(vec![Arc::new(NobodySignsIn)], move || Folder::load(&path));
    reloading.reload().await.unwrap();
    folder.write("c.toml", &token_entry("ci", "one"));

    let told = reloading.reload().await.unwrap_err();

    assert_eq!(
        told[0].to_string(),
        "identity: Is new, and nobody has to sign in yet. Expected a restart, from which on it counts."
    );
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_told_once() {
    let folder = Folder::new();
    let path = folder.0.clone();
    folder.write("c.toml", "[");
    let roles = Arc::new(ReloadedRoles(Arc::new(Access::new(None))));
    let parts: Vec<Arc<dyn Reloadable>> = vec![Arc::new(NobodySignsIn), roles];
    let reloading = Reloading::new(parts, move || Folder::load(&path));

    let told = reloading.reload().await.unwrap_err();

    assert_eq!(told.len(), 1, "{told:?}");
}

#[tokio::test]
async fn an_issuer_that_is_down_while_the_file_is_read_again_is_believed_still() {
    let signer = Signer::p256("k");
    let issuer = Issuer::start(&[&signer]).await;
    let folder = Folder::new();
    let entry = format!(
        "[identity.issuers.shop]\nissuer = '{}'\naudience = '{}'\n",
        issuer.url(),
        super::AUDIENCE
    );
    folder.write("c.toml", &entry);
    let (identity, reloading) = folder.in_force();
    let token = signer.token(&claims(&issuer.url(), &json!({})));
    assert_eq!(who(&identity, &token).await, ada());
    issuer.go_down().await;
    folder.write("c.toml", &format!("{entry}{}", token_entry("ci", "one")));

    reloading.reload().await.unwrap();

    assert_eq!(who(&identity, &token).await, ada());
    assert_eq!(who(&identity, "one").await, Ok("ci".to_owned()));
}

/// Somebody signs in who is asked for by the file `revoked`, which is empty at first.
struct Watched {
    folder: Folder,
    issuer: Issuer,
    signer: Signer,
    identity: Identity,
}

impl Watched {
    async fn new() -> Self {
        let signer = Signer::p256("k");
        let issuer = Issuer::start(&[&signer]).await;
        let folder = Folder::new();
        folder.write("revoked", "");
        let path = folder.0.join("revoked");
        let identity = Identity::new(IdentityOptions {
            issuers: vec![trusting(&issuer)],
            revocations: Some(RevocationFile {
                revoked: Revoked::read(&path).unwrap(),
                path,
            }),
            ..IdentityOptions::default()
        });
        Self {
            folder,
            issuer,
            signer,
            identity,
        }
    }

    async fn who(&self, id: &str) -> Result<String, (u16, String)> {
        let claims = claims(&self.issuer.url(), &json!({"jti": id}));
        who(&self.identity, &self.signer.token(&claims)).await
    }

    async fn is_refused_soon(&self, id: &str) {
        let revoked = Err((401, "The token was revoked.".to_owned()));
        let start = Instant::now();
        while self.who(id).await != revoked {
            assert!(start.elapsed() < Duration::from_secs(10));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

#[tokio::test]
async fn who_is_put_on_the_list_is_not_let_in_any_more() {
    let watched = Watched::new().await;
    assert_eq!(watched.who("1").await, ada());
    assert_eq!(watched.who("2").await, ada());

    watched.folder.write("revoked", "jti 1\n");

    watched.is_refused_soon("1").await;
    assert_eq!(watched.who("2").await, ada());
}

#[tokio::test]
async fn a_slip_in_the_list_lets_nobody_in_and_keeps_no_other_line_from_being_in_force() {
    let watched = Watched::new().await;
    watched.folder.write("revoked", "jti 1\n");
    watched.is_refused_soon("1").await;

    watched.folder.write("revoked", "ada\njti 2\n");

    watched.is_refused_soon("2").await;
    watched.is_refused_soon("1").await;
    assert_eq!(watched.who("3").await, ada());
}
