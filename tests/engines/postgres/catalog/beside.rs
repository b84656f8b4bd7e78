//! What a look at the schema leaves alone: the tables' rows, and other calls.

use std::sync::Arc;

use application::{
    encode::Format,
    registry::OpenConnection,
    use_cases::{
        AskedLimits, Ceilings, DescribeTable, ExecuteQuery, ExplainQuery, FindJoinPath,
        SearchSchema,
    },
};
use domain::{Cancel, query::Statement};
use support::{
    databases::{open, opened},
    on_postgres,
    waiting::until,
};

use super::Shop;

async fn query(connection: &OpenConnection, sql: &str) -> String {
    let query = ExecuteQuery {
        statement: Statement::new(sql.to_owned(), vec![]).unwrap(),
        format: Format::Json,
        asked: AskedLimits::default(),
    };
    let answer = query
        .execute(connection, Ceilings::default(), &Cancel::new())
        .await;
    answer.unwrap().text
}

async fn search(connection: &OpenConnection, word: &str) -> String {
    let search = SearchSchema {
        search: Some(word.to_owned()),
        ..SearchSchema::default()
    };
    search.execute(connection, &Cancel::new()).await.unwrap()
}

/// How often the shop's tables were read from, in whatever way.
async fn scans(shop: &mut Shop) -> Vec<String> {
    shop.house
        .texts(
            "SELECT relname || ': ' || seq_scan || ', ' || COALESCE(idx_scan, 0) FROM pg_stat_user_tables \
             WHERE schemaname = 'shop' ORDER BY relname",
        )
        .await
}

on_postgres!(
    the_tools_that_tell_of_a_schema_read_no_rows,
    async |server: &str| {
        // GIVEN a shop with rows, and how often its tables have been read
        let mut shop = Shop::on(server).await;
        shop.house.settle().await;
        let before = scans(&mut shop).await;
        let name = shop.house.name.clone();
        let sessions =
            format!("SELECT count(*)::text FROM pg_stat_activity WHERE usename = '{name}'");

        // WHEN a caller asks all that there is to ask
        let cancel = Cancel::new();
        let database = open(shop.house.config(&name)).await;
        let connection = opened(&database);
        search(&connection, "customers").await;
        SearchSchema::default()
            .execute(&connection, &cancel)
            .await
            .unwrap();
        let describe = DescribeTable {
            tables: ["shop.customers", "shop.orders", "shop.totals"]
                .map(str::to_owned)
                .into(),
            max_bytes: None,
        };
        describe.execute(&connection, &cancel).await.unwrap();
        let join = FindJoinPath {
            from: "shop.customers".to_owned(),
            to: "shop.orders".to_owned(),
        };
        join.execute(&connection, &cancel).await.unwrap();
        let explain = ExplainQuery {
            statement: Statement::new("SELECT * FROM shop.customers".to_owned(), vec![]).unwrap(),
            analyze: false,
            try_indexes: Vec::new(),
        };
        explain.execute(&connection, &cancel).await.unwrap();
        // A session tells what it has counted before it is gone.
        database.pool.close().await;
        shop.database.pool.close().await;
        until("the sessions are gone", async || {
            shop.house.texts(&sessions).await == ["0"]
        })
        .await;

        // THEN no table was read, and a query would have been noticed
        assert_eq!(scans(&mut shop).await, before);
        let database = open(shop.house.config(&name)).await;
        query(&opened(&database), "SELECT count(*) FROM shop.customers").await;
        database.pool.close().await;
        until("the sessions are gone", async || {
            shop.house.texts(&sessions).await == ["0"]
        })
        .await;
        assert_ne!(scans(&mut shop).await, before);
        shop.leave().await;
    }
);

on_postgres!(
    a_query_is_answered_while_the_schema_is_still_being_read,
    async |server: &str| {
        // GIVEN a connection whose look at the schema waits for a lock
        let mut shop = Shop::on(server).await;
        let connection = Arc::new(opened(&shop.database));
        shop.house
            .run("BEGIN; LOCK TABLE pg_catalog.pg_description IN ACCESS EXCLUSIVE MODE")
            .await;
        let looking = tokio::spawn({
            let connection = Arc::clone(&connection);
            async move { search(&connection, "customers").await }
        });
        until("it waits", async || {
            shop.house
                .texts("SELECT count(*)::text FROM pg_locks WHERE relation = 'pg_description'::regclass AND NOT granted")
                .await
                == ["1"]
        })
        .await;

        // WHEN a query comes in on the same connection
        let answer = query(&connection, "SELECT 1 AS one").await;

        // THEN it is answered before the schema is known
        assert!(answer.contains("[[1]]"), "{answer}");
        assert!(!looking.is_finished());
        shop.house.run("COMMIT").await;
        assert!(looking.await.unwrap().contains("customers"));
        shop.leave().await;
    }
);
