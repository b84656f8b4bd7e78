//! Schemas of servers as resources, and what is told of one that is gone.

use serde_json::{Value, json};
use sqlx::{
    AssertSqlSafe, Connection as _, MySqlConnection, PgConnection, mysql::MySqlConnectOptions,
    raw_sql,
};
use support::{
    client::{Launch, Server},
    databases::{server_variable, unique},
    on_servers,
};
use url::Url;

const SHOP: &str = "
    CREATE TABLE {s}.customers (id int PRIMARY KEY, email varchar(80) NOT NULL UNIQUE);
    CREATE TABLE {s}.orders (id int PRIMARY KEY, customer_id int NOT NULL, FOREIGN KEY (customer_id) REFERENCES {s}.customers (id));
    CREATE TABLE {s}.order_notes (id int PRIMARY KEY, note text);
    CREATE VIEW {s}.late AS SELECT id FROM {s}.orders;
";
const PASSWORD: &str = "Change-this-password-1";

/// A schema of PostgreSQL in a database of its own, or a database of MySQL beside that of an account that sees no other.
struct House {
    server: String,
    name: String,
    schema: String,
    url: Url,
}

impl House {
    async fn on(server: &str) -> Self {
        let name = unique("shelf");
        let mut url = Url::parse(&server_variable(server, "URL")).unwrap();
        url.set_path(&name);
        let is_postgres = server.starts_with("postgres");
        let schema = if is_postgres {
            "sold".to_owned()
        } else {
            format!("{name}_sold")
        };
        let house = Self {
            server: server.to_owned(),
            schema: schema.clone(),
            url: url.clone(),
            name: name.clone(),
        };
        house.outside(&format!("CREATE DATABASE {name}")).await;
        if is_postgres {
            house.inside("CREATE SCHEMA sold").await;
        } else {
            house
                .outside(&format!(
                    "CREATE USER {name} IDENTIFIED BY '{PASSWORD}'; GRANT ALL ON {name}.* TO {name}; \
                     CREATE DATABASE {schema}; GRANT ALL ON {schema}.* TO {name}"
                ))
                .await;
        }
        house.inside(&SHOP.replace("{s}", &schema)).await;
        if !is_postgres {
            url.set_username(&name).unwrap();
            url.set_password(Some(PASSWORD)).unwrap();
        }
        Self { url, ..house }
    }

    /// As the administrator of the server.
    async fn outside(&self, sql: &str) {
        self.run(&server_variable(&self.server, "URL"), sql).await;
    }

    /// As the administrator, in the database.
    async fn inside(&self, sql: &str) {
        let mut url = Url::parse(&server_variable(&self.server, "URL")).unwrap();
        url.set_path(&self.name);
        self.run(url.as_str(), sql).await;
    }

    async fn run(&self, url: &str, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        if self.server.starts_with("postgres") {
            let mut session = PgConnection::connect(url).await.unwrap();
            raw_sql(sql).execute(&mut session).await.unwrap();
            session.close().await.unwrap();
        } else {
            use sqlx::ConnectOptions as _;
            let options = MySqlConnectOptions::from_url(&Url::parse(url).unwrap()).unwrap();
            let mut session: MySqlConnection = options.connect().await.unwrap();
            raw_sql(sql).execute(&mut session).await.unwrap();
            session.close().await.unwrap();
        }
    }

    async fn serve(&self) -> Server {
        Server::start(Launch::default().database("shop", self.url.as_str())).await
    }

    async fn leave(self, server: Server) {
        drop(server);
        let name = &self.name;
        if self.server.starts_with("postgres") {
            self.outside(&format!("DROP DATABASE {name} WITH (FORCE)"))
                .await;
        } else {
            let schema = &self.schema;
            self.outside(&format!(
                "DROP DATABASE {name}; DROP DATABASE IF EXISTS {schema}; DROP USER {name}"
            ))
            .await;
        }
    }
}

/// The text of a resource.
async fn text(server: &mut Server, uri: &str) -> String {
    let answer = server.request("resources/read", json!({"uri": uri})).await;
    let content = &answer["result"]["contents"][0];
    content["text"].as_str().unwrap_or_default().to_owned()
}

