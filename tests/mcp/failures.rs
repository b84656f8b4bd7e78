//! One failure of each kind that a client can bring about, kept as a snapshot.

use serde_json::{Map, Value, json};
use support::{
    client::{Launch, Server},
    databases::{asked_for, config, open, server_variable, unique, writable, write},
    scratch::{Scratch, run_beside},
    snapshot::assert_snapshot,
};

use super::{ENDLESS, shop};

#[tokio::test]
async fn each_kind_tells_what_to_do_next() {
    let scratch = Scratch::new();
    let launch = shop(&scratch)
        .await
        .database("dead", "postgres://user:secret@127.0.0.1:1/db");
    let mut server = Server::start(launch).await;
    let mut failures = Map::new();

    let long = format!("SELECT '{}'", "x".repeat(1_000_000));
    for (connection, sql, timeout) in [
        ("shop", "SELECT emial FROM customers", 30_000),
        ("shop", "", 30_000),
        ("shop", "DELETE FROM customers", 30_000),
        ("shop", &long, 30_000),
        ("shop", ENDLESS, 50),
        ("dead", "SELECT 1", 30_000),
    ] {
        let arguments = json!({"connection": connection, "sql": sql, "timeoutMs": timeout});
        let failure = server.call("execute_query", arguments).await.failure();
        let kind = failure["kind"].as_str().unwrap().to_owned();
        assert!(
            failures.insert(kind.clone(), failure).is_none(),
            "{kind} twice"
        );
    }
    let running = json!({"connection": "shop", "sql": ENDLESS});
    let running = server.begin_call("execute_query", running).await;
    server.close_input().await;
    let failure = server.call_answer(running).await.failure();
    failures.insert(failure["kind"].as_str().unwrap().to_owned(), failure);

    let kinds: Vec<&str> = failures.keys().map(String::as_str).collect();
    assert_eq!(
        kinds,
        [
            "cancelled",
            "invalid_argument",
            "invalid_sql",
            "not_allowed",
            "timeout",
            "too_large",
            "unavailable"
        ]
    );
    assert_snapshot("failures", &failures.into());
}

#[tokio::test]
async fn a_pool_that_stays_full_is_busy() {
    let mut server = Server::start(Launch::default()).await;
    run_beside(&server.folder().join("small.db"), "CREATE TABLE t (n);").await;
    let arguments = json!({
        "type": "sqlite", "database": "small.db", "name": "small",
        "maxConnections": 1, "acquireTimeout": 50,
    });
    server.call("connect_database", arguments).await.ok();

    let call = |timeout: u64| json!({"connection": "small", "sql": ENDLESS, "timeoutMs": timeout});
    let first = server.begin_call("execute_query", call(3_000)).await;
    let second = server.begin_call("execute_query", call(3_000)).await;

    // Whichever of the two came first has the connection.
    let refused = server.next().await;
    let failure = support::client::tool_answer(&refused).failure();
    assert_eq!(failure["kind"], "busy", "{failure}");
    assert!([json!(first), json!(second)].contains(&refused["id"]));
    let other = support::client::tool_answer(&server.next().await).failure();
    assert_eq!(other["kind"], "timeout");
}

