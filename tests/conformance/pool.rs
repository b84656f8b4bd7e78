//! How many sessions there are, who waits for one, and when they go.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use domain::{Cancel, FailureKind, cancel::CancelReason, connection::Database, query::QueryLimits};
use serde_json::json;
use support::{
    databases::{open, read},
    on_every_engine,
    subject::{Subject, integer, shared},
    waiting::until,
};

use super::helpers::{at_rest, in_background, refused, rows};

on_every_engine!(
    reads_one_after_another_use_one_session,
    async |subject: &Subject| {
        // A call waits for the clean-up of the one before for ten milliseconds, which a busy machine may exceed.
        let mut rounds = Vec::new();
        while rounds.len() < 3 && rounds.last() != Some(&(1, 1)) {
            let database = subject.open().await;
            let mut sessions = BTreeSet::new();
            for number in 0..30 {
                sessions.insert(subject.session(&database).await);
                let sql = format!("SELECT {number}");
                assert_eq!(rows(&database, &sql, vec![]).await, json!([[number]]));
            }
            at_rest(&database).await;
            rounds.push((sessions.len(), database.pool.figures().idle));
            database.pool.close().await;
        }

        assert_eq!(rounds.last(), Some(&(1, 1)), "{rounds:?}");
    }
);

on_every_engine!(
    a_test_is_a_round_trip_that_tells_who_answered,
    async |subject: &Subject| {
        let database = subject.open_narrow().await;

        let report = database.pool.test(&Cancel::new()).await.unwrap();

        assert_eq!(report.version, database.server.version);
        assert!(report.latency > Duration::ZERO);
        at_rest(&database).await;
        let figures = database.pool.figures();
        assert_eq!((figures.in_use, figures.idle), (0, 1));
    }
);

on_every_engine!(
    a_session_that_is_idle_too_long_is_closed,
    async |subject: &Subject| {
        let mut config = subject.config();
        config.pool.idle_timeout = Duration::from_millis(100);
        let database = open(config).await;
        let session = subject.session(&database).await;

        until("no session is left", async || {
            let figures = database.pool.figures();
            (figures.in_use, figures.idle) == (0, 0)
        })
        .await;

        gone(subject, session).await;
        assert_eq!(rows(&database, "SELECT 1", vec![]).await, json!([[1]]));
    }
);

/// Waits until the server, where there is one, has no such session any more.
async fn gone(subject: &Subject, session: Option<i64>) {
    let (Some(server), Some(session)) = (subject.words.server, session) else {
        return;
    };
    let observer = subject.open().await;
    until("the session is closed", async || {
        let alive = read(&observer, server.alive, vec![json!(session)]).await;
        integer(&alive.unwrap().rows[0][0]) == 0
    })
    .await;
}

/// Waits until the witness has lost its session for being idle, three times over: whatever else has been idle
/// under the same time-out is overdue then.
async fn overdue(witness: &Database) {
    for _ in 0..3 {
        read(witness, "SELECT 1", vec![]).await.unwrap();
        until("the witness has no session", async || {
            let figures = witness.pool.figures();
            (figures.in_use, figures.idle) == (0, 0)
        })
        .await;
    }
}

on_every_engine!(
    no_more_sessions_than_asked_for_are_kept,
    async |subject: &Subject| {
        let mut config = subject.config();
        config.pool.idle_timeout = Duration::from_millis(100);
        let witness = open(config.clone()).await;
        config.pool.min_connections = 1;
        let database = open(config).await;
        let two = tokio::join!(
            read(&database, subject.words.pause, vec![]),
            read(&database, subject.words.pause, vec![])
        );
        assert_eq!(
            (two.0.unwrap().rows.len(), two.1.unwrap().rows.len()),
            (1, 1)
        );

        overdue(&witness).await;

        let figures = database.pool.figures();
        assert_eq!((figures.in_use, figures.idle), (0, 1));
    }
);

on_every_engine!(
    the_one_session_that_is_kept_stays_the_same,
    async |subject: &Subject| {
        let mut config = subject.config();
        config.pool.idle_timeout = Duration::from_millis(100);
        let witness = open(config.clone()).await;
        config.pool.min_connections = 1;
        let database = open(config).await;
        let kept = subject.session(&database).await;

        overdue(&witness).await;

        let figures = database.pool.figures();
        assert_eq!((figures.in_use, figures.idle), (0, 1));
        assert_eq!(subject.session(&database).await, kept);
    }
);

on_every_engine!(
    waiting_for_a_slot_ends_as_busy,
    async |subject: &Subject| {
        let mut config = subject.narrow();
        config.pool.acquire_timeout = Duration::from_millis(200);
        let database = open(config).await;
        let (slow, mark) = subject.slow();
        let cancel = Cancel::new();
        let call = in_background(&database, slow, QueryLimits::default(), &cancel);
        subject.runs(&database, &mark).await;

        let started = Instant::now();
        let failure = refused(&database, "SELECT 1", vec![]).await;

        let waited = started.elapsed();
        assert_eq!(
            (failure.kind, failure.message.as_str()),
            (
                FailureKind::Busy,
                "All 1 connections were busy for 200 ms; the statement was not started."
            )
        );
        assert!(
            Duration::from_millis(200) <= waited && waited < Duration::from_millis(1_200),
            "{waited:?}"
        );
        cancel.fire(CancelReason::Client);
        assert_eq!(
            call.await.unwrap().unwrap_err().kind,
            FailureKind::Cancelled
        );
        subject.has_ended(&mark).await;
        assert_eq!(rows(&database, "SELECT 1", vec![]).await, json!([[1]]));
    }
);

on_every_engine!(
    slow_reads_run_four_at_a_time_and_all_answer,
    async |subject: &Subject| {
        let mut config = subject.config();
        config.pool.max_connections = 4;
        let database = shared(config).await;
        let done = Arc::new(AtomicBool::new(false));
        let most = tokio::spawn({
            let (database, done) = (Arc::clone(&database), Arc::clone(&done));
            async move {
                let mut most = 0;
                while !done.load(Ordering::Acquire) {
                    let figures = database.pool.figures();
                    most = most.max(figures.in_use + figures.idle);
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                most
            }
        });
        let calls: Vec<_> = (0..16)
            .map(|_| {
                let (database, pause) = (Arc::clone(&database), subject.words.pause);
                tokio::spawn(async move { read(&database, pause, vec![]).await })
            })
            .collect();

        let mut sessions = BTreeSet::new();
        for call in calls {
            let rows = call.await.unwrap().unwrap().rows;
            assert_eq!(rows.len(), 1);
            sessions.insert(integer(&rows[0][0]));
        }

        done.store(true, Ordering::Release);
        assert_eq!(most.await.unwrap(), 4);
        if subject.words.server.is_some() {
            assert_eq!(sessions.len(), 4);
        }
    }
);
