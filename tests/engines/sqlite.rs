//! `SQLite`: what its adapter does beyond what every engine must do.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{
    Cancel, ConnectStep, Failure, FailureKind,
    cancel::CancelReason,
    connection::{ConnectionConfig, Database},
    query::{Cell, Column, Flow, Outcome, QueryLimits, RowSink, Statement},
};
use serde_json::json;
use sqlx::Connection;
use support::{
    databases::{open, read, sqlite_config, try_open, writable, write},
    rows::{Owned, Rows},
    scratch::{Scratch, bare_sqlite, run_beside},
};

const SHOP: &str = "CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customers(id), total DECIMAL(10,2));
    INSERT INTO customers (email, name) VALUES ('ada@example.org', 'Ada'), ('bob@example.org', NULL)";

const ENDLESS: &str = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)";

/// A file with [`SHOP`], and its configuration with a single connection, so that a leak would be met.
async fn shop(scratch: &Scratch) -> ConnectionConfig {
    let file = scratch.path("shop.db");
    run_beside(&file, SHOP).await;
    config(&file)
}

fn config(file: &Path) -> ConnectionConfig {
    let mut config = sqlite_config(file);
    config.pool.max_connections = 1;
    config
}

async fn refused(database: &Database, sql: &str) -> Failure {
    match read(database, sql, vec![]).await {
        Err(failure) => failure,
        Ok(rows) => panic!("{sql} returned {:?}", rows.rows),
    }
}

async fn number(database: &Database, sql: &str) -> i128 {
    match read(database, sql, vec![])
        .await
        .unwrap()
        .rows
        .concat()
        .as_slice()
    {
        [Owned::Int(number)] => *number,
        other => panic!("{sql} returned {other:?}"),
    }
}

