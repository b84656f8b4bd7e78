//! What a result is made of.

use domain::query::QueryLimits;
use serde_json::json;
use support::{databases::read, on_every_engine, subject::Subject};

use super::helpers::answer;

on_every_engine!(
    a_row_is_read_with_its_column_names,
    async |subject: &Subject| {
        let database = subject.open().await;

        let sql = "SELECT 1 AS id, 'Ada' AS name";
        let answer = answer(&database, sql, vec![], QueryLimits::default())
            .await
            .unwrap();

        assert_eq!(answer["columns"], json!(["id", "name"]));
        assert_eq!(answer["rows"], json!([[1, "Ada"]]));
        assert_eq!(answer["rowCount"], 1);
    }
);

on_every_engine!(
    names_that_repeat_and_their_order_survive,
    async |subject: &Subject| {
        let database = subject.open().await;

        let sql = "SELECT 2 AS b, 1 AS a, 3 AS b";
        let answer = answer(&database, sql, vec![], QueryLimits::default())
            .await
            .unwrap();

        assert_eq!(answer["columns"], json!(["b", "a", "b"]));
        assert_eq!(answer["rows"], json!([[2, 1, 3]]));
    }
);

on_every_engine!(
    an_empty_result_still_has_its_columns,
    async |subject: &Subject| {
        let table = subject
            .table("id INTEGER PRIMARY KEY, name VARCHAR(40)", "")
            .await;
        let database = subject.open().await;

        // The second time the statement is known already.
        for _ in 0..2 {
            let sql = format!("SELECT name, id FROM {}", table.name);
            let answer = answer(&database, &sql, vec![], QueryLimits::default())
                .await
                .unwrap();
            assert_eq!(answer["columns"], json!(["name", "id"]));
            assert_eq!(answer["rows"], json!([]));
            assert_eq!(answer["rowCount"], 0);

            let sql = format!("{sql} WHERE id = {}", (subject.words.placeholder)(1));
            let bound = read(&database, &sql, vec![json!(1)]).await.unwrap();
            let names: Vec<_> = bound.columns.iter().map(|column| &column.name).collect();
            assert_eq!(names, ["name", "id"]);
            assert_eq!(bound.rows.len(), 0);
        }
        table.drop().await;
    }
);
