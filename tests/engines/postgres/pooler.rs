//! Behind `PgBouncer` in transaction mode, where every transaction may have another server process.

use std::time::{Duration, Instant};

use application::{
    encode::Format,
    use_cases::{AskedLimits, Ceilings, ExecuteQuery, ReadOn},
};
use domain::{
    Cancel, FailureKind,
    cancel::CancelReason,
    connection::{Address, ConnectionConfig, Database},
    query::{QueryLimits, Statement},
};
use serde_json::json;
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection, postgres::PgConnectOptions, raw_sql};
use support::{
    databases::{config, open, opened, read, server_variable, try_open, unique, writable, write},
    on_postgres,
    pooler::Pooler,
    rows::Owned,
    waiting::until,
};

use super::helpers::{number, one, one_with, refused, run, run_slow};

const SOON: Duration = Duration::from_secs(1);

/// A database behind a pooler with so many connections to the server.
async fn pooled(server: &str, connections: u32) -> (Pooler, ConnectionConfig) {
    let mut config = config(server);
    let pooler = Pooler::before(&mut config, connections, "").await;
    config.pooler = true;
    (pooler, config)
}

/// A client of the pooler that we did not write.
async fn other_client(server: &str, config: &ConnectionConfig) -> PgConnection {
    let Address::Tcp { port, .. } = config.address else {
        unreachable!("servers of the suite are reached over TCP")
    };
    let options: PgConnectOptions = server_variable(server, "URL").parse().unwrap();
    let options = options.port(port).extra_float_digits(None);
    options.connect().await.unwrap()
}

/// How many others run a statement with this mark, as the server itself says.
async fn running(observer: &Database, mark: &str) -> Owned {
    let sql = "SELECT count(*) FROM pg_stat_activity \
               WHERE state = 'active' AND pid <> pg_backend_pid() AND strpos(query, $1) > 0";
    one_with(observer, sql, vec![json!(mark)]).await
}

async fn runs(observer: &Database, mark: &str) {
    until("the statement runs", async || {
        running(observer, mark).await == number("1")
    })
    .await;
}

async fn has_ended(observer: &Database, mark: &str) {
    until("the statement has ended", async || {
        running(observer, mark).await == number("0")
    })
    .await;
}

on_postgres!(
    values_and_parameters_are_the_same_as_without,
    async |server: &str| {
        let (_pooler, pooled) = pooled(server, 2).await;
        let behind = open(pooled).await;
        let direct = open(config(server)).await;

        for (sql, params) in [
            ("SELECT 1, 1.20::numeric, 'x', NULL, true", vec![]),
            (
                "SELECT $1::uuid, $2::timestamptz, $3::jsonb, $4::int[]",
                vec![
                    json!("00000000-0000-0000-0000-000000000001"),
                    json!("2026-03-29 02:30:00+02"),
                    json!({"a": [1, null]}),
                    json!([1, 2]),
                ],
            ),
            (
                "SELECT now() - now(), '\\xff00'::bytea, 0.1::float4",
                vec![],
            ),
            ("SELECT n FROM generate_series(1, $1) AS n", vec![json!(3)]),
            ("SELECT 1 AS none WHERE $1", vec![json!(false)]),
            ("SHOW TimeZone", vec![]),
        ] {
            for _ in 0..2 {
                let through = read(&behind, sql, params.clone()).await.unwrap();
                let without = read(&direct, sql, params.clone()).await.unwrap();
                assert_eq!(through.columns, without.columns, "{sql}");
                assert_eq!(through.rows, without.rows, "{sql}");
            }
        }
    }
);

on_postgres!(
    calls_at_once_on_few_server_connections_all_answer,
    async |server: &str| {
        let (_pooler, pooled) = pooled(server, 2).await;
        let database = open(pooled).await;
        let calls: Vec<_> = (0..40)
            .map(|number| {
                let database = database.clone();
                tokio::spawn(
                    async move { read(&database, "SELECT $1::int", vec![json!(number)]).await },
                )
            })
            .collect();

        for (call, expected) in calls.into_iter().zip(0..) {
            let rows = call.await.unwrap().unwrap().rows;
            assert_eq!(rows, [[number(&i32::to_string(&expected))]]);
        }
    }
);

on_postgres!(
    a_cancel_reaches_the_server_through_the_pooler,
    async |server: &str| {
        let (_pooler, pooled) = pooled(server, 5).await;
        let database = open(pooled).await;
        let observer = open(config(server)).await;
        let (mark, cancel) = (unique("pooled"), Cancel::new());
        let call = tokio::spawn(run_slow(
            database.clone(),
            mark.clone(),
            QueryLimits::default(),
            cancel.clone(),
        ));
        runs(&observer, &mark).await;

        let fired = Instant::now();
        cancel.fire(CancelReason::Client);

        assert_eq!(call.await.unwrap().kind, FailureKind::Cancelled);
        has_ended(&observer, &mark).await;
        assert!(fired.elapsed() < SOON, "{:?}", fired.elapsed());
        assert_eq!(one(&database, "SELECT 1").await, number("1"));
    }
);