/// Mistakes that a model makes on any engine; `T` stands for a table with the columns `id` and `name`, `U` for one
/// that refers to it.
const MISTAKES: [(&str, &str, &str); 31] = [
    ("read", "unknown column", "SELECT nmae FROM T"),
    ("read", "unknown table", "SELECT * FROM T_typo_and_more"),
    ("read", "unknown function", "SELECT lenght(name) FROM T"),
    ("read", "wrong qualifier", "SELECT x.id FROM T c"),
    (
        "read",
        "ambiguous column",
        "SELECT id FROM T a JOIN U b ON b.parent = a.id",
    ),
    ("read", "end of input", "SELECT 1 +"),
    ("read", "in the third line", "SELECT\n  id,\n  FROM T"),
    ("read", "unclosed string", "SELECT 'it''s"),
    ("read", "unclosed string alone", "'it"),
    ("read", "unclosed comment alone", "/* it"),
    ("read", "comments only", "-- nothing\n;"),
    ("read", "no word", "42"),
    ("read", "two statements", "SELECT 1; SELECT 2"),
    ("read", "another word", "SELEC 1"),
    ("read", "show", "SHOW TABELS"),
    ("read", "describe", "DESCRIBE T_typo_and_more"),
    ("read", "pragma", "PRAGMA journal_mode = wal"),
    ("read", "top", "SELECT TOP 5 * FROM T"),
    (
        "read",
        "named placeholder",
        "SELECT * FROM T WHERE id = :id",
    ),
    (
        "read",
        "missing parameter",
        "SELECT * FROM T WHERE id = PLACEHOLDER",
    ),
    (
        "read",
        "columns of a subquery",
        "SELECT 1 FROM T WHERE id IN (SELECT id, name FROM T)",
    ),
    (
        "read",
        "aggregate in where",
        "SELECT id FROM T WHERE count(*) > 1",
    ),
    ("read", "session", "SET x = 1"),
    ("read", "transaction", "BEGIN"),
    ("read", "stored code", "CALL p()"),
    ("read", "write", "DELETE FROM T"),
    ("write", "same key", "INSERT INTO T VALUES (1, 'again')"),
    ("write", "no value", "INSERT INTO T VALUES (7, NULL)"),
    ("write", "missing reference", "INSERT INTO U VALUES (7, 77)"),
    ("write", "still referred to", "DELETE FROM T WHERE id = 1"),
    ("write", "exists", "CREATE TABLE T (id INT)"),
];

const TABLES: [&str; 4] = [
    "CREATE TABLE T (id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL)",
    "CREATE TABLE U (id INTEGER PRIMARY KEY, parent INTEGER NOT NULL, FOREIGN KEY (parent) REFERENCES T (id))",
    "INSERT INTO T VALUES (1, 'Ada')",
    "INSERT INTO U VALUES (1, 1)",
];

/// Every mistake on one database, with a statement that waits, into a snapshot of the engine's own.
async fn keep_failures(
    snapshot: &str,
    launch: Launch,
    table: &str,
    placeholder: &str,
    more: &[(&str, &str)],
) {
    let mut server = Server::start(launch).await;
    let mut failures = Map::new();
    let names = |text: &str| {
        text.replace("T_typo_and_more", "no_such_table_at_all")
            .split(' ')
            .map(|word| match word {
                "T" => table.to_owned(),
                "U" => format!("{table}_u"),
                "PLACEHOLDER" => placeholder.to_owned(),
                word => word.to_owned(),
            })
            .collect::<Vec<_>>()
            .join(" ")
            .replace(" T)", &format!(" {table})"))
    };
    let own = more.iter().map(|(name, sql)| ("read", *name, *sql));
    for (connection, name, sql) in MISTAKES.into_iter().chain(own) {
        let arguments = json!({"connection": connection, "sql": names(sql), "timeoutMs": if name == "slow" { 100 } else { 20_000 }});
        let answer = server.call("execute_query", arguments).await;
        let failure = answer.failure();
        assert!(failure["hint"].is_string(), "{name}: {failure}");
        let mut told: Value =
            serde_json::from_str(&failure.to_string().replace(table, "T")).unwrap();
        // What else lies in the database is none of the test's business.
        let hint = told["hint"].as_str().unwrap();
        for list in ["Known tables: ", "Tables of `"] {
            if let Some((before, _)) = hint.split_once(list) {
                told["hint"] = json!(format!("{before}{list}…"));
                break;
            }
        }
        failures.insert(name.to_owned(), told);
    }
    assert_snapshot(snapshot, &Value::Object(failures));
}

