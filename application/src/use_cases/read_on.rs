//! Reads the next page of a result that was cut.

use std::sync::Arc;

use domain::{Cancel, Failure, query::ActsAs};

use super::execute_query::{AskedLimits, Ceilings};
use crate::{
    cursors::gone,
    encode::Answer,
    registry::{OpenConnection, View},
};

/// The request: a cursor that came with a page, and the limits of the next one.
#[derive(Debug, Clone)]
pub struct ReadOn {
    pub cursor: String,
    pub asked: AskedLimits,
    /// As whom its caller reads.
    pub acts_as: Option<Arc<ActsAs>>,
}

impl ReadOn {
    /// The connection that the cursor belongs to. A name that the call gives must be that one's.
    pub fn connection(
        &self,
        view: &View<'_>,
        named: Option<&str>,
    ) -> Result<Arc<OpenConnection>, Failure> {
        let connection = view
            .open_connections()
            .into_iter()
            .find(|connection| connection.cursors.knows(&self.cursor, &connection.reader))
            .ok_or_else(|| gone(None))?;
        match named {
            Some(name) if name != connection.name.as_str() => {
                Err(Failure::invalid_argument(format!(
                    "The cursor belongs to the connection `{}`.",
                    connection.name
                ))
                .with_hint("Leave `connection` out: the cursor knows its own."))
            }
            _ => Ok(connection),
        }
    }

