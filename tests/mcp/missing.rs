//! A database that is not there, or not any more, on a server that is: told as that, and met again as soon as it is made.

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, MySqlConnection, PgConnection, raw_sql};
use support::{
    client::{Launch, Server},
    databases::{server_variable, unique},
    on_servers,
    scratch::Scratch,
};

/// More calls than a circuit lets fail in a row.
const MANY: usize = 12;

/// As the administrator of the server.
async fn run(key: &str, sql: String) {
    let url = server_variable(key, "URL").replace("mariadb:", "mysql:");
    let sql = raw_sql(AssertSqlSafe(sql));
    if key.starts_with("postgres") {
        let mut connection = PgConnection::connect(&url).await.unwrap();
        sql.execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    } else {
        let mut connection = MySqlConnection::connect(&url).await.unwrap();
        sql.execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }
}

/// A server of ours with a connection to a database of this name, and another to one that is there.
async fn server(key: &str, name: &str, scratch: &Scratch) -> Server {
    let present = server_variable(key, "URL");
    let mut url = url::Url::parse(&present).unwrap();
    url.set_path(name);
    let file = scratch.path("portolan.json");
    let configuration = json!({"connections": {
        "shop": {"url": url.as_str(), "maxConnections": 2}, "other": {"url": present},
    }});
    std::fs::write(&file, configuration.to_string()).unwrap();
    let launch = Launch::default()
        .argument("--config")
        .argument(file.display().to_string());
    Server::start(launch).await
}

async fn ask(server: &mut Server, connection: &str) -> Value {
    let asked = json!({"connection": connection, "sql": "SELECT a FROM notes"});
    server.call("execute_query", asked).await.json()
}

/// Each of many calls is told what is the matter, and other connections go on.
async fn is_told(server: &mut Server) {
    for _ in 0..MANY {
        let failure = ask(server, "shop").await;

        assert_eq!(failure["kind"], "unavailable", "{failure}");
        assert_eq!(
            failure["message"],
            "The database of this connection does not exist on its server, or not any more; the server itself answers.",
            "{failure}"
        );
        assert_eq!(failure["step"], "database", "{failure}");
    }
    let asked = json!({"connection": "other", "sql": "SELECT 1"});
    let answer = server.call("execute_query", asked).await.ok();
    assert_eq!(answer["rows"], json!([[1]]));
}

async fn is_met(key: &str, name: &str, server: &mut Server) {
    run(key, format!("CREATE DATABASE {name}")).await;
    let made = if key.starts_with("postgres") {
        // A table is made in it by a session of its own.
        let mut url = url::Url::parse(&server_variable(key, "URL")).unwrap();
        url.set_path(name);
        let mut connection = PgConnection::connect(url.as_str()).await.unwrap();
        let sql = "CREATE TABLE notes AS SELECT 7 AS a";
        raw_sql(sql).execute(&mut connection).await.unwrap();
        connection.close().await
    } else {
        run(key, format!("CREATE TABLE {name}.notes AS SELECT 7 AS a")).await;
        Ok(())
    };
    made.unwrap();

    assert_eq!(ask(server, "shop").await["rows"], json!([[7]]));
}

async fn drop_database(key: &str, name: &str) {
    let force = if key.starts_with("postgres") {
        " WITH (FORCE)"
    } else {
        ""
    };
    run(key, format!("DROP DATABASE {name}{force}")).await;
}

on_servers!(
    a_database_that_is_dropped_is_told_as_that_and_met_again_once_it_is_made: postgres_15 postgres_18 mariadb_10_11 mysql_9,
    async |key: &str| {
        // GIVEN a database that is not there at first
        let scratch = Scratch::new();
        let name = unique("missing");
        let mut server = server(key, &name, &scratch).await;
        is_told(&mut server).await;
        // WHEN it is made THEN the next call reads from it
        is_met(key, &name, &mut server).await;
        // WHEN it is dropped THEN it is told, WHEN it is made again, met
        drop_database(key, &name).await;
        is_told(&mut server).await;
        is_met(key, &name, &mut server).await;

        drop(server);
        drop_database(key, &name).await;
    }
);
