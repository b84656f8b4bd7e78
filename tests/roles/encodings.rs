//! PostgreSQL databases whose text is not UTF-8: nothing hidden shows in them either, and their own letters come and go as they are.

use domain::connection::Database;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, raw_sql};
use support::{
    databases::{config, open, server_variable, unique, writable, write},
    on_postgres,
};

use super::{
    asking::{are_answered, are_kept, are_told_alike, are_told_alike_by},
    postgres::{AROUND, HONEST, House, WAYS},
};

/// Names and a text in letters of an encoding.
struct Letters {
    encoding: &'static str,
    /// Of a schema, of a table in it that is shown, of one that is hidden, and of none.
    schema: &'static str,
    shown: &'static str,
    hidden: &'static str,
    missing: &'static str,
    text: &'static str,
}

const LATIN2: Letters = Letters {
    encoding: "LATIN2",
    schema: "żółty",
    shown: "zamówienia",
    hidden: "żołd",
    missing: "żołt",
    text: "Zażółć gęślą jaźń",
};
const KOI8R: Letters = Letters {
    encoding: "KOI8R",
    schema: "склад",
    shown: "заказы",
    hidden: "оклады",
    missing: "оклада",
    text: "Ёжик в тумане",
};
const WIN1251: Letters = Letters {
    encoding: "WIN1251",
    ..KOI8R
};
const LATIN1: Letters = Letters {
    encoding: "LATIN1",
    schema: "größe",
    shown: "aufträge",
    hidden: "löhne",
    missing: "löhna",
    text: "Übergröße",
};
const WIN1252: Letters = Letters {
    encoding: "WIN1252",
    text: "„Übergröße“ für 5 €",
    ..LATIN1
};
const SQL_ASCII: Letters = Letters {
    encoding: "SQL_ASCII",
    text: "Übergröße, 日本語",
    ..LATIN1
};
const EUC_JP: Letters = Letters {
    encoding: "EUC_JP",
    schema: "店舗",
    shown: "注文",
    hidden: "給与",
    missing: "給料",
    text: "日本語とé",
};
const EUC_KR: Letters = Letters {
    encoding: "EUC_KR",
    schema: "상점",
    shown: "주문",
    hidden: "급여",
    missing: "급료",
    text: "한국어",
};
const EUC_CN: Letters = Letters {
    encoding: "EUC_CN",
    schema: "商店",
    shown: "订单",
    hidden: "工资",
    missing: "工作",
    text: "中文",
};

/// A database in an encoding, and a house in it whose schema has letters of that.
struct Place {
    name: String,
    outside: PgConnection,
    house: House,
}

impl Place {
    async fn new(key: &str, letters: &Letters, pooler: bool) -> Self {
        let name = unique("encoded");
        let url = server_variable(key, "URL");
        let mut outside = PgConnection::connect(&url).await.unwrap();
        let encoding = letters.encoding;
        let sql =
            format!("CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0");
        run(&mut outside, sql).await;
        let mut url = url::Url::parse(&url).unwrap();
        url.set_path(&name);
        let mut config = writable(config(key));
        config.database = Some(name.clone());
        let admin = open(config).await;
        let house = House::at(url.as_str(), admin, letters.schema.to_owned(), pooler).await;
        for sql in [
            "CREATE TABLE {s}.{shown} (id int, {missing} text)",
            "INSERT INTO {s}.{shown} VALUES (1, '{text}')",
            "CREATE TABLE {s}.salaries_{hidden} (id int, amount text)",
            "CREATE VIEW {s}.{hidden} AS SELECT amount FROM {s}.salaries_{hidden}",
            "CREATE FUNCTION {s}.{hidden}() RETURNS text LANGUAGE sql STABLE AS 'SELECT amount FROM {s}.salaries'",
        ] {
            tell(&house.admin, &letters.told(sql)).await;
        }
        Self {
            name,
            outside,
            house,
        }
    }

    async fn answer(&mut self, sql: &str) -> Value {
        let arguments = json!({ "sql": sql });
        let answer = self.house.server.call("execute_query", arguments).await;
        answer.json()
    }

    async fn gone(mut self) {
        self.house.admin.pool.close().await;
        drop(self.house);
        let sql = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        run(&mut self.outside, sql).await;
    }
}

