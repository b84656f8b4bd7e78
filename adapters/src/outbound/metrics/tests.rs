use std::{
    sync::Mutex,
    time::{Duration, SystemTime},
};

use domain::{
    Failure, FailureKind,
    access::{Grant, Role, Roles, When},
    calls::{CallId, Claims, Principal},
    connection::{CircuitState, PoolFigures},
    health::{ConnectionState, HealthReport, Measured, MemoryState, ProcessFigures, Thresholds},
};

use super::*;

static EVERYTHING: Grant = Grant::everything();

#[derive(Debug, Default)]
struct State(Mutex<Measured>);

impl HealthSource for State {
    fn report(&self) -> HealthReport {
        Thresholds::default().judge(self.0.lock().unwrap().clone())
    }

    fn is_ready(&self) -> bool {
        true
    }
}

#[derive(Debug)]
struct Meter;

impl ProcessMeter for Meter {
    fn figures(&self) -> ProcessFigures {
        ProcessFigures {
            resident_bytes: Some(5_000),
            ..ProcessFigures::default()
        }
    }

    fn resident_bytes(&self) -> Option<u64> {
        Some(5_000)
    }

    fn memory_limit(&self) -> Option<u64> {
        None
    }
}

fn metrics(measured: Measured) -> Metrics {
    Metrics::new(
        ["prod".to_owned()],
        Arc::new(State(Mutex::new(measured))),
        Arc::new(Meter),
    )
}

/// The lines of one name, in order.
fn lines(metrics: &Metrics, name: &str) -> Vec<String> {
    let text = metrics.text();
    let mut lines: Vec<String> = text
        .lines()
        .filter(|line| line.split(['{', ' ']).next() == Some(name))
        .map(str::to_owned)
        .collect();
    lines.sort();
    lines
}

fn record(caller: &Caller) -> CallRecord<'_> {
    CallRecord {
        id: CallId {
            process: 1,
            number: 1,
        },
        caller,
        grant: &EVERYTHING,
        span: None,
        acts_as: None,
        method: "tools/call",
        tool: Some("execute_query"),
        connection: Some("prod"),
        engine: Some("postgresql"),
        opened: None,
        statement: Some("SELECT 1"),
        rows: Some(3),
        bytes: Some(40),
        failure: None,
        began: SystemTime::UNIX_EPOCH,
        duration: Duration::from_millis(20),
        waited: Duration::from_millis(1),
        database: Some(Duration::from_millis(4)),
        before_database: Some(Duration::from_millis(2)),
        questions: None,
    }
}

#[test]
fn a_call_is_counted_under_every_name() {
    let metrics = metrics(Measured::default());
    let caller = Caller::local();

    metrics.began(&caller);
    metrics.ended(&record(&caller));

    for (name, expected) in [
        (
            "mcp_requests_total",
            r#"{method="tools/call",tool="execute_query",status="ok"} 1"#,
        ),
        (
            "mcp_request_duration_seconds_count",
            r#"{method="tools/call",tool="execute_query"} 1"#,
        ),
        (
            "mcp_db_query_duration_seconds_sum",
            r#"{connection="prod",engine="postgresql"} 0.004"#,
        ),
        (
            "mcp_db_rows_total",
            r#"{connection="prod",engine="postgresql"} 3"#,
        ),
        (
            "mcp_response_bytes_total",
            r#"{method="tools/call",tool="execute_query"} 40"#,
        ),
        ("mcp_requests_in_flight", " 0"),
        ("mcp_request_wait_seconds_sum", " 0.001"),
    ] {
        assert_eq!(lines(&metrics, name), [format!("{name}{expected}")]);
    }
    assert!(metrics.text().ends_with("# EOF\n"));
}

#[test]
fn a_failure_is_told_by_its_kind_and_engine() {
    let metrics = metrics(Measured::default());
    let caller = Caller::local();
    for kind in [FailureKind::Timeout, FailureKind::Cancelled] {
        let failure = Failure::new(kind, "");
        let record = CallRecord {
            failure: Some(&failure),
            ..record(&caller)
        };
        metrics.ended(&record);
    }

    assert_eq!(
        lines(&metrics, "mcp_db_errors_total"),
        [
            r#"mcp_db_errors_total{engine="postgresql",kind="cancelled"} 1"#,
            r#"mcp_db_errors_total{engine="postgresql",kind="timeout"} 1"#,
        ]
    );
    for name in ["mcp_timeouts_total", "mcp_cancellations_total"] {
        assert_eq!(
            lines(&metrics, name),
            [format!(
                r#"{name}{{method="tools/call",tool="execute_query"}} 1"#
            )]
        );
    }
}

