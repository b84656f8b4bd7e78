//! A chain that is told runs as it is told, and brings the rows that it should.

use serde_json::Value;
use support::{
    databases::read,
    on_every_engine,
    subject::{Subject, integer},
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
