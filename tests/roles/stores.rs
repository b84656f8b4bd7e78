//! The example of two stores on MySQL and MariaDB, over HTTP: whose rows, which tables and what is masked in them, all on one
//! connection, and what is tried against one with the help of another.

use adapters::inbound::http::identity::TokenHash;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, MySqlConnection, raw_sql};
use support::{
    client::{Answer, Launch, tool_answer},
    databases::{server_variable, unique},
    http::{HttpServer, Request},
    on_mysql,
    scratch::Scratch,
};

const SCHEMA: &str = include_str!("../../examples/tenants/mysql.sql");
const CONFIGURATION: &str = include_str!("../../examples/tenants/mysql.json");
const PASSWORD: &str = "Change-this-password-1";

/// What nobody may see: masked values of either store, and a table that the role hides.
const SECRETS: [&str; 14] = [
    "ana@", "rui@", "marta@", "ivo@", "Ana", "Sousa", "Rui", "Marta", "Reis", "Ivo", "Bread",
    "Olive", "Sea salt", "Sardines",
];

/// The example's databases under names of their own, and a server that lets one clerk of each store in.
struct Stores {
    admin: MySqlConnection,
    name: String,
    server: HttpServer,
    _scratch: Scratch,
}

/// The token of a store's clerk.
fn token(store: &str) -> String {
    format!("{store}-{}", "0123456789abcdef".repeat(3))
}

impl Stores {
    async fn new(key: &str, mask: Value) -> Self {
        let name = unique("stores");
        let url = server_variable(key, "URL").replace("mariadb://", "mysql://");
        let mut admin = MySqlConnection::connect(&url).await.unwrap();
        let schema = SCHEMA
            .replace("stores_app", &name)
            .replace("retail", &format!("{name}_retail"))
            .replace("change-me", PASSWORD);
        raw_sql(AssertSqlSafe(schema))
            .execute(&mut admin)
            .await
            .unwrap();
        let mut url = url::Url::parse(&url).unwrap();
        url.set_username(&name).unwrap();
        url.set_password(None).unwrap();
        url.set_path(&format!("{name}_retail"));
        let mut configuration: Value = serde_json::from_str(CONFIGURATION).unwrap();
        let connection = &mut configuration["connections"]["stores"];
        connection["url"] = json!(url.as_str());
        connection["mask"] = mask;
        connection["maxConnections"] = json!(2);
        configuration["roles"] = json!({"clerk": {
            "when": {"desk": "clerk"},
            "connections": "stores",
            "tools": "full",
            "tables": {"allow": [format!("{name}_retail.*"), format!("{name}_retail_tables.*")], "deny": "products"},
            "functions": format!("{name}_retail.own_store"),
        }});
        let holder = |store: &str| json!({"hash": TokenHash::of(&token(store)).to_string(), "claims": {"store": store, "desk": "clerk"}});
        configuration["identity"] =
            json!({"tokens": {"of_lisbon": holder("lisbon"), "of_porto": holder("porto")}});
        let scratch = Scratch::new();
        let file = scratch.path("portolan.json");
        std::fs::write(&file, configuration.to_string()).unwrap();
        let launch = Launch::default()
            .argument("--config")
            .argument(file.display().to_string())
            .with("STORES_PASSWORD", PASSWORD);
        Self {
            admin,
            name,
            server: HttpServer::start(launch).await,
            _scratch: scratch,
        }
    }

    async fn call(&self, store: &str, tool: &str, arguments: Value) -> Answer {
        let request = Request::call(tool, arguments)
            .with("Authorization", &format!("Bearer {}", token(store)));
        tool_answer(&self.server.send(&request).await.json())
    }

    async fn rows(&self, store: &str, sql: &str) -> Value {
        let arguments = json!({"sql": self.told(sql)});
        self.call(store, "execute_query", arguments).await.ok()["rows"].clone()
    }

    /// `{r}` is the database of the views.
    fn told(&self, sql: &str) -> String {
        sql.replace("{r}", &format!("{}_retail", self.name))
    }

    async fn gone(mut self) {
        let name = &self.name;
        let sql = format!(
            "DROP DATABASE {name}_retail; DROP DATABASE {name}_retail_tables; DROP USER {name}"
        );
        raw_sql(AssertSqlSafe(sql))
            .execute(&mut self.admin)
            .await
            .unwrap();
        self.admin.close().await.unwrap();
    }
}

/// Views that ask whose rows they are to show are masked as a whole, so what is shown of them is said.
fn mask() -> Value {
    json!({
        "customers.*": "none", "customers.email": "partial", "customers.name": "full",
        "orders.*": "none",
    })
}

