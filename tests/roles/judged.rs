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

/// What may be read, and a change after which it would show what is hidden.
const CHANGES: [(&str, &str); 14] = [
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
        "SELECT id, note FROM orders",
        "DROP TABLE {s}.orders CASCADE; CREATE VIEW {s}.orders AS SELECT id, amount AS note FROM {s}.salaries",
    ),
    (
        "SELECT note FROM events",
        "ALTER TABLE {s}.events ATTACH PARTITION {s}.salaries_of_events FOR VALUES FROM (1) TO (9)",
    ),
    (
        "SELECT note FROM orders",
        "ALTER TABLE {s}.salaries_of_events INHERIT {s}.orders",
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
        for (sql, change) in CHANGES {
            let mut home = Home::new(key).await;
            for _ in 0..3 {
                home.ask(sql).await.expect(sql);
            }

            home.change(change).await;

            for _ in 0..3 {
                is_kept(home.ask(sql).await, change);
            }
            home.gone().await;
        }
    }
);

on_postgres!(
    what_the_session_itself_changes_counts_for_a_statement_that_was_judged,
    async |key: &str| {
        for (sql, change) in CHANGES {
            let home = Home::new(key).await;
            for _ in 0..3 {
                home.ask(sql).await.expect(sql);
            }

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
        for moments in [1, 300] {
            let mut home = Home::new(key).await;
            let sql = "SELECT note FROM notes";
            // GIVEN a statement that was judged, and often enough that a quiet server is asked for its snapshot alone
            for _ in 0..moments {
                home.ask(sql).await.unwrap();
                tokio::time::sleep(Duration::from_millis(4)).await;
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
            let statement = Statement::new(sql.to_owned(), vec![]).unwrap();
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
        for _ in 0..3 {
            home.ask(sql).await.unwrap();
        }

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
