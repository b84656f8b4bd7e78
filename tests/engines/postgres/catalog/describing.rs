//! Everything about one table.

use domain::schema::{
    ColumnDescription, ForeignKeyDescription, IndexDescription, KeyDescription,
    ReferenceDescription, RelationKind,
};
use support::on_postgres;

use super::{Shop, describe};

fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

on_postgres!(
    columns_are_told_with_all_that_was_declared,
    async |server: &str| {
        let shop = Shop::on(server).await;

        let customers = shop.describe("customers").await;

        let column = |name: &str, type_name: &str| ColumnDescription {
            name: name.to_owned(),
            type_name: type_name.to_owned(),
            ..ColumnDescription::default()
        };
        let moods = texts(&["sad", "it's ok", "happy"]);
        assert_eq!(
            customers.columns,
            [
                ColumnDescription {
                    not_null: true,
                    identity: Some("always".to_owned()),
                    ..column("id", "bigint")
                },
                ColumnDescription {
                    not_null: true,
                    comment: Some("Where to write to".to_owned()),
                    ..column("email", "character varying(200)")
                },
                ColumnDescription {
                    default: Some("'happy'::shop.mood".to_owned()),
                    values: moods.clone(),
                    ..column("feeling", "shop.mood")
                },
                ColumnDescription {
                    values: moods,
                    ..column("feelings", "shop.mood[]")
                },
                ColumnDescription {
                    not_null: true,
                    default: Some("0".to_owned()),
                    domain: Some("numeric(10,2) NOT NULL CHECK (VALUE >= 0::numeric)".to_owned()),
                    ..column("credit", "shop.price")
                },
                column("lives_at", "shop.address"),
                ColumnDescription {
                    collation: Some("C".to_owned()),
                    ..column("name", "text")
                },
                ColumnDescription {
                    generated: Some("upper(name) stored".to_owned()),
                    ..column("shout", "text")
                },
                ColumnDescription {
                    not_null: true,
                    default: Some("nextval('shop.customers_serial_seq'::regclass)".to_owned()),
                    ..column("serial", "integer")
                },
            ]
        );
        shop.leave().await;
    }
);

on_postgres!(keys_and_checks_are_told, async |server: &str| {
    let mut shop = Shop::on(server).await;
    let check = shop
        .house
        .texts("SELECT pg_get_constraintdef(oid, true) FROM pg_constraint WHERE conname = 'named'")
        .await;

    let customers = shop.describe("customers").await;

    assert_eq!(customers.primary_key, ["id"]);
    assert_eq!(
        customers.unique,
        [
            KeyDescription {
                name: "one_email".to_owned(),
                columns: texts(&["email"]),
                notes: Some("DEFERRABLE INITIALLY DEFERRED".to_owned()),
            },
            KeyDescription {
                name: "one_name".to_owned(),
                columns: texts(&["name", "id"]),
                notes: None,
            },
        ]
    );
    let checks: Vec<_> = customers.checks.iter().map(|one| &one.definition).collect();
    assert_eq!(checks, [&check[0]]);
    let once = shop.describe("once").await;
    assert_eq!(once.unique[0].notes.as_deref(), Some("NULLS NOT DISTINCT"));
    let notes = describe(&shop.database, &[("other", "notes")])
        .await
        .unwrap();
    assert_eq!(
        notes[0].exclusions[0].definition,
        "EXCLUDE USING gist (during WITH &&)"
    );
    shop.leave().await;
});

on_postgres!(foreign_keys_are_told_both_ways, async |server: &str| {
    let shop = Shop::on(server).await;

    let told = describe(
        &shop.database,
        &[("other", "notes"), ("shop", "customers"), ("shop", "lines")],
    )
    .await
    .unwrap();

    let key = ForeignKeyDescription {
        name: "late".to_owned(),
        columns: texts(&["customer_id"]),
        references: "shop.customers(id)".to_owned(),
        on_delete: None,
        on_update: None,
        notes: Some("MATCH FULL, NOT VALID".to_owned()),
    };
    assert_eq!(
        told[0].foreign_keys,
        [
            key.clone(),
            ForeignKeyDescription {
                name: "notes_customer_id_fkey".to_owned(),
                on_delete: Some("CASCADE".to_owned()),
                on_update: Some("SET NULL".to_owned()),
                notes: Some("DEFERRABLE".to_owned()),
                ..key
            },
        ]
    );
    let reference = |from: &str, actions: Option<(&str, &str)>| ReferenceDescription {
        from: from.to_owned(),
        columns: texts(&["id"]),
        on_delete: actions.map(|(on_delete, _)| on_delete.to_owned()),
        on_update: actions.map(|(_, on_update)| on_update.to_owned()),
    };
    // The one in `hidden` is not this role's to know.
    assert_eq!(
        told[1].referenced_by,
        [
            reference("other.notes(customer_id)", None),
            reference("other.notes(customer_id)", Some(("CASCADE", "SET NULL"))),
            reference("orders(customer_id)", None),
        ]
    );
    assert_eq!(told[2].foreign_keys.len(), 1);
    assert_eq!(told[2].foreign_keys[0].references, "orders(id, ordered_at)");
    shop.leave().await;
});

