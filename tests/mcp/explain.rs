//! `explain_query` over the wire, on every engine.

use serde_json::{Value, json};
use support::{
    client::{Launch, Server},
    on_every_engine,
    subject::{Subject, Table},
};

/// A table of four rows, and a server that can read it as `read` and write it as `write`.
async fn started(subject: &Subject) -> (Table, Server) {
    let table = subject
        .table(
            "id INTEGER PRIMARY KEY, part INTEGER NOT NULL",
            "(1, 1), (2, 1), (3, 2), (4, 2)",
        )
        .await;
    let launch = Launch::default()
        .database("read", subject.url())
        .database("write", subject.url())
        .with("WRITE_DB_READ_ONLY", "false");
    (table, Server::start(launch).await)
}

async fn explain(server: &mut Server, arguments: Value) -> Value {
    server.call("explain_query", arguments).await.ok()
}

async fn refused(server: &mut Server, arguments: Value) -> Value {
    server.call("explain_query", arguments).await.failure()
}

/// The plan's lines as one text.
fn lines(plan: &Value) -> String {
    let lines: Vec<&str> = plan["plan"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line.as_str().unwrap())
        .collect();
    lines.join("\n")
}

/// `SQLite` has nothing to measure with.
fn measures(subject: &Subject) -> bool {
    subject.words.server.is_some()
}

on_every_engine!(
    a_plan_names_the_table_and_runs_nothing,
    async |subject: &Subject| {
        let (table, mut server) = started(subject).await;

        for connection in ["read", "write"] {
            let sql = format!("SELECT * FROM {} WHERE part = 2", table.name);
            let plan = explain(&mut server, json!({"connection": connection, "sql": sql})).await;

            let text = lines(&plan);
            assert!(text.starts_with("1 "), "{text}");
            assert!(text.contains(&table.name), "{text}");
            assert_eq!(plan.get("executionMs"), None, "{plan}");
        }
        table.drop().await;
    }
);

on_every_engine!(
    analyze_of_a_read_measures_its_rows,
    async |subject: &Subject| {
        let (table, mut server) = started(subject).await;

        let sql = format!("SELECT * FROM {} WHERE part = 2", table.name);
        let arguments = json!({"connection": "read", "sql": sql, "analyze": true});
        if measures(subject) {
            let plan = explain(&mut server, arguments).await;
            let text = lines(&plan);
            assert!(text.contains("2 rows, expected "), "{text}");
        } else {
            let failure = refused(&mut server, arguments).await;
            assert_eq!(failure["kind"], "unsupported");
            assert_eq!(
                failure["hint"],
                "Leave `analyze` out to see the plan; execute_query runs the statement."
            );
        }
        table.drop().await;
    }
);

on_every_engine!(
    analyze_of_a_write_is_refused_wherever_it_is_asked,
    async |subject: &Subject| {
        let (table, mut server) = started(subject).await;

        for connection in ["read", "write"] {
            let sql = format!("DELETE FROM {}", table.name);
            let arguments = json!({"connection": connection, "sql": sql, "analyze": true});
            let failure = refused(&mut server, arguments).await;

            assert_eq!(failure["kind"], "not_allowed", "{failure}");
            assert_eq!(
                failure["hint"],
                "Leave `analyze` out: the plan without it tells what would be done, with estimates."
            );
        }
        assert_eq!(table.count().await, 4);
        table.drop().await;
    }
);

on_every_engine!(
    a_write_is_planned_and_not_done,
    async |subject: &Subject| {
        let (table, mut server) = started(subject).await;

        let sql = format!("DELETE FROM {} WHERE part = 2", table.name);
        let plan = explain(&mut server, json!({"connection": "write", "sql": sql})).await;

        assert!(lines(&plan).contains(&table.name), "{plan}");
        assert_eq!(table.count().await, 4);
        table.drop().await;
    }
);

on_every_engine!(
    a_mistake_has_its_place_in_the_clients_own_text,
    async |subject: &Subject| {
        let (table, mut server) = started(subject).await;

        for before in ["", " \n "] {
            let sql = format!("{before}SELECT 'é', id FROM {} WHERE WHERE", table.name);
            let last = sql.chars().count() - "WHERE".len() + 1;
            let arguments = json!({"connection": "read", "sql": sql});
            let failure = refused(&mut server, arguments).await;

            assert_eq!(failure["kind"], "invalid_sql");
            assert_eq!(failure["position"], last, "{failure}");
        }
        table.drop().await;
    }
);

on_every_engine!(
    an_unknown_column_is_answered_as_by_execute_query,
    async |subject: &Subject| {
        let (table, mut server) = started(subject).await;

        let arguments =
            json!({"connection": "read", "sql": format!("SELECT prat FROM {}", table.name)});
        let by_explain = refused(&mut server, arguments.clone()).await;
        let by_query = server.call("execute_query", arguments).await.failure();

        assert_eq!(by_explain, by_query);
        assert!(
            by_explain["hint"]
                .as_str()
                .unwrap()
                .contains(&format!("{}.part", table.name)),
            "{by_explain}"
        );
        table.drop().await;
    }
);

on_every_engine!(parameters_are_planned_with, async |subject: &Subject| {
    let (table, mut server) = started(subject).await;
    let placeholder = (subject.words.placeholder)(1);

    let sql = format!("SELECT * FROM {} WHERE part = {placeholder}", table.name);
    let given =
        json!({"connection": "read", "sql": sql, "params": [2], "analyze": measures(subject)});
    let plan = explain(&mut server, given).await;
    let missing = refused(
        &mut server,
        json!({"connection": "read", "sql": sql, "params": [1, 2]}),
    )
    .await;

    let text = lines(&plan);
    assert!(text.contains(&table.name), "{text}");
    assert_eq!(
        text.contains("2 rows, expected "),
        measures(subject),
        "{text}"
    );
    assert_eq!(missing["kind"], "invalid_argument");
    table.drop().await;
});

on_every_engine!(
    a_statement_without_a_plan_is_told_so,
    async |subject: &Subject| {
        let (table, mut server) = started(subject).await;

        for connection in ["read", "write"] {
            let sql = format!("CREATE TABLE {}_too (id INTEGER)", table.name);
            let failure = refused(&mut server, json!({"connection": connection, "sql": sql})).await;

            assert_eq!(failure["kind"], "invalid_argument", "{failure}");
            assert!(
                failure["hint"].as_str().unwrap().contains("SELECT"),
                "{failure}"
            );
        }
        let sql = "EXPLAIN SELECT 1";
        let failure = refused(&mut server, json!({"connection": "read", "sql": sql})).await;
        assert_eq!(failure["kind"], "invalid_argument", "{failure}");
        assert!(
            failure["hint"]
                .as_str()
                .unwrap()
                .contains("without EXPLAIN"),
            "{failure}"
        );
        table.drop().await;
    }
);
