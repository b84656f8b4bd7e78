//! `SQLite`: any storage class in any column.

use std::path::Path;

use domain::connection::Database;
use serde_json::{Value, json};
use support::{
    databases::{open, read, sqlite_config, writable, write},
    rows::Owned,
    scratch::{Scratch, run_beside},
};

async fn opened(scratch: &Scratch, schema: &'static str) -> Database {
    let file = scratch.path("values.db");
    run_beside(&file, schema).await;
    open(sqlite_config(file)).await
}

async fn one(database: &Database, sql: &str, params: Vec<Value>) -> Owned {
    let rows = read(database, sql, params).await.unwrap();
    assert_eq!((rows.rows.len(), rows.columns.len()), (1, 1), "{sql}");
    rows.rows[0][0].clone()
}

async fn memory() -> Database {
    let mut config = sqlite_config("unused");
    config.address = domain::connection::Address::Memory;
    open(config).await
}

/// Each literal, what it must become, and what SQLite says of it: its storage class and its own exact rendering.
#[tokio::test]
async fn every_storage_class_is_read_exactly() {
    let text = |text: &str| Owned::Text(text.to_owned());
    let cases: Vec<(&str, Owned, &str, &str)> = vec![
        ("NULL", Owned::Null, "null", "NULL"),
        ("0", Owned::Int(0), "integer", "0"),
        ("-1", Owned::Int(-1), "integer", "-1"),
        (
            "9007199254740993",
            Owned::Int(9_007_199_254_740_993),
            "integer",
            "9007199254740993",
        ),
        (
            "9223372036854775807",
            Owned::Int(i64::MAX.into()),
            "integer",
            "9223372036854775807",
        ),
        (
            "(-9223372036854775807 - 1)",
            Owned::Int(i64::MIN.into()),
            "integer",
            "-9223372036854775808",
        ),
        ("1e308", Owned::Float(1e308), "real", "1.0e+308"),
        (
            "5e-324",
            Owned::Float(5e-324),
            "real",
            "4.94065645841247e-324",
        ),
        ("0.1", Owned::Float(0.1), "real", "0.1"),
        ("9e999", Owned::Float(f64::INFINITY), "real", "9.0e+999"),
        (
            "-9e999",
            Owned::Float(f64::NEG_INFINITY),
            "real",
            "-9.0e+999",
        ),
        // Infinity minus infinity is not a number, which SQLite makes NULL.
        ("9e999 - 9e999", Owned::Null, "null", "NULL"),
        ("''", text(""), "text", "''"),
        ("'it''s'", text("it's"), "text", "'it''s'"),
        (
            "'Grüße, 世界 🌍'",
            text("Grüße, 世界 🌍"),
            "text",
            "'Grüße, 世界 🌍'",
        ),
        ("char(65, 0, 66)", text("A\0B"), "text", ""),
        (
            "CAST(x'ff41' AS TEXT)",
            Owned::InvalidText(vec![0xff, 0x41]),
            "text",
            "",
        ),
        ("x''", Owned::MixedBytes(vec![]), "blob", "X''"),
        (
            "x'00ff'",
            Owned::MixedBytes(vec![0, 255]),
            "blob",
            "X'00FF'",
        ),
        (
            "zeroblob(3)",
            Owned::MixedBytes(vec![0, 0, 0]),
            "blob",
            "X'000000'",
        ),
        (
            "date('2024-02-29')",
            text("2024-02-29"),
            "text",
            "'2024-02-29'",
        ),
        (
            "json('{\"a\": 1}')",
            text("{\"a\":1}"),
            "text",
            "'{\"a\":1}'",
        ),
    ];
    let database = memory().await;

    for (literal, expected, class, quoted) in cases {
        let got = one(&database, &format!("SELECT {literal}"), vec![]).await;
        assert_eq!(got, expected, "{literal}");
        let said = one(&database, &format!("SELECT typeof({literal})"), vec![]).await;
        assert_eq!(said, text(class), "{literal}");
        if !quoted.is_empty() {
            let said = one(&database, &format!("SELECT quote({literal})"), vec![]).await;
            assert_eq!(said, text(quoted), "{literal}");
        }
    }
}

