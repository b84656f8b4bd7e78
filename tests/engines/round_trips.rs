//! How often a read waits for its database. What is cleared away after an answer, or got ready for the next call,
//! is nobody's wait.

use std::time::Duration;

use domain::{
    Cancel,
    access::{TablePattern, TableRules, Tables},
    connection::{ConnectionConfig, Database, TlsMode},
    query::{QueryLimits, Statement},
};
use serde_json::{Value, json};
use support::{
    databases::{open, read},
    on_every_engine,
    proxy::Proxy,
    rows::Rows,
    subject::Subject,
    waiting::until,
};

/// A database with one warm session, behind a line in the clear that counts.
async fn counted(subject: &Subject) -> (Database, Proxy) {
    // One of the servers takes a password's hash in the clear only once it knows the password.
    subject.open().await.pool.close().await;
    let mut config: ConnectionConfig = subject.narrow();
    config.tls.mode = TlsMode::Disable;
    let proxy = Proxy::before(&mut config).await;
    let database = open(config).await;
    // The first use of a session may have more to say.
    read(&database, "SELECT 0", vec![]).await.unwrap();
    (database, proxy)
}

/// The round trips until the answer is back, of a call that finds its session at rest.
async fn round_trips(
    database: &Database,
    proxy: &Proxy,
    sql: &str,
    params: &[Value],
    limits: QueryLimits,
) -> usize {
    until("the session is at rest", async || {
        database.pool.figures().in_use == 0
    })
    .await;
    let statement = Statement::new(sql.to_owned(), params.to_vec()).unwrap();
    let mut rows = Rows::up_to(10);
    let before = proxy.round_trips();
    database
        .query_runner
        .run_read(&statement, &limits, &mut rows, &Cancel::new())
        .await
        .unwrap();
    // No other task has run since the answer came: the runtime of a test has one thread.
    let counted = proxy.round_trips() - before;
    assert_eq!(rows.rows.len(), 1);
    counted
}

on_every_engine!(
    a_known_read_is_one_round_trip_and_a_new_one_is_two: postgres_15 postgres_18 mariadb_10_11 mysql_9,
    async |subject: &Subject| {
        let table = subject
            .table("id INTEGER PRIMARY KEY, name VARCHAR(40)", "(1, 'a'), (2, 'b')")
            .await;
        let (database, proxy) = counted(subject).await;
        let placeholder = (subject.words.placeholder)(1);
        let lookup = format!("SELECT name FROM {} WHERE id = {placeholder}", table.name);

        for (sql, params, expected) in [
            ("SELECT 1", vec![], 2),
            ("SELECT 1", vec![], 1),
            ("SELECT 1", vec![], 1),
            (&lookup, vec![json!(1)], 2),
            (&lookup, vec![json!(2)], 1),
            (&lookup, vec![json!(1)], 1),
        ] {
            let limits = QueryLimits::default();
            let counted = round_trips(&database, &proxy, sql, &params, limits).await;
            assert_eq!(counted, expected, "{sql} {params:?}");
        }
        table.drop().await;
    }
);

on_every_engine!(
    a_known_read_of_a_caller_who_may_see_some_tables_is_one_round_trip: postgres_15 postgres_18,
    async |subject: &Subject| {
        let table = subject
            .table("id INTEGER PRIMARY KEY, name VARCHAR(40)", "(1, 'a'), (2, 'b')")
            .await;
        let (database, proxy) = counted(subject).await;
        let lookup = format!("SELECT name FROM {} WHERE id = $1", table.name);
        let tables = Tables {
            rules: vec![TableRules {
                allow: vec![TablePattern::parse("*")],
                deny: vec![TablePattern::parse("salaries")],
            }],
            functions: Vec::new(),
        };

        for (sql, params) in [("SELECT 1", vec![]), (&lookup, vec![json!(1)])] {
            let statement = Statement::new(sql.to_owned(), params).unwrap();
            let mut trips = Vec::new();
            for _ in 0..3 {
                let before = proxy.round_trips();
                let mut rows = Rows::up_to(10);
                let limits = QueryLimits::default();
                let runner = &database.query_runner;
                runner
                    .read_granted(&statement, &tables, &limits, &mut rows, &Cancel::new())
                    .await
                    .unwrap();
                trips.push(proxy.round_trips() - before);
            }
            assert_eq!(trips[1..], [1, 1], "{sql}: {trips:?}");
        }
        table.drop().await;
    }
);

on_every_engine!(
    what_a_role_could_do_is_found_out_in_one: postgres_15 postgres_18 mariadb_10_11 mysql_9,
    async |subject: &Subject| {
        let mut config: ConnectionConfig = subject.narrow();
        config.tls.mode = TlsMode::Disable;
        // Every call has a session of its own.
        config.pool.max_lifetime = Some(Duration::from_nanos(1));
        subject.open().await.pool.close().await;
        let proxy = Proxy::before(&mut config).await;

        let database = open(config).await;
        let opening = proxy.round_trips();
        database.pool.test(&Cancel::new()).await.unwrap();
        let session_and_one_more = proxy.round_trips() - opening;

        assert_eq!(opening, session_and_one_more);
    }
);

on_every_engine!(
    asking_for_more_rows_or_time_than_usual_costs_at_most_one_more: postgres_15 postgres_18 mariadb_10_11 mysql_9,
    async |subject: &Subject| {
        let (database, proxy) = counted(subject).await;
        // MySQL keeps to a time of its own, which must be raised first.
        let more = usize::from(!subject.name.starts_with("postgres"));

        for (rows, seconds, expected) in [
            (1_000, 30, 2),
            (1_000, 30, 1),
            (100_000, 30, 1),
            (1_000, 600, 1 + more),
            (10, 30, 1),
            (1_000, 5, 1),
        ] {
            let limits = QueryLimits {
                rows,
                time: Duration::from_secs(seconds),
                ..QueryLimits::default()
            };
            let counted = round_trips(&database, &proxy, "SELECT 1", &[], limits).await;
            assert_eq!(counted, expected, "{rows} rows, {seconds} s");
        }
    }
);
