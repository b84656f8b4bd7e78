//! Names and plans, as `SQLite` itself takes and gives them.

use domain::{
    Cancel, FailureKind,
    connection::Database,
    query::{
        explained::{PlanNode, QueryPlan},
        plan::PlanTable,
    },
};
use support::{
    databases::{open, read},
    scratch::{Scratch, run_beside},
};

use super::helpers::{config, run, shop};

async fn plan(database: &Database, sql: &str) -> QueryPlan {
    let request = database.dialect.explain_request(sql, false).unwrap();
    let mut answer = PlanTable::default();
    let limits = domain::query::QueryLimits::default();
    let taken = run(database, &request, limits, &mut answer, &Cancel::new()).await;
    taken.unwrap();
    database.dialect.query_plan(&answer).unwrap()
}

fn step(node: &PlanNode) -> (&str, Option<&str>, Option<&str>, bool) {
    (
        &node.step,
        node.table.as_deref(),
        node.index.as_deref(),
        node.is_full_scan,
    )
}

#[tokio::test]
async fn a_join_is_told_step_by_step() {
    let scratch = Scratch::new();
    let database = open(shop(&scratch).await).await;

    let plan = plan(
        &database,
        "; SELECT c.name, o.total FROM orders o JOIN customers c ON c.id = o.customer ORDER BY o.total",
    )
    .await;

    let steps: Vec<_> = plan.root.children.iter().map(step).collect();
    assert_eq!(
        steps,
        [
            ("SCAN", Some("o"), None, true),
            ("SEARCH", Some("c"), Some("PRIMARY KEY"), false),
            ("USE TEMP B-TREE FOR ORDER BY", None, None, false),
        ]
    );
    assert_eq!(plan.root.children[1].condition.as_deref(), Some("rowid=?"));
}

#[tokio::test]
async fn what_a_scan_reads_from_within_the_statement_is_no_table() {
    let scratch = Scratch::new();
    let database = open(shop(&scratch).await).await;

    let plan = plan(
        &database,
        "WITH t AS MATERIALIZED (SELECT customer, count(*) n FROM orders GROUP BY 1) SELECT * FROM t WHERE n > 1",
    )
    .await;

    let made = &plan.root.children[0];
    assert_eq!(step(made), ("MATERIALIZE t", None, None, false));
    assert_eq!(
        step(&made.children[0]),
        ("SCAN", Some("orders"), None, true)
    );
    assert_eq!(
        step(&plan.root.children[1]),
        ("SCAN", Some("t"), None, false)
    );
}

#[tokio::test]
async fn a_write_is_explained_and_not_done() {
    let scratch = Scratch::new();
    let database = open(shop(&scratch).await).await;

    let plan = plan(&database, "DELETE FROM orders WHERE id = 1").await;

    assert_eq!(
        step(&plan.root.children[0]),
        ("SEARCH", Some("orders"), Some("PRIMARY KEY"), false)
    );
}

#[tokio::test]
async fn what_cannot_be_explained_is_refused_with_a_hint() {
    let scratch = Scratch::new();
    let database = open(shop(&scratch).await).await;
    for (sql, analyze, kind, hint) in [
        (
            "SELECT 1",
            true,
            FailureKind::Unsupported,
            "Leave `analyze` out to see the plan; execute_query runs the statement.",
        ),
        (
            "explain query plan SELECT 1",
            false,
            FailureKind::InvalidArgument,
            "Send the statement alone, without EXPLAIN.",
        ),
        (
            "PRAGMA user_version",
            false,
            FailureKind::InvalidArgument,
            "Plans are for SELECT, VALUES, WITH, INSERT, UPDATE, DELETE and REPLACE.",
        ),
    ] {
        let failure = database.dialect.explain_request(sql, analyze).unwrap_err();
        assert_eq!(
            (failure.kind, failure.hint.as_deref()),
            (kind, Some(hint)),
            "{sql}"
        );
    }
}

#[tokio::test]
async fn a_quoted_name_is_the_name_that_it_was() {
    let scratch = Scratch::new();
    run_beside(&scratch.path("file.db"), "CREATE TABLE t (a)").await;
    let database = open(config(&scratch.path("file.db"))).await;
    for name in [
        "plain",
        "select",
        "Order",
        "key",
        "a b",
        "a\"b",
        "a'b",
        "[a]",
        "`a`",
        "größe",
        "1st",
        "a.b",
        "--",
        "/*",
        "NULL",
        "current_date",
        "_rowid_",
        "$a",
        "a;b",
        "\n",
    ] {
        let quoted = database.dialect.quoted(name);
        let sql = format!("SELECT 1 AS {quoted} FROM (SELECT 2 AS {quoted}) WHERE {quoted} = 2");

        let rows = read(&database, &sql, vec![]).await.unwrap();

        assert_eq!((rows.columns[0].name.as_str(), rows.rows.len()), (name, 1));
    }
}
