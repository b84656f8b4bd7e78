//! The example of two stores: each sees its own.

use domain::connection::{Password, RowSecurity};
use serde_json::{Value, json};
use sqlx::Connection as _;
use support::{
    databases::{config, open, unique},
    on_mysql,
};

use super::{super::helpers::beside, caller, read_as};

const SCHEMA: &str = include_str!("../../../../examples/tenants/mysql.sql");
const CONFIGURATION: &str = include_str!("../../../../examples/tenants/mysql.json");

on_mysql!(each_store_sees_its_own_rows, async |server: &str| {
    let name = unique("stores");
    let schema = SCHEMA
        .replace("stores_app", &name)
        .replace("retail", &format!("{name}_retail"))
        .replace("change-me", "Change-this-password-1");
    let mut administrator = beside(server).await;
    sqlx::raw_sql(sqlx::AssertSqlSafe(schema))
        .execute(&mut administrator)
        .await
        .unwrap();
    let configuration: Value = serde_json::from_str(CONFIGURATION).unwrap();
    let mapping = configuration["connections"]["stores"]["rowSecurity"].to_string();
    let mut config = config(server);
    config.database = Some(format!("{name}_retail"));
    config.user = Some(name.clone());
    config.password = Some(Password::Given("Change-this-password-1".to_owned().into()));
    config.row_security = Some(RowSecurity::parse(&mapping, "").unwrap());
    let database = open(config).await;

    let mut seen = Vec::new();
    for store in ["lisbon", "porto", "braga"] {
        let somebody = caller(&json!({"store": store}));
        let orders = "SELECT COUNT(*), MIN(store), MAX(store) FROM orders";
        let orders = read_as(&database, &somebody, orders, vec![]).await.unwrap();
        let sales = "SELECT COUNT(*), MIN(store), MAX(store) FROM sales";
        let sales = read_as(&database, &somebody, sales, vec![]).await.unwrap();
        seen.push(format!("{:?} {:?}", orders.rows, sales.rows));
    }

    database.pool.close().await;
    let gone = format!(
        "DROP DATABASE {name}_retail; DROP DATABASE {name}_retail_tables; DROP USER {name}"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(gone))
        .execute(&mut administrator)
        .await
        .unwrap();
    administrator.close().await.unwrap();
    assert_eq!(
        seen,
        [
            r#"[[Int(3), Text("lisbon"), Text("lisbon")]] [[Int(3), Text("lisbon"), Text("lisbon")]]"#,
            r#"[[Int(2), Text("porto"), Text("porto")]] [[Int(2), Text("porto"), Text("porto")]]"#,
            "[[Int(0), Null, Null]] [[Int(0), Null, Null]]",
        ]
    );
});
