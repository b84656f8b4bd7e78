//! A chain that is told runs as it is told, and brings the rows that it should.

use serde_json::{Value, json};
use support::{
    databases::read,
    on_every_engine,
    subject::{Subject, integer},
    waiting::until,
};

use super::Place;

/// How many rows come of each chain that is told.
async fn counted(place: &Place, joins: &Value) -> Vec<i64> {
    let mut counts = Vec::new();
    for path in joins["paths"].as_array().unwrap() {
        let sql = format!("SELECT count(*) {}", path["sql"].as_str().unwrap());
        let rows = read(&place.connection.database, &sql, vec![])
            .await
            .unwrap_or_else(|failure| panic!("{sql}: {failure:?}"));
        counts.push(integer(&rows.rows[0][0]));
    }
    counts
}

on_every_engine!(
    each_chain_runs_and_brings_its_rows,
    async |subject: &Subject| {
        let place = Place::shop(subject).await;

        for (from, to, expected) in [
            ("orders", "customers", vec![3]),
            ("customers", "order_items", vec![3]),
            ("categories", "order_items", vec![3]),
            // A key of two columns is one join.
            ("shipments", "order_items", vec![3]),
            ("shipments", "products", vec![3]),
            // Where goods go, not where customers live: that would be one table more.
            ("countries", "orders", vec![2]),
            // To itself, where two of three have no parent.
            ("categories", "categories", vec![1]),
            ("newsletters", "orders", vec![]),
        ] {
            let joins = place.joins(from, to).await.unwrap();
            assert_eq!(
                counted(&place, &joins).await,
                expected,
                "{from} {to}: {joins}"
            );
        }
        place.leave().await;
    }
);

/// The hops of the first chain: key, rows, and whether it is marked as optional and as a guess.
fn hops(joins: &Value) -> Vec<(&str, &Value, bool, bool)> {
    let hops = joins["paths"][0]["hops"].as_array().unwrap().iter();
    let is = |mark: &Value| mark == &Value::Bool(true);
    hops.map(|hop| {
        let key = hop["key"].as_str().unwrap();
        (key, &hop["rows"], is(&hop["optional"]), is(&hop["guess"]))
    })
    .collect()
}

on_every_engine!(
    each_hop_tells_how_many_rows_come_of_one,
    async |subject: &Subject| {
        // GIVEN a shop whose tables the server has counted for its own plans: 2 customers, 3 orders of both, 3 items
        let place = Place::shop(subject).await;
        let word = match subject.name {
            name if name.starts_with('m') => "ANALYZE TABLE",
            _ => "ANALYZE",
        };
        for table in ["customers", "orders", "order_items"] {
            place.run(&format!("{word} {table}")).await;
        }
        // A server may be too busy to tell its estimates in time.
        until("the estimates are told", async || {
            place.connection.catalog.outdate();
            let down = place.joins("customers", "order_items").await.unwrap();
            hops(&down).iter().all(|hop| hop.1.is_string())
        })
        .await;

        let down = place.joins("customers", "order_items").await.unwrap();
        let up = place.joins("order_items", "customers").await.unwrap();
        let optional = place.joins("orders", "countries").await.unwrap();

        let (one, half) = (json!("×1"), json!("×1.5"));
        assert_eq!(
            hops(&down),
            [
                ("orders.customer_id → customers.id", &half, false, false),
                ("order_items.order_id → orders.id", &one, false, false),
            ]
        );
        assert_eq!(
            hops(&up),
            [
                ("order_items.order_id → orders.id", &one, false, false),
                ("orders.customer_id → customers.id", &one, false, false),
            ]
        );
        // Where an order goes to is not always known.
        assert_eq!(
            hops(&optional),
            [("orders.deliver_to → countries.code", &one, true, false)]
        );
        place.leave().await;
    }
);

on_every_engine!(
    a_join_that_is_guessed_says_so_and_runs,
    async |subject: &Subject| {
        // GIVEN tables whose columns look like keys, and no foreign keys
        let place = Place::on(subject).await;
        for sql in [
            "CREATE TABLE wares (id int PRIMARY KEY, sku varchar(20) NOT NULL UNIQUE)",
            "CREATE TABLE stock (id int PRIMARY KEY, sku varchar(20), place varchar(20))",
            "CREATE TABLE order_rows (order_id int, line int, ware_id int, PRIMARY KEY (order_id, line))",
            "CREATE TABLE sent_back (id int PRIMARY KEY, order_id int, line int)",
            "INSERT INTO wares VALUES (1, 'a'), (2, 'b')",
            "INSERT INTO stock VALUES (1, 'a', 'x'), (2, 'a', 'y'), (3, 'c', 'x')",
            "INSERT INTO order_rows VALUES (1, 1, 1), (1, 2, 2), (2, 1, 2)",
            "INSERT INTO sent_back VALUES (1, 1, 2), (2, 2, 1), (3, 2, 2)",
        ] {
            place.run(sql).await;
        }

        for (from, to, key, rows) in [
            ("stock", "wares", "stock.sku → wares.sku", 2),
            ("order_rows", "wares", "order_rows.ware_id → wares.id", 3),
            (
                "sent_back",
                "order_rows",
                "sent_back(order_id, line) → order_rows(order_id, line)",
                2,
            ),
        ] {
            let joins = place.joins(from, to).await.unwrap();

            let hops = hops(&joins);
            assert_eq!(
                (hops.len(), hops[0].0, hops[0].3),
                (1, key, true),
                "{joins}"
            );
            assert_eq!(counted(&place, &joins).await, [rows], "{from} {to}");
        }
        place.leave().await;
    }
);

on_every_engine!(
    both_keys_between_two_tables_are_told,
    async |subject: &Subject| {
        let place = Place::on(subject).await;
        for sql in [
            "CREATE TABLE towns (id int PRIMARY KEY)",
            "CREATE TABLE legs (id int PRIMARY KEY, origin int NOT NULL, goal int, FOREIGN KEY (origin) REFERENCES towns (id), FOREIGN KEY (goal) REFERENCES towns (id))",
            "INSERT INTO towns VALUES (1), (2)",
            "INSERT INTO legs VALUES (1, 1, 2), (2, 2, NULL), (3, 1, NULL)",
        ] {
            place.run(sql).await;
        }

        let joins = place.joins("legs", "towns").await.unwrap();

        let mut counts = counted(&place, &joins).await;
        counts.sort_unstable();
        assert_eq!(counts, [1, 3]);
        place.leave().await;
    }
);
