//! On PostgreSQL a statement that was judged is held to what it was judged by, whatever changes meanwhile.

use std::{sync::Arc, time::Duration};

use domain::{
    Cancel, Failure, FailureKind,
    access::{TablePattern, TableRules, Tables},
    connection::Database,
    query::{ActsAs, QueryLimits, Statement},
};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, raw_sql};
use support::{
    databases::{config, open, read, server_variable, unique, writable, write},
    on_postgres,
    rows::{Owned, Rows},
    waiting::until,
};

use super::asking::SECRET;

/// Two schemas, of which the first stands before the other on the way to a table, a role of the database, and a connection of one
/// session whose caller sees what is not of salaries, and nothing of the first.
struct Home {
    name: String,
    admin: PgConnection,
    limited: Database,
    tables: Tables,
}

const TABLES: [&str; 22] = [
    "CREATE SCHEMA {s}_early",
    "CREATE SCHEMA {s}",
    "CREATE ROLE {s}",
    "CREATE ROLE {s}_group",
    "CREATE TABLE {s}.salaries (id int, amount text)",
    "INSERT INTO {s}.salaries VALUES (1, 'S3CR3T')",
    "CREATE TABLE {s}.orders (id int, note text)",
    "INSERT INTO {s}.orders VALUES (1, 'a')",
    "CREATE TABLE {s}_early.named (id int, note text)",
    "INSERT INTO {s}_early.named VALUES (1, 'S3CR3T')",
    "CREATE VIEW {s}.notes AS SELECT note FROM {s}.orders",
    "CREATE VIEW {s}.notes_of_notes AS SELECT note FROM {s}.notes",
    "CREATE TABLE {s}.events (id int, note text) PARTITION BY RANGE (id)",
    "CREATE TABLE {s}.salaries_of_events (id int, note text)",
    "INSERT INTO {s}.salaries_of_events VALUES (1, 'S3CR3T')",
    "CREATE TYPE {s}.box AS (got text)",
    "CREATE FUNCTION {s}.amount(int) RETURNS text LANGUAGE sql STABLE AS 'SELECT amount FROM {s}.salaries'",
    "CREATE FUNCTION {s}.amount(int, int) RETURNS text LANGUAGE sql STABLE AS 'SELECT amount FROM {s}.salaries'",
    "CREATE FUNCTION {s}.boxed(int) RETURNS {s}.box LANGUAGE sql STABLE AS 'SELECT ROW(amount)::{s}.box FROM {s}.salaries'",
    "CREATE TABLE {s}.ruled (id int, note text)",
    "ALTER TABLE {s}.ruled ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY of_group ON {s}.ruled TO {s}_group USING (EXISTS (SELECT FROM {s}.salaries))",
];

impl Home {
    async fn new(key: &str) -> Self {
        let name = unique("judged");
        let mut admin = PgConnection::connect(&server_variable(key, "URL"))
            .await
            .unwrap();
        for sql in TABLES {
            run(&mut admin, &sql.replace("{s}", &name)).await;
        }
        let grants = "CREATE POLICY everybody ON {s}.ruled USING (true);\
             GRANT USAGE ON SCHEMA {s}, {s}_early TO {s};GRANT SELECT ON ALL TABLES IN SCHEMA {s} TO {s}";
        run(&mut admin, &grants.replace("{s}", &name)).await;
        let mut config = writable(config(key));
        config.pool.max_connections = 1;
        config.schema = Some(format!("{name}_early, {name}"));
        Self {
            limited: open(config).await,
            tables: Tables {
                rules: vec![TableRules {
                    allow: vec![TablePattern::parse(&format!("{name}.*"))],
                    deny: vec![TablePattern::parse("salaries*")],
                }],
                functions: Vec::new(),
            },
            name,
            admin,
        }
    }

    async fn ask(&self, sql: &str) -> Result<Rows, Failure> {
        self.ask_with(sql, vec![]).await
    }

    async fn ask_with(&self, sql: &str, params: Vec<Value>) -> Result<Rows, Failure> {
        self.ask_as(&self.tables, None, sql, params).await
    }

