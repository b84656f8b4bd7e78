//! What a role that may see some tables only can find out of the others: nothing.

use serde_json::{Value, json};
use support::{
    client::{LEGACY, Launch, Server},
    scratch::{Scratch, run_beside},
};

use super::{
    asking::{are_answered, are_told_alike_by},
    variants::variants,
};

/// In a table that is hidden, and nowhere else.
const SECRET: &str = "S3CR3T";

/// A server whose caller may see `orders` and what is made of it, but not `salaries`. There is no `wages000`.
async fn server(scratch: &Scratch) -> Server {
    let path = scratch.path("shop.db");
    run_beside(
        &path,
        "CREATE TABLE salaries (id INTEGER PRIMARY KEY, amount TEXT, boss INTEGER REFERENCES salaries);
         CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT, paid_by INTEGER REFERENCES salaries);
         CREATE VIEW pay AS SELECT amount FROM salaries;
         CREATE VIEW pay_of_pay AS SELECT upper(amount) AS a FROM pay;
         CREATE VIEW notes AS SELECT note FROM orders;
         CREATE INDEX salaries_by_amount ON salaries (amount);
         CREATE TABLE generate_series (amount TEXT);
         INSERT INTO generate_series VALUES ('S3CR3T');
         CREATE TRIGGER orders_pay AFTER INSERT ON orders BEGIN INSERT INTO salaries (amount) VALUES (new.note); END;
         INSERT INTO salaries (amount) VALUES ('S3CR3T');
         INSERT INTO orders (note) VALUES ('a'), ('b');
         ANALYZE;",
    )
    .await;
    let file = scratch.path("portolan.json");
    let configuration = json!({
        "connections": {"shop": {"url": format!("sqlite://{}", path.display()), "readOnly": false}},
        "roles": {"local": {
            "connections": "*", "tools": "full", "tables": {"allow": ["main.*"], "deny": ["salaries", "generate_series", "late"]},
        }},
    });
    std::fs::write(&file, configuration.to_string()).unwrap();
    let launch = Launch::default()
        .argument("--config")
        .argument(file.display().to_string());
    Server::start(launch).await
}

