//! A database that cannot be reached, and that comes back.

use std::time::{Duration, Instant};

use domain::{ConnectStep, FailureKind};
use serde_json::json;
use support::{
    databases::{open, try_open},
    on_every_engine,
    outage::Outage,
    proxy::Proxy,
    subject::Subject,
};

use super::helpers::{refused, rows};

const SOON: Duration = Duration::from_secs(1);

on_every_engine!(
    a_database_that_is_down_is_one_clear_failure_until_it_is_back,
    async |subject: &Subject| {
        let mut config = subject.config();
        config.pool.connect_timeout = Duration::from_millis(500);
        let mut outage = Outage::of(subject, &mut config).await;
        let database = open(config.clone()).await;
        assert_eq!(rows(&database, "SELECT 1", vec![]).await, json!([[1]]));

        outage.begin().await;

        // Known already, and to be opened.
        let started = Instant::now();
        let known = refused(&database, "SELECT 1", vec![]).await;
        let new = try_open(config.clone()).await.unwrap_err();
        assert!(started.elapsed() < 2 * config.pool.connect_timeout + SOON);
        let step = if subject.words.server.is_some() {
            ConnectStep::Tcp
        } else {
            ConnectStep::Database
        };
        for failure in [known, new] {
            assert_eq!(
                (failure.kind, failure.step),
                (FailureKind::Unavailable, Some(step)),
                "{failure:?}"
            );
            assert!(failure.hint.is_some(), "{failure:?}");
            for secret in ["127.0.0.1", "secret", "portolan_test"] {
                assert!(!failure.message.contains(secret), "{failure:?}");
            }
        }

        outage.end().await;

        assert_eq!(rows(&database, "SELECT 1", vec![]).await, json!([[1]]));
        let again = open(config).await;
        assert_eq!(rows(&again, "SELECT 1", vec![]).await, json!([[1]]));
    }
);

on_every_engine!(
    a_database_that_never_answers_fails_within_its_connect_time_out: postgres_15 postgres_18 mariadb_10_11 mysql_9,
    async |subject: &Subject| {
        let mut config = subject.narrow();
        config.pool.connect_timeout = Duration::from_millis(300);
        let mut proxy = Proxy::before(&mut config).await;
        let database = open(config.clone()).await;

        proxy.fall_silent().await;

        for known in [true, false] {
            let started = Instant::now();
            let failure = if known {
                refused(&database, "SELECT 1", vec![]).await
            } else {
                try_open(config.clone()).await.unwrap_err()
            };
            assert_eq!(failure.kind, FailureKind::Unavailable, "{failure:?}");
            assert!(failure.step.is_some(), "{failure:?}");
            let took = started.elapsed();
            assert!(took < config.pool.connect_timeout + SOON, "{took:?}");
        }
        proxy.mend().await;
        assert_eq!(rows(&database, "SELECT 1", vec![]).await, json!([[1]]));
    }
);
