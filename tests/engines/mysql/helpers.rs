//! What the facts about MySQL and MariaDB have in common.

use domain::{
    Cancel, Failure,
    connection::{ConnectionConfig, Database},
    query::{Outcome, QueryLimits, Statement},
};
use serde_json::Value;
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, MySqlConnection,
    mysql::MySqlConnectOptions, raw_sql,
};
use support::{
    databases::server_variable,
    rows::{Owned, Rows},
};

/// Ten rows, for joins with itself.
pub(super) const TEN: &str = "(SELECT 0 AS n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 \
                   UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9)";

/// A connection beside ours, to look and to prepare with.
pub(super) async fn beside(server: &str) -> MySqlConnection {
    MySqlConnectOptions::from_url(&url::Url::parse(&server_variable(server, "URL")).unwrap())
        .unwrap()
        .connect()
        .await
        .unwrap()
}

pub(super) async fn run_beside(server: &str, sql: String) {
    let mut connection = beside(server).await;
    raw_sql(AssertSqlSafe(sql))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

/// One number, asked beside.
pub(super) async fn number(connection: &mut MySqlConnection, sql: String) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(sql))
        .fetch_one(connection)
        .await
        .unwrap()
}

/// Statements with this mark that the server is running.
pub(super) async fn running(connection: &mut MySqlConnection, mark: &str) -> i64 {
    number(
        connection,
        format!(
            "SELECT COUNT(*) FROM information_schema.processlist \
             WHERE info LIKE '%{mark}%' AND id <> CONNECTION_ID()"
        ),
    )
    .await
}

pub(super) fn alone(mut config: ConnectionConfig) -> ConnectionConfig {
    config.pool.max_connections = 1;
    config
}

pub(super) async fn run(
    database: &Database,
    sql: &str,
    limits: QueryLimits,
    rows: &mut Rows,
    cancel: &Cancel,
) -> Result<Outcome, Failure> {
    let statement = Statement::new(sql.to_owned(), Vec::new())?;
    database
        .query_runner
        .run_read(&statement, &limits, rows, cancel)
        .await
}

/// The first cell, read within the usual limits.
pub(super) async fn cell(database: &Database, sql: &str, params: Vec<Value>) -> Owned {
    let statement = Statement::new(sql.to_owned(), params).unwrap();
    let mut rows = Rows::up_to(1);
    database
        .query_runner
        .run_read(
            &statement,
            &QueryLimits::default(),
            &mut rows,
            &Cancel::new(),
        )
        .await
        .unwrap();
    rows.rows[0][0].clone()
}

pub(super) fn text(text: &str) -> Owned {
    Owned::Text(text.to_owned())
}
