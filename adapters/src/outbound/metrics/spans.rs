//! What has become of the spans of traces.

use std::{fmt, sync::Arc};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter},
};

use super::super::traces::Traces;

#[derive(Debug)]
pub(super) struct SpanCounts(pub(super) Arc<Traces>);

impl Collector for SpanCounts {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let figures = self.0.figures();
        let mut spans = encoder.encode_descriptor(
            "portolan_trace_spans",
            "Spans of traces, by what became of them.",
            None,
            MetricType::Counter,
        )?;
        for (outcome, count) in [
            ("exported", figures.exported),
            ("failed", figures.failed),
            ("dropped", figures.dropped),
        ] {
            ConstCounter::new(count).encode(spans.encode_family(&[("outcome", outcome)])?)?;
        }
        Ok(())
    }
}