const JOINED: &str = "SELECT c.email, o.quantity FROM orders o JOIN customers c ON c.id = o.customer WHERE o.quantity > 2 ORDER BY o.id";

on_mysql!(
    each_clerk_sees_its_own_store_with_the_masks_in_it,
    async |key: &str| {
        let stores = Stores::new(key, mask()).await;

        // The same texts, one caller after the other on the same sessions.
        for _ in 0..3 {
            for (store, customers, joined) in [
                (
                    "lisbon",
                    json!([
                        ["lisbon", 1, "***", "a***@lisbon.example"],
                        ["lisbon", 2, "***", "r***@lisbon.example"]
                    ]),
                    json!([["r***@lisbon.example", 6]]),
                ),
                (
                    "porto",
                    json!([
                        ["porto", 1, "***", "m***@porto.example"],
                        ["porto", 2, "***", "i***@porto.example"]
                    ]),
                    json!([["i***@porto.example", 4], ["m***@porto.example", 3]]),
                ),
            ] {
                let all = "SELECT * FROM customers ORDER BY id";
                assert_eq!(stores.rows(store, all).await, customers);
                let qualified = "SELECT * FROM {r}.customers ORDER BY id";
                assert_eq!(stores.rows(store, qualified).await, customers);
                assert_eq!(stores.rows(store, JOINED).await, joined);
                let renamed =
                    "SELECT email AS shown, name AS other FROM customers ORDER BY id LIMIT 1";
                let first = json!([[customers[0][3], customers[0][2]]]);
                assert_eq!(stores.rows(store, renamed).await, first);
                let count = "SELECT COUNT(*), MIN(store), MAX(store) FROM customers";
                assert_eq!(stores.rows(store, count).await, json!([[2, store, store]]));
            }
        }
        stores.gone().await;
    }
);

on_mysql!(
    a_view_that_asks_whose_rows_is_masked_as_a_whole_unless_it_is_said,
    async |key: &str| {
        let stores = Stores::new(key, json!({"customers.email": "partial"})).await;

        let rows = stores
            .rows(
                "porto",
                "SELECT store, id, name, email FROM customers LIMIT 1",
            )
            .await;

        assert_eq!(rows, json!([["***", "***", "***", "m***@porto.example"]]));
        stores.gone().await;
    }
);

