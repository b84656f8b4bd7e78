//! Statements that end before they are done, on the server too.

use std::time::{Duration, Instant};

use domain::{Cancel, FailureKind, query::QueryLimits};
use sqlx::{AssertSqlSafe, MySqlConnection, raw_sql};
use support::{
    databases::{config, open, read, unique, writable, write},
    on_mysql,
    rows::{Owned, Rows},
    waiting::until,
};

use super::helpers::{TEN, alone, beside, cell, number, run, run_beside, running};

on_mysql!(
    a_stopped_result_leaves_the_pool_usable,
    async |server: &str| {
        let mark = unique("stopped");
        let mut config = alone(config(server));
        // The server would send them all.
        config.max_rows = u64::MAX;
        let database = open(config).await;
        let mut rows = Rows::up_to(10);
        let started = Instant::now();
        let ten_million = format!(
            "SELECT REPEAT('x', 1000) /* {mark} */ \
             FROM {TEN} a, {TEN} b, {TEN} c, {TEN} d, {TEN} e, {TEN} f, {TEN} g"
        );
        let limits = QueryLimits::default();

        run(&database, &ten_million, limits, &mut rows, &Cancel::new())
            .await
            .unwrap();

        assert_eq!((rows.rows.len(), rows.cut), (10, true));
        assert_eq!(cell(&database, "SELECT 1", vec![]).await, Owned::Int(1));
        assert!(started.elapsed() < Duration::from_secs(5));
        let mut beside = beside(server).await;
        until("the statement to end", async || {
            running(&mut beside, &mark).await == 0
        })
        .await;
    }
);

on_mysql!(
    a_result_cut_at_its_limit_keeps_the_session,
    async |server: &str| {
        let database = open(alone(config(server))).await;
        let before = cell(&database, "SELECT CONNECTION_ID()", vec![]).await;
        let mut rows = Rows::up_to(1_000);

        run(
            &database,
            &format!("SELECT a.n FROM {TEN} a, {TEN} b, {TEN} c, {TEN} d"),
            QueryLimits::default(),
            &mut rows,
            &Cancel::new(),
        )
        .await
        .unwrap();

        assert_eq!((rows.rows.len(), rows.cut), (1_000, true));
        assert_eq!(
            cell(&database, "SELECT CONNECTION_ID()", vec![]).await,
            before
        );
    }
);

on_mysql!(
    the_servers_own_row_limit_changes_nothing_else,
    async |server: &str| {
        let table = unique("limited");
        let numbers = format!("SELECT a.n * 10 + b.n FROM {TEN} a, {TEN} b");
        run_beside(
            server,
            format!(
                "CREATE TABLE {table} (n INT); INSERT INTO {table} {numbers}; \
                 CREATE FUNCTION {table}_f() RETURNS INT READS SQL DATA RETURN (SELECT COUNT(*) FROM {table})"
            ),
        )
        .await;
        let mut config = writable(config(server));
        config.max_rows = 5;
        let database = open(config).await;
        let limits = QueryLimits {
            rows: 5,
            ..QueryLimits::default()
        };
        for (sql, expected) in [
            (format!("SELECT COUNT(*) FROM {table}"), 100),
            (
                format!("SELECT COUNT(*) FROM (SELECT n FROM {table}) t"),
                100,
            ),
            (
                format!("SELECT COUNT(*) FROM {table} WHERE n IN (SELECT n FROM {table})"),
                100,
            ),
            (
                format!(
                    "SELECT COUNT(*) FROM (SELECT n FROM {table} UNION ALL SELECT n FROM {table}) t"
                ),
                200,
            ),
            (format!("SELECT {table}_f()"), 100),
            (
                format!("WITH t AS (SELECT n FROM {table}) SELECT COUNT(*) FROM t"),
                100,
            ),
        ] {
            let mut rows = Rows::up_to(5);
            run(&database, &sql, limits, &mut rows, &Cancel::new())
                .await
                .unwrap();
            assert_eq!(rows.rows, [[Owned::Int(expected)]], "{sql}");
        }
        let mut explicit = Rows::up_to(5);
        run(
            &database,
            &format!("SELECT n FROM {table} LIMIT 50"),
            limits,
            &mut explicit,
            &Cancel::new(),
        )
        .await
        .unwrap();
        assert!(explicit.cut);
        let all = read(&database, &format!("SELECT n FROM {table}"), vec![])
            .await
            .unwrap();
        assert_eq!(all.rows.len(), 100, "a call that may have more gets more");
        let (_, copied) = write(
            &database,
            &format!("INSERT INTO {table} SELECT n FROM {table}"),
            vec![],
        )
        .await
        .unwrap();
        assert_eq!(copied.affected_rows, Some(100));
        run_beside(
            server,
            format!("DROP FUNCTION {table}_f; DROP TABLE {table}"),
        )
        .await;
    }
);

