//! The way from a question to a statement: `search_schema`, `describe_table`, `find_join_path`, `execute_query`.

use std::{fmt::Write as _, path::Path};

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection};
use support::{
    client::{Launch, Server},
    scratch::{Scratch, bare_sqlite},
};

/// A shop, as a person would make it.
const SHOP: &str = "
    CREATE TABLE categories (id INTEGER PRIMARY KEY, name TEXT NOT NULL, parent_id INTEGER REFERENCES categories (id));
    CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT NOT NULL, category_id INTEGER NOT NULL REFERENCES categories (id), list_price DECIMAL(10,2));
    CREATE TABLE customers (id INTEGER PRIMARY KEY, full_name TEXT NOT NULL, email TEXT UNIQUE);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers (id), status TEXT NOT NULL, ordered_at DATETIME NOT NULL);
    CREATE TABLE order_items (order_id INTEGER NOT NULL REFERENCES orders (id), line INTEGER NOT NULL, product_id INTEGER NOT NULL REFERENCES products (id), quantity INTEGER NOT NULL, unit_price DECIMAL(10,2) NOT NULL, PRIMARY KEY (order_id, line));
    CREATE TABLE payments (id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES orders (id), amount DECIMAL(10,2));
    INSERT INTO categories VALUES (1, 'Tea', NULL), (2, 'Cups', NULL);
    INSERT INTO products VALUES (1, 'Assam', 1, 9), (2, 'Mug', 2, 5);
    INSERT INTO customers VALUES (1, 'Ada', 'ada@example.com');
    INSERT INTO orders VALUES (1, 1, 'completed', '2026-08-01'), (2, 1, 'completed', '2026-01-01');
    INSERT INTO order_items VALUES (1, 1, 1, 3, 9), (1, 2, 2, 1, 5), (2, 1, 1, 10, 9);
";

/// The shop among 400 tables that have nothing to do with it.
async fn shop_among_many(file: &Path) -> Launch {
    let mut sql = format!("BEGIN; {SHOP}");
    let subjects = [
        "ledger", "journal", "asset", "budget", "contract", "ticket", "campaign", "vehicle",
        "sensor", "policy",
    ];
    let roles = [
        "entry",
        "batch",
        "line",
        "history",
        "setting",
        "attachment",
        "status_log",
        "mapping",
        "version",
        "type",
    ];
    for at in 0..400 {
        let (subject, role, number) = (subjects[at % 10], roles[at / 10 % 10], at / 100);
        let parent = if at >= 10 {
            format!("parent_id INTEGER REFERENCES {subject}_entry_0 (id), ")
        } else {
            String::new()
        };
        write!(
            sql,
            "CREATE TABLE {subject}_{role}_{number} (id INTEGER PRIMARY KEY, {parent}code TEXT, category TEXT, amount DECIMAL(12,2), created_at DATETIME);"
        )
        .unwrap();
    }
    sql.push_str("COMMIT;");
    let mut connection = bare_sqlite(file).await;
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    Launch::default().database("shop", format!("sqlite://{}", file.display()))
}

#[tokio::test]
async fn from_a_question_to_its_answer_in_three_calls_and_few_characters() {
    // GIVEN a shop among 400 other tables, and the question: revenue by category last quarter
    let scratch = Scratch::new();
    let mut server = Server::start(shop_among_many(&scratch.path("shop.db")).await).await;

    // WHEN a caller searches, asks for the joins and puts its own words around them
    let search = json!({"search": "product category, order quantity and price"});
    let found = server.call("search_schema", search).await;
    let asked = json!({"from": "categories", "to": "orders"});
    let joins = server.call("find_join_path", asked).await;
    let sql = format!(
        "SELECT categories.name, sum(order_items.quantity * order_items.unit_price) AS revenue {} WHERE orders.ordered_at >= '2026-07-01' AND orders.ordered_at < '2026-10-01' GROUP BY 1 ORDER BY 2 DESC",
        joins.ok()["paths"][0]["sql"].as_str().unwrap()
    );
    let answer = server.call("execute_query", json!({"sql": sql})).await;

    // THEN all that it needs was told, the sums are right, and little had to be read
    let best: Vec<Value> = found.ok()["matches"]
        .as_array()
        .unwrap()
        .iter()
        .take(5)
        .map(|card| card["name"].clone())
        .collect();
    for table in ["categories", "products", "order_items"] {
        assert!(best.contains(&json!(table)), "{best:?}");
    }
    assert_eq!(answer.ok()["rows"], json!([["Tea", 27], ["Cups", 5]]));
    let read = [&found, &joins, &answer].map(|answer| answer.text.chars().count());
    assert!(read.iter().sum::<usize>() < 6_000, "{read:?}");
}

