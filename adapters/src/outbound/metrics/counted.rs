//! What is counted as it happens.

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU64},
};

use domain::{
    FailureKind,
    calls::{CallObserver, CallRecord, Caller},
};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

use super::{Names, clients::client_type};

/// From half a millisecond to a minute: a read of a local database to a statement that meets its time limit.
const SECONDS: [f64; 16] = [
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
    60.0,
];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    method: &'static str,
    /// Empty where none was called.
    tool: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    method: &'static str,
    tool: &'static str,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Connection {
    connection: Arc<str>,
    engine: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Error {
    engine: &'static str,
    kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Role {
    role: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RoleOutcome {
    role: String,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Client {
    client_type: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Limit {
    limit: &'static str,
}

type Count<L> = Family<L, Counter<u64, AtomicU64>>;
type Level = Gauge<i64, AtomicI64>;
type Seconds = Family<Role, Counter<f64, AtomicU64>>;

/// What stands for the role of whoever has none, and of everybody where none are configured.
const NO_ROLE: &str = "none";

/// The status of calls that met a limit of callers or one of their own: that is no failure of the server, and no alert should ring.
const LIMITED: &str = "limited";

#[derive(Debug)]
pub(super) struct Counted {
    names: Names,
    requests: Count<Outcome>,
    durations: Family<Request, Histogram>,
    waits: Histogram,
    in_flight: Level,
    queries: Family<Connection, Histogram>,
    errors: Count<Error>,
    rows: Count<Connection>,
    bytes: Count<Request>,
    cancellations: Count<Request>,
    timeouts: Count<Request>,
    limited: Count<Limit>,
    sessions: Family<Client, Level>,
    of_roles: OfRoles,
}

/// Callers are any number, and roles are the operator's. Whoever has several counts under each.
#[derive(Debug, Default)]
struct OfRoles {
    requests: Count<RoleOutcome>,
    seconds: Seconds,
    rows: Count<Role>,
    limited: Count<Role>,
}

impl Counted {
    pub(super) fn new(names: Names, registry: &mut Registry) -> Self {
        let counted = Self {
            names,
            requests: Family::default(),
            durations: Family::new_with_constructor(seconds),
            waits: seconds(),
            in_flight: Gauge::default(),
            queries: Family::new_with_constructor(seconds),
            errors: Family::default(),
            rows: Family::default(),
            bytes: Family::default(),
            cancellations: Family::default(),
            timeouts: Family::default(),
            limited: Family::default(),
            sessions: Family::default(),
            of_roles: OfRoles::default(),
        };
        counted.register(registry);
        counted
    }

    /// The library adds `_total` to the names of counters, and a full stop to what is said of them.
    fn register(&self, registry: &mut Registry) {
        registry.register(
            "mcp_requests",
            "Requests that have ended, by what came of them: ok, limited or the kind of the failure",
            self.requests.clone(),
        );
        registry.register(
            "mcp_request_duration_seconds",
            "How long requests took, waiting for their turn included",
            self.durations.clone(),
        );
        registry.register(
            "mcp_request_wait_seconds",
            "How long calls waited for their turn",
            self.waits.clone(),
        );
        registry.register(
            "mcp_requests_in_flight",
            "Requests that run or wait for their turn",
            self.in_flight.clone(),
        );
        registry.register(
            "mcp_db_query_duration_seconds",
            "How long statements took, waiting for a connection included",
            self.queries.clone(),
        );
        registry.register(
            "mcp_db_errors",
            "Calls that failed on their way to a database or in it, by the kind of the failure",
            self.errors.clone(),
        );
        registry.register(
            "mcp_db_rows",
            "Rows that calls were given",
            self.rows.clone(),
        );
        registry.register(
            "mcp_response_bytes",
            "Bytes of the text of answers",
            self.bytes.clone(),
        );
        registry.register(
            "mcp_cancellations",
            "Calls that were ended by their caller, their connection or the server's end",
            self.cancellations.clone(),
        );
        registry.register(
            "mcp_timeouts",
            "Calls that met their time limit",
            self.timeouts.clone(),
        );
        registry.register(
            "mcp_rate_limited",
            "Calls that were told to slow down",
            self.limited.clone(),
        );
        registry.register(
            "mcp_client_sessions_active",
            "Sessions of clients; the newest protocol has none",
            self.sessions.clone(),
        );
        self.of_roles.register(registry);
    }
}

impl OfRoles {
    fn register(&self, registry: &mut Registry) {
        registry.register(
            "mcp_role_requests",
            "Requests that have ended, by the role of their caller and what came of them",
            self.requests.clone(),
        );
        registry.register(
            "mcp_role_request_seconds",
            "How long requests took together, by the role of their caller",
            self.seconds.clone(),
        );
        registry.register(
            "mcp_role_rows",
            "Rows that calls were given, by the role of their caller",
            self.rows.clone(),
        );
        registry.register(
            "mcp_role_rate_limited",
            "Calls that were told to slow down, by the role of their caller",
            self.limited.clone(),
        );
    }

    fn ended(&self, record: &CallRecord<'_>) {
        let mut roles = record.grant.roles().peekable();
        if roles.peek().is_none() {
            self.ended_for(NO_ROLE, record);
        }
        for role in roles {
            self.ended_for(role, record);
        }
    }

    fn ended_for(&self, role: &str, record: &CallRecord<'_>) {
        let status = status(record);
        let role = Role {
            role: role.to_owned(),
        };
        if was_told_to_slow_down(record) {
            self.limited.get_or_create(&role).inc();
        }
        if let Some(rows) = record.rows {
            self.rows.get_or_create(&role).inc_by(rows);
        }
        self.seconds
            .get_or_create(&role)
            .inc_by(record.duration.as_secs_f64());
        let Role { role } = role;
        self.requests
            .get_or_create(&RoleOutcome { role, status })
            .inc();
    }
}

fn status(record: &CallRecord<'_>) -> &'static str {
    match record.failure {
        Some(failure) if failure.is_of_a_limit() => LIMITED,
        _ => record.outcome(),
    }
}

fn was_told_to_slow_down(record: &CallRecord<'_>) -> bool {
    record
        .failure
        .is_some_and(|failure| failure.slow_down.is_some())
}

fn seconds() -> Histogram {
    Histogram::new(SECONDS)
}

impl CallObserver for Counted {
    fn began(&self, _: &Caller) {
        self.in_flight.inc();
    }

    fn ended(&self, record: &CallRecord<'_>) {
        self.in_flight.dec();
        self.of_roles.ended(record);
        let request = Request {
            method: record.method,
            tool: record.tool.unwrap_or_default(),
        };
        self.requests
            .get_or_create(&Outcome {
                method: request.method,
                tool: request.tool,
                status: status(record),
            })
            .inc();
        self.durations
            .get_or_create(&request)
            .observe(record.duration.as_secs_f64());
        if record.tool.is_some() {
            self.waits.observe(record.waited.as_secs_f64());
        }
        match record.failure.map(|failure| failure.kind) {
            Some(FailureKind::Cancelled) => {
                self.cancellations.get_or_create(&request).inc();
            }
            Some(FailureKind::Timeout) => {
                self.timeouts.get_or_create(&request).inc();
            }
            _ => {}
        }
        if let Some(bytes) = record.bytes {
            self.bytes.get_or_create(&request).inc_by(bytes as u64);
        }
        let (Some(name), Some(engine)) = (record.connection, record.engine) else {
            return;
        };
        let connection = Connection {
            connection: self.names.told(name),
            engine,
        };
        if let Some(rows) = record.rows {
            self.rows.get_or_create(&connection).inc_by(rows);
        }
        if let Some(time) = record.database {
            self.queries
                .get_or_create(&connection)
                .observe(time.as_secs_f64());
        }
        if let Some(failure) = record.failure {
            let kind = failure.kind.as_str();
            self.errors.get_or_create(&Error { engine, kind }).inc();
        }
    }

    fn joined(&self, client: Option<&str>) {
        self.session(client).inc();
    }

    fn left(&self, client: Option<&str>) {
        self.session(client).dec();
    }

    fn limited(&self, limit: &'static str) {
        self.limited.get_or_create(&Limit { limit }).inc();
    }
}

impl Counted {
    fn session(&self, client: Option<&str>) -> Level {
        self.sessions.get_or_create_owned(&Client {
            client_type: client_type(client),
        })
    }
}
