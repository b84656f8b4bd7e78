//! Calls as OpenTelemetry spans, sent to a collector over OTLP.
//!
//! A span is made when its call is over, from what is known of it then; while a call runs it only has its place in a
//! trace. Whoever ends a call hands its spans to a queue and never waits: a thread of its own sends them.

mod collector;
mod span;

use std::{fmt, sync::Arc, time::Duration};

use domain::{
    Failure,
    calls::{CallObserver, CallRecord, TraceContext, Tracing},
};
use opentelemetry::{
    Context, KeyValue, SpanId, TraceFlags, TraceId,
    trace::{SpanContext, SpanKind, TraceContextExt as _, TraceState},
};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    trace::{
        BatchConfigBuilder, BatchSpanProcessor, IdGenerator as _, RandomIdGenerator, Sampler,
        SamplingDecision, ShouldSample, SpanProcessor,
    },
};

use self::{
    collector::{Client, Counting, Queue},
    span::Spans,
};
use super::Statements;
use crate::web::{WebOptions, agent};

/// Which traces are recorded that begin here, and whether a client's word counts for its own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// The part of all traces, from 0 to 1.
    pub ratio: f64,
    /// What a client says of its trace counts, and `ratio` for the others.
    pub by_parent: bool,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            ratio: 1.0,
            by_parent: true,
        }
    }
}

/// Where spans go, and which.
#[derive(Debug, Clone)]
pub struct TraceOptions {
    /// The URL for traces, whole.
    pub endpoint: String,
    /// What the collector is trusted by, and how long it may take.
    pub web: WebOptions,
    /// Whose spans they are; `None` where the library finds it in the environment.
    pub service: Option<String>,
    pub sampling: Sampling,
    /// Spans that wait to be sent, or are being sent, at most. How many go together, and how often, the library reads from
    /// the environment.
    pub room: usize,
    /// What is said of statements.
    pub statements: Statements,
}

/// What has become of spans so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SpanFigures {
    /// The collector took them.
    pub exported: u64,
    /// They were sent, and it did not.
    pub failed: u64,
    /// They found no room.
    pub dropped: u64,
}

/// Gives calls their places in traces, and sends their spans.
pub struct Traces {
    sampler: Sampler,
    ids: RandomIdGenerator,
    spans: Spans,
    queue: Arc<Queue>,
    processor: BatchSpanProcessor,
}

impl Traces {
    /// Starts the thread that sends. Fails if the address of the collector is none.
    pub fn start(options: &TraceOptions) -> Result<Self, Failure> {
        let queue = Arc::new(Queue::new(options.room));
        let client = Client {
            agent: agent(&options.web),
            queue: Arc::clone(&queue),
        };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_endpoint(&options.endpoint)
            .with_timeout(options.web.timeout)
            .build()
            .map_err(|error| {
                Failure::invalid_argument(format!("Traces cannot be sent: {error}."))
            })?;
        let exporter = Counting::new(exporter, Arc::clone(&queue));
        // Ours has no more room than its own, and counts what it turns away.
        let config = BatchConfigBuilder::default()
            .with_max_queue_size(options.room)
            .build();
        let mut processor = BatchSpanProcessor::new(exporter, config);
        processor.set_resource(&resource(options.service.as_deref()));
        let ratio = Sampler::TraceIdRatioBased(options.sampling.ratio);
        Ok(Self {
            sampler: if options.sampling.by_parent {
                Sampler::ParentBased(Box::new(ratio))
            } else {
                ratio
            },
            ids: RandomIdGenerator::default(),
            spans: Spans::new(options.statements),
            queue,
            processor,
        })
    }

    pub fn figures(&self) -> SpanFigures {
        self.queue.figures()
    }

    /// Sends what waits. Blocks, for as long at most, and nothing is sent after it.
    pub fn finish(&self, within: Duration) {
        self.queue.close();
        // What could not be sent was told when it first happened.
        let _ = self.processor.shutdown_with_timeout(within);
    }
}

fn resource(service: Option<&str>) -> Resource {
    let resource = Resource::builder()
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
    match service {
        Some(service) => resource.with_service_name(service.to_owned()),
        None => resource,
    }
    .build()
}

impl Tracing for Traces {
    fn begin(&self, method: &'static str, client: Option<&TraceContext>) -> TraceContext {
        let parent = client.map(|client| Context::new().with_remote_span_context(context(client)));
        let trace = match client {
            Some(client) => client.trace,
            None => u128::from_be_bytes(self.ids.new_trace_id().to_bytes()),
        };
        let sampled = self.sampler.should_sample(
            parent.as_ref(),
            TraceId::from(trace),
            method,
            &SpanKind::Server,
            &[],
            &[],
        );
        TraceContext {
            trace,
            span: u64::from_be_bytes(self.ids.new_span_id().to_bytes()),
            sampled: sampled.decision == SamplingDecision::RecordAndSample,
            state: client
                .map(|client| client.state.clone())
                .unwrap_or_default(),
        }
    }
}

impl CallObserver for Traces {
    fn ended(&self, record: &CallRecord<'_>) {
        let Some(place) = record.span.filter(|place| place.sampled) else {
            return;
        };
        let statement = self
            .spans
            .of_statement(record, place, self.ids.new_span_id());
        let questions = self
            .spans
            .of_questions(record, place, &|| self.ids.new_span_id());
        for span in statement
            .into_iter()
            .chain(questions)
            .chain([self.spans.of_call(record, place)])
        {
            if self.queue.enter() {
                self.processor.on_end(span);
            }
        }
    }
}

impl fmt::Debug for Traces {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Traces").finish_non_exhaustive()
    }
}

/// As the library has it: a client's span.
fn context(place: &TraceContext) -> SpanContext {
    SpanContext::new(
        TraceId::from(place.trace),
        SpanId::from(place.span),
        if place.sampled {
            TraceFlags::SAMPLED
        } else {
            TraceFlags::NOT_SAMPLED
        },
        true,
        state(place),
    )
}

/// What cannot be read is left out.
fn state(place: &TraceContext) -> TraceState {
    if place.state.is_empty() {
        return TraceState::NONE;
    }
    place.state.parse().unwrap_or_default()
}