/// Ways to name a table, and what the statement does with it. `{t}` stands for its name.
const WAYS: [&str; 60] = [
    "SELECT * FROM {t}",
    "SELECT amount FROM {t}",
    "SELECT count(*) FROM {t}",
    "SELECT 1 FROM {t}",
    "SELECT nothing FROM {t}",
    "SELECT amount, nothing FROM {t}",
    "SELECT {t}.amount FROM {t}",
    "SELECT {t}.* FROM orders, {t}",
    "SELECT rowid FROM {t}",
    "SELECT * FROM main.{t}",
    "SELECT * FROM MAIN.\"{t}\"",
    "SELECT * FROM \"{t}\"",
    "SELECT * FROM `{t}`",
    "SELECT * FROM [{t}]",
    "SELECT * FROM '{t}'",
    "SELECT * FROM/**/{t}",
    "SELECT * FROM -- orders\n {t}",
    "SELECT * FROM {t} AS orders",
    "SELECT * FROM ({t})",
    "SELECT * FROM (SELECT * FROM {t})",
    "SELECT * FROM orders JOIN {t} ON true",
    "SELECT * FROM orders LEFT JOIN {t} USING (id)",
    "SELECT * FROM orders NATURAL JOIN {t}",
    "SELECT (SELECT amount FROM {t}) FROM orders",
    "SELECT (SELECT max(amount) FROM {t})",
    "SELECT * FROM orders WHERE id IN (SELECT id FROM {t})",
    "SELECT * FROM orders WHERE id IN {t}",
    "SELECT * FROM orders WHERE EXISTS (SELECT 1 FROM {t})",
    "SELECT * FROM orders ORDER BY (SELECT amount FROM {t})",
    "SELECT * FROM orders GROUP BY (SELECT amount FROM {t})",
    "SELECT count(*) FROM orders HAVING (SELECT amount FROM {t}) > 'R'",
    "SELECT * FROM orders LIMIT (SELECT id FROM {t})",
    "SELECT note FROM orders UNION SELECT amount FROM {t}",
    "SELECT note FROM orders UNION ALL SELECT amount FROM main.{t}",
    "SELECT note FROM orders EXCEPT SELECT amount FROM {t}",
    "SELECT note FROM orders INTERSECT SELECT amount FROM {t}",
    "WITH x AS (SELECT * FROM {t}) SELECT * FROM x",
    "WITH x AS (SELECT * FROM {t}) SELECT count(*) FROM x",
    "WITH RECURSIVE x(a) AS (SELECT amount FROM {t} UNION SELECT a FROM x) SELECT a FROM x",
    "WITH orders AS (SELECT * FROM main.{t}) SELECT * FROM orders",
    "VALUES ((SELECT amount FROM {t}))",
    "SELECT group_concat(amount) FROM {t}",
    "SELECT json_group_array(amount) FROM {t}",
    "SELECT value FROM json_each((SELECT json_array(amount) FROM {t}))",
    "SELECT sum(id) OVER (ORDER BY (SELECT amount FROM {t})) FROM orders",
    "SELECT CASE WHEN (SELECT amount FROM {t}) LIKE 'S%' THEN 1 END",
    "SELECT abs((SELECT -9223372036854775807 - length(amount) FROM {t}))",
    "SELECT * FROM {t} INDEXED BY salaries_by_amount",
    "SELECT -- here\n nothing -- there\n FROM {t}",
    "SELECT nothing FROM {t} /* unclosed",
    "SELECT nothing, 'é' FROM {t} WHERE",
    "EXPLAIN SELECT * FROM {t}",
    "EXPLAIN QUERY PLAN SELECT * FROM {t}",
    // SQLite leaves these subqueries out, and reads nothing of them.
    "SELECT 1 OR (SELECT 1 FROM {t})",
    "SELECT note FROM orders WHERE 1 OR EXISTS (SELECT 1 FROM {t})",
    "SELECT note FROM orders WHERE 1 OR id IN {t}",
    "SELECT count(*) FROM (SELECT note, (SELECT 1 FROM {t}) FROM orders)",
    "SELECT note FROM (SELECT note, (SELECT 1 FROM {t}) AS z FROM orders)",
    "SELECT note FROM (SELECT note, (SELECT 1 FROM main.\"{t}\") FROM orders LIMIT 2)",
    "SELECT*FROM\"{t}\"",
];

#[tokio::test]
async fn a_hidden_table_is_answered_as_one_that_is_not_there() {
    let scratch = Scratch::new();
    let mut server = server(&scratch).await;

    for way in WAYS {
        for tool in ["execute_query", "explain_query"] {
            let mut told = Vec::new();
            for name in ["salaries", "wages000"] {
                let arguments = json!({"sql": way.replace("{t}", name)});
                let failure = server.call(tool, arguments).await.failure();
                told.push(failure.to_string().replace(name, "?"));
            }
            assert_eq!(told[0], told[1], "{tool} {way}");
            assert!(!told[0].contains(SECRET), "{way}");
        }
    }
}

#[tokio::test]
async fn however_a_hidden_table_is_written_it_is_not_there() {
    let scratch = Scratch::new();
    let mut server = server(&scratch).await;
    let ways = variants(&WAYS, '"');

    are_told_alike_by(&mut server, "execute_query", &ways, "salaries", "wages000").await;
}

#[tokio::test]
async fn a_table_with_the_name_of_a_function_that_reads_nothing_is_a_table() {
    let scratch = Scratch::new();
    let mut server = server(&scratch).await;

    for sql in [
        "SELECT * FROM generate_series",
        "SELECT amount FROM main.Generate_Series",
    ] {
        let failure = server.call("execute_query", json!({"sql": sql})).await;
        let message = failure.failure()["message"].clone();
        assert!(
            message.as_str().unwrap().starts_with("no such table"),
            "{sql}: {message}"
        );
    }
}