async fn keep_failures_of(server: &str, snapshot: &str, placeholder: &str, more: &[(&str, &str)]) {
    if !asked_for(server) {
        return;
    }
    // Of one length, so that positions are the same in each run.
    let table = format!("{:_<28}", unique("failing"));
    let database = open(writable(config(server))).await;
    for sql in TABLES {
        let sql = sql
            .replace(" T ", &format!(" {table} "))
            .replace(" U ", &format!(" {table}_u "));
        write(&database, &sql, vec![]).await.unwrap();
    }
    let url = server_variable(server, "URL");
    let launch = Launch::default()
        .database("read", url.clone())
        .database("write", url)
        .with("WRITE_DB_READ_ONLY", "false");
    keep_failures(snapshot, launch, &table, placeholder, more).await;
    for table in [format!("{table}_u"), table] {
        write(&database, &format!("DROP TABLE {table}"), vec![])
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn each_mistake_on_sqlite_is_told_with_what_to_do() {
    let scratch = Scratch::new();
    let path = scratch.path("failing.db");
    run_beside(
        &path,
        "CREATE TABLE failing (id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL);
         CREATE TABLE failing_u (id INTEGER PRIMARY KEY, parent INTEGER NOT NULL, FOREIGN KEY (parent) REFERENCES failing (id));
         INSERT INTO failing VALUES (1, 'Ada');
         INSERT INTO failing_u VALUES (1, 1);",
    )
    .await;
    let url = format!("sqlite://{}", path.display());
    let launch = Launch::default()
        .database("read", url.clone())
        .database("write", url)
        .with("WRITE_DB_READ_ONLY", "false");
    let more = [
        ("slow", ENDLESS),
        ("unsupported text", "SELECT 1 FROM T WHERE id = unhex()"),
        ("percent placeholder", "SELECT * FROM T WHERE id = %s"),
        ("attach", "ATTACH 'other.db' AS other"),
    ];
    keep_failures("failures_sqlite", launch, "failing", "?", &more).await;
}

#[tokio::test]
async fn each_mistake_on_postgres_is_told_with_what_to_do() {
    let more = [
        ("slow", "SELECT pg_sleep(60)"),
        ("division by zero", "SELECT 1 / 0"),
        ("invalid cast", "SELECT 'abc'::integer"),
        ("question mark", "SELECT * FROM T WHERE id = ?"),
        (
            "text in double quotes",
            "SELECT * FROM T WHERE name = \"Ada Lovelace\"",
        ),
        ("two rows", "SELECT (SELECT g FROM generate_series(1, 2) g)"),
        ("out of range", "SELECT 9223372036854775807 + 1"),
        (
            "hidden write",
            "WITH gone AS ( DELETE FROM T RETURNING id ) SELECT * FROM gone",
        ),
        (
            "cancelled by somebody",
            "SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(1)",
        ),
        ("psql", "\\d T"),
        ("types of an operator", "SELECT id FROM T WHERE id = name"),
        ("text as a number", "SELECT id FROM T WHERE id = 'one'"),
        ("types of a function", "SELECT upper(id) FROM T"),
        (
            "types of a union",
            "SELECT id FROM T UNION SELECT name FROM T",
        ),
        ("grouping", "SELECT id, name, count(*) FROM T"),
        ("percent placeholder", "SELECT * FROM T WHERE id = %s"),
    ];
    keep_failures_of("postgres_18", "failures_postgres", "$1", &more).await;
}

#[tokio::test]
async fn each_mistake_on_mysql_is_told_with_what_to_do() {
    let more = [
        ("slow", "SELECT SLEEP(60)"),
        ("invalid cast", "SELECT CAST('abc' AS INTEGER)"),
        ("ilike", "SELECT * FROM T WHERE name ILIKE 'a%'"),
        ("two rows", "SELECT (SELECT 1 UNION SELECT 2)"),
        ("out of range", "SELECT 9223372036854775807 + 1"),
        ("unknown database", "SELECT * FROM no_such_database.t"),
        ("unprepared", "HELP 'x'"),
        ("grouping", "SELECT id, name, count(*) FROM T"),
        ("percent placeholder", "SELECT * FROM T WHERE id = %s"),
    ];
    keep_failures_of("mysql_9", "failures_mysql", "?", &more).await;
}

#[tokio::test]
async fn each_mistake_on_mariadb_is_told_with_what_to_do() {
    let more = [
        ("slow", "SELECT SLEEP(60)"),
        ("ilike", "SELECT * FROM T WHERE name ILIKE 'a%'"),
        ("two rows", "SELECT (SELECT 1 UNION SELECT 2)"),
        ("out of range", "SELECT 9223372036854775807 + 1"),
        ("unknown database", "SELECT * FROM no_such_database.t"),
    ];
    keep_failures_of("mariadb_10_11", "failures_mariadb", "?", &more).await;
}
