//! What the catalog tells of a file, held against what `SQLite` itself says and does.

use domain::{
    Cancel,
    connection::Database,
    schema::{Referring, RelationKind, Snapshot, TableDescription},
};
use serde_json::json;
use support::{
    databases::open,
    scratch::{Scratch, bare_sqlite, run_beside},
};

use super::helpers::config;

const EVERYTHING: &str = r"
    CREATE TABLE regions ( -- where we sell
        code TEXT PRIMARY KEY COLLATE NOCASE, -- two letters
        name TEXT NOT NULL DEFAULT 'it''s'
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE customers (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        email VARCHAR(200) NOT NULL CONSTRAINT one_mail UNIQUE,
        region REFERENCES Regions ON DELETE SET NULL ON UPDATE CASCADE,
        shouted TEXT GENERATED ALWAYS AS (upper(email)) VIRTUAL,
        size AS (length(email)) STORED,
        born DATE DEFAULT (date('now')),
        CONSTRAINT has_at CHECK (email LIKE '%@%')
    );
    CREATE TABLE orders (
        id INT PRIMARY KEY, customer INTEGER NOT NULL, ghost INTEGER REFERENCES ghosts (id),
        a INT, b INT, UNIQUE (a, b),
        CONSTRAINT placed_by FOREIGN KEY (customer) REFERENCES customers (id) DEFERRABLE INITIALLY DEFERRED
    );
    CREATE UNIQUE INDEX one_order ON orders (customer, a DESC);
    CREATE INDEX by_size ON orders (abs(a) DESC, b COLLATE NOCASE) WHERE b > 1;
    CREATE VIEW buyers (mail, orders) AS SELECT email, count(*) FROM customers JOIN orders ON customer = customers.id;
    CREATE VIEW broken AS SELECT * FROM gone;
    CREATE VIRTUAL TABLE words USING fts5(title, body);
    CREATE TRIGGER no_free_orders BEFORE INSERT ON orders WHEN new.a = 0 BEGIN SELECT raise(ABORT, 'free'); END;
    INSERT INTO regions (code) VALUES ('AT'), ('DE'), ('CH');
    ANALYZE";

async fn file(scratch: &Scratch, sql: &'static str) -> Database {
    let file = scratch.path("file.db");
    run_beside(&file, sql).await;
    open(config(&file)).await
}

async fn snapshot(database: &Database) -> Snapshot {
    database.catalog.read(&Cancel::new()).await.unwrap()
}

async fn describe(database: &Database, names: &[&str]) -> Vec<TableDescription> {
    let names: Vec<(String, String)> = names
        .iter()
        .map(|name| ("main".to_owned(), (*name).to_owned()))
        .collect();
    database
        .catalog
        .describe(&names, &Referring::Unknown, &Cancel::new())
        .await
        .unwrap()
}

async fn told(database: &Database, name: &str) -> serde_json::Value {
    let descriptions = describe(database, &[name]).await;
    serde_json::to_value(&descriptions[0]).unwrap()
}

fn names(snapshot: &Snapshot) -> Vec<(&str, RelationKind)> {
    snapshot
        .relations
        .iter()
        .map(|relation| (&*relation.name, relation.kind))
        .collect()
}

#[tokio::test]
async fn tables_views_and_virtual_tables_are_told_and_what_modules_keep_is_not() {
    let scratch = Scratch::new();
    let database = file(&scratch, EVERYTHING).await;

    assert_eq!(
        names(&snapshot(&database).await),
        [
            ("regions", RelationKind::Table),
            ("customers", RelationKind::Table),
            ("orders", RelationKind::Table),
            ("buyers", RelationKind::View),
            ("broken", RelationKind::View),
            ("words", RelationKind::VirtualTable),
        ]
    );
}

#[tokio::test]
async fn the_columns_are_those_that_sqlite_returns() {
    let scratch = Scratch::new();
    let database = file(&scratch, EVERYTHING).await;
    let snapshot = snapshot(&database).await;
    let mut bare = bare_sqlite(&scratch.path("file.db")).await;

    for relation in snapshot
        .relations
        .iter()
        .filter(|one| &*one.name != "broken")
    {
        use sqlx::{Column, Executor, SqlSafeStr, Statement};
        let sql = format!("SELECT * FROM \"{}\"", relation.name);
        let prepared = (&mut bare)
            .prepare(sqlx::AssertSqlSafe(sql).into_sql_str())
            .await
            .unwrap();
        let expected: Vec<&str> = prepared.columns().iter().map(Column::name).collect();
        let told: Vec<&str> = relation
            .columns
            .iter()
            .map(|column| &*column.name)
            .collect();
        assert_eq!(told, expected, "{}", relation.name);
    }
}

#[tokio::test]
async fn keys_and_foreign_keys_are_told() {
    let scratch = Scratch::new();
    let database = file(&scratch, EVERYTHING).await;
    let snapshot = snapshot(&database).await;

    let keys: Vec<_> = snapshot
        .relations
        .iter()
        .flat_map(|relation| {
            relation.keys.iter().map(|key| {
                let columns: Vec<&str> = key
                    .columns
                    .iter()
                    .map(|place| &*relation.columns[usize::from(*place)].name)
                    .collect();
                (&*relation.name, key.is_primary, columns.join(","))
            })
        })
        .collect();
    assert_eq!(
        keys,
        [
            ("regions", true, "code".to_owned()),
            ("customers", true, "id".to_owned()),
            ("customers", false, "email".to_owned()),
            ("orders", true, "id".to_owned()),
            ("orders", false, "customer,a".to_owned()),
            ("orders", false, "a,b".to_owned()),
        ]
    );
    let foreign: Vec<_> = snapshot
        .foreign_keys
        .iter()
        .map(|key| {
            (
                &*key.name,
                key.from.0,
                &*key.columns,
                key.to.0,
                &*key.referenced,
            )
        })
        .collect();
    assert_eq!(
        foreign,
        [
            ("", 1, &[2][..], 0, &[0][..]),
            ("placed_by", 2, &[1][..], 1, &[0][..]),
        ]
    );
}

#[tokio::test]
async fn only_what_can_be_null_is_told_as_such() {
    let scratch = Scratch::new();
    let database = file(&scratch, EVERYTHING).await;
    let snapshot = snapshot(&database).await;

    let never: Vec<String> = snapshot
        .relations
        .iter()
        .flat_map(|relation| {
            relation
                .columns
                .iter()
                .filter(|column| !column.nullable)
                .map(move |column| format!("{}.{}", relation.name, column.name))
        })
        .collect();
    // The primary key of `orders` is no rowid, so SQLite takes NULL for it.
    assert_eq!(
        never,
        [
            "regions.code",
            "regions.name",
            "customers.id",
            "customers.email",
            "orders.customer"
        ]
    );
}

#[tokio::test]
async fn rows_are_estimated_where_the_file_was_analyzed() {
    let scratch = Scratch::new();
    let database = file(&scratch, EVERYTHING).await;

    let estimates: Vec<_> = snapshot(&database)
        .await
        .relations
        .iter()
        .map(|relation| relation.estimated_rows)
        .collect();

    assert_eq!(estimates, [Some(3), None, None, None, None, None]);
}

#[tokio::test]
async fn comments_are_those_of_the_declaration() {
    let scratch = Scratch::new();
    let database = file(&scratch, EVERYTHING).await;
    let snapshot = snapshot(&database).await;
    let regions = &snapshot.relations[0];

    let comments: Vec<_> = regions
        .columns
        .iter()
        .map(|column| column.comment.as_deref())
        .collect();
    assert_eq!(
        (regions.comment.as_deref(), comments),
        (Some("where we sell"), vec![Some("two letters"), None])
    );
}

#[tokio::test]
async fn a_strict_table_is_described() {
    let scratch = Scratch::new();
    let database = file(&scratch, EVERYTHING).await;

    assert_eq!(
        told(&database, "regions").await,
        json!({
            "name": "regions", "kind": "table", "comment": "where we sell", "estimatedRows": 3,
            "columns": [
                {"name": "code", "type": "TEXT", "notNull": true, "collation": "NOCASE", "comment": "two letters"},
                {"name": "name", "type": "TEXT", "notNull": true, "default": "'it''s'"},
            ],
            "primaryKey": ["code"],
            "referencedBy": [{"from": "customers(region)", "columns": ["code"], "onDelete": "SET NULL", "onUpdate": "CASCADE"}],
            "options": ["STRICT", "WITHOUT ROWID"],
        })
    );
}

#[tokio::test]
async fn what_only_the_declaration_says_is_described() {
    let scratch = Scratch::new();
    let database = file(&scratch, EVERYTHING).await;

    assert_eq!(
        told(&database, "customers").await,
        json!({
            "name": "customers", "kind": "table",
            "columns": [
                {"name": "id", "type": "INTEGER", "notNull": true, "identity": "auto_increment"},
                {"name": "email", "type": "VARCHAR(200)", "notNull": true},
                {"name": "region", "type": "any"},
                {"name": "shouted", "type": "TEXT", "generated": "upper(email) virtual"},
                {"name": "size", "type": "any", "generated": "length(email) stored"},
                {"name": "born", "type": "DATE", "default": "date('now')"},
            ],
            "primaryKey": ["id"],
            "unique": [{"name": "one_mail", "columns": ["email"]}],
            "checks": [{"name": "has_at", "definition": "email LIKE '%@%'"}],
            "foreignKeys": [
                {"columns": ["region"], "references": "regions(code)", "onDelete": "SET NULL", "onUpdate": "CASCADE"},
            ],
            "referencedBy": [{"from": "orders(customer)", "columns": ["id"]}],
        })
    );
}

#[tokio::test]
async fn indexes_triggers_and_keys_to_nowhere_are_described() {
    let scratch = Scratch::new();
    let database = file(&scratch, EVERYTHING).await;

    assert_eq!(
        told(&database, "orders").await,
        json!({
            "name": "orders", "kind": "table",
            "columns": [
                {"name": "id", "type": "INT"},
                {"name": "customer", "type": "INTEGER", "notNull": true},
                {"name": "ghost", "type": "INTEGER"},
                {"name": "a", "type": "INT"},
                {"name": "b", "type": "INT"},
            ],
            "primaryKey": ["id"],
            "unique": [{"name": "sqlite_autoindex_orders_2", "columns": ["a", "b"]}],
            "foreignKeys": [
                {"columns": ["ghost"], "references": "ghosts(id)", "notes": "there is no such table"},
                {"name": "placed_by", "columns": ["customer"], "references": "customers(id)",
                 "notes": "DEFERRABLE INITIALLY DEFERRED"},
            ],
            "indexes": [
                {"name": "one_order", "columns": ["customer", "a DESC"], "unique": true},
                {"name": "by_size", "columns": ["abs(a) DESC", "b COLLATE NOCASE"], "where": "b > 1"},
            ],
            "triggers": [{"name": "no_free_orders", "event": "BEFORE INSERT",
                          "action": "WHEN new.a = 0 BEGIN SELECT raise(ABORT, 'free'); END"}],
        })
    );
}

#[tokio::test]
async fn a_view_and_a_virtual_table_are_described_by_their_text() {
    let scratch = Scratch::new();
    let database = file(&scratch, EVERYTHING).await;

    assert_eq!(
        told(&database, "buyers").await,
        json!({
            "name": "buyers", "kind": "view",
            "columns": [{"name": "mail", "type": "VARCHAR(200)"}, {"name": "orders", "type": "any"}],
            "definition": "SELECT email, count(*) FROM customers JOIN orders ON customer = customers.id",
        })
    );
    assert_eq!(
        told(&database, "words").await,
        json!({
            "name": "words", "kind": "virtual_table",
            "columns": [{"name": "title", "type": "any"}, {"name": "body", "type": "any"}],
            "definition": "CREATE VIRTUAL TABLE words USING fts5(title, body)",
        })
    );
}

#[tokio::test]
async fn a_broken_view_is_told_without_columns() {
    let scratch = Scratch::new();
    let database = file(&scratch, EVERYTHING).await;

    assert_eq!(
        told(&database, "broken").await,
        json!({
            "name": "broken", "kind": "view", "columns": [], "definition": "SELECT * FROM gone",
            "options": ["INVALID: its columns cannot be found out; SELECT from it tells the reason"],
        })
    );
}

#[tokio::test]
async fn a_virtual_table_without_its_module_harms_no_other() {
    let scratch = Scratch::new();
    let database = file(
        &scratch,
        "PRAGMA writable_schema = ON; CREATE TABLE t (a); INSERT INTO sqlite_schema VALUES \
         ('table', 'lost', 'lost', 0, 'CREATE VIRTUAL TABLE lost USING nowhere(a)')",
    )
    .await;

    let tables: Vec<(String, usize)> = snapshot(&database)
        .await
        .relations
        .iter()
        .map(|relation| (relation.name.to_string(), relation.columns.len()))
        .collect();

    assert_eq!(tables, [("t".to_owned(), 1), ("lost".to_owned(), 0)]);
}

#[tokio::test]
async fn a_chain_of_views_does_not_end_the_process() {
    // GIVEN more views on views than a stack can hold
    let scratch = Scratch::new();
    let path = scratch.path("file.db");
    let mut bare = bare_sqlite(&path).await;
    sqlx::raw_sql(
        "PRAGMA writable_schema = ON; CREATE TABLE v0 (a);
         INSERT INTO sqlite_schema WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 6000)
             SELECT 'view', 'v' || x, 'v' || x, 0, 'CREATE VIEW v' || x || ' AS SELECT * FROM v' || (x - 1) FROM n",
    )
    .execute(&mut bare)
    .await
    .unwrap();
    drop(bare);
    let database = open(config(&path)).await;

    // WHEN the file is read
    let snapshot = snapshot(&database).await;

    // THEN those that are near enough to a table have their columns
    let readable = snapshot
        .relations
        .iter()
        .filter(|relation| !relation.columns.is_empty())
        .count();
    assert_eq!((snapshot.relations.len(), readable), (6_001, 151));
    // AND the others are told as such
    assert_eq!(
        told(&database, "v6000").await["options"],
        json!([
            "INVALID: it stands on too many other views for SQLite to find out its columns; do not SELECT from it"
        ])
    );
}

