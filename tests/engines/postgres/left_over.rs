//! What one call does to its session, and the next one on it is not told.

use domain::connection::Database;
use support::{
    databases::{config, open, read, unique, writable, write},
    on_postgres,
    rows::Owned,
};

/// One session for all calls.
async fn alone(key: &str) -> Database {
    let mut config = writable(config(key));
    config.pool.max_connections = 1;
    open(config).await
}

/// What a look shows, or the SQLSTATE of why there is nothing to show.
async fn seen(database: &Database, look: &str) -> Result<Vec<Vec<Owned>>, Option<String>> {
    match read(database, look, vec![]).await {
        Ok(rows) => Ok(rows.rows),
        Err(failure) => Err(failure.sqlstate),
    }
}

/// After `text`, sent as a read and as a write, a look shows what it showed before. `NAME` stands for a table and, with `_n`
/// behind it, for a sequence.
async fn forgets(key: &str, text: &str, look: &str) {
    let name = unique("left");
    let named = |text: &str| text.replace("NAME", &name);
    let database = alone(key).await;
    for sql in [
        "CREATE TABLE NAME (a int)",
        "INSERT INTO NAME VALUES (1), (2)",
        "CREATE SEQUENCE NAME_n",
    ] {
        write(&database, &named(sql), vec![]).await.unwrap();
    }
    let before = seen(&database, &named(look)).await;

    let _ = read(&database, &named(text), vec![]).await;
    assert_eq!(seen(&database, &named(look)).await, before, "as a read");
    write(&database, &named(text), vec![]).await.unwrap();
    assert_eq!(seen(&database, &named(look)).await, before, "as a write");

    for sql in ["DROP TABLE NAME", "DROP SEQUENCE NAME_n"] {
        write(&database, &named(sql), vec![]).await.unwrap();
    }
    database.pool.close().await;
}

macro_rules! forgotten {
    ($($fact:ident: $text:expr, $look:expr;)+) => {
        $(on_postgres!($fact, async |key: &str| forgets(key, $text, $look).await);)+
    };
}

forgotten!(
    a_number_that_was_drawn: "SELECT nextval('NAME_n')", "SELECT lastval()";
    a_number_of_one_sequence: "SELECT nextval('NAME_n')", "SELECT currval('NAME_n')";
    a_statement_prepared_by_name: "PREPARE NAME AS SELECT 'secret'",
        "SELECT name FROM pg_prepared_statements WHERE from_sql";
    a_cursor_that_is_held: "DECLARE NAME CURSOR WITH HOLD FOR SELECT 'secret'", "SELECT name FROM pg_cursors";
    a_channel_that_is_listened_to: "LISTEN NAME", "SELECT pg_listening_channels()";
    a_temporary_table: "CREATE TEMP TABLE NAME_t (a int)",
        "SELECT relname FROM pg_class WHERE relnamespace = pg_my_temp_schema()";
    a_setting: "SET work_mem = '77MB'", "SHOW work_mem";
    a_setting_of_ones_own: "SELECT set_config('left.over', 'secret', false)",
        "SELECT NULLIF(current_setting('left.over', true), '')";
    a_lock: "SELECT pg_advisory_lock(77)", "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()";
);

on_postgres!(a_seed_is_forgotten, async |key: &str| {
    let database = alone(key).await;
    let mut drawn = Vec::new();
    for _ in 0..2 {
        write(&database, "SELECT setseed(0.5)", vec![])
            .await
            .unwrap();
        drawn.push(seen(&database, "SELECT random()").await.unwrap());
    }

    assert_ne!(drawn[0], drawn[1]);
    database.pool.close().await;
});
