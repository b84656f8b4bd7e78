//! The commands of the built program, as somebody at a shell meets them.

mod about;
mod call;
mod check;
mod dashboards;
mod demo;
mod serve;
mod token;

use support::client::{Launch, Ran};

async fn run(arguments: &[&str]) -> Ran {
    Launch::default().arguments(arguments).run().await
}