#[tokio::test]
async fn names_are_taken_as_they_are() {
    let scratch = Scratch::new();
    let database = file(
        &scratch,
        r#"CREATE TABLE "a""b'; DROP TABLE x --" ("select" INT PRIMARY KEY, "[x](y) /*" TEXT, 'q' INT);
           CREATE TABLE "größe %_" (x REFERENCES "a""b'; DROP TABLE x --", "x y" REFERENCES "GRÖSSE");
           CREATE INDEX "on (x)" ON "größe %_" ("x y", lower("x y"))"#,
    )
    .await;
    let hostile = "a\"b'; DROP TABLE x --";

    assert_eq!(
        json!(describe(&database, &[hostile, "größe %_"]).await),
        json!([
            {
                "name": hostile, "kind": "table",
                "columns": [
                    {"name": "select", "type": "INT"},
                    {"name": "[x](y) /*", "type": "TEXT"},
                    {"name": "q", "type": "INT"},
                ],
                "primaryKey": ["select"],
                "referencedBy": [{"from": "\"größe %_\"(x)", "columns": ["select"]}],
            },
            {
                "name": "größe %_", "kind": "table",
                "columns": [{"name": "x", "type": "any"}, {"name": "x y", "type": "any"}],
                "foreignKeys": [
                    {"columns": ["x"], "references": "\"a\"\"b'; DROP TABLE x --\"(\"select\")"},
                    {"columns": ["x y"], "references": "\"GRÖSSE\"", "notes": "there is no such table"},
                ],
                "indexes": [{"name": "on (x)", "columns": ["\"x y\"", "lower(\"x y\")"]}],
            },
        ])
    );
}

