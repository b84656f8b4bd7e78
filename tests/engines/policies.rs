//! What the configuration of a connection lets through, as a client meets it.

use application::{
    encode::Format,
    use_cases::{AskedLimits, Ceilings, ExecuteQuery},
};
use domain::{
    Cancel, Failure, FailureKind,
    connection::{Allowances, ConnectionConfig, Database, Policy},
    query::{Allowance, Statement},
};
use serde_json::{Value, json};
use support::{
    databases::{config, open, opened, unique, writable},
    on_mysql, on_postgres, on_servers,
};

fn allowing(mut config: ConnectionConfig, allowance: Allowance) -> ConnectionConfig {
    config.policy = Policy {
        allowances: Allowances::NONE.with(allowance),
        ..Policy::READ_WRITE
    };
    config
}

async fn ask(database: &Database, sql: &str) -> Result<Value, Failure> {
    let query = ExecuteQuery {
        statement: Statement::new(sql.to_owned(), vec![])?,
        format: Format::Json,
        asked: AskedLimits::default(),
    };
    let answer = query
        .execute(&opened(database), Ceilings::default(), &Cancel::new())
        .await?;
    Ok(serde_json::from_str(&answer.text).unwrap())
}

async fn refused(database: &Database, sql: &str) -> String {
    let failure = ask(database, sql).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::NotAllowed, "{sql}");
    failure.hint.unwrap_or_default()
}

on_postgres!(
    a_program_of_the_server_runs_with_its_setting_alone,
    async |server: &str| {
        let table = unique("programs");
        let copy = format!("COPY {table} FROM PROGRAM 'echo 7'");
        let plain = open(writable(config(server))).await;
        ask(&plain, &format!("CREATE TABLE {table} (a int)"))
            .await
            .unwrap();
        assert_eq!(
            refused(&plain, &copy).await,
            "Read with SELECT; `format` csv gives the rows as CSV. Whoever runs this server can set ALLOW_SERVER_PROGRAMS=true for the connection."
        );

        let allowed = open(allowing(config(server), Allowance::ServerPrograms)).await;
        ask(&allowed, &copy).await.unwrap();

        let read = ask(&allowed, &format!("SELECT a FROM {table}")).await;
        assert_eq!(read.unwrap()["rows"], json!([[7]]));
        ask(&plain, &format!("DROP TABLE {table}")).await.unwrap();
    }
);

on_postgres!(
    a_file_of_the_server_is_read_with_its_setting_alone,
    async |server: &str| {
        let sql = "SELECT length(pg_read_file('PG_VERSION')) > 0";
        let plain = open(writable(config(server))).await;
        refused(&plain, sql).await;

        let allowed = open(allowing(config(server), Allowance::ServerFiles)).await;

        assert_eq!(ask(&allowed, sql).await.unwrap()["rows"], json!([[true]]));
        refused(&allowed, "SELECT pg_reload_conf()").await;
    }
);

on_postgres!(
    a_block_and_a_procedure_run_where_writing_is_allowed,
    async |server: &str| {
        let database = open(writable(config(server))).await;
        let name = unique("blocks");
        for sql in [
            format!("CREATE TABLE {name} (a int)"),
            format!("DO $$ BEGIN INSERT INTO {name} VALUES (1); END $$"),
            format!("CREATE PROCEDURE {name}_p() LANGUAGE sql AS 'INSERT INTO {name} VALUES (2)'"),
            format!("CALL {name}_p()"),
        ] {
            ask(&database, &sql).await.unwrap();
        }

        let read = ask(&database, &format!("SELECT a FROM {name} ORDER BY a")).await;
        assert_eq!(read.unwrap()["rows"], json!([[1], [2]]));
        for sql in [
            format!("DROP PROCEDURE {name}_p"),
            format!("DROP TABLE {name}"),
        ] {
            ask(&database, &sql).await.unwrap();
        }
    }
);

on_servers!(
    rows_are_loaded_from_a_file_of_the_server_with_its_setting_alone: mariadb_10_11,
    async |server: &str| {
        let table = unique("loaded");
        let load = |local: &str| {
            format!("LOAD DATA {local} INFILE '/etc/hostname' INTO TABLE {table}")
        };
        let plain = open(writable(config(server))).await;
        ask(&plain, &format!("CREATE TABLE {table} (line TEXT)"))
            .await
            .unwrap();
        assert_eq!(
            refused(&plain, &load("")).await,
            "Do without it. Whoever runs this server can set ALLOW_SERVER_FILES=true for the connection."
        );

        let allowed = open(allowing(config(server), Allowance::ServerFiles)).await;
        ask(&allowed, &load("")).await.unwrap();

        // Files that the server would ask of its client are ours.
        assert_eq!(refused(&allowed, &load("LOCAL")).await, "Do without it.");
        let read = ask(&allowed, &format!("SELECT COUNT(*) > 0 FROM {table}")).await;
        assert_eq!(read.unwrap()["rows"], json!([[1]]));
        ask(&plain, &format!("DROP TABLE {table}")).await.unwrap();
    }
);

