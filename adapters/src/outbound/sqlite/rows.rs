//! Rows on their way from the thread that steps to the one that writes the answer: many at a time.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::query::Cell;
use tokio::sync::Notify;

use super::{
    failure::Fault,
    handle::{Done, Row, Stored},
    value::{self, Declared},
};

/// A batch with this much in it goes on its way.
const FULL_BYTES: usize = 32 * 1024;
/// A row of any length counts for this at least.
const CELL_BYTES: usize = 16;
/// Rows that were waited for this long are taken, however few they are: the next one may take for ever.
const LINGER: Duration = Duration::from_millis(2);

/// Some rows, one after the other.
#[derive(Default)]
pub(super) struct Batch {
    columns: usize,
    cells: Vec<Packed>,
    /// Of every text and blob.
    bytes: Vec<u8>,
}

/// A value whose bytes, if it has any, follow those of the one before.
#[derive(Clone, Copy)]
enum Packed {
    Null,
    Int(i64),
    Real(f64),
    Text(usize),
    Blob(usize),
}

impl Batch {
    fn add(&mut self, row: &Row<'_>) {
        self.columns = row.columns();
        for value in row.values() {
            let packed = match value {
                Stored::Null => Packed::Null,
                Stored::Int(number) => Packed::Int(number),
                Stored::Real(number) => Packed::Real(number),
                Stored::Text(text) => {
                    self.bytes.extend_from_slice(text);
                    Packed::Text(text.len())
                }
                Stored::Blob(blob) => {
                    self.bytes.extend_from_slice(blob);
                    Packed::Blob(blob.len())
                }
            };
            self.cells.push(packed);
        }
    }

    fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Keeps the room, unless one long value took much.
    fn clear(&mut self) {
        self.cells.clear();
        self.bytes.clear();
        self.bytes.shrink_to(2 * FULL_BYTES);
    }

    fn size(&self) -> usize {
        self.bytes.len() + self.cells.len() * CELL_BYTES
    }

    /// Row for row, the values in it.
    pub(super) fn rows(&self) -> Rows<'_> {
        Rows {
            columns: self.columns,
            cells: &self.cells,
            bytes: &self.bytes,
        }
    }
}

/// The rows of a batch that were not taken yet.
#[derive(Clone, Copy)]
pub(super) struct Rows<'batch> {
    columns: usize,
    cells: &'batch [Packed],
    bytes: &'batch [u8],
}

impl<'batch> Rows<'batch> {
    /// Shows the next row to `show`, value by value; false where there is none.
    pub(super) fn next(
        &mut self,
        declared: &[Declared],
        mut show: impl FnMut(Cell<'batch>),
    ) -> bool {
        if self.cells.is_empty() {
            return false;
        }
        let (row, further) = self.cells.split_at(self.columns.min(self.cells.len()));
        self.cells = further;
        for (packed, declared) in row.iter().zip(declared) {
            let stored = match *packed {
                Packed::Null => Stored::Null,
                Packed::Int(number) => Stored::Int(number),
                Packed::Real(number) => Stored::Real(number),
                Packed::Text(length) => Stored::Text(self.take(length)),
                Packed::Blob(length) => Stored::Blob(self.take(length)),
            };
            show(value::cell(stored, *declared));
        }
        true
    }

    pub(super) fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    fn take(&mut self, length: usize) -> &'batch [u8] {
        let (taken, further) = self.bytes.split_at(length.min(self.bytes.len()));
        self.bytes = further;
        taken
    }
}

/// Both ends of a result that is expected to have so many columns.
pub(super) fn passage(columns: usize) -> (Sender, Receiver) {
    let passage = Arc::new(Passage::default());
    let sender = Sender {
        passage: Arc::clone(&passage),
        columns,
    };
    (sender, Receiver(passage))
}

/// What one thread leaves for the other. Waking it takes longer than a row does, so it is woken when there is something
/// to do for a while, and when it has waited for long.
#[derive(Default)]
struct Passage {
    waiting: Mutex<Waiting>,
    /// Rows were taken, or none are wanted any more.
    taken: Condvar,
    ready: Notify,
}

#[derive(Default)]
struct Waiting {
    batch: Batch,
    /// How it ended. `None`: not all rows were shown.
    ended: Option<Result<Option<Done>, Fault>>,
    /// The next row is waited for.
    hungry: bool,
    /// No more rows are wanted.
    abandoned: bool,
}

impl Waiting {
    fn is_full(&self) -> bool {
        self.batch.size() >= FULL_BYTES
    }
}

impl Passage {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The stepping thread's end.
pub(super) struct Sender {
    passage: Arc<Passage>,
    columns: usize,
}

impl Sender {
    /// Takes a row; false if no more are wanted, or this one is not what was expected. Waits while the other side is
    /// behind.
    pub(super) fn send(&self, row: &Row<'_>) -> bool {
        if row.columns() != self.columns {
            return false;
        }
        let mut waiting = self.passage.waiting();
        while waiting.is_full() && !waiting.abandoned {
            waiting = self
                .passage
                .taken
                .wait(waiting)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if waiting.abandoned {
            return false;
        }
        waiting.batch.add(row);
        if std::mem::take(&mut waiting.hungry) || waiting.is_full() {
            drop(waiting);
            self.passage.ready.notify_one();
        }
        true
    }

    /// Tells how it ended. Nobody may listen any more.
    pub(super) fn end(self, ended: Result<Option<Done>, Fault>) {
        self.passage.waiting().ended = Some(ended);
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        // Without a word about the end, if the thread did not come so far.
        self.passage.waiting().ended.get_or_insert(Ok(None));
        self.passage.ready.notify_one();
    }
}

/// The other end. Dropped, it lets the statement end.
pub(super) struct Receiver(Arc<Passage>);

impl Receiver {
    /// Waits for rows, which take the place of those in `batch`, or for the end; then nothing comes any more.
    pub(super) async fn next(&self, batch: &mut Batch) -> Option<Result<Option<Done>, Fault>> {
        batch.clear();
        let mut patient = true;
        loop {
            {
                let mut waiting = self.0.waiting();
                let ended = waiting.ended.take();
                if ended.is_some() || waiting.is_full() || !(patient || waiting.batch.is_empty()) {
                    std::mem::swap(&mut waiting.batch, batch);
                    drop(waiting);
                    self.0.taken.notify_one();
                    return ended;
                }
                waiting.hungry = !patient;
            }
            let ready = self.0.ready.notified();
            if patient {
                patient = tokio::time::timeout(LINGER, ready).await.is_ok();
            } else {
                ready.await;
            }
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.0.waiting().abandoned = true;
        self.0.taken.notify_one();
    }
}
