//! The built server over HTTP, and who gets in.

use std::{
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant},
};

use adapters::inbound::http::identity::TokenHash;
use serde_json::{Value, json};
use support::{client::binary, scratch::Scratch};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    process::{Child, Command},
    task::JoinSet,
};

use super::{
    AUDIENCE,
    issuer::Issuer,
    token::{Signer, claims},
};

struct Served {
    address: String,
    folder: Scratch,
    child: Child,
}

fn file(issuer: &Issuer, name: &str, token: &str) -> String {
    format!(
        "[server]\npublicUrl = '{AUDIENCE}'\n\
         [identity.issuers.shop]\nissuer = '{}'\n\
         [identity.tokens.{name}]\nhash = '{}'\n",
        issuer.url(),
        TokenHash::of(token)
    )
}

impl Served {
    async fn start(text: &str) -> Self {
        let folder = Scratch::new();
        std::fs::write(folder.path("c.toml"), text).unwrap();
        let address = {
            let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
            free.local_addr().unwrap().to_string()
        };
        let child = Command::new(binary())
            .args(["serve", "--config", "c.toml", "--http", &address])
            .env_clear()
            .current_dir(folder.path(""))
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let served = Self {
            address,
            folder,
            child,
        };
        let start = Instant::now();
        while TcpStream::connect(&served.address).await.is_err() {
            assert!(start.elapsed() < Duration::from_secs(20), "it listens");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        served
    }

    /// Head and body of the answer.
    async fn ask(&self, first_line: &str, token: Option<&str>, body: &str) -> (String, String) {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        let authorization = token
            .map(|token| format!("authorization: Bearer {token}\r\n"))
            .unwrap_or_default();
        let request = format!(
            "{first_line} HTTP/1.1\r\nhost: {}\r\n{authorization}connection: close\r\n\
             content-type: application/json\r\naccept: application/json, text/event-stream\r\n\
             content-length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_ascii_lowercase(), body.to_owned())
    }

    /// The status of a handshake.
    async fn status(&self, token: Option<&str>) -> String {
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-06-18", "capabilities": {},
            "clientInfo": {"name": "t", "version": "1"}
        }});
        let (head, _) = self.ask("POST /mcp", token, &message.to_string()).await;
        head.split(' ').nth(1).unwrap().to_owned()
    }

    #[cfg(unix)]
    async fn signal(&self, signal: &str) {
        let process = self.child.id().unwrap().to_string();
        let sent = Command::new("kill").args([signal, &process]).status().await;
        assert!(sent.unwrap().success());
    }
}

#[tokio::test]
async fn only_who_signs_in_is_served() {
    let signer = Signer::rsa("k");
    let issuer = Issuer::start(&[&signer]).await;
    let served = Served::start(&file(&issuer, "ci", "one")).await;
    let jwt = signer.token(&claims(&issuer.url(), &json!({})));
    let expired = signer.token(&claims(&issuer.url(), &json!({"exp": 1})));

    for (token, status) in [
        (None, "401"),
        (Some("two"), "401"),
        (Some(expired.as_str()), "401"),
        (Some("one"), "200"),
        (Some(jwt.as_str()), "200"),
    ] {
        assert_eq!(served.status(token).await, status, "{token:?}");
    }
}

#[tokio::test]
async fn a_flood_of_wrong_tokens_keeps_out_nobody_who_signs_in() {
    // GIVEN a thousand wrong tokens of three kinds, as fast as eight clients can send them
    let signer = Signer::rsa("k");
    let issuer = Issuer::start(&[&signer]).await;
    let served = Arc::new(Served::start(&file(&issuer, "ci", "one")).await);
    let right = signer.token(&claims(&issuer.url(), &json!({})));
    assert_eq!(served.status(Some(&right)).await, "200");
    let asked = issuer.asked();
    let (before, _) = right.rsplit_once('.').unwrap();
    let kinds = [
        Signer::rsa("k").token(&claims(&issuer.url(), &json!({}))),
        format!("{before}.AAAA"),
        "portolan_wrong".to_owned(),
    ];
    let mut flood = JoinSet::new();
    for client in 0..8 {
        let (served, kinds) = (Arc::clone(&served), kinds.clone());
        flood.spawn(async move {
            let mut refused = 0;
            for number in 0..125 {
                let status = served.status(Some(&kinds[(client + number) % 3])).await;
                refused += usize::from(status == "401");
            }
            refused
        });
    }

    let flood = tokio::spawn(flood.join_all());

    // WHEN others sign in meanwhile
    let mut answered = Vec::new();
    while !flood.is_finished() {
        for token in [right.as_str(), "one"] {
            answered.push(served.status(Some(token)).await);
        }
    }

    // THEN each of them is let in, none of the others is, and the issuer is left alone
    assert!(
        answered.iter().all(|status| status == "200"),
        "{answered:?}"
    );
    assert_eq!(flood.await.unwrap().into_iter().sum::<usize>(), 1_000);
    assert_eq!(issuer.asked(), asked);
}