on_servers!(
    a_server_that_does_not_prepare_a_load_says_so: mysql_9,
    async |server: &str| {
        let allowed = open(allowing(config(server), Allowance::ServerFiles)).await;

        let failure = ask(&allowed, "LOAD DATA INFILE '/etc/hostname' INTO TABLE t")
            .await
            .unwrap_err();

        assert_eq!(
            (failure.kind, failure.hint.as_deref()),
            (
                FailureKind::Unsupported,
                Some("This server does not prepare LOAD DATA (MariaDB's does). INSERT the rows.")
            )
        );
    }
);

on_mysql!(
    another_session_is_ended_with_the_setting_alone,
    async |server: &str| {
        let victim = open(config(server)).await;
        let id = ask(&victim, "SELECT CONNECTION_ID()").await.unwrap()["rows"][0][0].clone();
        let kill = format!("KILL {id}");
        let plain = open(writable(config(server))).await;
        assert_eq!(
            refused(&plain, &kill).await,
            "Do without it. Whoever runs this server can set ALLOW_ADMIN=true for the connection."
        );

        let allowed = open(allowing(config(server), Allowance::Admin)).await;
        ask(&allowed, &kill).await.unwrap();

        // A new one has taken its place.
        let next = ask(&victim, "SELECT CONNECTION_ID()").await.unwrap();
        assert_ne!(next["rows"][0][0], id);
    }
);

on_mysql!(
    a_procedure_runs_where_writing_is_allowed,
    async |server: &str| {
        let database = open(writable(config(server))).await;

        let called = ask(&database, "CALL sys.table_exists('mysql', 'user', @found)").await;

        assert_eq!(called.unwrap()["rowCount"], json!(0));
        // And what it left in its session is gone.
        let left = ask(&database, "SELECT @found").await.unwrap();
        assert_eq!(left["rows"], json!([[null]]));
    }
);

on_servers!(a_plan_above_the_ceiling_is_not_run: postgres_15 postgres_18 mariadb_10_11 mysql_9, async |server: &str| {
    let table = unique("planned");
    let writer = open(writable(config(server))).await;
    for sql in [
        format!("CREATE TABLE {table} (a int)"),
        format!("INSERT INTO {table} VALUES (1), (2), (3), (4)"),
    ] {
        ask(&writer, &sql).await.unwrap();
    }
    let mut config = config(server);
    config.max_estimated_rows = Some(2);
    let database = open(config).await;

    let failure = ask(&database, &format!("SELECT 1 FROM {table} AS a, {table} AS b"))
        .await
        .map(|answer| answer["rowCount"].clone())
        .unwrap_err();

    assert_eq!(failure.kind, FailureKind::TooLarge);
    assert!(failure.message.contains("is expected to handle"), "{}", failure.message);
    assert_eq!(ask(&database, "SELECT 1").await.unwrap()["rows"], json!([[1]]));
    ask(&writer, &format!("DROP TABLE {table}")).await.unwrap();
    let unknown = ask(&database, "SELECT 1 FROM no_such_table_anywhere").await.unwrap_err();
    assert_eq!(unknown.kind, FailureKind::InvalidSql);
});

on_servers!(what_is_run_to_be_explained_or_kept_is_planned_too: postgres_15 postgres_18 mariadb_10_11 mysql_9, async |server: &str| {
    let table = unique("planned");
    let writer = open(writable(config(server))).await;
    for sql in [
        format!("CREATE TABLE {table} (a int)"),
        format!("INSERT INTO {table} VALUES (1), (2), (3), (4)"),
    ] {
        ask(&writer, &sql).await.unwrap();
    }
    let analyze = if server.starts_with("mariadb") { "ANALYZE" } else { "EXPLAIN ANALYZE" };
    let mut config = writable(config(server));
    config.max_estimated_rows = Some(2);
    let database = open(config).await;

    for sql in [
        format!("{analyze} SELECT 1 FROM {table} AS a, {table} AS b"),
        format!("CREATE TABLE {table}_b AS SELECT 1 FROM {table} AS a, {table} AS b"),
        format!("INSERT INTO {table} SELECT 1 FROM {table} AS a, {table} AS b"),
    ] {
        let failure = ask(&database, &sql).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::TooLarge, "{sql}: {failure:?}");
    }

    ask(&database, &format!("EXPLAIN SELECT 1 FROM {table} AS a, {table} AS b")).await.unwrap();
    ask(&writer, &format!("DROP TABLE {table}")).await.unwrap();
});

on_postgres!(
    rows_that_a_scan_reads_and_drops_count_and_those_behind_a_limit_do_not,
    async |server: &str| {
        let table = unique("scanned");
        let writer = open(writable(config(server))).await;
        for sql in [
            format!("CREATE TABLE {table} (a int)"),
            format!("INSERT INTO {table} SELECT generate_series(1, 5000)"),
            format!("ANALYZE {table}"),
        ] {
            ask(&writer, &sql).await.unwrap();
        }
        let mut config = config(server);
        config.max_estimated_rows = Some(1000);
        let database = open(config).await;

        let selective = format!("SELECT a FROM {table} WHERE a = 7");
        let failure = ask(&database, &selective).await.unwrap_err();
        assert_eq!(
            failure.message,
            format!(
                "The plan has a step that is expected to handle 5000 rows (Seq Scan on {table}); this connection runs nothing above 1000."
            )
        );
        let some = ask(&database, &format!("SELECT a FROM {table} LIMIT 3")).await;
        assert_eq!(some.unwrap()["rowCount"], json!(3));
        ask(&writer, &format!("DROP TABLE {table}")).await.unwrap();
    }
);
