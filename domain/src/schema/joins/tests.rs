use std::fmt::Write as _;

use super::*;
use crate::schema::samples::{Plain, id, retail, retail_among, schema};

fn paths(snapshot: &Snapshot, from: &str, to: &str) -> Vec<String> {
    join_paths(snapshot, id(snapshot, from), id(snapshot, to), 5)
        .paths
        .iter()
        .map(|path| path.sql(snapshot, &Plain))
        .collect()
}

#[test]
fn the_shortest_chain_is_found_in_either_direction() {
    let snapshot = retail_among(400);
    for (from, to, expected) in [
        (
            "orders",
            "customers",
            &["FROM orders JOIN customers ON orders.customer_id = customers.id"][..],
        ),
        (
            "categories",
            "orders",
            &[
                "FROM categories JOIN products ON categories.id = products.category_id JOIN order_items ON products.id = order_items.product_id JOIN orders ON order_items.order_id = orders.id",
            ],
        ),
        (
            "addresses",
            "orders",
            &[
                "FROM addresses JOIN orders ON addresses.id = orders.shipping_address_id",
                "FROM addresses JOIN orders ON addresses.id = orders.billing_address_id",
            ],
        ),
        (
            "returns",
            "order_items",
            &[
                "FROM returns JOIN order_items ON returns.order_id = order_items.order_id AND returns.line = order_items.line",
            ],
        ),
        (
            "employees",
            "employees",
            &[
                "FROM employees JOIN employees AS employees_2 ON employees.manager_id = employees_2.id",
            ],
        ),
        ("orders", "orders", &[]),
        ("orders", "orders_archive_2019", &[]),
    ] {
        assert_eq!(paths(&snapshot, from, to), expected, "{from} {to}");
    }
}

