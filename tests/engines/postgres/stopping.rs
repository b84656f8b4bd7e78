//! Statements that end before they are done, on the server too.

use std::time::{Duration, Instant};

use domain::{
    Cancel, FailureKind,
    cancel::CancelReason,
    query::{QueryLimits, Statement},
};
use serde_json::json;
use support::{
    databases::{self, config, open, read, unique, writable, write},
    on_postgres,
    rows::Rows,
    waiting::until,
};

use super::helpers::{number, one, one_with, run, run_slow};

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

on_postgres!(
    a_large_result_with_parameters_is_not_read_to_its_end,
    async |server: &str| {
        let mut config = config(server);
        config.pool.max_connections = 1;
        let database = open(config).await;
        let pid = one(&database, "SELECT pg_backend_pid()").await;
        let sql = "SELECT generate_series(1, $1), 'x'";
        let statement = Statement::new(sql.to_owned(), vec![json!(1_000_000_000)]).unwrap();
        let limits = QueryLimits {
            rows: 3,
            time: Duration::from_secs(5),
            ..QueryLimits::default()
        };
        let mut rows = Rows::up_to(3);

        database
            .query_runner
            .run_read(&statement, &limits, &mut rows, &Cancel::new())
            .await
            .unwrap();

        assert!(rows.cut);
        assert_eq!(one(&database, "SELECT pg_backend_pid()").await, pid);
    }
);

on_postgres!(
    a_cancel_works_where_the_role_has_no_connection_left_for_it,
    async |server: &str| {
        let admin = open(writable(config(server))).await;
        let role = unique("only_one");
        write(
            &admin,
            &format!("CREATE ROLE {role} LOGIN PASSWORD 'secret' CONNECTION LIMIT 1"),
            vec![],
        )
        .await
        .unwrap();
        let mut only = config(server);
        only.user = Some(role.clone());
        let database = open(only).await;
        let observer = open(config(server)).await;
        let running = "SELECT 1 FROM pg_stat_activity WHERE usename = $1 AND state = 'active'";
        let cancel = Cancel::new();
        let call = tokio::spawn(run_slow(
            database.clone(),
            role.clone(),
            QueryLimits::default(),
            cancel.clone(),
        ));
        let runs = async || {
            read(&observer, running, vec![json!(role)])
                .await
                .unwrap()
                .rows
                .len()
        };
        until("the statement runs", async || runs().await == 1).await;

        let fired = Instant::now();
        cancel.fire(CancelReason::Client);

        assert_eq!(call.await.unwrap().kind, FailureKind::Cancelled);
        until("the statement has ended", async || runs().await == 0).await;
        assert!(
            fired.elapsed() < Duration::from_secs(1),
            "{:?}",
            fired.elapsed()
        );
        database.pool.close().await;
        write(&admin, &format!("DROP ROLE {role}"), vec![])
            .await
            .unwrap();
    }
);

on_postgres!(
    a_backend_killed_while_it_runs_is_one_failure_and_runs_nothing_again,
    async |server: &str| {
        let database = open(config(server)).await;
        let observer = open(config(server)).await;
        let mark = unique("killed");
        let call = tokio::spawn(run_slow(
            database.clone(),
            mark.clone(),
            QueryLimits::default(),
            Cancel::new(),
        ));
        let find = "SELECT pid FROM pg_stat_activity \
                    WHERE state = 'active' AND pid <> pg_backend_pid() AND strpos(query, $1) > 0";
        let running = async || read(&observer, find, vec![json!(mark)]).await.unwrap().rows;
        until("the statement runs", async || running().await.len() == 1).await;
        // Long enough to be no idle session that was found dead.
        tokio::time::sleep(Duration::from_millis(600)).await;

        let kill = format!("SELECT pg_terminate_backend(pid) FROM ({find}) AS found");
        read(&observer, &kill, vec![json!(mark)]).await.unwrap();

        let failure = call.await.unwrap();
        assert_eq!(
            (failure.kind, failure.message.as_str()),
            (
                FailureKind::Unavailable,
                "The database closed the connection."
            )
        );
        assert!(running().await.is_empty());
        assert_eq!(one(&database, "SELECT 1").await, number("1"));
    }
);
