//! Twenty tenants at once on four sessions.

use std::sync::Arc;

use application::{
    encode::{Answer, Format},
    registry::OpenConnection,
    use_cases::{AskedLimits, Ceilings, ExecuteQuery, ReadOn},
};
use domain::{Cancel, Failure, FailureKind};
use serde_json::{Value, json};
use support::{
    databases::{open, opened},
    on_mysql,
};
use tokio::task::JoinSet;

use super::{
    PRIVILEGES, TENANTS, acts_as, mapped, opened_for_tenants, secret, shared, statement, tenant,
};

const CALLS_OF_EACH: usize = 500;

/// Through the use case, as a tool does it.
async fn call(
    connection: &OpenConnection,
    number: usize,
    sql: &str,
    params: Vec<Value>,
    max_rows: Option<u64>,
) -> Result<Answer, Failure> {
    let query = ExecuteQuery {
        statement: statement(&connection.database, &tenant(number), sql, params)?,
        format: Format::Json,
        asked: AskedLimits {
            max_rows,
            ..AskedLimits::default()
        },
    };
    query
        .execute(connection, Ceilings::default(), &Cancel::new())
        .await
}

/// One call of one kind of many; how many rows it showed.
async fn one_call(connection: &OpenConnection, number: usize, round: usize) -> usize {
    let (sql, params, max_rows, expected) = match round % 6 {
        0 => ("SELECT word FROM orders", vec![], None, 5),
        1 => (
            "SELECT word FROM orders WHERE total >= ?",
            vec![json!(0)],
            None,
            5,
        ),
        2 => ("SELECT word FROM orders ORDER BY word", vec![], Some(2), 2),
        // Refused before it runs.
        3 => ("SELECT become('t0'), word FROM orders", vec![], None, 0),
        // Fails while it runs.
        4 => (
            "SELECT word, (SELECT 1 UNION SELECT IF(total >= 0, 2, 1)) FROM orders",
            vec![],
            None,
            0,
        ),
        _ => ("SELECT word FROM totals", vec![], None, 1),
    };
    let answer = call(connection, number, sql, params, max_rows).await;
    let text = match &answer {
        Ok(answer) => answer.text.clone(),
        Err(failure) => format!("{failure:?}"),
    };
    let own = text.matches(&secret(number)).count();
    assert_eq!(text.matches("secret-of-").count(), own, "{sql}: {text}");
    assert_eq!(own, expected, "{sql}: {text}");
    own
}

on_mysql!(
    ten_thousand_calls_of_twenty_tenants_show_no_row_of_another,
    async |server: &str| {
        let mut house = shared(server).await;
        let mut config = mapped(house.account(PRIVILEGES).await, "");
        config.pool.max_connections = 4;
        let connection = Arc::new(opened(&open(config).await));

        let mut tenants = JoinSet::new();
        for number in 0..TENANTS {
            let connection = Arc::clone(&connection);
            tenants.spawn(async move {
                let mut rows = 0;
                for round in 0..CALLS_OF_EACH {
                    rows += one_call(&connection, number, number + round).await;
                    // Others have their turn between any two.
                    tokio::task::yield_now().await;
                }
                rows
            });
        }
        let shown: usize = tenants.join_all().await.into_iter().sum();

        // Of every six calls, two show five rows, one two and one one.
        assert!(shown > TENANTS * (CALLS_OF_EACH / 6) * 12, "{shown}");
        connection.database.pool.close().await;
        house.leave().await;
    }
);

on_mysql!(
    nobody_reads_on_in_somebody_elses_result,
    async |server: &str| {
        let mut house = shared(server).await;
        let connection = opened(&opened_for_tenants(&mut house).await);
        let sql = "SELECT word FROM orders ORDER BY word";
        let page = call(&connection, 1, sql, vec![], Some(2)).await.unwrap();
        let page: Value = serde_json::from_str(&page.text).unwrap();
        let cursor = page["truncated"]["cursor"].as_str().unwrap().to_owned();
        let next = async |number: usize| {
            let read_on = ReadOn {
                cursor: cursor.clone(),
                asked: AskedLimits::default(),
                acts_as: Some(acts_as(&connection.database, &tenant(number)).unwrap()),
            };
            read_on
                .execute(&connection, Ceilings::default(), &Cancel::new())
                .await
        };

        let refused = next(2).await.unwrap_err();
        let rest = next(1).await.unwrap();

        assert_eq!(refused.kind, FailureKind::InvalidArgument);
        assert_eq!(rest.text.matches(&secret(1)).count(), 3);
        connection.database.pool.close().await;
        house.leave().await;
    }
);
