//! PostgreSQL, through its ports: no policy and no use case stands in between.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{
    Cancel, ConnectStep, Failure, FailureKind,
    cancel::CancelReason,
    connection::{Address, Database, Password, TlsMode},
    query::{Outcome, QueryLimits, Statement},
};
use serde_json::{Value, json};
use support::{
    databases::{self, config, open, read, try_open, unique, writable, write},
    rows::{Owned, Rows},
};

/// One fact, tested on each PostgreSQL of the suite.
macro_rules! on_postgres {
    ($fact:ident, $test:expr) => {
        mod $fact {
            #[allow(unused_imports, reason = "a fact may need nothing of its file")]
            use super::*;

            support::on_every_server!(@one postgres_15, $test);
            support::on_every_server!(@one postgres_18, $test);
        }
    };
}

async fn run(
    database: &Database,
    sql: &str,
    limits: QueryLimits,
    rows: usize,
    cancel: &Cancel,
) -> Result<(Rows, Outcome), Failure> {
    let mut rows = Rows::up_to(rows);
    let statement = Statement::new(sql.to_owned(), Vec::new())?;
    let outcome = database
        .query_runner
        .run_read(&statement, &limits, &mut rows, cancel)
        .await?;
    Ok((rows, outcome))
}

async fn one(database: &Database, sql: &str) -> Owned {
    one_with(database, sql, Vec::new()).await
}

async fn one_with(database: &Database, sql: &str, params: Vec<Value>) -> Owned {
    let mut rows = read(database, sql, params)
        .await
        .unwrap_or_else(|failure| panic!("{sql}: {failure:?}"));
    assert_eq!(rows.rows.len(), 1, "{sql}");
    rows.rows.remove(0).remove(0)
}

async fn refused(database: &Database, sql: &str, params: Vec<Value>) -> Failure {
    match read(database, sql, params).await {
        Ok(rows) => panic!("{sql}: {rows:?}"),
        Err(failure) => failure,
    }
}

fn number(text: &str) -> Owned {
    Owned::Number(text.to_owned())
}

