use std::sync::Arc;

use domain::schema::{
    samples::{Plain, retail, retail_among, schema},
    search::SearchIndex,
};
use serde_json::{Value, json};

use super::*;

fn searchable(snapshot: Snapshot) -> Searchable {
    Searchable {
        index: Arc::new(SearchIndex::new(&snapshot)),
        snapshot: Arc::new(snapshot),
        is_outline: false,
    }
}

fn text(snapshot: Snapshot, request: SearchSchema) -> String {
    request.answer(&searchable(snapshot), &Plain).unwrap()
}

fn answer(snapshot: Snapshot, request: SearchSchema) -> Value {
    serde_json::from_str(&text(snapshot, request)).unwrap()
}

fn search(words: &str) -> SearchSchema {
    SearchSchema {
        search: Some(words.to_owned()),
        ..SearchSchema::default()
    }
}

#[test]
fn a_summary_tells_a_table_in_a_line_of_columns() {
    let answer = answer(
        retail(),
        SearchSchema {
            limit: Some(1),
            ..search("orders status")
        },
    );

    assert_eq!(
        answer["matches"],
        json!([{
            "kind": "table",
            "name": "orders",
            "estimatedRows": 200_000,
            "columns": "status text, id bigint PK, customer_id bigint → customers.id, shipping_address_id bigint → addresses.id, billing_address_id bigint → addresses.id, store_id int → stores.id, ordered_at timestamptz, total_amount numeric(12,2)",
            "referencedBy": "order_items, payments, shipments",
        }])
    );
}

#[test]
fn many_columns_are_cut_to_keys_and_what_answers() {
    let columns: Vec<String> = (0..300).map(|at| format!("field_{at} text")).collect();
    let wide = format!(
        "t: id int PK, {}, email text\na: id int PK",
        columns.join(", ")
    );

    let answer = answer(schema(&wide), search("email"));

    let told = answer["matches"][0]["columns"].as_str().unwrap();
    assert!(
        told.starts_with("email text, id int PK, field_0 text, "),
        "{told}"
    );
    assert!(told.ends_with("more"), "{told}");
    assert!(told.len() < 420, "{}", told.len());
}

#[test]
fn a_key_of_several_columns_is_told_as_one() {
    let answer = answer(retail(), search("returns"));

    assert_eq!(
        answer["matches"][0]["foreignKeys"],
        json!(["(order_id, line) → order_items(order_id, line)"])
    );
}

#[test]
fn in_full_each_column_has_its_line() {
    let answer = answer(
        retail(),
        SearchSchema {
            detail: Detail::Full,
            limit: Some(1),
            ..search("categories")
        },
    );

    assert_eq!(
        answer["matches"][0]["columns"],
        json!([
            "id int NOT NULL PK",
            "name text NOT NULL",
            "parent_id int → categories.id"
        ])
    );
    assert_eq!(
        answer["matches"][0]["comment"],
        "Product categories, a tree."
    );
}

#[test]
fn names_of_four_hundred_tables_are_few_bytes() {
    let request = SearchSchema {
        detail: Detail::Names,
        kinds: vec![Kind::Table],
        ..SearchSchema::default()
    };
    let snapshot = retail_among(391);
    assert_eq!(snapshot.relations.len(), 407);

    let text = text(snapshot, request);

    assert!(text.len() < 9_000, "{}", text.len());
    let answer: Value = serde_json::from_str(&text).unwrap();
    let told: usize = answer["names"]
        .as_object()
        .unwrap()
        .values()
        .map(|kinds| kinds["tables"].as_array().unwrap().len())
        .sum();
    let left_out = answer["leftOut"].as_u64().unwrap_or(0);
    assert_eq!(answer["total"], 406);
    assert_eq!(told as u64 + left_out, 406);
    assert_eq!(answer["cursor"].is_string(), left_out > 0);
    assert_eq!(answer["searchPath"], json!(["public"]));
}

