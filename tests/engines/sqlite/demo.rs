//! The demo database: the same everywhere, whole, and worth asking about.

use adapters::outbound::create_demo;
use domain::{FailureKind, connection::Database};
use serde_json::json;
use support::{
    databases::{open, read, sqlite_config},
    rows::Owned,
    scratch::Scratch,
};

#[expect(clippy::print_stderr, reason = "how long it took is told, not judged")]
async fn demo(scratch: &Scratch) -> Database {
    let file = scratch.path("demo.db");
    let begun = std::time::Instant::now();
    create_demo(&file).await.unwrap();
    eprintln!("the demo database was made in {:?}", begun.elapsed());
    open(sqlite_config(file)).await
}

async fn rows(database: &Database, sql: &str) -> Vec<Vec<Owned>> {
    read(database, sql, vec![]).await.unwrap().rows
}

async fn tables(database: &Database) -> Vec<String> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name";
    rows(database, sql)
        .await
        .concat()
        .into_iter()
        .map(|name| match name {
            Owned::Text(name) => name,
            other => panic!("a table is called {other:?}"),
        })
        .collect()
}

/// FNV-1a over every cell of every table, in the order of the keys.
async fn checksum(database: &Database) -> u64 {
    let mut sum = 0xcbf2_9ce4_8422_2325_u64;
    for table in tables(database).await {
        for cell in rows(database, &format!("SELECT * FROM {table} ORDER BY 1, 2"))
            .await
            .concat()
        {
            for byte in format!("{cell:?}|").bytes() {
                sum = (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
    }
    sum
}

#[tokio::test]
async fn it_is_the_same_every_time_and_everywhere() {
    let (one, two) = (Scratch::new(), Scratch::new());
    let first = demo(&one).await;
    demo(&two).await;

    assert_eq!(
        std::fs::read(one.path("demo.db")).unwrap(),
        std::fs::read(two.path("demo.db")).unwrap()
    );
    assert_eq!(checksum(&first).await, 26_938_289_015_291_441);
}

#[tokio::test]
async fn it_has_about_a_hundred_thousand_rows() {
    let scratch = Scratch::new();
    let database = demo(&scratch).await;
    let mut counts = Vec::new();
    for table in tables(&database).await {
        let count = rows(&database, &format!("SELECT count(*) FROM {table}"))
            .await
            .concat();
        counts.push((table, count));
    }

    let expected = [
        ("categories", 30),
        ("customers", 6_000),
        ("employees", 92),
        ("inventory", 2_112),
        ("order_items", 48_225),
        ("orders", 20_000),
        ("payments", 19_927),
        ("products", 192),
        ("returns", 1_830),
        ("stores", 12),
        ("suppliers", 14),
    ]
    .map(|(table, count)| (table.to_owned(), vec![Owned::Int(count)]));
    assert_eq!(counts, expected);
}

#[tokio::test]
async fn every_reference_and_every_sum_is_right() {
    let scratch = Scratch::new();
    let database = demo(&scratch).await;
    for (sql, expected) in [
        ("PRAGMA foreign_key_check", vec![]),
        ("PRAGMA integrity_check", vec![vec![Owned::Text("ok".to_owned())]]),
        (
            "SELECT o.id FROM orders o LEFT JOIN order_items i ON i.order_id = o.id GROUP BY o.id
             HAVING count(i.line) = 0 OR round(sum(i.quantity * i.unit_price) - o.discount, 2) <> o.total",
            vec![],
        ),
        (
            "SELECT o.id FROM orders o LEFT JOIN payments p ON p.order_id = o.id GROUP BY o.id
             HAVING round(coalesce(sum(p.amount), 0), 2) <> iif(o.status = 'cancelled', 0, o.total)",
            vec![],
        ),
        (
            "SELECT r.id FROM returns r JOIN order_items i USING (order_id, line) WHERE r.quantity > i.quantity",
            vec![],
        ),
        (
            "SELECT o.id FROM orders o JOIN customers c ON c.id = o.customer_id WHERE date(o.ordered_at) < c.joined_on",
            vec![],
        ),
        (
            "SELECT o.id FROM orders o JOIN stores s ON s.id = o.store_id WHERE date(o.ordered_at) >= s.closed_on",
            vec![],
        ),
        ("SELECT id FROM orders WHERE shipped_at <= ordered_at", vec![]),
    ] {
        assert_eq!(rows(&database, sql).await, expected, "{sql}");
    }
}

/// How many rows a question has, and that it can be asked at all.
#[tokio::test]
async fn the_views_answer() {
    let scratch = Scratch::new();
    let database = demo(&scratch).await;
    for (sql, expected) in [
        ("SELECT count(*) FROM revenue_by_month", 30),
        ("SELECT count(*) FROM revenue_by_category", 10 * 24),
        ("SELECT count(*) FROM customer_value", 6_000),
        ("SELECT count(*) > 50 FROM low_stock", 1),
        ("SELECT count(*) > 40000 FROM sales", 1),
        (
            "SELECT round((SELECT sum(revenue) FROM revenue_by_category) - (SELECT sum(revenue) FROM sales)) = 0",
            1,
        ),
    ] {
        assert_eq!(
            rows(&database, sql).await,
            [[Owned::Int(expected)]],
            "{sql}"
        );
    }
}

#[tokio::test]
async fn questions_have_interesting_answers() {
    let scratch = Scratch::new();
    let database = demo(&scratch).await;
    let text = |text: &str| Owned::Text(text.to_owned());
    for (sql, expected) in [
        (
            "SELECT department FROM revenue_by_category WHERE quarter LIKE '%-Q4' GROUP BY 1 ORDER BY sum(revenue) DESC LIMIT 1",
            text("Play"),
        ),
        (
            "SELECT department FROM revenue_by_category WHERE quarter = '2026-Q2' GROUP BY 1 ORDER BY sum(revenue) DESC LIMIT 1",
            text("Outdoor"),
        ),
        (
            "SELECT substr(month, 6) FROM revenue_by_month ORDER BY revenue DESC LIMIT 1",
            text("12"),
        ),
        (
            "SELECT strftime('%w', ordered_at) FROM orders GROUP BY 1 ORDER BY count(*) DESC LIMIT 1",
            text("6"),
        ),
        (
            "SELECT name FROM stores WHERE closed_on IS NOT NULL",
            text("Portolan Hafenstraße"),
        ),
    ] {
        assert_eq!(rows(&database, sql).await, [[expected]], "{sql}");
    }
}

/// What a person would look for in a database that is to show everything.
#[tokio::test]
async fn it_has_nulls_unicode_truth_values_json_and_trees() {
    let scratch = Scratch::new();
    let database = demo(&scratch).await;
    for sql in [
        "SELECT count(*) FROM customers WHERE email IS NULL",
        "SELECT count(*) FROM customers WHERE referred_by IS NOT NULL",
        "SELECT count(*) FROM customers WHERE last_name = 'Παπαδόπουλος'",
        "SELECT count(*) FROM customers WHERE last_name LIKE '%''%'",
        "SELECT count(*) FROM orders WHERE customer_id IS NULL",
        "SELECT count(*) FROM orders WHERE status = 'processing' AND shipped_at IS NULL",
        "SELECT count(*) FROM products WHERE NOT is_active",
        "SELECT count(*) FROM products WHERE attributes ->> 'color' = '白'",
        "SELECT count(*) FROM employees e JOIN employees m ON m.id = e.manager_id JOIN employees b ON b.id = m.manager_id",
        "SELECT count(*) FROM returns WHERE reason IS NULL",
    ] {
        let found = rows(&database, sql).await;
        assert!(matches!(found[0][0], Owned::Int(1..)), "{sql}");
    }
    let active = read(
        &database,
        "SELECT is_active, price FROM products WHERE id = ?",
        vec![json!(1)],
    )
    .await
    .unwrap();
    assert_eq!(active.rows, [[Owned::Bool(true), Owned::Float(54.9)]]);
}

#[tokio::test]
async fn a_file_that_is_there_is_not_written_over() {
    let scratch = Scratch::new();
    let file = scratch.path("demo.db");
    std::fs::write(&file, "mine").unwrap();

    let failure = create_demo(&file).await.unwrap_err();

    assert_eq!(failure.kind, FailureKind::InvalidArgument);
    assert_eq!(std::fs::read(&file).unwrap(), b"mine");
}
