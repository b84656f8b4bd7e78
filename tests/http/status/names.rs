//! Names of anybody's making on the page: of callers, clients, roles and whatever else has one.

use serde_json::{Value, json};
use support::http::Request;

use super::{OPS, Team, browser::look};
use crate::identity::{
    AUDIENCE,
    issuer::Issuer,
    token::{Signer, claims},
};

const MARKUP: &str = "\"><img src=x onerror=alert()><script>alert()</script>";
const LINK: &str = "javascript:alert()";
/// Shown backwards from its middle, and with a part that nobody sees.
const TURNED: &str = "ada\u{202e}nimda\u{200b}";
const TURNED_SHOWN: &str = r"ada\u{202e}nimda\u{200b}";

/// Nothing of a page but names has come of these names.
fn is_in_order(look: &Value) {
    // Opening the page itself.
    assert_eq!(look["happened"], json!(["framenavigated"]), "{look}");
    assert_eq!(look["foreignElements"], 0, "{look}");
    assert_eq!(look["isWiderThanTheScreen"], false, "{look}");
    let tallest = look["tallestRow"].as_f64().unwrap();
    assert!(tallest < 3.0, "{tallest} screens of {}", look["screen"]);
}

#[tokio::test]
async fn whatever_has_a_name_is_shown_as_one_in_its_place() {
    // GIVEN names that the server itself would mostly refuse
    let team = Team::start().await;
    let long = "x".repeat(10_000);
    let marks = "\u{301}".repeat(50);
    let names = [
        (MARKUP.to_owned(), MARKUP.to_owned()),
        (LINK.to_owned(), LINK.to_owned()),
        (TURNED.to_owned(), TURNED_SHOWN.to_owned()),
        (
            "a\0b\u{1b}[31m\u{2067}\u{e0041}".to_owned(),
            r"a\u{0}b\u{1b}[31m\u{2067}\u{e0041}".to_owned(),
        ),
        ("__proto__".to_owned(), "__proto__".to_owned()),
        (long.clone(), format!("{} … {}", &long[..180], &long[..60])),
        (format!("a{marks}"), format!("a{}…", &marks[..8])),
    ];
    let given: Vec<&str> = names.iter().map(|(given, _)| given.as_str()).collect();
    let expected: Vec<&str> = names.iter().map(|(_, shown)| shown.as_str()).collect();
    // WHEN they stand wherever a name can stand
    let given = json!(given).to_string();
    let Some(found) = look("names.mjs", &team, &[OPS, &given]).await else {
        return;
    };
    // THEN each is shown as it is, with what cannot be seen in numbers, and takes no more room than it needs
    for look in found.as_array().unwrap() {
        is_in_order(look);
        assert_eq!(look["connections"], json!(expected));
        assert_eq!(look["failures"], json!(expected));
        assert_eq!(
            look["callers"][2],
            format!("{TURNED_SHOWN} as {TURNED_SHOWN}")
        );
        assert_eq!(
            look["buttons"][2],
            format!("Cancel call 1-2 of {TURNED_SHOWN}")
        );
    }
}

#[tokio::test]
async fn a_caller_and_roles_of_any_name_are_told_as_they_are() {
    // GIVEN a role and callers with such names, which they have from their issuer, and an operator
    let signer = Signer::ed25519("k");
    let issuer = Issuer::start(&[&signer]).await;
    let config = format!(
        "[server]\npublicUrl = '{AUDIENCE}'\n\
         [connections.shop]\nurl = 'sqlite::memory:'\n\
         [identity.issuers.shop]\nissuer = '{}'\n\
         [roles.\"<b>boss</b>\\u202E\"]\nwhen = {{principal = 'ops'}}\nconnections = '*'\ntools = 'full'\nmanageConnections = true\n\
         [roles.reader]\nwhen = {{group = 'people'}}\nconnections = 'shop'\ntools = 'minimal'\n",
        issuer.url(),
    );
    let team = Team::configured(config, &[("ops", OPS)]).await;
    let longest = "x".repeat(256);
    for sub in [MARKUP, LINK, TURNED, &longest] {
        // WHEN each calls, by a client that calls itself such things too
        let token = signer.token(&claims(
            &issuer.url(),
            &json!({"sub": sub, "group": "people"}),
        ));
        let client =
            json!({"name": "made-up <b>", "title": "made-up \u{202e}", "version": "made-up"});
        let mut call = json!({"name": "execute_query"});
        call["arguments"] = json!({"sql": "SELECT 1"});
        call["_meta"] = json!({"io.modelcontextprotocol/clientInfo": client});
        let call = Request::modern("tools/call", call).with("User-Agent", "made-up <b>");
        let answer = team.send(call, &token).await.json();
        assert_eq!(answer["result"]["isError"], false, "{sub}: {answer}");
    }
    // THEN nothing of the client is told
    let status = team.status(OPS).await;
    assert!(!status.to_string().contains("made-up"), "{status}");
    // AND callers and roles are names on the page
    let Some(found) = look("names.mjs", &team, &[OPS]).await else {
        return;
    };
    let end = &longest[..60];
    for look in found.as_array().unwrap() {
        is_in_order(look);
        assert_eq!(look["name"], r"ops (<b>boss</b>\u{202e})");
        assert_eq!(
            look["callers"],
            json!([
                format!("shop:{} … {end}", &longest[..175]),
                format!("shop:{TURNED_SHOWN}"),
                format!("shop:{LINK}"),
                format!("shop:{MARKUP}"),
            ])
        );
    }
}
