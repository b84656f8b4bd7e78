//! Rows that each caller sees of its own alone, and what is tried against that.

mod attacks;
mod connecting;
mod example;
mod interleaved;
mod seeing;

use std::sync::Arc;

use domain::{
    Cancel, Failure,
    calls::{Caller, Claims, Principal},
    connection::{ConnectionConfig, Database, RowSecurity},
    query::{ActsAs, QueryLimits, Statement},
};
use serde_json::{Value, json};
use support::{databases::open, rows::Rows};

use super::house::House;

/// One variable says whose rows are shown.
const BY_VARIABLE: &str = r#"{"settings": {"tenant": "{claim:tenant}"}, "actAs": {"claim": "tenant", "when": {"desk": "support"}}}"#;
const TENANTS: usize = 20;
/// What the account may do: nothing but with the views and functions of the one database.
const PRIVILEGES: &[&str] = &[
    "SELECT ON {name}.*",
    "SHOW VIEW ON {name}.*",
    "EXECUTE ON {name}.*",
];

/// Every order has a word that only its tenant may read.
fn secret(tenant: usize) -> String {
    format!("secret-of-t{tenant}-")
}

const SCHEMA: &[&str] = &[
    "CREATE TABLE {name}_far.orders (id INT PRIMARY KEY, tenant VARCHAR(20) COLLATE utf8mb4_bin NOT NULL, \
     customer VARCHAR(40), total DECIMAL(9,2), word VARCHAR(60))",
    "CREATE TABLE products (id INT PRIMARY KEY, name VARCHAR(40))",
    "INSERT INTO products VALUES (1, 'bread'), (2, 'salt')",
    "CREATE FUNCTION tenant() RETURNS VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NO SQL DETERMINISTIC \
     RETURN @tenant",
    "CREATE ALGORITHM=TEMPTABLE VIEW orders AS \
     SELECT id, tenant, customer, total, word FROM {name}_far.orders WHERE tenant = {name}.tenant()",
    "CREATE VIEW totals AS SELECT tenant, SUM(total) AS total, MAX(word) AS word FROM orders GROUP BY tenant",
    "CREATE FUNCTION become(t VARCHAR(20)) RETURNS VARCHAR(20) NO SQL RETURN @tenant := t",
    "CREATE FUNCTION st_become(t VARCHAR(20)) RETURNS VARCHAR(20) NO SQL RETURN @tenant := t",
    "CREATE FUNCTION `left`(t VARCHAR(20)) RETURNS VARCHAR(20) NO SQL RETURN @tenant := t",
    "CREATE FUNCTION everything() RETURNS TEXT READS SQL DATA RETURN (SELECT GROUP_CONCAT(word) FROM {name}_far.orders)",
    "CREATE PROCEDURE switch_to(t VARCHAR(20)) SET @tenant = t",
    "CREATE PROCEDURE give(OUT t VARCHAR(20)) SET t = 't2'",
];

/// A database that twenty tenants share.
async fn shared(server: &str) -> House {
    let mut house = House::empty(server).await;
    for sql in SCHEMA {
        house.run(sql).await;
    }
    let rows: Vec<String> = (0..TENANTS)
        .flat_map(|tenant| (1..=5).map(move |number| (tenant, number)))
        .map(|(tenant, number)| {
            format!(
                "({}, 't{tenant}', 'customer {number}', {}, '{}{number}')",
                tenant * 100 + number,
                tenant * number,
                secret(tenant)
            )
        })
        .collect();
    house
        .run(&format!(
            "INSERT INTO {{name}}_far.orders VALUES {}",
            rows.join(", ")
        ))
        .await;
    house
}

fn mapped(mut config: ConnectionConfig, functions: &str) -> ConnectionConfig {
    config.row_security = Some(RowSecurity::parse(BY_VARIABLE, functions).unwrap());
    config
}

async fn opened_for_tenants(house: &mut House) -> Database {
    let config = house.account(PRIVILEGES).await;
    open(mapped(config, "")).await
}

fn caller(claims: &Value) -> Caller {
    Caller::new(
        Principal::new("somebody"),
        Claims::new(claims.as_object().unwrap().clone()),
    )
}

fn tenant(tenant: usize) -> Caller {
    caller(&json!({"tenant": format!("t{tenant}")}))
}

fn acts_as(database: &Database, caller: &Caller) -> Result<Arc<ActsAs>, Failure> {
    let mapping = database.config.row_security.as_ref().unwrap();
    mapping.acts_as(caller).map(Arc::new)
}

/// A statement of a caller's.
fn statement(
    database: &Database,
    caller: &Caller,
    sql: &str,
    params: Vec<Value>,
) -> Result<Statement, Failure> {
    let mut statement = Statement::new(sql.to_owned(), params)?;
    statement.acts_as = Some(acts_as(database, caller)?);
    Ok(statement)
}

/// Through the port, without policy or use case in between.
async fn read_as(
    database: &Database,
    caller: &Caller,
    sql: &str,
    params: Vec<Value>,
) -> Result<Rows, Failure> {
    let statement = statement(database, caller, sql, params)?;
    let mut rows = Rows::up_to(1_000);
    let limits = QueryLimits::default();
    database
        .query_runner
        .run_read(&statement, &limits, &mut rows, &Cancel::new())
        .await?;
    Ok(rows)
}
