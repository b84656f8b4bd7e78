//! Tokens that are revoked for all processes at once.

use adapters::inbound::http::identity::TokenHash;
use support::{
    client::Launch,
    http::{HttpServer, Request},
    scratch::Scratch,
    shared::Redis,
    waiting::until,
};

const KEY: &str = "{portolan}:revoked";

struct Process {
    server: HttpServer,
    _folder: Scratch,
}

impl Process {
    async fn start(redis: &Redis) -> Self {
        let folder = Scratch::new();
        let file = folder.path("c.toml");
        let hash = TokenHash::of("portolan_ada");
        std::fs::write(&file, format!("[identity.tokens.ada]\nhash = '{hash}'\n")).unwrap();
        let launch = Launch::default()
            .argument("--config")
            .argument(file.display().to_string())
            .with("MCP_REDIS_URL", redis.url());
        Self {
            server: HttpServer::start(launch).await,
            _folder: folder,
        }
    }

    async fn status(&self) -> u16 {
        let request = Request::get("/status").with("Authorization", "Bearer portolan_ada");
        self.server.send(&request).await.status
    }

    async fn becomes(&self, status: u16) {
        until(&status.to_string(), async || self.status().await == status).await;
    }
}

#[tokio::test]
async fn who_is_revoked_once_is_let_in_by_no_process() {
    let Some(redis) = Redis::start().await else {
        return;
    };
    let (one, other) = (Process::start(&redis).await, Process::start(&redis).await);
    one.becomes(200).await;
    other.becomes(200).await;

    redis.ask(&["SADD", KEY, "principal ada"]).await;
    one.becomes(401).await;
    other.becomes(401).await;

    redis.ask(&["SREM", KEY, "principal ada"]).await;
    one.becomes(200).await;
}

#[tokio::test]
async fn the_list_stays_in_force_while_it_cannot_be_read() {
    let Some(mut redis) = Redis::start().await else {
        return;
    };
    redis.ask(&["SADD", KEY, "principal ada"]).await;
    let process = Process::start(&redis).await;
    process.becomes(401).await;
    // A member that is none lets nobody in either.
    redis.ask(&["SADD", KEY, "everybody"]).await;
    until("it is told", async || {
        process
            .server
            .log()
            .contains("has a member that is neither")
    })
    .await;
    assert_eq!(process.status().await, 401);

    redis.stop().await;
    until("it is missed", async || {
        process
            .server
            .log()
            .contains("the shared store does not answer")
    })
    .await;

    assert_eq!(process.status().await, 401);
}

#[tokio::test]
async fn nobody_is_let_in_before_the_list_was_read_once() {
    let Some(mut redis) = Redis::start().await else {
        return;
    };
    redis.stop().await;
    let process = Process::start(&redis).await;

    assert_eq!(process.status().await, 503);

    redis.start_again().await;
    process.becomes(200).await;
}