    pub async fn execute(
        self,
        connection: &OpenConnection,
        ceilings: Ceilings,
        cancel: &Cancel,
    ) -> Result<Answer, Failure> {
        let database = &connection.database;
        let cursor =
            connection
                .cursors
                .take(&self.cursor, &connection.reader, self.acts_as.as_deref())?;
        let limits = self.asked.within(&database.config, ceilings);
        let page = self.asked.page(cursor.format(), limits);
        connection
            .cursors
            .next_page(database, cursor, page, limits.time, cancel)
            .await
            .map_err(|failure| self.asked.explain(failure, &database.config))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use async_trait::async_trait;
    use domain::{
        FailureKind,
        access::Allowed,
        calls::{Caller, Claims, Principal},
        connection::ConnectionName,
        query::{
            Cell, Column, DynRowSink, Flow, Outcome, QueryLimits, QueryRunner, Statement,
            StatementClass, port::MockQueryRunner,
        },
    };
    use tokio::sync::Notify;

    use super::*;
    use crate::{
        encode::Format,
        use_cases::{
            ExecuteQuery,
            doubles::{config, database_with, pool},
        },
    };

    const UNKNOWN: &str = "it is not known here, as one from before this server was started, or of a connection that was closed.";

    /// Counts to a number, and waits between pages as an engine does.
    struct Counting {
        to: i64,
        ended: Arc<Notify>,
    }

    /// Tells that a run is over, however it ends.
    struct Over(Arc<Notify>);

    impl Drop for Over {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }

    #[async_trait]
    impl QueryRunner for Counting {
        async fn run_read(
            &self,
            _: &Statement,
            _: &QueryLimits,
            sink: &mut DynRowSink,
            cancel: &Cancel,
        ) -> Result<Outcome, Failure> {
            let _over = Over(Arc::clone(&self.ended));
            sink.columns(&[Column {
                name: "n".to_owned(),
                type_name: "int8".to_owned(),
            }]);
            for number in 1..=self.to {
                loop {
                    let mut flow = sink.begin_row();
                    if flow == Flow::Continue {
                        sink.cell(Cell::Int(number));
                        flow = sink.end_row();
                    }
                    match flow {
                        Flow::Continue => break,
                        Flow::Stop => return Ok(Outcome::default()),
                        Flow::Wait => tokio::select! {
                            time = sink.resume() => if time.is_none() {
                                return Ok(Outcome::default());
                            },
                            _ = cancel.fired() => {
                                return Err(Failure::new(FailureKind::Cancelled, "cancelled"));
                            }
                        },
                    }
                }
                tokio::task::yield_now().await;
            }
            Ok(Outcome::default())
        }

        async fn run_write(
            &self,
            _: &Statement,
            _: &QueryLimits,
            _: &mut DynRowSink,
            _: &Cancel,
        ) -> Result<Outcome, Failure> {
            unreachable!("nothing is written here")
        }
    }

    struct Subject {
        connection: OpenConnection,
        crowd: Arc<Notify>,
        ended: Arc<Notify>,
    }

    /// A connection to a database that counts, of which so many can be used at once.
    fn counting(to: i64, connections: u32) -> Subject {
        let mut config = config();
        config.pool.max_connections = connections;
        let mut database = database_with(config, StatementClass::Read, MockQueryRunner::new());
        let ended = Arc::new(Notify::new());
        database.query_runner = Arc::new(Counting {
            to,
            ended: Arc::clone(&ended),
        });
        let crowd = Arc::new(Notify::new());
        database.pool = Arc::new(Crowd(Arc::clone(&crowd)));
        Subject {
            connection: OpenConnection::new(ConnectionName::new("shop").unwrap(), database),
            crowd,
            ended,
        }
    }

    /// A pool that is crowded when it is said to be.
    struct Crowd(Arc<Notify>);

    #[async_trait]
    impl domain::connection::ConnectionPool for Crowd {
        async fn test(&self, _: &Cancel) -> Result<domain::connection::TestReport, Failure> {
            unreachable!("nothing is tested here")
        }

        fn figures(&self) -> domain::connection::PoolFigures {
            pool().figures()
        }

        async fn crowded(&self) {
            self.0.notified().await;
        }

        async fn close(&self) {}
    }

    fn asking_for(max_rows: u64) -> AskedLimits {
        AskedLimits {
            max_rows: Some(max_rows),
            ..AskedLimits::default()
        }
    }

    async fn first(subject: &Subject, asked: AskedLimits) -> Answer {
        ExecuteQuery {
            statement: Statement::new("SELECT n".to_owned(), Vec::new()).unwrap(),
            format: Format::Json,
            asked,
        }
        .execute(&subject.connection, Ceilings::default(), &Cancel::new())
        .await
        .unwrap()
    }

    async fn next(subject: &Subject, cursor: &str, asked: AskedLimits) -> Result<Answer, Failure> {
        ReadOn {
            cursor: cursor.to_owned(),
            asked,
            acts_as: None,
        }
        .execute(&subject.connection, Ceilings::default(), &Cancel::new())
        .await
    }

    fn cursor_of(answer: &Answer) -> Option<String> {
        let json: serde_json::Value = serde_json::from_str(&answer.text).unwrap();
        json["truncated"]["cursor"].as_str().map(str::to_owned)
    }

    fn rows_of(answer: &Answer) -> Vec<i64> {
        let json: serde_json::Value = serde_json::from_str(&answer.text).unwrap();
        let rows = json["rows"].as_array().unwrap();
        rows.iter().map(|row| row[0].as_i64().unwrap()).collect()
    }

    fn reason(failure: &Failure) -> &str {
        failure
            .message
            .strip_prefix("The cursor has ended: ")
            .unwrap()
    }

    #[tokio::test]
    async fn pages_follow_each_other_without_a_gap_and_the_last_has_no_cursor() {
        // GIVEN a result of five rows that is read in twos
        let subject = counting(5, 4);
        let page = first(&subject, asking_for(2)).await;
        let cursor = cursor_of(&page).unwrap();
        assert_eq!(rows_of(&page), [1, 2]);

        // WHEN it is read on
        let second = next(&subject, &cursor, asking_for(2)).await.unwrap();
        let third = next(&subject, &cursor, asking_for(2)).await.unwrap();

        // THEN nothing is skipped and nothing comes twice
        assert_eq!((rows_of(&second), rows_of(&third)), (vec![3, 4], vec![5]));
        assert_eq!(cursor_of(&second).as_deref(), Some(cursor.as_str()));
        assert_eq!(cursor_of(&third), None);
    }

    #[tokio::test]
    async fn a_cursor_is_unknown_to_everybody_but_its_reader() {
        let mut subject = counting(5, 4);
        let allowed = Allowed::EVERYTHING;
        let less = Allowed {
            max_rows: Some(1),
            ..Allowed::EVERYTHING
        };
        let whole = subject.connection;
        let seen_by = |name: &str, allowed| {
            let caller = Caller::new(Principal::new(name), Claims::default());
            whole.for_caller(&caller, allowed)
        };
        subject.connection = seen_by("ada", &allowed);
        let cursor = cursor_of(&first(&subject, asking_for(2)).await).unwrap();

        for (name, allowed) in [("bob", &allowed), ("ada", &less)] {
            subject.connection = seen_by(name, allowed);
            let failure = next(&subject, &cursor, asking_for(1)).await.unwrap_err();
            let reader = Arc::clone(&subject.connection.reader);
            assert_eq!(reason(&failure), UNKNOWN, "{name}");
            assert!(!subject.connection.cursors.knows(&cursor, &reader));
        }
        subject.connection = seen_by("ada", &allowed);
        let page = next(&subject, &cursor, asking_for(2)).await.unwrap();

        assert_eq!(rows_of(&page), [3, 4]);
    }

    #[tokio::test]
    async fn each_page_has_the_columns_and_its_own_limits() {
        let subject = counting(5, 4);
        let cursor = cursor_of(&first(&subject, asking_for(1)).await).unwrap();

        let page = next(&subject, &cursor, asking_for(3)).await.unwrap();

        assert_eq!(
            page.text,
            format!(
                r#"{{"columns":["n"],"types":["int8"],"rows":[[2],[3],[4]],"rowCount":3,"truncated":{{"by":"rows","limit":3,"cursor":"{cursor}"}}}}"#
            )
        );
    }

    #[tokio::test]
    async fn a_profile_is_of_its_own_page_and_only_where_it_is_asked_for() {
        // GIVEN a page that was read without one
        let subject = counting(5, 4);
        let page = first(&subject, asking_for(1)).await;
        assert!(!page.text.contains("profile"));
        let cursor = cursor_of(&page).unwrap();

        // WHEN the next is read with one
        let asked = AskedLimits {
            profile: true,
            ..asking_for(2)
        };
        let page = next(&subject, &cursor, asked).await.unwrap();

        // THEN it tells of the rows in it
        let expected = r#""profile":{"rows":2,"columns":[{"name":"n","nulls":0,"distinct":2,"min":2,"max":3}]}}"#;
        assert!(page.text.ends_with(expected), "{}", page.text);
    }

    #[tokio::test]
    async fn a_row_that_did_not_fit_by_bytes_begins_the_next_page() {
        let subject = counting(60, 4);
        let asked = AskedLimits {
            max_bytes: Some(300),
            ..AskedLimits::default()
        };
        let page = first(&subject, asked).await;
        let cursor = cursor_of(&page).unwrap();

        let mut read = rows_of(&page);
        loop {
            let page = next(&subject, &cursor, asked).await.unwrap();
            read.extend(rows_of(&page));
            assert!(page.text.len() <= 300);
            if cursor_of(&page).is_none() {
                break;
            }
        }

        assert_eq!(read, (1..=60).collect::<Vec<i64>>());
    }

    #[tokio::test]
    async fn a_row_that_fits_no_page_waits_for_a_larger_one() {
        // GIVEN pages that no row fits into
        let subject = counting(1, 4);
        let asked = AskedLimits {
            max_bytes: Some(10),
            ..AskedLimits::default()
        };
        let page = first(&subject, asked).await;
        assert!(
            page.text
                .contains("the next row alone is longer than maxBytes")
        );

        // WHEN a larger one is asked for, THEN the row is there
        let cursor = cursor_of(&page).unwrap();
        let page = next(&subject, &cursor, AskedLimits::default())
            .await
            .unwrap();
        assert_eq!(rows_of(&page), [1]);
    }

    #[tokio::test]
    async fn a_result_that_ends_with_its_page_has_no_cursor() {
        let subject = counting(2, 4);

        let page = first(&subject, asking_for(2)).await;

        assert_eq!((rows_of(&page), cursor_of(&page)), (vec![1, 2], None));
    }

    #[tokio::test]
    async fn a_cursor_that_was_read_to_its_end_says_so() {
        let subject = counting(2, 4);
        let cursor = cursor_of(&first(&subject, asking_for(1)).await).unwrap();
        next(&subject, &cursor, asking_for(1)).await.unwrap();

        let failure = next(&subject, &cursor, asking_for(1)).await.unwrap_err();

        assert_eq!(reason(&failure), "its last row has been read.");
    }

    #[tokio::test(start_paused = true)]
    async fn a_cursor_that_nobody_uses_ends_after_a_minute() {
        // GIVEN a cursor
        let subject = counting(9, 4);
        let cursor = cursor_of(&first(&subject, asking_for(1)).await).unwrap();

        // WHEN a minute has passed
        subject.ended.notified().await;

        // THEN its statement is over, and it says why
        let failure = next(&subject, &cursor, asking_for(1)).await.unwrap_err();
        assert_eq!(reason(&failure), "it was not used for 60 seconds.");
    }

    #[tokio::test(start_paused = true)]
    async fn a_cursor_that_is_used_all_the_time_ends_after_five_minutes_of_waiting() {
        let subject = counting(9, 4);
        let cursor = cursor_of(&first(&subject, asking_for(1)).await).unwrap();
        for _ in 0..5 {
            tokio::time::sleep(Duration::from_secs(59)).await;
            next(&subject, &cursor, asking_for(1)).await.unwrap();
        }

        subject.ended.notified().await;

        let failure = next(&subject, &cursor, asking_for(1)).await.unwrap_err();
        assert_eq!(reason(&failure), "it had been open for 5 minutes.");
    }

    #[tokio::test]
    async fn one_more_than_a_quarter_of_the_pool_ends_the_oldest() {
        // GIVEN two cursors, of which the older was used last
        let subject = counting(9, 8);
        let older = cursor_of(&first(&subject, asking_for(1)).await).unwrap();
        let newer = cursor_of(&first(&subject, asking_for(1)).await).unwrap();
        next(&subject, &older, asking_for(1)).await.unwrap();

        // WHEN a third is opened
        first(&subject, asking_for(1)).await;

        // THEN the one that was not used for longest is gone
        let failure = next(&subject, &newer, asking_for(1)).await.unwrap_err();
        assert_eq!(reason(&failure), "newer results took its place.");
        assert!(next(&subject, &older, asking_for(1)).await.is_ok());
    }

    #[tokio::test]
    async fn a_cursor_makes_way_for_a_call_that_needs_its_connection() {
        // GIVEN a cursor
        let subject = counting(9, 1);
        let cursor = cursor_of(&first(&subject, asking_for(1)).await).unwrap();

        // WHEN a call finds no connection free
        subject.crowd.notify_one();
        subject.ended.notified().await;

        // THEN the cursor's statement is over, and it says why
        let failure = next(&subject, &cursor, asking_for(1)).await.unwrap_err();
        assert_eq!(
            reason(&failure),
            "its connection was needed by another call."
        );
    }

    #[tokio::test]
    async fn a_cancelled_page_ends_the_statement() {
        // GIVEN a cursor
        let subject = counting(i64::MAX, 4);
        let cursor = cursor_of(&first(&subject, asking_for(1)).await).unwrap();

        // WHEN its next page is dropped while it is being read
        {
            let page = next(&subject, &cursor, asking_for(100_000));
            let mut page = std::pin::pin!(page);
            tokio::select! {
                biased;
                _ = &mut page => panic!("nobody reads that fast"),
                () = tokio::task::yield_now() => {}
            }
        }

        // THEN the statement ends, and the cursor with it
        subject.ended.notified().await;
        let failure = next(&subject, &cursor, asking_for(1)).await.unwrap_err();
        assert_eq!(
            reason(&failure),
            "its statement or its connection was ended."
        );
    }

    #[tokio::test]
    async fn an_unknown_cursor_is_told_apart() {
        let subject = counting(1, 4);

        let failure = next(&subject, "c1-0", asking_for(1)).await.unwrap_err();

        assert_eq!(reason(&failure), UNKNOWN);
    }
}
