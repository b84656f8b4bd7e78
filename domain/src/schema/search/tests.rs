use super::*;
use crate::schema::{
    samples::{retail, retail_among, schema},
    snapshot::{Routine, Sequence, Snapshot, Trigger, UserType},
};

/// What answers, best first: tables by name, columns as `table.column`.
fn found(snapshot: &Snapshot, search: &Search) -> Vec<String> {
    let index = SearchIndex::new(snapshot);
    let found = index.search(snapshot, search, 0, usize::MAX);
    assert_eq!(found.items.len(), found.total);
    found
        .items
        .iter()
        .map(|item| name(snapshot, *item))
        .collect()
}

fn name(snapshot: &Snapshot, item: Item) -> String {
    match item {
        Item::Relation(id) => snapshot.relation(id).unwrap().name.to_string(),
        Item::Column(id, at) => {
            let relation = snapshot.relation(id).unwrap();
            format!(
                "{}.{}",
                relation.name,
                relation.columns[usize::from(at)].name
            )
        }
        Item::Routine(at) => snapshot.routines[at as usize].name.to_string(),
        Item::Type(at) => snapshot.types[at as usize].name.to_string(),
        Item::Schema(at) => snapshot.schemas[at as usize].name.to_string(),
        Item::Sequence(at) => snapshot.sequences[at as usize].name.to_string(),
        Item::Index(at) => snapshot.indexes[at as usize].name.to_string(),
        Item::Trigger(at) => snapshot.triggers[at as usize].name.to_string(),
    }
}

fn words_in(kinds: &[Kind], text: &str) -> Search {
    Search {
        text: Some(text.to_owned()),
        kinds: kinds.to_vec(),
        ..Search::default()
    }
}

fn first(snapshot: &Snapshot, text: &str) -> String {
    found(snapshot, &words_in(&[], text))
        .first()
        .cloned()
        .unwrap_or_default()
}

#[test]
fn the_table_that_is_meant_comes_first() {
    let snapshot = retail_among(400);
    for (text, expected) in [
        ("orders", "orders"),
        ("order", "orders"),
        ("ORDERS", "orders"),
        ("order items", "order_items"),
        ("orderItems", "order_items"),
        ("orderitems", "order_items"),
        ("order_items", "order_items"),
        ("items of orders", "order_items"),
        ("categories", "categories"),
        ("category", "categories"),
        ("catgeory", "categories"),
        ("custmer", "customers"),
        ("cust", "customers"),
        ("product category", "products"),
        ("customer email", "customers"),
        ("who signed up", "customers"),
        ("carrier", "shipments"),
        ("supplier country", "suppliers"),
        ("inventory on hand", "inventory"),
    ] {
        assert_eq!(first(&snapshot, text), expected, "{text}");
    }
}

#[test]
fn a_rare_word_counts_more_than_one_that_is_everywhere() {
    let snapshot = retail_among(400);

    let found = found(
        &snapshot,
        &words_in(&[], "revenue by category last quarter"),
    );

    for table in ["order_items", "sales_by_month", "categories"] {
        assert!(found[..4].contains(&table.to_owned()), "{:?}", &found[..9]);
    }
}

#[test]
fn each_table_that_a_question_names_is_found() {
    let found = found(
        &retail_among(400),
        &words_in(&[], "product category, order quantity and price"),
    );

    for table in ["order_items", "products", "categories", "orders"] {
        assert!(found.contains(&table.to_owned()), "{:?}", &found[..9]);
    }
}

#[test]
fn an_exact_name_is_before_a_prefix_and_a_prefix_before_a_part() {
    let snapshot = schema(
        "reorders: id int
         orders_archive_2019: id int
         orders: id int
         preorders: id int",
    );

    assert_eq!(
        found(&snapshot, &words_in(&[], "orders")),
        ["orders", "orders_archive_2019", "preorders", "reorders"]
    );
}

#[test]
fn a_table_is_before_its_columns() {
    let snapshot = schema(
        "status: status text
         orders: status text, id int",
    );

    assert_eq!(
        found(&snapshot, &words_in(&[Kind::Table, Kind::Column], "status")),
        ["status", "orders", "orders.status", "status.status"]
    );
}

#[test]
fn a_central_table_is_before_an_orphan() {
    let snapshot = schema(
        "user_a: id int PK
         user_b ~100000: id int PK
         x: user_id int > user_b.id
         y: user_id int > user_b.id",
    );

    assert_eq!(
        found(&snapshot, &words_in(&[Kind::Table], "user"))[..2],
        ["user_b", "user_a"]
    );
}

#[test]
fn accents_do_not_count() {
    let snapshot = schema("größen: id int\nCafé: id int");

    assert_eq!(first(&snapshot, "GROSSEN"), "größen");
    assert_eq!(first(&snapshot, "cafe"), "Café");
    assert_eq!(first(&snapshot, "cafe\u{301}s"), "Café");
}

#[test]
fn a_pattern_is_of_the_whole_name() {
    let snapshot = retail();

    assert_eq!(
        found(&snapshot, &words_in(&[], "order%")),
        ["orders", "order_items", "orders_archive_2019"]
    );
    assert_eq!(
        found(&snapshot, &words_in(&[Kind::Column], "%\\_address\\_id%")),
        ["orders.shipping_address_id", "orders.billing_address_id"]
    );
    assert_eq!(
        found(&snapshot, &words_in(&[Kind::View], "public.s%")),
        ["sales_by_month"]
    );
}

