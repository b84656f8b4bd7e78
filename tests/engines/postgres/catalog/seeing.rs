//! What a role sees is what it may see.

use application::{
    registry::OpenConnection,
    use_cases::{DescribeTable, Detail, FindJoinPath, SearchSchema},
};
use domain::{Cancel, Failure, FailureKind, schema::search::Kind};
use serde_json::{Value, json};
use support::{
    databases::{open, opened},
    on_postgres,
    waiting::until,
};

use super::{House, Shop, describe, names};

on_postgres!(
    a_role_sees_what_it_has_any_right_to,
    async |server: &str| {
        let mut shop = Shop::on(server).await;
        // The information schema shows a role what it has rights to, but no materialized views, and partitions too.
        shop.house.run("SET ROLE {role}").await;
        let mut expected = shop
            .house
            .texts(
                "SELECT table_schema || '.' || table_name FROM information_schema.tables \
                 JOIN pg_namespace n ON n.nspname = table_schema \
                 JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = table_name AND NOT c.relispartition \
                 WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND has_schema_privilege(n.oid, 'USAGE')",
            )
            .await;
        shop.house.run("RESET ROLE").await;
        expected.push("shop.totals".to_owned());
        expected.sort();

        assert_eq!(names(&shop.read().await), expected);
        shop.leave().await;
    }
);

on_postgres!(
    what_is_there_but_kept_from_the_role_is_refused_with_what_lacks,
    async |server: &str| {
        let shop = Shop::on(server).await;

        for (schema, name, lacking) in [
            ("hidden", "plans", "lacks USAGE on the schema `hidden`."),
            (
                "shop",
                "kept_back",
                "lacks SELECT on the table `kept_back`.",
            ),
            ("", "plans", "lacks USAGE on the schema `hidden`."),
        ] {
            let failure = describe(&shop.database, &[(schema, name)])
                .await
                .unwrap_err();
            assert_eq!(failure.kind, FailureKind::NotAllowed, "{name}");
            assert!(failure.message.ends_with(lacking), "{failure:?}");
        }
        shop.leave().await;
    }
);

on_postgres!(
    a_caller_who_names_it_is_told_so_too,
    async |server: &str| {
        let shop = Shop::on(server).await;
        let connection = opened(&shop.database);
        let (tables, cancel) = (["hidden.plans", "plans", "shop.kept_back"], Cancel::new());

        for name in tables {
            let describe = DescribeTable {
                tables: vec![name.to_owned()],
                max_bytes: None,
            };
            let join = FindJoinPath {
                from: "shop.customers".to_owned(),
                to: name.to_owned(),
            };
            for failure in [
                describe.execute(&connection, &cancel).await.unwrap_err(),
                join.execute(&connection, &cancel).await.unwrap_err(),
            ] {
                assert_eq!(failure.kind, FailureKind::NotAllowed, "{failure:?}");
                let kept = "exists, but the role of this connection lacks";
                assert!(failure.message.contains(kept), "{failure:?}");
            }
        }
        shop.leave().await;
    }
);

/// What a search answers: the answer or, of a failure, its kind and its message.
async fn searched(connection: &OpenConnection, request: SearchSchema) -> Result<Value, Failure> {
    let answer = request.execute(connection, &Cancel::new()).await;
    answer.map(|text| serde_json::from_str(&text).unwrap())
}

fn searching(search: &str) -> SearchSchema {
    SearchSchema {
        search: Some(search.to_owned()),
        ..SearchSchema::default()
    }
}

fn within(schema: &str) -> SearchSchema {
    SearchSchema {
        schema: Some(schema.to_owned()),
        ..SearchSchema::default()
    }
}

on_postgres!(
    a_search_tells_what_is_kept_from_the_role,
    async |server: &str| {
        // GIVEN `hidden`, which the role may not use, and `shop`, with a table that it has no right to
        let shop = Shop::on(server).await;
        let connection = opened(&shop.database);
        let no_usage = "lacks USAGE on the schema `hidden`.";

        for (request, lacking) in [
            (within("hidden"), "lacks USAGE on it."),
            (searching("plans"), no_usage),
            (searching("%lan%"), no_usage),
            (
                searching("kept_back"),
                "lacks SELECT on the table `kept_back`.",
            ),
            (
                SearchSchema {
                    detail: Detail::Names,
                    kinds: vec![Kind::Schema],
                    ..searching("hidden")
                },
                "lacks USAGE on it.",
            ),
        ] {
            let told = format!("{request:?}");
            let failure = searched(&connection, request).await.unwrap_err();

            assert_eq!(failure.kind, FailureKind::NotAllowed, "{told}");
            assert!(failure.message.ends_with(lacking), "{failure:?}");
        }
        // What nobody has made is still not there; whether a column of those is called so is not told.
        let columns = SearchSchema {
            kinds: vec![Kind::Column],
            ..searching("zebra")
        };
        for request in [searching("zebra"), columns] {
            let nothing = searched(&connection, request).await.unwrap();
            assert_eq!(nothing["total"], 0);
            assert_eq!(
                nothing["notice"],
                "Tables that the role of this connection may not see were searched by their names alone."
            );
        }
        let unknown = searched(&connection, within("zebra")).await.unwrap_err();
        assert_eq!(unknown.message, "There is no schema `zebra`.");
        shop.leave().await;
    }
);

