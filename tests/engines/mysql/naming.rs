//! What is told of a schema before all of it is read: names alone, and an outline.

use std::sync::Arc;

use application::{
    catalog_cache::CatalogCache,
    registry::OpenConnection,
    use_cases::{DescribeTable, Detail, SearchSchema},
};
use domain::{
    Cancel,
    connection::Database,
    schema::{Relation, RelationKind, Snapshot, search::Kind},
};
use serde_json::Value;
use support::{
    databases::{open, opened},
    on_mysql, on_servers,
    waiting::until,
};

use sqlx::{AssertSqlSafe, Connection as _, Row as _};

use super::{helpers::beside, house::House};

const KINDS: [&[Kind]; 6] = [
    &[],
    &[Kind::Table],
    &[Kind::View],
    &[Kind::Routine],
    &[Kind::Trigger],
    &[Kind::Schema],
];

/// The shop, as an account that sees nothing else.
async fn shop(server: &str) -> (House, Database) {
    let mut house = House::shop(server).await;
    let config = house
        .account(&[
            "SELECT, SHOW VIEW, TRIGGER, EXECUTE ON {name}.*",
            "SELECT ON {name}_far.*",
        ])
        .await;
    let database = open(config).await;
    (house, database)
}

fn names(kinds: &[Kind]) -> SearchSchema {
    SearchSchema {
        kinds: kinds.to_vec(),
        detail: Detail::Names,
        ..SearchSchema::default()
    }
}

async fn answer(connection: &OpenConnection, request: SearchSchema) -> String {
    request.execute(connection, &Cancel::new()).await.unwrap()
}

on_mysql!(
    names_alone_are_those_of_the_whole_schema,
    async |server: &str| {
        let (house, database) = shop(server).await;
        let known = opened(&database);
        known.schema(&Cancel::new()).await.unwrap();

        for kinds in KINDS {
            let unknown = opened(&database);
            assert!(unknown.catalog.is_unknown());
            let alone = answer(&unknown, names(kinds)).await;
            let whole = answer(&known, names(kinds)).await;

            assert_eq!(alone, whole, "{kinds:?}");
            assert!(!alone.starts_with("{\"names\":{}"), "{kinds:?}: {alone}");
        }
        database.pool.close().await;
        house.leave().await;
    }
);

on_mysql!(
    a_list_that_was_begun_with_names_alone_is_read_on_from_the_whole_schema,
    async |server: &str| {
        // GIVEN the first names of a schema that nobody has asked for yet
        let (house, database) = shop(server).await;
        let connection = opened(&database);
        let few = SearchSchema {
            limit: Some(3),
            ..names(&[])
        };
        let first: Value = serde_json::from_str(&answer(&connection, few.clone()).await).unwrap();

        // WHEN they are read on once all of it is known
        connection.schema(&Cancel::new()).await.unwrap();
        let on = SearchSchema {
            cursor: Some(first["cursor"].as_str().unwrap().to_owned()),
            limit: None,
            ..few
        };
        let second: Value = serde_json::from_str(&answer(&connection, on).await).unwrap();

        // THEN none is missing
        assert_eq!(
            first["leftOut"].as_u64(),
            Some(first["total"].as_u64().unwrap() - 3)
        );
        assert_eq!(second["total"], first["total"]);
        assert_eq!(second["leftOut"], Value::Null);
        database.pool.close().await;
        house.leave().await;
    }
);

on_mysql!(
    the_rest_of_a_schema_is_read_behind_its_names,
    async |server: &str| {
        let (house, database) = shop(server).await;
        let connection = opened(&database);

        answer(&connection, names(&[])).await;

        until("the schema is known", async || {
            connection.catalog.trusted().is_some()
        })
        .await;
        database.pool.close().await;
        house.leave().await;
    }
);

/// Without what an outline may lack.
fn outlined(mut whole: Snapshot) -> Snapshot {
    for relation in &mut whole.relations {
        lacking(relation);
    }
    whole.indexes.clear();
    whole.foreign_keys.clear();
    whole
}

fn lacking(relation: &mut Relation) {
    relation.estimated_rows = None;
    relation.partitions = 0;
    relation.keys.clear();
    if relation.kind == RelationKind::PartitionedTable {
        relation.kind = RelationKind::Table;
    }
}

on_mysql!(
    names_that_were_read_ahead_are_compared_with_the_schema_before_they_are_told,
    async |server: &str| {
        // GIVEN names that were read before anybody asked
        let (mut house, database) = shop(server).await;
        let connection = opened(&database);
        let cancel = Cancel::new();
        connection
            .catalog
            .read_names(&*database.catalog, &cancel)
            .await
            .unwrap();

        // WHEN somebody else makes a table, and they are no longer taken for granted
        house.run("CREATE TABLE newcomer (n int)").await;
        connection.catalog.doubt();

        // THEN whoever asks is told of it
        let told = answer(&connection, names(&[Kind::Table])).await;
        assert!(told.contains("newcomer"), "{told}");
        database.pool.close().await;
        house.leave().await;
    }
);

on_mysql!(
    an_outline_is_the_whole_schema_but_for_keys_and_figures,
    async |server: &str| {
        let (house, database) = shop(server).await;
        let catalog = &database.catalog;

        let outline = catalog.outline(&Cancel::new()).await.unwrap().unwrap();
        let whole = catalog.read(&Cancel::new()).await.unwrap();

        assert_eq!(outlined(outline), outlined(whole));
        database.pool.close().await;
        house.leave().await;
    }
);

