//! Indexes that are planned with although nobody has made them, where the extension hypopg is there.

use application::use_cases::ExplainQuery;
use domain::{
    Cancel, Failure, FailureKind,
    cancel::CancelReason,
    connection::Database,
    query::{IndexTrial, PlanReport, QueryLimits, Statement, plan::PlanTable},
};
use serde_json::json;
use support::{
    databases::{open, opened},
    on_postgres,
    rows::Owned,
    waiting::until,
};

use super::{
    helpers::{number, one},
    house::House,
};

/// A table of 20,000 rows that the role may read, one that it may not, and, if the server has it, the extension.
async fn house(server: &str) -> (House, bool) {
    let mut house = House::on(server).await;
    house
        .run(
            "CREATE TABLE orders AS SELECT n AS id, n % 1000 AS customer_id, 'new' AS status FROM generate_series(1, 20000) AS n;
             ANALYZE orders; CREATE TABLE kept (id int); GRANT SELECT ON orders TO {role}",
        )
        .await;
    let available = "SELECT name FROM pg_available_extensions WHERE name = 'hypopg'";
    let available = !house.texts(available).await.is_empty();
    if available {
        // In a schema that no path leads to.
        house
            .run("CREATE SCHEMA \"Of tools\"; CREATE EXTENSION hypopg SCHEMA \"Of tools\"; GRANT USAGE ON SCHEMA \"Of tools\" TO {role}")
            .await;
    }
    (house, available)
}

/// A database with one session, so that each call sees what the one before has left.
async fn only_session(house: &House) -> Database {
    let mut config = house.config(&house.name);
    config.pool.max_connections = 1;
    open(config).await
}

const QUESTION: &str = "SELECT * FROM orders WHERE customer_id = $1";

async fn explain(
    database: &Database,
    indexes: &[&str],
    analyze: bool,
) -> Result<PlanReport, Failure> {
    let explain = ExplainQuery {
        statement: Statement::new(QUESTION.to_owned(), vec![json!(7)])?,
        analyze,
        try_indexes: indexes.iter().map(|index| (*index).to_owned()).collect(),
    };
    explain.execute(&opened(database), &Cancel::new()).await
}

async fn trial(database: &Database, indexes: &[&str]) -> IndexTrial {
    let report = explain(database, indexes, false).await.unwrap();
    report.with_indexes.unwrap()
}

async fn refused(database: &Database, index: &str) -> Failure {
    explain(database, &[index], false).await.unwrap_err()
}

/// How many indexes the session takes as there.
async fn left(database: &Database) -> Owned {
    one(database, "SELECT count(*) FROM \"Of tools\".hypopg()").await
}

on_postgres!(
    the_plan_is_told_with_indexes_that_are_not_there_and_nothing_is_left,
    async |server: &str| {
        let (house, available) = house(server).await;
        let database = only_session(&house).await;
        if available {
            let indexes = [
                "CREATE INDEX ON orders (status)",
                "CREATE INDEX of_customers ON orders USING btree (customer_id DESC) INCLUDE (id) WHERE customer_id > 0;",
            ];
            let trial = trial(&database, &indexes).await;

            let used: Vec<bool> = trial.indexes.iter().map(|index| index.used).collect();
            assert_eq!(used, [false, true], "{trial:?}");
            assert!(trial.cost_with < trial.cost_without, "{trial:?}");
            assert!(
                trial
                    .indexes
                    .iter()
                    .all(|index| index.estimated_bytes > Some(0))
            );
            assert_eq!(trial.indexes[1].index, indexes[1].trim_end_matches(';'));
            assert!(
                trial
                    .plan
                    .iter()
                    .any(|step| step.contains("index 2 of these")),
                "{trial:?}"
            );
            assert_eq!(left(&database).await, number("0"));
        }
        database.pool.close().await;
        house.leave(&[]).await;
    }
);

on_postgres!(
    what_came_of_an_index_is_told_in_these_words,
    async |server: &str| {
        let (house, available) = house(server).await;
        let database = only_session(&house).await;
        if available {
            let index = "CREATE INDEX ON orders (customer_id)";
            let report = explain(&database, &[index], false).await.unwrap();
            let mut told = serde_json::to_value(report).unwrap();

            let trial = &mut told["withIndexes"];
            let plan = trial["plan"].take();
            assert!(plan[0].as_str().unwrap().starts_with("1 "), "{plan}");
            for number in ["costWith", "costWithout"] {
                assert!(trial[number].take().is_number(), "{number}");
            }
            let bytes = trial["indexes"][0]["estimatedBytes"].take();
            assert!(bytes.as_u64() >= Some(8_192), "{bytes}");
            assert_eq!(
                *trial,
                json!({
                    "costWith": null,
                    "costWithout": null,
                    "indexes": [{ "index": index, "used": true, "estimatedBytes": null }],
                    "plan": null,
                })
            );
        }
        database.pool.close().await;
        house.leave(&[]).await;
    }
);

