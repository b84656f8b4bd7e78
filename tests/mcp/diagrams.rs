//! Diagrams, drawn by Mermaid itself: what it draws has every table and every key of the text.

use std::{fmt::Write as _, path::Path, process::Stdio};

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, raw_sql};
use support::{
    client::{Launch, Server, provided},
    scratch::{Scratch, bare_sqlite},
};
use tokio::{io::AsyncWriteExt as _, process::Command};

/// The diagram of a database with these tables.
async fn diagram(sql: &str) -> String {
    let scratch = Scratch::new();
    let path = scratch.path("drawn.db");
    let mut connection = bare_sqlite(&path).await;
    raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    let launch = Launch::default().database("drawn", format!("sqlite://{}", path.display()));
    let mut server = Server::start(launch).await;
    let uri = json!({"uri": "portolan://drawn/schema/diagram"});
    let answer = server.request("resources/read", uri).await;
    answer["result"]["contents"][0]["text"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// What is in the picture.
struct Picture(Value);

impl Picture {
    /// Fails where Mermaid does.
    async fn of(text: &str) -> Option<Self> {
        let node = provided("PORTOLAN_TEST_NODE")?;
        let modules = provided("PORTOLAN_TEST_NODE_MODULES")?;
        let mut drawing = Command::new(node)
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("mcp/clients/mermaid.mjs"))
            .arg(modules)
            .current_dir(std::env::temp_dir())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut input = drawing.stdin.take().unwrap();
        input.write_all(text.as_bytes()).await.unwrap();
        drop(input);
        let output = drawing.wait_with_output().await.unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{text}\n{told}");
        let picture: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(picture["kind"], "er");
        assert_eq!(picture["hasScript"], false);
        Some(Self(picture))
    }

    fn sorted(&self, what: &str) -> Vec<&str> {
        let mut texts: Vec<&str> = self.0[what]
            .as_array()
            .unwrap()
            .iter()
            .map(|text| text.as_str().unwrap())
            .collect();
        texts.sort_unstable();
        texts
    }

    fn edges(&self) -> u64 {
        self.0["edges"].as_u64().unwrap()
    }
}

#[tokio::test]
async fn a_shop_is_drawn_with_every_table_and_key() {
    let text = diagram(include_str!("../seed/sqlite.sql")).await;

    let Some(picture) = Picture::of(&text).await else {
        return;
    };

    assert_eq!(
        picture.sorted("tables"),
        [
            "categories",
            "countries",
            "customers",
            "newsletters",
            "order_items",
            "orders",
            "products",
            "shipments"
        ]
    );
    assert_eq!(
        picture.sorted("labels"),
        [
            "category_id",
            "country_code",
            "customer_id",
            "deliver_to",
            "order_id",
            "order_id, line",
            "parent_id",
            "product_id"
        ]
    );
    assert_eq!(picture.edges(), 8);
    assert!(picture.sorted("columns").contains(&"country_code"));
}

#[tokio::test]
async fn hostile_names_are_drawn_as_text() {
    let text = diagram(
        "CREATE TABLE \"<script>alert(1)</script>\" (\"<b>id\" INTEGER PRIMARY KEY, \"a \"\" b\" TEXT);
         CREATE TABLE \"end\" (id INTEGER PRIMARY KEY, \"style\" REFERENCES \"<script>alert(1)</script>\");
         CREATE TABLE \"erDiagram }\" (\"}o--||\" INTEGER PRIMARY KEY REFERENCES \"end\");
         CREATE TABLE \"direction TB\" (\"%%{init: {}}%%\" INTEGER PRIMARY KEY);
         CREATE TABLE \"größe; 名前\" (\"ключ\" INTEGER PRIMARY KEY);
         CREATE TABLE \"click x href y\" (\"__proto__\" INTEGER PRIMARY KEY);",
    )
    .await;

    let Some(picture) = Picture::of(&text).await else {
        return;
    };

    assert_eq!(picture.sorted("tables").len(), 6, "{text}");
    assert!(picture.sorted("tables").contains(&"end"), "{text}");
    assert_eq!(picture.edges(), 2, "{text}");
    assert_eq!(picture.sorted("columns").len(), 8, "{text}");
}

#[tokio::test]
async fn of_three_hundred_tables_the_most_connected_are_drawn() {
    // GIVEN 300 tables, of which 40 refer to one
    let mut sql = "CREATE TABLE hub (id INTEGER PRIMARY KEY);".to_owned();
    for at in 1..300 {
        let key = if at > 259 { " REFERENCES hub" } else { "" };
        let _ = write!(
            sql,
            "CREATE TABLE t{at} (id INTEGER PRIMARY KEY, hub_id INTEGER{key});"
        );
    }
    let text = diagram(&sql).await;

    // WHEN their diagram is drawn
    let Some(picture) = Picture::of(&text).await else {
        return;
    };

    // THEN it has those that are connected, and as many others as it says
    let drawn = picture.sorted("tables");
    assert_eq!(drawn.len(), 60);
    assert!(drawn.contains(&"hub") && drawn.contains(&"t260") && drawn.contains(&"t299"));
    assert_eq!(picture.edges(), 40);
    assert!(text.contains("%% Left out: 240 of 300 tables"), "{text}");
}
