//! Twenty tenants at once on four sessions.

use std::sync::Arc;

use application::{
    encode::{Answer, Format},
    registry::OpenConnection,
    use_cases::{AskedLimits, Ceilings, ExecuteQuery, ReadOn},
};
use domain::{Cancel, Failure, FailureKind};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{TENANTS, acts_as, secret, statement, tenant};

const CALLS_OF_EACH: usize = 500;
/// How often all kinds of calls are made, at least.
pub(in super::super) const ROUNDS: usize = TENANTS * (CALLS_OF_EACH / 6);

/// A kind of call: the statement, its parameters, the rows it asks for, and how many it shows.
type Kind = (&'static str, Vec<Value>, Option<u64>, usize);

/// What differs between engines: a filter with a placeholder, what fails while it runs, and one more with what it shows.
pub(in super::super) struct Own {
    pub(in super::super) filtered: &'static str,
    pub(in super::super) failing: &'static str,
    pub(in super::super) other: (&'static str, usize),
}

impl Own {
    fn kind(&self, round: usize) -> Kind {
        match round % 6 {
            0 => ("SELECT word FROM orders", vec![], None, 5),
            1 => (self.filtered, vec![json!(0)], None, 5),
            2 => ("SELECT word FROM orders ORDER BY word", vec![], Some(2), 2),
            // Refused before it runs.
            3 => ("SELECT become('t0'), word FROM orders", vec![], None, 0),
            4 => (self.failing, vec![], None, 0),
            _ => (self.other.0, vec![], None, self.other.1),
        }
    }
}

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

/// One call of one kind; how many rows it showed.
async fn one_call(connection: &OpenConnection, number: usize, kind: Kind) -> usize {
    let (sql, params, max_rows, expected) = kind;
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

/// Makes 10,000 calls, of which none may show a row of another tenant; how many rows they showed.
pub(in super::super) async fn call_at_once(connection: &Arc<OpenConnection>, own: Own) -> usize {
    let own = Arc::new(own);
    let mut tenants = JoinSet::new();
    for number in 0..TENANTS {
        let (connection, own) = (Arc::clone(connection), Arc::clone(&own));
        tenants.spawn(async move {
            let mut rows = 0;
            for round in 0..CALLS_OF_EACH {
                rows += one_call(&connection, number, own.kind(number + round)).await;
                // Others have their turn between any two.
                tokio::task::yield_now().await;
            }
            rows
        });
    }
    tenants.join_all().await.into_iter().sum()
}

/// One tenant begins a result, and another tries to read on in it.
pub(in super::super) async fn read_on_as_another(connection: &OpenConnection) {
    let sql = "SELECT word FROM orders ORDER BY word";
    let page = call(connection, 1, sql, vec![], Some(2)).await.unwrap();
    let page: Value = serde_json::from_str(&page.text).unwrap();
    let cursor = page["truncated"]["cursor"].as_str().unwrap().to_owned();
    let next = async |number: usize| {
        let acts_as = acts_as(&connection.database, &tenant(number)).unwrap();
        let read_on = ReadOn {
            cursor: cursor.clone(),
            asked: AskedLimits::default(),
            acts_as: Some(acts_as),
        };
        read_on
            .execute(connection, Ceilings::default(), &Cancel::new())
            .await
    };

    let refused = next(2).await.unwrap_err();
    let rest = next(1).await.unwrap();

    assert_eq!(refused.kind, FailureKind::InvalidArgument);
    assert_eq!(rest.text.matches(&secret(1)).count(), 3);
}
