//! The example of two stores, through the binary: each sees its own.

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection, postgres::PgConnectOptions, raw_sql};
use support::{
    client::{Launch, Server, tool_answer},
    databases::{server_variable, unique},
    on_postgres,
};

const SCHEMA: &str = include_str!("../../examples/tenants/schema.sql");
const CONFIGURATION: &str = include_str!("../../examples/tenants/portolan.json");

/// The example's database, its roles under names of their own.
struct Stores {
    server: String,
    name: String,
}

impl Stores {
    async fn new(server: &str) -> Self {
        let stores = Self {
            server: server.to_owned(),
            name: unique("stores"),
        };
        stores
            .administer(None, &format!("CREATE DATABASE {}", stores.name))
            .await;
        let schema = SCHEMA.replace("stores_", &format!("{}_", stores.name));
        stores.administer(Some(&stores.name), &schema).await;
        stores
    }

    async fn administer(&self, database: Option<&str>, sql: &str) {
        let mut options: PgConnectOptions = server_variable(&self.server, "URL").parse().unwrap();
        if let Some(database) = database {
            options = options.database(database);
        }
        let mut session = PgConnection::connect_with(&options).await.unwrap();
        raw_sql(AssertSqlSafe(sql.to_owned()))
            .execute(&mut session)
            .await
            .unwrap();
        session.close().await.unwrap();
    }

    async fn drop(self) {
        let name = &self.name;
        self.administer(None, &format!("DROP DATABASE {name} WITH (FORCE)"))
            .await;
        self.administer(
            None,
            &format!("DROP ROLE {name}_app; DROP ROLE {name}_owner"),
        )
        .await;
    }

    /// With the mapping of the example's configuration.
    fn launch(&self, claims: &Value) -> Launch {
        let configuration: Value = serde_json::from_str(CONFIGURATION).unwrap();
        let mapping = &configuration["connections"]["stores"]["rowSecurity"];
        let mut url = url::Url::parse(&server_variable(&self.server, "URL")).unwrap();
        url.set_username(&format!("{}_app", self.name)).unwrap();
        url.set_password(Some("change-me")).unwrap();
        url.set_path(&self.name);
        Launch::default()
            .database("stores", url)
            .with("STORES_DB_SCHEMA", "retail")
            .with("STORES_DB_ROW_SECURITY", mapping.to_string())
            .with("MCP_LOCAL_CLAIMS", claims.to_string())
            .with("MCP_TOOLS", "full")
            .with("MCP_LOG_LEVEL", "info")
    }

    async fn start(&self, claims: Value) -> Server {
        Server::start(self.launch(&claims)).await
    }
}

const WHOSE: &str = "SELECT store, count(*) FROM orders GROUP BY store ORDER BY store";

on_postgres!(each_store_sees_its_own, async |server: &str| {
    let stores = Stores::new(server).await;

    for (store, orders) in [("lisbon", 3), ("porto", 2)] {
        let mut server = stores.start(json!({"store": store})).await;
        assert_eq!(server.query(WHOSE).await["rows"], json!([[store, orders]]));
        let sales = server.query("SELECT DISTINCT store FROM sales").await;
        assert_eq!(sales["rows"], json!([[store]]));
        let products = server.query("SELECT count(*) FROM products").await;
        assert_eq!(products["rows"], json!([[4]]));
    }

    stores.drop().await;
});

on_postgres!(
    who_has_no_store_is_refused_and_nobody_becomes_another,
    async |server: &str| {
        let stores = Stores::new(server).await;
        let mut nobody = stores.start(json!({})).await;
        let mut porto = stores.start(json!({"store": "porto"})).await;

        let refused = nobody.call("execute_query", json!({"sql": WHOSE})).await;
        let becoming =
            json!({"sql": "SELECT set_config('app.store', 'lisbon', true), o.* FROM orders o"});
        let becoming = porto.call("execute_query", becoming).await;

        assert_eq!(refused.failure()["kind"], "not_allowed");
        assert_eq!(becoming.failure()["kind"], "not_allowed");
        stores.drop().await;
    }
);

on_postgres!(
    who_may_act_as_another_does_and_the_log_says_so,
    async |server: &str| {
        let stores = Stores::new(server).await;
        let asking = json!({
            "name": "execute_query",
            "arguments": {"sql": WHOSE},
            "_meta": {"x-rls-user-id": "porto"},
        });
        let mut head_office = stores
            .start(json!({"store": "lisbon", "desk": "head-office"}))
            .await;
        let mut lisbon = stores.start(json!({"store": "lisbon"})).await;

        let seen = tool_answer(&head_office.request("tools/call", asking.clone()).await);
        let refused = tool_answer(&lisbon.request("tools/call", asking).await);

        assert_eq!(seen.ok()["rows"], json!([["porto", 2]]));
        assert_eq!(refused.failure()["kind"], "not_allowed");
        let log = head_office.log().await;
        assert!(log.contains(r#""acts_as":"porto""#), "{log}");
        stores.drop().await;
    }
);

on_postgres!(
    the_schema_is_told_without_numbers_of_rows,
    async |server: &str| {
        let stores = Stores::new(server).await;
        stores.administer(Some(&stores.name), "ANALYZE").await;
        let mut porto = stores.start(json!({"store": "porto"})).await;

        let described = porto
            .call("describe_table", json!({"tables": ["orders"]}))
            .await
            .ok();
        let found = porto.call("search_schema", json!({})).await.ok();
        let plan = porto.call("explain_query", json!({"sql": WHOSE})).await;

        for told in [described.to_string(), found.to_string()] {
            assert!(told.contains("orders"), "{told}");
            assert!(!told.contains("Rows\":"), "{told}");
            assert!(!told.contains("sizeBytes"), "{told}");
        }
        assert_eq!(plan.failure()["kind"], "not_allowed");
        stores.drop().await;
    }
);

on_postgres!(
    no_client_replaces_a_connection_that_shows_each_its_own,
    async |server: &str| {
        let stores = Stores::new(server).await;
        let mut porto = stores.start(json!({"store": "porto"})).await;
        let exported = porto.call("export_connections", json!({})).await.ok();
        let mut entry = exported["connections"]["stores"].clone();
        entry["password"] = json!("***");

        let imported = porto
            .call(
                "import_connections",
                json!({"connections": {"stores": entry}, "overwrite": true}),
            )
            .await
            .ok();

        assert!(
            imported.to_string().contains("whose rows its callers see"),
            "{imported}"
        );
        stores.drop().await;
    }
);
