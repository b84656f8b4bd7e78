//! The rules by which measures become a verdict.

use std::time::Duration;

use super::{
    CallMeasures, CertificateState, Component, ConnectionState, HealthReport, Measured,
    MemoryState, SharedState, Status, Validity,
};
use crate::{
    connection::CircuitState,
    failure::{Failure, FailureKind},
};

/// Where healthy ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// Shares of the memory's limit.
    pub memory_degraded: f64,
    pub memory_unhealthy: f64,
    /// Shares of the calls of the last minutes.
    pub errors_degraded: f64,
    pub errors_unhealthy: f64,
    /// What 95 of 100 calls keep to. Slow calls never make a server unhealthy: it does what it was asked for.
    pub slow: Duration,
    /// Fewer calls than these say nothing about errors and times.
    pub enough_calls: u64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            memory_degraded: 0.8,
            memory_unhealthy: 0.95,
            errors_degraded: 0.05,
            errors_unhealthy: 0.25,
            slow: Duration::from_secs(1),
            enough_calls: 20,
        }
    }
}

/// Whether such a failure says something about this server and its databases, rather than about what was asked for.
///
/// Who meets the limits of callers, or chose a time limit that is met or an answer that has no room, is answered as it should be: else anybody could make a
/// server unhealthy by asking it too often.
pub const fn counts_against_health(failure: &Failure) -> bool {
    if failure.is_of_a_limit() {
        return false;
    }
    match failure.kind {
        FailureKind::Timeout
        | FailureKind::Busy
        | FailureKind::Unavailable
        | FailureKind::Internal => true,
        FailureKind::InvalidSql
        | FailureKind::InvalidArgument
        | FailureKind::NotAllowed
        | FailureKind::TooLarge
        | FailureKind::Cancelled
        | FailureKind::Unsupported => false,
    }
}

impl Thresholds {
    /// The verdict on what was measured.
    pub fn judge(&self, measured: Measured) -> HealthReport {
        let [_, memory, errors, responses] = Component::NAMES;
        let others = [
            (memory, self.of_memory(measured.memory)),
            (errors, self.of_errors(&measured.calls)),
            (responses, self.of_responses(&measured.calls)),
        ]
        .into_iter()
        .chain(
            measured
                .certificate
                .map(|certificate| ("certificate", of_certificate(&certificate))),
        )
        .chain(
            measured
                .shared
                .map(|state| ("shared_store", of_shared(state))),
        )
        .map(|(name, (status, reason))| Component {
            name,
            status,
            reason,
        });
        let components: Vec<Component> =
            std::iter::once(Component::of_connections(&measured.connections))
                .chain(others)
                .collect();
        HealthReport {
            status: components
                .iter()
                .map(|component| component.status)
                .max()
                .unwrap_or(Status::Healthy),
            components,
            measured,
        }
    }

    fn of_memory(&self, memory: MemoryState) -> Verdict {
        let Some(share) = memory.share() else {
            return HEALTHY;
        };
        let told = || Some(format!("{:.0} % of the limit are in use.", share * 100.0));
        if share >= self.memory_unhealthy {
            (Status::Unhealthy, told())
        } else if share >= self.memory_degraded {
            (Status::Degraded, told())
        } else {
            HEALTHY
        }
    }

    fn of_errors(&self, calls: &CallMeasures) -> Verdict {
        let share = calls.error_share();
        let told = || {
            Some(format!(
                "{} of {} calls failed for a reason that is not the caller's.",
                calls.errors, calls.calls
            ))
        };
        if calls.calls < self.enough_calls {
            HEALTHY
        } else if share >= self.errors_unhealthy {
            (Status::Unhealthy, told())
        } else if share >= self.errors_degraded {
            (Status::Degraded, told())
        } else {
            HEALTHY
        }
    }

    fn of_responses(&self, calls: &CallMeasures) -> Verdict {
        if calls.calls >= self.enough_calls && calls.p95 > self.slow {
            let told = format!(
                "One call in 20 takes longer than {} ms.",
                calls.p95.as_millis()
            );
            return (Status::Degraded, Some(told));
        }
        HEALTHY
    }
}