    async fn ask_as(
        &self,
        tables: &Tables,
        role: Option<&str>,
        sql: &str,
        params: Vec<Value>,
    ) -> Result<Rows, Failure> {
        let mut statement = Statement::new(sql.replace("{s}", &self.name), params)?;
        statement.acts_as = role.map(|role| {
            Arc::new(ActsAs {
                role: Some(role.to_owned()),
                settings: Vec::new(),
                on_behalf_of: None,
            })
        });
        let mut rows = Rows::up_to(100);
        self.limited
            .query_runner
            .read_granted(
                &statement,
                tables,
                &QueryLimits::default(),
                &mut rows,
                &Cancel::new(),
            )
            .await?;
        Ok(rows)
    }

    /// Asks until the server keeps the statement, which it then was seen to run by its name alone.
    async fn ask_until_it_is_kept(&mut self, sql: &str) -> Rows {
        let Rows { rows, .. } = read(&self.limited, "SELECT pg_backend_pid()::text", vec![])
            .await
            .unwrap();
        let Owned::Text(session) = &rows[0][0] else {
            panic!("{rows:?}");
        };
        let last = format!("SELECT query FROM pg_stat_activity WHERE pid = {session}");
        for _ in 0..10_000 {
            let rows = self.ask(sql).await.expect(sql);
            let message: String = sqlx::query_scalar(AssertSqlSafe(last.clone()))
                .fetch_one(&mut self.admin)
                .await
                .unwrap();
            if message.contains("EXECUTE portolan_same_") && !message.contains("PREPARE") {
                return rows;
            }
        }
        panic!("{sql} is never kept");
    }

    async fn change(&mut self, sql: &str) {
        run(&mut self.admin, &sql.replace("{s}", &self.name)).await;
    }

    async fn gone(mut self) {
        self.limited.pool.close().await;
        self.change(
            "DROP SCHEMA {s}_early CASCADE;DROP SCHEMA {s} CASCADE;DROP ROLE {s};DROP ROLE {s}_group",
        )
        .await;
    }
}

