//! What MySQL and MariaDB alone must do: their protocol, their sessions, their failures.

use std::time::{Duration, Instant};

use domain::{
    Cancel, ConnectStep, Failure, FailureKind,
    cancel::CancelReason,
    connection::{Address, ConnectionConfig, Database, Password, TlsMode},
    query::{Outcome, QueryLimits, Statement},
};
use serde_json::{Value, json};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, MySqlConnection,
    mysql::MySqlConnectOptions, raw_sql,
};
use support::{
    databases::{config, open, read, server_variable, tls_file, try_open, unique, writable, write},
    rows::{Owned, Rows},
};

macro_rules! on_both {
    ($fact:ident, $test:expr) => {
        mod $fact {
            #[allow(unused_imports, reason = "a fact may need nothing of its file")]
            use super::*;

            support::on_every_server!(@one mariadb_10_11, $test);
            support::on_every_server!(@one mysql_9, $test);
        }
    };
}

/// Ten rows, for joins with itself.
const TEN: &str = "(SELECT 0 AS n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 \
                   UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9)";

/// A connection beside ours, to look and to prepare with.
async fn beside(server: &str) -> MySqlConnection {
    MySqlConnectOptions::from_url(&url::Url::parse(&server_variable(server, "URL")).unwrap())
        .unwrap()
        .connect()
        .await
        .unwrap()
}

async fn run_beside(server: &str, sql: String) {
    let mut connection = beside(server).await;
    raw_sql(AssertSqlSafe(sql))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

/// One number, asked beside.
async fn number(connection: &mut MySqlConnection, sql: String) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(sql))
        .fetch_one(connection)
        .await
        .unwrap()
}

