//! `SQLite` files that somebody made to do harm: an answer or a clear failure, and the process goes on.

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, raw_sql};
use support::{
    client::{Launch, Server},
    scratch::{Scratch, bare_sqlite},
};

/// Every number below `count`, as `i`.
fn numbers(count: usize) -> String {
    format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {count})")
}

/// A row of the schema for each number: a view of which `body` reads the one before.
fn chain_of_views(count: usize, body: &str) -> String {
    format!(
        "CREATE TABLE t (a); CREATE VIEW v0 AS SELECT a FROM t; PRAGMA writable_schema = ON;
         {} INSERT INTO sqlite_schema SELECT 'view', 'v' || i, 'v' || i, 0, 'CREATE VIEW v' || i || ' AS {body}' || (i - 1) FROM n;",
        numbers(count)
    )
}

/// A view with this text.
fn view(text: &str) -> String {
    format!(
        "CREATE TABLE t (a); PRAGMA writable_schema = ON; INSERT INTO sqlite_schema VALUES ('view', 'v', 'v', 0, '{text}')"
    )
}

struct Hostile {
    server: Server,
    scratch: Scratch,
}

impl Hostile {
    /// A server on a file that the statements have made.
    async fn file(statements: &str, read_only: bool) -> Self {
        let scratch = Scratch::new();
        let path = scratch.path("hostile.db");
        let mut connection = bare_sqlite(&path).await;
        raw_sql(AssertSqlSafe(format!("BEGIN; {statements}; COMMIT")))
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
        let launch = Launch::default().database("db", format!("sqlite://{}", path.display()));
        let launch = launch
            .with("DB_DB_READ_ONLY", read_only.to_string())
            // Reading a schema of thousands of objects takes its time.
            .with("DB_DB_CONNECTION_TIMEOUT", "60000");
        Self {
            server: Server::start(launch).await,
            scratch,
        }
    }

    async fn failure(&mut self, sql: &str) -> Value {
        let arguments = json!({"sql": sql});
        self.server.call("execute_query", arguments).await.failure()
    }

    async fn works(&mut self) {
        assert_eq!(
            self.server.query("SELECT 1 AS one").await["rows"],
            json!([[1]])
        );
    }
}

const TOO_DEEP: &str = "The statement leads through too many views, triggers or foreign keys, one inside of the other.";

#[tokio::test]
async fn a_chain_of_views_is_too_large() {
    for body in [
        "SELECT * FROM v",
        "SELECT a FROM t UNION ALL SELECT * FROM v",
        "SELECT 1 AS a WHERE EXISTS (SELECT * FROM t JOIN v",
    ] {
        let closed = ")".repeat(body.matches('(').count());
        let statements = chain_of_views(8_000, body)
            .replace("(i - 1) FROM", &format!("(i - 1) || '{closed}' FROM"));
        let mut hostile = Hostile::file(&statements, true).await;

        let failure = hostile.failure("SELECT * FROM v7999").await;

        assert_eq!(
            (&failure["kind"], &failure["message"]),
            (&json!("too_large"), &json!(TOO_DEEP)),
            "{body}"
        );
        hostile.works().await;
    }
}

#[tokio::test]
async fn a_chain_of_views_is_answered_or_too_large_whatever_its_length() {
    let mut hostile = Hostile::file(&chain_of_views(4_000, "SELECT * FROM v"), true).await;
    for length in (100..4_000).step_by(300) {
        let arguments = json!({"sql": format!("EXPLAIN SELECT * FROM v{length}"), "maxRows": 1, "timeoutMs": 1_000});

        let answer = hostile.server.call("execute_query", arguments).await;

        if answer.is_error {
            let kind = &answer.failure()["kind"];
            assert!(kind == "too_large" || kind == "timeout", "{length}: {kind}");
        }
        hostile.works().await;
    }
}

#[tokio::test]
async fn a_chain_of_triggers_is_too_large() {
    let statements: Vec<_> = (0..3_000)
        .map(|number| {
            let next = number + 1;
            format!(
                "CREATE TABLE t{number} (a);
                 CREATE TRIGGER g{number} AFTER INSERT ON t{number} BEGIN INSERT INTO t{next} VALUES (new.a); END;"
            )
        })
        .collect();
    let statements = format!("{} CREATE TABLE t3000 (a)", statements.concat());
    let mut hostile = Hostile::file(&statements, false).await;

    let failure = hostile.failure("INSERT INTO t0 VALUES (1)").await;

    assert_eq!(
        (&failure["kind"], &failure["message"]),
        (&json!("too_large"), &json!(TOO_DEEP))
    );
    hostile.works().await;
}

#[tokio::test]
async fn a_chain_of_foreign_keys_is_too_large() {
    let statements: Vec<_> = (1..4_000)
        .map(|number| {
            let before = number - 1;
            format!("CREATE TABLE t{number} (a INTEGER PRIMARY KEY REFERENCES t{before} (a) ON DELETE CASCADE);")
        })
        .collect();
    let statements = format!(
        "CREATE TABLE t0 (a INTEGER PRIMARY KEY); {}",
        statements.concat()
    );
    let mut hostile = Hostile::file(&statements, false).await;

    let failure = hostile.failure("DELETE FROM t0").await;

    assert_eq!(
        (&failure["kind"], &failure["message"]),
        (&json!("too_large"), &json!(TOO_DEEP))
    );
    hostile.works().await;
}

