//! What a session remembers, and what it must not.

use std::time::Duration;

use domain::{
    Cancel, FailureKind,
    access::{TablePattern, TableRules, Tables},
    query::{QueryLimits, Statement},
};
use sqlx::{AssertSqlSafe, raw_sql};
use support::{
    databases::{config, open, read, unique, writable, write},
    on_mysql,
    proxy::Proxy,
    rows::{Owned, Rows},
    waiting::until,
};

use super::helpers::{alone, beside, cell, number, run_beside, text};

on_mysql!(
    a_connection_killed_while_idle_costs_nothing,
    async |server: &str| {
        let database = open(config(server)).await;
        let mut beside = beside(server).await;
        for _ in 0..2 {
            let Owned::Int(id) = cell(&database, "SELECT CONNECTION_ID()", vec![]).await else {
                unreachable!("a connection has a number")
            };
            until("the session to be idle", async || {
                database.pool.figures().in_use == 0
            })
            .await;
            raw_sql(AssertSqlSafe(format!("KILL {id}")))
                .execute(&mut beside)
                .await
                .unwrap();
            until("the session to be gone", async || {
                number(
                    &mut beside,
                    format!("SELECT COUNT(*) FROM information_schema.processlist WHERE id = {id}"),
                )
                .await
                    == 0
            })
            .await;

            assert_ne!(
                cell(&database, "SELECT CONNECTION_ID()", vec![]).await,
                Owned::Int(id)
            );
        }
    }
);

on_mysql!(
    a_write_on_a_connection_killed_while_idle_is_done_once,
    async |server: &str| {
        let table = unique("once");
        run_beside(server, format!("CREATE TABLE {table} (id INT)")).await;
        let database = open(writable(config(server))).await;
        let mut beside = beside(server).await;
        let Owned::Int(id) = cell(&database, "SELECT CONNECTION_ID()", vec![]).await else {
            unreachable!("a connection has a number")
        };
        until("the session to be idle", async || {
            database.pool.figures().in_use == 0
        })
        .await;
        raw_sql(AssertSqlSafe(format!("KILL {id}")))
            .execute(&mut beside)
            .await
            .unwrap();

        write(
            &database,
            &format!("INSERT INTO {table} VALUES (1)"),
            vec![],
        )
        .await
        .unwrap();

        assert_eq!(
            number(&mut beside, format!("SELECT COUNT(*) FROM {table}")).await,
            1
        );
        run_beside(server, format!("DROP TABLE {table}")).await;
    }
);

on_mysql!(
    a_waiting_session_sees_what_was_committed_meanwhile,
    async |server: &str| {
        let table = unique("meanwhile");
        run_beside(server, format!("CREATE TABLE {table} (id INT)")).await;
        let database = open(alone(config(server))).await;
        for count in 1..=3 {
            until("the session to wait", async || {
                database.pool.figures().in_use == 0
            })
            .await;
            run_beside(server, format!("INSERT INTO {table} VALUES ({count})")).await;

            assert_eq!(
                cell(&database, &format!("SELECT COUNT(*) FROM {table}"), vec![]).await,
                Owned::Int(count)
            );
        }
        run_beside(server, format!("DROP TABLE {table}")).await;
    }
);

on_mysql!(a_waiting_session_holds_nothing, async |server: &str| {
    let table = unique("holds");
    run_beside(
        server,
        format!("CREATE TABLE {table} (id INT) ENGINE=InnoDB"),
    )
    .await;
    let database = open(alone(config(server))).await;
    let Owned::Int(id) = cell(
        &database,
        &format!("SELECT CONNECTION_ID() + 0 * COUNT(*) FROM {table}"),
        vec![],
    )
    .await
    else {
        unreachable!("a connection has a number")
    };
    until("the session to wait", async || {
        database.pool.figures().in_use == 0
    })
    .await;
    let mut beside = beside(server).await;

    assert_eq!(number(&mut beside, format!("SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_mysql_thread_id = {id}")).await, 0);
    run_beside(
        server,
        format!("SET lock_wait_timeout = 1; ALTER TABLE {table} ADD a INT; DROP TABLE {table}"),
    )
    .await;
});

on_mysql!(now_is_the_time_of_the_statement, async |server: &str| {
    let database = open(alone(config(server))).await;
    let mut beside = beside(server).await;
    let now = "SELECT CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED)";
    for _ in 0..3 {
        until("the session to wait", async || {
            database.pool.figures().in_use == 0
        })
        .await;
        let before = number(&mut beside, now.to_owned()).await;
        let Owned::Int(ours) = cell(&database, now, vec![]).await else {
            unreachable!("a time is a number")
        };
        let after = number(&mut beside, now.to_owned()).await;

        assert!(i128::from(before) <= ours && ours <= i128::from(after));
    }
});

