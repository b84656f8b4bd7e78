//! Statements that end before they are done.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{
    Cancel, FailureKind,
    cancel::CancelReason,
    query::{Cell, Column, Flow, QueryLimits, RowSink},
};
use sqlx::Connection;
use support::{
    databases::open,
    rows::Rows,
    scratch::{Scratch, bare_sqlite, run_beside},
};

use super::helpers::{ENDLESS, config, number, refused, run, shop};

/// Fires once the first row is complete.
struct CancelAtRow(Cancel);

impl RowSink for CancelAtRow {
    fn columns(&mut self, _: &[Column]) {}
    fn begin_row(&mut self) -> Flow {
        Flow::Continue
    }
    fn cell(&mut self, _: Cell<'_>) {}
    fn end_row(&mut self) -> Flow {
        self.0.fire(CancelReason::Client);
        Flow::Continue
    }
}

fn limits(time: Duration) -> QueryLimits {
    QueryLimits {
        time,
        ..QueryLimits::default()
    }
}

#[tokio::test]
async fn a_statement_past_its_time_ends_and_frees_its_place() {
    let scratch = Scratch::new();
    let database = open(shop(&scratch).await).await;
    let begun = Instant::now();

    let failure = run(
        &database,
        &format!("{ENDLESS} SELECT count(*) FROM n"),
        limits(Duration::from_millis(100)),
        &mut Rows::up_to(1),
        &Cancel::new(),
    )
    .await
    .unwrap_err();

    assert_eq!(failure.kind, FailureKind::Timeout);
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(number(&database, "SELECT 1").await, 1);
    // Waits for every session, so for the interrupted one too.
    database.pool.close().await;
    assert!(
        begun.elapsed() < Duration::from_secs(3),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn a_result_that_never_ends_is_stopped_by_the_clock_too() {
    let scratch = Scratch::new();
    let database = open(shop(&scratch).await).await;

    let failure = run(
        &database,
        &format!("{ENDLESS} SELECT x FROM n"),
        limits(Duration::from_millis(100)),
        &mut Rows::up_to(usize::MAX),
        &Cancel::new(),
    )
    .await
    .unwrap_err();

    assert_eq!(failure.kind, FailureKind::Timeout);
}

#[tokio::test]
async fn a_cancel_ends_a_running_statement() {
    let scratch = Scratch::new();
    let database = open(shop(&scratch).await).await;
    let cancel = Cancel::new();
    // One row at once, and the second never.
    let sql = format!("{ENDLESS} SELECT 1 UNION ALL SELECT count(*) FROM n");

    let failure = run(
        &database,
        &sql,
        QueryLimits::default(),
        &mut CancelAtRow(cancel.clone()),
        &cancel,
    )
    .await
    .unwrap_err();

    assert_eq!(failure.kind, FailureKind::Cancelled);
    assert_eq!(number(&database, "SELECT 1").await, 1);
}

#[tokio::test]
async fn closing_ends_what_runs() {
    let scratch = Scratch::new();
    let database = Arc::new(open(shop(&scratch).await).await);
    let running = Cancel::new();
    let call = tokio::spawn({
        let (database, running) = (Arc::clone(&database), running.clone());
        async move {
            let sql = format!("{ENDLESS} SELECT 1 UNION ALL SELECT count(*) FROM n");
            run(
                &database,
                &sql,
                QueryLimits::default(),
                &mut CancelAtRow(running),
                &Cancel::new(),
            )
            .await
        }
    });
    running.fired().await;

    database.pool.close().await;

    assert_eq!(
        call.await.unwrap().unwrap_err().kind,
        FailureKind::Cancelled
    );
    assert_eq!(
        refused(&database, "SELECT 1").await.kind,
        FailureKind::Unavailable
    );
}

#[tokio::test]
async fn a_row_limit_stops_an_endless_result_and_the_session_lives_on() {
    let scratch = Scratch::new();
    let database = open(shop(&scratch).await).await;
    for _ in 0..3 {
        let mut rows = Rows::up_to(10);

        run(
            &database,
            &format!("{ENDLESS} SELECT x FROM n"),
            QueryLimits::default(),
            &mut rows,
            &Cancel::new(),
        )
        .await
        .unwrap();

        assert_eq!((rows.rows.len(), rows.cut), (10, true));
        assert_eq!(number(&database, "SELECT 1").await, 1);
    }
    assert_eq!(database.pool.figures().idle, 1);
}

#[tokio::test]
async fn planning_without_end_is_stopped_too() {
    let scratch = Scratch::new();
    let file = scratch.path("views.db");
    run_beside(&file, "CREATE TABLE t (a)").await;
    let mut connection = bare_sqlite(&file).await;
    for level in 0..24 {
        let below = if level == 0 {
            "t".to_owned()
        } else {
            format!("v{}", level - 1)
        };
        let sql = format!("CREATE VIEW v{level} AS SELECT x.a FROM {below} x, {below} y");
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
            .execute(&mut connection)
            .await
            .unwrap();
    }
    connection.close().await.unwrap();
    let database = open(config(&file)).await;
    let begun = Instant::now();

    let failure = run(
        &database,
        "SELECT count(*) FROM v23",
        limits(Duration::from_millis(100)),
        &mut Rows::up_to(1),
        &Cancel::new(),
    )
    .await
    .unwrap_err();

    assert!(
        matches!(failure.kind, FailureKind::Timeout | FailureKind::InvalidSql),
        "{failure:?}"
    );
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn a_value_over_the_limit_is_too_large() {
    let scratch = Scratch::new();
    let database = open(shop(&scratch).await).await;

    let failure = refused(&database, "SELECT randomblob(100000000)").await;

    assert_eq!(failure.kind, FailureKind::TooLarge);
}