#[tokio::test]
async fn minus_zero_keeps_its_sign() {
    let database = memory().await;

    let Owned::Float(zero) = one(&database, "SELECT -0.0", vec![]).await else {
        panic!("not a float");
    };

    assert!(zero.is_sign_negative() && zero == 0.0);
}

#[tokio::test]
async fn any_column_may_hold_any_class() {
    let scratch = Scratch::new();
    let database = opened(
        &scratch,
        "CREATE TABLE mixed (i INTEGER, r REAL, t TEXT, b BLOB, n NUMERIC, bare);
         INSERT INTO mixed VALUES
           (1, 1.5, 'a', x'01', 7, x'02'),
           ('not a number', 'text', x'03', 'text', 'text', 'text'),
           (x'04', x'05', 1, 2, x'06', 3.5),
           (1.5, 2, NULL, 1.5, '1e3', NULL)",
    )
    .await;

    let rows = read(&database, "SELECT * FROM mixed ORDER BY rowid", vec![])
        .await
        .unwrap();

    let text = || Owned::Text("text".to_owned());
    let mixed = |byte| Owned::MixedBytes(vec![byte]);
    assert_eq!(
        rows.rows,
        [
            vec![
                Owned::Int(1),
                Owned::Float(1.5),
                Owned::Text("a".to_owned()),
                Owned::Bytes(vec![1]),
                Owned::Int(7),
                mixed(2)
            ],
            vec![
                Owned::Text("not a number".to_owned()),
                text(),
                mixed(3),
                text(),
                text(),
                text()
            ],
            vec![
                mixed(4),
                mixed(5),
                Owned::Text("1".to_owned()),
                Owned::Int(2),
                mixed(6),
                Owned::Float(3.5)
            ],
            vec![
                Owned::Float(1.5),
                Owned::Float(2.0),
                Owned::Null,
                Owned::Float(1.5),
                Owned::Int(1000),
                Owned::Null
            ],
        ]
    );
}

#[tokio::test]
async fn types_are_named_as_declared() {
    let scratch = Scratch::new();
    let database = opened(
        &scratch,
        "CREATE TABLE named (a INTEGER, b VARCHAR(20), c DECIMAL(10,2), d BOOLEAN, e, f \"some type\")",
    )
    .await;

    let rows = read(&database, "SELECT *, a + 1 FROM named", vec![])
        .await
        .unwrap();

    let types: Vec<_> = rows
        .columns
        .iter()
        .map(|column| column.type_name.as_str())
        .collect();
    assert_eq!(
        types,
        [
            "integer",
            "varchar(20)",
            "decimal(10,2)",
            "boolean",
            "any",
            "some type",
            "any"
        ]
    );
    assert_eq!(rows.rows, Vec::<Vec<Owned>>::new());
}

#[tokio::test]
async fn a_boolean_column_holds_truth_values_and_whatever_else_was_put_there() {
    let scratch = Scratch::new();
    let database = opened(
        &scratch,
        "CREATE TABLE flags (flag BOOLEAN);
         INSERT INTO flags VALUES (0), (1), (2), (NULL), ('yes')",
    )
    .await;

    let rows = read(&database, "SELECT flag FROM flags ORDER BY rowid", vec![])
        .await
        .unwrap();

    assert_eq!(
        rows.rows.concat(),
        [
            Owned::Bool(false),
            Owned::Bool(true),
            Owned::Int(2),
            Owned::Null,
            Owned::Text("yes".to_owned())
        ]
    );
}

#[tokio::test]
async fn a_utf_16_database_reads_the_same() {
    let scratch = Scratch::new();
    let database = opened(
        &scratch,
        "PRAGMA encoding = 'UTF-16le'; CREATE TABLE wide (t TEXT); INSERT INTO wide VALUES ('Grüße 🌍' || char(0) || 'x')",
    )
    .await;

    let got = one(&database, "SELECT t FROM wide", vec![]).await;

    assert_eq!(got, Owned::Text("Grüße 🌍\0x".to_owned()));
}

