//! SQLite.

use application::encode::Format;
use domain::{FailureKind, connection::Database};
use support::{databases::sqlite_config, scratch::Scratch};

use super::{
    RULES, SECRETS, all_are_answered, all_are_refused, ask, ask_in, benign, masked, refused,
};

pub(super) const HOUSE: &str = "
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, email TEXT, ssn TEXT, phone TEXT,
  email_domain TEXT GENERATED ALWAYS AS (substr(email, 5) || email) VIRTUAL);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INT, total NUMERIC);
INSERT INTO customers (id, name, email, ssn, phone) VALUES
  (1, 'Ada', 'ada@secret.example', '111-22-3333', '+351 912 000 111'),
  (2, 'Grace', 'grace@secret.example', NULL, '+351 912 000 111');
INSERT INTO orders VALUES (1, 1, 9.5), (2, 2, 3);
CREATE VIEW v_customers AS SELECT id, name, email AS mail, upper(email) AS loud FROM customers;
CREATE VIEW v_nested AS SELECT v.id, v.mail AS address, v.name FROM v_customers v JOIN orders o USING (id);
CREATE VIEW v_union AS SELECT email AS x FROM customers UNION ALL SELECT 'y';
CREATE VIEW v_json AS SELECT id, json_extract(email, '$') AS j FROM customers;
CREATE TABLE keyed (ssn INTEGER PRIMARY KEY, note TEXT);
INSERT INTO keyed VALUES (111, 'x');
";

/// The file lives as long as the first of them.
async fn house(rules: &str) -> (Scratch, Database) {
    let scratch = Scratch::new();
    let path = scratch.path("house.db");
    drop(support::scratch::bare_sqlite(&path).await);
    support::scratch::run_beside(&path, HOUSE).await;
    let database = masked(sqlite_config(path), rules).await;
    (scratch, database)
}

#[tokio::test]
async fn masked_columns_are_shown_masked() {
    let (_scratch, database) = house(RULES).await;

    for (sql, rows) in [
        (
            "SELECT id, email, ssn, email_domain FROM customers",
            r#"[[1,"a***@secret.example","***","***"],[2,"g***@secret.example",null,"***"]]"#,
        ),
        (
            "SELECT id, mail, loud FROM v_customers",
            r#"[[1,"a***@secret.example","***"],[2,"g***@secret.example","***"]]"#,
        ),
        (
            "SELECT loud AS name, name AS loud FROM v_customers WHERE id = 1",
            r#"[["***","***"]]"#,
        ),
        (
            "SELECT loud AS x, * FROM v_customers WHERE id = 1",
            r#"[["***",1,"Ada","a***@secret.example","***"]]"#,
        ),
        (
            "SELECT * FROM v_nested WHERE id = 1",
            r#"[[1,"a***@secret.example","Ada"]]"#,
        ),
        ("SELECT x FROM v_union LIMIT 1", r#"[["***"]]"#),
    ] {
        let text = ask(&database, sql).await.unwrap();
        assert!(text.contains(&format!(r#""rows":{rows}"#)), "{sql}: {text}");
    }
}

#[tokio::test]
async fn what_would_tell_a_masked_value_is_refused() {
    let (_scratch, database) = house(&format!("{RULES},keyed.ssn=full")).await;

    all_are_refused(&database, &refused::EVERYWHERE).await;
    all_are_refused(&database, &OWN).await;
}

#[tokio::test]
async fn what_tells_no_masked_value_is_answered() {
    let (_scratch, database) = house(RULES).await;

    all_are_answered(&database, &benign::EVERYWHERE).await;
    all_are_answered(&database, &OWN_BENIGN).await;
}

#[tokio::test]
async fn a_failure_quotes_no_masked_value() {
    let (_scratch, database) = house(RULES).await;

    let failure = ask(&database, "SELECT j FROM v_json").await.unwrap_err();

    let told = format!("{failure:?}");
    assert!(
        SECRETS.iter().all(|secret| !told.contains(secret)),
        "{told}"
    );
    assert!(failure.message.contains("is not shown"), "{told}");
}

#[tokio::test]
async fn no_format_and_no_profile_shows_a_masked_value() {
    let (_scratch, database) = house(RULES).await;

    for format in [Format::Json, Format::Objects, Format::Csv, Format::Markdown] {
        let text = ask_in(&database, "SELECT * FROM customers", format, true)
            .await
            .unwrap();
        assert!(
            SECRETS.iter().all(|secret| !text.contains(secret)),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_remembered_statement_is_refused_again() {
    let (_scratch, database) = house(RULES).await;

    for _ in 0..2 {
        let failure = ask(&database, "SELECT upper(email) FROM customers")
            .await
            .unwrap_err();
        assert_eq!(
            (failure.kind, failure.position),
            (FailureKind::NotAllowed, Some(14))
        );
    }
}

const OWN: [&str; 22] = [
    "SELECT EMAIL || '' FROM CUSTOMERS",
    "SELECT \"email\" || '' FROM customers",
    "SELECT [email] || '' FROM customers",
    "SELECT `email` || '' FROM customers",
    "SELECT c.'email' || '' FROM customers AS c",
    "SELECT upper(c.\"email\") FROM 'customers' AS c",
    "SELECT id FROM main.customers WHERE main.customers.email > 'b'",
    "SELECT email AS 'e' FROM customers ORDER BY e",
    "SELECT email AS 'e' FROM customers WHERE e LIKE 'a%'",
    "SELECT id, email FROM customers ORDER BY +2",
    "SELECT id, email FROM customers ORDER BY 2 COLLATE NOCASE",
    "SELECT group_concat(email) FROM customers",
    "SELECT json_object('e', email) FROM customers",
    "SELECT id FROM customers WHERE email GLOB 'a*'",
    "SELECT id FROM customers WHERE (id, email) = (1, 'x')",
    "SELECT id FROM orders WHERE (1, 2, 3, 4, 5, 6) = (SELECT * FROM customers)",
    "SELECT upper(x) FROM v_union",
    "SELECT rowid + 0 FROM keyed",
    "SELECT note FROM keyed WHERE oid = 111",
    "SELECT note FROM keyed ORDER BY _rowid_",
    "SELECT upper(email_domain) FROM customers",
    "SELECT iif(email > 'b', 1, 0) FROM customers",
];

const OWN_BENIGN: [&str; 8] = [
    "SELECT \"email\" FROM customers",
    "SELECT [email] AS [e], name FROM main.customers",
    "SELECT rowid, name FROM customers ORDER BY 1",
    "SELECT c.id, c.email FROM customers c, orders o WHERE o.customer_id = c.id",
    "SELECT name, sql FROM sqlite_schema",
    "PRAGMA table_info(customers)",
    "EXPLAIN QUERY PLAN SELECT email FROM customers WHERE id = 1",
    "SELECT 'email' AS e, name FROM orders JOIN (SELECT name, id FROM customers) USING (id)",
];
