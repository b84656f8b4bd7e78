//! Watches calls and connections, and tells how the server does.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

use domain::{
    Cancel, Failure, FailureKind,
    calls::{CallObserver, CallRecord},
    cancel::CancelReason,
    connection::{ConnectionName, PoolFigures},
    health::{
        CertificateSource, ConnectionState, HealthReport, HealthSource, Measured, MemoryState,
        ProcessMeter, SharedSource, Thresholds, counts_against_health,
    },
};
use tokio::{task::JoinSet, time::Instant};

use super::recent::Recent;
use crate::registry::{OpenConnection, Registry};

/// A connection that does not answer a test within this is down.
const TEST_MAY_TAKE: Duration = Duration::from_secs(10);

/// Knows how this server does.
#[derive(Debug)]
pub struct Monitor {
    registry: Arc<Registry>,
    meter: Arc<dyn ProcessMeter>,
    memory_limit: Option<u64>,
    thresholds: Thresholds,
    certificate: OnceLock<Arc<dyn CertificateSource>>,
    shared: OnceLock<Arc<dyn SharedSource>>,
    started: Instant,
    calls: Mutex<Recent>,
    tests: Mutex<Tests>,
    stopping: AtomicBool,
}

/// What the last test of each connection came to. When it was opened tells it from others that have, or have had, its
/// name.
type Tests = BTreeMap<(ConnectionName, SystemTime), Result<Duration, String>>;

impl Monitor {
    /// `memory_limit` in bytes, if there is any.
    pub fn new(
        registry: Arc<Registry>,
        meter: Arc<dyn ProcessMeter>,
        memory_limit: Option<u64>,
        thresholds: Thresholds,
    ) -> Self {
        Self {
            registry,
            meter,
            memory_limit,
            thresholds,
            certificate: OnceLock::new(),
            shared: OnceLock::new(),
            started: Instant::now(),
            calls: Mutex::default(),
            tests: Mutex::default(),
            stopping: AtomicBool::new(false),
        }
    }

    /// Tests every open connection now and each time that `interval` has passed. Does not end by itself.
    pub async fn watch(&self, interval: Duration) {
        let mut ticks = tokio::time::interval(interval);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.test_all().await;
        }
    }

    /// Clients are shown a certificate, which counts from now on. Only the first one that is told.
    pub fn shows(&self, certificate: Arc<dyn CertificateSource>) {
        let _ = self.certificate.set(certificate);
    }

    /// This store is shared with other processes. Only the first one that is told.
    pub fn shares(&self, store: Arc<dyn SharedSource>) {
        let _ = self.shared.set(store);
    }

    /// No new work is to be sent here.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Tests every open connection, side by side.
    async fn test_all(&self) {
        let mut testing = JoinSet::new();
        for (connection, _) in self.registry.every_open() {
            testing.spawn(async move {
                let outcome = test(&connection).await;
                (connection, outcome)
            });
        }
        let mut tested = Tests::new();
        let before = lock(&self.tests).clone();
        while let Some(done) = testing.join_next().await {
            let Ok((connection, outcome)) = done else {
                continue;
            };
            let key = (connection.name.clone(), connection.opened_at);
            if let Some(outcome) = outcome.or_else(|| before.get(&key).cloned()) {
                tested.insert(key, outcome);
            }
        }
        *lock(&self.tests) = tested;
    }

    fn connections(&self) -> Vec<ConnectionState> {
        let tests = lock(&self.tests);
        let state = |(connection, is_shared): (Arc<OpenConnection>, bool)| ConnectionState {
            name: connection.name.to_string(),
            engine: connection.database.config.engine.name,
            test: tests
                .get(&(connection.name.clone(), connection.opened_at))
                .cloned(),
            pool: connection.database.pool.figures(),
            circuit: connection.breaker.state(),
            is_shared,
        };
        let open = self.registry.every_open();
        let failing = self.registry.failing().into_iter();
        let mut states: Vec<ConnectionState> = open.into_iter().map(state).collect();
        states.extend(failing.map(|failing| ConnectionState {
            name: failing.name.to_string(),
            engine: failing.engine,
            test: Some(Err(failing.cause)),
            pool: PoolFigures::default(),
            circuit: failing.circuit,
            is_shared: true,
        }));
        states.sort_by(|one, other| one.name.cmp(&other.name));
        states
    }
}

impl CallObserver for Monitor {
    fn ended(&self, record: &CallRecord<'_>) {
        let is_error = record.failure.is_some_and(counts_against_health);
        let took = record.duration.saturating_sub(record.waited);
        let now = self.started.elapsed();
        lock(&self.calls).add(now, record.method, record.tool, took, is_error);
    }
}

