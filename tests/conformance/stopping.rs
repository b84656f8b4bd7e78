//! Statements that end before they are done.

use std::time::{Duration, Instant};

use domain::{Cancel, FailureKind, cancel::CancelReason, query::QueryLimits};
use serde_json::json;
use support::{on_every_engine, subject::Subject};

use super::helpers::{at_rest, in_background, refused, rows, within};

const SOON: Duration = Duration::from_secs(1);

on_every_engine!(
    a_time_limit_ends_a_slow_statement,
    async |subject: &Subject| {
        let database = subject.open_narrow().await;
        let (slow, mark) = subject.slow();
        let limit = Duration::from_millis(200);
        let started = Instant::now();

        let failure = in_background(&database, slow, within(limit), &Cancel::new())
            .await
            .unwrap()
            .unwrap_err();

        let took = started.elapsed();
        assert_eq!(
            (failure.kind, failure.message.as_str()),
            (
                FailureKind::Timeout,
                "The statement ran longer than 200 ms and was stopped."
            )
        );
        assert!(limit <= took && took < limit + SOON, "{took:?}");
        let outlived = subject.outlived(&mark, started + limit).await;
        assert!(outlived < SOON, "{outlived:?}");
        assert_eq!(rows(&database, "SELECT 1", vec![]).await, json!([[1]]));
    }
);

on_every_engine!(
    a_cancel_ends_the_statement_and_frees_its_slot,
    async |subject: &Subject| {
        let database = subject.open_narrow().await;
        let (slow, mark) = subject.slow();
        let cancel = Cancel::new();
        let call = in_background(&database, slow, QueryLimits::default(), &cancel);
        subject.runs(&database, &mark).await;

        let fired = Instant::now();
        cancel.fire(CancelReason::Client);
        let failure = call.await.unwrap().unwrap_err();

        assert_eq!(failure.kind, FailureKind::Cancelled);
        assert_eq!(rows(&database, "SELECT 1", vec![]).await, json!([[1]]));
        assert!(fired.elapsed() < SOON, "{:?}", fired.elapsed());
        let outlived = subject.outlived(&mark, fired).await;
        assert!(outlived < SOON, "{outlived:?}");
        at_rest(&database).await;
    }
);

on_every_engine!(
    a_call_that_was_cancelled_before_it_began_does_not_begin,
    async |subject: &Subject| {
        let database = subject.open_narrow().await;
        let (slow, _) = subject.slow();
        let cancel = Cancel::new();
        cancel.fire(CancelReason::Client);

        let failure = in_background(&database, slow, QueryLimits::default(), &cancel)
            .await
            .unwrap()
            .unwrap_err();

        assert_eq!(failure.kind, FailureKind::Cancelled);
        assert_eq!(rows(&database, "SELECT 1", vec![]).await, json!([[1]]));
    }
);

on_every_engine!(
    a_caller_that_is_gone_leaves_nothing_running,
    async |subject: &Subject| {
        let database = subject.open_narrow().await;
        let (slow, mark) = subject.slow();
        let call = in_background(&database, slow, QueryLimits::default(), &Cancel::new());
        subject.runs(&database, &mark).await;

        let gone = Instant::now();
        call.abort();

        let outlived = subject.outlived(&mark, gone).await;
        assert!(outlived < SOON, "{outlived:?}");
        assert_eq!(rows(&database, "SELECT 1", vec![]).await, json!([[1]]));
    }
);

on_every_engine!(
    closing_ends_what_runs_and_later_calls_are_refused,
    async |subject: &Subject| {
        let database = subject.open().await;
        let (slow, mark) = subject.slow();
        let call = in_background(&database, slow, QueryLimits::default(), &Cancel::new());
        subject.runs(&database, &mark).await;

        let started = Instant::now();
        database.pool.close().await;

        assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
        assert_eq!(
            call.await.unwrap().unwrap_err().kind,
            FailureKind::Cancelled
        );
        let outlived = subject.outlived(&mark, started).await;
        assert!(outlived < SOON, "{outlived:?}");
        let later = refused(&database, "SELECT 1", vec![]).await;
        assert_eq!(
            (later.kind, later.message.as_str()),
            (FailureKind::Unavailable, "The connection has been closed.")
        );
        let figures = database.pool.figures();
        assert_eq!((figures.in_use, figures.idle), (0, 0));
    }
);
