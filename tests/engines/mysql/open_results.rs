//! What a result that is kept open keeps others from.

use application::{
    encode::Format,
    registry::OpenConnection,
    use_cases::{AskedLimits, Ceilings, ExecuteQuery},
};
use domain::{Cancel, query::Statement};
use support::{
    databases::{open, opened},
    on_mysql,
};

use super::{helpers::TEN, house::House};

/// Begins to read a result of 100 MB, which is too large to be on its way as a whole.
async fn begun(connection: &OpenConnection, table: &str) {
    let sql = format!(
        "SELECT t.n, REPEAT('x', 100000) AS filling FROM {table} AS t, {TEN} AS a, {TEN} AS b, {TEN} AS c"
    );
    let query = ExecuteQuery {
        statement: Statement::new(sql, vec![]).unwrap(),
        format: Format::Json,
        asked: AskedLimits {
            max_rows: Some(1),
            max_bytes: Some(1_000_000),
            ..AskedLimits::default()
        },
    };
    let answer = query
        .execute(connection, Ceilings::default(), &Cancel::new())
        .await
        .unwrap();
    assert!(answer.text.contains("\"cursor\""));
}

on_mysql!(
    an_open_result_locks_a_table_that_has_no_transactions_and_no_other,
    async |server: &str| {
        // GIVEN tables with and without transactions, and whoever waits a second for a lock
        let mut house = House::empty(server).await;
        let plain: &[&str] = if house.is_mariadb() {
            &["MyISAM", "Aria"]
        } else {
            &["MyISAM"]
        };
        for engine in [plain, &["InnoDB"]].concat() {
            let table = format!("CREATE TABLE of_{engine} (n INT) ENGINE={engine}");
            house.run(&table).await;
            let rows = format!("INSERT INTO of_{engine} VALUES (1), (2)");
            house.run(&rows).await;
        }
        house.run("SET lock_wait_timeout = 1").await;
        let database = open(house.config()).await;
        let connection = opened(&database);

        // WHEN a result of each is open, THEN rows of the one with transactions can be deleted
        begun(&connection, "of_InnoDB").await;
        house.run("DELETE FROM of_InnoDB WHERE n = 2").await;
        for engine in plain {
            begun(&connection, &format!("of_{engine}")).await;
            let delete = format!("DELETE FROM of_{engine} WHERE n = 2");
            assert_eq!(house.refused(&delete).await, Some(1205), "{engine}");
        }

        // and the others' once the results are closed
        database.pool.close().await;
        house.run("SET lock_wait_timeout = 60").await;
        for engine in plain {
            house
                .run(&format!("DELETE FROM of_{engine} WHERE n = 2"))
                .await;
        }
        house.leave().await;
    }
);
