//! Who may sign in, as a file says it.

use std::time::Duration;

use adapters::inbound::http::identity::{IssuerOptions, KeyOptions, RequiredClaim, TokenHash};
use bootstrap::configuration::Configuration;
use serde_json::json;

use super::{Setup, strings};

/// Of a token that nobody has.
const HASH: &str = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const TOKEN: &str = "dvI8pbgT4dWq9wkrQxYbTtZP";

/// Name, hash and expiry of each token.
fn tokens(configuration: &Configuration) -> Vec<String> {
    let identity = configuration.identity.as_ref().unwrap().as_ref().unwrap();
    identity
        .tokens
        .iter()
        .map(|token| {
            let expires = token.expires().map(|expires| {
                let since = expires.duration_since(std::time::UNIX_EPOCH).unwrap();
                since.as_secs().to_string()
            });
            let expires = expires.as_deref().unwrap_or("-");
            format!("{} {} {expires}", token.principal(), token.hash())
        })
        .collect()
}

#[test]
fn tokens_are_read_from_json_and_from_toml_alike() {
    let json = format!(
        r#"{{"identity": {{"tokens": {{
            "ci": {{"hash": "{HASH}", "expires": "2027-01-31", "claims": {{"teams": ["a", "b"]}}}},
            "ada@example.com": {{"token": "${{ADA}}", "expires": null}},
            "bob": {{"tokenFile": "bob.token"}}
        }}}}}}"#
    );
    let toml = format!(
        "[identity.tokens.ci]\nhash = '{HASH}'\nexpires = 2027-01-31T00:00:00Z\nclaims.teams = ['a', 'b']\n\
         [identity.tokens.'ada@example.com']\ntoken = '${{ADA}}'\n\
         [identity.tokens.bob]\ntokenFile = 'bob.token'\n"
    );
    for (name, text) in [("c.json", &json), ("c.toml", &toml)] {
        let configuration = Setup::new()
            .with("ADA", TOKEN)
            .with_file("bob.token", &format!("{TOKEN}2\n"))
            .with_named_file(name, text)
            .load();

        assert_eq!(strings(&configuration.mistakes), [""; 0], "{name}");
        let mut told = tokens(&configuration);
        told.sort();
        assert_eq!(
            told,
            [
                format!("ada@example.com {} -", TokenHash::of(TOKEN)),
                format!("bob {} -", TokenHash::of(&format!("{TOKEN}2"))),
                format!("ci {HASH} 1801353600"),
            ],
            "{name}"
        );
    }
}

#[test]
fn every_mistake_is_told_at_once_and_no_token_is_shown() {
    let file = format!(
        r#"{{"identity": {{
            "tokns": {{}},
            "tokens": {{
                "a:b": {{"hash": "{HASH}"}},
                "both": {{"hash": "{HASH}", "token": "${{TOKEN}}"}},
                "date": {{"token": "${{TOKEN}}", "expires": "tomorrow"}},
                "gone": {{"tokenFile": "nowhere"}},
                "hash": {{"hash": "md5:x", "hsah": 1}},
                "list": [],
                "none": {{}},
                "open": {{"token": "{TOKEN}"}},
                "same": {{"hash": "{HASH}"}},
                "weak": {{"token": "${{WEAK}}"}}
            }}
        }}}}"#
    );
    let configuration = Setup::new()
        .variables(&[("TOKEN", TOKEN), ("WEAK", "hunter2")])
        .with_named_file("c.json", &file)
        .load();

    let told = strings(&configuration.mistakes);
    assert_eq!(
        told,
        [
            "identity.tokens.a:b: Is not the name of a token. Expected 1 to 64 letters, digits and the characters . _ - @.",
            "identity.tokens.both: Gives its token in more than one way. Expected one of `hash`, `token` and `tokenFile`.",
            "identity.tokens.date.expires: Is no instant. Expected a date such as 2027-01-31, or an instant such as \
             2027-01-31T12:00:00Z.",
            "identity.tokens.gone.tokenFile: Cannot be read: entity not found.",
            "identity.tokens.hash.hash: Is not the hash of a token. Expected `sha256:` and 64 hexadecimal digits, as \
             `portolan token new` prints it.",
            "identity.tokens.hash.hsah: Is not a key of this table. Expected `hash`, `token`, `tokenFile`, `expires`, \
             `claims`. Did you mean hash?",
            "identity.tokens.list: Is a list. Expected an object.",
            "identity.tokens.none: Has no token. Expected `hash`, or `token` or `tokenFile` where the token itself is \
             kept.",
            "identity.tokens.open.token: Stands in the file as it is, where others can read it. Expected `hash` \
             instead, or a variable such as `${CI_TOKEN}`.",
            "identity.tokens.same: Is the same token as that of a:b. Expected a token for each name.",
            "identity.tokens.weak.token: Could be guessed. Expected at least 128 random bits: 22 or more printable \
             characters without spaces, as of `openssl rand -base64 24`.",
            "identity.tokns: Is not a key of this table. Expected `tokens`, `issuers`, `revocationsFile`. Did you mean tokens?",
        ]
    );
    assert_eq!(
        configuration.identity.as_ref().map(|_| ()).unwrap_err(),
        &configuration.mistakes
    );
    assert!(!format!("{configuration:?}").contains(TOKEN));
    assert!(!configuration.is_valid());
}