/// Waits for a fact that another process brings about.
async fn until(what: &str, mut fact: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !fact().await {
        assert!(
            started.elapsed() < Duration::from_secs(10),
            "still not so: {what}"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// How many sessions run a statement that holds `mark`, as another session sees it.
async fn running(observer: &Database, mark: &str) -> usize {
    let sql = "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() AND strpos(query, $1) > 0";
    read(observer, sql, vec![json!(mark)])
        .await
        .unwrap()
        .rows
        .len()
}

/// A statement that runs for a minute. Only its name stands in the statement that executes it, so the mark is a value.
fn slow(mark: &str) -> Statement {
    Statement::new(
        "SELECT pg_sleep(60), $1::text".to_owned(),
        vec![json!(mark)],
    )
    .unwrap()
}

async fn run_slow(
    database: Database,
    mark: String,
    limits: QueryLimits,
    cancel: Cancel,
) -> Failure {
    let mut rows = Rows::up_to(10);
    database
        .query_runner
        .run_read(&slow(&mark), &limits, &mut rows, &cancel)
        .await
        .unwrap_err()
}

on_postgres!(what_answers_is_told, async |server: &str| {
    let database = open(config(server)).await;

    assert_eq!(database.server.product, "PostgreSQL");
    assert!(
        database
            .server
            .version
            .starts_with(server.trim_start_matches("postgres_"))
    );
    assert_eq!(database.server.tls.as_deref(), Some("TLSv1.3"));
});

on_postgres!(two_statements_are_refused, async |server: &str| {
    let database = open(config(server)).await;

    for sql in [
        "SELECT 1; SELECT 2",
        "COMMIT; DROP TABLE pg_class",
        "SELECT 1; -- a\n SELECT 2",
    ] {
        let failure = refused(&database, sql, vec![]).await;
        assert_eq!(failure.kind, FailureKind::InvalidSql, "{sql}");
        assert!(
            failure.message.contains("more than one statement"),
            "{failure:?}"
        );
    }
    assert_eq!(one(&database, "SELECT 1; -- the end").await, number("1"));
});

on_postgres!(
    a_text_without_a_statement_is_refused,
    async |server: &str| {
        let database = open(config(server)).await;

        let failure = refused(&database, "/* nothing */ -- at all", vec![]).await;

        assert_eq!(failure.kind, FailureKind::InvalidSql);
        assert!(failure.message.contains("holds no statement"));
    }
);

on_postgres!(read_only_holds_in_the_server, async |server: &str| {
    let admin = open(writable(config(server))).await;
    let table = unique("read_only");
    write(
        &admin,
        &format!("CREATE TABLE {table} AS SELECT 1 AS a"),
        vec![],
    )
    .await
    .unwrap();
    let database = open(config(server)).await;

    for sql in [
        format!("INSERT INTO {table} VALUES (2)"),
        format!("UPDATE {table} SET a = 2"),
        format!("DELETE FROM {table}"),
        format!("WITH gone AS (DELETE FROM {table} RETURNING a) SELECT * FROM gone"),
        format!("EXPLAIN ANALYZE DELETE FROM {table}"),
        format!("SELECT * INTO {table}_2 FROM {table}"),
        format!("CREATE TABLE {table}_2 ()"),
        format!("CREATE TEMP TABLE {table}_2 ()"),
        format!("DROP TABLE {table}"),
        format!("TRUNCATE {table}"),
        format!("SELECT * FROM {table} FOR UPDATE"),
        format!("DO $$ BEGIN DELETE FROM {table}; END $$"),
    ] {
        let failure = refused(&database, &sql, vec![]).await;
        assert_eq!(failure.kind, FailureKind::NotAllowed, "{sql}: {failure:?}");
        assert_eq!(failure.sqlstate.as_deref(), Some("25006"), "{sql}");
        assert!(failure.hint.unwrap().contains("READ_ONLY=false"));
    }
    assert_eq!(
        one(&database, &format!("SELECT a FROM {table}")).await,
        number("1")
    );
    write(&admin, &format!("DROP TABLE {table}"), vec![])
        .await
        .unwrap();
});

on_postgres!(
    a_read_only_configuration_cannot_be_written_through,
    async |server: &str| {
        let database = open(config(server)).await;

        let failure = write(&database, "SELECT 1", vec![]).await.unwrap_err();

        assert_eq!(failure.kind, FailureKind::NotAllowed);
    }
);

on_postgres!(read_only_is_not_talked_out_of, async |server: &str| {
    let mut config = config(server);
    config.pool.max_connections = 1;
    let database = open(config).await;
    let table = unique("talked_out");

    for sql in [
        "SELECT set_config('default_transaction_read_only', 'off', false)",
        "SELECT set_config('transaction_read_only', 'off', false)",
        "SET TRANSACTION READ WRITE",
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
        "RESET ALL",
        "COMMIT",
        "ROLLBACK",
        "BEGIN READ WRITE",
        "ROLLBACK TO SAVEPOINT portolan",
        "RELEASE SAVEPOINT portolan",
    ] {
        let _ = read(&database, sql, vec![]).await;
        let failure = refused(&database, &format!("CREATE TABLE {table} ()"), vec![]).await;
        assert_eq!(failure.sqlstate.as_deref(), Some("25006"), "{sql}");
    }
});

on_postgres!(
    a_statement_that_ends_its_transaction_costs_the_session,
    async |server: &str| {
        let mut config = config(server);
        config.pool.max_connections = 1;
        let database = open(config).await;
        let before = one(&database, "SELECT pg_backend_pid()").await;

        let _ = read(&database, "COMMIT", vec![]).await;

        assert_ne!(one(&database, "SELECT pg_backend_pid()").await, before);
    }
);

on_postgres!(
    nothing_is_left_in_the_session_by_a_read,
    async |server: &str| {
        let mut config = config(server);
        config.pool.max_connections = 1;
        let database = open(config).await;
        let pid = one(&database, "SELECT pg_backend_pid()").await;

        for sql in [
            "SELECT pg_advisory_lock(4711)",
            "SELECT set_config('search_path', 'elsewhere', false)",
            "SELECT set_config('portolan.mark', 'left', false)",
            "LISTEN portolan",
        ] {
            read(&database, sql, vec![]).await.unwrap();
        }

        assert_eq!(one(&database, "SELECT pg_backend_pid()").await, pid);
        let locks =
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()";
        assert_eq!(one(&database, locks).await, number("0"));
        assert_eq!(
            one(&database, "SHOW search_path").await,
            Owned::Text("\"$user\", public".to_owned())
        );
        let mark = "SELECT coalesce(current_setting('portolan.mark', true), '')";
        assert_eq!(one(&database, mark).await, Owned::Text(String::new()));
        assert_eq!(
            read(&database, "SELECT pg_listening_channels()", vec![])
                .await
                .unwrap()
                .rows
                .len(),
            0
        );
    }
);

on_postgres!(
    nothing_is_left_in_the_session_by_a_write,
    async |server: &str| {
        let mut config = writable(config(server));
        config.pool.max_connections = 1;
        config.time_zone = "Asia/Kathmandu".to_owned();
        let database = open(config).await;
        let table = unique("left");
        let pid = one(&database, "SELECT pg_backend_pid()").await;

        for sql in [
            "SELECT pg_advisory_lock(4712)",
            "SET search_path = elsewhere",
            "SET TimeZone = 'Europe/Rome'",
            "SET statement_timeout = 1",
            "SET ROLE pg_monitor",
            &format!("CREATE TEMP TABLE {table} ()"),
            "DECLARE portolan_left CURSOR WITH HOLD FOR SELECT 1",
        ] {
            write(&database, sql, vec![]).await.unwrap();
        }

        assert_eq!(one(&database, "SELECT pg_backend_pid()").await, pid);
        let locks =
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()";
        assert_eq!(one(&database, locks).await, number("0"));
        assert_eq!(
            one(&database, "SHOW search_path").await,
            Owned::Text("\"$user\", public".to_owned())
        );
        assert_eq!(
            one(&database, "SHOW TimeZone").await,
            Owned::Text("Asia/Kathmandu".to_owned())
        );
        assert_eq!(
            one(&database, "SHOW statement_timeout").await,
            Owned::Text("30s".to_owned())
        );
        assert_eq!(
            one(&database, "SELECT current_user").await,
            Owned::Text("portolan".to_owned())
        );
        assert_eq!(
            one_with(&database, "SELECT to_regclass($1)", vec![json!(table)]).await,
            Owned::Null
        );
        assert_eq!(
            one(&database, "SELECT count(*) FROM pg_cursors").await,
            number("0")
        );
    }
);

on_postgres!(the_session_is_set_up_as_configured, async |server: &str| {
    let mut config = config(server);
    config.time_zone = "Asia/Kathmandu".to_owned();
    config.schema = Some("pg_catalog, public".to_owned());
    config.statement_timeout = Duration::from_millis(12_345);
    let database = open(config).await;
    // Its own limit differs from the session's default for this call alone.
    let limits = QueryLimits {
        time: Duration::from_millis(12_345),
        ..QueryLimits::default()
    };

    for (setting, expected) in [
        ("TimeZone", "Asia/Kathmandu"),
        ("search_path", "pg_catalog, public"),
        ("statement_timeout", "12345ms"),
        ("application_name", "portolan"),
        ("default_transaction_read_only", "on"),
        ("bytea_output", "hex"),
        ("DateStyle", "ISO, MDY"),
        ("client_encoding", "UTF8"),
        ("client_connection_check_interval", "2s"),
        ("idle_in_transaction_session_timeout", "1min"),
    ] {
        let sql = format!("SHOW {setting}");
        let (rows, _) = run(&database, &sql, limits, 1, &Cancel::new())
            .await
            .unwrap();
        assert_eq!(rows.rows, [[Owned::Text(expected.to_owned())]], "{setting}");
    }
    assert_eq!(
        one(&database, "SHOW statement_timeout").await,
        Owned::Text("30s".to_owned())
    );
});

on_postgres!(
    a_wrong_time_zone_is_found_when_opening,
    async |server: &str| {
        let mut config = config(server);
        config.time_zone = "Mars/Olympus".to_owned();

        let failure = try_open(config).await.unwrap_err();

        assert_eq!(failure.kind, FailureKind::InvalidArgument);
        assert!(failure.hint.unwrap().contains("TIME_ZONE"));
    }
);

on_postgres!(
    placeholders_and_parameters_are_counted,
    async |server: &str| {
        let database = open(config(server)).await;

        for (params, message) in [
            (
                vec![],
                "The statement has 2 placeholders, but no parameters were given.",
            ),
            (
                vec![json!(1)],
                "The statement has 2 placeholders, but 1 parameter was given.",
            ),
            (
                vec![json!(1), json!(2), json!(3)],
                "The statement has 2 placeholders, but 3 parameters were given.",
            ),
        ] {
            let failure = refused(&database, "SELECT $1::int + $2::int", params).await;
            assert_eq!(failure.kind, FailureKind::InvalidArgument);
            assert_eq!(failure.message, message);
            assert!(failure.hint.unwrap().contains("$1"));
        }
    }
);

on_postgres!(
    a_parameter_of_the_wrong_form_is_named,
    async |server: &str| {
        let database = open(config(server)).await;

        for (sql, params, number, sqlstate) in [
            ("SELECT $1::text, $2::int", json!(["a", "b"]), 2, "22P02"),
            ("SELECT $1::date", json!(["2024-02-30"]), 1, "22008"),
            ("SELECT $1::int2", json!([70000]), 1, "22003"),
            (
                "SELECT $1::text, $2::int[]",
                json!(["é'\\", [1, "x"]]),
                2,
                "22P02",
            ),
            ("SELECT $1::int[]", json!([[[1], [1, 2]]]), 1, "22P02"),
        ] {
            let Value::Array(params) = params else {
                unreachable!()
            };
            let failure = refused(&database, sql, params).await;
            assert_eq!(failure.kind, FailureKind::InvalidSql, "{sql}");
            assert_eq!(failure.parameter, Some(number), "{sql}: {failure:?}");
            assert_eq!(failure.position, None, "{sql}");
            assert_eq!(failure.sqlstate.as_deref(), Some(sqlstate), "{sql}");
        }
    }
);

on_postgres!(
    question_marks_are_answered_with_the_right_style,
    async |server: &str| {
        let database = open(config(server)).await;

        for sql in [
            "SELECT 1 WHERE 1 = ?",
            "SELECT * FROM pg_class WHERE relname = ? AND relkind = ?",
        ] {
            let failure = refused(&database, sql, vec![json!(1)]).await;
            assert_eq!(failure.kind, FailureKind::InvalidSql);
            assert!(failure.hint.as_ref().unwrap().contains("$1"), "{failure:?}");
        }
        let contains = one(&database, r#"SELECT '{"a": 1}'::jsonb ? 'a'"#).await;
        assert_eq!(contains, Owned::Bool(true));
    }
);

on_postgres!(parameters_are_values_and_never_sql, async |server: &str| {
    let database = open(config(server)).await;

    for text in [
        "'); DROP TABLE x; --",
        "\\'; SELECT 1; --",
        "E'\\'",
        "$1",
        "\\",
        "''",
        "\u{1f6a2} é \n\t",
        "/*",
    ] {
        assert_eq!(
            one_with(&database, "SELECT $1::text", vec![json!(text)]).await,
            Owned::Text(text.to_owned())
        );
        assert_eq!(
            one_with(&database, "SELECT ($1::text[])[1]", vec![json!([text])]).await,
            Owned::Text(text.to_owned())
        );
    }
    let failure = refused(&database, "SELECT $1::text", vec![json!("a\0b")]).await;
    assert_eq!(failure.parameter, Some(1));
});

on_postgres!(
    positions_count_characters_of_the_clients_text,
    async |server: &str| {
        let database = open(config(server)).await;

        for (sql, position) in [
            ("SELECT 'éé🚢', emial FROM pg_class", 15),
            ("SELECT 'é' FRO pg_class x", 16),
            ("SELECT 1 +", 11),
        ] {
            let failure = refused(&database, sql, vec![]).await;
            assert_eq!(failure.kind, FailureKind::InvalidSql);
            assert_eq!(failure.position, Some(position), "{failure:?}");
        }
    }
);

on_postgres!(
    a_misspelt_name_is_answered_with_the_nearest,
    async |server: &str| {
        let admin = open(writable(config(server))).await;
        let table = unique("hint_customers");
        write(
            &admin,
            &format!("CREATE TABLE {table} (id int, email_address text)"),
            vec![],
        )
        .await
        .unwrap();
        let database = open(config(server)).await;

        let misspelt = table.replace("customers", "custmers");
        let failure = refused(
            &database,
            &format!("SELECT * FROM public.{misspelt}"),
            vec![],
        )
        .await;
        assert_eq!(failure.sqlstate.as_deref(), Some("42P01"));
        assert_eq!(failure.hint, Some(format!("Did you mean {table}?")));
        assert_eq!(failure.position, Some(15));

        // The server itself guesses only within a few letters.
        let failure = refused(
            &database,
            &format!("SELECT emailadress FROM {table}"),
            vec![],
        )
        .await;
        assert_eq!(failure.sqlstate.as_deref(), Some("42703"));
        assert!(
            failure
                .hint
                .as_ref()
                .unwrap()
                .contains(&format!("{table}.email_address")),
            "{failure:?}"
        );

        let failure = refused(&database, &format!("SELECT telephone FROM {table}"), vec![]).await;
        assert_eq!(
            failure.hint,
            Some(format!("Known columns: {table}.id, {table}.email_address."))
        );
        write(&admin, &format!("DROP TABLE {table}"), vec![])
            .await
            .unwrap();
    }
);

on_postgres!(
    a_cancel_stops_the_statement_on_the_server,
    async |server: &str| {
        let database = open(config(server)).await;
        let observer = open(config(server)).await;
        let mark = unique("cancelled");
        let cancel = Cancel::new();
        let call = tokio::spawn(run_slow(
            database.clone(),
            mark.clone(),
            QueryLimits::default(),
            cancel.clone(),
        ));
        until("the statement runs", async || {
            running(&observer, &mark).await == 1
        })
        .await;

        let fired = Instant::now();
        cancel.fire(CancelReason::Client);
        let failure = call.await.unwrap();

        assert_eq!(failure.kind, FailureKind::Cancelled);
        until("the statement has ended", async || {
            running(&observer, &mark).await == 0
        })
        .await;
        assert!(fired.elapsed() < Duration::from_secs(1));
        assert_eq!(one(&database, "SELECT 1").await, number("1"));
    }
);

on_postgres!(
    a_call_that_is_dropped_stops_the_statement_too,
    async |server: &str| {
        let database = open(config(server)).await;
        let observer = open(config(server)).await;
        let mark = unique("dropped");
        let call = tokio::spawn(run_slow(
            database.clone(),
            mark.clone(),
            QueryLimits::default(),
            Cancel::new(),
        ));
        until("the statement runs", async || {
            running(&observer, &mark).await == 1
        })
        .await;

        call.abort();

        until("the statement has ended", async || {
            running(&observer, &mark).await == 0
        })
        .await;
    }
);

on_postgres!(
    a_statement_past_its_time_is_stopped_on_the_server,
    async |server: &str| {
        let database = open(config(server)).await;
        let observer = open(config(server)).await;
        let mark = unique("timed_out");
        let limits = QueryLimits {
            time: Duration::from_millis(200),
            ..QueryLimits::default()
        };

        let started = Instant::now();
        let failure = run_slow(database.clone(), mark.clone(), limits, Cancel::new()).await;

        assert_eq!(failure.kind, FailureKind::Timeout);
        assert!(failure.message.contains("200 ms"), "{failure}");
        assert!(started.elapsed() < Duration::from_millis(1_000));
        until("the statement has ended", async || {
            running(&observer, &mark).await == 0
        })
        .await;
    }
);

on_postgres!(
    waiting_for_a_lock_counts_as_the_statements_time,
    async |server: &str| {
        let admin = open(writable(config(server))).await;
        let table = unique("locked");
        write(
            &admin,
            &format!("CREATE TABLE {table} AS SELECT 1 AS a"),
            vec![],
        )
        .await
        .unwrap();
        let observer = open(config(server)).await;
        let cancel = Cancel::new();
        let holder = {
            let (admin, table, cancel) = (admin.clone(), table.clone(), cancel.clone());
            tokio::spawn(async move {
                let sql = format!("DO $$ BEGIN LOCK TABLE {table}; PERFORM pg_sleep(60); END $$");
                let statement = Statement::new(sql, vec![]).unwrap();
                let mut rows = Rows::up_to(1);
                admin
                    .query_runner
                    .run_write(&statement, &QueryLimits::default(), &mut rows, &cancel)
                    .await
            })
        };
        until("the table is locked", async || {
        let sql = "SELECT 1 FROM pg_locks WHERE relation = to_regclass($1) AND granted AND mode = 'AccessExclusiveLock'";
        read(&observer, sql, vec![json!(table)]).await.unwrap().rows.len() == 1
    })
    .await;

        let limits = QueryLimits {
            time: Duration::from_millis(200),
            ..QueryLimits::default()
        };
        let failure = run(
            &observer,
            &format!("SELECT a FROM {table}"),
            limits,
            1,
            &Cancel::new(),
        )
        .await
        .unwrap_err();

        assert_eq!(failure.kind, FailureKind::Timeout);
        cancel.fire(CancelReason::Client);
        assert_eq!(
            holder.await.unwrap().unwrap_err().kind,
            FailureKind::Cancelled
        );
        write(&admin, &format!("DROP TABLE {table}"), vec![])
            .await
            .unwrap();
    }
);

on_postgres!(closing_ends_what_runs, async |server: &str| {
    let database = open(config(server)).await;
    let observer = open(config(server)).await;
    let mark = unique("closed");
    let call = tokio::spawn(run_slow(
        database.clone(),
        mark.clone(),
        QueryLimits::default(),
        Cancel::new(),
    ));
    until("the statement runs", async || {
        running(&observer, &mark).await == 1
    })
    .await;

    let started = Instant::now();
    database.pool.close().await;

    assert!(started.elapsed() < Duration::from_secs(1));
    assert_eq!(call.await.unwrap().kind, FailureKind::Cancelled);
    assert_eq!(running(&observer, &mark).await, 0);
    assert_eq!(
        refused(&database, "SELECT 1", vec![]).await.kind,
        FailureKind::Unavailable
    );
});

on_postgres!(
    a_small_rest_of_a_result_costs_nothing,
    async |server: &str| {
        let mut config = config(server);
        config.pool.max_connections = 1;
        let database = open(config).await;
        let pid = one(&database, "SELECT pg_backend_pid()").await;

        let sql = "SELECT n FROM generate_series(1, 1000) AS n";
        let (rows, _) = run(&database, sql, QueryLimits::default(), 3, &Cancel::new())
            .await
            .unwrap();

        assert!(rows.cut);
        assert_eq!(rows.rows, [[number("1")], [number("2")], [number("3")]]);
        assert_eq!(one(&database, "SELECT pg_backend_pid()").await, pid);
    }
);

on_postgres!(
    an_endless_rest_of_a_result_is_stopped,
    async |server: &str| {
        let mut config = config(server);
        config.pool.max_connections = 1;
        let database = open(config).await;
        let observer = open(databases::config(server)).await;
        let mark = unique("endless");

        let sql = format!("SELECT generate_series(1, 1000000000), '{mark}'");
        let statement = Statement::new(sql, vec![]).unwrap();
        let mut rows = Rows::up_to(3);
        database
            .query_runner
            .run_read(
                &statement,
                &QueryLimits::default(),
                &mut rows,
                &Cancel::new(),
            )
            .await
            .unwrap();

        assert!(rows.cut);
        // The only slot is free again, so the statement has been stopped.
        assert_eq!(one(&database, "SELECT 1").await, number("1"));
        let sql = "SELECT count(*) FROM pg_stat_activity AS a, pg_prepared_statements AS p WHERE a.state = 'active' AND p.statement LIKE $1";
        assert_eq!(
            one_with(&observer, sql, vec![json!(format!("%{mark}%"))]).await,
            number("0")
        );
    }
);

on_postgres!(a_result_without_rows_has_columns, async |server: &str| {
    let database = open(config(server)).await;

    for _ in 0..2 {
        let rows = read(
            &database,
            "SELECT 1 AS a, 'x' AS \"B c\", '{}'::int[], '{}'::int4multirange AS d_x_, 'a'::regclass WHERE false",
            vec![],
        )
        .await;
        // The statement as such is wrong only when it is planned: 'a' is no table.
        assert_eq!(rows.unwrap_err().sqlstate.as_deref(), Some("42P01"));
        let rows = read(
            &database,
            "SELECT 1 AS a, 'x' AS \"B c\", '{}'::int[], '{}'::int4multirange AS d_x_ WHERE $1",
            vec![json!(false)],
        )
        .await
        .unwrap();
        let columns: Vec<_> = rows
            .columns
            .iter()
            .map(|column| (column.name.as_str(), column.type_name.as_str()))
            .collect();
        assert_eq!(
            columns,
            [
                ("a", "int4"),
                ("B c", "text"),
                ("int4", "int4[]"),
                ("d_x_", "int4multirange")
            ]
        );
        assert_eq!(rows.rows.len(), 0);
    }
});

on_postgres!(
    duplicate_column_names_and_their_order_survive,
    async |server: &str| {
        let database = open(config(server)).await;

        let rows = read(&database, "SELECT 2 AS b, 1 AS a, 3 AS b", vec![])
            .await
            .unwrap();

        let names: Vec<_> = rows
            .columns
            .iter()
            .map(|column| column.name.as_str())
            .collect();
        assert_eq!(names, ["b", "a", "b"]);
        assert_eq!(rows.rows, [[number("2"), number("1"), number("3")]]);
    }
);

on_postgres!(
    a_table_that_changes_its_shape_does_not_spoil_known_statements,
    async |server: &str| {
        let mut config = writable(config(server));
        config.pool.max_connections = 1;
        let database = open(config).await;
        let table = unique("reshaped");
        write(
            &database,
            &format!("CREATE TABLE {table} AS SELECT 1 AS a"),
            vec![],
        )
        .await
        .unwrap();
        let select = format!("SELECT * FROM {table}");
        assert_eq!(one(&database, &select).await, number("1"));

        write(
            &database,
            &format!("ALTER TABLE {table} ALTER a TYPE text"),
            vec![],
        )
        .await
        .unwrap();
        assert_eq!(one(&database, &select).await, Owned::Text("1".to_owned()));
        write(
            &database,
            &format!("ALTER TABLE {table} RENAME a TO b"),
            vec![],
        )
        .await
        .unwrap();
        assert_eq!(
            read(&database, &select, vec![]).await.unwrap().columns[0].name,
            "b"
        );
        write(&database, &format!("DROP TABLE {table}"), vec![])
            .await
            .unwrap();

        let failure = refused(&database, &select, vec![]).await;
        assert_eq!(
            (failure.sqlstate.as_deref(), failure.position),
            (Some("42P01"), Some(15))
        );
    }
);

on_postgres!(
    statements_that_vanished_are_prepared_again,
    async |server: &str| {
        let mut config = config(server);
        config.pool.max_connections = 1;
        let database = open(config).await;
        assert_eq!(one(&database, "SELECT 41 + 1").await, number("42"));

        read(&database, "DEALLOCATE ALL", vec![]).await.unwrap();

        assert_eq!(one(&database, "SELECT 41 + 1").await, number("42"));
    }
);

on_postgres!(
    a_name_that_is_taken_never_runs_the_wrong_statement,
    async |server: &str| {
        let mut config = config(server);
        config.pool.max_connections = 1;
        let database = open(config).await;
        for number in 1..20 {
            let _ = read(
                &database,
                &format!("PREPARE sqlx_s_{number} AS SELECT 'wrong'"),
                vec![],
            )
            .await;
        }

        for value in 0..20 {
            assert_eq!(
                one(&database, &format!("SELECT {value}")).await,
                number(&value.to_string())
            );
        }
    }
);

on_postgres!(
    more_statements_than_a_session_remembers_all_work,
    async |server: &str| {
        let mut config = config(server);
        config.pool.max_connections = 1;
        let database = open(config).await;

        for round in 0..2 {
            for value in 0..450 {
                let sql = if value % 50 == 0 {
                    format!("SELECT {value}, '{{}}'::int4multirange")
                } else {
                    format!("SELECT {value}")
                };
                assert_eq!(
                    one(&database, &sql).await,
                    number(&value.to_string()),
                    "round {round}"
                );
            }
        }
        let kept = "SELECT count(*) < 250 FROM pg_prepared_statements";
        assert_eq!(one(&database, kept).await, Owned::Bool(true));
    }
);

on_postgres!(
    a_session_that_died_while_idle_is_replaced,
    async |server: &str| {
        let mut config = writable(config(server));
        config.pool.max_connections = 1;
        let database = open(config).await;
        let killer = open(databases::config(server)).await;
        for round in 0..2 {
            let Owned::Number(pid) = one(&database, "SELECT pg_backend_pid()").await else {
                unreachable!()
            };
            let alive = "SELECT count(*) FROM pg_stat_activity WHERE pid = $1";
            read(&killer, "SELECT pg_terminate_backend($1)", vec![json!(pid)])
                .await
                .unwrap();
            until("the session is dead", async || {
                one_with(&killer, alive, vec![json!(pid)]).await == number("0")
            })
            .await;

            if round == 0 {
                assert_eq!(one(&database, "SELECT 1").await, number("1"));
            } else {
                assert_eq!(
                    database.pool.test(&Cancel::new()).await.unwrap().version,
                    database.server.version
                );
            }
        }
    }
);

on_postgres!(slow_queries_wait_for_their_turn, async |server: &str| {
    let mut config = config(server);
    config.pool.max_connections = 2;
    let database = Arc::new(open(config).await);
    let calls: Vec<_> = (0..8)
        .map(|value| {
            let database = Arc::clone(&database);
            tokio::spawn(async move {
                one_with(
                    &database,
                    "SELECT $1::int FROM pg_sleep(0.05)",
                    vec![json!(value)],
                )
                .await
            })
        })
        .collect();

    for (value, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.unwrap(), number(&value.to_string()));
    }
    assert_eq!(database.pool.figures().max, 2);
});

on_postgres!(a_write_is_committed_and_counted, async |server: &str| {
    let database = open(writable(config(server))).await;
    let table = unique("written");
    let create = format!("CREATE TABLE {table} (a int PRIMARY KEY, m int4multirange)");
    let created = write(&database, &create, vec![]);
    assert_eq!(created.await.unwrap().1.affected_rows, None);

    let insert =
        format!("INSERT INTO {table} SELECT n FROM generate_series(1, $1) AS n RETURNING a");
    let (rows, outcome) = write(&database, &insert, vec![json!(3)]).await.unwrap();
    assert_eq!(outcome.affected_rows, Some(3));
    assert_eq!(rows.rows, [[number("1")], [number("2")], [number("3")]]);

    let failure = write(&database, &insert, vec![json!(1)]).await.unwrap_err();
    assert_eq!(
        (failure.kind, failure.sqlstate.as_deref()),
        (FailureKind::InvalidSql, Some("23505"))
    );
    assert!(failure.detail.unwrap().contains("already exists"));

    let update = format!("UPDATE {table} SET m = '{{[1,2)}}' WHERE a > 1 RETURNING m");
    let (rows, outcome) = write(&database, &update, vec![]).await.unwrap();
    assert_eq!(outcome.affected_rows, Some(2));
    assert_eq!(rows.columns[0].type_name, "int4multirange");
    let (_, outcome) = write(
        &database,
        &format!("DELETE FROM {table} WHERE a = 9"),
        vec![],
    )
    .await
    .unwrap();
    assert_eq!(outcome.affected_rows, Some(0));
    assert_eq!(
        one(&database, &format!("SELECT count(*) FROM {table}")).await,
        number("3")
    );
    write(&database, &format!("DROP TABLE {table}"), vec![])
        .await
        .unwrap();
});

on_postgres!(
    a_write_runs_to_its_end_whatever_the_row_limit,
    async |server: &str| {
        let database = open(writable(config(server))).await;
        let table = unique("limited");
        write(&database, &format!("CREATE TABLE {table} (a int)"), vec![])
            .await
            .unwrap();
        let sql = format!("INSERT INTO {table} SELECT generate_series(1, 1000) RETURNING a");
        let statement = Statement::new(sql, vec![]).unwrap();
        let mut rows = Rows::up_to(2);

        let outcome = database
            .query_runner
            .run_write(
                &statement,
                &QueryLimits::default(),
                &mut rows,
                &Cancel::new(),
            )
            .await
            .unwrap();

        assert_eq!(
            (rows.rows.len(), rows.cut, outcome.affected_rows),
            (2, true, Some(1000))
        );
        assert_eq!(
            one(&database, &format!("SELECT count(*) FROM {table}")).await,
            number("1000")
        );
        write(&database, &format!("DROP TABLE {table}"), vec![])
            .await
            .unwrap();
    }
);

on_postgres!(
    a_constraint_checked_at_commit_fails_the_write,
    async |server: &str| {
        let database = open(writable(config(server))).await;
        let table = unique("deferred");
        let create = format!("CREATE TABLE {table} (a int UNIQUE DEFERRABLE INITIALLY DEFERRED)");
        write(&database, &create, vec![]).await.unwrap();

        let failure = write(
            &database,
            &format!("INSERT INTO {table} VALUES (1), (1)"),
            vec![],
        )
        .await
        .unwrap_err();

        assert_eq!(
            (failure.kind, failure.sqlstate.as_deref()),
            (FailureKind::InvalidSql, Some("23505"))
        );
        assert_eq!(
            one(&database, &format!("SELECT count(*) FROM {table}")).await,
            number("0")
        );
        write(&database, &format!("DROP TABLE {table}"), vec![])
            .await
            .unwrap();
    }
);

on_postgres!(
    a_write_that_ends_its_transaction_is_told_so,
    async |server: &str| {
        let database = open(writable(config(server))).await;

        for sql in ["COMMIT", "ROLLBACK", "RELEASE SAVEPOINT portolan"] {
            let failure = write(&database, sql, vec![]).await.unwrap_err();
            assert_eq!(failure.kind, FailureKind::NotAllowed, "{sql}: {failure:?}");
        }
        assert_eq!(one(&database, "SELECT 1").await, number("1"));
    }
);

on_postgres!(
    copy_is_refused_and_the_next_call_works,
    async |server: &str| {
        let database = open(config(server)).await;

        let failure = refused(&database, "COPY pg_class TO STDOUT", vec![]).await;

        assert_eq!(failure.kind, FailureKind::Unsupported);
        assert_eq!(one(&database, "SELECT 1").await, number("1"));
    }
);

on_postgres!(
    every_tls_mode_connects_when_the_server_is_trusted,
    async |server: &str| {
        for (mode, tls) in [
            (TlsMode::Disable, None),
            (TlsMode::Prefer, Some("TLSv1.3")),
            (TlsMode::Require, Some("TLSv1.3")),
            (TlsMode::VerifyCa, Some("TLSv1.3")),
            (TlsMode::VerifyFull, Some("TLSv1.3")),
        ] {
            let mut config = config(server);
            config.tls.mode = mode;
            config.tls.ca = Some(databases::tls_file("ca.pem"));
            assert_eq!(open(config).await.server.tls.as_deref(), tls, "{mode:?}");
        }
    }
);

on_postgres!(
    a_server_that_is_not_trusted_fails_in_the_tls_step,
    async |server: &str| {
        for (mode, ca) in [
            (TlsMode::VerifyCa, Some("other-ca.pem")),
            (TlsMode::VerifyFull, Some("other-ca.pem")),
            (TlsMode::VerifyFull, None),
        ] {
            let mut config = config(server);
            config.tls.mode = mode;
            config.tls.ca = ca.map(databases::tls_file);
            let failure = try_open(config).await.unwrap_err();
            assert_eq!(
                (failure.kind, failure.step),
                (FailureKind::Unavailable, Some(ConnectStep::Tls)),
                "{failure:?}"
            );
        }
        let mut config = config(server);
        config.tls.mode = TlsMode::VerifyFull;
        config.tls.ca = Some("/nowhere/ca.pem".into());
        let failure = try_open(config).await.unwrap_err();
        assert_eq!(failure.step, Some(ConnectStep::Tls), "{failure:?}");
        assert!(!failure.message.contains("nowhere"));
    }
);

on_postgres!(a_client_certificate_signs_in, async |server: &str| {
    let mut config = config(server);
    config.user = Some("certuser".to_owned());
    config.password = None;
    config.tls.mode = TlsMode::VerifyFull;
    config.tls.ca = Some(databases::tls_file("ca.pem"));
    let failure = try_open(config.clone()).await.unwrap_err();
    assert_eq!(failure.step, Some(ConnectStep::SignIn), "{failure:?}");

    config.tls.certificate = Some(databases::tls_file("client.pem"));
    config.tls.key = Some(databases::tls_file("client.key"));
    let database = open(config).await;

    assert_eq!(
        one(&database, "SELECT current_user").await,
        Owned::Text("certuser".to_owned())
    );
});

on_postgres!(a_socket_needs_no_password, async |server: &str| {
    let mut config = config(server);
    let Address::Tcp { port, .. } = config.address else {
        unreachable!()
    };
    config.address = Address::Socket {
        path: databases::server_variable(server, "SOCKET").into(),
        port,
    };
    config.password = None;

    let database = open(config).await;

    assert_eq!(
        one(&database, "SELECT inet_server_addr()").await,
        Owned::Null
    );
});

on_postgres!(
    a_failed_connection_says_how_far_it_got,
    async |server: &str| {
        let good = config(server);
        let Address::Tcp { port, .. } = good.address else {
            unreachable!()
        };
        let at = |host: &str, port| Address::Tcp {
            host: host.to_owned(),
            port,
        };
        let mut password = good.clone();
        password.password = Some(Password::Given("wr0ng-secret".to_owned().into()));
        let mut user = good.clone();
        user.user = Some("nobody-here".to_owned());
        let mut database = good.clone();
        database.database = Some("no-such-database".to_owned());
        let mut closed = good.clone();
        closed.address = at("127.0.0.1", 1);
        let mut name = good.clone();
        name.address = at("no-such-host.invalid", port);
        let mut socket = good.clone();
        socket.address = Address::Socket {
            path: "/no-such-folder".into(),
            port,
        };

        for (config, step, sqlstate) in [
            (password, ConnectStep::SignIn, Some("28P01")),
            (user, ConnectStep::SignIn, Some("28P01")),
            (database, ConnectStep::Database, Some("3D000")),
            (closed, ConnectStep::Tcp, None),
            (name, ConnectStep::NameResolution, None),
            (socket, ConnectStep::Tcp, None),
        ] {
            let failure = try_open(config).await.unwrap_err();
            assert_eq!(failure.kind, FailureKind::Unavailable, "{failure:?}");
            assert_eq!(failure.step, Some(step), "{failure:?}");
            assert_eq!(failure.sqlstate.as_deref(), sqlstate, "{failure:?}");
            assert!(failure.hint.is_some());
            for told in [&failure.message, failure.hint.as_ref().unwrap()] {
                for secret in ["wr0ng", "nobody-here", "no-such", "127.0.0.1"] {
                    assert!(!told.contains(secret), "{told}");
                }
            }
        }
    }
);

on_postgres!(
    a_password_file_is_read_when_a_connection_is_opened,
    async |server: &str| {
        let mut config = config(server);
        let Some(Password::Given(password)) = config.password.take() else {
            unreachable!()
        };
        let path = std::env::temp_dir().join(unique("portolan_password"));
        std::fs::write(&path, "not yet\n").unwrap();
        config.password = Some(Password::File(path.clone()));
        assert_eq!(
            try_open(config.clone()).await.unwrap_err().step,
            Some(ConnectStep::SignIn)
        );

        std::fs::write(
            &path,
            format!("{}\n", secrecy::ExposeSecret::expose_secret(&password)),
        )
        .unwrap();
        let database = open(config.clone()).await;

        assert_eq!(one(&database, "SELECT 1").await, number("1"));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(
            try_open(config).await.unwrap_err().step,
            Some(ConnectStep::SignIn)
        );
    }
);

on_postgres!(
    a_test_of_the_connection_is_a_round_trip,
    async |server: &str| {
        let database = open(config(server)).await;

        let report = database.pool.test(&Cancel::new()).await.unwrap();

        assert_eq!(report.version, database.server.version);
        assert!(report.latency > Duration::ZERO);
    }
);

on_postgres!(
    everything_works_without_relying_on_the_session,
    async |server: &str| {
        let mut config = writable(config(server));
        config.pooler = true;
        config.pool.max_connections = 1;
        config.time_zone = "Asia/Kathmandu".to_owned();
        config.schema = Some("pg_catalog, public".to_owned());
        let database = open(config).await;
        let table = unique("pooled");

        write(
            &database,
            &format!("CREATE TABLE public.{table} (a int, m int4multirange)"),
            vec![],
        )
        .await
        .unwrap();
        for _ in 0..2 {
            let insert = format!("INSERT INTO {table} VALUES ($1)");
            assert_eq!(
                write(&database, &insert, vec![json!(1)])
                    .await
                    .unwrap()
                    .1
                    .affected_rows,
                Some(1)
            );
            let rows = read(
                &database,
                &format!("SELECT * FROM {table} WHERE a = $1"),
                vec![json!(2)],
            )
            .await
            .unwrap();
            assert_eq!(rows.columns[1].type_name, "int4multirange");
            assert_eq!(
                one(&database, "SHOW TimeZone").await,
                Owned::Text("Asia/Kathmandu".to_owned())
            );
            assert_eq!(
                one(&database, "SHOW search_path").await,
                Owned::Text("pg_catalog, public".to_owned())
            );
            // Only the statement that asks is there.
            assert_eq!(
                one(&database, "SELECT count(*) FROM pg_prepared_statements").await,
                number("1")
            );
            assert_eq!(
                refused(&database, &format!("DELETE FROM {table}"), vec![])
                    .await
                    .sqlstate
                    .as_deref(),
                Some("25006")
            );
            assert_eq!(
                refused(&database, "SELECT nothing", vec![]).await.position,
                Some(8)
            );
        }
        write(&database, &format!("DROP TABLE {table}"), vec![])
            .await
            .unwrap();
        assert_eq!(
            run_slow(
                database.clone(),
                unique("pooled"),
                QueryLimits {
                    time: Duration::from_millis(200),
                    ..QueryLimits::default()
                },
                Cancel::new(),
            )
            .await
            .kind,
            FailureKind::Timeout
        );
    }
);
