//! What the columns of a page hold, as each engine's values tell it.

use application::{
    encode::Format,
    use_cases::{AskedLimits, Ceilings, ExecuteQuery},
};
use domain::{Cancel, query::Statement};
use serde_json::{Value, json};
use support::{databases::opened, on_every_engine, subject::Subject};

use super::helpers::numbers;

async fn profile(subject: &Subject, sql: String, max_rows: u64) -> Value {
    let connection = opened(&subject.open().await);
    let query = ExecuteQuery {
        statement: Statement::new(sql, vec![]).unwrap(),
        format: Format::Csv,
        asked: AskedLimits {
            max_rows: Some(max_rows),
            profile: true,
            ..AskedLimits::default()
        },
    };
    let answer = query
        .execute(&connection, Ceilings::default(), &Cancel::new())
        .await
        .unwrap();
    let mut answer: Value = serde_json::from_str(&answer.text).unwrap();
    answer["profile"].take()
}

on_every_engine!(
    numbers_decimals_texts_and_nulls_are_profiled,
    async |subject: &Subject| {
        let table = subject
            .table(
                "id INTEGER PRIMARY KEY, pieces BIGINT, price DECIMAL(10,2), city VARCHAR(20), ordered DATE",
                "(1, 9, 9.50, 'Oslo', '2026-03-01'), (2, 10, 100.25, 'Bergen', '2025-12-31'), \
                 (3, 10, 20.75, 'Oslo', NULL), (4, NULL, 9.50, 'Oslo', '2026-03-01')",
            )
            .await;

        let sql = format!(
            "SELECT id, pieces, price, city, ordered FROM {} ORDER BY id",
            table.name
        );
        let told = profile(subject, sql, 100).await;

        // A decimal is a text of digits where the engine has decimals.
        let price = |text: &str| match (subject.words.decimal)() {
            Value::String(_) => json!(text),
            _ => json!(text.parse::<f64>().unwrap()),
        };
        assert_eq!(
            told,
            json!({"rows": 4, "columns": [
                {"name": "id", "nulls": 0, "distinct": 4, "min": 1, "max": 4},
                {"name": "pieces", "nulls": 1, "distinct": 2, "min": 9, "max": 10, "top": [[10, 2]]},
                {"name": "price", "nulls": 0, "distinct": 3, "min": price("9.50"), "max": price("100.25"),
                 "top": [[price("9.50"), 2]]},
                {"name": "city", "nulls": 0, "distinct": 2, "min": "Bergen", "max": "Oslo", "top": [["Oslo", 3]]},
                {"name": "ordered", "nulls": 1, "distinct": 2, "min": "2025-12-31", "max": "2026-03-01",
                 "top": [["2026-03-01", 2]]},
            ]})
        );
    }
);

on_every_engine!(
    a_cut_result_is_profiled_over_the_rows_that_it_shows,
    async |subject: &Subject| {
        let sql = numbers(900);

        let told = profile(subject, sql, 700).await;

        assert_eq!(
            told,
            json!({"rows": 700, "columns": [
                {"name": "n", "nulls": 0, "distinct": 700, "min": 1, "max": 700},
            ]})
        );
    }
);
