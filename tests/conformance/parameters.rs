//! Values that are bound.

use domain::FailureKind;
use serde_json::{Value, json};
use support::{
    databases::{read, write},
    on_every_engine,
    subject::Subject,
};

use super::helpers::{refused, rows};

on_every_engine!(
    parameters_are_bound_in_order_whatever_their_kind,
    async |subject: &Subject| {
        let table = subject
            .table(
                "id INTEGER PRIMARY KEY, note VARCHAR(40), yes BOOLEAN, price DECIMAL(10,2), big BIGINT, missing INTEGER",
                "",
            )
            .await;
        let places: Vec<_> = (1..=6).map(|n| (subject.words.placeholder)(n)).collect();
        let insert = format!("INSERT INTO {} VALUES ({})", table.name, places.join(", "));
        let note = "it's; DROP TABLE \"x\" \\ 🚢";
        let values = vec![
            json!(7),
            json!(note),
            json!(true),
            json!("1.20"),
            json!(9_007_199_254_740_993_i64),
            json!(null),
        ];

        write(&table.admin, &insert, values).await.unwrap();

        let database = subject.open().await;
        let select = format!("SELECT yes, price, big FROM {}", table.name);
        assert_eq!(
            rows(&database, &select, vec![]).await,
            json!([[true, (subject.words.decimal)(), "9007199254740993"]])
        );
        let select = format!(
            "SELECT missing, note, id FROM {} WHERE note = {} AND id = {} AND price = {}",
            table.name, places[0], places[1], places[2]
        );
        let found = rows(&database, &select, vec![json!(note), json!(7), json!(1.2)]).await;
        assert_eq!(found, json!([[null, note, 7]]));
        let found = rows(&database, &select, vec![json!(note), json!(7), json!(1.3)]).await;
        assert_eq!(found, json!([]));
        table.drop().await;
    }
);

on_every_engine!(
    a_wrong_number_of_parameters_is_told_with_both_numbers,
    async |subject: &Subject| {
        let table = subject
            .table("a INTEGER, b INTEGER", "(1, 1), (2, 2)")
            .await;
        let database = subject.open_narrow().await;
        let (one, two) = (
            (subject.words.placeholder)(1),
            (subject.words.placeholder)(2),
        );
        let two_placeholders =
            format!("SELECT a FROM {} WHERE a = {one} AND b = {two}", table.name);
        let none = format!("SELECT a FROM {} WHERE a = 1", table.name);

        for (sql, params, numbers) in [
            (&two_placeholders, vec![json!(1)], ["2", "1"]),
            (
                &two_placeholders,
                vec![json!(1), json!(1), json!(1)],
                ["2", "3"],
            ),
            (&none, vec![json!(1)], ["0", "1"]),
        ] {
            let failure = refused(&database, sql, params).await;
            assert_eq!(failure.kind, FailureKind::InvalidArgument, "{failure:?}");
            for number in numbers {
                assert!(
                    failure.message.contains(number)
                        || (number == "0" && failure.message.contains("no placeholder")),
                    "{failure:?}"
                );
            }
        }
        // The right number works in the same session, and has not been confused.
        let params: Vec<Value> = vec![json!(2), json!(2)];
        let found = read(&database, &two_placeholders, params).await.unwrap();
        assert_eq!(found.rows.len(), 1);
        table.drop().await;
    }
);
