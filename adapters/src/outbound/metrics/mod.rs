//! Figures for Prometheus, in the format `OpenMetrics`.
//!
//! Each label has few values, whatever clients send: methods, tools and kinds of failures are words of ours,
//! connections are those of the operator, and everything else is `other`.

mod clients;
mod counted;
mod scraped;
mod spans;

use std::{collections::BTreeSet, sync::Arc};

use domain::{
    calls::{CallObserver, CallRecord, Caller},
    health::{Exposition, HealthSource, ProcessMeter},
};
use prometheus_client::{encoding::text::encode, registry::Registry};

use self::{counted::Counted, scraped::Scraped, spans::SpanCounts};
use super::traces::Traces;

/// What stands for every value of a label that is not told by itself.
const OTHER: &str = "other";

/// Counts calls, and shows them with the state of the server.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    counted: Counted,
}

impl Metrics {
    /// `connections` are the names that are told by themselves.
    pub fn new(
        connections: impl IntoIterator<Item = String>,
        health: Arc<dyn HealthSource>,
        process: Arc<dyn ProcessMeter>,
    ) -> Self {
        let names = Names::new(connections);
        let mut registry = Registry::default();
        let counted = Counted::new(names.clone(), &mut registry);
        registry.register_collector(Box::new(Scraped::new(names, health, process)));
        Self { registry, counted }
    }

    /// Beside what becomes of traces.
    #[must_use]
    pub fn beside(mut self, traces: Arc<Traces>) -> Self {
        self.registry
            .register_collector(Box::new(SpanCounts(traces)));
        self
    }
}

impl CallObserver for Metrics {
    fn began(&self, caller: &Caller) {
        self.counted.began(caller);
    }

    fn ended(&self, record: &CallRecord<'_>) {
        self.counted.ended(record);
    }

    fn joined(&self, client: Option<&str>) {
        self.counted.joined(client);
    }

    fn left(&self, client: Option<&str>) {
        self.counted.left(client);
    }

    fn limited(&self, limit: &'static str) {
        self.counted.limited(limit);
    }
}

impl Exposition for Metrics {
    fn content_type(&self) -> &'static str {
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    }

    fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

/// The names of connections that are told.
#[derive(Debug, Clone)]
struct Names {
    known: Arc<BTreeSet<Arc<str>>>,
    other: Arc<str>,
}

impl Names {
    fn new(names: impl IntoIterator<Item = String>) -> Self {
        Self {
            known: Arc::new(names.into_iter().map(Arc::from).collect()),
            other: Arc::from(OTHER),
        }
    }

    fn told(&self, name: &str) -> Arc<str> {
        Arc::clone(self.known.get(name).unwrap_or(&self.other))
    }
}

#[cfg(test)]
mod tests;
