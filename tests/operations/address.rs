//! The address of the figures: who may ask there, and what keeps others from being answered.

use std::time::{Duration, Instant};

use support::{
    client::{Launch, Server},
    http::{Connection, Request, ask, get},
    prometheus::Prometheus,
    waiting::until,
};
use tokio::net::TcpStream;

use super::shown;

const PATHS: [&str; 4] = ["/metrics", "/health", "/readyz", "/livez"];

async fn demo(more: &[(&str, &str)]) -> (Server, String) {
    let launch = Launch::default().argument("--demo");
    let launch = more
        .iter()
        .fold(launch, |launch, &(name, value)| launch.with(name, value));
    shown(launch).await
}

/// With limits that a test can wait for.
async fn impatient() -> (Server, String) {
    demo(&[
        ("MCP_HTTP_REQUEST_TIMEOUT_MS", "300"),
        ("MCP_HTTP_IDLE_TIMEOUT_MS", "600"),
    ])
    .await
}

async fn connect(place: &str) -> Connection<TcpStream> {
    Connection::new(TcpStream::connect(place).await.unwrap())
}

#[tokio::test]
async fn a_page_that_was_pointed_here_reads_nothing() {
    let (_server, place) = demo(&[("MCP_HTTP_ALLOWED_HOSTS", "figures.example.com")]).await;
    for path in PATHS {
        for (header, value) in [
            ("Host", "evil.example.com"),
            ("Host", "evil.example.com:9464"),
            ("Host", "localhost.evil.example.com"),
            ("Host", "127.0.0.1.evil.example.com"),
            ("Host", "x@localhost"),
            ("Host", "localhost\r\nHost: evil.example.com"),
            ("Host", ""),
            ("Origin", "https://evil.example.com"),
            ("Origin", "null"),
        ] {
            let refused = ask(&place, &Request::get(path).with(header, value)).await;
            assert_eq!(refused.status, 403, "{path} {header}: {value}");
            assert!(!refused.body.contains("mcp_"), "{}", refused.body);
        }
    }
}

#[tokio::test]
async fn by_an_address_and_by_a_name_of_its_own_it_answers() {
    let (_server, place) = demo(&[("MCP_HTTP_ALLOWED_HOSTS", "figures.example.com")]).await;
    for host in [
        &place,
        "localhost:9464",
        "[::1]",
        "10.1.2.3:9464",
        "[fd00::1]:9464",
        "figures.example.com:9464",
    ] {
        for path in PATHS {
            let answer = ask(&place, &Request::get(path).with("Host", host)).await;
            assert_eq!(answer.status, 200, "{path} as {host}");
        }
    }
}

#[tokio::test]
async fn a_real_prometheus_scrapes_by_a_listed_name_and_no_other() {
    let (_server, place) = demo(&[("MCP_HTTP_ALLOWED_HOSTS", "figures.example.com")]).await;
    for (name, health, error) in [
        ("figures.example.com:9464", "up", ""),
        (
            "other.example.com:9464",
            "down",
            "server returned HTTP status 403 Forbidden",
        ),
    ] {
        let prometheus = Prometheus::scraping_as(name, &place).await;
        until("Prometheus has tried", async || {
            matches!(prometheus.target().await.0.as_str(), "up" | "down")
        })
        .await;
        assert_eq!(
            prometheus.target().await,
            (health.to_owned(), error.to_owned())
        );
    }
}

#[tokio::test]
async fn what_is_no_question_is_refused_and_a_body_of_100_mb_not_read() {
    let (_server, place) = demo(&[]).await;
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"] {
        for path in PATHS {
            let refused = ask(&place, &Request::get(path).method(method)).await;
            assert_eq!(refused.status, 405, "{method} {path}");
        }
    }
    assert_eq!(get(&place, "/mcp").await.status, 404);
    let mut connection = connect(&place).await;
    connection
        .write(b"POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 104857600\r\n\r\n")
        .await;
    assert_eq!(connection.response().await.status, 405);
    let megabyte = vec![b' '; 1 << 20];
    let mut taken = 0;
    while taken < 100 && connection.write_until_refused(&megabyte).await {
        taken += 1;
    }
    assert!(taken < 20, "{taken} MB");
}

#[tokio::test]
async fn clients_that_never_come_to_an_end_are_closed_and_keep_nobody_waiting() {
    // GIVEN clients that say nothing, or begin and do not go on
    let (_server, place) = impatient().await;
    let mut held = Vec::new();
    for begun in [
        "",
        "GET /met",
        "GET /metrics HTTP/1.1\r\nHost: localhost\r\n",
    ] {
        for _ in 0..20 {
            let mut connection = connect(&place).await;
            connection.write(begun.as_bytes()).await;
            held.push(connection);
        }
    }
    // THEN others are answered
    assert_eq!(get(&place, "/metrics").await.status, 200);
    // AND these are closed, and so is one that was answered and asks no more
    let mut polite = connect(&place).await;
    polite.send(&Request::get("/livez")).await;
    assert_eq!(polite.response().await.status, 200);
    held.push(polite);
    for mut connection in held {
        connection.closed().await;
    }
}

#[tokio::test]
async fn a_head_that_never_ends_closes_its_connection() {
    let (_server, place) = impatient().await;
    let mut connection = connect(&place).await;
    connection
        .write(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n")
        .await;
    let began = Instant::now();
    // A line now and then, so that something always comes.
    while connection.write_until_refused(b"X-More: 1\r\n").await {
        let so_far = began.elapsed();
        assert!(so_far < Duration::from_secs(10), "it goes on for ever");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn one_connection_too_many_is_turned_away() {
    let (_server, place) = demo(&[("MCP_HTTP_MAX_CONNECTIONS", "2")]).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut connection = connect(&place).await;
        connection.send(&Request::get("/livez")).await;
        assert_eq!(connection.response().await.status, 200);
        held.push(connection);
    }

    let response = connect(&place).await.response().await;

    assert_eq!(response.status, 503);
    drop(held);
    until("a place is free again", async || {
        connect(&place).await.answers("/livez").await
    })
    .await;
}