on_servers!(
    a_schema_its_tables_and_its_diagram_are_resources: postgres_15 postgres_18 mariadb_10_11 mysql_9,
    async |key: &str| {
        let house = House::on(key).await;
        let mut server = house.serve().await;
        let schema = &house.schema;

        let overview: Value =
            serde_json::from_str(&text(&mut server, "portolan://shop/schema").await).unwrap();
        let uri = format!("portolan://shop/schema/{schema}/orders");
        let orders: Value = serde_json::from_str(&text(&mut server, &uri).await).unwrap();
        let diagram = text(&mut server, "portolan://shop/schema/diagram").await;

        let counts = format!("{schema}: 3 tables, 1 view");
        let schemas = overview["schemas"].as_array().unwrap();
        assert!(schemas.contains(&json!(counts)), "{overview}");
        assert_eq!(overview["total"], 4);
        let orders = &orders["tables"][0];
        assert_eq!(
            (&orders["name"], &orders["foreignKeys"][0]["references"]),
            (&json!("orders"), &json!("customers(id)"))
        );
        assert!(diagram.starts_with("erDiagram\n"), "{diagram}");
        let keys: Vec<&str> = diagram.lines().filter(|line| line.contains("--")).collect();
        assert_eq!(keys.len(), 1, "{diagram}");
        assert!(keys[0].contains("customer_id"), "{diagram}");
        house.leave(server).await;
    }
);

on_servers!(
    names_of_schemas_and_tables_are_completed: postgres_15 postgres_18 mariadb_10_11 mysql_9,
    async |key: &str| {
        let house = House::on(key).await;
        let mut server = house.serve().await;

        let mut told = Vec::new();
        for (argument, value, context) in [
            ("schema", &*house.schema, json!({"connection": "shop"})),
            ("table", "OR", json!({"connection": "shop", "schema": house.schema})),
        ] {
            let params = json!({
                "ref": {"type": "ref/resource", "uri": "portolan://{connection}/schema/{schema}/{table}"},
                "argument": {"name": argument, "value": value},
                "context": {"arguments": context},
            });
            let answer = server.request("completion/complete", params).await;
            told.push(answer["result"]["completion"]["values"].clone());
        }

        assert_eq!(told, [json!([house.schema]), json!(["order_notes", "orders"])]);
        house.leave(server).await;
    }
);

on_servers!(
    a_schema_that_is_dropped_between_calls_is_told_as_gone: postgres_15 postgres_18 mariadb_10_11 mysql_9,
    async |key: &str| {
        // GIVEN a schema that was just looked at
        let house = House::on(key).await;
        let mut server = house.serve().await;
        let schema = &house.schema;
        let (orders, customers) = (format!("{schema}.orders"), format!("{schema}.customers"));
        let sql = format!("SELECT * FROM {orders}");
        let calls = [
            ("describe_table", json!({"tables": orders})),
            ("find_join_path", json!({"from": orders, "to": customers})),
            ("search_schema", json!({"schema": schema})),
            ("explain_query", json!({"sql": sql})),
            ("execute_query", json!({"sql": sql})),
        ];
        for (tool, arguments) in &calls {
            let answer = server.call(tool, arguments.clone()).await;
            assert!(!answer.is_error, "{tool}: {}", answer.text);
        }

        // WHEN it is dropped by somebody else
        let drop = if key.starts_with("postgres") {
            "DROP SCHEMA sold CASCADE".to_owned()
        } else {
            format!("DROP DATABASE {schema}")
        };
        house.inside(&drop).await;

        // THEN each call says what is gone, and none fails in another way
        for (tool, arguments) in &calls {
            let failure = server.call(tool, arguments.clone()).await.failure();
            let kind = failure["kind"].as_str().unwrap();
            let is_told = match *tool {
                "explain_query" | "execute_query" => kind == "invalid_sql",
                _ => kind == "invalid_argument",
            };
            assert!(is_told, "{tool}: {failure}");
            let message = failure["message"].as_str().unwrap();
            assert!(message.contains(schema.as_str()), "{tool}: {failure}");
        }
        let uri = format!("portolan://shop/schema/{schema}/orders");
        let answer = server.request("resources/read", json!({"uri": uri})).await;
        assert_eq!(answer["error"]["code"], -32002, "{answer}");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.starts_with("There is no "), "{message}");
        house.leave(server).await;
    }
);