#[tokio::test]
async fn parameters_come_back_equal() {
    let database = memory().await;
    for (param, class, expected) in [
        (json!(null), "null", Owned::Null),
        (json!(true), "integer", Owned::Int(1)),
        (json!(false), "integer", Owned::Int(0)),
        (json!(i64::MAX), "integer", Owned::Int(i64::MAX.into())),
        (json!(i64::MIN), "integer", Owned::Int(i64::MIN.into())),
        (json!(1.5), "real", Owned::Float(1.5)),
        (json!(2.0), "real", Owned::Float(2.0)),
        (
            json!("it's; DROP \0 世界"),
            "text",
            Owned::Text("it's; DROP \0 世界".to_owned()),
        ),
        (json!(["a", 1]), "text", Owned::Text("[\"a\",1]".to_owned())),
        (
            json!({"a": null}),
            "text",
            Owned::Text("{\"a\":null}".to_owned()),
        ),
    ] {
        let rows = read(&database, "SELECT ?1, typeof(?1)", vec![param.clone()])
            .await
            .unwrap();
        assert_eq!(
            rows.rows,
            [[expected, Owned::Text(class.to_owned())]],
            "{param}"
        );
    }
}

#[tokio::test]
async fn parameters_are_stored_by_the_column_that_takes_them() {
    let scratch = Scratch::new();
    let file = scratch.path("stored.db");
    run_beside(
        &file,
        "CREATE TABLE stored (i INTEGER, r REAL, t TEXT, d DECIMAL(10,2))",
    )
    .await;
    let database = open(writable(sqlite_config(file))).await;

    write(
        &database,
        "INSERT INTO stored VALUES (?, ?, ?, ?)",
        vec![json!("42"), json!(1), json!(7), json!("1.25")],
    )
    .await
    .unwrap();

    let rows = read(&database, "SELECT * FROM stored", vec![])
        .await
        .unwrap();
    assert_eq!(
        rows.rows,
        [[
            Owned::Int(42),
            Owned::Float(1.0),
            Owned::Text("7".to_owned()),
            Owned::Float(1.25)
        ]]
    );
}

#[tokio::test]
async fn numbered_placeholders_may_repeat_and_change_places() {
    let database = memory().await;

    let rows = read(&database, "SELECT ?2, ?1, ?2", vec![json!("a"), json!("b")])
        .await
        .unwrap();

    let text = |text: &str| Owned::Text(text.to_owned());
    assert_eq!(rows.rows, [[text("b"), text("a"), text("b")]]);
}

#[tokio::test]
async fn the_schema_tables_and_pragma_functions_are_readable() {
    let scratch = Scratch::new();
    let database = opened(
        &scratch,
        "CREATE TABLE parent (id INTEGER PRIMARY KEY);
         CREATE TABLE child (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parent(id), name TEXT);
         CREATE INDEX child_name ON child(name);
         CREATE VIEW both AS SELECT * FROM parent JOIN child ON parent = parent.id",
    )
    .await;

    for (sql, rows) in [
        ("SELECT * FROM sqlite_schema", 4),
        ("SELECT * FROM sqlite_temp_schema", 0),
        ("SELECT * FROM pragma_table_list WHERE schema = 'main'", 4),
        ("SELECT * FROM pragma_table_xinfo('child')", 3),
        ("SELECT * FROM pragma_index_list('child')", 1),
        ("SELECT * FROM pragma_foreign_key_list('child')", 1),
        ("PRAGMA table_info(child)", 3),
        ("PRAGMA main.index_xinfo(child_name)", 2),
        ("PRAGMA database_list", 1),
        ("PRAGMA user_version", 1),
        ("PRAGMA foreign_key_check", 0),
        ("PRAGMA integrity_check", 1),
        ("SELECT * FROM dbstat WHERE name = 'child'", 1),
        ("EXPLAIN QUERY PLAN SELECT * FROM child WHERE name = 'x'", 1),
    ] {
        let read = read(&database, sql, vec![]).await.unwrap();
        assert_eq!(read.rows.len(), rows, "{sql}");
    }
    for sql in [
        "SELECT * FROM pragma_function_list",
        "SELECT * FROM pragma_pragma_list",
        "EXPLAIN SELECT 1",
    ] {
        assert!(
            !read(&database, sql, vec![]).await.unwrap().rows.is_empty(),
            "{sql}"
        );
    }
}

