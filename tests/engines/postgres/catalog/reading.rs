//! The whole schema.

use domain::schema::{RelationId, RelationKind, Snapshot};
use support::on_postgres;

use super::{Shop, relation};

fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort();
    texts
}

fn name(snapshot: &Snapshot, id: RelationId) -> &str {
    &snapshot.relation(id).unwrap().name
}

fn columns(snapshot: &Snapshot, id: RelationId, places: &[u16]) -> String {
    let relation = snapshot.relation(id).unwrap();
    let names: Vec<&str> = places
        .iter()
        .map(|place| &*relation.columns[usize::from(*place)].name)
        .collect();
    names.join(",")
}

on_postgres!(
    every_column_is_as_the_information_schema_has_it,
    async |server: &str| {
        let mut shop = Shop::on(server).await;
        let expected = shop
            .house
            .texts(
                "SELECT concat_ws(' ', table_schema, table_name, column_name, is_nullable, format_type(
                    (quote_ident(udt_schema) || '.' || quote_ident(udt_name))::regtype, NULL) = format_type(
                    a.atttypid, NULL) OR domain_name IS NOT NULL, format_type(a.atttypid, a.atttypmod))
                FROM information_schema.columns
                JOIN pg_attribute a ON a.attname = column_name
                    AND a.attrelid = (quote_ident(table_schema) || '.' || quote_ident(table_name))::regclass
                JOIN pg_class c ON c.oid = a.attrelid AND NOT c.relispartition
                WHERE table_schema IN ('shop', 'other') AND table_name <> 'kept_back'",
            )
            .await;
        let snapshot = shop.read().await;

        let told = snapshot
            .relations
            .iter()
            .filter(|relation| {
                &*relation.schema != "public" && relation.kind != RelationKind::MaterializedView
            })
            .flat_map(|relation| {
                relation.columns.iter().map(move |column| {
                    let nullable = if column.nullable { "YES" } else { "NO" };
                    format!(
                        "{} {} {} {nullable} t {}",
                        relation.schema, relation.name, column.name, column.type_name
                    )
                })
            })
            .collect();

        assert_eq!(sorted(told), sorted(expected));
        shop.leave().await;
    }
);

on_postgres!(columns_stand_in_their_order, async |server: &str| {
    let mut shop = Shop::on(server).await;
    let expected = shop
        .house
        .texts("SELECT attname FROM pg_attribute WHERE attrelid = 'shop.customers'::regclass AND attnum > 0 \
                AND NOT attisdropped ORDER BY attnum")
        .await;

    let snapshot = shop.read().await;

    let told: Vec<&str> = relation(&snapshot, "shop", "customers")
        .columns
        .iter()
        .map(|column| &*column.name)
        .collect();
    assert_eq!(told, expected);
    shop.leave().await;
});

on_postgres!(partitions_are_folded_at_any_depth, async |server: &str| {
    let shop = Shop::on(server).await;

    let snapshot = shop.read().await;

    let orders = relation(&snapshot, "shop", "orders");
    assert_eq!(
        (orders.kind, orders.partitions, orders.estimated_rows),
        (RelationKind::PartitionedTable, 4, Some(42))
    );
    assert_eq!(relation(&snapshot, "shop", "many").partitions, 25);
    assert!(
        !snapshot
            .relations
            .iter()
            .any(|relation| relation.name.starts_with("orders_"))
    );
    assert_eq!(relation(&snapshot, "shop", "cats").partitions, 0);
    shop.leave().await;
});

on_postgres!(
    what_was_never_analysed_has_no_estimate,
    async |server: &str| {
        let shop = Shop::on(server).await;

        let snapshot = shop.read().await;

        assert_eq!(relation(&snapshot, "shop", "lines").estimated_rows, None);
        assert_eq!(relation(&snapshot, "shop", "buyers").estimated_rows, None);
        assert_eq!(
            relation(&snapshot, "shop", "customers").estimated_rows,
            Some(500)
        );
        shop.leave().await;
    }
);

on_postgres!(kinds_and_comments_are_told, async |server: &str| {
    let shop = Shop::on(server).await;

    let snapshot = shop.read().await;

    for (name, kind, comment) in [
        ("customers", RelationKind::Table, Some("Who buys")),
        ("buyers", RelationKind::View, Some("Who may buy")),
        ("totals", RelationKind::MaterializedView, None),
        ("distant", RelationKind::ForeignTable, None),
    ] {
        let relation = relation(&snapshot, "shop", name);
        assert_eq!(
            (relation.kind, relation.comment.as_deref()),
            (kind, comment),
            "{name}"
        );
    }
    let email = &relation(&snapshot, "shop", "customers").columns[1];
    assert_eq!(email.comment.as_deref(), Some("Where to write to"));
    let schemas: Vec<_> = snapshot
        .schemas
        .iter()
        .map(|schema| (&*schema.name, schema.comment.as_deref()))
        .collect();
    assert_eq!(
        schemas,
        [
            ("other", None),
            ("public", None),
            ("shop", Some("What is sold"))
        ]
    );
    assert_eq!(
        snapshot.search_path,
        [std::sync::Arc::<str>::from("public")]
    );
    shop.leave().await;
});

on_postgres!(
    keys_are_unique_for_the_whole_table_and_the_primary_one_is_first,
    async |server: &str| {
        let shop = Shop::on(server).await;

        let snapshot = shop.read().await;

        let (id, customers) = snapshot
            .ids()
            .find(|(_, relation)| &*relation.name == "customers")
            .unwrap();
        let keys: Vec<_> = customers
            .keys
            .iter()
            .map(|key| (key.is_primary, columns(&snapshot, id, &key.columns)))
            .collect();
        assert_eq!(
            keys,
            [
                (true, "id".to_owned()),
                (false, "email".to_owned()),
                (false, "name,id".to_owned())
            ]
        );
        shop.leave().await;
    }
);

