//! What is looked at when somebody asks.

use std::{collections::BTreeMap, fmt, sync::Arc, time::SystemTime};

use domain::{
    connection::CircuitState,
    health::{HealthReport, HealthSource, ProcessMeter, Status},
};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge, info::Info},
};

use super::Names;

#[derive(Debug)]
pub(super) struct Scraped {
    names: Names,
    health: Arc<dyn HealthSource>,
    process: Arc<dyn ProcessMeter>,
    started: f64,
}

/// Connections under one label: several where a name is not told.
#[derive(Debug, Default)]
struct Pool {
    active: i64,
    idle: i64,
    max: i64,
    waiting: i64,
    asked: u64,
    waited: f64,
    /// The least that any of them lets through.
    circuit: i64,
    /// Those that have been tested all answered.
    answers: Option<bool>,
}

impl Scraped {
    pub(super) fn new(
        names: Names,
        health: Arc<dyn HealthSource>,
        process: Arc<dyn ProcessMeter>,
    ) -> Self {
        let started = since_1970(SystemTime::now());
        Self {
            names,
            health,
            process,
            started,
        }
    }

    fn pools(&self, report: &HealthReport) -> BTreeMap<Arc<str>, Pool> {
        let mut pools: BTreeMap<Arc<str>, Pool> = BTreeMap::new();
        for connection in &report.measured.connections {
            // A caller may give a connection of its own the name of one of the operator's.
            let name = connection.is_shared.then_some(connection.name.as_str());
            let pool = pools
                .entry(self.names.told(name.unwrap_or_default()))
                .or_default();
            let figures = connection.pool;
            pool.active += i64::from(figures.in_use);
            pool.idle += i64::from(figures.idle);
            pool.max += i64::from(figures.max);
            pool.waiting += i64::from(figures.waiting);
            pool.asked += figures.asked;
            pool.waited += figures.waited.as_secs_f64();
            pool.circuit = pool.circuit.max(match connection.circuit {
                CircuitState::Closed => 0,
                CircuitState::HalfOpen => 1,
                CircuitState::Open => 2,
            });
            if let Some(test) = &connection.test {
                pool.answers = Some(pool.answers.unwrap_or(true) && test.is_ok());
            }
        }
        pools
    }
}

/// A name, what is said of it, and the figure of a pool.
type Level = (&'static str, &'static str, fn(&Pool) -> i64);

/// One descriptor at a time, and its figures.
struct Page<'encoder>(DescriptorEncoder<'encoder>);

