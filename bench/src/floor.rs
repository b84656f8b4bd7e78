//! The least that a server over stdio can be: it reads the line of a call, runs the statement, and answers the same words
//! whatever came of it.
//!
//! It knows no more of the protocol than the benchmark asks of a peer: nothing is judged, bounded, encoded or logged, one
//! thread does everything, and one connection is all there is. What it takes beyond the direct client is the price of
//! being another process; what a server takes beyond it is the server's own.

use std::io::{self, BufRead, Write};

use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, ConnectOptions, Executor, IntoArguments, MySql, Postgres, Sqlite};

use crate::{
    Fallible,
    direct::{Access, Driver},
    table::Dialect,
};

#[derive(Deserialize)]
struct Request {
    /// A notification has none, and wants no answer.
    id: Option<u64>,
    method: String,
    #[serde(default)]
    params: Params,
}

#[derive(Default, Deserialize)]
struct Params {
    #[serde(default)]
    arguments: Arguments,
}

#[derive(Default, Deserialize)]
struct Arguments {
    #[serde(default)]
    sql: String,
}

/// Answers from standard input until it ends.
pub(crate) fn serve(url: &str) -> Fallible<()> {
    match Dialect::of_url(url).ok_or("the URL has a scheme that is not known")? {
        Dialect::Postgres => answer_all::<Postgres>(url),
        Dialect::Mysql => answer_all::<MySql>(url),
        Dialect::Sqlite => answer_all::<Sqlite>(url),
    }
}

fn answer_all<DB: Driver>(url: &str) -> Fallible<()>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    DB::Arguments: IntoArguments<DB>,
{
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let options = DB::options(url, Access::Read)?;
    let mut connection = runtime.block_on(options.connect())?;
    let mut output = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let Request { id, method, params } = serde_json::from_str(&line?)?;
        let Some(id) = id else { continue };
        let result = if method == "initialize" {
            introduction()
        } else {
            let sql = AssertSqlSafe(params.arguments.sql);
            runtime.block_on(sqlx::query::<DB>(sql).fetch_all(&mut connection))?;
            json!({"content": [{"type": "text", "text": "done"}]})
        };
        let mut answer = json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string();
        answer.push('\n');
        output.write_all(answer.as_bytes())?;
        output.flush()?;
    }
    Ok(())
}

fn introduction() -> Value {
    json!({
        "protocolVersion": "2025-11-25",
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "floor", "version": env!("CARGO_PKG_VERSION")},
    })
}
