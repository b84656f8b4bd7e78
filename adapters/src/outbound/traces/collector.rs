//! The way to the collector: room for a number of spans, the HTTP client, and what is said where it does not work.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
};

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{SpanData, SpanExporter},
};
use ureq::Agent;

use super::SpanFigures;

/// The longest answer that is read of a collector.
const LONGEST_ANSWER: u64 = 64 << 10;

/// The HTTP client of the rest of the server. It blocks the thread that sends, which has nothing else to do.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) agent: Agent,
    pub(super) queue: Arc<Queue>,
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (head, body) = request.into_parts();
        let answer = self.agent.run(Request::from_parts(head, body.to_vec()));
        // The exporter says of it that there was an error of the network, and no more.
        self.queue
            .because(answer.as_ref().err().map(ToString::to_string));
        let (head, mut body) = answer?.into_parts();
        let text = body.with_config().limit(LONGEST_ANSWER).read_to_vec()?;
        Ok(Response::from_parts(head, text.into()))
    }
}

/// Counts the spans that wait, and what became of the others.
#[derive(Debug)]
pub(super) struct Queue {
    room: usize,
    waiting: AtomicUsize,
    exported: AtomicU64,
    failed: AtomicU64,
    dropped: AtomicU64,
    is_closed: AtomicBool,
    /// Why the network failed when something was last sent, if it did.
    cause: Mutex<Option<String>>,
}

impl Queue {
    pub(super) fn new(room: usize) -> Self {
        Self {
            room,
            waiting: AtomicUsize::new(0),
            exported: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            is_closed: AtomicBool::new(false),
            cause: Mutex::new(None),
        }
    }

    /// Whether there is room for one more, which has it from here on.
    pub(super) fn enter(&self) -> bool {
        let entered = !self.is_closed.load(Relaxed)
            && self
                .waiting
                .fetch_update(Relaxed, Relaxed, |waiting| {
                    (waiting < self.room).then_some(waiting + 1)
                })
                .is_ok();
        if !entered {
            self.dropped.fetch_add(1, Relaxed);
        }
        entered
    }

    fn left(&self, spans: usize, were_taken: bool) {
        self.waiting.fetch_sub(spans, Relaxed);
        let counted = if were_taken {
            &self.exported
        } else {
            &self.failed
        };
        counted.fetch_add(spans as u64, Relaxed);
    }

    fn because(&self, cause: Option<String>) {
        *self.cause.lock().unwrap_or_else(PoisonError::into_inner) = cause;
    }

    fn cause(&self) -> Option<String> {
        self.cause
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// Nothing has room any more.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Relaxed);
    }

    pub(super) fn figures(&self) -> SpanFigures {
        SpanFigures {
            exported: self.exported.load(Relaxed),
            failed: self.failed.load(Relaxed),
            dropped: self.dropped.load(Relaxed),
        }
    }
}

/// Sends spans, counts them, and says it once when they do not arrive any more and once when they do again.
#[derive(Debug)]
pub(super) struct Counting<E> {
    exporter: E,
    queue: Arc<Queue>,
    is_down: AtomicBool,
}

impl<E> Counting<E> {
    pub(super) fn new(exporter: E, queue: Arc<Queue>) -> Self {
        Self {
            exporter,
            queue,
            is_down: AtomicBool::new(false),
        }
    }
}

impl<E: SpanExporter> SpanExporter for Counting<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let sent = self.exporter.export(batch).await;
        self.queue.left(spans, sent.is_ok());
        let was_down = self.is_down.swap(sent.is_err(), Relaxed);
        match &sent {
            Err(error) if !was_down => {
                let cause = self.queue.cause();
                tracing::warn!(%error, cause, "traces do not reach their collector; this is said once");
            }
            Ok(()) if was_down => tracing::info!("traces reach their collector again"),
            _ => {}
        }
        sent
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_finds_no_room_is_counted_and_what_leaves_makes_room() {
        let queue = Queue::new(2);
        assert_eq!(
            [queue.enter(), queue.enter(), queue.enter()],
            [true, true, false]
        );

        queue.left(1, true);
        queue.left(1, false);

        assert!(queue.enter());
        assert_eq!(
            queue.figures(),
            SpanFigures {
                exported: 1,
                failed: 1,
                dropped: 1
            }
        );
    }
}