#[tokio::test]
async fn a_table_that_is_dropped_between_two_calls_is_left_out() {
    let scratch = Scratch::new();
    let database = file(&scratch, "CREATE TABLE a (x); CREATE TABLE b (x)").await;
    assert_eq!(snapshot(&database).await.relations.len(), 2);

    run_beside(&scratch.path("file.db"), "DROP TABLE a").await;

    let told = describe(&database, &["a", "b"]).await;
    let names: Vec<&str> = told.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(names, ["b"]);
}

#[tokio::test]
async fn an_estimate_that_is_none_fails_nothing() {
    let scratch = Scratch::new();
    let database = file(
        &scratch,
        "PRAGMA writable_schema = ON; CREATE TABLE t (a); CREATE TABLE u (x, y);
         UPDATE sqlite_schema SET name = 'sqlite_stat1', tbl_name = 'sqlite_stat1',
                sql = 'CREATE TABLE sqlite_stat1 (x, y)' WHERE name = 'u'",
    )
    .await;

    let snapshot = snapshot(&database).await;

    assert_eq!(names(&snapshot), [("t", RelationKind::Table)]);
    assert_eq!(snapshot.relations[0].estimated_rows, None);
}

#[tokio::test]
async fn the_fingerprint_stays_while_only_rows_change() {
    let scratch = Scratch::new();
    let database = file(&scratch, "CREATE TABLE a (x)").await;
    let fingerprint = async || database.catalog.fingerprint(&Cancel::new()).await.unwrap();
    let before = fingerprint().await;

    run_beside(&scratch.path("file.db"), "INSERT INTO a VALUES (1)").await;

    assert!(before.is_some());
    assert_eq!(fingerprint().await, before);
}

