//! Names, which are told before all else of the schema is read.

use application::{
    registry::OpenConnection,
    use_cases::{Detail, SearchSchema},
};
use domain::{Cancel, schema::search::Kind};
use serde_json::Value;
use support::{databases::opened, on_postgres, waiting::until};

use super::Shop;

/// All kinds of which a name is all that is known at first, and all of them together.
const KINDS: [&[Kind]; 8] = [
    &[],
    &[Kind::Table],
    &[Kind::View],
    &[Kind::Routine],
    &[Kind::Trigger],
    &[Kind::Sequence],
    &[Kind::Type],
    &[Kind::Schema],
];

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

on_postgres!(
    names_alone_are_those_of_the_whole_schema,
    async |server: &str| {
        let shop = Shop::on(server).await;
        let known = opened(&shop.database);
        known.schema(&Cancel::new()).await.unwrap();

        for kinds in KINDS {
            let unknown = opened(&shop.database);
            assert!(unknown.catalog.is_unknown());
            let alone = answer(&unknown, names(kinds)).await;
            let whole = answer(&known, names(kinds)).await;

            assert_eq!(alone, whole, "{kinds:?}");
            assert!(!alone.starts_with("{\"names\":{}"), "{kinds:?}: {alone}");
        }
        shop.leave().await;
    }
);

on_postgres!(
    a_list_that_was_begun_with_names_alone_is_read_on_from_the_whole_schema,
    async |server: &str| {
        // GIVEN the first names of a schema that nobody has asked for yet
        let shop = Shop::on(server).await;
        let connection = opened(&shop.database);
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
        shop.leave().await;
    }
);

on_postgres!(
    the_rest_of_a_schema_is_read_behind_its_names,
    async |server: &str| {
        let shop = Shop::on(server).await;
        let connection = opened(&shop.database);

        answer(&connection, names(&[])).await;

        until("the schema is known", async || {
            connection.catalog.trusted().is_some()
        })
        .await;
        shop.leave().await;
    }
);

on_postgres!(
    names_that_were_read_ahead_are_compared_with_the_schema_before_they_are_told,
    async |server: &str| {
        // GIVEN names that were read before anybody asked
        let mut shop = Shop::on(server).await;
        let connection = opened(&shop.database);
        let cancel = Cancel::new();
        let catalog = &*shop.database.catalog;
        connection
            .catalog
            .read_names(catalog, &cancel)
            .await
            .unwrap();

        // WHEN somebody else makes a table, and they are no longer taken for granted
        shop.house
            .run("CREATE TABLE shop.newcomer (n int); GRANT SELECT ON shop.newcomer TO {role}")
            .await;
        connection.catalog.doubt();

        // THEN whoever asks is told of it
        let told = answer(&connection, names(&[Kind::Table])).await;
        assert!(told.contains("newcomer"), "{told}");
        shop.leave().await;
    }
);
