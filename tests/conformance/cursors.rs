//! Results that are read page by page, as the use cases read them.

use application::{
    encode::Format,
    registry::OpenConnection,
    use_cases::{AskedLimits, Ceilings, ExecuteQuery, ReadOn},
};
use domain::{Cancel, Failure, FailureKind, connection::Database, query::Statement};
use serde_json::{Value, json};
use support::{
    databases::{open, opened, read, write},
    on_every_engine,
    scratch::run_beside,
    subject::{Subject, integer},
    waiting::until,
};

use super::helpers::{at_rest, numbers, rows};

fn at_most(rows: u64) -> AskedLimits {
    AskedLimits {
        max_rows: Some(rows),
        ..AskedLimits::default()
    }
}

async fn first(
    connection: &OpenConnection,
    sql: &str,
    params: Vec<Value>,
    asked: AskedLimits,
) -> Value {
    let query = ExecuteQuery {
        statement: Statement::new(sql.to_owned(), params).unwrap(),
        format: Format::Json,
        asked,
    };
    let answer = query
        .execute(connection, Ceilings::default(), &Cancel::new())
        .await
        .unwrap();
    serde_json::from_str(&answer.text).unwrap()
}

async fn next(
    connection: &OpenConnection,
    page: &Value,
    asked: AskedLimits,
) -> Result<Value, Failure> {
    let read_on = ReadOn {
        cursor: cursor_of(page).unwrap_or_default(),
        asked,
        acts_as: None,
    };
    let answer = read_on
        .execute(connection, Ceilings::default(), &Cancel::new())
        .await?;
    Ok(serde_json::from_str(&answer.text).unwrap())
}

fn cursor_of(page: &Value) -> Option<String> {
    page["truncated"]["cursor"].as_str().map(str::to_owned)
}

/// Reads a result to its end: its rows, and how many pages they came in.
async fn to_the_end(
    connection: &OpenConnection,
    mut page: Value,
    asked: AskedLimits,
) -> (Vec<Value>, usize) {
    let mut rows = page["rows"].as_array().unwrap().clone();
    let mut pages = 1;
    while cursor_of(&page).is_some() {
        page = next(connection, &page, asked).await.unwrap();
        rows.extend(page["rows"].as_array().unwrap().iter().cloned());
        pages += 1;
    }
    (rows, pages)
}

/// A read-only database whose engine keeps an open result without keeping writers out.
async fn keeping(subject: &Subject) -> Database {
    if subject.words.server.is_none() {
        run_beside(&subject.file(), "PRAGMA journal_mode = wal").await;
    }
    let mut config = subject.config();
    config.pool.max_connections = 2;
    open(config).await
}

on_every_engine!(
    every_row_comes_once_and_in_order,
    async |subject: &Subject| {
        let connection = opened(&keeping(subject).await);

        let page = first(&connection, &numbers(950), vec![], at_most(100)).await;
        let (rows, pages) = to_the_end(&connection, page, at_most(100)).await;

        let expected: Vec<_> = (1..=950).map(|n| json!([n])).collect();
        assert_eq!((rows, pages), (expected, 10));
    }
);

on_every_engine!(
    a_statement_with_parameters_is_read_on_too,
    async |subject: &Subject| {
        let connection = opened(&keeping(subject).await);
        let placeholder = (subject.words.placeholder)(1);
        let sql = format!("{} WHERE n <= {placeholder}", numbers(900));

        let page = first(&connection, &sql, vec![json!(7)], at_most(3)).await;
        let (rows, pages) = to_the_end(&connection, page, at_most(3)).await;

        let expected: Vec<_> = (1..=7).map(|n| json!([n])).collect();
        assert_eq!((rows, pages), (expected, 3));
    }
);

