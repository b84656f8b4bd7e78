//! Networks that fail in the middle of something.

use std::time::{Duration, Instant};

use domain::{Cancel, FailureKind, connection::Database, query::QueryLimits};
use serde_json::json;
use support::{
    databases::{open, read, unique, writable, write},
    on_every_engine,
    proxy::Proxy,
    subject::Subject,
};

use super::helpers::{at_rest, in_background, numbers, refused, rows, within};

const SOON: Duration = Duration::from_secs(1);

/// A database with room for one call, behind a proxy.
async fn behind_proxy(subject: &Subject) -> (Database, Proxy) {
    let mut config = writable(subject.narrow());
    let proxy = Proxy::before(&mut config).await;
    (open(config).await, proxy)
}

on_every_engine!(
    a_line_that_is_reset_in_mid_statement_is_one_failure_and_leaves_nothing_running:
        postgres_15 postgres_18 mariadb_10_11 mysql_9,
    async |subject: &Subject| {
        let (database, proxy) = behind_proxy(subject).await;
        let (slow, mark) = subject.slow();
        let call = in_background(&database, slow, QueryLimits::default(), &Cancel::new());
        subject.runs(&database, &mark).await;
        // Long enough to be no idle session that was found dead.
        tokio::time::sleep(Duration::from_millis(600)).await;

        let reset = Instant::now();
        proxy.reset();

        let failure = call.await.unwrap().unwrap_err();
        assert_eq!(
            (failure.kind, failure.message.as_str()),
            (
                FailureKind::Unavailable,
                "The connection to the database was lost while the statement ran."
            )
        );
        subject.has_ended(&mark).await;
        assert!(reset.elapsed() < SOON, "{:?}", reset.elapsed());
        assert_eq!(rows(&database, "SELECT 1", vec![]).await, json!([[1]]));
    }
);

on_every_engine!(
    a_result_that_is_cut_in_its_middle_is_a_failure: postgres_15 postgres_18 mariadb_10_11 mysql_9,
    async |subject: &Subject| {
        let (database, proxy) = behind_proxy(subject).await;
        let all = rows(&database, &numbers(1_000), vec![]).await;
        assert_eq!(all.as_array().unwrap().len(), 1_000);
        at_rest(&database).await;

        proxy.reset_after(1_000);
        let failure = refused(&database, &numbers(1_000), vec![]).await;

        assert_eq!(failure.kind, FailureKind::Unavailable, "{failure:?}");
    }
);

on_every_engine!(
    a_line_that_falls_silent_in_mid_statement_is_a_time_out: postgres_15 postgres_18 mariadb_10_11 mysql_9,
    async |subject: &Subject| {
        let (database, mut proxy) = behind_proxy(subject).await;
        let (slow, mark) = subject.slow();
        let limit = Duration::from_millis(500);
        let started = Instant::now();
        let call = in_background(&database, slow, within(limit), &Cancel::new());
        subject.runs(&database, &mark).await;

        proxy.freeze();

        let failure = call.await.unwrap().unwrap_err();
        assert_eq!(failure.kind, FailureKind::Timeout);
        assert!(started.elapsed() < limit + SOON, "{:?}", started.elapsed());
        proxy.mend().await;
        assert_eq!(rows(&database, "SELECT 1", vec![]).await, json!([[1]]));
        subject.has_ended(&mark).await;
    }
);

on_every_engine!(
    reads_on_sessions_that_all_died_while_idle_are_run_again: postgres_15 postgres_18 mariadb_10_11 mysql_9,
    async |subject: &Subject| {
        let mut config = subject.config();
        config.pool.max_connections = 4;
        let proxy = Proxy::before(&mut config).await;
        let database = open(config).await;
        let pause = subject.words.pause;
        let four = tokio::join!(
            read(&database, pause, vec![]),
            read(&database, pause, vec![]),
            read(&database, pause, vec![]),
            read(&database, pause, vec![])
        );
        assert!(four.0.is_ok() && four.1.is_ok() && four.2.is_ok() && four.3.is_ok());
        at_rest(&database).await;
        let before = proxy.lines_made();

        proxy.reset();

        assert_eq!(rows(&database, "SELECT 1", vec![]).await, json!([[1]]));
        assert_eq!(proxy.lines_made(), before + 1);
    }
);

on_every_engine!(
    a_write_whose_line_is_lost_is_not_sent_again: postgres_15 postgres_18 mariadb_10_11 mysql_9,
    async |subject: &Subject| {
        let table = subject.table("a INTEGER", "").await;
        let (database, proxy) = behind_proxy(subject).await;
        let mark = unique("slow");
        let slow = if subject.name.starts_with("postgres") {
            "1 FROM pg_sleep(0.7)"
        } else {
            "SLEEP(0.7)"
        };
        let insert = format!("INSERT INTO {} SELECT {slow} /* {mark} */", table.name);
        let call = tokio::spawn({
            let (database, insert) = (database.clone(), insert);
            async move { write(&database, &insert, vec![]).await }
        });
        subject.runs(&database, &mark).await;

        proxy.reset();

        let failure = call.await.unwrap().unwrap_err();
        assert_eq!(failure.kind, FailureKind::Unavailable, "{failure:?}");
        subject.has_ended(&mark).await;
        let count = table.count().await;
        assert!(count <= 1, "{count}");
        database.pool.close().await;
        table.drop().await;
    }
);

on_every_engine!(
    a_slow_network_is_a_slow_answer_or_a_time_out: postgres_15 postgres_18 mariadb_10_11 mysql_9,
    async |subject: &Subject| {
        let mut config = subject.narrow();
        // Either way, and for each piece of the answer.
        let proxy = Proxy::far_from(&mut config, Duration::from_millis(40)).await;
        let database = open(config).await;

        let all = rows(&database, &numbers(1_000), vec![]).await;
        let (slow, _) = subject.slow();
        let cut = in_background(&database, slow, within(Duration::from_millis(20)), &Cancel::new());

        assert_eq!(all.as_array().unwrap().len(), 1_000);
        let failure = cut.await.unwrap().unwrap_err();
        assert_eq!(failure.kind, FailureKind::Timeout);
        assert_eq!(rows(&database, "SELECT 1", vec![]).await, json!([[1]]));
        drop(proxy);
    }
);