on_postgres!(
    however_a_call_ends_no_index_is_left,
    async |server: &str| {
        let (mut house, available) = house(server).await;
        let database = only_session(&house).await;
        if available {
            let indexes = vec!["CREATE INDEX ON orders (customer_id)".to_owned()];
            let run = async |sql: &str, cancel: &Cancel| {
                let request = Statement {
                    indexes: indexes.clone(),
                    ..Statement::new(format!("EXPLAIN {sql}"), vec![]).unwrap()
                };
                let mut answer = PlanTable::default();
                let limits = QueryLimits::default();
                let runner = &database.query_runner;
                let outcome = runner
                    .run_read(&request, &limits, &mut answer, cancel)
                    .await;
                outcome.unwrap_err().kind
            };

            // GIVEN one that fails, and one that is cancelled while it waits for a lock
            let failed = run("SELECT * FROM missing", &Cancel::new()).await;
            let after_failing = left(&database).await;
            house
                .run("GRANT SELECT ON kept TO {role}; BEGIN; LOCK TABLE kept")
                .await;
            let cancel = Cancel::new();
            let waiting = "SELECT count(*)::text FROM pg_locks WHERE NOT granted AND relation = 'kept'::regclass";
            let (cancelled, ()) = tokio::join!(run("SELECT * FROM kept", &cancel), async {
                until("it waits", async || house.texts(waiting).await == ["1"]).await;
                cancel.fire(CancelReason::Client);
            });
            house.run("COMMIT").await;

            // THEN the next call on the only session sees none
            assert_eq!(failed, FailureKind::InvalidSql);
            assert_eq!(cancelled, FailureKind::Cancelled);
            assert_eq!(after_failing, number("0"));
            assert_eq!(left(&database).await, number("0"));
        }
        database.pool.close().await;
        house.leave(&[]).await;
    }
);

on_postgres!(
    what_cannot_be_tried_is_told_with_what_to_do,
    async |server: &str| {
        let (house, available) = house(server).await;
        let database = only_session(&house).await;

        let unknown = refused(&database, "CREATE INDEX ON orders (custmer_id)").await;
        assert_eq!(
            (unknown.kind, unknown.message.as_str()),
            (
                FailureKind::InvalidSql,
                "In `CREATE INDEX ON orders (custmer_id)`: column \"custmer_id\" does not exist"
            )
        );
        assert_eq!(unknown.position, None);
        let kept = refused(&database, "CREATE INDEX ON kept (id)").await;
        assert_eq!(kept.kind, FailureKind::NotAllowed, "{kept:?}");
        let other = refused(&database, "DROP TABLE orders").await;
        assert_eq!(other.kind, FailureKind::InvalidArgument);
        let acting = "CREATE INDEX ON orders ((pg_advisory_lock(id)))";
        assert_eq!(
            refused(&database, acting).await.kind,
            FailureKind::NotAllowed
        );
        let analyzed = explain(&database, &["CREATE INDEX ON orders (id)"], true).await;
        assert_eq!(analyzed.unwrap_err().kind, FailureKind::InvalidArgument);
        let many = explain(&database, &["CREATE INDEX ON orders (id)"; 6], false).await;
        assert_eq!(many.unwrap_err().hint.as_deref(), Some("Try up to 5."));
        if available {
            let method = refused(&database, "CREATE INDEX ON orders USING gist (id)").await;
            assert_eq!(
                (method.kind, method.message.as_str()),
                (
                    FailureKind::InvalidArgument,
                    "`CREATE INDEX ON orders USING gist (id)` cannot be planned with: access method \"gist\" is not supported."
                )
            );
            assert_eq!(left(&database).await, number("0"));
        }
        database.pool.close().await;
        house.leave(&[]).await;
    }
);

on_postgres!(
    a_database_without_the_extension_says_so,
    async |server: &str| {
        let mut house = House::on(server).await;
        house
            .run("CREATE TABLE orders (customer_id int); GRANT SELECT ON orders TO {role}")
            .await;
        let database = only_session(&house).await;

        let failure = refused(&database, "CREATE INDEX ON orders (customer_id)").await;

        assert_eq!(failure.kind, FailureKind::Unsupported);
        assert_eq!(
            failure.hint.as_deref(),
            Some(
                "Whoever administers the database can run CREATE EXTENSION hypopg. Leave the indexes out; the plan's warnings tell which scans lack one."
            )
        );
        database.pool.close().await;
        house.leave(&[]).await;
    }
);
