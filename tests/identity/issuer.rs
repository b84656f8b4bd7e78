//! A small issuer of `OpenID Connect` on this machine.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde_json::{Value, json};
use support::tls::Pair;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

use super::token::Signer;

/// Status and body of an answer; a body that begins with `http` under 302 is where it leads.
pub(crate) type Answer = (u16, String);

/// What it answers, and how often it was asked for keys.
struct State {
    discovery: Mutex<Answer>,
    keys: Mutex<Answer>,
    token: Mutex<Answer>,
    /// What was sent to it for a token.
    token_asked: Mutex<String>,
    asked: AtomicUsize,
    /// Without it there is no TLS.
    tls: Mutex<Option<TlsAcceptor>>,
}

pub(crate) struct Issuer {
    address: SocketAddr,
    state: Arc<State>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Drop for Issuer {
    fn drop(&mut self) {
        if let Some(task) = self.task.lock().unwrap().take() {
            task.abort();
        }
    }
}

impl Issuer {
    pub(crate) async fn start(signers: &[&Signer]) -> Self {
        let issuer = Self::absent(signers).await;
        issuer.come_up().await;
        issuer
    }

    /// Is reached by TLS, and shows this certificate.
    pub(crate) async fn over_tls(signers: &[&Signer], pair: &Pair) -> Self {
        let issuer = Self::reached(signers, Some(pair)).await;
        issuer.come_up().await;
        issuer
    }

    /// Has an address, and nobody listens there.
    pub(crate) async fn absent(signers: &[&Signer]) -> Self {
        Self::reached(signers, None).await
    }

    async fn reached(signers: &[&Signer], pair: Option<&Pair>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let tls = pair.map(Pair::acceptor);
        let url = url(address, tls.is_some());
        let discovery = json!({"issuer": url, "jwks_uri": format!("{url}/keys")});
        let issuer = Self {
            address,
            state: Arc::new(State {
                discovery: Mutex::new((200, discovery.to_string())),
                keys: Mutex::new((200, String::new())),
                token: Mutex::new((404, String::new())),
                token_asked: Mutex::default(),
                asked: AtomicUsize::new(0),
                tls: Mutex::new(tls),
            }),
            task: Mutex::new(None),
        };
        issuer.publish(signers);
        issuer
    }

    pub(crate) async fn come_up(&self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        let state = Arc::clone(&self.state);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let state = Arc::clone(&state);
                tokio::spawn(async move {
                    let tls = state.tls.lock().unwrap().clone();
                    match tls {
                        // Who does not believe it, goes.
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                answer(stream, state).await;
                            }
                        }
                        None => answer(stream, state).await,
                    }
                });
            }
        });
        *self.task.lock().unwrap() = Some(task);
    }

    pub(crate) async fn go_down(&self) {
        let task = self.task.lock().unwrap().take().unwrap();
        task.abort();
        // The socket is closed once the task is gone.
        let _aborted = task.await;
    }

    pub(crate) fn url(&self) -> String {
        url(self.address, self.state.tls.lock().unwrap().is_some())
    }

    /// Whoever connects from here on is shown this certificate.
    pub(crate) fn shows(&self, pair: &Pair) {
        *self.state.tls.lock().unwrap() = Some(pair.acceptor());
    }

    pub(crate) fn publish(&self, signers: &[&Signer]) {
        let keys: Vec<Value> = signers.iter().map(|signer| signer.published()).collect();
        self.answer_keys(200, json!({"keys": keys}).to_string());
    }

    pub(crate) fn answer_keys(&self, status: u16, body: String) {
        *self.state.keys.lock().unwrap() = (status, body);
    }

    pub(crate) fn answer_discovery(&self, status: u16, body: String) {
        *self.state.discovery.lock().unwrap() = (status, body);
    }

    pub(crate) fn answer_token(&self, status: u16, body: String) {
        *self.state.token.lock().unwrap() = (status, body);
    }

    /// What was last sent to it for a token.
    pub(crate) fn token_asked(&self) -> String {
        self.state.token_asked.lock().unwrap().clone()
    }

    /// How often it was asked for keys.
    pub(crate) fn asked(&self) -> usize {
        self.state.asked.load(Ordering::SeqCst)
    }
}

fn url(address: SocketAddr, is_tls: bool) -> String {
    if is_tls {
        format!("https://localhost:{}", address.port())
    } else {
        format!("http://{address}")
    }
}

async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, state: Arc<State>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let (status, body) = match head.split(' ').nth(1).unwrap() {
        "/.well-known/openid-configuration" => state.discovery.lock().unwrap().clone(),
        "/keys" => {
            state.asked.fetch_add(1, Ordering::SeqCst);
            state.keys.lock().unwrap().clone()
        }
        "/token" => {
            let length = head
                .lines()
                .filter_map(|line| line.split_once(": "))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .map(|(_, length)| length.parse().unwrap());
            let mut body = vec![0; length.unwrap_or(0)];
            stream.read_exact(&mut body).await.unwrap();
            *state.token_asked.lock().unwrap() = String::from_utf8(body).unwrap();
            state.token.lock().unwrap().clone()
        }
        _ => (404, String::new()),
    };
    let location = if status == 302 {
        format!("location: {body}\r\n")
    } else {
        String::new()
    };
    let answer = format!(
        "HTTP/1.1 {status} Whatever\r\n{location}content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let _gone = stream.write_all(answer.as_bytes()).await;
    let _gone = stream.shutdown().await;
}