#[tokio::test]
async fn no_way_around_leads_to_a_hidden_table() {
    let scratch = Scratch::new();
    let mut server = server(&scratch).await;

    for sql in [
        "SELECT * FROM pay",
        "SELECT count(*) FROM pay",
        "SELECT a FROM pay_of_pay",
        "SELECT * FROM orders JOIN pay",
        "WITH x AS (SELECT * FROM pay) SELECT * FROM x",
        "SELECT * FROM sqlite_schema",
        "SELECT count(*) FROM sqlite_schema",
        "SELECT sql FROM sqlite_master",
        "SELECT name FROM main.sqlite_master",
        "SELECT * FROM SQLITE_MASTER",
        "SELECT * FROM sqlite_temp_master",
        "SELECT * FROM sqlite_stat1",
        "SELECT tbl FROM main.sqlite_stat1",
        "SELECT * FROM pragma_table_list",
        "SELECT * FROM pragma_table_info('salaries')",
        "SELECT * FROM pragma_table_xinfo('salaries')",
        "SELECT * FROM pragma_index_list('salaries')",
        "SELECT * FROM pragma_index_info('salaries_by_amount')",
        "SELECT * FROM pragma_foreign_key_list('orders')",
        "SELECT * FROM pragma_database_list",
        "SELECT * FROM orders JOIN pragma_table_info('salaries')",
        "PRAGMA table_info(salaries)",
        "PRAGMA table_list",
        "PRAGMA index_list(salaries)",
        "PRAGMA foreign_key_list(orders)",
        "PRAGMA foreign_key_check",
        "PRAGMA integrity_check",
        "PRAGMA database_list",
        "SELECT * FROM dbstat",
        "INSERT INTO orders (note) VALUES ('x')",
        "INSERT INTO orders (note) SELECT amount FROM pay RETURNING note",
        "UPDATE orders SET note = (SELECT amount FROM pay) RETURNING note",
        "DELETE FROM orders RETURNING note",
        "CREATE TABLE mine AS SELECT * FROM pay",
        "CREATE VIEW mine AS SELECT * FROM pay",
        "CREATE TEMP TABLE mine AS SELECT * FROM pay",
        "ATTACH 'shop.db' AS again",
        "VACUUM INTO 'copy.db'",
    ] {
        let failure = server
            .call("execute_query", json!({ "sql": sql }))
            .await
            .failure()
            .to_string();

        assert!(!failure.contains(SECRET), "{sql}: {failure}");
        assert!(
            sql.contains("salaries") || !failure.contains("salaries"),
            "{sql}: {failure}"
        );
    }
}

#[tokio::test]
async fn what_is_shown_is_read_as_by_anybody() {
    let scratch = Scratch::new();
    let mut server = server(&scratch).await;

    for (sql, expected) in [
        ("SELECT note FROM orders", json!([["a"], ["b"]])),
        ("SELECT count(*) FROM ORDERS", json!([[2]])),
        (
            "SELECT note FROM notes ORDER BY 1 DESC",
            json!([["b"], ["a"]]),
        ),
        ("SELECT 'salaries'", json!([["salaries"]])),
        ("SELECT 1 AS salaries", json!([[1]])),
        (
            "WITH salaries AS (SELECT 2 AS n) SELECT n FROM salaries",
            json!([[2]]),
        ),
        ("WITH x AS (SELECT 1) SELECT count(*) FROM x", json!([[1]])),
        ("SELECT value FROM json_each('[3]')", json!([[3]])),
    ] {
        assert_eq!(server.query(sql).await["rows"], expected, "{sql}");
    }
}

#[tokio::test]
async fn a_table_that_somebody_else_has_just_made_is_hidden_from_statements_that_were_judged() {
    // GIVEN a statement that fails because a table is missing which it would not even read
    let scratch = Scratch::new();
    let mut server = server(&scratch).await;
    let names_it =
        json!({"sql": "SELECT note FROM (SELECT note, (SELECT 1 FROM late) AS z FROM orders)"});
    server.query("SELECT note FROM notes").await;
    let missing = server.call("execute_query", names_it.clone()).await;
    let missing = missing.failure();

    // WHEN another program makes that table, which is hidden, and has a view that was allowed read a hidden one
    run_beside(
        &scratch.path("shop.db"),
        "CREATE TABLE late (amount TEXT);
         DROP VIEW notes;
         CREATE VIEW notes AS SELECT amount AS note FROM salaries;",
    )
    .await;

    // THEN the one is missing still, and the other is refused
    let hidden = server.call("execute_query", names_it).await;
    assert_eq!(hidden.failure(), missing);
    let view = json!({"sql": "SELECT note FROM notes"});
    let refused = server.call("execute_query", view).await.failure();
    assert_eq!(refused["kind"], "not_allowed", "{refused}");
}