impl Component {
    /// The verdict on these connections alone.
    pub fn of_connections(connections: &[ConnectionState]) -> Self {
        let [name, ..] = Self::NAMES;
        let (status, reason) = of_connections(connections);
        Self {
            name,
            status,
            reason,
        }
    }
}

type Verdict = (Status, Option<String>);

const HEALTHY: Verdict = (Status::Healthy, None);

/// It is missed, and nothing waits for it.
fn of_shared(state: SharedState) -> Verdict {
    match state {
        SharedState::Reachable => HEALTHY,
        SharedState::Unreachable { seconds } => {
            let told = format!(
                "The shared store has not answered for {seconds} s: limits count for each process alone."
            );
            (Status::Degraded, Some(told))
        }
    }
}

fn of_certificate(certificate: &CertificateState) -> Verdict {
    match certificate.validity() {
        Validity::Good => HEALTHY,
        Validity::EndsSoon => {
            let days = certificate.left.as_secs() / (24 * 60 * 60);
            let told = format!("The certificate that clients are shown ends in {days} days.");
            (Status::Degraded, Some(told))
        }
        Validity::Ended => {
            let told = "The certificate that clients are shown has ended.".to_owned();
            (Status::Unhealthy, Some(told))
        }
    }
}

fn of_connections(connections: &[ConnectionState]) -> Verdict {
    let down = connections
        .iter()
        .filter(|connection| {
            connection.circuit != CircuitState::Closed || matches!(connection.test, Some(Err(_)))
        })
        .count();
    if down == 0 {
        return HEALTHY;
    }
    let status = if down == connections.len() {
        Status::Unhealthy
    } else {
        Status::Degraded
    };
    // Which ones is not for everybody to know who may learn how the server does.
    let told = format!(
        "{down} of {} connections {} not answer.",
        connections.len(),
        if down == 1 { "does" } else { "do" }
    );
    (status, Some(told))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statuses(measured: Measured) -> Vec<Status> {
        let report = Thresholds::default().judge(measured);
        std::iter::once(report.status)
            .chain(report.components.iter().map(|component| component.status))
            .collect()
    }

    fn connection(name: &str, works: Option<bool>) -> ConnectionState {
        ConnectionState {
            name: name.to_owned(),
            engine: "testsql",
            test: works.map(|works| {
                if works {
                    Ok(Duration::from_millis(1))
                } else {
                    Err("Nothing there.".to_owned())
                }
            }),
            pool: crate::connection::PoolFigures::default(),
            circuit: CircuitState::Closed,
            is_shared: true,
        }
    }

    #[test]
    fn a_server_that_has_done_nothing_is_healthy() {
        assert_eq!(statuses(Measured::default()), [Status::Healthy; 5]);
    }

    #[test]
    fn some_connections_that_are_down_degrade_and_all_of_them_are_unhealthy() {
        use Status::{Degraded, Healthy, Unhealthy};
        for (tests, expected) in [
            (&[None][..], Healthy),
            (&[Some(true), None], Healthy),
            (&[Some(true), Some(false)], Degraded),
            (&[Some(false), None], Degraded),
            (&[Some(false), Some(false)], Unhealthy),
        ] {
            let connections = tests.iter().map(|works| connection("a", *works)).collect();
            let measured = Measured {
                connections,
                ..Measured::default()
            };
            assert_eq!(
                statuses(measured),
                [expected, expected, Healthy, Healthy, Healthy],
                "{tests:?}"
            );
        }
    }

    #[test]
    fn a_connection_whose_circuit_is_not_closed_is_down() {
        for circuit in [CircuitState::Open, CircuitState::HalfOpen] {
            let tested = ConnectionState {
                circuit,
                ..connection("a", Some(true))
            };
            let measured = Measured {
                connections: vec![tested, connection("b", None)],
                ..Measured::default()
            };
            assert_eq!(statuses(measured)[0], Status::Degraded);
        }
    }

    #[test]
    fn a_shared_store_that_does_not_answer_degrades() {
        for (shared, expected) in [
            (SharedState::Reachable, Status::Healthy),
            (SharedState::Unreachable { seconds: 5 }, Status::Degraded),
        ] {
            let report = Thresholds::default().judge(Measured {
                shared: Some(shared),
                ..Measured::default()
            });

            let last = report.components.last().unwrap();
            assert_eq!((last.name, last.status), ("shared_store", expected));
        }
    }

    #[test]
    fn a_certificate_counts_where_there_is_one() {
        const DAY: u64 = 24 * 60 * 60;
        let now = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(100 * DAY);
        let day = |day: u64| std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(day * DAY);
        for (ends, expected) in [
            (day(115), Status::Healthy),
            (day(114), Status::Degraded),
            (day(101), Status::Degraded),
            (day(100), Status::Unhealthy),
            (day(1), Status::Unhealthy),
        ] {
            let measured = Measured {
                certificate: Some(CertificateState::at(now, ends)),
                ..Measured::default()
            };
            let report = Thresholds::default().judge(measured);
            assert_eq!(report.status, expected, "{ends:?}");
            let last = report.components.last().unwrap();
            assert_eq!((last.name, last.status), ("certificate", expected));
        }
    }

    #[test]
    fn memory_is_held_against_its_limit() {
        use Status::{Degraded, Healthy, Unhealthy};
        for (resident, limit, expected) in [
            (None, Some(100), Healthy),
            (Some(100), None, Healthy),
            (Some(79), Some(100), Healthy),
            (Some(80), Some(100), Degraded),
            (Some(94), Some(100), Degraded),
            (Some(95), Some(100), Unhealthy),
            (Some(1), Some(0), Healthy),
        ] {
            let memory = MemoryState {
                resident_bytes: resident,
                limit_bytes: limit,
            };
            let measured = Measured {
                memory,
                ..Measured::default()
            };
            assert_eq!(
                statuses(measured),
                [expected, Healthy, expected, Healthy, Healthy],
                "{resident:?} of {limit:?}"
            );
        }
    }

    #[test]
    fn errors_and_times_count_once_there_are_enough_calls() {
        use Status::{Degraded, Healthy, Unhealthy};
        for (calls, errors, p95_ms, of_errors, of_responses) in [
            (19, 19, 60_000, Healthy, Healthy),
            (20, 0, 1_000, Healthy, Healthy),
            (20, 1, 1_001, Degraded, Degraded),
            (100, 4, 60_000, Healthy, Degraded),
            (100, 25, 1, Unhealthy, Healthy),
        ] {
            let measured = Measured {
                calls: CallMeasures {
                    calls,
                    errors,
                    median: Duration::ZERO,
                    p95: Duration::from_millis(p95_ms),
                },
                ..Measured::default()
            };
            assert_eq!(
                statuses(measured)[3..],
                [of_errors, of_responses],
                "{calls} {errors} {p95_ms}"
            );
        }
    }

    #[test]
    fn a_mistake_of_the_caller_is_no_error_of_the_server() {
        let against: Vec<FailureKind> = FailureKind::ALL
            .into_iter()
            .filter(|kind| counts_against_health(&Failure::new(*kind, "")))
            .collect();

        assert_eq!(
            against,
            [
                FailureKind::Timeout,
                FailureKind::Busy,
                FailureKind::Unavailable,
                FailureKind::Internal
            ]
        );
    }

    #[test]
    fn a_limit_that_is_the_callers_is_no_error_of_the_server() {
        let told_to_slow_down =
            Failure::new(FailureKind::Busy, "").with_limit("calls_in_flight", 1);
        let own_time = Failure::new(FailureKind::Timeout, "").of_own_limit();

        assert!(!counts_against_health(&told_to_slow_down));
        assert!(!counts_against_health(&own_time));
    }
}