on_postgres!(
    where_a_role_may_see_no_table_an_overview_says_what_it_lacks,
    async |server: &str| {
        // GIVEN a database with two tables, of which a role may see none
        let mut house = House::on(server).await;
        house
            .run("CREATE SCHEMA sold; CREATE TABLE sold.orders (id int); GRANT USAGE ON SCHEMA sold TO {role}")
            .await;
        let database = open(house.config(&house.name)).await;
        let connection = opened(&database);
        let names = SearchSchema {
            detail: Detail::Names,
            ..SearchSchema::default()
        };

        for request in [SearchSchema::default(), names] {
            let failure = searched(&connection, request).await.unwrap_err();
            assert_eq!(
                (failure.kind, failure.message.as_str()),
                (
                    FailureKind::NotAllowed,
                    "The role may see no table here. `public.notes` exists, but the role of this connection lacks SELECT on the table `notes`. 1 more are kept from it too."
                )
            );
        }
        let failure = searched(&connection, within("sold")).await.unwrap_err();
        assert_eq!(
            failure.message,
            "The role may see no table here. `sold.orders` exists, but the role of this connection lacks SELECT on the table `orders`."
        );
        assert!(failure.hint.unwrap().contains("SELECT on its tables"));

        // WHEN it is granted one
        house.run("GRANT SELECT ON sold.orders TO {role}").await;

        // THEN the overview tells that
        until("the grant is seen", async || {
            let told = searched(&connection, within("sold")).await;
            told.is_ok_and(|told| told["total"] == 1)
        })
        .await;
        database.pool.close().await;
        house.leave(&[]).await;
    }
);

on_postgres!(
    a_database_without_tables_is_told_as_empty,
    async |server: &str| {
        let mut house = House::on(server).await;
        house.run("DROP TABLE notes").await;
        let database = open(house.config(&house.name)).await;

        let told = searched(&opened(&database), SearchSchema::default()).await;

        let told = told.unwrap();
        assert_eq!((&told["total"], told.get("notice")), (&json!(0), None));
        database.pool.close().await;
        house.leave(&[]).await;
    }
);

on_postgres!(
    a_partition_is_described_and_joins_are_its_parents,
    async |server: &str| {
        let shop = Shop::on(server).await;
        let connection = opened(&shop.database);
        let partition = "shop.orders_2024";

        let describe = DescribeTable {
            tables: vec![partition.to_owned()],
            max_bytes: None,
        };
        let told = describe.execute(&connection, &Cancel::new()).await.unwrap();
        let join = FindJoinPath {
            from: "shop.customers".to_owned(),
            to: partition.to_owned(),
        };
        let failure = join.execute(&connection, &Cancel::new()).await.unwrap_err();

        assert!(told.contains("\"name\":\"orders_2024\""), "{told}");
        assert_eq!(failure.message, "`shop.orders_2024` is a part of `orders`.");
        shop.leave().await;
    }
);

on_postgres!(missing_rights_are_told, async |server: &str| {
    let shop = Shop::on(server).await;

    for (name, missing) in [
        ("customers", vec![]),
        ("half", vec!["SELECT (closed)"]),
        ("written", vec!["SELECT"]),
    ] {
        let told = shop.describe(name).await;
        assert_eq!(told.missing_privileges, missing, "{name}");
    }
    shop.leave().await;
});

on_postgres!(
    a_partition_is_a_table_where_its_parent_is_not_seen,
    async |server: &str| {
        let mut shop = Shop::on(server).await;
        shop.house
            .run("REVOKE ALL ON shop.orders FROM {role}")
            .await;

        let told = names(&shop.read().await);

        let orders: Vec<_> = told
            .iter()
            .filter(|name| name.starts_with("shop.orders"))
            .collect();
        assert_eq!(orders, ["shop.orders_2024", "shop.orders_2025"]);
        shop.leave().await;
    }
);

on_postgres!(
    what_belongs_to_an_extension_is_left_out,
    async |server: &str| {
        let mut shop = Shop::on(server).await;
        shop.house
            .run("ALTER DATABASE {role} SET search_path = shop, public; CREATE EXTENSION IF NOT EXISTS plpgsql; \
                  CREATE FUNCTION shop.of_extension() RETURNS int LANGUAGE sql AS 'SELECT 1'; \
                  ALTER EXTENSION plpgsql ADD FUNCTION shop.of_extension(); \
                  ALTER EXTENSION plpgsql ADD TYPE shop.span")
            .await;

        let snapshot = shop.read().await;

        assert!(
            !snapshot
                .routines
                .iter()
                .any(|one| &*one.name == "of_extension")
        );
        assert!(!snapshot.types.iter().any(|one| &*one.name == "span"));
        shop.leave().await;
    }
);