#[test]
fn names_are_written_as_they_must_be() {
    let snapshot = schema(
        "public.orders: id int PK
         archive.orders: id int PK, public_id int > public.orders.id
         Sales.Order Lines: Order int > public.orders.id",
    );

    assert_eq!(
        paths(&snapshot, "orders", "archive.orders"),
        ["FROM orders JOIN archive.orders AS orders_2 ON orders.id = orders_2.public_id"]
    );
    assert_eq!(
        paths(&snapshot, "\"Order Lines\"", "orders"),
        [r#"FROM "Sales"."Order Lines" JOIN orders ON "Sales"."Order Lines"."Order" = orders.id"#]
    );
}

#[test]
fn the_factor_tells_how_rows_multiply() {
    let snapshot = retail();
    for (from, to, expected) in [
        ("orders", "customers", Some(100)),
        ("customers", "orders", Some(400)),
        ("orders", "shipments", Some(95)),
        ("order_items", "products", Some(100)),
        ("products", "categories", Some(100)),
        ("categories", "products", Some(12_500)),
    ] {
        let path = &join_paths(&snapshot, id(&snapshot, from), id(&snapshot, to), 1).paths[0];
        assert_eq!(path.steps[0].factor(&snapshot), expected, "{from} {to}");
    }
    let unknown = schema("a: id int PK\nb: a_id int > a.id");
    let path = &join_paths(&unknown, RelationId(0), RelationId(1), 1).paths[0];
    assert_eq!(path.steps[0].factor(&unknown), None);
}

#[test]
fn a_chain_in_which_rows_meet_through_a_parent_comes_last() {
    // GIVEN two chains of two keys: through the table between both, and through who made them
    let snapshot = schema(
        "users: id int PK
         films: id int PK, made_by int > users.id
         actors: id int PK, made_by int > users.id
         roles: film_id int PK > films.id, actor_id int PK > actors.id",
    );

    let found = join_paths(
        &snapshot,
        id(&snapshot, "films"),
        id(&snapshot, "actors"),
        5,
    );

    assert_eq!(found.total, 2);
    assert_eq!(found.paths[0].detours(), []);
    assert_eq!(found.paths[1].detours(), [id(&snapshot, "users")]);
}

#[test]
fn many_chains_are_counted_and_few_are_told() {
    // GIVEN eight tables between two
    let mut text = "a: id int PK\nz: id int PK\n".to_owned();
    for at in 0..8 {
        writeln!(text, "m{at}: a_id int > a.id, z_id int > z.id").unwrap();
    }
    let snapshot = schema(&text);

    let found = join_paths(&snapshot, id(&snapshot, "a"), id(&snapshot, "z"), 5);

    assert_eq!((found.paths.len(), found.total), (5, 8));
}

#[test]
fn a_key_that_is_declared_twice_is_one_chain() {
    let mut snapshot = schema("a: id int PK\nb: a_id int > a.id");
    let twice = snapshot.foreign_keys[0].clone();
    snapshot.foreign_keys.push(twice);

    assert_eq!(paths(&snapshot, "a", "b").len(), 1);
}

#[test]
fn columns_that_look_like_keys_are_guesses() {
    let snapshot = schema(
        "customers: id int PK
         orders: orderId bigint PK, customerId int
         order_lines: order_id int, product text
         notes: customer_id text",
    );
    let guessed = |from: &str, to: &str| {
        let found = guessed_paths(&snapshot, id(&snapshot, from), id(&snapshot, to), 5);
        assert!(
            found
                .paths
                .iter()
                .flat_map(|path| &path.steps)
                .all(|step| step.is_guess)
        );
        found
            .paths
            .iter()
            .map(|path| path.sql(&snapshot, &Plain))
            .collect::<Vec<_>>()
    };

    assert_eq!(
        guessed("order_lines", "customers"),
        [
            r#"FROM order_lines JOIN orders ON order_lines.order_id = orders."orderId" JOIN customers ON orders."customerId" = customers.id"#
        ]
    );
    // A text is no whole number.
    assert_eq!(guessed("notes", "customers"), Vec::<String>::new());
}

/// The chains that are guessed between two tables.
fn guesses(snapshot: &Snapshot, from: &str, to: &str) -> Vec<String> {
    guessed_paths(snapshot, id(snapshot, from), id(snapshot, to), 5)
        .paths
        .iter()
        .map(|path| path.sql(snapshot, &Plain))
        .collect()
}

#[test]
fn a_unique_column_with_a_name_that_says_something_is_meant_by_the_same_name() {
    let snapshot = schema(
        "products: id int PK, sku text UNIQUE, name text UNIQUE
         stock: id int PK, sku text, name text
         labels: id int PK, product_sku text
         weights: sku int",
    );

    for (from, expected) in [
        // By its name alone nobody's `name` is meant.
        (
            "stock",
            &["FROM stock JOIN products ON stock.sku = products.sku"][..],
        ),
        (
            "labels",
            &["FROM labels JOIN products ON labels.product_sku = products.sku"],
        ),
        ("weights", &[]),
    ] {
        assert_eq!(guesses(&snapshot, from, "products"), expected, "{from}");
    }
}

#[test]
fn a_key_of_several_columns_is_meant_by_all_of_them() {
    let snapshot = schema(
        "order_items: order_id int PK, line int PK, product text
         returns: id int PK, line bigint, OrderId int
         remarks: order_id int, line text
         halves: order_id int",
    );

    for (from, expected) in [
        (
            "returns",
            &[
                r#"FROM returns JOIN order_items ON returns."OrderId" = order_items.order_id AND returns.line = order_items.line"#,
            ][..],
        ),
        ("remarks", &[]),
        ("halves", &[]),
    ] {
        assert_eq!(guesses(&snapshot, from, "order_items"), expected, "{from}");
    }
}

#[test]
fn keys_that_look_like_each_other_are_one_guess() {
    let snapshot = schema(
        "order_items: order_id int PK, line int PK
         invoiced: order_id int PK, line int PK
         products: id int PK, sku text UNIQUE
         stock: id int PK, sku text UNIQUE",
    );

    assert_eq!(guesses(&snapshot, "invoiced", "order_items").len(), 1);
    assert_eq!(guesses(&snapshot, "stock", "products").len(), 1);
}

#[test]
fn columns_that_many_keys_share_mean_none_of_them() {
    let keyed = |at: usize| format!("part_{at}: tenant_ref int PK, item_ref int PK");
    let parts: Vec<String> = (0..5).map(keyed).collect();
    let text = format!("{}\nnotes: tenant_ref int, item_ref int", parts.join("\n"));
    let snapshot = schema(&text);

    assert_eq!(guesses(&snapshot, "notes", "part_1"), Vec::<String>::new());
}

#[test]
fn what_is_reached_is_told_nearest_first() {
    let snapshot = retail();
    let names = |from: &str| -> Vec<String> {
        reach(&snapshot, id(&snapshot, from))
            .iter()
            .map(|id| snapshot.relation(*id).unwrap().name.to_string())
            .collect()
    };

    assert_eq!(names("returns")[..3], ["order_items", "orders", "products"]);
    assert_eq!(names("orders_archive_2019"), Vec::<String>::new());
}