on_every_engine!(
    what_is_written_meanwhile_is_not_in_later_pages,
    async |subject: &Subject| {
        // GIVEN a result of which the first page was read
        let connection = opened(&keeping(subject).await);
        let table = subject
            .table("n INTEGER PRIMARY KEY", "(1), (2), (3), (4)")
            .await;
        let sql = format!("SELECT n FROM {} ORDER BY n", table.name);
        let page = first(&connection, &sql, vec![], at_most(1)).await;

        // WHEN somebody changes the rows that are still to come
        let delete = format!("DELETE FROM {} WHERE n > 2", table.name);
        write(&table.admin, &delete, vec![]).await.unwrap();

        // THEN the rest is as it was, although another reader sees the change
        let count = format!("SELECT count(*) FROM {}", table.name);
        let seen = read(&connection.database, &count, vec![]).await.unwrap();
        assert_eq!(integer(&seen.rows[0][0]), 2);
        let (rows, _) = to_the_end(&connection, page, at_most(1)).await;
        assert_eq!(rows, [json!([1]), json!([2]), json!([3]), json!([4])]);
        connection.database.pool.close().await;
        table.drop().await;
    }
);

on_every_engine!(
    a_call_that_needs_the_only_session_gets_it,
    async |subject: &Subject| {
        // GIVEN an open result on the only session there is
        keeping(subject).await.pool.close().await;
        let database = subject.open_narrow().await;
        let connection = opened(&database);
        let page = first(&connection, &numbers(900), vec![], at_most(1)).await;
        assert_eq!(database.pool.figures().in_use, 1);

        // WHEN another call comes
        let answer = rows(&database, "SELECT 1", vec![]).await;

        // THEN it is answered, and the cursor says why it is gone
        assert_eq!(answer, json!([[1]]));
        let failure = next(&connection, &page, at_most(1)).await.unwrap_err();
        assert_eq!(
            failure.message,
            "The cursor has ended: its connection was needed by another call."
        );
    }
);

on_every_engine!(
    a_result_that_was_read_to_its_end_gives_its_session_back,
    async |subject: &Subject| {
        let database = keeping(subject).await;
        let connection = opened(&database);

        let page = first(&connection, &numbers(20), vec![], at_most(15)).await;
        to_the_end(&connection, page, at_most(15)).await;

        at_rest(&database).await;
    }
);

on_every_engine!(
    closing_the_connection_ends_an_open_result,
    async |subject: &Subject| {
        // GIVEN an open result
        let database = keeping(subject).await;
        let connection = opened(&database);
        let page = first(&connection, &numbers(900), vec![], at_most(1)).await;

        // WHEN its connection is closed
        database.pool.close().await;

        // THEN no session is left, and the cursor says that it has ended
        assert_eq!(database.pool.figures().in_use, 0);
        let failure = next(&connection, &page, at_most(1)).await.unwrap_err();
        assert_eq!(
            failure.message,
            "The cursor has ended: its statement or its connection was ended."
        );
    }
);

on_every_engine!(
    an_open_result_that_nobody_can_read_on_ends,
    async |subject: &Subject| {
        let database = keeping(subject).await;
        let connection = opened(&database);
        first(&connection, &numbers(900), vec![], at_most(1)).await;

        drop(connection);

        at_rest(&database).await;
    }
);

on_every_engine!(
    waiting_between_pages_is_on_nobodys_clock,
    async |subject: &Subject| {
        // GIVEN a result whose pages may take half a second each
        let connection = opened(&keeping(subject).await);
        let half_a_second = std::time::Duration::from_millis(500);
        let asked = AskedLimits {
            timeout: Some(half_a_second),
            ..at_most(400)
        };
        let page = first(&connection, &numbers(900), vec![], asked).await;

        // WHEN it is read on after more than that
        tokio::time::sleep(half_a_second * 2).await;
        let (rows, pages) = to_the_end(&connection, page, asked).await;

        // THEN nothing is missing
        assert_eq!((rows.len(), pages), (900, 3));
    }
);