#[tokio::test]
async fn full_text_json_and_rtree_tables_are_readable() {
    let scratch = Scratch::new();
    let database = opened(
        &scratch,
        "CREATE VIRTUAL TABLE notes USING fts5(body);
         INSERT INTO notes VALUES ('a portolan chart'), ('a lighthouse');
         CREATE VIRTUAL TABLE boxes USING rtree(id, x0, x1, y0, y1);
         INSERT INTO boxes VALUES (1, 0, 2, 0, 2)",
    )
    .await;

    for (sql, expected) in [
        (
            "SELECT body FROM notes WHERE notes MATCH 'chart'",
            Owned::Text("a portolan chart".to_owned()),
        ),
        ("SELECT id FROM boxes WHERE x0 < 1", Owned::Int(1)),
        ("SELECT sum(value) FROM json_each('[1, 2]')", Owned::Int(3)),
    ] {
        assert_eq!(one(&database, sql, vec![]).await, expected, "{sql}");
    }
}

/// One value a line, as the `sqlite3` program prints them in its mode `quote`; where it is not installed, as
/// SQLite's own `quote()` does, which is the same but for text with a NUL.
async fn printed(database: &Database, file: &Path) -> Vec<String> {
    let program = tokio::process::Command::new("sqlite3")
        .args(["-readonly", "-cmd", ".mode quote"])
        .arg(file)
        .arg("SELECT v FROM t ORDER BY rowid")
        .output()
        .await;
    match program {
        Ok(printed) => String::from_utf8(printed.stdout)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect(),
        Err(_) => read(database, "SELECT quote(v) FROM t ORDER BY rowid", vec![])
            .await
            .unwrap()
            .rows
            .concat()
            .into_iter()
            .map(|cell| match cell {
                Owned::Text(text) => text,
                other => panic!("quote() gave {other:?}"),
            })
            .collect(),
    }
}

fn is_printed_as(cell: &Owned, printed: &str) -> bool {
    match cell {
        Owned::Null => printed == "NULL",
        Owned::Int(number) => printed == number.to_string(),
        // Its versions differ in how many digits they print, but all of them read back the same.
        Owned::Float(number) => printed.parse() == Ok(*number),
        Owned::Text(text) => printed == format!("'{}'", text.replace('\'', "''")),
        Owned::MixedBytes(bytes) => {
            let hex = bytes
                .iter()
                .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
            printed.to_lowercase() == format!("x'{hex}'")
        }
        other => panic!("unexpected {other:?}"),
    }
}

#[tokio::test]
async fn the_command_line_client_prints_the_same() {
    let scratch = Scratch::new();
    let file = scratch.path("values.db");
    run_beside(
        &file,
        "CREATE TABLE t (v);
         INSERT INTO t VALUES (NULL), (9223372036854775807), (-9223372036854775807 - 1), (1e308), (0.1), (-1.5e-300),
           ('it''s 世界'), (x'00ff'), (''), (x''), (123456789.123456789), (3.0)",
    )
    .await;
    let database = open(sqlite_config(&file)).await;
    let printed = printed(&database, &file).await;

    let rows = read(&database, "SELECT v FROM t ORDER BY rowid", vec![])
        .await
        .unwrap();

    let cells = rows.rows.concat();
    assert_eq!(cells.len(), printed.len());
    for (cell, printed) in cells.iter().zip(&printed) {
        assert!(
            is_printed_as(cell, printed),
            "{cell:?} is printed as {printed}"
        );
    }
}