impl Page<'_> {
    fn one(&mut self, name: &str, help: &str, metric: &impl EncodeMetric) -> fmt::Result {
        let encoder = self
            .0
            .encode_descriptor(name, help, None, metric.metric_type())?;
        metric.encode(encoder)
    }

    /// Nothing where there are no figures.
    fn each<M: EncodeMetric, L: EncodeLabelSet>(
        &mut self,
        name: &str,
        help: &str,
        kind: MetricType,
        figures: impl Iterator<Item = (L, M)>,
    ) -> fmt::Result {
        let mut figures = figures.peekable();
        if figures.peek().is_none() {
            return Ok(());
        }
        let mut encoder = self.0.encode_descriptor(name, help, None, kind)?;
        for (labels, metric) in figures {
            metric.encode(encoder.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn pools(&mut self, pools: &BTreeMap<Arc<str>, Pool>) -> fmt::Result {
        let gauges: [Level; 6] = [
            (
                "mcp_db_connections_total",
                "Connections of the pool, in use or idle.",
                |pool| pool.active + pool.idle,
            ),
            (
                "mcp_db_connections_active",
                "Connections of the pool that are in use.",
                |pool| pool.active,
            ),
            (
                "mcp_db_connections_idle",
                "Connections of the pool that are idle.",
                |pool| pool.idle,
            ),
            (
                "mcp_db_connections_limit",
                "The most connections that the pool may have.",
                |pool| pool.max,
            ),
            (
                "mcp_db_pool_waiting",
                "Calls that wait for a connection of the pool.",
                |pool| pool.waiting,
            ),
            (
                "mcp_circuit_state",
                "What the circuit of the connection lets through: 0 every call, 1 one attempt, 2 none.",
                |pool| pool.circuit,
            ),
        ];
        for (name, help, figure) in gauges {
            let figures = pools
                .iter()
                .map(|(name, pool)| (named(name), ConstGauge::new(figure(pool))));
            self.each(name, help, MetricType::Gauge, figures)?;
        }
        self.each(
            "mcp_db_pool_wait_seconds",
            "How long calls waited for a connection of the pool, together.",
            MetricType::Counter,
            pools
                .iter()
                .map(|(name, pool)| (named(name), ConstCounter::new(pool.waited))),
        )?;
        self.each(
            "mcp_db_pool_acquires",
            "How often a connection of the pool was asked for.",
            MetricType::Counter,
            pools
                .iter()
                .map(|(name, pool)| (named(name), ConstCounter::new(pool.asked))),
        )?;
        self.each(
            "mcp_db_up",
            "Whether the connection answered its last test: 1 or 0.",
            MetricType::Gauge,
            pools.iter().filter_map(|(name, pool)| {
                let answers = i64::from(pool.answers?);
                Some((named(name), ConstGauge::new(answers)))
            }),
        )
    }

    fn health(&mut self, report: &HealthReport) -> fmt::Result {
        let components = report
            .components
            .iter()
            .map(|component| (component.name, component.status));
        let figures = std::iter::once(("server", report.status))
            .chain(components)
            .map(|(name, status)| ([("component", name)], ConstGauge::new(figure(status))));
        self.each(
            "mcp_health_status",
            "How the server and its components do: 1 healthy, 0.5 degraded, 0 unhealthy.",
            MetricType::Gauge,
            figures,
        )
    }
}

fn since_1970(time: SystemTime) -> f64 {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64())
}

fn named(connection: &Arc<str>) -> [(&'static str, Arc<str>); 1] {
    [("connection", Arc::clone(connection))]
}

fn figure(status: Status) -> f64 {
    match status {
        Status::Healthy => 1.0,
        Status::Degraded => 0.5,
        Status::Unhealthy => 0.0,
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "bytes and files, far below 2^53"
)]
fn amount(number: u64) -> ConstGauge<f64> {
    ConstGauge::new(number as f64)
}

impl Collector for Scraped {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let report = self.health.report();
        let process = self.process.figures();
        let mut page = Page(encoder);
        page.pools(&self.pools(&report))?;
        page.health(&report)?;
        if let Some(limit) = report.measured.memory.limit_bytes {
            let help = "The memory that the process may hold.";
            page.one("mcp_memory_limit_bytes", help, &amount(limit))?;
        }
        if let Some(certificate) = report.measured.certificate {
            let help = "When the certificate that clients are shown ends, in seconds since 1970.";
            let ends = ConstGauge::new(since_1970(certificate.ends));
            page.one("mcp_tls_certificate_end_seconds", help, &ends)?;
        }
        if let Some(bytes) = process.resident_bytes {
            let help = "The memory that the process holds.";
            page.one("process_resident_memory_bytes", help, &amount(bytes))?;
        }
        if let Some(time) = process.processor_time {
            let seconds = ConstCounter::new(time.as_secs_f64());
            let help = "Processor time of the process.";
            page.one("process_cpu_seconds", help, &seconds)?;
        }
        if let Some(files) = process.open_files {
            let help = "Files and sockets that the process has open.";
            page.one("process_open_fds", help, &amount(files))?;
        }
        let help = "When the process was started, in seconds since 1970.";
        let started = ConstGauge::new(self.started);
        page.one("process_start_time_seconds", help, &started)?;
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        page.one("portolan_build", "The version of the server.", &build)
    }
}
