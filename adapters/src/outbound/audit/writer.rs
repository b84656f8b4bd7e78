//! What writes lines, those that wait for it together.
//!
//! While nothing can be written it is tried again every second, with the lines of calls that have run and could not be
//! recorded.

use std::{
    collections::VecDeque,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use super::{
    line,
    lines::Lines,
    queue::{Entry, Next, Queue, Written},
};

/// How long after a failure it is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// Lines that are written at once at most.
const BATCH: usize = 1_024;
/// Lines that wait at most; beyond these they are counted.
pub(super) const MAX_WAITING: usize = 16_384;

/// What those who write and the calls tell each other.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) queue: Queue,
    /// Nothing can be written now.
    pub(super) is_closed: AtomicBool,
    /// Calls of which no line will be written.
    pub(super) lost: AtomicU64,
    /// Lines that are in the queue or wait to be written again.
    pub(super) waiting: AtomicUsize,
}

impl Shared {
    pub(super) fn lose(&self, calls: u64) {
        self.lost.fetch_add(calls, Ordering::Relaxed);
    }
}

#[derive(Debug)]
pub(super) struct Writer {
    lines: Lines,
    shared: Arc<Shared>,
    /// Whether the answer of a call is withheld that could not be recorded.
    withholds: bool,
    waiting: VecDeque<Entry>,
    /// When it is tried again, where it has failed.
    retry_at: Option<Instant>,
}

impl Writer {
    pub(super) fn new(lines: Lines, shared: Arc<Shared>, withholds: bool) -> Self {
        Self {
            lines,
            shared,
            withholds,
            waiting: VecDeque::new(),
            retry_at: None,
        }
    }

    /// When there will be something to do without anybody asking for it.
    pub(super) fn retry_at(&self) -> Option<Instant> {
        self.retry_at
    }

    /// Writes what is in the queue, or keeps it where it is not time to try again.
    pub(super) fn write(&mut self, next: &Next) {
        for entry in self.shared.queue.take() {
            let kept = if self.retry_at.is_some() {
                self.unwaited(entry)
            } else {
                Some(entry)
            };
            self.waiting.extend(kept);
        }
        if *next == Next::End || self.retry_at.is_none_or(|at| at <= Instant::now()) {
            self.attempt();
        }
    }

    fn attempt(&mut self) {
        self.retry_at = self.try_to().err().map(|error| {
            self.close(&error);
            Instant::now() + RETRY
        });
    }

    /// Writes what waits, then what could not be recorded.
    fn try_to(&mut self) -> io::Result<()> {
        while !self.waiting.is_empty() {
            let bodies = self.waiting.iter().take(BATCH);
            let (written, outcome) = self.lines.append(bodies.map(|entry| entry.body.as_str()));
            let written = self.waiting.drain(..written);
            self.shared
                .waiting
                .fetch_sub(written.len(), Ordering::Relaxed);
            Written::tell(written.filter_map(|entry| entry.waiting).collect());
            outcome?;
        }
        let lost = self.shared.lost.load(Ordering::Relaxed);
        if lost > 0 {
            let body = line::of_unrecorded(lost, SystemTime::now());
            self.lines.append(std::iter::once(body.as_str())).1?;
            self.shared.lost.fetch_sub(lost, Ordering::Relaxed);
        }
        if self.shared.is_closed.swap(false, Ordering::Relaxed) {
            tracing::info!(unrecorded = lost, "the audit can be written again");
        }
        Ok(())
    }

    fn close(&mut self, error: &io::Error) {
        if !self.shared.is_closed.swap(true, Ordering::Relaxed) {
            tracing::error!(%error, "the audit cannot be written");
        }
        for entry in std::mem::take(&mut self.waiting) {
            self.waiting.extend(self.unwaited(entry));
        }
    }

    /// Lets nobody wait for a line any longer. It is kept if its call has done something, and else counted.
    fn unwaited(&self, mut entry: Entry) -> Option<Entry> {
        if entry.waiting.take().is_some() && self.withholds {
            entry.body = line::withheld(&entry.body);
        }
        if !entry.has_run {
            self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
            self.shared.lose(1);
            return None;
        }
        Some(entry)
    }
}