on_mysql!(
    nothing_of_a_call_is_left_for_the_next,
    async |server: &str| {
        let mut config = alone(config(server));
        "+02:00".clone_into(&mut config.time_zone);
        let database = open(config).await;
        let lock = unique("lock");
        let seen = "SELECT CAST(CONCAT_WS('|', @@sql_mode = @@GLOBAL.sql_mode, @@time_zone, @@character_set_results, DATABASE(), \
                IFNULL(@left_over, 'none'), LAST_INSERT_ID(), @@sql_select_limit) AS CHAR)";
        let expected = cell(&database, seen, vec![]).await;
        assert_eq!(
            expected,
            text("1|+02:00|utf8mb4|portolan_test|none|0|18446744073709551615")
        );
        for sql in [
            "SET SESSION sql_mode = ''",
            "SET time_zone = '+09:00'",
            "SET NAMES latin1",
            "SET @left_over = 1",
            "SELECT @left_over := 1",
            "SELECT 1 INTO @left_over",
            "SELECT LAST_INSERT_ID(77)",
            "SET sql_select_limit = 1",
            "USE mysql",
            &format!("SELECT GET_LOCK('{lock}', 0)"),
        ] {
            // One of the servers does not prepare `USE`.
            let _ = read(&database, sql, vec![]).await;
            assert_eq!(cell(&database, seen, vec![]).await, expected, "{sql}");
        }
        let mut beside = beside(server).await;
        until("the lock to be free", async || {
            number(&mut beside, format!("SELECT IS_FREE_LOCK('{lock}')")).await == 1
        })
        .await;
    }
);

on_mysql!(pipes_mean_what_the_server_says, async |server: &str| {
    let database = open(config(server)).await;

    assert_eq!(
        cell(&database, "SELECT 0 || 1", vec![]).await,
        Owned::Int(1)
    );
});

on_mysql!(
    more_statements_than_the_cache_holds_still_run,
    async |server: &str| {
        let database = open(alone(config(server))).await;

        for number in 0..600 {
            assert_eq!(
                cell(&database, &format!("SELECT {number}"), vec![]).await,
                Owned::Int(number)
            );
        }
    }
);

on_mysql!(a_text_as_long_as_may_be_runs, async |server: &str| {
    let database = open(alone(config(server))).await;
    let long = "x".repeat(900_000);

    for _ in 0..3 {
        assert_eq!(
            cell(&database, &format!("SELECT LENGTH('{long}')"), vec![]).await,
            Owned::Int(900_000)
        );
    }
});

on_mysql!(a_value_of_several_packets_is_whole, async |server: &str| {
    let database = open(config(server)).await;
    let length = if server.starts_with("mariadb") {
        16_777_216 - 1024
    } else {
        40_000_000
    };

    let value = cell(
        &database,
        &format!("SELECT REPEAT('ab', {})", length / 2),
        vec![],
    )
    .await;

    assert_eq!(value, text(&"ab".repeat(length / 2)));
});

on_mysql!(
    a_statement_that_is_not_understood_costs_no_session,
    async |server: &str| {
        let database = open(alone(writable(config(server)))).await;
        let session = cell(&database, "SELECT CONNECTION_ID()", vec![]).await;

        for sql in ["SELEC 1", "SELECT @left := FROM"] {
            let failure = write(&database, sql, vec![]).await.unwrap_err();
            assert_eq!(failure.kind, FailureKind::InvalidSql, "{sql}");
        }

        assert_eq!(
            cell(&database, "SELECT CONNECTION_ID()", vec![]).await,
            session
        );
    }
);

on_mysql!(
    what_a_refused_statement_has_assigned_is_forgotten,
    async |server: &str| {
        let database = open(alone(config(server))).await;
        // One of the servers evaluates this while it prepares it.
        let sql = "SELECT EXTRACTVALUE(1, CONCAT(0x7e, (SELECT @left_over := 9)))";

        let failure = read(&database, sql, vec![]).await.unwrap_err();

        assert_eq!(failure.native_code, Some(1105));
        assert_eq!(
            cell(&database, "SELECT @left_over", vec![]).await,
            Owned::Null
        );
    }
);

on_mysql!(
    one_caller_at_a_time_needs_one_session_of_a_server_far_away,
    async |server: &str| {
        let mut config = config(server);
        let _network = Proxy::far_from(&mut config, Duration::from_millis(15)).await;
        let database = open(config).await;
        let first = cell(&database, "SELECT CONNECTION_ID()", vec![]).await;

        // The clean-up of each is a round trip of thirty milliseconds at least.
        for _ in 0..5 {
            assert_eq!(
                cell(&database, "SELECT CONNECTION_ID()", vec![]).await,
                first
            );
        }
    }
);

on_mysql!(
    what_is_asked_beside_a_statement_leaves_nothing_to_close,
    async |server: &str| {
        let database = open(alone(config(server))).await;
        let everything = Tables {
            rules: vec![TableRules {
                allow: vec![TablePattern::parse("*")],
                deny: Vec::new(),
            }],
            functions: Vec::new(),
        };
        let sql = "SELECT SOUNDEX('a') FROM what_nobody_has".to_owned();
        let statement = Statement::new(sql, Vec::new()).unwrap();
        let (limits, cancel) = (QueryLimits::default(), Cancel::new());

        // Tables, views and functions are looked up before the one, and names that are like it after the other.
        database
            .query_runner
            .read_granted(
                &statement,
                &everything,
                &limits,
                &mut Rows::up_to(1),
                &cancel,
            )
            .await
            .unwrap_err();
        read(&database, &statement.sql, vec![]).await.unwrap_err();
        let closed = read(
            &database,
            "SHOW SESSION STATUS LIKE 'Com_stmt_close'",
            vec![],
        )
        .await;

        assert_eq!(closed.unwrap().rows[0][1], text("0"));
    }
);
