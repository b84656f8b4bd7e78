//! Databases of MySQL and MariaDB whose text is not UTF-8, and names in other letters: what is hidden stays so however a collation
//! compares, and no character's last byte is taken for a quote or a backslash.

use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, MySqlConnection, raw_sql};
use support::{
    client::{Launch, Server},
    databases::{server_variable, unique},
    on_mysql,
    scratch::Scratch,
};

use super::asking::{are_answered, are_kept, are_told_alike};

/// A database's character set and collation, and a text in it.
const CHARSETS: [(&str, &str, &str); 8] = [
    ("latin2", "latin2_general_ci", "Zażółć gęślą jaźń"),
    ("latin5", "latin5_turkish_ci", "Iğdır'ın ışığı, İstanbul"),
    ("koi8r", "koi8r_general_ci", "Ёжик в тумане"),
    ("cp1251", "cp1251_general_ci", "Ёжик в тумане"),
    // The last byte of some of these is that of a backslash.
    ("sjis", "sjis_japanese_ci", "表ソ能十"),
    ("gbk", "gbk_chinese_ci", "縗誠運"),
    ("big5", "big5_chinese_ci", "功許蓋"),
    ("utf8mb4", "utf8mb4_turkish_ci", "Straße, İi Iı, é"),
];

/// A database of its own, and a server whose caller may see in it what is not of salaries.
struct Place {
    name: String,
    outside: MySqlConnection,
    server: Server,
    _scratch: Scratch,
}

impl Place {
    async fn new(key: &str, charset: &str, collation: &str, text: &str) -> Self {
        let name = unique("lettered");
        let url = server_variable(key, "URL");
        let address = url.replace("mariadb:", "mysql:");
        let mut outside = MySqlConnection::connect(&address).await.unwrap();
        for sql in [
            "CREATE DATABASE {d} CHARACTER SET {c} COLLATE {o}",
            "CREATE TABLE {d}.salaries (id int, amount text)",
            "INSERT INTO {d}.salaries VALUES (1, 'S3CR3T')",
            "CREATE TABLE {d}.straße (id int, amount text)",
            "INSERT INTO {d}.straße VALUES (1, 'S3CR3T')",
            "CREATE TABLE {d}.orders (id int, note text)",
            "INSERT INTO {d}.orders VALUES (1, '{text}')",
            "CREATE TABLE {d}.orte (id int, größe text)",
            "CREATE VIEW {d}.pay AS SELECT amount FROM {d}.salaries",
            "CREATE VIEW {d}.notes AS SELECT note FROM {d}.orders",
        ] {
            let sql = sql
                .replace("{d}", &name)
                .replace("{c}", charset)
                .replace("{o}", collation)
                .replace("{text}", &text.replace('\'', "''"));
            raw_sql(AssertSqlSafe(sql))
                .execute(&mut outside)
                .await
                .unwrap();
        }
        let scratch = Scratch::new();
        let file = scratch.path("portolan.json");
        let mut url = url::Url::parse(&url).unwrap();
        url.set_path(&name);
        let configuration = json!({
            "connections": {"shop": {"url": url.as_str()}},
            "roles": {"local": {
                "connections": "*", "tools": "full",
                "tables": {"allow": format!("{name}.*"), "deny": ["salaries", "straße"]},
            }},
        });
        std::fs::write(&file, configuration.to_string()).unwrap();
        let launch = Launch::default()
            .argument("--config")
            .argument(file.display().to_string());
        Self {
            name,
            outside,
            server: Server::start(launch).await,
            _scratch: scratch,
        }
    }

    async fn gone(mut self) {
        drop(self.server);
        let sql = format!("DROP DATABASE {}", self.name);
        raw_sql(AssertSqlSafe(sql))
            .execute(&mut self.outside)
            .await
            .unwrap();
        self.outside.close().await.unwrap();
    }
}

/// `{t}` stands for a table's name, `{text}` for the text.
const WAYS: [&str; 10] = [
    "SELECT * FROM {t}",
    "SELECT * FROM {d}.`{t}`",
    "SELECT amount FROM orders JOIN {t} USING (id)",
    "SELECT * FROM orders WHERE note = '{text}' AND id IN (SELECT id FROM {t})",
    "SELECT '{text}', \"{text}\\\\\" FROM {t}",
    "SELECT '{text}'''FROM {t}",
    "SELECT `{text}` FROM {t}",
    "SELECT 1 AS `{text}` FROM {t}",
    "SELECT '{text}\\'', (SELECT amount FROM {t})",
    "SELECT * FROM {t} -- {text}",
];

/// Spellings that some collation takes for the same.
const ALIKE: [&str; 12] = [
    "SELECT * FROM SALARIES",
    "SELECT * FROM Salaries",
    "SELECT * FROM ſalaries",
    "SELECT * FROM salaríes",
    "SELECT * FROM salarıes",
    "SELECT * FROM SALARİES",
    "SELECT * FROM ｓalaries",
    "SELECT * FROM `salaries `",
    "SELECT * FROM strasse",
    "SELECT * FROM STRASSE",
    "SELECT * FROM STRAẞE",
    "SELECT * FROM pay",
];

on_mysql!(
    what_is_hidden_stays_so_in_any_character_set,
    async |key: &str| {
        for (charset, collation, text) in CHARSETS {
            let mut place = Place::new(key, charset, collation, text).await;
            let quoted = text.replace('\'', "''");
            let ways: Vec<String> = WAYS
                .iter()
                .map(|way| way.replace("{d}", &place.name).replace("{text}", &quoted))
                .collect();

            are_answered(&mut place.server, &["SELECT note FROM orders"]).await;
            are_told_alike(&mut place.server, &ways, "salaries", "salariez").await;
            are_told_alike(&mut place.server, &ways, "straße", "straẞe").await;
            are_kept(&mut place.server, &ALIKE, &["amount"]).await;

            place.gone().await;
        }
    }
);

on_mysql!(
    a_text_comes_and_goes_as_it_is_in_any_character_set,
    async |key: &str| {
        for (charset, collation, text) in CHARSETS {
            let mut place = Place::new(key, charset, collation, text).await;
            let quoted = text.replace('\'', "''");

            for sql in [
                format!("SELECT note FROM orders WHERE note = '{quoted}'"),
                format!("SELECT note FROM notes WHERE note LIKE '{quoted}%'"),
                format!(
                    "SELECT '{quoted}' FROM orders WHERE note <> '{quoted}\\\\' AND note <> '{quoted}\\''"
                ),
                format!("SELECT CONVERT('{quoted}' USING {charset}) FROM orders"),
                format!("SELECT `{text}` FROM (SELECT note AS `{text}` FROM orders) AS x"),
            ] {
                let rows = place.server.query(&sql).await["rows"].clone();
                assert_eq!(rows, json!([[text]]), "{charset}: {sql}");
            }
            let asked = json!({"sql": "SELECT note FROM orders WHERE note = ?", "params": [text]});
            let rows = place.server.call("execute_query", asked).await.ok()["rows"].clone();
            assert_eq!(rows, json!([[text]]), "{charset}");
            let asked = json!({"sql": "SELECT größer FROM orte"});
            let failure = place.server.call("execute_query", asked).await.failure();
            let message = failure["message"].as_str().unwrap();
            assert!(message.contains("größer"), "{charset}: {message}");
            let found = place
                .server
                .call("search_schema", json!({"search": "größe"}))
                .await
                .ok();
            assert_eq!(found["total"], 1, "{charset}: {found}");

            place.gone().await;
        }
    }
);
