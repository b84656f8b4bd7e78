//! `portolan token new`.

use adapters::inbound::http::identity::TokenHash;
use serde_json::{Value, json};

use super::run;

#[tokio::test]
async fn a_token_is_printed_with_the_entry_that_knows_it() {
    let ran = run(&[
        "token",
        "new",
        "--name",
        "ada@example.com",
        "--claim",
        "team=\"a\"",
    ])
    .await;

    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let token = ran.stdout.lines().next().unwrap();
    assert_eq!(token.len(), "portolan_".len() + 64);
    let (_, entry) = ran.stdout.split_once("configuration file:\n\n").unwrap();
    let entry: toml::Table = toml::from_str(entry).unwrap();
    let hash = TokenHash::of(token).to_string();
    let expected = json!({"identity": {"tokens": {"ada@example.com": {
        "hash": hash, "claims": {"team": "\"a\""}
    }}}});
    assert_eq!(serde_json::to_value(entry).unwrap(), expected);
}

#[tokio::test]
async fn a_program_gets_the_same_as_json() {
    let ran = run(&["token", "new", "--name", "ci", "--expires", "1h", "--json"]).await;

    let printed: Value = serde_json::from_str(&ran.stdout).unwrap();
    let entry = &printed["file"]["identity"]["tokens"]["ci"];
    let token = printed["token"].as_str().unwrap();
    assert_eq!(entry["hash"], json!(TokenHash::of(token).to_string()));
    assert_eq!(
        entry["expires"].as_str().unwrap().len(),
        "2027-01-31T12:00:00Z".len()
    );
    assert_eq!(entry.as_object().unwrap().len(), 2);
}

#[tokio::test]
async fn every_mistake_is_told_and_nothing_is_made() {
    let ran = run(&[
        "token",
        "new",
        "--name",
        "a b",
        "--expires",
        "soon",
        "--claim",
        "x",
    ])
    .await;

    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert_eq!(
        ran.stderr,
        "portolan: --name: Is not the name of a token. Expected 1 to 64 letters, digits and the characters . _ - @.\n\
         portolan: --expires: Is no time. Expected such as 90d or 12h.\n\
         portolan: --claim: Is no claim. Expected such as team=billing.\n"
    );
}
