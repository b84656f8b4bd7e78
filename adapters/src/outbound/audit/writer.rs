//! The thread that writes: lines that come while it writes are written together next.
//!
//! While nothing can be written it tries again every second, with the lines of calls that have run and could not be
//! recorded.

use std::{
    collections::VecDeque,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant, SystemTime},
};

use tokio::sync::oneshot;

use super::{line, lines::Lines};

/// How long after a failure it is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// Lines that are written at once at most.
const BATCH: usize = 1_024;
/// Lines that wait at most; beyond these they are counted.
pub(super) const MAX_WAITING: usize = 16_384;

/// A line to be written.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) body: String,
    /// It is kept until it can be written: its call has done something.
    pub(super) has_run: bool,
    /// Who waits for it to be written.
    pub(super) waiting: Option<oneshot::Sender<()>>,
}

/// What the thread and the calls tell each other.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// Nothing can be written now.
    pub(super) is_closed: AtomicBool,
    /// Calls of which no line will be written.
    pub(super) lost: AtomicU64,
    /// Lines that are on their way to the thread or wait there.
    pub(super) waiting: AtomicUsize,
}

impl Shared {
    pub(super) fn lose(&self, calls: u64) {
        self.lost.fetch_add(calls, Ordering::Relaxed);
    }
}

pub(super) struct Writer {
    lines: Lines,
    entries: Receiver<Entry>,
    shared: Arc<Shared>,
    /// Whether the answer of a call is withheld that could not be recorded.
    withholds: bool,
    waiting: VecDeque<Entry>,
}

impl Writer {
    pub(super) fn new(
        lines: Lines,
        entries: Receiver<Entry>,
        shared: Arc<Shared>,
        withholds: bool,
    ) -> Self {
        Self {
            lines,
            entries,
            shared,
            withholds,
            waiting: VecDeque::new(),
        }
    }

    /// Writes until nobody can send any more.
    pub(super) fn run(mut self) {
        let mut retry_at: Option<Instant> = None;
        loop {
            let next = match retry_at {
                None => self
                    .entries
                    .recv()
                    .map_err(|_| RecvTimeoutError::Disconnected),
                Some(at) => self
                    .entries
                    .recv_timeout(at.saturating_duration_since(Instant::now())),
            };
            let is_over = match next {
                Ok(entry) => {
                    let more = BATCH.saturating_sub(self.waiting.len());
                    for entry in std::iter::once(entry).chain(self.entries.try_iter().take(more)) {
                        self.waiting.extend(if retry_at.is_some() {
                            self.unwaited(entry)
                        } else {
                            Some(entry)
                        });
                    }
                    false
                }
                Err(RecvTimeoutError::Timeout) => false,
                Err(RecvTimeoutError::Disconnected) => true,
            };
            if is_over || retry_at.is_none_or(|at| at <= Instant::now()) {
                retry_at = self.write().err().map(|error| {
                    self.close(&error);
                    Instant::now() + RETRY
                });
            }
            if is_over {
                return;
            }
        }
    }

    /// Writes what waits, then what could not be recorded.
    fn write(&mut self) -> io::Result<()> {
        if !self.waiting.is_empty() {
            let (written, outcome) = self
                .lines
                .append(self.waiting.iter().map(|entry| entry.body.as_str()));
            for entry in self.waiting.drain(..written) {
                // Nobody waits where a call has been given up.
                entry.waiting.map(|waiting| waiting.send(()));
            }
            self.shared.waiting.fetch_sub(written, Ordering::Relaxed);
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