async fn run(connection: &mut PgConnection, sql: &str) {
    let done = raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(connection)
        .await;
    done.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// What may be read, and a change to what it reads, after which it would show what is hidden.
const CHANGES: [(&str, &str); 8] = [
    (
        "SELECT note FROM notes",
        "CREATE OR REPLACE VIEW {s}.notes AS SELECT amount AS note FROM {s}.salaries",
    ),
    (
        "SELECT note FROM notes_of_notes",
        "CREATE OR REPLACE VIEW {s}.notes AS SELECT amount AS note FROM {s}.salaries",
    ),
    (
        "SELECT note FROM notes",
        "CREATE OR REPLACE VIEW {s}.notes AS SELECT query_to_xml('SELECT * FROM {s}.salaries', true, true, '')::text AS note",
    ),
    (
        "SELECT note FROM notes",
        "CREATE OR REPLACE VIEW {s}.notes AS SELECT {s}.amount(1) AS note",
    ),
    (
        "SELECT note FROM notes",
        "DROP VIEW {s}.notes_of_notes, {s}.notes; CREATE VIEW {s}.notes AS SELECT amount AS note FROM {s}.salaries",
    ),
    (
        "SELECT id, note FROM orders",
        "DROP TABLE {s}.orders CASCADE; CREATE VIEW {s}.orders AS SELECT id, amount AS note FROM {s}.salaries",
    ),
    (
        "SELECT max(note) FROM events",
        "ALTER TABLE {s}.events ATTACH PARTITION {s}.salaries_of_events FOR VALUES FROM (1) TO (9)",
    ),
    (
        "SELECT note FROM orders",
        "ALTER TABLE {s}.salaries_of_events INHERIT {s}.orders",
    ),
];

/// The same by something that it would read now, and has not read before.
const ADDITIONS: [(&str, &str); 6] = [
    (
        "SELECT id, note FROM orders",
        "CREATE TABLE {s}_early.orders AS SELECT * FROM {s}_early.named",
    ),
    (
        "SELECT id, note FROM orders",
        "ALTER TABLE {s}_early.named RENAME TO orders",
    ),
    (
        "SELECT id, note FROM orders",
        "CREATE VIEW {s}_early.orders AS SELECT * FROM {s}_early.named",
    ),
    (
        "SELECT lower(note) FROM orders",
        "CREATE FUNCTION {s}.lower(int) RETURNS text LANGUAGE sql STABLE AS 'SELECT amount FROM {s}.salaries'",
    ),
    (
        "SELECT id || 'x' FROM orders",
        "CREATE OPERATOR {s}.|| (FUNCTION = {s}.amount, LEFTARG = int, RIGHTARG = int)",
    ),
    (
        "SELECT NULL::box FROM orders",
        "CREATE CAST (int AS {s}.box) WITH FUNCTION {s}.boxed(int)",
    ),
];

/// By what a statement is held to its judgement.
enum Way {
    Answers,
    Moment,
    Kept,
}

fn is_kept(answer: Result<Rows, Failure>, sql: &str) {
    match answer {
        Ok(rows) => panic!("{sql}: {:?}", rows.rows),
        Err(failure) => assert!(
            !format!("{failure:?}").contains(SECRET) && failure.kind != FailureKind::Busy,
            "{sql}: {failure:?}"
        ),
    }
}

on_postgres!(
    what_another_session_changes_counts_for_a_statement_that_was_judged,
    async |key: &str| {
        for (sql, change) in CHANGES.into_iter().chain(ADDITIONS) {
            let mut home = Home::new(key).await;
            home.ask(sql).await.expect(sql);

            home.change(change).await;

            for _ in 0..3 {
                is_kept(home.ask(sql).await, change);
            }
            home.gone().await;
        }
    }
);

on_postgres!(
    what_another_session_changes_counts_at_once_for_a_statement_that_the_server_keeps,
    async |key: &str| {
        for (sql, change) in CHANGES {
            let mut home = Home::new(key).await;
            home.ask_until_it_is_kept(sql).await;

            home.change(change).await;

            for _ in 0..3 {
                is_kept(home.ask(sql).await, change);
            }
            home.gone().await;
        }
    }
);

on_postgres!(
    what_is_added_is_never_read_by_a_statement_that_the_server_keeps,
    async |key: &str| {
        for (sql, addition) in ADDITIONS {
            let mut home = Home::new(key).await;
            let before = home.ask_until_it_is_kept(sql).await;

            home.change(addition).await;

            until("it is judged anew", async || match home.ask(sql).await {
                Ok(rows) => {
                    assert_eq!(rows.rows, before.rows, "{addition}");
                    false
                }
                refused => {
                    is_kept(refused, addition);
                    true
                }
            })
            .await;
            home.gone().await;
        }
    }
);

on_postgres!(
    what_the_session_itself_changes_counts_for_a_statement_that_was_judged,
    async |key: &str| {
        for (sql, change) in CHANGES.into_iter().chain(ADDITIONS) {
            let mut home = Home::new(key).await;
            home.ask_until_it_is_kept(sql).await;

            for part in change.replace("{s}", &home.name).split(';') {
                write(&home.limited, part, vec![]).await.expect(change);
            }

            for _ in 0..3 {
                is_kept(home.ask(sql).await, change);
            }
            home.gone().await;
        }
    }
);

on_postgres!(
    a_statement_with_parameters_is_held_to_its_judgement_too,
    async |key: &str| {
        let mut home = Home::new(key).await;
        let sql = "SELECT note FROM notes WHERE note <> $1";
        for value in ["b", "c", "a"] {
            home.ask_with(sql, vec![json!(value)]).await.unwrap();
        }

        home.change("CREATE OR REPLACE VIEW {s}.notes AS SELECT amount AS note FROM {s}.salaries")
            .await;

        for value in ["b", "c"] {
            is_kept(home.ask_with(sql, vec![json!(value)]).await, sql);
        }
        home.gone().await;
    }
);

on_postgres!(
    what_a_policy_reads_counts_for_a_statement_that_was_judged,
    async |key: &str| {
        for change in [
            "GRANT {s}_group TO {s}",
            "ALTER POLICY everybody ON {s}.ruled USING (EXISTS (SELECT FROM {s}.salaries))",
            "CREATE POLICY another ON {s}.ruled USING (EXISTS (SELECT FROM {s}.salaries))",
        ] {
            let mut home = Home::new(key).await;
            let role = home.name.clone();
            let sql = "SELECT note FROM ruled";
            for _ in 0..3 {
                home.ask_as(&home.tables, Some(&role), sql, vec![])
                    .await
                    .expect(change);
            }

            home.change(change).await;

            for _ in 0..3 {
                is_kept(
                    home.ask_as(&home.tables, Some(&role), sql, vec![]).await,
                    change,
                );
            }
            home.gone().await;
        }
    }
);

on_postgres!(
    a_change_that_is_under_way_is_waited_for_and_counts,
    async |key: &str| {
        for way in [Way::Answers, Way::Moment, Way::Kept] {
            let mut home = Home::new(key).await;
            // GIVEN a statement that was judged, for a quiet server often enough that it is asked for its snapshot alone
            let (sql, params) = match way {
                Way::Moment => ("SELECT note FROM notes WHERE note <> $1", vec![json!("b")]),
                Way::Answers | Way::Kept => ("SELECT note FROM notes", vec![]),
            };
            match way {
                Way::Answers => drop(home.ask(sql).await.unwrap()),
                Way::Kept => drop(home.ask_until_it_is_kept(sql).await),
                Way::Moment => {
                    for _ in 0..300 {
                        home.ask_with(sql, params.clone()).await.unwrap();
                        tokio::time::sleep(Duration::from_millis(4)).await;
                    }
                }
            }
            // WHEN it waits for a change that is made visible only then
            home.change(
                "BEGIN;CREATE OR REPLACE VIEW {s}.notes AS SELECT amount AS note FROM {s}.salaries",
            )
            .await;
            let schema = home.name.clone();
            let mut watching = PgConnection::connect(&server_variable(key, "URL"))
                .await
                .unwrap();
            let waits = format!(
                "SELECT count(*)::text FROM pg_locks WHERE NOT granted AND relation = '{schema}.notes'::regclass"
            );
            let admin = &mut home.admin;
            let commit = async {
                until("it waits", async || {
                    let count: String = sqlx::query_scalar(AssertSqlSafe(waits.clone()))
                        .fetch_one(&mut watching)
                        .await
                        .unwrap();
                    count == "1"
                })
                .await;
                run(admin, "COMMIT").await;
            };
            let statement = Statement::new(sql.to_owned(), params).unwrap();
            let mut rows = Rows::up_to(100);
            let (cancel, limits) = (Cancel::new(), QueryLimits::default());
            let asked = home.limited.query_runner.read_granted(
                &statement,
                &home.tables,
                &limits,
                &mut rows,
                &cancel,
            );

            let (answer, ()) = tokio::join!(asked, commit);

            // THEN it is judged by what has become of it
            is_kept(answer.map(|_| rows), sql);
            home.gone().await;
        }
    }
);

on_postgres!(
    a_change_that_hides_nothing_is_answered_as_it_is_then,
    async |key: &str| {
        let mut home = Home::new(key).await;
        let sql = "SELECT note FROM notes";
        let before = home.ask(sql).await.unwrap();

        home.change(
            "CREATE OR REPLACE VIEW {s}.notes AS SELECT upper(note) AS note FROM {s}.orders",
        )
        .await;
        let after = home.ask(sql).await.unwrap();
        home.change("CREATE OR REPLACE VIEW {s}.notes AS SELECT amount AS note FROM {s}.salaries")
            .await;
        is_kept(home.ask(sql).await, sql);
        home.change("CREATE OR REPLACE VIEW {s}.notes AS SELECT note FROM {s}.orders")
            .await;
        let again = home.ask(sql).await.unwrap();

        let text = |text: &str| vec![vec![Owned::Text(text.to_owned())]];
        assert_eq!(
            (before.rows, after.rows, again.rows),
            (text("a"), text("A"), text("a"))
        );
        home.gone().await;
    }
);

on_postgres!(
    what_one_caller_may_read_is_judged_for_another_by_itself,
    async |key: &str| {
        let home = Home::new(key).await;
        let sql = "SELECT amount FROM {s}.salaries";
        let all = Tables {
            rules: vec![TableRules {
                allow: vec![TablePattern::parse("*")],
                deny: vec![],
            }],
            functions: Vec::new(),
        };

        for _ in 0..3 {
            home.ask_as(&all, None, sql, vec![]).await.unwrap();
            let failure = home.ask(sql).await.unwrap_err();
            let message = format!("relation \"{}.salaries\" does not exist", home.name);
            assert_eq!(failure.message, message);
        }
        home.gone().await;
    }
);

on_postgres!(
    nobody_else_answers_in_the_place_of_our_questions,
    async |key: &str| {
        let mut home = Home::new(key).await;
        let sql = "SELECT note FROM notes";
        home.ask_until_it_is_kept(sql).await;

        // What a function may do in a session that others use too.
        let prepared = "SELECT name FROM pg_prepared_statements";
        let names = read(&home.limited, prepared, vec![]).await.unwrap();
        let mut taken = 0;
        for name in names.rows.iter().flatten() {
            let Owned::Text(name) = name else { continue };
            let free = format!("DEALLOCATE \"{name}\"");
            let take = format!("PREPARE \"{name}\" AS SELECT NULL::text");
            let freed = read(&home.limited, &free, vec![]).await;
            let took = read(&home.limited, &take, vec![]).await;
            taken += usize::from(freed.is_ok() && took.is_ok());
        }
        home.change("CREATE OR REPLACE VIEW {s}.notes AS SELECT amount AS note FROM {s}.salaries")
            .await;

        assert!(taken > 3, "{taken} of {:?}", names.rows);
        is_kept(home.ask(sql).await, sql);
        home.change("CREATE OR REPLACE VIEW {s}.notes AS SELECT note FROM {s}.orders")
            .await;
        home.ask(sql).await.unwrap();
        home.gone().await;
    }
);

on_postgres!(
    nothing_that_was_asked_of_the_server_can_be_read_by_the_statement,
    async |key: &str| {
        let home = Home::new(key).await;
        let sql = "SELECT current_setting('portolan.expected', true), current_setting('portolan.touched', true) FROM orders";

        for _ in 0..3 {
            let told = home.ask(sql).await.unwrap();
            let nothing = Owned::Text(String::new());
            assert_eq!(told.rows, [[nothing.clone(), nothing]]);
        }
        home.gone().await;
    }
);

on_postgres!(a_table_with_partitions_is_not_kept, async |key: &str| {
    let mut home = Home::new(key).await;
    home.change(
            "CREATE TABLE {s}.events_early PARTITION OF {s}.events FOR VALUES FROM (1) TO (9) PARTITION BY RANGE (id)",
        )
        .await;
    let sql = "SELECT note FROM events";
    for _ in 0..50 {
        home.ask(sql).await.unwrap();
    }

    home.change("ALTER TABLE {s}.events_early ATTACH PARTITION {s}.salaries_of_events FOR VALUES FROM (1) TO (2)")
            .await;

    is_kept(home.ask(sql).await, sql);
    home.gone().await;
});

on_postgres!(
    a_word_that_becomes_a_moment_is_the_moment_of_its_call,
    async |key: &str| {
        let home = Home::new(key).await;
        let mut seen = Vec::new();

        for _ in 0..50 {
            let sql = "SELECT CAST('now' AS timestamptz)::text FROM orders";
            let mut rows = home.ask(sql).await.unwrap().rows;
            seen.push(format!("{:?}", rows.remove(0)));
        }

        seen.dedup();
        assert_eq!(seen.len(), 50);
        home.gone().await;
    }
);

on_postgres!(
    a_change_by_the_session_itself_does_not_cost_it_the_session,
    async |key: &str| {
        let mut home = Home::new(key).await;
        let sql = "SELECT note FROM notes";
        let session = "SELECT pg_backend_pid()";
        home.ask_until_it_is_kept(sql).await;
        let before = read(&home.limited, session, vec![]).await.unwrap();
        home.ask_until_it_is_kept(sql).await;

        let insert = format!("INSERT INTO {}.orders VALUES (2, 'b')", home.name);
        write(&home.limited, &insert, vec![]).await.unwrap();

        assert_eq!(home.ask(sql).await.unwrap().rows.len(), 2);
        let after = read(&home.limited, session, vec![]).await.unwrap();
        assert_eq!(after.rows, before.rows);
        home.gone().await;
    }
);

on_postgres!(
    a_kept_statement_fails_with_the_words_that_it_fails_with_by_itself,
    async |key: &str| {
        let mut home = Home::new(key).await;
        let sql = "SELECT sum(1 / (id - 1)) FROM orders WHERE id < 2";
        home.change("DELETE FROM {s}.orders").await;
        home.ask_until_it_is_kept(sql).await;

        home.change("INSERT INTO {s}.orders VALUES (1, 'a')").await;
        let kept = home.ask(sql).await.unwrap_err();
        home.change("ANALYZE {s}.orders").await;
        let anew = home.ask(sql).await.unwrap_err();

        assert_eq!(kept.message, "division by zero");
        assert_eq!(format!("{kept:?}"), format!("{anew:?}"));
        home.gone().await;
    }
);
