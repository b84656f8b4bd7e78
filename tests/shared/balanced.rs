//! Two processes behind `HAProxy`, with the file that is shipped.

use support::{
    client::{LEGACY, Launch},
    http::{HttpServer, Request},
    shared::{Balancer, Redis},
    waiting::until,
};

use super::process;
use crate::mcp::sdks::{check, python};

/// Calls that a process has answered.
fn answered(server: &HttpServer) -> usize {
    server.log().matches("\"tool\":\"execute_query\"").count()
}

#[tokio::test]
async fn sessions_stay_with_the_process_that_began_them() {
    let open = || Launch::default().with("MCP_HTTP_ADHOC_CONNECTIONS", "true");
    let (one, two) = (
        HttpServer::start(open()).await,
        HttpServer::start(open()).await,
    );
    let Some(balancer) = Balancer::before(one.address, two.address).await else {
        return;
    };
    let url = format!("http://{}/mcp", balancer.address);

    // What a session opens is known to one process alone, and each of these sessions begins where the other did not.
    for _ in 0..2 {
        if let Some(output) = python(&url, "legacy").await {
            check("python", &output, LEGACY, Some("portolan"));
        }
    }
}

#[tokio::test]
async fn both_take_their_share_and_count_together() {
    let Some(redis) = Redis::start().await else {
        return;
    };
    let settings = [("MCP_RATE_ROWS_PER_HOUR", "20")];
    let (one, two) = (
        process(&redis, &settings).await,
        process(&redis, &settings).await,
    );
    let Some(balancer) = Balancer::before(one.address, two.address).await else {
        return;
    };

    let mut rows = 0;
    for _ in 0..40 {
        let mut connection = balancer.connect().await;
        connection.send(&Request::query("SELECT 1")).await;
        let answer = connection.response().await.json();
        rows += usize::from(answer["result"]["isError"] == false);
    }

    assert_eq!(rows, 20);
    until("each has answered some", async || {
        answered(&one) >= 10 && answered(&two) >= 10
    })
    .await;
}

#[tokio::test]
async fn calls_go_on_when_a_process_stops() {
    let demo = || Launch::default().argument("--demo");
    let (one, mut two) = (
        HttpServer::start(demo()).await,
        HttpServer::start(demo()).await,
    );
    let Some(balancer) = Balancer::before(one.address, two.address).await else {
        return;
    };

    two.signal("TERM").await;
    two.exit().await;

    for _ in 0..10 {
        let mut connection = balancer.connect().await;
        connection.send(&Request::query("SELECT 1")).await;
        assert_eq!(connection.response().await.status, 200);
    }
}