#[tokio::test]
async fn a_schema_whose_text_is_deep_is_not_opened() {
    let levels = |before: &str, after: &str, count: usize| {
        format!(
            "CREATE VIEW v AS SELECT * FROM {} t{}",
            before.repeat(count),
            after.repeat(count)
        )
    };
    for text in [
        levels("(SELECT * FROM", ")", 20_000),
        levels("(t,", ")", 80_000),
        levels("(t,", ")", 5_000),
    ] {
        let mut hostile = Hostile::file(&view(&text), true).await;
        // Nothing of it need be used for SQLite to read it.
        for _ in 0..2 {
            let failure = hostile.failure("SELECT 1").await;
            assert_eq!(
                (&failure["kind"], &failure["message"]),
                (
                    &json!("too_large"),
                    &json!(
                        "A view, trigger or table of the database file is nested too deep to be read safely."
                    )
                )
            );
        }
    }
}

#[tokio::test]
async fn a_schema_that_becomes_deep_while_it_is_open_is_not_read() {
    let mut hostile = Hostile::file("CREATE TABLE t (a)", true).await;
    hostile.works().await;
    let text = format!(
        "CREATE VIEW v AS SELECT * FROM {} t{}",
        "(t,".repeat(50_000),
        ")".repeat(50_000)
    );
    let mut beside = bare_sqlite(&hostile.scratch.path("hostile.db")).await;
    let change = format!(
        "PRAGMA writable_schema = ON; INSERT INTO sqlite_schema VALUES ('view', 'v', 'v', 0, '{text}'); PRAGMA schema_version = 99"
    );
    raw_sql(AssertSqlSafe(change))
        .execute(&mut beside)
        .await
        .unwrap();
    beside.close().await.unwrap();

    let failure = hostile.failure("SELECT * FROM t").await;

    assert_eq!(failure["kind"], "too_large");
}

#[tokio::test]
async fn a_schema_that_is_no_sql_is_a_damaged_file() {
    for text in [
        "CREATE VIEW v AS SELECT",
        "CREATE VIEW v AS SELECT 1 FROM (((",
        "CREATE gibberish",
        "CREATE TABLE v (a); DROP TABLE t",
    ] {
        let mut hostile = Hostile::file(&view(text), true).await;

        let failure = hostile.failure("SELECT 1").await;

        assert_eq!(
            (&failure["kind"], &failure["message"]),
            (
                &json!("unavailable"),
                &json!("The database file `hostile.db` is damaged.")
            ),
            "{text}"
        );
    }
}

#[tokio::test]
async fn json_of_a_hundred_thousand_levels_is_refused() {
    let mut hostile = Hostile::file("CREATE TABLE t (a)", true).await;
    let json = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for sql in [
        format!("SELECT json('{json}')"),
        format!("SELECT count(*) FROM json_tree('{json}')"),
    ] {
        let failure = hostile.failure(&sql).await;

        assert_eq!(
            (&failure["kind"], &failure["message"]),
            (&json!("invalid_sql"), &json!("malformed JSON"))
        );
    }
    hostile.works().await;
}

#[tokio::test]
async fn a_file_with_a_broken_page_is_answered_or_damaged() {
    // GIVEN a file of many pages
    let statements = format!(
        "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); CREATE INDEX i ON t (b);
         {} INSERT INTO t SELECT i, hex(randomblob(200)) FROM n",
        numbers(500)
    );
    let mut hostile = Hostile::file(&statements, true).await;
    let path = hostile.scratch.path("hostile.db");
    let whole = std::fs::read(&path).unwrap();
    let pages = whole.len() / 4096;
    assert!(pages > 40, "{pages}");

    for page in 0..pages {
        // WHEN one of them is not what it was
        let mut broken = whole.clone();
        for (at, byte) in broken[page * 4096..][..4096]
            .iter_mut()
            .enumerate()
            .skip(100)
        {
            *byte = u8::try_from(at * (page + 7) % 251).unwrap();
        }
        if page > 0 {
            broken[page * 4096..][..8].copy_from_slice(&[5, 255, 255, 0, 200, 0, 1, 0]);
        }
        std::fs::write(&path, &broken).unwrap();

        // THEN every read is answered, or the file is said to be damaged
        for sql in [
            "SELECT count(*), sum(length(b)) FROM t",
            "SELECT a FROM t INDEXED BY i WHERE b > 'A' ORDER BY b",
            "PRAGMA integrity_check",
        ] {
            let arguments = json!({"sql": sql});
            let answer = hostile.server.call("execute_query", arguments).await;
            if answer.is_error {
                assert_eq!(
                    answer.failure()["kind"],
                    "unavailable",
                    "{page}: {sql}: {}",
                    answer.text
                );
            }
        }
    }
}