impl Letters {
    fn told(&self, sql: &str) -> String {
        sql.replace("{s}", self.schema)
            .replace("{shown}", self.shown)
            .replace("{hidden}", self.hidden)
            .replace("{missing}", self.missing)
            .replace("{text}", self.text)
    }
}

async fn run(connection: &mut PgConnection, sql: String) {
    raw_sql(AssertSqlSafe(sql))
        .execute(connection)
        .await
        .unwrap();
}

async fn tell(database: &Database, sql: &str) {
    write(database, sql, vec![]).await.expect(sql);
}

/// However something hidden is named, it is told as what is not there.
async fn nothing_hidden_shows(key: &str, letters: &Letters) {
    let mut place = Place::new(key, letters, false).await;
    let ways = place.house.told(&WAYS);
    let around = place.house.told(&AROUND);
    let of_salaries = |name: &str| format!("salaries_{name}");
    let server = &mut place.house.server;
    are_answered(server, &["SELECT note FROM orders"]).await;

    are_told_alike_by(server, "execute_query", &ways, "salaries", "wages000").await;
    let hidden = of_salaries(letters.hidden);
    let missing = of_salaries(letters.missing);
    are_told_alike(server, &ways[..12], &hidden, &missing).await;
    are_kept(server, &around, &["salaries", "boss"]).await;
    for sql in ["SELECT * FROM {hidden}", "SELECT {hidden}()"] {
        are_kept(server, &[letters.told(sql)], &["salaries"]).await;
    }
    place.gone().await;
}

/// What is shown is read, found and told in its own letters.
async fn letters_come_and_go(key: &str, letters: &Letters) {
    let mut place = Place::new(key, letters, false).await;
    let honest = place.house.told(&HONEST);
    are_answered(&mut place.house.server, &honest).await;

    let sql =
        letters.told("SELECT {missing}, '{text}' FROM {s}.{shown} WHERE {missing} = '{text}'");
    let read = place.answer(&sql).await;
    let failed = place
        .answer(&letters.told("SELECT {missing}_ FROM {shown}"))
        .await;
    let found = place
        .house
        .server
        .call("search_schema", json!({"search": letters.shown}))
        .await
        .json();

    assert_eq!(read["rows"], json!([[letters.text, letters.text]]));
    let message = letters.told("column \"{missing}_\" does not exist");
    assert_eq!(failed["message"], json!(message));
    let name = format!("\"{}\"", letters.shown);
    assert_eq!(found["matches"][0]["name"], json!(name), "{found}");
    assert_eq!(found["total"], 1, "{found}");
    place.gone().await;
}

macro_rules! in_every_encoding {
    ($($name:ident $letters:ident;)+) => {
        $(mod $name {
            use super::*;

            on_postgres!(nothing_hidden_shows, async |key: &str| {
                super::super::nothing_hidden_shows(key, &$letters).await;
            });
            on_postgres!(letters_come_and_go, async |key: &str| {
                super::super::letters_come_and_go(key, &$letters).await;
            });
        })+
    };
}

in_every_encoding! {
    latin1 LATIN1;
    latin2 LATIN2;
    koi8r KOI8R;
    win1251 WIN1251;
    win1252 WIN1252;
    euc_jp EUC_JP;
    euc_kr EUC_KR;
    euc_cn EUC_CN;
    sql_ascii SQL_ASCII;
}

on_postgres!(behind_a_pooler_nothing_hidden_shows, async |key: &str| {
    let mut place = Place::new(key, &LATIN2, true).await;
    let ways = place.house.told(&WAYS[..12]);
    are_answered(&mut place.house.server, &["SELECT note FROM orders"]).await;

    are_told_alike(&mut place.house.server, &ways, "salaries", "wages000").await;

    place.gone().await;
});

on_postgres!(
    a_letter_that_the_encoding_lacks_is_told_alike,
    async |key: &str| {
        let mut place = Place::new(key, &LATIN2, false).await;
        let ways = [
            "SELECT 'я' FROM {t}",
            "SELECT 1 AS я FROM {t}",
            "SELECT * FROM {t} я",
        ];
        are_told_alike(&mut place.house.server, &ways, "salaries", "wages000").await;

        let failure = place.answer("SELECT 'я'").await;

        are_answered(&mut place.house.server, &["SELECT 'ż' AS żółw"]).await;
        assert_eq!(failure["sqlstate"], "22P05");
        place.gone().await;
    }
);
