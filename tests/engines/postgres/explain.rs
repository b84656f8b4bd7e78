//! Plans, as the server gives them.

use domain::{
    Cancel, FailureKind,
    connection::Database,
    query::{PlanNode, QueryLimits, QueryPlan, Statement, plan::PlanTable},
};
use serde_json::{Value, json};
use support::{
    databases::{config, open, unique, writable, write},
    on_postgres,
    pooler::Pooler,
};

async fn explained(database: &Database, sql: &str, params: Vec<Value>, analyze: bool) -> QueryPlan {
    let request = Statement {
        sql: database.dialect.explain_request(sql, analyze).unwrap(),
        params,
        acts_as: None,
        indexes: Vec::new(),
    };
    let mut answer = PlanTable::default();
    database
        .query_runner
        .run_read(
            &request,
            &QueryLimits::default(),
            &mut answer,
            &Cancel::new(),
        )
        .await
        .unwrap_or_else(|failure| panic!("{sql}: {failure:?}"));
    database.dialect.query_plan(&answer).unwrap()
}

fn steps(node: &PlanNode) -> Vec<&PlanNode> {
    let mut all = vec![node];
    all.extend(node.children.iter().flat_map(steps));
    all
}

fn step<'a>(plan: &'a QueryPlan, name: &str) -> &'a PlanNode {
    steps(&plan.root)
        .into_iter()
        .find(|step| step.step == name)
        .unwrap_or_else(|| panic!("{name}: {plan:#?}"))
}

/// A table of 2,000 rows with an index, and its name; it is dropped with [`drop_table`].
async fn table(server: &str) -> (Database, String) {
    let name = unique("Explained");
    let database = open(writable(config(server))).await;
    for sql in [
        format!("CREATE TABLE \"{name}\" (id int PRIMARY KEY, part int NOT NULL)"),
        format!("INSERT INTO \"{name}\" SELECT n, n % 20 FROM generate_series(1, 2000) AS n"),
        format!("ANALYZE \"{name}\""),
    ] {
        write(&database, &sql, vec![]).await.unwrap();
    }
    (database, name)
}

async fn drop_table(database: &Database, name: &str) {
    write(database, &format!("DROP TABLE \"{name}\""), vec![])
        .await
        .unwrap();
}

on_postgres!(a_plan_tells_what_is_expected, async |server: &str| {
    let (database, name) = table(server).await;

    let plan = explained(
        &database,
        &format!("SELECT * FROM \"{name}\" t WHERE part = 3 -- and no more"),
        vec![],
        false,
    )
    .await;

    assert_eq!(plan.root.step, "Seq Scan");
    assert_eq!(plan.root.table, Some(format!("\"{name}\" t")));
    assert!(plan.root.is_full_scan);
    assert_eq!(plan.root.filter.as_deref(), Some("(part = 3)"));
    assert_eq!(plan.root.estimated_rows, Some(100.0));
    assert_eq!(plan.root.actual_rows, None);
    assert_eq!(plan.execution_time, None);
    drop_table(&database, &name).await;
});

on_postgres!(
    an_analysed_plan_tells_what_was_done,
    async |server: &str| {
        let (database, name) = table(server).await;

        let plan = explained(
            &database,
            &format!("SELECT * FROM \"{name}\" WHERE part = 3"),
            vec![],
            true,
        )
        .await;

        assert_eq!(
            (
                plan.root.actual_rows,
                plan.root.removed_rows,
                plan.root.loops
            ),
            (Some(100.0), Some(1900.0), Some(1.0))
        );
        assert!(plan.planning_time.is_some() && plan.execution_time.is_some());
        drop_table(&database, &name).await;
    }
);

on_postgres!(
    parameters_are_planned_with_their_values,
    async |server: &str| {
        let (database, name) = table(server).await;

        for (id, rows) in [(5, 5.0), (1500, 1500.0)] {
            let plan = explained(
                &database,
                &format!("SELECT * FROM \"{name}\" WHERE id <= $1"),
                vec![json!(id)],
                true,
            )
            .await;
            assert_eq!(plan.root.actual_rows, Some(rows));
            assert_eq!(plan.root.is_full_scan, id == 1500, "{plan:?}");
        }
        drop_table(&database, &name).await;
    }
);

