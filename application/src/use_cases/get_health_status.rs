//! How this server does.

use std::time::{Duration, SystemTime};

use domain::health::{
    CallMeasures, Component, ConnectionState, HealthReport, HealthSource, MethodMeasures, Status,
};
use serde::Serialize;

/// The request.
#[derive(Debug, Clone, Copy)]
pub struct GetHealthStatus {
    /// What it was judged from too.
    pub detailed: bool,
    /// Of the server as a whole. Else of the connections that the caller sees alone, and beyond them the one word that
    /// anybody is told: figures of all calls tell of those of others, on connections that are hidden.
    pub of_all: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HealthStatus {
    pub status: Status,
    pub components: Vec<Component>,
    #[serde(flatten)]
    pub details: Option<Details>,
}

/// What health was judged from: calls of the last five minutes, connections as their last tests found them. All but
/// connections is of the server as a whole.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Details {
    pub connections: Vec<Connection>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Memory>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls: Option<Calls>,
    /// By method, and for calls of tools by tool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub methods: Option<Vec<Method>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Certificate>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Certificate {
    /// To the second, in UTC.
    pub ends: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    pub name: String,
    pub engine: &'static str,
    /// `None` until it has been tested.
    pub answers: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    pub in_use: u32,
    pub idle: u32,
    pub max: u32,
    pub waiting: u32,
    /// `closed`, `half_open` or `open`.
    pub circuit: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Memory {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resident_mb: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_mb: Option<u64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Calls {
    pub count: u64,
    pub errors: u64,
    pub error_rate: f64,
    pub median_ms: f64,
    pub p95_ms: f64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Method {
    #[serde(rename = "method")]
    pub name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<&'static str>,
    #[serde(flatten)]
    pub calls: Calls,
}

impl GetHealthStatus {
    /// Of connections only those are told that are the operator's and that the caller `sees`.
    pub fn execute(self, source: &dyn HealthSource, sees: impl Fn(&str) -> bool) -> HealthStatus {
        let HealthReport {
            status,
            components,
            measured,
        } = source.report();
        let of_all = self.of_all;
        let shown: Vec<ConnectionState> = measured
            .connections
            .into_iter()
            .filter(|connection| connection.is_shared && sees(&connection.name))
            .collect();
        let components = if of_all {
            components
        } else {
            vec![Component::of_connections(&shown)]
        };
        let details = self.detailed.then(|| Details {
            connections: shown.into_iter().map(connection).collect(),
            memory: of_all.then(|| Memory {
                resident_mb: measured.memory.resident_bytes.map(megabytes),
                limit_mb: measured.memory.limit_bytes.map(megabytes),
            }),
            calls: of_all.then(|| calls(measured.calls)),
            methods: of_all.then(|| measured.methods.into_iter().map(method).collect()),
            certificate: measured
                .certificate
                .filter(|_| of_all)
                .map(|certificate| Certificate {
                    ends: instant(certificate.ends),
                }),
        });
        HealthStatus {
            status,
            components,
            details,
        }
    }
}

fn instant(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}

fn method((name, tool, measures): MethodMeasures) -> Method {
    Method {
        name,
        tool,
        calls: calls(measures),
    }
}

fn connection(state: ConnectionState) -> Connection {
    let (answers, latency_ms, failure) = match state.test {
        None => (None, None, None),
        Some(Ok(latency)) => (Some(true), Some(milliseconds(latency)), None),
        Some(Err(failure)) => (Some(false), None, Some(failure)),
    };
    Connection {
        name: state.name,
        engine: state.engine,
        answers,
        latency_ms,
        failure,
        in_use: state.pool.in_use,
        idle: state.pool.idle,
        max: state.pool.max,
        waiting: state.pool.waiting,
        circuit: state.circuit.as_str(),
    }
}

fn calls(measures: CallMeasures) -> Calls {
    Calls {
        count: measures.calls,
        errors: measures.errors,
        error_rate: (measures.error_share() * 1e4).round() / 1e4,
        median_ms: milliseconds(measures.median),
        p95_ms: milliseconds(measures.p95),
    }
}

fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

fn megabytes(bytes: u64) -> u64 {
    bytes >> 20
}

#[cfg(test)]
mod tests {
    use domain::{
        connection::{CircuitState, PoolFigures},
        health::{Measured, MemoryState, Thresholds},
    };

    use super::*;

    #[derive(Debug)]
    struct Source;

    impl HealthSource for Source {
        fn report(&self) -> HealthReport {
            let calls = CallMeasures {
                calls: 40,
                errors: 1,
                median: Duration::from_millis(2),
                p95: Duration::from_micros(3_456),
            };
            Thresholds::default().judge(Measured {
                connections: vec![ConnectionState {
                    name: "prod".to_owned(),
                    engine: "testsql",
                    test: Some(Err("Nothing there.".to_owned())),
                    pool: PoolFigures {
                        in_use: 1,
                        idle: 2,
                        max: 10,
                        ..PoolFigures::default()
                    },
                    circuit: CircuitState::Open,
                    is_shared: true,
                }],
                memory: MemoryState {
                    resident_bytes: Some(5 << 20),
                    limit_bytes: None,
                },
                calls,
                methods: vec![("tools/call", Some("execute_query"), calls)],
                certificate: None,
                shared: None,
            })
        }

        fn is_ready(&self) -> bool {
            true
        }
    }

    fn told(detailed: bool) -> String {
        let asked = GetHealthStatus {
            detailed,
            of_all: true,
        };
        let status = asked.execute(&Source, |name| name == "prod");
        serde_json::to_string(&status).unwrap()
    }

    #[test]
    fn a_short_answer_names_no_connection() {
        assert_eq!(
            told(false),
            r#"{"status":"unhealthy","components":[{"name":"connections","status":"unhealthy","reason":"1 of 1 connections does not answer."},{"name":"memory","status":"healthy"},{"name":"errors","status":"healthy"},{"name":"responses","status":"healthy"}]}"#
        );
    }

    #[test]
    fn beyond_the_connections_that_a_caller_sees_it_is_told_one_word() {
        for (seen, expected) in [
            (
                "prod",
                r#"{"status":"unhealthy","components":[{"name":"connections","status":"unhealthy","reason":"1 of 1 connections does not answer."}],"connections":[{"name":"prod","engine":"testsql","answers":false,"failure":"Nothing there.","inUse":1,"idle":2,"max":10,"waiting":0,"circuit":"open"}]}"#,
            ),
            (
                "",
                r#"{"status":"unhealthy","components":[{"name":"connections","status":"healthy"}],"connections":[]}"#,
            ),
        ] {
            let asked = GetHealthStatus {
                detailed: true,
                of_all: false,
            };
            let status = asked.execute(&Source, |name| name == seen);
            assert_eq!(serde_json::to_string(&status).unwrap(), expected);
        }
    }

    #[test]
    fn a_detailed_one_tells_what_it_was_judged_from() {
        let calls = r#""count":40,"errors":1,"errorRate":0.025,"medianMs":2.0,"p95Ms":3.456"#;
        let expected = format!(
            r#""connections":[{{"name":"prod","engine":"testsql","answers":false,"failure":"Nothing there.","inUse":1,"idle":2,"max":10,"waiting":0,"circuit":"open"}}],"memory":{{"residentMb":5}},"calls":{{{calls}}},"methods":[{{"method":"tools/call","tool":"execute_query",{calls}}}]}}"#
        );

        assert!(told(true).ends_with(&expected), "{}", told(true));
    }
}