#[tokio::test]
async fn the_names_of_four_hundred_tables_are_few_bytes() {
    let scratch = Scratch::new();
    let mut server = Server::start(shop_among_many(&scratch.path("shop.db")).await).await;

    let names = server
        .call("search_schema", json!({"detail": "names"}))
        .await;

    assert_eq!(names.ok()["total"], 406);
    assert_eq!(
        names.ok()["names"]["main"]["tables"]
            .as_array()
            .unwrap()
            .len(),
        406
    );
    assert!(names.text.len() < 9_000, "{}", names.text.len());
}

#[tokio::test]
async fn the_overview_tells_the_centre_of_many_tables() {
    let scratch = Scratch::new();
    let mut server = Server::start(shop_among_many(&scratch.path("shop.db")).await).await;

    let overview = server.call("search_schema", json!({})).await;

    assert!(overview.text.len() <= 6_000, "{}", overview.text.len());
    let told = overview.ok()["tables"].as_array().unwrap().len();
    assert_eq!(overview.ok()["leftOut"], 406 - told);
    assert!(overview.text.contains("order_items"), "{}", overview.text);
}

#[tokio::test]
async fn every_join_that_is_told_of_the_demo_runs() {
    let mut server = Server::start(Launch::default().arguments(&["serve", "--demo"])).await;
    let names = server
        .call(
            "search_schema",
            json!({"detail": "names", "kinds": ["table"]}),
        )
        .await
        .ok();
    let tables = names["names"]["main"]["tables"].as_array().unwrap().clone();
    let mut ran = 0;

    for from in &tables {
        for to in &tables {
            let found = server
                .call("find_join_path", json!({"from": from, "to": to}))
                .await
                .ok();
            for path in found["paths"].as_array().unwrap() {
                let sql = format!("SELECT 1 {} LIMIT 1", path["sql"].as_str().unwrap());
                let answer = server.call("execute_query", json!({"sql": sql})).await;
                assert!(!answer.is_error, "{sql}: {}", answer.text);
                ran += 1;
            }
        }
    }

    assert!(ran > tables.len() * (tables.len() - 1), "{ran}");
}

#[tokio::test]
async fn a_table_of_twelve_columns_is_described_in_few_bytes() {
    let mut server = Server::start(Launch::default().arguments(&["serve", "--demo"])).await;

    let orders = server
        .call("describe_table", json!({"tables": "orders"}))
        .await;

    assert!(orders.text.len() < 1_800, "{}", orders.text.len());
    assert_eq!(orders.ok()["tables"][0]["primaryKey"], json!(["id"]));
}

#[tokio::test]
async fn an_unknown_table_is_told_beside_those_that_were_found() {
    let mut server = Server::start(Launch::default().arguments(&["serve", "--demo"])).await;

    let answer = server
        .call("describe_table", json!({"tables": ["orders", "custmers"]}))
        .await
        .ok();

    assert_eq!(answer["tables"].as_array().unwrap().len(), 1);
    assert_eq!(answer["unknown"][0]["name"], "custmers");
    assert!(
        answer["unknown"][0]["hint"]
            .as_str()
            .unwrap()
            .contains("customers"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_table_that_is_made_here_is_found_at_once() {
    // GIVEN a writable database whose schema was just looked at
    let scratch = Scratch::new();
    let file = scratch.path("shop.db");
    let launch = shop_among_many(&file)
        .await
        .with("SHOP_DB_READ_ONLY", "false");
    let mut server = Server::start(launch).await;
    let zebras = json!({"search": "zebras"});
    assert_eq!(
        server.call("search_schema", zebras.clone()).await.ok()["total"],
        0
    );

    // WHEN a table is made and, in the next call, dropped
    server
        .query("CREATE TABLE zebras (id INTEGER PRIMARY KEY)")
        .await;
    let made = server.call("search_schema", zebras.clone()).await.ok();
    server.query("DROP TABLE zebras").await;
    let dropped = server.call("search_schema", zebras).await.ok();

    // THEN each is seen
    assert_eq!((&made["total"], &dropped["total"]), (&json!(1), &json!(0)));
}

#[tokio::test]
async fn a_word_in_the_place_of_a_list_and_a_wrong_word_are_understood() {
    let mut server = Server::start(Launch::default().arguments(&["serve", "--demo"])).await;

    let columns = server
        .call(
            "search_schema",
            json!({"search": "status", "kinds": "column"}),
        )
        .await
        .ok();
    let wrong = server
        .call(
            "search_schema",
            json!({"search": "status", "kinds": ["colum"]}),
        )
        .await
        .failure();

    assert_eq!(columns["matches"][0]["name"], "orders.status");
    assert_eq!(wrong["hint"], Value::from("Did you mean `column`?"));
}
