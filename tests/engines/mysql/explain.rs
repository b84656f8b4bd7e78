//! Plans of both servers, in one form.

use domain::{
    Cancel,
    connection::Database,
    query::{
        QueryLimits, Statement,
        explained::{PlanNode, QueryPlan},
        plan::PlanTable,
    },
};
use support::{databases::open, on_mysql};

use super::house::House;

/// A hundred customers with ten orders each, in tables that the server has counted.
async fn house(server: &str) -> House {
    let mut house = House::empty(server).await;
    for sql in [
        "CREATE TABLE customers (id INT PRIMARY KEY, name VARCHAR(20))",
        "CREATE TABLE orders (id INT PRIMARY KEY, customer INT, total INT, KEY by_customer (customer))",
        "CREATE TABLE digits (n INT)",
        "INSERT INTO digits VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)",
        "INSERT INTO customers SELECT a.n * 10 + b.n, 'x' FROM digits a, digits b",
        "INSERT INTO orders SELECT id * 10 + n, id, n FROM customers, digits",
        "ANALYZE TABLE customers, orders",
    ] {
        house.run(sql).await;
    }
    house
}

async fn plan(database: &Database, sql: &str, analyze: bool) -> QueryPlan {
    let request = database.dialect.explain_request(sql, analyze).unwrap();
    let mut answer = PlanTable::default();
    database
        .query_runner
        .run_read(
            &Statement::new(request, vec![]).unwrap(),
            &QueryLimits::default(),
            &mut answer,
            &Cancel::new(),
        )
        .await
        .unwrap();
    database.dialect.query_plan(&answer).unwrap()
}

/// Every step that reads a table.
fn tables(node: &PlanNode) -> Vec<&PlanNode> {
    let own = node.table.is_some().then_some(node);
    own.into_iter()
        .chain(node.children.iter().flat_map(tables))
        .collect()
}

fn all(node: &PlanNode) -> Vec<&PlanNode> {
    let mut found = vec![node];
    found.extend(node.children.iter().flat_map(all));
    found
}

fn steps(node: &PlanNode) -> Vec<&str> {
    let mut all = vec![node.step.as_str()];
    all.extend(node.children.iter().flat_map(steps));
    all
}

on_mysql!(a_full_scan_is_told_with_its_filter, async |server: &str| {
    let house = house(server).await;
    let database = open(house.config()).await;

    let plan = plan(&database, "SELECT * FROM orders WHERE total = 3", false).await;

    let tables = tables(&plan.root);
    assert_eq!(tables.len(), 1);
    assert!(tables[0].is_full_scan);
    assert_eq!(tables[0].table.as_deref(), Some("orders"));
    assert_eq!(tables[0].actual_rows, None);
    assert_eq!(tables[0].filter.as_deref(), Some("orders.total = 3"));
    database.pool.close().await;
    house.leave().await;
});

on_mysql!(what_was_measured_counts_all_loops, async |server: &str| {
    let house = house(server).await;
    let database = open(house.config()).await;
    let sql = "SELECT STRAIGHT_JOIN c.name, o.total FROM customers c JOIN orders o ON o.customer = c.id WHERE c.id < 5 AND o.total = 3";

    let plan = plan(&database, sql, true).await;

    let tables = tables(&plan.root);
    assert_eq!(tables.len(), 2);
    let lookup = tables[1];
    assert_eq!(lookup.table.as_deref(), Some("o"));
    assert_eq!(lookup.index.as_deref(), Some("by_customer"));
    assert!(!lookup.is_full_scan);
    assert_eq!(lookup.loops, Some(5.0));
    assert_eq!(lookup.actual_rows, Some(5.0));
    assert_eq!(lookup.removed_rows, Some(45.0));
    assert!(plan.execution_time.is_some());
    database.pool.close().await;
    house.leave().await;
});

on_mysql!(sorting_and_grouping_are_steps, async |server: &str| {
    let house = house(server).await;
    let database = open(house.config()).await;

    let plan = plan(
        &database,
        "SELECT total, COUNT(*) FROM orders GROUP BY total ORDER BY 2 DESC",
        false,
    )
    .await;

    let steps = steps(&plan.root).join("; ");
    let (sort, group) = if house.is_mariadb() {
        ("Filesort", "Temporary table")
    } else {
        ("Sort: ", "Aggregate using temporary table")
    };
    assert!(steps.contains(sort) && steps.contains(group), "{steps}");
    database.pool.close().await;
    house.leave().await;
});

/// Of more than either server sorts in memory.
const LARGE_SORT: &str = "SELECT REPEAT(SHA2(a.id * 1000 + b.id, 256), 5) AS wide FROM orders a, customers b ORDER BY wide";

on_mysql!(
    what_spilled_is_told_where_it_is_known,
    async |server: &str| {
        let house = house(server).await;
        let database = open(house.config()).await;

        let plan = plan(&database, LARGE_SORT, true).await;

        let spilled: Vec<&str> = all(&plan.root)
            .iter()
            .filter_map(|step| step.spilled.as_deref())
            .collect();
        if house.is_mariadb() {
            assert_eq!(spilled.len(), 1, "{plan:#?}");
            assert!(
                spilled[0].starts_with("Sort went to disk in "),
                "{spilled:?}"
            );
            assert!(plan.notes.is_empty());
        } else {
            assert_eq!(spilled, [""; 0]);
            assert_eq!(
                plan.notes,
                ["MySQL does not tell whether a sort went to disk."]
            );
        }
        database.pool.close().await;
        house.leave().await;
    }
);

on_mysql!(
    a_sort_is_work_beside_that_of_its_input,
    async |server: &str| {
        let house = house(server).await;
        let database = open(house.config()).await;

        let plan = plan(&database, LARGE_SORT, true).await;

        let sort = all(&plan.root)
            .into_iter()
            .find(|step| step.step.starts_with("Sort: ") || step.step == "Filesort")
            .unwrap();
        let input: f64 = sort.children.iter().filter_map(|child| child.time).sum();
        assert!(sort.time.unwrap() > input, "{plan:#?}");
        // Nothing is told twice.
        assert!(
            plan.execution_time.unwrap() * 1.01 >= sort.time.unwrap(),
            "{plan:#?}"
        );
        database.pool.close().await;
        house.leave().await;
    }
);

on_mysql!(
    an_update_tells_how_it_finds_its_rows,
    async |server: &str| {
        let house = house(server).await;
        let database = open(support::databases::writable(house.config())).await;
        let request = database
            .dialect
            .explain_request("UPDATE orders SET total = 1 WHERE total = 2", false)
            .unwrap();
        let mut answer = PlanTable::default();
        database
            .query_runner
            .run_write(
                &Statement::new(request, vec![]).unwrap(),
                &QueryLimits::default(),
                &mut answer,
                &Cancel::new(),
            )
            .await
            .unwrap();

        let plan = database.dialect.query_plan(&answer).unwrap();

        let tables = tables(&plan.root);
        assert_eq!(tables[0].table.as_deref(), Some("orders"));
        assert!(tables[0].is_full_scan || tables[0].index.as_deref() == Some("PRIMARY"));
        database.pool.close().await;
        house.leave().await;
    }
);