impl HealthSource for Monitor {
    fn report(&self) -> HealthReport {
        let (calls, methods) = lock(&self.calls).measures(self.started.elapsed());
        self.thresholds.judge(Measured {
            connections: self.connections(),
            memory: MemoryState {
                resident_bytes: self.meter.resident_bytes(),
                limit_bytes: self.memory_limit,
            },
            calls,
            methods,
            certificate: self.certificate.get().map(|shown| shown.certificate()),
            shared: self.shared.get().map(|store| store.state()),
        })
    }

    fn is_ready(&self) -> bool {
        !self.stopping.load(Ordering::Relaxed)
    }
}

/// One round trip. Nothing where that could not be found out, because calls kept every session: then the database
/// works for them.
async fn test(connection: &OpenConnection) -> Option<Result<Duration, String>> {
    let pool = &connection.database.pool;
    let cancel = Cancel::new();
    let report = tokio::time::timeout(TEST_MAY_TAKE, pool.test(&cancel)).await;
    let report = report.unwrap_or_else(|_| {
        cancel.fire(CancelReason::Client);
        Err(Failure::new(
            FailureKind::Timeout,
            "It does not answer a test.",
        ))
    });
    match report {
        Ok(report) => Some(Ok(report.latency)),
        Err(_) if pool.figures().in_use >= pool.figures().max => None,
        Err(failure) => Some(Err(failure.message)),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use domain::{
        connection::{TestReport, port::MockConnectionPool},
        health::{ProcessFigures, Status},
    };

    use super::*;
    use crate::use_cases::doubles::{FACTS, all_of, config, database_of};

    /// A pool in which a session is free.
    const ROOM: PoolFigures = PoolFigures {
        in_use: 0,
        idle: 1,
        max: 10,
        waiting: 0,
        asked: 0,
        waited: Duration::ZERO,
    };

    #[derive(Debug)]
    struct Meter;

    impl ProcessMeter for Meter {
        fn figures(&self) -> ProcessFigures {
            ProcessFigures::default()
        }

        fn resident_bytes(&self) -> Option<u64> {
            Some(50)
        }

        fn memory_limit(&self) -> Option<u64> {
            None
        }
    }

    /// A registry with one open database, which answers while `up` says so.
    async fn registry(up: &Arc<AtomicBool>, figures: PoolFigures) -> Arc<Registry> {
        let up = Arc::clone(up);
        let mut connector = domain::connection::port::MockConnector::new();
        connector.expect_open().returning(move |config| {
            let up = Arc::clone(&up);
            let mut pool = MockConnectionPool::new();
            pool.expect_figures().returning(move || figures);
            pool.expect_test().returning(move |_| {
                if up.load(Ordering::Relaxed) {
                    Ok(TestReport {
                        latency: Duration::from_millis(2),
                        version: "1".to_owned(),
                    })
                } else {
                    Err(Failure::new(FailureKind::Unavailable, "Nothing there."))
                }
            });
            Ok(database_of(config, pool))
        });
        let registry = Registry::new([(FACTS.name, Arc::new(connector) as _)], []);
        let name = ConnectionName::new("shop").unwrap();
        let opened = all_of(&registry).open_own(name, Arc::new(config())).await;
        opened.unwrap();
        Arc::new(registry)
    }

    fn monitor(registry: Arc<Registry>) -> Monitor {
        Monitor::new(registry, Arc::new(Meter), Some(100), Thresholds::default())
    }

    #[tokio::test]
    async fn a_connection_is_as_its_last_test_found_it() {
        // GIVEN
        let up = Arc::new(AtomicBool::new(true));
        let monitor = monitor(registry(&up, ROOM).await);
        assert_eq!(monitor.report().measured.connections[0].test, None);

        // WHEN, THEN
        for (works, expected, status) in [
            (true, Ok(Duration::from_millis(2)), Status::Healthy),
            (false, Err("Nothing there.".to_owned()), Status::Unhealthy),
            (true, Ok(Duration::from_millis(2)), Status::Healthy),
        ] {
            up.store(works, Ordering::Relaxed);
            monitor.test_all().await;
            let report = monitor.report();
            assert_eq!(report.measured.connections[0].test, Some(expected));
            assert_eq!(report.status, status);
        }
    }

    #[tokio::test]
    async fn a_database_whose_sessions_are_all_at_work_is_not_called_down() {
        let up = Arc::new(AtomicBool::new(true));
        let busy = PoolFigures {
            in_use: 10,
            max: 10,
            ..PoolFigures::default()
        };
        let monitor = monitor(registry(&up, busy).await);
        monitor.test_all().await;

        up.store(false, Ordering::Relaxed);
        monitor.test_all().await;

        let test = monitor.report().measured.connections[0].test.clone();
        assert_eq!(test, Some(Ok(Duration::from_millis(2))));
    }

    #[tokio::test]
    async fn a_server_that_stops_is_not_ready() {
        let up = Arc::new(AtomicBool::new(true));
        let monitor = monitor(registry(&up, ROOM).await);
        assert!(monitor.is_ready());

        monitor.stop();

        assert!(!monitor.is_ready());
    }
}
