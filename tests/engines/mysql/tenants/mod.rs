//! Rows that each caller sees of its own alone, and what is tried against that.

mod attacks;
mod connecting;
mod example;
mod interleaved;
mod seeing;

use domain::connection::{ConnectionConfig, Database, RowSecurity};
use support::databases::open;

use super::house::House;
use crate::engines::tenants::{TENANTS, caller, read_as, secret, tenant};

/// One variable says whose rows are shown.
const BY_VARIABLE: &str = r#"{"settings": {"tenant": "{claim:tenant}"}, "actAs": {"claim": "tenant", "when": {"desk": "support"}}}"#;
/// What the account may do: nothing but with the views and functions of the one database.
const PRIVILEGES: &[&str] = &[
    "SELECT ON {name}.*",
    "SHOW VIEW ON {name}.*",
    "EXECUTE ON {name}.*",
];

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
