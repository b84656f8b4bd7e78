//! The service as a client sees it: the built binary, over its standard streams.

mod abuse;
mod audit;
mod bad_calls;
mod bad_input;
mod blocked;
mod connections;
mod defects;
mod diagrams;
mod ended_calls;
mod endings;
mod explain;
mod failures;
mod growth;
mod guide;
mod hostile_files;
mod hosts;
mod limits;
mod log;
mod missing;
mod orphans;
pub(crate) mod outages;
mod posture;
pub(crate) mod process;
mod prompts;
mod protocol;
mod queries;
mod resources;
mod resources_of_servers;
mod results;
pub(crate) mod sdks;
mod tenants;
mod tool_list;
mod unread;

use support::{
    client::Launch,
    scratch::{Scratch, run_beside},
};

/// A statement that `SQLite` never finishes.
pub(crate) const ENDLESS: &str =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

/// A server with one small database, called `shop`.
pub(crate) async fn shop(scratch: &Scratch) -> Launch {
    let path = scratch.path("shop.db");
    run_beside(
        &path,
        "CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, email TEXT);
         INSERT INTO customers VALUES (1, 'Ada', 'ada@example.com'), (2, 'Grace', NULL), (3, 'Zoë', 'z@example.com');",
    )
    .await;
    Launch::default().database("shop", format!("sqlite://{}", path.display()))
}
