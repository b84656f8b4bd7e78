//! A result of a million rows, read page by page: whether the last page takes as long as the first.

use std::{fmt::Write as _, path::Path, time::Duration};

use serde::Deserialize;
use serde_json::json;

use crate::{Fallible, contender::Running as _, proc, schema, server::Session};

/// Rows of the result, and of a page. No server may be asked for more at once.
const ROWS: usize = 1_000_000;
const PAGE: usize = 10_000;
/// Pages whose median stands for the beginning and for the end.
const STRETCH: usize = 10;
/// What a page of this size has room in.
const MOST_BYTES: u64 = 1_000_000;

/// In words that every server understands.
const SQL: &str = "WITH RECURSIVE d(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM d WHERE i < 99) \
    SELECT a.i * 10000 + b.i * 100 + c.i + 1 AS n, 'some words' AS words FROM d AS a, d AS b, d AS c";

#[derive(Deserialize)]
struct Page {
    rows: Vec<serde::de::IgnoredAny>,
    truncated: Option<Truncated>,
}

#[derive(Deserialize)]
struct Truncated {
    cursor: Option<String>,
}

/// Reads it, and tells what each page took.
pub(crate) fn measure(url: &str, program: &Path, scratch: &Path) -> Fallible<String> {
    let server = schema::server(url, false, program, scratch)?;
    let mut session = server.start()?;
    session.ask("execute_query", &json!({ "sql": "SELECT 1" }))?;
    let (times, rows, early) = read(&mut session)?;
    if rows != ROWS {
        return Err(format!("{rows} rows came, and not {ROWS}").into());
    }
    let late = proc::memory(session.pid())?.resident;
    // The first page waits for the statement to begin.
    let (Some((first, pages)), Some(end)) = (times.split_first(), times.len().checked_sub(STRETCH))
    else {
        return Err("there were no pages".into());
    };
    let at = |range: &[Duration]| schema::milliseconds(schema::median(range.to_vec()));
    let begins = at(pages.get(..STRETCH).unwrap_or_default());
    let ends = at(times.get(end..).unwrap_or_default());
    let mut told = String::new();
    for (what, figure) in [
        (
            "the first page, which begins the statement",
            format!("{:.1} ms", schema::milliseconds(*first)),
        ),
        ("a page, median of the next ten", format!("{begins:.1} ms")),
        ("a page, median of the last ten", format!("{ends:.1} ms")),
        ("late by early", format!("{:.2}x", ends / begins)),
        (
            "memory after ten pages",
            format!("{:.1} MB", schema::mega(early)),
        ),
        (
            "memory after the last",
            format!("{:.1} MB", schema::mega(late)),
        ),
    ] {
        let _ = writeln!(told, "{what:<58} {figure:>24}");
    }
    Ok(told)
}

/// The time of each page, the rows of all, and the memory in between.
fn read(session: &mut Session<'_>) -> Fallible<(Vec<Duration>, usize, u64)> {
    let (mut times, mut rows, mut early) = (Vec::new(), 0, 0);
    let mut asked = json!({ "sql": SQL, "maxRows": PAGE, "maxBytes": MOST_BYTES });
    loop {
        let (text, time) = session.ask("execute_query", &asked)?;
        let page: Page = serde_json::from_str(&text)?;
        times.push(time);
        rows += page.rows.len();
        if times.len() == STRETCH {
            early = proc::memory(session.pid())?.resident;
        }
        let Some(cursor) = page.truncated.and_then(|truncated| truncated.cursor) else {
            return Ok((times, rows, early));
        };
        asked = json!({ "cursor": cursor, "maxRows": PAGE, "maxBytes": MOST_BYTES });
    }
}