on_every_engine!(
    a_page_that_takes_too_long_is_a_failure_with_its_limit: postgres_15 postgres_18 mariadb_10_11 mysql_9,
    async |subject: &Subject| {
        // GIVEN a result whose fourth row takes a minute
        let database = keeping(subject).await;
        let connection = opened(&database);
        let sleep = if subject.name.starts_with("postgres") {
            "CASE WHEN n = 4 THEN pg_sleep(60)::text END"
        } else {
            "CASE WHEN n = 4 THEN SLEEP(60) END"
        };
        // A server sends a row once those after it have filled its buffer.
        let filling = "repeat('x', 100000)";
        let sql = format!(
            "SELECT n, {filling} AS filling, {sleep} AS slept FROM ({}) AS all_of_them",
            numbers(4)
        );
        let page = first(&connection, &sql, vec![], AskedLimits { max_bytes: Some(1_000_000), ..at_most(1) }).await;

        // WHEN the pages after it are asked for with little time
        let asked = AskedLimits {
            timeout: Some(std::time::Duration::from_millis(300)),
            ..AskedLimits::default()
        };
        let failure = next(&connection, &page, asked).await.unwrap_err();

        // THEN the limit is told, and the session is free
        assert_eq!(
            failure.message,
            "The statement ran longer than 300 ms and was stopped."
        );
        at_rest(&database).await;
    }
);

#[tokio::test]
async fn a_file_outside_of_wal_mode_has_no_cursors_and_writers_are_not_kept_out() {
    // GIVEN a file with a rollback journal, and a result of it that was cut
    let subject = Subject::of("sqlite").await.unwrap();
    let table = subject.table("n INTEGER", "(1), (2), (3)").await;
    let database = open(subject.config()).await;
    let connection = opened(&database);
    let sql = format!("SELECT n FROM {}", table.name);
    let page = first(&connection, &sql, vec![], at_most(1)).await;
    assert_eq!(page["truncated"], json!({"by": "rows", "limit": 1}));
    until("the session is free", async || {
        database.pool.figures().in_use == 0
    })
    .await;

    // WHEN somebody writes, THEN nothing is in the way
    let delete = format!("DELETE FROM {}", table.name);
    assert!(write(&table.admin, &delete, vec![]).await.is_ok());
}

on_every_engine!(
    a_cursor_whose_session_was_ended_says_so_and_what_to_do: postgres_15 postgres_18 mariadb_10_11 mysql_9,
    async |subject: &Subject| {
        // GIVEN a result that is too large to be on its way as a whole
        let mut config = subject.config();
        config.pool.max_connections = 1;
        let database = open(config).await;
        let session = subject.session(&database).await.unwrap();
        let connection = opened(&database);
        let sql = format!(
            "SELECT n, repeat('x', 100000) AS filling FROM ({}) AS all_of_them",
            numbers(900)
        );
        let asked = AskedLimits {
            max_bytes: Some(1_000_000),
            ..at_most(1)
        };
        let mut page = first(&connection, &sql, vec![], asked).await;

        // WHEN its session ends, as with a server that is restarted
        let admin = subject.open_writable().await;
        let kill = if subject.name.starts_with("postgres") {
            format!("SELECT pg_terminate_backend({session})")
        } else {
            format!("KILL {session}")
        };
        write(&admin, &kill, vec![]).await.unwrap();
        let alive = subject.words.server.unwrap().alive;
        until("the session is gone", async || {
            let rows = read(&admin, alive, vec![json!(session)]).await.unwrap();
            integer(&rows.rows[0][0]) == 0
        })
        .await;

        // THEN what had been sent is read in order, and what follows is told with what to do
        let mut seen = 1;
        let failure = loop {
            assert_eq!(page["rows"][0][0], json!(seen));
            match next(&connection, &page, asked).await {
                Ok(another) => page = another,
                Err(failure) => break failure,
            }
            seen += 1;
            assert!(seen < 900, "the whole result had been sent");
        };
        assert_eq!(failure.kind, FailureKind::Unavailable, "{failure:?}");
        assert!(
            failure.message.starts_with("The cursor has ended with its session. "),
            "{failure:?}"
        );
        assert!(
            failure.hint.as_deref().unwrap().starts_with("Run the statement again, with a condition on a key"),
            "{failure:?}"
        );
        // AND the next statement is answered
        first(&connection, &numbers(2), vec![], at_most(2)).await;
        admin.pool.close().await;
    }
);