on_postgres!(
    foreign_keys_lead_from_whole_tables_to_whole_tables,
    async |server: &str| {
        let shop = Shop::on(server).await;

        let snapshot = shop.read().await;

        let keys = snapshot
            .foreign_keys
            .iter()
            .map(|key| {
                format!(
                    "{}: {}({}) {}({})",
                    key.name,
                    name(&snapshot, key.from),
                    columns(&snapshot, key.from, &key.columns),
                    name(&snapshot, key.to),
                    columns(&snapshot, key.to, &key.referenced)
                )
            })
            .collect();
        // `notes` has two keys with the same columns, of which one is told.
        assert_eq!(
            sorted(keys),
            [
                "buyer: orders(customer_id) customers(id)",
                "late: notes(customer_id) customers(id)",
                "of_order: lines(order_id,ordered_at) orders(id,ordered_at)",
                "own: orders(id) notes(id)",
            ]
        );
        shop.leave().await;
    }
);

on_postgres!(indexes_name_what_they_hold, async |server: &str| {
    let mut shop = Shop::on(server).await;
    let expected = shop
        .house
        .texts("SELECT indexname::text FROM pg_indexes WHERE schemaname = 'shop' AND tablename = 'customers'")
        .await;

    let snapshot = shop.read().await;

    let indexes: Vec<_> = snapshot
        .indexes
        .iter()
        .filter(|index| name(&snapshot, index.table) == "customers")
        .collect();
    let told = indexes.iter().map(|index| index.name.to_string()).collect();
    assert_eq!(sorted(told), sorted(expected));
    for (name, is_unique, columns) in [
        ("by_name", false, "name, id"),
        ("one_lower", true, "lower(email::text)"),
    ] {
        let index = indexes.iter().find(|index| &*index.name == name).unwrap();
        assert_eq!((index.is_unique, &*index.columns), (is_unique, columns));
    }
    shop.leave().await;
});

on_postgres!(
    routines_triggers_sequences_and_types_are_told,
    async |server: &str| {
        let shop = Shop::on(server).await;

        let snapshot = shop.read().await;

        let routines: Vec<_> = snapshot
            .routines
            .iter()
            .map(|one| (&*one.name, one.kind, &*one.signature, one.volatility))
            .collect();
        assert_eq!(
            routines,
            [
                ("clean", "procedure", "(INOUT n integer)", Some("volatile")),
                ("longest", "aggregate", "(text) → text", Some("immutable")),
                ("touch", "function", "() → trigger", Some("volatile")),
                (
                    "worth",
                    "function",
                    "(customer bigint, since date DEFAULT '2020-01-01'::date) → numeric",
                    Some("stable")
                ),
            ]
        );
        let triggers: Vec<_> = snapshot
            .triggers
            .iter()
            .map(|one| (name(&snapshot, one.table), &*one.name, &*one.event))
            .collect();
        assert_eq!(
            triggers,
            [
                ("customers", "later", "AFTER DELETE"),
                ("customers", "touched", "BEFORE INSERT OR UPDATE")
            ]
        );
        let sequences: Vec<_> = snapshot
            .sequences
            .iter()
            .map(|one| {
                let definition = one.definition.as_deref().unwrap();
                (&*one.name, one.owned_by.as_deref(), definition)
            })
            .collect();
        assert_eq!(
            sequences,
            [
                ("alone", None, "bigint"),
                ("customers_id_seq", Some("customers.id"), "bigint"),
                ("customers_serial_seq", Some("customers.serial"), "integer")
            ]
        );
        let types: Vec<_> = snapshot
            .types
            .iter()
            .map(|one| (&*one.name, one.kind, &*one.definition))
            .collect();
        assert_eq!(
            types,
            [
                (
                    "address",
                    "composite",
                    "street text, \"zip code\" character varying(10)"
                ),
                ("mood", "enum", "'sad', 'it''s ok', 'happy'"),
                (
                    "price",
                    "domain",
                    "numeric(10,2) NOT NULL CHECK (VALUE >= 0::numeric)"
                ),
                ("span", "range", "double precision"),
            ]
        );
        shop.leave().await;
    }
);

on_postgres!(
    a_sequence_is_told_in_words_that_make_it_again,
    async |server: &str| {
        // GIVEN sequences of every kind
        let mut shop = Shop::on(server).await;
        let spoken = [
            "bigint",
            "smallint",
            "integer START 100 INCREMENT 5",
            "bigint MINVALUE -10 MAXVALUE 10 CYCLE",
            "bigint INCREMENT -1",
            "smallint START -7 INCREMENT -2 MINVALUE -100",
            "integer START 5 INCREMENT -1 MAXVALUE 10",
        ];
        shop.house.run("CREATE SCHEMA counted").await;
        for (at, words) in spoken.iter().enumerate() {
            shop.house
                .run(&format!("CREATE SEQUENCE counted.s{at} AS {words}; GRANT USAGE ON counted.s{at} TO {{role}}"))
                .await;
        }
        shop.house
            .run("GRANT USAGE ON SCHEMA counted TO {role}")
            .await;

        // WHEN the schema is read
        let snapshot = shop.read().await;

        // THEN each is told as it was made
        let told: Vec<_> = snapshot
            .sequences
            .iter()
            .filter(|sequence| &*sequence.schema == "counted")
            .map(|sequence| sequence.definition.as_deref().unwrap())
            .collect();
        assert_eq!(told, spoken);
        shop.leave().await;
    }
);