#[test]
fn a_found_file_lets_nobody_in() {
    let file = format!(
        r#"{{"connections": {{}}, "identity": {{"tokens": {{"me": {{"hash": "{HASH}"}}}}}}}}"#
    );
    let configuration = Setup::new().with_file("config.json", &file).load();

    assert_eq!(
        strings(&configuration.mistakes),
        [
            "identity: Is refused in a file that was merely found. Expected the file to be named by --config or \
             DATABASE_CONFIG_PATH."
        ]
    );
    assert!(configuration.identity.unwrap().is_none());
}

#[test]
fn nobody_knows_who_may_sign_in_if_the_file_cannot_be_read() {
    let configuration = Setup::new().with_named_file("c.json", "{").load();

    assert!(configuration.identity.is_err());
}

#[test]
fn an_issuer_is_read_with_its_defaults() {
    let file = "[server]\npublicUrl = 'https://p.example/mcp'\n\
                [identity.issuers.corp]\nissuer = 'https://login.example'\nclockSkewSecs = 5\n\
                requiredClaims = { groups = ['a', 'b'], verified = true }\n";
    let configuration = Setup::new().with_named_file("c.toml", file).load();

    assert_eq!(strings(&configuration.mistakes), [""; 0]);
    let identity = configuration.identity.unwrap().unwrap();
    let expected = IssuerOptions {
        name: "corp".to_owned(),
        url: "https://login.example".to_owned(),
        audiences: vec!["https://p.example/mcp".to_owned()],
        algorithms: vec!["RS256", "ES256", "EdDSA"],
        principal: "sub".to_owned(),
        required: vec![
            RequiredClaim {
                name: "groups".to_owned(),
                values: vec![json!("a"), json!("b")],
            },
            RequiredClaim {
                name: "verified".to_owned(),
                values: vec![json!(true)],
            },
        ],
        scopes: Vec::new(),
        clock_skew: Duration::from_secs(5),
        keys: KeyOptions::default(),
    };
    assert_eq!(identity.issuers, [expected]);
    assert_eq!(
        identity.public_url.as_deref(),
        Some("https://p.example/mcp")
    );
}

#[test]
fn every_mistake_of_an_issuer_is_told_at_once() {
    let file = "[identity]\nrevocationsFile = 'nowhere'\n\
                [identity.issuers.a]\nissuer = 'http://login.example'\naudience = 'x'\n\
                algorithms = ['HS256', 'none', 'RS25']\nkeysRefreshMs = 1\nscopes = 'a\"b'\ncaFile = 'nowhere'\n\
                keyUrl = 'https://login.example'\n\
                [identity.issuers.b]\n";
    let configuration = Setup::new().with_named_file("c.toml", file).load();

    let told = strings(&configuration.mistakes);
    let expected = [
        "identity.issuers.a.issuer: Is not where an issuer can be asked.",
        "identity.issuers.a.algorithms: Names an algorithm that is not accepted.",
        "identity.issuers.a.algorithms: Names an algorithm that is not accepted.",
        "identity.issuers.a.algorithms: Names an algorithm that is not accepted. Expected RS256, ES256, EdDSA; perhaps RS256.",
        "identity.issuers.a.scopes: Names what is no scope.",
        "identity.issuers.a.caFile: Cannot be read.",
        "identity.issuers.a.keysRefreshMs: Is out of range. Expected a whole number of milliseconds from 1000 to 86400000.",
        "identity.issuers.a.keyUrl: Is not a key of this table.",
        "identity.issuers.b.issuer: Is missing.",
        "identity.issuers.b.audience: Is missing, so tokens for any other server would do here.",
        "identity.revocationsFile: Cannot be read: entity not found.",
    ];
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.starts_with(expected), "{told}");
    }
    assert!(configuration.identity.is_err());
}
