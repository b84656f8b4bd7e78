//! Names in another case, where MariaDB stores names in lower case: to it they are the same table.

use serde_json::{Value, json};
use support::{
    client::{Launch, Server},
    lower_case::LowerCase,
    scratch::Scratch,
};

use super::asking::{are_answered, are_kept, are_told_alike};

const SHOP: [&str; 8] = [
    "CREATE TABLE items (id int PRIMARY KEY, amount text, ssn text)",
    "INSERT INTO items VALUES (1, 'S3CR3T', 'S3CR3T')",
    "CREATE TABLE Orders (id int PRIMARY KEY, note text)",
    "INSERT INTO orders VALUES (1, 'a')",
    "CREATE VIEW Pay AS SELECT amount FROM Items",
    "CREATE VIEW paid AS SELECT amount FROM PAY",
    "CREATE VIEW Shown AS SELECT ssn FROM items",
    "CREATE VIEW Notes AS SELECT note FROM ORDERS",
];

/// With `configuration` in the place of all but the URL of the connection `shop`.
async fn server(scratch: &Scratch, configuration: Value) -> Option<(LowerCase, Server)> {
    let database = LowerCase::start(&SHOP).await?;
    let mut configuration = configuration;
    configuration["connections"]["shop"]["url"] = json!(database.url());
    let file = scratch.path("portolan.json");
    std::fs::write(&file, configuration.to_string()).unwrap();
    let launch = Launch::default()
        .argument("--config")
        .argument(file.display().to_string());
    let server = Server::start(launch).await;
    Some((database, server))
}

#[tokio::test]
async fn a_hidden_table_is_kept_in_whatever_case_it_is_written() {
    // GIVEN a role that may see all of the server but one table
    let scratch = Scratch::new();
    let roles = json!({"roles": {"local": {
        "connections": "*", "tools": "full", "tables": {"allow": "*", "deny": "Items"},
    }}});
    let Some((_database, mut server)) = server(&scratch, roles).await else {
        return;
    };
    // THEN nothing reads it: MariaDB takes a dotted capital I for an i
    let tries = [
        "SELECT * FROM items",
        "SELECT * FROM ITEMS",
        "SELECT * FROM İtems",
        "SELECT * FROM `SHOP`.`İTEMS`",
        "SELECT İtems.amount FROM İtems",
        "SELECT * FROM Orders o JOIN İtems i ON i.id = o.id",
        "SELECT * FROM pay",
        "SELECT * FROM PAY",
        "SELECT * FROM PAİD",
        "SELECT * FROM Shop.paİd",
        "SELECT table_name FROM INFORMATİON_SCHEMA.TABLES",
        "SELECT * FROM INFORMATİON_SCHEMA.COLUMNS",
    ];
    are_kept(&mut server, &tries, &[]).await;
    // AND it is told as one that is not there, whatever else is called alike but for an accent
    let ways = [
        "SELECT 1 FROM {t}",
        "SELECT 1 FROM {t}, orders yxxxx",
        "SELECT 1 FROM {t}, orders axxxx, orders oxxxx, orders exxxx",
        "SELECT 1 FROM {t} WHERE id IN (SELECT yxxxx.id FROM orders yxxxx)",
    ];
    are_told_alike(&mut server, &ways, "items", "itemz").await;
    // AND the others are read by any spelling
    let reads = [
        "SELECT note FROM orders",
        "SELECT ORDERS.note FROM Orders AS ORDERS",
        "SELECT * FROM NOTES",
    ];
    are_answered(&mut server, &reads).await;
}

#[tokio::test]
async fn a_masked_column_is_masked_in_whatever_case_its_table_is_written() {
    let scratch = Scratch::new();
    let masks = json!({"connections": {"shop": {"mask": {"Items.SSN": "full"}}}});
    let Some((_database, mut server)) = server(&scratch, masks).await else {
        return;
    };

    for sql in [
        "SELECT ssn FROM items",
        "SELECT SSN FROM ITEMS",
        "SELECT ssn FROM İtems",
        "SELECT x.sSn FROM `SHOP`.`İTEMS` x",
        "SELECT * FROM SHOWN",
    ] {
        let rows = server.query(sql).await["rows"].clone();
        assert_eq!(rows, json!([["***"]]), "{sql}");
    }
    let computed = [
        "SELECT upper(ssn) FROM İtems",
        "SELECT count(*) FROM İtems WHERE ssn LIKE 'S%'",
        "SELECT İtems.ssn || '' FROM İtems",
    ];
    are_kept(&mut server, &computed, &[]).await;
}