on_postgres!(
    indexes_are_told_where_they_say_more_than_a_key,
    async |server: &str| {
        let shop = Shop::on(server).await;

        let customers = shop.describe("customers").await;

        let index = |name: &str, columns: &[&str], unique: bool| IndexDescription {
            name: name.to_owned(),
            columns: texts(columns),
            unique,
            method: None,
            include: Vec::new(),
            predicate: None,
            invalid: false,
        };
        assert_eq!(
            customers.indexes,
            [
                IndexDescription {
                    include: texts(&["email"]),
                    predicate: Some("id > 5".to_owned()),
                    ..index(
                        "by_name",
                        &["name text_pattern_ops DESC NULLS LAST", "id"],
                        false
                    )
                },
                IndexDescription {
                    method: Some("hash".to_owned()),
                    ..index("by_shout", &["shout"], false)
                },
                IndexDescription {
                    predicate: Some("feeling = 'happy'::shop.mood".to_owned()),
                    ..index("one_happy", &["email"], true)
                },
                index("one_lower", &["lower(email::text)"], true),
            ]
        );
        shop.leave().await;
    }
);

on_postgres!(
    triggers_tell_when_they_fire_and_what_they_run,
    async |server: &str| {
        let shop = Shop::on(server).await;

        let triggers = shop.describe("customers").await.triggers;

        let told: Vec<_> = triggers
            .iter()
            .map(|one| (&*one.name, &*one.event, &*one.action, one.disabled))
            .collect();
        assert_eq!(
            told,
            [
                (
                    "later",
                    "AFTER DELETE DEFERRABLE INITIALLY DEFERRED FOR EACH ROW",
                    "EXECUTE FUNCTION shop.touch()",
                    true
                ),
                (
                    "touched",
                    "BEFORE INSERT OR UPDATE OF name, email FOR EACH ROW WHEN ((new.name <> ' EXECUTE '::text))",
                    "EXECUTE FUNCTION shop.touch('a', 'b')",
                    false
                ),
            ]
        );
        shop.leave().await;
    }
);

on_postgres!(
    partitions_are_told_with_their_bounds,
    async |server: &str| {
        let mut shop = Shop::on(server).await;
        let bytes = shop
            .house
            .texts("SELECT sum(pg_total_relation_size(relid))::text FROM pg_partition_tree('shop.orders')")
            .await;

        let orders = shop.describe("orders").await;
        let inner = shop.describe("orders_2025").await;
        let many = shop.describe("many").await;

        assert_eq!(orders.partitioned_by.as_deref(), Some("RANGE (ordered_at)"));
        assert_eq!(
            orders.partitions,
            [
                "orders_2024 FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')",
                "orders_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY LIST (id)"
            ]
        );
        assert_eq!(orders.partition_count, None);
        assert_eq!(orders.estimated_rows, Some(42));
        assert_eq!(orders.size_bytes.unwrap().to_string(), bytes[0]);
        assert_eq!(inner.parent.as_deref(), Some("orders"));
        assert_eq!(
            inner.options,
            ["PARTITION FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')"]
        );
        assert_eq!(
            (many.partitions.len(), many.partition_count),
            (20, Some(25))
        );
        shop.leave().await;
    }
);

on_postgres!(
    what_a_table_stands_for_is_told_without_secrets,
    async |server: &str| {
        let mut shop = Shop::on(server).await;
        let view = shop
            .house
            .texts("SELECT pg_get_viewdef('shop.buyers', true)")
            .await;

        assert_eq!(
            shop.describe("buyers").await.definition,
            Some(view[0].clone())
        );
        assert_eq!(
            shop.describe("distant").await.definition.as_deref(),
            Some(
                "SERVER far OPTIONS (table_name 'it''s far', password '***', url 'http://***@far.example/x')"
            )
        );
        shop.leave().await;
    }
);