on_postgres!(
    loops_subplans_and_what_never_ran_are_told,
    async |server: &str| {
        let (database, name) = table(server).await;

        let sql = format!(
            "WITH few AS MATERIALIZED (SELECT * FROM \"{name}\" WHERE id <= 30)
            SELECT (SELECT max(i.part) FROM \"{name}\" i WHERE i.id = few.id) FROM few
            UNION ALL SELECT id FROM \"{name}\" WHERE id = 1 AND part = 99
            UNION ALL SELECT 1 FROM few WHERE (SELECT false)"
        );
        let plan = explained(&database, &sql, vec![], true).await;

        let all = steps(&plan.root);
        let few = all
            .iter()
            .find(|one| one.step.starts_with("CTE few: "))
            .unwrap();
        assert_eq!(few.actual_rows, Some(30.0));
        let looked_up = all
            .iter()
            .find(|one| one.table.as_deref() == Some(&format!("\"{name}\" i")))
            .unwrap();
        assert_eq!(
            (looked_up.loops, looked_up.actual_rows),
            (Some(30.0), Some(30.0))
        );
        assert_eq!(looked_up.index, Some(format!("{name}_pkey")));
        assert_eq!(looked_up.condition.as_deref(), Some("(id = few.id)"));
        assert!(all.iter().any(|one| one.loops == Some(0.0)), "{plan:#?}");
        drop_table(&database, &name).await;
    }
);

on_postgres!(what_spilled_is_told, async |server: &str| {
    let database = open(config(server)).await;

    let plan = explained(
        &database,
        "SELECT n FROM generate_series(1, 300000) AS n ORDER BY n DESC",
        vec![],
        true,
    )
    .await;

    let spilled = step(&plan, "Sort").spilled.clone().unwrap();
    assert!(spilled.starts_with("Sort spilled ") && spilled.ends_with(" MB to disk"));
    assert_eq!(
        step(&plan, "Function Scan on generate_series").actual_rows,
        Some(300_000.0)
    );
});

on_postgres!(a_grouping_that_spilled_is_told, async |server: &str| {
    let database = open(config(server)).await;

    let plan = explained(
        &database,
        "SELECT repeat('x', 100) || n FROM generate_series(1, 100000) AS n GROUP BY 1",
        vec![],
        true,
    )
    .await;

    let spilled = step(&plan, "HashAggregate").spilled.clone().unwrap();
    assert!(
        spilled.starts_with("Aggregate spilled ") && spilled.ends_with(" MB to disk"),
        "{spilled}"
    );
});

on_postgres!(a_plan_behind_a_pooler_is_the_same, async |server: &str| {
    let mut behind = config(server);
    let _pooler = Pooler::before(&mut behind, 2, "").await;
    behind.pooler = true;
    let database = open(behind).await;

    let plan = explained(&database, "SELECT $1::int", vec![json!(1)], true).await;

    assert_eq!(
        (plan.root.step.as_str(), plan.root.actual_rows),
        ("Result", Some(1.0))
    );
});

on_postgres!(what_writes_is_planned_and_not_run, async |server: &str| {
    let (database, name) = table(server).await;

    let plan = explained(&database, &format!("DELETE FROM \"{name}\""), vec![], false).await;
    assert_eq!(
        (plan.root.step.as_str(), plan.root.table),
        ("Delete", Some(format!("\"{name}\"")))
    );

    drop_table(&database, &name).await;
});

on_postgres!(what_has_no_plan_is_told_so, async |server: &str| {
    let database = open(config(server)).await;

    for (sql, message) in [
        ("SHOW work_mem", "SHOW has no plan."),
        ("EXPLAIN SELECT 1", "The text is an EXPLAIN itself."),
        ("-- nothing", "The text holds no statement."),
    ] {
        let failure = database.dialect.explain_request(sql, false).unwrap_err();
        assert_eq!(failure.kind, FailureKind::InvalidArgument, "{sql}");
        assert_eq!(failure.message, message);
    }
    let plan = explained(&database, "(SELECT 1) UNION ALL (SELECT 2)", vec![], false).await;
    assert_eq!(plan.root.step, "Append");
});