on_postgres!(
    a_cancel_works_where_the_pooler_has_no_connection_left_for_it,
    async |server: &str| {
        let (_pooler, pooled) = pooled(server, 1).await;
        let database = open(pooled).await;
        let observer = open(config(server)).await;
        let (mark, cancel) = (unique("pooled"), Cancel::new());
        let call = tokio::spawn(run_slow(
            database.clone(),
            mark.clone(),
            QueryLimits::default(),
            cancel.clone(),
        ));
        runs(&observer, &mark).await;

        let fired = Instant::now();
        cancel.fire(CancelReason::Client);

        assert_eq!(call.await.unwrap().kind, FailureKind::Cancelled);
        has_ended(&observer, &mark).await;
        assert!(fired.elapsed() < SOON, "{:?}", fired.elapsed());
        assert_eq!(one(&database, "SELECT 1").await, number("1"));
    }
);

on_postgres!(
    a_call_that_waits_in_the_pooler_is_ended_without_harm_to_others,
    async |server: &str| {
        let (_pooler, mut pooled) = pooled(server, 3).await;
        pooled.pool.max_connections = 1;
        let database = open(pooled.clone()).await;
        let observer = open(config(server)).await;
        // Our session has run on the first server process, which from now on is another's; the others are free again
        // soon, one for our call and one for a request to cancel it.
        one(&database, "SELECT 1").await;
        let mut others = Vec::new();
        for seconds in ["1.5", "0.3", "0.3"] {
            let mark = unique("other");
            let mut client = other_client(server, &pooled).await;
            let sql = format!("SELECT 'through' FROM pg_sleep({seconds}) /* {mark} */");
            others.push(tokio::spawn(async move {
                raw_sql(AssertSqlSafe(sql)).execute(&mut client).await
            }));
            runs(&observer, &mark).await;
        }

        let limits = QueryLimits {
            time: Duration::from_millis(1),
            ..QueryLimits::default()
        };
        let failure = run(&database, "SELECT 1", limits, 1, &Cancel::new())
            .await
            .unwrap_err();

        assert_eq!(failure.kind, FailureKind::Timeout);
        for other in others {
            assert_eq!(other.await.unwrap().unwrap().rows_affected(), 1);
        }
        assert_eq!(one(&database, "SELECT 1").await, number("1"));
    }
);

on_postgres!(
    a_time_limit_is_kept_behind_a_pooler,
    async |server: &str| {
        let (_pooler, pooled) = pooled(server, 1).await;
        let database = open(pooled).await;
        let observer = open(config(server)).await;
        let mark = unique("pooled");
        let limits = QueryLimits {
            time: Duration::from_millis(200),
            ..QueryLimits::default()
        };

        let started = Instant::now();
        let failure = run_slow(database.clone(), mark.clone(), limits, Cancel::new()).await;

        assert_eq!(failure.kind, FailureKind::Timeout);
        has_ended(&observer, &mark).await;
        assert!(started.elapsed() < limits.time + SOON);
        assert_eq!(one(&database, "SELECT 1").await, number("1"));
    }
);

on_postgres!(
    what_a_call_does_to_the_session_reaches_no_other_client_of_the_pooler,
    async |server: &str| {
        let (_pooler, pooled) = pooled(server, 1).await;
        let database = open(writable(pooled.clone())).await;
        let other = open(pooled).await;
        let temporary = unique("pooled");
        let state = format!(
            "SELECT concat_ws(' ', current_setting('search_path'), current_setting('TimeZone'), \
             current_setting('statement_timeout'), current_setting('default_transaction_read_only'), \
             current_user, to_regclass('pg_temp.{temporary}'), \
             (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()), \
             (SELECT count(*) FROM pg_listening_channels()), \
             (SELECT count(*) FROM pg_prepared_statements))"
        );
        let before = one(&other, &state).await;

        for sql in [
            "SELECT set_config('search_path', 'pg_catalog', false)",
            "SELECT set_config('TimeZone', 'Asia/Tokyo', false)",
            "SELECT set_config('statement_timeout', '1', false)",
            "SELECT set_config('default_transaction_read_only', 'on', false)",
            "SELECT set_config('role', 'portolan_reader', false)",
            "SELECT pg_advisory_lock(8101)",
            "DO 'BEGIN EXECUTE ''PREPARE left_over AS SELECT 1''; END'",
        ] {
            read(&database, sql, vec![]).await.unwrap();
            until("the session is put back", async || {
                database.pool.figures().in_use == 0
            })
            .await;
            assert_eq!(one(&other, &state).await, before, "{sql}");
            write(&database, sql, vec![]).await.unwrap();
            assert_eq!(one(&other, &state).await, before, "{sql}");
        }
        for sql in [
            &format!("CREATE TEMP TABLE {temporary} (a int)"),
            "LISTEN pooled",
            "PREPARE left_over AS SELECT 1",
        ] {
            write(&database, sql, vec![]).await.unwrap();
            assert_eq!(one(&other, &state).await, before, "{sql}");
        }
    }
);