on_mysql!(
    an_outline_that_is_completed_is_the_whole_schema,
    async |server: &str| {
        let (house, database) = shop(server).await;
        let catalog = &database.catalog;
        let outline = catalog.outline(&Cancel::new()).await.unwrap().unwrap();

        let whole = catalog.complete(outline, &Cancel::new()).await.unwrap();

        let orders = whole
            .relations
            .iter()
            .find(|table| &*table.name == "orders");
        assert_eq!(orders.unwrap().kind, RelationKind::PartitionedTable);
        assert_eq!(orders.unwrap().partitions, 2);
        let key = whole
            .foreign_keys
            .iter()
            .find(|key| &*key.name == "of_item");
        assert_eq!(key.unwrap().columns.len(), 2);
        database.pool.close().await;
        house.leave().await;
    }
);

/// What an outline asks, but for what opens no tables anyway.
const QUESTIONS: [&str; 3] = [
    include_str!("../../../adapters/src/outbound/mysql/queries/tables.sql"),
    include_str!("../../../adapters/src/outbound/mysql/queries/columns.sql"),
    include_str!("../../../adapters/src/outbound/mysql/queries/triggers.sql"),
];

on_servers!(
    no_table_is_opened_for_an_outline: mariadb_10_11,
    async |server: &str| {
        let mut administrator = beside(server).await;

        for question in QUESTIONS {
            let question = question.replace("{partitioned}", "NULL");
            let plan = sqlx::raw_sql(AssertSqlSafe(format!("EXPLAIN {question}")))
                .fetch_one(&mut administrator)
                .await
                .unwrap();
            let extra: String = plan.get_unchecked("Extra");

            assert!(extra.contains("Open_frm_only"), "{question}: {extra}");
        }
        administrator.close().await.unwrap();
    }
);

/// What is asked of a table that is known to refer to another.
const OF_REFERRING: [(&str, &str); 2] = [
    (
        include_str!("../../../adapters/src/outbound/mysql/queries/keys_to.sql"),
        "table_schema = 'a' AND table_name = 'b' AND referenced_table_name IS NOT NULL",
    ),
    (
        include_str!("../../../adapters/src/outbound/mysql/queries/rules_to.sql"),
        "constraint_schema = 'a' AND table_name = 'b'",
    ),
];

on_servers!(
    no_other_table_is_opened_to_describe_what_refers_to_one: mariadb_10_11,
    async |server: &str| {
        let mut administrator = beside(server).await;

        for (question, condition) in OF_REFERRING {
            let plan = sqlx::raw_sql(AssertSqlSafe(format!("EXPLAIN {question}{condition}")))
                .fetch_one(&mut administrator)
                .await
                .unwrap();
            let extra: String = plan.get_unchecked("Extra");

            assert!(extra.contains("Scanned 0 databases"), "{question}: {extra}");
        }
        administrator.close().await.unwrap();
    }
);

on_mysql!(
    a_large_schema_is_searched_described_and_named_rightly_before_all_of_it_is_known,
    async |server: &str| {
        // GIVEN connections on which any schema counts as large: of one all is known, of the others nothing
        let (house, database) = shop(server).await;
        let cancel = Cancel::new();
        let large = || {
            let mut connection = opened(&database);
            connection.catalog = Arc::new(CatalogCache::outlining_above(1));
            connection
        };
        let known = large();
        let whole = known.schema(&cancel).await.unwrap();
        let told = async |connection: &OpenConnection, request: SearchSchema| {
            serde_json::from_str::<Value>(&answer(connection, request).await).unwrap()
        };

        // WHEN the first question of each is answered, THEN names are those of the whole
        for kinds in KINDS {
            assert_eq!(
                told(&large(), names(kinds)).await,
                told(&known, names(kinds)).await
            );
        }

        // AND tables and columns are known as they are, which is what names are completed from
        let outline = large().known(&cancel).await.unwrap();
        assert!(outline.is_outline);
        assert_eq!(
            outlined(outline.snapshot.as_ref().clone()),
            outlined(whole.as_ref().clone())
        );

        // AND a search finds what is meant, and says that more is to come
        let orders = || SearchSchema {
            search: Some("orders".to_owned()),
            kinds: vec![Kind::Table],
            ..SearchSchema::default()
        };
        let (before, after) = (told(&large(), orders()).await, told(&known, orders()).await);
        assert_eq!(before["matches"][0]["name"], after["matches"][0]["name"]);
        assert_eq!(before["matches"][0]["name"], "orders");
        assert!(before["notice"].is_string(), "{before}");
        assert_eq!(after["notice"], Value::Null);

        // AND a table is described, but for what MariaDB has to look for in others
        let described = async |connection: &OpenConnection| {
            let request = DescribeTable {
                tables: vec![format!("{}.customers", house.name)],
                max_bytes: None,
            };
            let text = request.execute(connection, &cancel).await.unwrap();
            serde_json::from_str::<Value>(&text).unwrap()["tables"][0].take()
        };
        let (mut before, mut after) = (described(&large()).await, described(&known).await);
        assert!(after["referencedBy"].is_array(), "{after}");
        if server.starts_with("mariadb") {
            assert!(
                before["options"][0]
                    .as_str()
                    .unwrap()
                    .contains("referencedBy")
            );
            for table in [&mut before, &mut after] {
                let table = table.as_object_mut().unwrap();
                table.remove("options");
                table.remove("referencedBy");
            }
        }
        assert_eq!(before, after);
        database.pool.close().await;
        house.leave().await;
    }
);