/// Each tries to see a masked value, another store's rows or a hidden table, or to tell of one, as Lisbon's clerk.
const ATTACKS: &[&str] = &[
    // What is masked.
    "SELECT id FROM customers WHERE email LIKE 'ana%'",
    "SELECT id FROM {r}.customers AS c WHERE c.email < 'b'",
    "SELECT UPPER(email) FROM customers",
    "SELECT CONCAT(name, email) FROM customers",
    "SELECT email + 0 FROM customers",
    "SELECT email = 'x' FROM customers",
    "SELECT IF(email > 'b', SLEEP(1), 0) FROM customers",
    "SELECT * FROM (SELECT email FROM customers) x",
    "SELECT x.e FROM (SELECT email AS e FROM customers) x WHERE x.e < 'b'",
    "SELECT x.d FROM (TABLE customers) AS x (a, b, c, d)",
    "SELECT x.d FROM (SELECT * FROM customers) AS x (a, b, c, d)",
    "WITH x AS (SELECT email FROM customers) SELECT * FROM x",
    "WITH customers AS (SELECT email FROM customers) SELECT * FROM customers",
    "WITH x (e) AS (SELECT email FROM customers) SELECT COUNT(*) FROM x WHERE e > 'b'",
    "WITH orders AS (SELECT * FROM customers) SELECT email FROM orders",
    "SELECT email FROM customers UNION SELECT name FROM customers",
    "SELECT 'x' AS email UNION ALL SELECT email FROM customers",
    "(SELECT email FROM customers) UNION (SELECT store FROM orders)",
    "SELECT store FROM customers EXCEPT SELECT email FROM customers",
    "SELECT JSON_ARRAYAGG(email) FROM customers",
    "SELECT JSON_OBJECT('e', email) FROM customers",
    "SELECT JSON_OBJECTAGG(id, email) FROM customers",
    "SELECT j.* FROM customers c, JSON_TABLE(JSON_ARRAY(c.email), '$[*]' COLUMNS (e TEXT PATH '$')) j",
    "SELECT GROUP_CONCAT(email) FROM customers",
    "SELECT GROUP_CONCAT(id ORDER BY email) FROM customers",
    "SELECT MAX(email) OVER () FROM customers",
    "SELECT id, ROW_NUMBER() OVER (ORDER BY email) FROM customers",
    "SELECT LAG(email) OVER (ORDER BY id) FROM customers",
    "SELECT COUNT(*) OVER w FROM customers WINDOW w AS (PARTITION BY email)",
    "SELECT id FROM customers ORDER BY email",
    "SELECT id, email FROM customers ORDER BY 2",
    "SELECT id, email AS e FROM customers ORDER BY e",
    "SELECT id, email e FROM customers HAVING e > 'b'",
    "SELECT DISTINCT email FROM customers",
    "SELECT COUNT(*) FROM customers GROUP BY email",
    "SELECT store, COUNT(*) FROM customers GROUP BY store, email WITH ROLLUP",
    "SELECT o.id FROM orders o JOIN customers c ON c.id = o.customer AND c.email LIKE 'a%'",
    "SELECT o.id FROM orders o NATURAL JOIN customers c",
    "SELECT o.id FROM orders o JOIN customers c USING (id, email)",
    "SELECT id FROM orders WHERE customer IN (SELECT id FROM customers WHERE email > 'b')",
    "SELECT id FROM orders WHERE (1, 'x') IN (SELECT id, email FROM customers)",
    "SELECT (SELECT email FROM customers LIMIT 1)",
    "SELECT EXISTS (SELECT 1 FROM customers WHERE email LIKE 'a%')",
    "VALUES ROW((SELECT email FROM customers LIMIT 1))",
    "SELECT j.x FROM customers c, LATERAL (SELECT c.email AS x) j",
    "SELECT EXTRACTVALUE('<a/>', CONCAT('~', email)) FROM customers",
    "SELECT UPDATEXML(1, CONCAT('~', (SELECT email FROM customers LIMIT 1)), 1)",
    "SELECT COUNT(*), CONCAT(email, FLOOR(RAND(0) * 2)) x FROM customers GROUP BY x",
    "SELECT email /*! , UPPER(email) */ FROM customers",
    "SELECT email /*M! , UPPER(email) */ FROM customers",
    "/*0*/SELECT UPPER(email) FROM customers",
    "/*1*//*2*/SELECT UPPER(email) FROM customers",
    "SELECT CONCAT(ema\u{130}l) FROM customers",
    "SELECT email INTO OUTFILE '/nowhere/x' FROM customers",
    "SELECT email FROM customers PROCEDURE ANALYSE()",
    // Whose rows.
    "SET @store = 'porto'",
    "SELECT @store := 'porto', c.* FROM customers c",
    "SELECT c.email FROM (SELECT @store := 'porto') x, customers c",
    "SELECT /*!50000 @store := 'porto', */ c.email FROM customers c",
    "/*1*/SELECT @store := 'porto', c.email FROM customers c",
    "SELECT id FROM customers LIMIT 1 INTO @store",
    "SELECT own_store()",
    "SELECT {r}.own_store()",
    "SELECT email FROM {r}_tables.customers",
    "SELECT email FROM {r}_tables.customers WHERE store = 'porto'",
    "SELECT c.email FROM customers c JOIN {r}_tables.customers t ON t.id = c.id",
    "TABLE {r}_tables.orders",
    "SELECT 1; SET @store = 'porto'",
    "CALL anything()",
    "PREPARE p FROM 'SET @store = ''porto'''",
    "EXECUTE IMMEDIATE 'SET @store = ''porto'''",
    "SET STATEMENT optimizer_switch = 'derived_merge=on' FOR SELECT id FROM customers",
    "SELECT /*+ SET_VAR(optimizer_switch = 'derived_merge=on') */ id FROM customers",
    "HANDLER customers OPEN",
    // What is hidden.
    "SELECT * FROM products",
    "TABLE products",
    "SELECT name FROM {r}.products",
    "SELECT name FROM `{r}_tables`.`products`",
    "SELECT * FROM sales",
    "SELECT product FROM sales WHERE store = 'porto'",
    "SELECT p.name FROM orders o JOIN products p ON p.id = o.product",
    "SELECT c.email, p.name FROM customers c, products p",
    "SELECT (SELECT name FROM products LIMIT 1)",
    "SELECT id FROM orders WHERE product IN (SELECT id FROM products WHERE price > 3)",
    "WITH customers AS (SELECT name AS email FROM products) SELECT email FROM customers",
    "WITH products AS (SELECT * FROM products) SELECT * FROM products",
    "SELECT store FROM orders UNION SELECT name FROM products",
    "SELECT GROUP_CONCAT(name) FROM products",
    "SELECT JSON_ARRAYAGG(name) FROM {r}.products",
    "SELECT MAX(name) OVER () FROM products",
    "/*0*/SELECT * FROM products",
    "SELECT * FROM customers /*! , products */",
    "SELECT email, @a. FROM products",
    "DESCRIBE products",
    "SHOW COLUMNS FROM products",
    "SHOW CREATE VIEW customers",
    "SHOW TABLES",
    // What tells of all of it.
    "EXPLAIN SELECT * FROM customers",
    "EXPLAIN FORMAT=JSON SELECT * FROM customers WHERE email = 'x'",
    "EXPLAIN FORMAT=JSON (SELECT * FROM products)",
    "EXPLAIN FORMAT=JSON (SELECT id FROM customers)",
    "EXPLAIN ANALYZE SELECT * FROM customers",
    "ANALYZE FORMAT=JSON SELECT * FROM orders",
    "EXPLAIN FOR CONNECTION 1",
    "SELECT table_name FROM information_schema.tables",
    "SELECT view_definition FROM information_schema.views",
    "SELECT info FROM information_schema.processlist",
    "SELECT * FROM information_schema.user_variables",
    "SELECT * FROM performance_schema.user_variables_by_thread",
    "SELECT * FROM performance_schema.events_statements_current",
    "SELECT * FROM mysql.general_log",
    "SELECT * FROM sys.statement_analysis",
    "SHOW FULL PROCESSLIST",
    "SHOW ENGINE INNODB STATUS",
    "SHOW WARNINGS",
    "SHOW TABLE STATUS",
    "SHOW VARIABLES WHERE Value = (SELECT email FROM customers LIMIT 1)",
];