#[tokio::test]
async fn a_client_finds_out_by_itself_where_to_sign_in() {
    let issuer = Issuer::start(&[&Signer::p256("k")]).await;
    let served = Served::start(&file(&issuer, "ci", "one")).await;

    let (head, _) = served.ask("POST /mcp", None, "{}").await;
    let url = "https://portolan.example.com/.well-known/oauth-protected-resource/mcp";
    let challenge =
        format!("www-authenticate: bearer realm=\"portolan\", resource_metadata=\"{url}\"\r\n");
    assert!(format!("{head}\r\n").contains(&challenge), "{head}");

    for path in ["", "/mcp"] {
        let line = format!("GET /.well-known/oauth-protected-resource{path}");
        let (head, body) = served.ask(&line, None, "").await;
        assert!(head.starts_with("http/1.1 200 "), "{head}");
        let metadata: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(metadata["resource"], AUDIENCE);
        assert_eq!(metadata["authorization_servers"], json!([issuer.url()]));
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_hangup_has_the_tokens_read_again() {
    let issuer = Issuer::start(&[&Signer::p256("k")]).await;
    let served = Served::start(&file(&issuer, "ci", "one")).await;
    assert_eq!(served.status(Some("one")).await, "200");
    let path = served.folder.path("c.toml");
    std::fs::write(path, file(&issuer, "ci", "two")).unwrap();

    served.signal("-HUP").await;

    let start = Instant::now();
    while served.status(Some("two")).await != "200" {
        assert!(start.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(served.status(Some("one")).await, "401");
}

#[cfg(unix)]
#[tokio::test]
async fn who_is_not_let_in_is_in_the_audit() {
    // GIVEN a server with an audit and one token, which has expired
    let issuer = Issuer::start(&[&Signer::ed25519("k")]).await;
    let text = format!(
        "{}expires = '2020-01-01T00:00:00Z'\n",
        file(&issuer, "old", "portolan_old")
    )
    .replace("[server]\n", "[server]\nauditFile = 'audit.jsonl'\n");
    let mut served = Served::start(&text).await;
    // WHEN it is asked with that one, with none, and twice with one that nobody gave out
    for (token, status) in [
        (Some("portolan_old"), "401"),
        (None, "401"),
        (Some("portolan_made_up"), "401"),
        (Some("portolan_made_up"), "401"),
    ] {
        assert_eq!(served.status(token).await, status);
    }
    served.signal("-TERM").await;
    served.child.wait().await.unwrap();
    // THEN the first is told by its name, the others are counted, and whoever had none is not
    let audit = std::fs::read_to_string(served.folder.path("audit.jsonl")).unwrap();
    let told: Vec<Value> = audit
        .lines()
        .map(|line| {
            let mut line: Value = serde_json::from_str(line).unwrap();
            let fields = line.as_object_mut().unwrap();
            for of_the_chain in ["seq", "time", "prev", "hash"] {
                assert!(fields.remove(of_the_chain).is_some(), "{audit}");
            }
            line
        })
        .collect();
    assert_eq!(
        told,
        [
            json!({"principal": "old", "address": "127.0.0.1", "method": "sign-in", "outcome": "refused",
                   "reason": "expired", "times": 1}),
            json!({"address": "127.0.0.1", "method": "sign-in", "outcome": "refused",
                   "reason": "unknown_token", "times": 2}),
        ]
    );
}