on_postgres!(
    a_pooler_that_refuses_our_settings_is_told_with_what_to_set,
    async |server: &str| {
        let mut config = config(server);
        let _pooler = Pooler::before(&mut config, 1, "").await;

        let failure = try_open(config).await.unwrap_err();

        assert_eq!(failure.kind, FailureKind::Unavailable);
        let hint = failure.hint.unwrap();
        assert!(hint.contains("set POOLER=true"), "{hint}");
    }
);

on_postgres!(
    a_pooler_that_drops_our_settings_is_told_with_what_to_set,
    async |server: &str| {
        let mut config = config(server);
        let ignored = "ignore_startup_parameters = extra_float_digits, options";
        let _pooler = Pooler::before(&mut config, 1, ignored).await;

        let failure = try_open(config.clone()).await.unwrap_err();

        assert_eq!(
            (failure.kind, failure.message.as_str()),
            (
                FailureKind::Unavailable,
                "The settings that Portolan gave the session at its start have not reached the server."
            )
        );
        let hint = failure.hint.unwrap();
        assert!(hint.contains("set POOLER=true"), "{hint}");
        config.pooler = true;
        assert_eq!(one(&open(config).await, "SELECT 1").await, number("1"));
    }
);

on_postgres!(
    a_server_connection_that_dies_in_the_pooler_is_one_failure_at_most,
    async |server: &str| {
        let (_pooler, mut pooled) = pooled(server, 1).await;
        pooled.pool.max_connections = 1;
        let database = open(pooled).await;
        let observer = open(writable(config(server))).await;
        let pid = one(&database, "SELECT pg_backend_pid()").await;
        let Owned::Number(pid) = pid else {
            unreachable!("a number: {pid:?}")
        };

        write(
            &observer,
            &format!("SELECT pg_terminate_backend({pid})"),
            vec![],
        )
        .await
        .unwrap();

        assert_eq!(one(&database, "SELECT 1").await, number("1"));
    }
);

on_postgres!(
    mistakes_keep_their_place_behind_a_pooler,
    async |server: &str| {
        let (_pooler, pooled) = pooled(server, 1).await;
        let database = open(pooled).await;

        for _ in 0..2 {
            let failure = refused(&database, "SELECT nothing", vec![]).await;
            assert_eq!(
                (failure.kind, failure.position),
                (FailureKind::InvalidSql, Some(8))
            );
        }
    }
);

on_postgres!(
    a_pooler_that_was_restarted_costs_no_call,
    async |server: &str| {
        let (mut pooler, pooled) = pooled(server, 2).await;
        let database = open(pooled).await;
        assert_eq!(one(&database, "SELECT 1").await, number("1"));

        pooler.restart().await;

        assert_eq!(one(&database, "SELECT 2").await, number("2"));
    }
);

on_postgres!(
    a_result_that_waits_keeps_nobody_from_the_poolers_connections,
    async |server: &str| {
        // GIVEN a result that waits on the only connection of a pooler
        let (_pooler, config) = pooled(server, 1).await;
        let connection = opened(&open(config).await);
        let asked = AskedLimits {
            max_rows: Some(1),
            ..AskedLimits::default()
        };
        let query = ExecuteQuery {
            statement: Statement::new("SELECT generate_series(1, 3)".to_owned(), vec![]).unwrap(),
            format: Format::Json,
            asked,
        };
        let page = query
            .execute(&connection, Ceilings::default(), &Cancel::new())
            .await
            .unwrap();
        let page: serde_json::Value = serde_json::from_str(&page.text).unwrap();
        let cursor = page["truncated"]["cursor"].as_str().unwrap().to_owned();

        // WHEN another call comes
        let answer = one(&connection.database, "SELECT 7").await;

        // THEN it is answered, and the result has given way
        assert_eq!(answer, number("7"));
        let read_on = ReadOn {
            cursor,
            asked,
            acts_as: None,
        };
        let failure = read_on
            .execute(&connection, Ceilings::default(), &Cancel::new())
            .await
            .unwrap_err();
        assert_eq!(
            failure.message,
            "The cursor has ended: its connection was needed by another call."
        );
        connection.database.pool.close().await;
    }
);