on_postgres!(what_is_unusual_is_told, async |server: &str| {
    let shop = Shop::on(server).await;

    for (name, options) in [
        ("fresh", vec!["UNLOGGED", "WITH (fillfactor=70)"]),
        ("animals", vec!["INHERITED BY shop.cats"]),
        ("totals", vec!["WITH NO DATA: not readable before REFRESH"]),
        (
            "secrets",
            vec!["ROW LEVEL SECURITY", "FORCE ROW LEVEL SECURITY"],
        ),
        ("customers", vec![]),
    ] {
        assert_eq!(shop.describe(name).await.options, options, "{name}");
    }
    assert_eq!(
        shop.describe("cats").await.parent.as_deref(),
        Some("animals")
    );
    assert_eq!(shop.describe("empty").await.columns, []);
    shop.leave().await;
});

on_postgres!(row_security_is_told, async |server: &str| {
    let shop = Shop::on(server).await;

    let policies = shop.describe("secrets").await.row_security;

    let own = &policies[1];
    assert_eq!((&*own.name, &*own.command), ("own", "SELECT"));
    assert_eq!(own.roles, [shop.house.name.as_str()]);
    assert_eq!(own.using.as_deref(), Some("(owner = CURRENT_USER)"));
    let none = &policies[0];
    assert_eq!((&*none.command, none.restrictive), ("UPDATE", true));
    assert_eq!(none.roles, ["public"]);
    assert_eq!(none.check.as_deref(), Some("(word <> ''::text)"));
    shop.leave().await;
});

on_postgres!(tables_come_in_the_order_asked_for, async |server: &str| {
    let shop = Shop::on(server).await;

    let told = describe(
        &shop.database,
        &[
            ("shop", "orders"),
            ("shop", "no_such_table"),
            ("other", "notes"),
            ("shop", "animals"),
        ],
    )
    .await
    .unwrap();

    let names: Vec<_> = told
        .iter()
        .map(|table| (&*table.name, table.kind))
        .collect();
    assert_eq!(
        names,
        [
            ("orders", RelationKind::PartitionedTable),
            ("notes", RelationKind::Table),
            ("animals", RelationKind::Table)
        ]
    );
    shop.leave().await;
});

on_postgres!(what_version_18_has_besides_is_told, async |server: &str| {
    if !server.ends_with("_18") {
        return;
    }
    let shop = Shop::on(server).await;

    let modern = shop.describe("modern").await;
    let booked = shop.describe("booked").await;

    assert_eq!(
        modern.columns[1].generated.as_deref(),
        Some("(a * 2) virtual")
    );
    assert_eq!(modern.options, ["CONSTRAINT a_is_there NOT NULL a"]);
    assert_eq!(modern.checks[0].definition, "CHECK (c < 5) NOT ENFORCED");
    assert_eq!(booked.unique[0].notes.as_deref(), Some("WITHOUT OVERLAPS"));
    shop.leave().await;
});

on_postgres!(
    an_index_that_failed_to_be_built_is_told_as_invalid,
    async |server: &str| {
        // GIVEN a unique index that stands there unfinished, because two rows are alike
        let mut shop = Shop::on(server).await;
        shop.house
            .run("CREATE TABLE shop.doubled (n int, m int); INSERT INTO shop.doubled VALUES (1, 1), (1, 2)")
            .await;
        let refused = shop
            .house
            .refused("CREATE UNIQUE INDEX CONCURRENTLY only_once ON shop.doubled (n)")
            .await;
        shop.house
            .run("CREATE UNIQUE INDEX whole ON shop.doubled (m); GRANT SELECT ON shop.doubled TO {role}")
            .await;

        let doubled = shop.describe("doubled").await;

        // THEN it is told beside the one that holds, and as no key
        assert_eq!(refused.as_deref(), Some("23505"));
        let indexes: Vec<_> = doubled
            .indexes
            .iter()
            .map(|index| (&*index.name, index.unique, index.invalid))
            .collect();
        assert_eq!(indexes, [("only_once", true, true)]);
        let keys: Vec<_> = doubled.unique.iter().map(|key| &*key.name).collect();
        assert_eq!(keys, ["whole"]);
        shop.leave().await;
    }
);