on_mysql!(
    more_time_than_usual_is_allowed_by_the_server_too,
    async |server: &str| {
        let mut config = config(server);
        config.statement_timeout = Duration::from_millis(100);
        let database = open(config).await;
        let limits = QueryLimits {
            time: Duration::from_secs(20),
            ..QueryLimits::default()
        };
        let mut rows = Rows::up_to(10);

        // Longer than the usual time and its margin.
        run(
            &database,
            "SELECT SLEEP(1.5), COUNT(*) FROM information_schema.engines",
            limits,
            &mut rows,
            &Cancel::new(),
        )
        .await
        .unwrap();

        assert_eq!(rows.rows[0][0], Owned::Int(0));
    }
);

/// The number of the session that runs the statement with this mark. It is prepared first, which shows it too.
async fn session_of(connection: &mut MySqlConnection, mark: &str) -> i64 {
    let sql = format!(
        "SELECT COALESCE(MAX(CAST(id AS SIGNED)), 0) FROM information_schema.processlist \
         WHERE info LIKE '%{mark}%' AND command = 'Execute' AND id <> CONNECTION_ID()"
    );
    let mut id = 0;
    until("the statement to be executed", async || {
        id = number(connection, sql.clone()).await;
        id != 0
    })
    .await;
    id
}

on_mysql!(
    a_connection_killed_while_running_is_unavailable,
    async |server: &str| {
        let mark = unique("killed");
        let database = open(config(server)).await;
        let mut beside = beside(server).await;
        let sql = format!("SELECT SLEEP(60) /* {mark} */");

        let (result, ()) = tokio::join!(read(&database, &sql, vec![]), async {
            until("the statement to run", async || {
                running(&mut beside, &mark).await == 1
            })
            .await;
            // Long enough to be no idle session that was found dead.
            tokio::time::sleep(Duration::from_millis(600)).await;
            let id = session_of(&mut beside, &mark).await;
            raw_sql(AssertSqlSafe(format!("KILL {id}")))
                .execute(&mut beside)
                .await
                .unwrap();
        });

        assert_eq!(result.unwrap_err().kind, FailureKind::Unavailable);
        assert_eq!(cell(&database, "SELECT 1", vec![]).await, Owned::Int(1));
    }
);

on_mysql!(
    a_statement_killed_by_somebody_else_says_so,
    async |server: &str| {
        let mark = unique("killed_query");
        let database = open(config(server)).await;
        let mut beside = beside(server).await;
        let sql = format!("SELECT SLEEP(0.2) /* {mark} */ FROM {TEN} a, {TEN} b, {TEN} c");

        let (result, ()) = tokio::join!(read(&database, &sql, vec![]), async {
            until("the statement to run", async || {
                running(&mut beside, &mark).await == 1
            })
            .await;
            let id = session_of(&mut beside, &mark).await;
            raw_sql(AssertSqlSafe(format!("KILL QUERY {id}")))
                .execute(&mut beside)
                .await
                .unwrap();
        });

        let failure = result.unwrap_err();
        assert_eq!(
            (failure.kind, failure.native_code),
            (FailureKind::Cancelled, Some(1317))
        );
    }
);

on_mysql!(
    a_plan_shows_no_bound_that_nobody_wrote,
    async |server: &str| {
        let database = open(alone(config(server))).await;

        let plan = cell(
            &database,
            "EXPLAIN SELECT n.table_name FROM information_schema.tables n",
            vec![],
        )
        .await;
        let bound = cell(&database, "SELECT @@sql_select_limit", vec![]).await;

        assert!(!format!("{plan:?}").contains("Limit"), "{plan:?}");
        // Where only reads are run, and read in pages, there is none at all.
        assert_eq!(bound, Owned::Int(i128::from(u64::MAX)));
    }
);