#[test]
fn every_kind_is_found() {
    let mut snapshot = schema("sales.orders: id int PK");
    let sales = std::sync::Arc::clone(&snapshot.schemas[0].name);
    let table = crate::schema::RelationId(0);
    snapshot.routines.push(Routine {
        schema: sales.clone(),
        name: "order_total".into(),
        kind: "function",
        signature: "(bigint)".into(),
        volatility: None,
        comment: None,
    });
    snapshot.types.push(UserType {
        schema: sales.clone(),
        name: "order_status".into(),
        kind: "enum",
        definition: "open, paid".into(),
        comment: None,
    });
    snapshot.sequences.push(Sequence {
        schema: sales.clone(),
        name: "order_numbers".into(),
        owned_by: None,
        definition: None,
    });
    snapshot.sequences.push(Sequence {
        schema: sales,
        name: "orders_id_seq".into(),
        owned_by: Some("orders.id".into()),
        definition: None,
    });
    snapshot.triggers.push(Trigger {
        table,
        name: "order_audit".into(),
        event: "AFTER UPDATE".into(),
    });
    snapshot.indexes.push(crate::schema::Index {
        table,
        name: "order_idx".into(),
        is_unique: false,
        columns: "id".into(),
    });

    let mut all = found(&snapshot, &words_in(&[], "order"));
    all.sort();
    assert_eq!(
        all,
        [
            "order_audit",
            "order_numbers",
            "order_status",
            "order_total",
            "orders"
        ]
    );
    for (kind, expected) in [
        (Kind::Routine, "order_total"),
        (Kind::Type, "order_status"),
        (Kind::Trigger, "order_audit"),
        (Kind::Index, "order_idx"),
        (Kind::Table, "orders"),
    ] {
        assert_eq!(
            found(&snapshot, &words_in(&[kind], "order")),
            [expected],
            "{kind:?}"
        );
    }
    assert_eq!(
        found(&snapshot, &words_in(&[Kind::Sequence], "order")),
        ["order_numbers", "orders_id_seq"]
    );
    assert_eq!(
        found(&snapshot, &words_in(&[Kind::Schema], "sales")),
        ["sales"]
    );
}

#[test]
fn one_schema_can_be_searched_alone() {
    let snapshot = schema("public.orders: id int\narchive.orders: id int\narchive.x: id int");
    let search = Search {
        schema: Some("archive".to_owned()),
        ..words_in(&[], "orders")
    };

    let found = SearchIndex::new(&snapshot).search(&snapshot, &search, 0, 9);

    assert_eq!(found.items, [Item::Relation(crate::schema::RelationId(1))]);
}

#[test]
fn what_is_called_like_nothing_is_not_found() {
    let snapshot = retail();
    for text in ["zebra", "?!", "qqqqqq xxxxxx"] {
        assert_eq!(
            found(&snapshot, &words_in(&[], text)),
            Vec::<String>::new(),
            "{text}"
        );
    }
}

#[test]
fn pages_join_without_a_gap() {
    let snapshot = retail_among(400);
    let index = SearchIndex::new(&snapshot);
    let search = words_in(&[Kind::Table, Kind::Column], "id");
    let all = index.search(&snapshot, &search, 0, usize::MAX);

    let mut pages = Vec::new();
    while pages.len() < all.total {
        pages.extend(index.search(&snapshot, &search, pages.len(), 7).items);
    }

    assert_eq!(pages, all.items);
}

#[test]
fn the_stamp_is_another_one_when_the_schema_is() {
    let stamp = |others| SearchIndex::new(&retail_among(others)).stamp(&Search::default());

    assert_eq!(stamp(10), stamp(10));
    assert_ne!(stamp(10), stamp(11));
}

/// What is left of a schema of which only names are known.
fn names_of(snapshot: &Snapshot) -> Snapshot {
    let mut names = snapshot.clone();
    names.foreign_keys.clear();
    names.indexes.clear();
    for relation in &mut names.relations {
        relation.columns.clear();
        relation.keys.clear();
        relation.comment = None;
        relation.estimated_rows = None;
    }
    names
}

#[test]
fn names_alone_answer_as_the_whole_schema_does() {
    let snapshot = retail_among(400);
    let names = names_of(&snapshot);
    let (whole_index, names_index) = (SearchIndex::new(&snapshot), SearchIndex::new(&names));
    for kinds in [
        &[][..],
        &[Kind::Table],
        &[Kind::Table, Kind::View],
        &[Kind::Schema],
    ] {
        let search = Search {
            kinds: kinds.to_vec(),
            by_name: true,
            ..Search::default()
        };

        assert!(search.asks_for_names());
        assert_eq!(
            found(&names, &search),
            found(&snapshot, &search),
            "{kinds:?}"
        );
        assert_eq!(names_index.stamp(&search), whole_index.stamp(&search));
    }
}

#[test]
fn what_needs_more_than_names_does_not_ask_for_names() {
    let all = Search {
        by_name: true,
        ..Search::default()
    };
    for search in [
        words_in(&[], "orders"),
        Search::default(),
        Search {
            kinds: vec![Kind::Table, Kind::Column],
            ..all.clone()
        },
        Search {
            kinds: vec![Kind::Index],
            ..all
        },
    ] {
        assert!(!search.asks_for_names(), "{search:?}");
    }
}