#[tokio::test]
async fn the_fingerprint_changes_with_the_schema() {
    let scratch = Scratch::new();
    let database = file(&scratch, "CREATE TABLE a (x)").await;
    let fingerprint = async || database.catalog.fingerprint(&Cancel::new()).await.unwrap();
    let before = fingerprint().await;

    run_beside(&scratch.path("file.db"), "ALTER TABLE a ADD COLUMN y").await;

    assert_ne!(fingerprint().await, before);
}

#[tokio::test]
async fn the_fingerprint_changes_with_the_file() {
    // GIVEN two files with the same version of the schema
    let scratch = Scratch::new();
    let database = file(&scratch, "CREATE TABLE a (x)").await;
    let before = database.catalog.fingerprint(&Cancel::new()).await.unwrap();
    run_beside(&scratch.path("other.db"), "CREATE TABLE b (x)").await;

    // WHEN one takes the place of the other
    std::fs::rename(scratch.path("other.db"), scratch.path("file.db")).unwrap();

    // THEN it is told
    assert_ne!(
        database.catalog.fingerprint(&Cancel::new()).await.unwrap(),
        before
    );
}

#[tokio::test]
async fn a_database_without_tables_is_told_as_such() {
    let scratch = Scratch::new();
    let database = file(&scratch, "CREATE TABLE a (x); DROP TABLE a").await;

    let snapshot = snapshot(&database).await;

    assert_eq!(snapshot.relations.len(), 0);
    assert_eq!(&*snapshot.search_path[0], "main");
}