on_mysql!(
    none_of_the_three_is_left_with_the_help_of_another,
    async |key: &str| {
        let stores = Stores::new(key, mask()).await;

        let mut answered = Vec::new();
        for sql in ATTACKS {
            let sql = stores.told(sql);
            for (tool, arguments) in [
                ("execute_query", json!({"sql": sql, "profile": true})),
                ("explain_query", json!({"sql": sql})),
            ] {
                let answer = stores.call("lisbon", tool, arguments).await;
                let told = answer.json().to_string();
                if !answer.is_error {
                    answered.push(format!("{tool} {sql}: {told}"));
                }
                for secret in SECRETS.iter().chain(&["porto"]) {
                    assert!(
                        sql.contains(secret) || !told.contains(secret),
                        "{tool} {sql}: {told}"
                    );
                }
            }
            let next = stores
                .rows("porto", "SELECT DISTINCT store FROM orders")
                .await;
            assert_eq!(next, json!([["porto"]]), "{sql}");
        }

        assert_eq!(answered, Vec::<String>::new());
        stores.gone().await;
    }
);

on_mysql!(
    pages_profiles_and_the_schema_tell_no_more,
    async |key: &str| {
        let stores = Stores::new(key, mask()).await;
        let page = json!({"sql": "SELECT id, email FROM customers ORDER BY id", "maxRows": 1});
        let first = stores.call("lisbon", "execute_query", page).await.ok();
        let cursor = &first["truncated"]["cursor"];

        let others = stores
            .call("porto", "execute_query", json!({"cursor": cursor}))
            .await;
        let rest = stores
            .call("lisbon", "execute_query", json!({"cursor": cursor}))
            .await
            .ok();
        let mut told = format!("{first} {} {rest}", others.json());
        for (tool, arguments) in [
            (
                "execute_query",
                json!({"sql": "SELECT * FROM customers", "profile": true}),
            ),
            (
                "execute_query",
                json!({"sql": "SELECT * FROM customers", "format": "csv"}),
            ),
            ("search_schema", json!({"detail": "full"})),
            ("describe_table", json!({"tables": ["customers", "orders"]})),
            ("describe_table", json!({"tables": ["products"]})),
            ("find_join_path", json!({"tables": ["orders", "customers"]})),
            ("connection_info", json!({})),
        ] {
            told.push_str(
                &stores
                    .call("lisbon", tool, arguments)
                    .await
                    .json()
                    .to_string(),
            );
        }

        assert_eq!(first["rows"], json!([[1, "a***@lisbon.example"]]));
        assert_eq!(rest["rows"], json!([[2, "r***@lisbon.example"]]));
        assert_eq!(others.failure()["kind"], "invalid_argument");
        for secret in SECRETS.iter().chain(&["porto.example", "price"]) {
            assert!(!told.contains(secret), "{secret}: {told}");
        }
        stores.gone().await;
    }
);