#[test]
fn whatever_names_a_client_makes_up_they_are_one() {
    let metrics = metrics(Measured::default());
    let caller = Caller::local();
    for number in 0..1_000 {
        let name = format!("made_up_{number}");
        metrics.ended(&CallRecord {
            connection: Some(&name),
            ..record(&caller)
        });
        metrics.joined(Some(&name));
    }

    assert_eq!(
        lines(&metrics, "mcp_db_rows_total"),
        [r#"mcp_db_rows_total{connection="other",engine="postgresql"} 3000"#]
    );
    assert_eq!(
        lines(&metrics, "mcp_client_sessions_active"),
        [r#"mcp_client_sessions_active{client_type="other"} 1000"#]
    );
}

#[test]
fn no_name_breaks_out_of_its_label() {
    let name = "a\"} 1\nmade_up{x=\"\\";
    let metrics = Metrics::new(
        [name.to_owned()],
        Arc::new(State::default()),
        Arc::new(Meter),
    );
    let caller = Caller::local();
    metrics.ended(&CallRecord {
        connection: Some(name),
        ..record(&caller)
    });

    assert_eq!(
        lines(&metrics, "mcp_db_rows_total"),
        [r#"mcp_db_rows_total{connection="a\"} 1\nmade_up{x=\"\\",engine="postgresql"} 3"#]
    );
}

#[test]
fn pools_and_health_are_as_they_are_when_somebody_asks() {
    let connection = |name: &str, answers: bool| ConnectionState {
        name: name.to_owned(),
        engine: "postgresql",
        test: Some(if answers {
            Ok(Duration::ZERO)
        } else {
            Err("Nothing there.".to_owned())
        }),
        pool: PoolFigures {
            in_use: 2,
            idle: 1,
            max: 10,
            waiting: 4,
            asked: 7,
            waited: Duration::from_millis(1_500),
        },
        circuit: if answers {
            CircuitState::Closed
        } else {
            CircuitState::Open
        },
        is_shared: true,
    };
    let metrics = metrics(Measured {
        connections: vec![
            connection("one", true),
            connection("prod", true),
            connection("two", false),
        ],
        memory: MemoryState {
            resident_bytes: Some(5_000),
            limit_bytes: Some(6_000),
        },
        ..Measured::default()
    });

    for (name, other, prod) in [
        ("mcp_db_connections_total", "6", "3"),
        ("mcp_db_connections_active", "4", "2"),
        ("mcp_db_connections_idle", "2", "1"),
        ("mcp_db_connections_limit", "20", "10"),
        ("mcp_db_pool_waiting", "8", "4"),
        ("mcp_db_pool_wait_seconds_total", "3.0", "1.5"),
        ("mcp_db_pool_acquires_total", "14", "7"),
        ("mcp_db_up", "0", "1"),
        ("mcp_circuit_state", "2", "0"),
    ] {
        assert_eq!(
            lines(&metrics, name),
            [
                format!("{name}{{connection=\"other\"}} {other}"),
                format!("{name}{{connection=\"prod\"}} {prod}"),
            ]
        );
    }
    assert_eq!(
        lines(&metrics, "mcp_health_status"),
        [
            r#"mcp_health_status{component="connections"} 0.5"#,
            r#"mcp_health_status{component="errors"} 1.0"#,
            r#"mcp_health_status{component="memory"} 0.5"#,
            r#"mcp_health_status{component="responses"} 1.0"#,
            r#"mcp_health_status{component="server"} 0.5"#,
        ]
    );
    assert_eq!(
        lines(&metrics, "mcp_memory_limit_bytes"),
        ["mcp_memory_limit_bytes 6000.0"]
    );
    assert_eq!(
        lines(&metrics, "process_resident_memory_bytes"),
        ["process_resident_memory_bytes 5000.0"]
    );
}

#[test]
fn a_call_counts_under_each_role_of_its_caller_and_under_none_where_it_has_none() {
    let metrics = metrics(Measured::default());
    let role = |name: &str| Role {
        name: name.to_owned(),
        when: When::default(),
        connections: Vec::new(),
        tools: std::collections::BTreeSet::new(),
        tables: None,
        functions: Vec::new(),
        read_only: true,
        max_rows: None,
        max_time: None,
        manages_connections: false,
    };
    let ada = Caller::new(Principal::new("ada"), Claims::default());
    let both = Roles::new([role("analysts"), role("support")]).grant(&ada);
    let slow_down = Failure::new(FailureKind::Busy, "no").with_limit("calls_in_flight", 1_000);

    metrics.ended(&CallRecord {
        grant: &both,
        ..record(&ada)
    });
    metrics.ended(&CallRecord {
        failure: Some(&slow_down),
        rows: None,
        ..record(&ada)
    });

    assert_eq!(
        lines(&metrics, "mcp_role_requests_total"),
        [
            r#"mcp_role_requests_total{role="analysts",status="ok"} 1"#,
            r#"mcp_role_requests_total{role="none",status="limited"} 1"#,
            r#"mcp_role_requests_total{role="support",status="ok"} 1"#,
        ]
    );
    assert_eq!(
        lines(&metrics, "mcp_role_rows_total"),
        [
            r#"mcp_role_rows_total{role="analysts"} 3"#,
            r#"mcp_role_rows_total{role="support"} 3"#,
        ]
    );
    assert_eq!(
        lines(&metrics, "mcp_role_rate_limited_total"),
        [r#"mcp_role_rate_limited_total{role="none"} 1"#]
    );
}