async fn until(what: &str, mut fact: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !fact().await {
        assert!(
            started.elapsed() < Duration::from_secs(10),
            "waited for {what}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Statements with this mark that the server is running.
async fn running(connection: &mut MySqlConnection, mark: &str) -> i64 {
    number(
        connection,
        format!(
            "SELECT COUNT(*) FROM information_schema.processlist \
             WHERE info LIKE '%{mark}%' AND id <> CONNECTION_ID()"
        ),
    )
    .await
}

fn alone(mut config: ConnectionConfig) -> ConnectionConfig {
    config.pool.max_connections = 1;
    config
}

async fn run(
    database: &Database,
    sql: &str,
    limits: QueryLimits,
    rows: &mut Rows,
    cancel: &Cancel,
) -> Result<Outcome, Failure> {
    let statement = Statement::new(sql.to_owned(), Vec::new())?;
    database
        .query_runner
        .run_read(&statement, &limits, rows, cancel)
        .await
}

/// The first cell, read within the usual limits.
async fn cell(database: &Database, sql: &str, params: Vec<Value>) -> Owned {
    let statement = Statement::new(sql.to_owned(), params).unwrap();
    let mut rows = Rows::up_to(1);
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
    rows.rows[0][0].clone()
}

fn text(text: &str) -> Owned {
    Owned::Text(text.to_owned())
}

// --- Opening ---

on_both!(product_and_version_are_the_servers, async |server: &str| {
    let database = open(config(server)).await;

    let (product, prefix) = if server.starts_with("mariadb") {
        ("MariaDB", "10.11.")
    } else {
        ("MySQL", "9.")
    };
    assert_eq!(database.server.product, product);
    assert!(
        database.server.version.starts_with(prefix),
        "{:?}",
        database.server
    );
    assert!(
        database
            .server
            .version
            .chars()
            .all(|c| c.is_ascii_digit() || c == '.')
    );
});

on_both!(a_test_is_a_round_trip, async |server: &str| {
    let database = open(config(server)).await;

    let report = database.pool.test(&Cancel::new()).await.unwrap();

    assert_eq!(report.version, database.server.version);
    assert!(report.latency > Duration::ZERO);
});

on_both!(
    prefer_encrypts_where_the_server_can,
    async |server: &str| {
        let database = open(config(server)).await;

        assert_eq!(database.server.tls.as_deref(), Some("TLSv1.3"));
    }
);

on_both!(disable_stays_in_the_clear, async |server: &str| {
    // The server now knows the password, and takes its hash in the clear.
    open(config(server)).await;
    let mut config = config(server);
    config.tls.mode = TlsMode::Disable;

    assert_eq!(open(config).await.server.tls, None);
});

on_both!(
    verify_full_trusts_the_given_authority,
    async |server: &str| {
        let mut config = config(server);
        config.tls.mode = TlsMode::VerifyFull;
        config.tls.ca = Some(tls_file("ca.pem"));

        assert_eq!(open(config).await.server.tls.as_deref(), Some("TLSv1.3"));
    }
);

on_both!(verify_ca_refuses_another_authority, async |server: &str| {
    let mut config = config(server);
    config.tls.mode = TlsMode::VerifyCa;
    config.tls.ca = Some(tls_file("other-ca.pem"));

    let failure = try_open(config).await.unwrap_err();

    assert_eq!(
        (failure.kind, failure.step),
        (FailureKind::Unavailable, Some(ConnectStep::Tls))
    );
    assert!(failure.hint.unwrap().contains("SSL_CA"));
});

on_both!(
    a_missing_authority_file_fails_at_the_tls_step,
    async |server: &str| {
        let mut config = config(server);
        config.tls.mode = TlsMode::VerifyFull;
        config.tls.ca = Some("/nowhere/ca.pem".into());

        let failure = try_open(config).await.unwrap_err();

        assert_eq!(failure.step, Some(ConnectStep::Tls));
        assert!(!failure.message.contains("nowhere"), "{failure}");
    }
);

on_both!(
    an_account_with_a_certificate_signs_in,
    async |server: &str| {
        let mut config = config(server);
        config.user = Some("certuser".to_owned());
        config.tls.mode = TlsMode::VerifyFull;
        config.tls.ca = Some(tls_file("ca.pem"));

        let refused = try_open(config.clone()).await.unwrap_err();
        config.tls.certificate = Some(tls_file("client.pem"));
        config.tls.key = Some(tls_file("client.key"));
        let database = open(config).await;

        assert_eq!(refused.step, Some(ConnectStep::SignIn));
        assert_eq!(
            cell(&database, "SELECT CURRENT_USER()", vec![]).await,
            text("certuser@%")
        );
    }
);

on_both!(the_socket_works_too, async |server: &str| {
    let mut config = config(server);
    config.address = Address::Socket {
        path: server_variable(server, "SOCKET").into(),
        port: 3306,
    };

    assert_eq!(
        cell(&open(config).await, "SELECT 1", vec![]).await,
        Owned::Int(1)
    );
});

on_both!(
    a_socket_that_is_not_there_fails_at_the_tcp_step,
    async |server: &str| {
        let mut config = config(server);
        config.address = Address::Socket {
            path: "/nowhere/server.sock".into(),
            port: 3306,
        };

        let failure = try_open(config).await.unwrap_err();

        assert_eq!(
            (failure.kind, failure.step),
            (FailureKind::Unavailable, Some(ConnectStep::Tcp))
        );
    }
);

on_both!(
    a_wrong_password_fails_at_the_sign_in_and_names_nobody,
    async |server: &str| {
        let mut config = config(server);
        config.password = Some(Password::Given("wrong".to_owned().into()));

        let failure = try_open(config).await.unwrap_err();

        assert_eq!(
            (failure.kind, failure.step),
            (FailureKind::Unavailable, Some(ConnectStep::SignIn))
        );
        assert_eq!(failure.native_code, Some(1045));
        let told = serde_json::to_string(&failure).unwrap();
        for secret in ["wrong", "portolan", "127.0.0.1", "localhost"] {
            assert!(!told.contains(secret), "{told}");
        }
    }
);

on_both!(
    a_password_with_every_special_character_works,
    async |server: &str| {
        let mut config = config(server);
        config.user = Some("nasty".to_owned());
        config.password = Some(Password::Given("p@ss:w/o?r#d[1]% x".to_owned().into()));

        open(config).await;
    }
);

on_both!(
    a_password_file_is_read_again_each_time,
    async |server: &str| {
        let mut config = config(server);
        let Some(Password::Given(right)) = config.password.clone() else {
            unreachable!("the suite's accounts have passwords")
        };
        let path = std::env::temp_dir().join(unique("portolan_password"));
        config.password = Some(Password::File(path.clone()));

        let missing = try_open(config.clone()).await.unwrap_err();
        std::fs::write(&path, "wrong\n").unwrap();
        let wrong = try_open(config.clone()).await.unwrap_err();
        std::fs::write(
            &path,
            format!("{}\n", secrecy::ExposeSecret::expose_secret(&right)),
        )
        .unwrap();
        open(config).await;

        assert_eq!(missing.step, Some(ConnectStep::SignIn));
        assert_eq!(wrong.native_code, Some(1045));
        std::fs::remove_file(path).unwrap();
    }
);

on_both!(
    an_unknown_database_fails_at_the_database_step,
    async |server: &str| {
        let mut config = config(server);
        config.database = Some("no_such_database".to_owned());

        let failure = try_open(config).await.unwrap_err();

        assert_eq!(
            (failure.kind, failure.step),
            (FailureKind::Unavailable, Some(ConnectStep::Database))
        );
    }
);

on_both!(
    a_database_without_access_fails_at_the_database_step,
    async |server: &str| {
        let mut config = config(server);
        config.user = Some("portolan_reader".to_owned());
        config.database = Some("mysql".to_owned());

        let failure = try_open(config).await.unwrap_err();

        assert_eq!(failure.step, Some(ConnectStep::Database));
        assert!(!failure.message.contains("reader"), "{failure}");
    }
);

on_both!(a_closed_port_fails_at_the_tcp_step, async |server: &str| {
    let mut config = config(server);
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    config.address = Address::Tcp {
        host: "127.0.0.1".to_owned(),
        port,
    };

    let failure = try_open(config).await.unwrap_err();

    assert_eq!(
        (failure.kind, failure.step),
        (FailureKind::Unavailable, Some(ConnectStep::Tcp))
    );
});

on_both!(an_unknown_host_fails_at_the_name, async |server: &str| {
    let mut config = config(server);
    config.address = Address::Tcp {
        host: "no-such-host.invalid".to_owned(),
        port: 3306,
    };

    let failure = try_open(config).await.unwrap_err();

    assert_eq!(failure.step, Some(ConnectStep::NameResolution));
});

on_both!(an_unknown_time_zone_is_told, async |server: &str| {
    let mut config = config(server);
    config.time_zone = "Atlantis/Capital".to_owned();

    let failure = try_open(config).await.unwrap_err();

    assert_eq!(
        (failure.kind, failure.step, failure.native_code),
        (
            FailureKind::InvalidArgument,
            Some(ConnectStep::Query),
            Some(1298)
        )
    );
});

#[tokio::test]
async fn a_hashed_sign_in_without_encryption_hints_at_the_mode() {
    let server = "mysql_9";
    if !support::databases::asked_for(server) {
        return;
    }
    let user = unique("unknown_hash");
    // Nobody has signed in with it yet, so the server wants the password itself, encrypted.
    run_beside(
        server,
        format!("CREATE USER {user}@'%' IDENTIFIED WITH caching_sha2_password BY 'secret'"),
    )
    .await;
    let mut config = config(server);
    config.user = Some(user.clone());
    config.database = None;
    config.tls.mode = TlsMode::Disable;

    let failure = try_open(config).await.unwrap_err();

    run_beside(server, format!("DROP USER {user}@'%'")).await;
    assert_eq!(failure.step, Some(ConnectStep::SignIn));
    assert!(failure.hint.unwrap().contains("SSL_MODE=require"));
}

// --- One statement, and what it may do ---

on_both!(
    two_statements_are_refused_by_the_server,
    async |server: &str| {
        let database = open(writable(config(server))).await;

        let failure = read(&database, "SELECT 1; SELECT 2", vec![])
            .await
            .unwrap_err();

        assert_eq!(
            (failure.kind, failure.native_code),
            (FailureKind::InvalidSql, Some(1064))
        );
        assert_eq!(
            (failure.message.as_str(), failure.position),
            (
                "The text holds more than one statement; a call runs exactly one.",
                Some(11)
            )
        );
        assert_eq!(
            failure.hint.as_deref(),
            Some("Send each statement in a call of its own.")
        );
    }
);

on_both!(
    a_last_semicolon_and_comments_are_no_second_statement,
    async |server: &str| {
        let database = open(config(server)).await;

        assert_eq!(
            cell(&database, "SELECT 1; -- done", vec![]).await,
            Owned::Int(1)
        );
    }
);

on_both!(
    the_server_refuses_every_write_and_all_ddl,
    async |server: &str| {
        let table = unique("refused");
        run_beside(
            server,
            format!("CREATE TABLE {table} (id INT PRIMARY KEY); INSERT INTO {table} VALUES (1)"),
        )
        .await;
        for config in [config(server), writable(config(server))] {
            let database = open(config).await;
            for sql in [
                format!("INSERT INTO {table} VALUES (2)"),
                format!("UPDATE {table} SET id = 3"),
                format!("DELETE FROM {table}"),
                format!("REPLACE INTO {table} VALUES (4)"),
                format!("TRUNCATE {table}"),
                format!("DROP TABLE {table}"),
                format!("ALTER TABLE {table} ADD a INT"),
                format!("CREATE TABLE {table}_2 (id INT)"),
                format!("CREATE TEMPORARY TABLE {table}_3 (id INT)"),
                format!("CREATE INDEX i ON {table} (id)"),
                format!("RENAME TABLE {table} TO {table}_4"),
                format!("CREATE VIEW {table}_5 AS SELECT 1"),
                format!("OPTIMIZE TABLE {table}"),
                "CREATE USER never@'%'".to_owned(),
                "SET PASSWORD = 'never'".to_owned(),
            ] {
                let failure = read(&database, &sql, vec![]).await.unwrap_err();
                assert_eq!(
                    (failure.kind, failure.native_code),
                    (FailureKind::NotAllowed, Some(1792)),
                    "{sql}"
                );
                assert!(failure.hint.unwrap().contains("READ_ONLY=false"));
            }
            assert_eq!(
                cell(
                    &database,
                    &format!("SELECT GROUP_CONCAT(id) FROM {table}"),
                    vec![]
                )
                .await,
                text("1")
            );
        }
        run_beside(server, format!("DROP TABLE {table}")).await;
    }
);

on_both!(
    ending_the_transaction_gains_nothing,
    async |server: &str| {
        let table = unique("ended");
        run_beside(server, format!("CREATE TABLE {table} (id INT)")).await;
        let database = open(alone(config(server))).await;
        for sql in [
            "COMMIT",
            "ROLLBACK",
            "START TRANSACTION READ WRITE",
            "SET SESSION TRANSACTION READ WRITE",
        ] {
            let before = cell(&database, "SELECT CONNECTION_ID()", vec![]).await;

            let _ = read(&database, sql, vec![]).await;

            let failure = read(
                &database,
                &format!("INSERT INTO {table} VALUES (1)"),
                vec![],
            )
            .await
            .unwrap_err();
            assert_eq!(failure.native_code, Some(1792), "{sql}");
            assert_ne!(
                cell(&database, "SELECT CONNECTION_ID()", vec![]).await,
                before,
                "{sql}"
            );
        }
        run_beside(server, format!("DROP TABLE {table}")).await;
    }
);

on_both!(
    what_cannot_be_prepared_is_unsupported,
    async |server: &str| {
        let database = open(config(server)).await;

        let failure = read(&database, "PREPARE s FROM 'SELECT 1'", vec![])
            .await
            .unwrap_err();

        assert_eq!(
            (failure.kind, failure.native_code),
            (FailureKind::Unsupported, Some(1295))
        );
    }
);

// --- Writing ---

on_both!(a_write_is_committed_and_counted, async |server: &str| {
    let table = unique("written");
    run_beside(
        server,
        format!("CREATE TABLE {table} (id INT PRIMARY KEY AUTO_INCREMENT, a INT)"),
    )
    .await;
    let database = open(writable(config(server))).await;

    let (_, inserted) = write(
        &database,
        &format!("INSERT INTO {table} (a) VALUES (?), (?)"),
        vec![json!(1), json!(2)],
    )
    .await
    .unwrap();
    let (_, updated) = write(
        &database,
        &format!("UPDATE {table} SET a = 3 WHERE a = 2"),
        vec![],
    )
    .await
    .unwrap();

    assert_eq!(
        (inserted.affected_rows, inserted.insert_id),
        (Some(2), Some(1))
    );
    assert_eq!((updated.affected_rows, updated.insert_id), (Some(1), None));
    let mut beside = beside(server).await;
    assert_eq!(
        number(
            &mut beside,
            format!("SELECT CAST(SUM(a) AS SIGNED) FROM {table}")
        )
        .await,
        4
    );
    run_beside(server, format!("DROP TABLE {table}")).await;
});

on_both!(a_failed_write_leaves_nothing, async |server: &str| {
    let table = unique("failed");
    run_beside(
        server,
        format!("CREATE TABLE {table} (id INT PRIMARY KEY); INSERT INTO {table} VALUES (2)"),
    )
    .await;
    let database = open(writable(config(server))).await;

    let failure = write(
        &database,
        &format!("INSERT INTO {table} VALUES (1), (2)"),
        vec![],
    )
    .await
    .unwrap_err();

    assert_eq!(
        (
            failure.kind,
            failure.native_code,
            failure.sqlstate.as_deref()
        ),
        (FailureKind::InvalidSql, Some(1062), Some("23000"))
    );
    assert_eq!(
        cell(&database, &format!("SELECT COUNT(*) FROM {table}"), vec![]).await,
        Owned::Int(1)
    );
    run_beside(server, format!("DROP TABLE {table}")).await;
});

on_both!(ddl_says_that_it_committed, async |server: &str| {
    let table = unique("ddl");
    let database = open(writable(config(server))).await;

    let (rows, outcome) = write(&database, &format!("CREATE TABLE {table} (id INT)"), vec![])
        .await
        .unwrap();

    assert_eq!(rows.columns, []);
    assert_eq!(outcome.affected_rows, None);
    assert_eq!(
        outcome.notices,
        [format!("{} committed implicitly.", database.server.product)]
    );
    run_beside(server, format!("DROP TABLE {table}")).await;
});

on_both!(warnings_of_a_write_are_notices, async |server: &str| {
    let table = unique("warned");
    run_beside(
        server,
        format!("CREATE TABLE {table} (id INT PRIMARY KEY); INSERT INTO {table} VALUES (1)"),
    )
    .await;
    let database = open(writable(config(server))).await;

    let (_, outcome) = write(
        &database,
        &format!("INSERT IGNORE INTO {table} VALUES (1)"),
        vec![],
    )
    .await
    .unwrap();

    assert_eq!(outcome.affected_rows, Some(0));
    assert_eq!(outcome.notices.len(), 1);
    assert!(
        outcome.notices[0].starts_with("Warning 1062: Duplicate entry '1'"),
        "{outcome:?}"
    );
    run_beside(server, format!("DROP TABLE {table}")).await;
});

on_both!(
    a_procedure_that_commits_is_reported,
    async |server: &str| {
        let name = unique("commits");
        run_beside(server, format!("CREATE PROCEDURE {name}() COMMIT")).await;
        let database = open(writable(config(server))).await;

        let failure = write(&database, &format!("CALL {name}()"), vec![])
            .await
            .unwrap_err();

        assert_eq!(failure.kind, FailureKind::NotAllowed);
        run_beside(server, format!("DROP PROCEDURE {name}")).await;
    }
);

on_both!(
    a_procedure_with_two_results_says_so,
    async |server: &str| {
        let name = unique("two_results");
        run_beside(
            server,
            format!("CREATE PROCEDURE {name}() BEGIN SELECT 1 AS a; SELECT 2 AS b, 3 AS c; END"),
        )
        .await;
        let database = open(writable(config(server))).await;

        let (rows, outcome) = write(&database, &format!("CALL {name}()"), vec![])
            .await
            .unwrap();

        assert_eq!(rows.rows, [[Owned::Int(1)]]);
        assert_eq!(
            outcome.notices,
            ["The statement returned more than one result; only the first is shown."]
        );
        run_beside(server, format!("DROP PROCEDURE {name}")).await;
    }
);

#[tokio::test]
async fn rows_returned_by_a_write_are_counted_and_all_written() {
    let server = "mariadb_10_11";
    if !support::databases::asked_for(server) {
        return;
    }
    let table = unique("returning");
    run_beside(server, format!("CREATE TABLE {table} (id INT)")).await;
    let database = open(writable(config(server))).await;
    let statement = Statement::new(
        format!("INSERT INTO {table} SELECT a.n FROM {TEN} a, {TEN} b RETURNING id"),
        vec![],
    )
    .unwrap();
    let mut rows = Rows::up_to(3);
    let limits = QueryLimits {
        rows: 3,
        ..QueryLimits::default()
    };

    let outcome = database
        .query_runner
        .run_write(&statement, &limits, &mut rows, &Cancel::new())
        .await
        .unwrap();

    assert_eq!(
        (rows.rows.len(), rows.cut, outcome.affected_rows),
        (3, true, Some(100))
    );
    assert_eq!(
        cell(&database, &format!("SELECT COUNT(*) FROM {table}"), vec![]).await,
        Owned::Int(100)
    );
    run_beside(server, format!("DROP TABLE {table}")).await;
}

on_both!(a_cancelled_write_is_rolled_back, async |server: &str| {
    let table = unique("cancelled");
    run_beside(server, format!("CREATE TABLE {table} (id INT)")).await;
    let database = open(writable(config(server))).await;
    let cancel = Cancel::new();
    let statement = Statement::new(
        format!("INSERT INTO {table} SELECT SLEEP(1) FROM {TEN} t"),
        vec![],
    )
    .unwrap();
    let mut rows = Rows::up_to(1);
    let mut beside = beside(server).await;

    let limits = QueryLimits::default();
    let write = database
        .query_runner
        .run_write(&statement, &limits, &mut rows, &cancel);
    let (result, ()) = tokio::join!(write, async {
        until("the insert to run", async || {
            running(&mut beside, &format!("INSERT INTO {table}")).await == 1
        })
        .await;
        cancel.fire(CancelReason::Client);
    });

    assert_eq!(result.unwrap_err().kind, FailureKind::Cancelled);
    until("the insert to end", async || {
        running(&mut beside, &format!("INSERT INTO {table}")).await == 0
    })
    .await;
    assert_eq!(
        number(&mut beside, format!("SELECT COUNT(*) FROM {table}")).await,
        0
    );
    run_beside(server, format!("DROP TABLE {table}")).await;
});

// --- Parameters ---

on_both!(every_json_value_binds, async |server: &str| {
    // One session, whose prepared statement has seen all the types before.
    let database = open(alone(config(server))).await;
    for (value, expected) in [
        (
            json!(9_223_372_036_854_775_807_i64),
            Owned::Int(i64::MAX.into()),
        ),
        (
            json!(18_446_744_073_709_551_615_u64),
            Owned::Int(u64::MAX.into()),
        ),
        (json!(-5), Owned::Int(-5)),
        (json!(0.1), Owned::Float(0.1)),
        (json!("Grüße 🌍 ' \\"), text("Grüße 🌍 ' \\")),
        (json!([1, {"a": "ö"}]), text(r#"[1,{"a":"ö"}]"#)),
        (json!(null), Owned::Null),
        (json!(true), Owned::Int(1)),
    ] {
        assert_eq!(
            cell(&database, "SELECT ?", vec![value.clone()]).await,
            expected,
            "{value}"
        );
    }
});

on_both!(null_binds_everywhere, async |server: &str| {
    let database = open(config(server)).await;
    for sql in [
        "SELECT CAST(? AS SIGNED)",
        "SELECT 1 + ?",
        "SELECT CONCAT('a', ?)",
        "SELECT DATE_ADD(?, INTERVAL 1 DAY)",
        "SELECT ST_GeomFromText(?)",
        "SELECT NULLIF(?, 1)",
    ] {
        assert_eq!(
            cell(&database, sql, vec![json!(null)]).await,
            Owned::Null,
            "{sql}"
        );
    }
});

on_both!(a_number_binds_to_a_limit, async |server: &str| {
    let database = open(config(server)).await;

    let rows = read(
        &database,
        "SELECT 1 AS a UNION ALL SELECT 2 LIMIT ?",
        vec![json!(1)],
    )
    .await
    .unwrap();

    assert_eq!(rows.rows.len(), 1);
});

on_both!(
    a_wrong_number_of_parameters_says_both_numbers,
    async |server: &str| {
        let database = open(config(server)).await;
        for (sql, params, message) in [
            (
                "SELECT ?",
                vec![],
                "The statement has 1 placeholder (`?`), and `params` has 0 values.",
            ),
            (
                "SELECT 1",
                vec![json!(1)],
                "The statement has 0 placeholders (`?`), and `params` has 1 value.",
            ),
            (
                "SELECT ?, ?",
                vec![json!(1), json!(2), json!(3)],
                "The statement has 2 placeholders (`?`), and `params` has 3 values.",
            ),
        ] {
            let failure = read(&database, sql, params).await.unwrap_err();
            assert_eq!(
                (failure.kind, failure.message.as_str()),
                (FailureKind::InvalidArgument, message)
            );
        }
    }
);

on_both!(
    another_databases_placeholder_gets_a_hint,
    async |server: &str| {
        let database = open(config(server)).await;
        for sql in [
            "SELECT $1",
            "SELECT * FROM information_schema.tables WHERE table_name = :name",
        ] {
            let failure = read(&database, sql, vec![json!(1)]).await.unwrap_err();
            assert!(
                failure.hint.as_deref().unwrap().contains("Write `?`"),
                "{sql}: {failure:?}"
            );
        }
    }
);

// --- Failures ---

on_both!(an_unknown_table_gets_the_nearest, async |server: &str| {
    let table = unique("customer_orders");
    run_beside(server, format!("CREATE TABLE {table} (id INT)")).await;
    let database = open(config(server)).await;

    let failure = read(
        &database,
        &format!("SELECT * FROM {}", table.replace("orders", "oders")),
        vec![],
    )
    .await
    .unwrap_err();

    assert_eq!(
        (
            failure.kind,
            failure.native_code,
            failure.sqlstate.as_deref()
        ),
        (FailureKind::InvalidSql, Some(1146), Some("42S02"))
    );
    assert_eq!(failure.hint.unwrap(), format!("Did you mean `{table}`?"));
    run_beside(server, format!("DROP TABLE {table}")).await;
});

on_both!(an_unknown_column_gets_the_nearest, async |server: &str| {
    let table = unique("people");
    run_beside(server, format!("CREATE TABLE {table} (id INT, email TEXT)")).await;
    let database = open(config(server)).await;

    let near = read(&database, &format!("SELECT p.emial FROM {table} p"), vec![])
        .await
        .unwrap_err();
    let far = read(
        &database,
        &format!("SELECT telephone FROM `{table}`"),
        vec![],
    )
    .await
    .unwrap_err();

    assert_eq!(
        (near.kind, near.native_code),
        (FailureKind::InvalidSql, Some(1054))
    );
    assert_eq!(
        near.hint.unwrap(),
        format!("Did you mean `email` of `{table}`?")
    );
    assert_eq!(
        far.hint.unwrap(),
        format!("Columns there: {table}.id, {table}.email.")
    );
    run_beside(server, format!("DROP TABLE {table}")).await;
});

on_both!(
    the_place_of_a_syntax_error_counts_characters,
    async |server: &str| {
        let database = open(config(server)).await;

        let failure = read(&database, "SELECT 'é',\n 1 FRM t", vec![])
            .await
            .unwrap_err();

        assert_eq!(
            (failure.native_code, failure.position),
            (Some(1064), Some(20))
        );
    }
);

on_both!(a_denied_table_names_no_account, async |server: &str| {
    let mut config = config(server);
    config.user = Some("portolan_reader".to_owned());
    let database = open(config).await;

    let failure = read(&database, "SELECT * FROM mysql.user", vec![])
        .await
        .unwrap_err();

    assert_eq!(
        (failure.kind, failure.native_code),
        (FailureKind::NotAllowed, Some(1142))
    );
    assert!(!failure.message.contains("reader"), "{failure}");
    assert!(
        failure.message.contains("SELECT command denied"),
        "{failure}"
    );
});

#[tokio::test]
async fn a_vector_is_refused_by_name_and_harms_nothing() {
    let server = "mysql_9";
    if !support::databases::asked_for(server) {
        return;
    }
    let table = unique("vectors");
    run_beside(
        server,
        format!(
            "CREATE TABLE {table} (v VECTOR(2)); INSERT INTO {table} VALUES (TO_VECTOR('[1,2]'))"
        ),
    )
    .await;
    let database = open(alone(config(server))).await;

    let failure = read(&database, &format!("SELECT v FROM {table}"), vec![])
        .await
        .unwrap_err();
    let readable = cell(
        &database,
        &format!("SELECT FROM_VECTOR(v) FROM {table}"),
        vec![],
    )
    .await;

    assert_eq!(failure.kind, FailureKind::Unsupported);
    assert!(
        failure.message.ends_with(&format!("{table}.v.")),
        "{failure}"
    );
    assert!(failure.hint.unwrap().contains("VECTOR_TO_STRING"));
    assert_eq!(readable, text("[1.00000e+00,2.00000e+00]"));
    run_beside(server, format!("DROP TABLE {table}")).await;
}

// --- Ending a call ---

on_both!(
    a_cancelled_statement_ends_on_the_server,
    async |server: &str| {
        let mark = unique("cancelled_read");
        let database = open(config(server)).await;
        let cancel = Cancel::new();
        let mut beside = beside(server).await;
        let mut rows = Rows::up_to(1);
        let sql = format!("SELECT SLEEP(60) /* {mark} */");

        let (result, fired) = tokio::join!(
            run(&database, &sql, QueryLimits::default(), &mut rows, &cancel),
            async {
                until("the statement to run", async || {
                    running(&mut beside, &mark).await == 1
                })
                .await;
                cancel.fire(CancelReason::Client);
                Instant::now()
            }
        );

        assert_eq!(result.unwrap_err().kind, FailureKind::Cancelled);
        assert!(fired.elapsed() < Duration::from_millis(500));
        until("the statement to end", async || {
            running(&mut beside, &mark).await == 0
        })
        .await;
        assert!(fired.elapsed() < Duration::from_secs(1));
        until("the slot to be free", async || {
            database.pool.figures().in_use == 0
        })
        .await;
    }
);

on_both!(
    a_statement_past_its_time_ends_on_the_server,
    async |server: &str| {
        let mark = unique("timed_out");
        let database = open(config(server)).await;
        let limits = QueryLimits {
            time: Duration::from_millis(200),
            ..QueryLimits::default()
        };
        let mut rows = Rows::up_to(1);

        let failure = run(
            &database,
            &format!("SELECT SLEEP(60) /* {mark} */"),
            limits,
            &mut rows,
            &Cancel::new(),
        )
        .await
        .unwrap_err();

        assert_eq!(failure.kind, FailureKind::Timeout);
        assert_eq!(rows.rows, Vec::<Vec<Owned>>::new());
        let mut beside = beside(server).await;
        until("the statement to end", async || {
            running(&mut beside, &mark).await == 0
        })
        .await;
    }
);

on_both!(
    a_call_that_is_dropped_ends_on_the_server,
    async |server: &str| {
        let mark = unique("dropped");
        let database = open(config(server)).await;
        let mut beside = beside(server).await;
        let task = tokio::spawn({
            let database = database.clone();
            let sql = format!("SELECT SLEEP(60) /* {mark} */");
            async move { read(&database, &sql, vec![]).await }
        });
        until("the statement to run", async || {
            running(&mut beside, &mark).await == 1
        })
        .await;

        task.abort();

        until("the statement to end", async || {
            running(&mut beside, &mark).await == 0
        })
        .await;
    }
);

on_both!(closing_the_pool_ends_what_runs, async |server: &str| {
    let mark = unique("closed");
    let database = open(config(server)).await;
    let mut beside = beside(server).await;
    let sql = format!("SELECT SLEEP(60) /* {mark} */");

    let (result, ()) = tokio::join!(read(&database, &sql, vec![]), async {
        until("the statement to run", async || {
            running(&mut beside, &mark).await == 1
        })
        .await;
        database.pool.close().await;
    });

    assert_eq!(result.unwrap_err().kind, FailureKind::Cancelled);
    until("the statement to end", async || {
        running(&mut beside, &mark).await == 0
    })
    .await;
    let later = read(&database, "SELECT 1", vec![]).await.unwrap_err();
    assert_eq!(later.kind, FailureKind::Unavailable);
});

on_both!(
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

on_both!(
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

on_both!(
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

on_both!(
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

/// The number of the session that runs the statement with this mark.
async fn session_of(connection: &mut MySqlConnection, mark: &str) -> i64 {
    number(
        connection,
        format!(
            "SELECT CAST(id AS SIGNED) FROM information_schema.processlist \
             WHERE info LIKE '%{mark}%' AND id <> CONNECTION_ID()"
        ),
    )
    .await
}

on_both!(
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

on_both!(
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

on_both!(
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
        assert_eq!(bound, Owned::Int(1_001));
    }
);

// --- Sessions ---

on_both!(
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

on_both!(
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

on_both!(
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

on_both!(a_waiting_session_holds_nothing, async |server: &str| {
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

on_both!(now_is_the_time_of_the_statement, async |server: &str| {
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

on_both!(
    nothing_of_a_call_is_left_for_the_next,
    async |server: &str| {
        let mut config = alone(config(server));
        config.time_zone = "+02:00".to_owned();
        let database = open(config).await;
        let lock = unique("lock");
        let seen = "SELECT CAST(CONCAT_WS('|', @@sql_mode = @@GLOBAL.sql_mode, @@time_zone, @@character_set_results, DATABASE(), \
                IFNULL(@left_over, 'none'), LAST_INSERT_ID(), @@sql_select_limit) AS CHAR)";
        let expected = cell(&database, seen, vec![]).await;
        assert_eq!(expected, text("1|+02:00|utf8mb4|portolan_test|none|0|1001"));
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

on_both!(pipes_mean_what_the_server_says, async |server: &str| {
    let database = open(config(server)).await;

    assert_eq!(
        cell(&database, "SELECT 0 || 1", vec![]).await,
        Owned::Int(1)
    );
});

on_both!(an_empty_result_has_its_columns, async |server: &str| {
    let database = open(config(server)).await;

    let rows = read(
        &database,
        "SELECT table_name AS a, 1 AS b FROM information_schema.tables WHERE 1 = ?",
        vec![json!(0)],
    )
    .await
    .unwrap();

    let names: Vec<_> = rows
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    assert_eq!((names, rows.rows.len()), (vec!["a", "b"], 0));
});

on_both!(
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

on_both!(a_text_as_long_as_may_be_runs, async |server: &str| {
    let database = open(alone(config(server))).await;
    let long = "x".repeat(900_000);

    for _ in 0..3 {
        assert_eq!(
            cell(&database, &format!("SELECT LENGTH('{long}')"), vec![]).await,
            Owned::Int(900_000)
        );
    }
});

on_both!(a_value_of_several_packets_is_whole, async |server: &str| {
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