#[test]
fn the_cursor_reads_on_to_the_end() {
    let snapshot = searchable(retail_among(400));
    let mut request = SearchSchema {
        detail: Detail::Names,
        kinds: vec![Kind::Table],
        max_bytes: Some(1_000),
        ..SearchSchema::default()
    };
    let mut names = Vec::new();
    loop {
        let text = request.clone().answer(&snapshot, &Plain).unwrap();
        assert!(text.len() <= 1_000, "{}", text.len());
        let answer: Value = serde_json::from_str(&text).unwrap();
        for (schema, kinds) in answer["names"].as_object().unwrap() {
            for name in kinds["tables"].as_array().unwrap() {
                names.push(format!("{schema}.{}", name.as_str().unwrap()));
            }
        }
        match answer["cursor"].as_str() {
            Some(cursor) => request.cursor = Some(cursor.to_owned()),
            None => break,
        }
    }

    let all = names.len();
    names.sort();
    names.dedup();
    assert_eq!((all, names.len()), (415, 415));
}

#[test]
fn a_cursor_of_another_schema_or_search_is_told_apart() {
    let request = SearchSchema {
        limit: Some(1),
        ..search("orders")
    };
    let cursor = answer(retail(), request.clone())["cursor"]
        .as_str()
        .unwrap()
        .to_owned();
    let refused = |snapshot, request: SearchSchema| {
        let request = SearchSchema {
            cursor: Some(cursor.clone()),
            ..request
        };
        request
            .answer(&searchable(snapshot), &Plain)
            .unwrap_err()
            .message
    };

    assert_eq!(
        refused(retail_among(1), request),
        "The schema has changed since the cursor was given."
    );
    assert_eq!(
        refused(retail(), search("customers")),
        "The cursor belongs to another search."
    );
    let nonsense = SearchSchema {
        cursor: Some("x".to_owned()),
        ..search("orders")
    };
    assert_eq!(
        nonsense
            .answer(&searchable(retail()), &Plain)
            .unwrap_err()
            .message,
        "The cursor is none that search_schema gave."
    );
}

#[test]
fn the_overview_tells_the_centre_and_what_it_leaves_out() {
    let text = text(retail_among(400), SearchSchema::default());

    assert!(text.len() <= 6_000, "{}", text.len());
    let answer: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(answer["schemas"][0], "public: 175 tables, 1 view");
    let tables = answer["tables"].as_array().unwrap();
    let orders = "orders ~200000 rows, 8 columns: customer_id → customers.id; shipping_address_id → addresses.id; billing_address_id → addresses.id; store_id → stores.id";
    assert!(tables[..15].contains(&json!(orders)), "{text}");
    assert_eq!(answer["total"], 416);
    assert_eq!(
        answer["leftOut"].as_u64().unwrap() + tables.len() as u64,
        416
    );
}

#[test]
fn names_are_written_as_they_must_be_in_sql() {
    let snapshot = schema(
        "orders: id int PK\narchive.orders: id int PK\nSales.Order Lines: Order int > public.orders.id",
    );

    let answer = answer(snapshot, search("order"));

    let names: Vec<&str> = answer["matches"]
        .as_array()
        .unwrap()
        .iter()
        .map(|card| card["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        ["orders", "archive.orders", "\"Sales\".\"Order Lines\""]
    );
}

#[test]
fn an_unknown_schema_is_told_the_nearest() {
    let request = SearchSchema {
        schema: Some("pubic".to_owned()),
        ..SearchSchema::default()
    };

    let failure = request.answer(&searchable(retail()), &Plain).unwrap_err();

    assert_eq!(failure.hint.as_deref(), Some("Did you mean `public`?"));
}

#[test]
fn finding_nothing_says_what_to_try() {
    let answer = answer(retail(), search("zebra"));

    assert_eq!(answer["total"], 0);
    assert_eq!(answer["hint"], listing::NOTHING);
}

#[test]
fn an_answer_from_an_outline_says_so_within_its_limit() {
    let outline = || Searchable {
        is_outline: true,
        ..searchable(retail_among(50))
    };
    let request = SearchSchema {
        max_bytes: Some(700),
        ..search("order")
    };
    let names = SearchSchema {
        detail: Detail::Names,
        ..SearchSchema::default()
    };

    let text = request.answer(&outline(), &Plain).unwrap();
    let of_names = names.answer(&outline(), &Plain).unwrap();

    let told: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(told["notice"], OUTLINE);
    assert!(text.len() <= 700, "{}", text.len());
    // Of names there are no more.
    let of_names: Value = serde_json::from_str(&of_names).unwrap();
    assert_eq!(of_names["notice"], Value::Null);
}