fn folder_of(file: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(file.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

async fn run(
    database: &Database,
    sql: &str,
    limits: QueryLimits,
    sink: &mut (dyn RowSink + 'static),
    cancel: &Cancel,
) -> Result<Outcome, Failure> {
    let statement = Statement::new(sql.to_owned(), vec![]).unwrap();
    database
        .query_runner
        .run_read(&statement, &limits, sink, cancel)
        .await
}

mod opening {
    use super::*;

    async fn failure_of(config: ConnectionConfig) -> Failure {
        try_open(config).await.expect_err("it must not open")
    }

    #[tokio::test]
    async fn it_says_what_answers() {
        let scratch = Scratch::new();

        let database = open(shop(&scratch).await).await;

        assert_eq!(database.server.product, "SQLite");
        assert!(
            database.server.version.starts_with("3."),
            "{}",
            database.server.version
        );
        let report = database.pool.test(&Cancel::new()).await.unwrap();
        assert_eq!(report.version, database.server.version);
    }

    #[tokio::test]
    async fn a_missing_file_is_not_made_and_its_neighbour_is_named() {
        let scratch = Scratch::new();
        shop(&scratch).await;

        let failure = failure_of(writable(config(&scratch.path("shp.db")))).await;

        assert_eq!(
            (failure.kind, failure.step),
            (FailureKind::Unavailable, Some(ConnectStep::Database))
        );
        assert_eq!(
            failure.message,
            "The database file `shp.db` does not exist."
        );
        assert_eq!(failure.hint.as_deref(), Some("Did you mean `shop.db`?"));
        assert_eq!(folder_of(&scratch.path("shp.db")), ["shop.db"]);
    }

    #[tokio::test]
    async fn words_that_sqlite_takes_for_more_than_a_name_are_only_names() {
        for name in [":memory:", "file:made.db?mode=rwc", "made.db?mode=rwc"] {
            let failure = failure_of(writable(config(Path::new(name)))).await;
            assert_eq!(failure.kind, FailureKind::Unavailable, "{name}");
        }
        assert!(!Path::new("made.db").exists());
    }

    #[tokio::test]
    async fn an_empty_path_is_refused() {
        assert_eq!(
            failure_of(config(Path::new(""))).await.kind,
            FailureKind::InvalidArgument
        );
    }

    #[tokio::test]
    async fn another_kind_of_file_is_told_from_a_database() {
        let scratch = Scratch::new();
        let file = scratch.path("notes.txt");
        std::fs::write(&file, "x".repeat(5000)).unwrap();

        let failure = failure_of(config(&file)).await;

        assert_eq!(
            (failure.kind, failure.step),
            (FailureKind::Unavailable, Some(ConnectStep::Database))
        );
        assert_eq!(
            failure.message,
            "The file `notes.txt` is not a SQLite database."
        );
    }

    #[tokio::test]
    async fn a_folder_is_told_from_a_database() {
        let scratch = Scratch::new();
        let folder = scratch.path("shop.db");
        std::fs::create_dir(&folder).unwrap();

        let failure = failure_of(config(&folder)).await;

        assert_eq!(
            failure.message,
            "`shop.db` is a folder, not a database file."
        );
    }

    /// Stands in for a folder that cannot be written to, which a superuser always can: a folder has the name of
    /// each file that WAL mode needs.
    #[tokio::test]
    async fn wal_without_its_files_says_so_and_names_ways_out() {
        let scratch = Scratch::new();
        let file = scratch.path("wal.db");
        run_beside(&file, "PRAGMA journal_mode = WAL; CREATE TABLE t (a)").await;
        std::fs::create_dir(scratch.path("wal.db-shm")).unwrap();
        std::fs::create_dir(scratch.path("wal.db-wal")).unwrap();

        let failure = failure_of(config(&file)).await;

        assert_eq!(
            (failure.kind, failure.step),
            (FailureKind::Unavailable, Some(ConnectStep::Database))
        );
        assert!(failure.message.contains("WAL mode"), "{}", failure.message);
        assert!(failure.hint.unwrap().contains("PRAGMA journal_mode=DELETE"));
    }

    #[tokio::test]
    async fn a_wal_database_is_read_while_another_program_writes() {
        let scratch = Scratch::new();
        let file = scratch.path("wal.db");
        let mut writer = bare_sqlite(&file).await;
        let begin = "PRAGMA journal_mode = WAL; CREATE TABLE t (a); INSERT INTO t VALUES (1); BEGIN IMMEDIATE; INSERT INTO t VALUES (2)";
        sqlx::raw_sql(begin).execute(&mut writer).await.unwrap();

        let database = open(config(&file)).await;

        assert_eq!(number(&database, "SELECT count(*) FROM t").await, 1);
        sqlx::raw_sql("COMMIT").execute(&mut writer).await.unwrap();
        assert_eq!(number(&database, "SELECT count(*) FROM t").await, 2);
    }

    #[tokio::test]
    async fn a_locked_file_is_busy() {
        let scratch = Scratch::new();
        let mut config = shop(&scratch).await;
        config.pool.connect_timeout = Duration::from_millis(400);
        let mut other = bare_sqlite(&scratch.path("shop.db")).await;
        sqlx::raw_sql("BEGIN EXCLUSIVE")
            .execute(&mut other)
            .await
            .unwrap();

        let failure = failure_of(config).await;

        assert_eq!(
            (failure.kind, failure.step),
            (FailureKind::Busy, Some(ConnectStep::Query))
        );
        drop(other);
    }

    #[tokio::test]
    async fn nothing_stays_open_when_idle() {
        let scratch = Scratch::new();
        let mut config = shop(&scratch).await;
        config.pool.idle_timeout = Duration::from_millis(50);
        let database = open(config).await;

        let begun = Instant::now();
        while database.pool.figures().idle > 0 {
            assert!(begun.elapsed() < Duration::from_secs(10));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }

        assert_eq!(number(&database, "SELECT count(*) FROM customers").await, 2);
    }
}

mod one_statement_a_call {
    use super::*;

    #[tokio::test]
    async fn a_second_statement_is_refused_and_neither_runs() {
        let scratch = Scratch::new();
        let database = open(writable(shop(&scratch).await)).await;
        for sql in [
            "DELETE FROM orders; DELETE FROM customers",
            "DELETE FROM customers;;SELECT 1",
            "DELETE FROM customers; -- and\n garbage",
            "DELETE FROM customers; \u{a0}",
        ] {
            let failure = write(&database, sql, vec![]).await.unwrap_err();
            assert_eq!(failure.kind, FailureKind::InvalidSql, "{sql}");
            assert!(failure.message.contains("more than one statement"), "{sql}");
        }
        assert_eq!(number(&database, "SELECT count(*) FROM customers").await, 2);
    }

    #[tokio::test]
    async fn the_position_is_where_the_second_begins() {
        let scratch = Scratch::new();
        let database = open(shop(&scratch).await).await;

        let failure = refused(&database, "SELECT 'é'; SELECT 2").await;

        assert_eq!(failure.position, Some(13));
    }

    #[tokio::test]
    async fn comments_and_semicolons_around_one_statement_are_fine() {
        let scratch = Scratch::new();
        let database = open(shop(&scratch).await).await;
        for sql in [
            "SELECT 1;",
            ";;/* a */ SELECT 1 ; ; -- the end",
            "-- DELETE FROM customers;\nSELECT 1 /* ; SELECT 2",
            "SELECT 1 -- ; SELECT 2",
        ] {
            assert_eq!(number(&database, sql).await, 1, "{sql}");
            assert_eq!(number(&database, sql).await, 1, "{sql}, again");
        }
    }

    #[tokio::test]
    async fn a_text_without_a_statement_is_refused() {
        let scratch = Scratch::new();
        let database = open(shop(&scratch).await).await;
        for sql in [";", "-- nothing", "/* nothing"] {
            assert_eq!(
                refused(&database, sql).await.kind,
                FailureKind::InvalidSql,
                "{sql}"
            );
        }
    }

    #[tokio::test]
    async fn a_pragma_in_a_refused_text_has_no_effect() {
        let scratch = Scratch::new();
        let database = open(shop(&scratch).await).await;

        refused(&database, "SELECT 1; PRAGMA foreign_keys = 0").await;

        assert_eq!(number(&database, "PRAGMA foreign_keys").await, 1);
    }
}

/// With no policy in between: only the engine stands in the way.
mod reading_only {
    use super::*;

    #[tokio::test]
    async fn nothing_that_writes_gets_through() {
        for writes_allowed in [false, true] {
            let scratch = Scratch::new();
            let mut config = shop(&scratch).await;
            let file = scratch.path("shop.db");
            run_beside(&scratch.path("other.db"), SHOP).await;
            if writes_allowed {
                config = writable(config);
            }
            let database = open(config).await;
            let before = std::fs::read(&file).unwrap();
            let other = scratch.path("other.db").display().to_string();
            let copy = scratch.path("copy.db").display().to_string();
            for sql in [
                "INSERT INTO customers (email) VALUES ('x')".to_owned(),
                "INSERT INTO customers (email) VALUES ('x') RETURNING id".to_owned(),
                "REPLACE INTO customers (email) VALUES ('x')".to_owned(),
                "UPDATE customers SET name = 'x'".to_owned(),
                "DELETE FROM customers".to_owned(),
                "WITH x AS (SELECT 1) DELETE FROM customers".to_owned(),
                "CREATE TABLE t (a)".to_owned(),
                "CREATE TEMP TABLE t (a)".to_owned(),
                "CREATE TEMP VIEW customers AS SELECT 1".to_owned(),
                "CREATE INDEX i ON customers(name)".to_owned(),
                "DROP TABLE orders".to_owned(),
                "ALTER TABLE orders ADD COLUMN a".to_owned(),
                "REINDEX".to_owned(),
                "ANALYZE".to_owned(),
                "VACUUM".to_owned(),
                format!("VACUUM INTO '{copy}'"),
                format!("ATTACH '{copy}' AS copy"),
                format!("ATTACH '{other}' AS other"),
                format!("ATTACH 'file:{other}?mode=rw' AS other"),
                "ATTACH ':memory:' AS m".to_owned(),
                "UPDATE sqlite_schema SET sql = ''".to_owned(),
                "PRAGMA user_version = 5".to_owned(),
                "PRAGMA application_id(5)".to_owned(),
                "SELECT load_extension('x')".to_owned(),
                "SELECT fts3_tokenizer('simple', x'00')".to_owned(),
                "SELECT writefile('x', 'y')".to_owned(),
                "SELECT readfile('/etc/passwd')".to_owned(),
                "BEGIN IMMEDIATE".to_owned(),
                "BEGIN EXCLUSIVE".to_owned(),
            ] {
                refused(&database, &sql).await;
            }
            // These are accepted and must change nothing.
            for sql in [
                "PRAGMA journal_mode = WAL",
                "PRAGMA query_only = 0",
                "PRAGMA writable_schema = 1",
                "PRAGMA wal_checkpoint(TRUNCATE)",
                "PRAGMA optimize",
                "PRAGMA incremental_vacuum",
                "EXPLAIN DELETE FROM customers",
                "EXPLAIN PRAGMA query_only = 0",
                "BEGIN",
                "SAVEPOINT s",
            ] {
                read(&database, sql, vec![]).await.ok();
                refused(&database, "DELETE FROM customers").await;
            }
            assert_eq!(std::fs::read(&file).unwrap(), before);
            assert_eq!(folder_of(&file), ["other.db", "shop.db"]);
        }
    }

    #[tokio::test]
    async fn a_refusal_names_the_setting_that_would_allow_it() {
        let scratch = Scratch::new();
        let database = open(shop(&scratch).await).await;

        let failure = refused(&database, "DELETE FROM customers").await;

        assert_eq!(
            (failure.kind, failure.native_code),
            (FailureKind::NotAllowed, Some(8))
        );
        assert!(failure.hint.unwrap().contains("READ_ONLY=false"));
    }

    #[tokio::test]
    async fn a_write_on_a_read_only_configuration_is_refused_by_the_engine() {
        let scratch = Scratch::new();
        let database = open(shop(&scratch).await).await;

        let failure = write(&database, "DELETE FROM customers", vec![])
            .await
            .unwrap_err();

        assert_eq!(failure.kind, FailureKind::NotAllowed);
        assert_eq!(number(&database, "SELECT count(*) FROM customers").await, 2);
    }

    #[tokio::test]
    async fn a_session_comes_back_as_it_was() {
        let scratch = Scratch::new();
        let database = open(shop(&scratch).await).await;
        for (change, look, expected) in [
            ("PRAGMA query_only = 0", "PRAGMA query_only", 1),
            ("EXPLAIN PRAGMA query_only = 0", "PRAGMA query_only", 1),
            ("PRAGMA case_sensitive_like = 1", "SELECT 'a' LIKE 'A'", 1),
            ("PRAGMA foreign_keys = 0", "PRAGMA foreign_keys", 1),
            ("PRAGMA trusted_schema = 1", "PRAGMA trusted_schema", 0),
            (
                "PRAGMA cache_size = 7",
                "SELECT cache_size <> 7 FROM pragma_cache_size",
                1,
            ),
        ] {
            read(&database, change, vec![]).await.unwrap();
            assert_eq!(number(&database, look).await, expected, "{change}");
        }
    }

    #[tokio::test]
    async fn a_transaction_left_open_does_not_lock_the_file() {
        let scratch = Scratch::new();
        let database = open(shop(&scratch).await).await;

        for sql in ["BEGIN", "SELECT * FROM customers"] {
            read(&database, sql, vec![]).await.unwrap();
        }

        run_beside(
            &scratch.path("shop.db"),
            "BEGIN EXCLUSIVE; DELETE FROM orders; COMMIT",
        )
        .await;
    }

    #[tokio::test]
    async fn pragma_functions_change_nothing() {
        let scratch = Scratch::new();
        let database = open(shop(&scratch).await).await;

        refused(&database, "SELECT * FROM pragma_query_only(0)").await;

        assert_eq!(number(&database, "PRAGMA query_only").await, 1);
    }
}

mod writing {
    use super::*;

    #[tokio::test]
    async fn a_write_tells_rows_and_key() {
        let scratch = Scratch::new();
        let database = open(writable(shop(&scratch).await)).await;
        for (sql, affected, key) in [
            (
                "INSERT INTO customers (email) VALUES ('c'), ('d')",
                Some(2),
                Some(4),
            ),
            (
                "UPDATE customers SET name = 'x' WHERE name IS NULL",
                Some(3),
                None,
            ),
            (
                "WITH x AS (SELECT 1 AS id) DELETE FROM customers WHERE id IN (SELECT id FROM x)",
                Some(1),
                None,
            ),
            ("DELETE FROM customers WHERE id = 99", Some(0), None),
            ("CREATE TABLE t (a)", None, None),
        ] {
            let (_, outcome) = write(&database, sql, vec![]).await.unwrap();
            assert_eq!(
                (outcome.affected_rows, outcome.insert_id),
                (affected, key),
                "{sql}"
            );
        }
        assert_eq!(number(&database, "SELECT count(*) FROM customers").await, 3);
    }

    #[tokio::test]
    async fn returned_rows_reach_the_sink_and_surplus_ones_are_written_all_the_same() {
        let scratch = Scratch::new();
        let database = open(writable(shop(&scratch).await)).await;
        let statement = Statement::new(
            "INSERT INTO customers (email) VALUES ('c'), ('d'), ('e') RETURNING id".to_owned(),
            vec![],
        )
        .unwrap();
        let mut rows = Rows::up_to(1);

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

        assert_eq!((rows.rows, rows.cut), (vec![vec![Owned::Int(3)]], true));
        assert_eq!(outcome.affected_rows, Some(3));
        assert_eq!(number(&database, "SELECT count(*) FROM customers").await, 5);
    }

    #[tokio::test]
    async fn a_failed_write_leaves_nothing() {
        let scratch = Scratch::new();
        let database = open(writable(shop(&scratch).await)).await;

        let failure = write(
            &database,
            "INSERT INTO customers (email) VALUES ('new'), ('ada@example.org')",
            vec![],
        )
        .await
        .unwrap_err();

        assert_eq!(
            (failure.kind, failure.native_code),
            (FailureKind::InvalidSql, Some(2067))
        );
        assert_eq!(failure.message, "UNIQUE constraint failed: customers.email");
        assert_eq!(number(&database, "SELECT count(*) FROM customers").await, 2);
    }

    #[tokio::test]
    async fn a_broken_reference_is_refused() {
        let scratch = Scratch::new();
        let database = open(writable(shop(&scratch).await)).await;

        let failure = write(
            &database,
            "INSERT INTO orders (customer) VALUES (99)",
            vec![],
        )
        .await
        .unwrap_err();

        assert_eq!(failure.message, "FOREIGN KEY constraint failed");
    }

    #[tokio::test]
    async fn a_commit_inside_is_refused() {
        let scratch = Scratch::new();
        let database = open(writable(shop(&scratch).await)).await;

        for sql in ["COMMIT", "ROLLBACK", "SAVEPOINT s"] {
            let failure = write(&database, sql, vec![]).await.unwrap_err();
            assert_eq!(failure.kind, FailureKind::NotAllowed, "{sql}");
        }
    }

    #[tokio::test]
    async fn no_other_file_is_written_even_where_writing_is_allowed() {
        let scratch = Scratch::new();
        let database = open(writable(shop(&scratch).await)).await;
        let copy = scratch.path("copy.db").display().to_string();

        for sql in [
            format!("ATTACH '{copy}' AS copy"),
            format!("VACUUM INTO '{copy}'"),
        ] {
            write(&database, &sql, vec![]).await.unwrap_err();
        }

        assert_eq!(folder_of(&scratch.path("shop.db")), ["shop.db"]);
    }

    #[tokio::test]
    async fn a_write_that_is_cut_off_is_undone_and_frees_the_file() {
        let scratch = Scratch::new();
        let database = open(writable(shop(&scratch).await)).await;
        let sql = format!("INSERT INTO orders (total) {ENDLESS} SELECT x FROM n");
        let statement = Statement::new(sql, vec![]).unwrap();
        let limits = QueryLimits {
            time: Duration::from_millis(100),
            ..QueryLimits::default()
        };
        let mut rows = Rows::up_to(1);

        let failure = database
            .query_runner
            .run_write(&statement, &limits, &mut rows, &Cancel::new())
            .await
            .unwrap_err();

        assert_eq!(failure.kind, FailureKind::Timeout);
        run_beside(&scratch.path("shop.db"), "BEGIN EXCLUSIVE; COMMIT").await;
        assert_eq!(number(&database, "SELECT count(*) FROM orders").await, 0);
    }

    /// The caller is gone, so nobody waits for the end: the lock must go by itself.
    #[tokio::test]
    async fn a_write_whose_caller_is_gone_ends() {
        let scratch = Scratch::new();
        let database = open(writable(shop(&scratch).await)).await;
        let sql = format!("INSERT INTO orders (total) {ENDLESS} SELECT x FROM n");
        let mut locked = false;
        let mut other = bare_sqlite(&scratch.path("shop.db")).await;
        {
            let call = write(&database, &sql, vec![]);
            tokio::pin!(call);
            while !locked {
                tokio::select! {
                    _ = &mut call => panic!("it never ends"),
                    () = tokio::time::sleep(Duration::from_millis(5)) => {}
                }
                sqlx::raw_sql("PRAGMA busy_timeout = 0")
                    .execute(&mut other)
                    .await
                    .unwrap();
                locked = sqlx::raw_sql("BEGIN IMMEDIATE; ROLLBACK")
                    .execute(&mut other)
                    .await
                    .is_err();
            }
        }

        sqlx::raw_sql("PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE; ROLLBACK")
            .execute(&mut other)
            .await
            .unwrap();
        other.close().await.unwrap();
    }
}

mod stopping {
    use super::*;

    /// Fires once the first row is complete.
    struct CancelAtRow(Cancel);

    impl RowSink for CancelAtRow {
        fn columns(&mut self, _: &[Column]) {}
        fn begin_row(&mut self) -> Flow {
            Flow::Continue
        }
        fn cell(&mut self, _: Cell<'_>) {}
        fn end_row(&mut self) -> Flow {
            self.0.fire(CancelReason::Client);
            Flow::Continue
        }
    }

    fn limits(time: Duration) -> QueryLimits {
        QueryLimits {
            time,
            ..QueryLimits::default()
        }
    }

    #[tokio::test]
    async fn a_statement_past_its_time_ends_and_frees_its_place() {
        let scratch = Scratch::new();
        let database = open(shop(&scratch).await).await;
        let begun = Instant::now();

        let failure = run(
            &database,
            &format!("{ENDLESS} SELECT count(*) FROM n"),
            limits(Duration::from_millis(100)),
            &mut Rows::up_to(1),
            &Cancel::new(),
        )
        .await
        .unwrap_err();

        assert_eq!(failure.kind, FailureKind::Timeout);
        assert!(
            begun.elapsed() < Duration::from_secs(2),
            "{:?}",
            begun.elapsed()
        );
        assert_eq!(number(&database, "SELECT 1").await, 1);
        // Waits for every session, so for the interrupted one too.
        database.pool.close().await;
        assert!(
            begun.elapsed() < Duration::from_secs(3),
            "{:?}",
            begun.elapsed()
        );
    }

    #[tokio::test]
    async fn a_result_that_never_ends_is_stopped_by_the_clock_too() {
        let scratch = Scratch::new();
        let database = open(shop(&scratch).await).await;

        let failure = run(
            &database,
            &format!("{ENDLESS} SELECT x FROM n"),
            limits(Duration::from_millis(100)),
            &mut Rows::up_to(usize::MAX),
            &Cancel::new(),
        )
        .await
        .unwrap_err();

        assert_eq!(failure.kind, FailureKind::Timeout);
    }

    #[tokio::test]
    async fn a_cancel_ends_a_running_statement() {
        let scratch = Scratch::new();
        let database = open(shop(&scratch).await).await;
        let cancel = Cancel::new();
        // One row at once, and the second never.
        let sql = format!("{ENDLESS} SELECT 1 UNION ALL SELECT count(*) FROM n");

        let failure = run(
            &database,
            &sql,
            QueryLimits::default(),
            &mut CancelAtRow(cancel.clone()),
            &cancel,
        )
        .await
        .unwrap_err();

        assert_eq!(failure.kind, FailureKind::Cancelled);
        assert_eq!(number(&database, "SELECT 1").await, 1);
    }

    #[tokio::test]
    async fn closing_ends_what_runs() {
        let scratch = Scratch::new();
        let database = Arc::new(open(shop(&scratch).await).await);
        let running = Cancel::new();
        let call = tokio::spawn({
            let (database, running) = (Arc::clone(&database), running.clone());
            async move {
                let sql = format!("{ENDLESS} SELECT 1 UNION ALL SELECT count(*) FROM n");
                run(
                    &database,
                    &sql,
                    QueryLimits::default(),
                    &mut CancelAtRow(running),
                    &Cancel::new(),
                )
                .await
            }
        });
        running.fired().await;

        database.pool.close().await;

        assert_eq!(
            call.await.unwrap().unwrap_err().kind,
            FailureKind::Cancelled
        );
        assert_eq!(
            refused(&database, "SELECT 1").await.kind,
            FailureKind::Unavailable
        );
    }

    #[tokio::test]
    async fn a_row_limit_stops_an_endless_result_and_the_session_lives_on() {
        let scratch = Scratch::new();
        let database = open(shop(&scratch).await).await;
        for _ in 0..3 {
            let mut rows = Rows::up_to(10);

            run(
                &database,
                &format!("{ENDLESS} SELECT x FROM n"),
                QueryLimits::default(),
                &mut rows,
                &Cancel::new(),
            )
            .await
            .unwrap();

            assert_eq!((rows.rows.len(), rows.cut), (10, true));
            assert_eq!(number(&database, "SELECT 1").await, 1);
        }
        assert_eq!(database.pool.figures().idle, 1);
    }

    #[tokio::test]
    async fn planning_without_end_is_stopped_too() {
        let scratch = Scratch::new();
        let file = scratch.path("views.db");
        run_beside(&file, "CREATE TABLE t (a)").await;
        let mut connection = bare_sqlite(&file).await;
        for level in 0..24 {
            let below = if level == 0 {
                "t".to_owned()
            } else {
                format!("v{}", level - 1)
            };
            let sql = format!("CREATE VIEW v{level} AS SELECT x.a FROM {below} x, {below} y");
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
                .execute(&mut connection)
                .await
                .unwrap();
        }
        connection.close().await.unwrap();
        let database = open(config(&file)).await;
        let begun = Instant::now();

        let failure = run(
            &database,
            "SELECT count(*) FROM v23",
            limits(Duration::from_millis(100)),
            &mut Rows::up_to(1),
            &Cancel::new(),
        )
        .await
        .unwrap_err();

        assert!(
            matches!(failure.kind, FailureKind::Timeout | FailureKind::InvalidSql),
            "{failure:?}"
        );
        assert!(
            begun.elapsed() < Duration::from_secs(2),
            "{:?}",
            begun.elapsed()
        );
    }

    #[tokio::test]
    async fn a_value_over_the_limit_is_too_large() {
        let scratch = Scratch::new();
        let database = open(shop(&scratch).await).await;

        let failure = refused(&database, "SELECT randomblob(100000000)").await;

        assert_eq!(failure.kind, FailureKind::TooLarge);
    }
}

mod explaining {
    use super::*;

    #[tokio::test]
    async fn a_mistake_has_its_place_and_a_hint() {
        let scratch = Scratch::new();
        let database = open(shop(&scratch).await).await;
        for (sql, message, position, hint) in [
            (
                "SELECT * FORM customers",
                "near \"FORM\": syntax error",
                Some(10),
                Some("Check the SQL at the position given."),
            ),
            (
                "SELECT 'é', emial FROM customers",
                "no such column: emial",
                Some(13),
                Some("Did you mean `email`?"),
            ),
            (
                "SELECT c.nmae FROM customers c",
                "no such column: c.nmae",
                Some(8),
                Some("Did you mean `name`?"),
            ),
            (
                "SELECT price FROM orders",
                "no such column: price",
                Some(8),
                Some("The columns are id, customer, total."),
            ),
            (
                "SELECT * FROM custmers",
                "no such table: custmers",
                None,
                Some("Did you mean `customers`?"),
            ),
            (
                "SELECT * FROM xyz",
                "no such table: xyz",
                None,
                Some("`SELECT name FROM sqlite_schema` lists the tables and views."),
            ),
            (
                "SELECT substring_index('a')",
                "no such function: substring_index",
                Some(8),
                Some("`SELECT DISTINCT name FROM pragma_function_list` lists the functions."),
            ),
            (
                "SELECT uper('a')",
                "no such function: uper",
                Some(8),
                Some("Did you mean `upper`?"),
            ),
            (
                " \n SELECT ( ",
                "incomplete input",
                Some(12),
                Some("The text ends too early; add what is missing at its end."),
            ),
        ] {
            let failure = refused(&database, sql).await;
            assert_eq!(
                (
                    failure.kind,
                    failure.message.as_str(),
                    failure.position,
                    failure.hint.as_deref()
                ),
                (FailureKind::InvalidSql, message, position, hint),
                "{sql}"
            );
            assert_eq!(failure.native_code, Some(1), "{sql}");
        }
    }

    #[tokio::test]
    async fn placeholders_and_values_are_counted() {
        let scratch = Scratch::new();
        let database = open(shop(&scratch).await).await;
        for (sql, params, kind, message) in [
            (
                "SELECT ?, ?",
                vec![json!(1)],
                FailureKind::InvalidArgument,
                "The statement has 2 placeholders, but `params` has 1 value.",
            ),
            (
                "SELECT 1",
                vec![json!(1)],
                FailureKind::InvalidArgument,
                "The statement has 0 placeholders, but `params` has 1 value.",
            ),
            (
                "SELECT :name",
                vec![json!(1)],
                FailureKind::InvalidSql,
                "The placeholder `:name` has no position.",
            ),
            (
                "SELECT ?1, ?",
                vec![json!(1), json!(2)],
                FailureKind::InvalidSql,
                "Numbered placeholders are mixed with `?`, or leave a number out.",
            ),
        ] {
            let failure = read(&database, sql, params).await.unwrap_err();
            assert_eq!(
                (failure.kind, failure.message.as_str()),
                (kind, message),
                "{sql}"
            );
        }
        let failure = read(&database, "SELECT %s", vec![json!(1)])
            .await
            .unwrap_err();
        assert_eq!(
            failure.hint.as_deref(),
            Some("Placeholders are written `?` or `?1`.")
        );
    }

    #[tokio::test]
    async fn a_mistake_leaves_the_session_usable() {
        let scratch = Scratch::new();
        let database = open(shop(&scratch).await).await;

        refused(&database, "SELECT nothing FROM nowhere").await;

        assert_eq!(database.pool.figures().idle, 1);
        assert_eq!(number(&database, "SELECT count(*) FROM customers").await, 2);
    }

    #[tokio::test]
    async fn a_mistake_while_it_runs_is_the_statements_own() {
        let scratch = Scratch::new();
        let database = open(shop(&scratch).await).await;

        let failure = refused(&database, "SELECT abs(-9223372036854775807 - 1)").await;

        assert_eq!(
            (failure.kind, failure.message.as_str()),
            (FailureKind::InvalidSql, "integer overflow")
        );
    }
}

mod beside_other_programs {
    use super::*;

    async fn columns(database: &Database, sql: &str) -> Vec<String> {
        let rows = read(database, sql, vec![]).await.unwrap();
        rows.columns.into_iter().map(|column| column.name).collect()
    }

    #[tokio::test]
    async fn a_changed_table_is_seen_by_a_statement_that_was_seen_before() {
        let scratch = Scratch::new();
        let database = open(shop(&scratch).await).await;
        let file = scratch.path("shop.db");
        let sql = "SELECT * FROM customers";
        assert_eq!(columns(&database, sql).await, ["id", "email", "name"]);

        run_beside(&file, "ALTER TABLE customers ADD COLUMN city TEXT").await;
        assert_eq!(
            columns(&database, sql).await,
            ["id", "email", "name", "city"]
        );

        run_beside(&file, "ALTER TABLE customers RENAME COLUMN city TO town").await;
        assert_eq!(
            columns(&database, sql).await,
            ["id", "email", "name", "town"]
        );

        run_beside(&file, "ALTER TABLE customers DROP COLUMN name").await;
        assert_eq!(columns(&database, sql).await, ["id", "email", "town"]);
    }

    #[tokio::test]
    async fn a_table_that_was_changed_here_is_seen_by_the_other_sessions() {
        let scratch = Scratch::new();
        let database = open(writable(shop(&scratch).await)).await;
        let sql = "SELECT * FROM orders";
        assert_eq!(columns(&database, sql).await.len(), 3);

        write(&database, "ALTER TABLE orders ADD COLUMN note TEXT", vec![])
            .await
            .unwrap();

        assert_eq!(columns(&database, sql).await.len(), 4);
    }

    #[tokio::test]
    async fn a_file_put_in_the_place_of_another_is_the_one_that_is_read() {
        let scratch = Scratch::new();
        let database = open(shop(&scratch).await).await;
        assert_eq!(number(&database, "SELECT count(*) FROM customers").await, 2);
        run_beside(
            &scratch.path("new.db"),
            "CREATE TABLE customers (id); INSERT INTO customers VALUES (1)",
        )
        .await;

        std::fs::rename(scratch.path("new.db"), scratch.path("shop.db")).unwrap();

        assert_eq!(number(&database, "SELECT count(*) FROM customers").await, 1);
    }

    #[tokio::test]
    async fn a_file_that_is_gone_is_unavailable_until_it_is_back() {
        let scratch = Scratch::new();
        let database = open(shop(&scratch).await).await;
        std::fs::rename(scratch.path("shop.db"), scratch.path("away.db")).unwrap();

        assert_eq!(
            refused(&database, "SELECT 1 FROM customers").await.kind,
            FailureKind::Unavailable
        );

        std::fs::rename(scratch.path("away.db"), scratch.path("shop.db")).unwrap();
        assert_eq!(number(&database, "SELECT count(*) FROM customers").await, 2);
    }

    #[tokio::test]
    async fn many_calls_share_few_sessions() {
        let scratch = Scratch::new();
        let mut config = shop(&scratch).await;
        config.pool.max_connections = 4;
        let database = Arc::new(open(config).await);
        let calls: Vec<_> = (0..64)
            .map(|index| {
                let database = Arc::clone(&database);
                tokio::spawn(async move {
                    let rows = read(
                        &database,
                        "SELECT ?, count(*) FROM customers",
                        vec![json!(index)],
                    )
                    .await
                    .unwrap();
                    assert_eq!(rows.rows, [[Owned::Int(index), Owned::Int(2)]]);
                })
            })
            .collect();

        for call in calls {
            call.await.unwrap();
        }

        assert!(database.pool.figures().idle <= 4);
    }

    #[tokio::test]
    async fn a_name_that_is_not_text_is_refused_and_the_session_lives_on() {
        let scratch = Scratch::new();
        let file = scratch.path("names.db");
        run_beside(
            &file,
            "CREATE TABLE t (abcd INTEGER); INSERT INTO t VALUES (7);
             PRAGMA writable_schema = 1;
             UPDATE sqlite_schema SET sql = CAST(x'435245415445205441424c4520742028ff62636420494e544547455229' AS TEXT)",
        )
        .await;
        let database = open(config(&file)).await;

        assert_eq!(
            refused(&database, "SELECT * FROM t").await.kind,
            FailureKind::Unsupported
        );

        assert_eq!(number(&database, "SELECT count(*) FROM t").await, 1);
    }
}