#[tokio::test]
async fn what_analysts_ask_is_answered() {
    let scratch = Scratch::new();
    let mut server = server(&scratch).await;
    let asked: Vec<&str> = include_str!("analysts/sqlite.sql").lines().collect();

    are_answered(&mut server, &asked).await;
}

#[tokio::test]
async fn a_name_that_is_no_tables_is_missing_for_what_it_is() {
    let scratch = Scratch::new();
    let mut server = server(&scratch).await;

    let failure = server
        .call("execute_query", json!({"sql": "SELECT amount FROM orders"}))
        .await
        .failure();

    assert_eq!(failure["message"], "no such column: amount");
    assert_eq!(failure["hint"], Value::Null);
}

#[tokio::test]
async fn the_tools_that_look_at_the_schema_show_no_hidden_table() {
    let scratch = Scratch::new();
    let mut server = server(&scratch).await;
    server.initialize(LEGACY).await;

    let mut answers = Vec::new();
    for (tool, arguments) in [
        ("search_schema", json!({})),
        (
            "search_schema",
            json!({"search": "amount", "detail": "full"}),
        ),
        (
            "search_schema",
            json!({"search": "%sal%", "kinds": ["table", "column", "index", "trigger"]}),
        ),
        (
            "describe_table",
            json!({"tables": ["orders", "pay", "notes"]}),
        ),
        ("find_join_path", json!({"from": "orders", "to": "notes"})),
        ("explain_query", json!({"sql": "SELECT * FROM orders"})),
        ("connection_info", json!({})),
    ] {
        let answer = server.call(tool, arguments).await;
        answers.push((tool, answer.json().to_string()));
    }
    let complete = json!({
        "ref": {"type": "ref/resource", "uri": "portolan://{connection}/schema/{schema}/{table}"},
        "argument": {"name": "table", "value": ""},
        "context": {"arguments": {"connection": "shop"}},
    });
    for (method, params) in [
        ("resources/read", json!({"uri": "portolan://shop/schema"})),
        (
            "resources/read",
            json!({"uri": "portolan://shop/schema/diagram"}),
        ),
        (
            "resources/read",
            json!({"uri": "portolan://shop/schema/main/orders"}),
        ),
        ("completion/complete", complete),
    ] {
        let answer = server.request(method, params).await;
        assert_eq!(answer["error"], Value::Null, "{method}");
        answers.push((method, answer.to_string()));
    }

    for (what, answer) in answers {
        assert!(!answer.contains("salaries"), "{what}: {answer}");
    }
}

#[tokio::test]
async fn a_hidden_table_is_described_as_one_that_is_not_there() {
    let scratch = Scratch::new();
    let mut server = server(&scratch).await;

    for (tool, argument) in [("describe_table", "tables"), ("find_join_path", "to")] {
        let mut told = Vec::new();
        for name in ["salaries", "wages000"] {
            let mut arguments = json!({argument: name});
            if tool == "find_join_path" {
                arguments["from"] = json!("orders");
            }
            let answer = server.call(tool, arguments).await;
            told.push(answer.json().to_string().replace(name, "?"));
        }
        assert_eq!(told[0], told[1], "{tool}");
    }
}

#[tokio::test]
async fn that_something_is_hidden_is_not_told_by_a_search() {
    let scratch = Scratch::new();
    let mut server = server(&scratch).await;

    for (argument, answers) in [("search", true), ("schema", false)] {
        let mut told = Vec::new();
        for name in ["salaries", "wages000"] {
            let answer = server.call("search_schema", json!({argument: name})).await;
            let answer = answer.json().to_string().replace(name, "?");
            assert!(answer.contains("be seen here"), "{answer}");
            assert_eq!(answer.contains("\"total\":0"), answers, "{answer}");
            told.push(answer);
        }
        assert_eq!(told[0], told[1], "{argument}");
    }
}
