//! How much comes back, to the row and to the byte.

use domain::query::QueryLimits;
use serde_json::{Value, json};
use support::{on_every_engine, subject::Subject};

use super::helpers::{answer, numbers, rows};

fn up_to(rows: u64) -> QueryLimits {
    QueryLimits {
        rows,
        ..QueryLimits::default()
    }
}

on_every_engine!(
    a_result_is_truncated_only_where_more_rows_exist,
    async |subject: &Subject| {
        let database = subject.open_narrow().await;
        for (limit, exist, returned, truncated) in [
            (5, 6, 5, true),
            (5, 5, 5, false),
            (5, 4, 4, false),
            (1, 2, 1, true),
            (1, 1, 1, false),
            (0, 1, 0, true),
            (0, 0, 0, false),
        ] {
            let sql = format!("{} WHERE n <= {exist}", numbers(10));
            let answer = answer(&database, &sql, vec![], up_to(limit)).await.unwrap();

            let told = if truncated {
                json!({"by": "rows", "limit": limit})
            } else {
                Value::Null
            };
            let expected: Vec<_> = (1..=returned).map(|n| [n]).collect();
            assert_eq!(answer["rows"], json!(expected), "{limit} of {exist}");
            assert_eq!(answer["truncated"], told, "{limit} of {exist}");
            assert_eq!(answer["columns"], json!(["n"]));
        }
    }
);

on_every_engine!(
    a_limit_of_one_call_is_not_the_next_ones,
    async |subject: &Subject| {
        let database = subject.open_narrow().await;

        for limit in [3, 1_000, 2, 999] {
            let all = answer(&database, &numbers(1_000), vec![], up_to(limit))
                .await
                .unwrap();
            assert_eq!(all["rowCount"], limit);
            assert_eq!(all.get("truncated").is_some(), limit < 1_000);
        }
    }
);

on_every_engine!(
    the_rows_that_fit_into_the_byte_limit_are_whole_and_counted,
    async |subject: &Subject| {
        let database = subject.open_narrow().await;
        let sql = format!(
            "SELECT n, 'a text of thirty characters, no' AS text FROM ({}) AS all_of_them",
            numbers(500)
        );
        let bytes = 1_000;
        let limits = QueryLimits {
            bytes,
            ..QueryLimits::default()
        };

        let answer = answer(&database, &sql, vec![], limits).await.unwrap();

        assert_eq!(answer["truncated"], json!({"by": "bytes", "limit": bytes}));
        assert!(answer.to_string().len() <= bytes);
        let count = answer["rows"].as_array().unwrap().len();
        assert_eq!(answer["rowCount"], count);
        assert_eq!(
            answer["rows"][count - 1],
            json!([count, "a text of thirty characters, no"])
        );
        // One row is some forty bytes, so another one would not have fitted.
        assert!(answer.to_string().len() + RESERVED + 40 > bytes);
        assert_eq!(rows(&database, "SELECT 1", vec![]).await, json!([[1]]));
    }
);

/// What an answer keeps free for what follows its rows.
const RESERVED: usize = 136;

on_every_engine!(
    a_limit_frees_the_session_at_once,
    async |subject: &Subject| {
        let database = subject.open_narrow().await;

        for _ in 0..3 {
            answer(&database, &numbers(1_000), vec![], up_to(1))
                .await
                .unwrap();
            assert_eq!(rows(&database, "SELECT 1", vec![]).await, json!([[1]]));
        }
    }
);
