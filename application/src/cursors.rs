//! Results that are kept open between two pages.

use std::{
    collections::VecDeque,
    hash::{BuildHasher, RandomState},
    pin::Pin,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use domain::{
    Cancel, Failure, FailureKind,
    cancel::CancelReason,
    connection::Database,
    query::{ActsAs, Outcome, QueryLimits, Statement, limits::RESULT_STAYS_OPEN},
};
use tokio::sync::mpsc;

use crate::{
    encode::{Answer, AnswerSink, Format, Gone, Page, PagedSink, Wanted},
    registry::Reader,
};

/// Ended cursors whose reason is remembered, to tell whoever asks for one again.
const REMEMBERED: usize = 64;

/// The open results of one connection: few, because each occupies a connection to the database.
#[derive(Debug, Default)]
pub struct Cursors {
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    /// The one that was used last comes last.
    open: VecDeque<Cursor>,
    /// Those that a call is reading from.
    busy: Vec<Named>,
    ended: VecDeque<(Named, Gone)>,
}

/// A result by its handle, for whom it was opened. To anybody else there is none of this handle.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Named {
    handle: String,
    reader: Arc<Reader>,
}

impl Named {
    fn is(&self, handle: &str, reader: &Reader) -> bool {
        self.handle == handle && *self.reader == *reader
    }
}

/// A result that waits for its next page to be wanted.
#[derive(Debug)]
pub struct Cursor {
    name: Named,
    format: Format,
    sql: Arc<str>,
    /// Whose rows they are.
    acts_as: Option<Arc<ActsAs>>,
    wanted: mpsc::Sender<Wanted>,
    pages: mpsc::Receiver<Page>,
    /// Ends the statement, whichever call started it.
    cancel: Cancel,
    gone: Arc<OnceLock<Gone>>,
}

/// A statement that is run to be read in pages.
pub(crate) struct Reading {
    pub(crate) reader: Arc<Reader>,
    pub(crate) statement: Statement,
    pub(crate) format: Format,
    pub(crate) limits: QueryLimits,
    /// The first page, with what its reader must know.
    pub(crate) page: AnswerSink,
}

type Run = Pin<Box<dyn Future<Output = (Result<Outcome, Failure>, Option<AnswerSink>)> + Send>>;

impl Cursors {
    /// Runs a statement that only reads, up to its first full page. If there is more it is kept for
    /// [`Cursors::take`].
    pub(crate) async fn first_page(
        &self,
        database: &Database,
        reading: Reading,
        cancel: &Cancel,
    ) -> Result<Answer, Failure> {
        let Reading {
            reader,
            statement,
            format,
            limits,
            page,
        } = reading;
        let (to_reader, mut pages) = mpsc::channel(1);
        let (wanted, wants) = mpsc::channel(1);
        let gone = Arc::new(OnceLock::new());
        let sink = PagedSink::new(
            page,
            to_reader.clone(),
            wants,
            Arc::clone(&database.pool),
            Arc::clone(&gone),
        );
        let sql: Arc<str> = Arc::from(statement.sql.as_str());
        let acts_as = statement.acts_as.clone();
        let own = Cancel::new();
        // A page that is full says so; an engine that was told its rows could not go on after it.
        let engines = QueryLimits {
            rows: u64::MAX,
            waits: RESULT_STAYS_OPEN,
            ..limits
        };
        let mut run = run(database, statement, engines, sink, own.clone());
        let full = tokio::select! {
            biased;
            (result, page) = &mut run => return last(result, page, &sql),
            page = pages.recv() => page,
            reason = cancel.fired() => {
                own.fire(reason);
                let (result, page) = run.await;
                return last(result, page, &sql);
            }
        };
        let Some(Page::Full(full)) = full else {
            return Err(Failure::internal("A page was lost."));
        };
        let cursor = Cursor {
            name: Named {
                handle: new_handle(),
                reader,
            },
            format,
            sql,
            acts_as,
            wanted,
            pages,
            cancel: own,
            gone,
        };
        let answer = full.finish_page(Outcome::default(), Some(&cursor.name.handle))?;
        // From here on it runs, and waits, by itself.
        tokio::spawn(async move {
            let (result, page) = run.await;
            let _ = to_reader.send(Page::Last(result, page.map(Box::new))).await;
        });
        self.keep(cursor, most(database));
        Ok(answer)
    }

    /// Whether a handle is, or was, one of this reader's on this connection.
    pub fn knows(&self, handle: &str, reader: &Reader) -> bool {
        let table = self.lock();
        let open = table.open.iter().map(|cursor| &cursor.name);
        let ended = table.ended.iter().map(|(name, _)| name);
        open.chain(&table.busy)
            .chain(ended)
            .any(|name| name.is(handle, reader))
    }

    /// The open result of a handle, for one call at a time; it is put back by the page that does not end it. To whoever
    /// acts as another than it was opened for, there is none.
    pub(crate) fn take(
        &self,
        handle: &str,
        reader: &Reader,
        acts_as: Option<&ActsAs>,
    ) -> Result<Cursor, Failure> {
        let mut table = self.lock();
        table.forget_the_gone();
        let known = table
            .open
            .iter()
            .find(|cursor| cursor.name.is(handle, reader));
        if known.is_some_and(|cursor| cursor.acts_as.as_deref() != acts_as) {
            return Err(gone(None));
        }
        if let Some(index) = table
            .open
            .iter()
            .position(|cursor| cursor.name.is(handle, reader))
            && let Some(cursor) = table.open.remove(index)
        {
            table.busy.push(cursor.name.clone());
            return Ok(cursor);
        }
        if table.busy.iter().any(|busy| busy.is(handle, reader)) {
            return Err(
                Failure::invalid_argument("Another call is reading from this cursor.")
                    .with_hint("Read a result's pages one after the other."),
            );
        }
        let why = table
            .ended
            .iter()
            .find(|(ended, _)| ended.is(handle, reader))
            .map(|(_, why)| *why);
        Err(gone(why))
    }

    /// Reads the next page of a result.
    pub(crate) async fn next_page(
        &self,
        database: &Database,
        cursor: Cursor,
        page: AnswerSink,
        time: Duration,
        cancel: &Cancel,
    ) -> Result<Answer, Failure> {
        // If the call is dropped here, the statement ends with it.
        let mut held = Held {
            cursors: self,
            cursor: Some(cursor),
        };
        let Some(cursor) = &mut held.cursor else {
            return Err(Failure::internal("A cursor was lost."));
        };
        if cursor.wanted.send(Wanted { page, time }).await.is_err() {
            let why = cursor.gone.get().copied().unwrap_or(Gone::Failed);
            held.end(why);
            return Err(gone(Some(why)));
        }
        let received = tokio::select! {
            biased;
            page = cursor.pages.recv() => page,
            reason = cancel.fired() => {
                cursor.cancel.fire(reason);
                cursor.pages.recv().await
            }
        };
        match received {
            Some(Page::Full(full)) => {
                let answer = full.finish_page(Outcome::default(), Some(&cursor.name.handle));
                held.put_back(most(database));
                answer
            }
            Some(Page::Last(result, page)) => {
                let sql = Arc::clone(&cursor.sql);
                // It may have been given up just before it was asked for.
                let why = match (cursor.gone.get(), &result) {
                    (Some(why), _) => *why,
                    (None, Ok(_)) => Gone::Finished,
                    (None, Err(_)) => Gone::Failed,
                };
                held.end(why);
                if page.is_none() && result.is_ok() {
                    return Err(gone(Some(why)));
                }
                last(result, page.map(|page| *page), &sql).map_err(lost)
            }
            None => {
                held.end(Gone::Failed);
                Err(gone(Some(Gone::Failed)))
            }
        }
    }

    fn keep(&self, cursor: Cursor, most: usize) {
        let mut table = self.lock();
        table.forget_the_gone();
        table.busy.retain(|busy| *busy != cursor.name);
        while table.open.len() + table.busy.len() >= most
            && let Some(oldest) = table.open.pop_front()
        {
            table.remember(oldest.name, Gone::Displaced);
        }
        table.open.push_back(cursor);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Takes out those that have ended by themselves.
    fn forget_the_gone(&mut self) {
        for cursor in std::mem::take(&mut self.open) {
            if !cursor.wanted.is_closed() {
                self.open.push_back(cursor);
                continue;
            }
            let why = cursor.gone.get().copied().unwrap_or(Gone::Failed);
            self.remember(cursor.name, why);
        }
    }

    fn remember(&mut self, name: Named, why: Gone) {
        if self.ended.len() == REMEMBERED {
            self.ended.pop_front();
        }
        self.ended.push_back((name, why));
    }
}

impl Cursor {
    pub(crate) fn format(&self) -> Format {
        self.format
    }

    /// The statement, for the log.
    pub fn sql(&self) -> &str {
        &self.sql
    }
}

/// A cursor that a call is reading from, however the call ends.
struct Held<'a> {
    cursors: &'a Cursors,
    cursor: Option<Cursor>,
}

impl Held<'_> {
    fn put_back(mut self, most: usize) {
        if let Some(cursor) = self.cursor.take() {
            self.cursors.keep(cursor, most);
        }
    }

    fn end(&mut self, why: Gone) {
        if let Some(cursor) = self.cursor.take() {
            let mut table = self.cursors.lock();
            table.busy.retain(|busy| *busy != cursor.name);
            table.remember(cursor.name, why);
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Some(cursor) = &self.cursor {
            cursor.cancel.fire(CancelReason::Client);
        }
        self.end(Gone::Failed);
    }
}

/// The statement on its way, owning all that it needs: it may outlive the call that began it.
fn run(
    database: &Database,
    statement: Statement,
    limits: QueryLimits,
    mut sink: PagedSink,
    cancel: Cancel,
) -> Run {
    let runner = Arc::clone(&database.query_runner);
    Box::pin(async move {
        let result = runner
            .run_read(&statement, &limits, &mut sink, &cancel)
            .await;
        (result, sink.into_page())
    })
}

fn last(
    result: Result<Outcome, Failure>,
    page: Option<AnswerSink>,
    sql: &str,
) -> Result<Answer, Failure> {
    let outcome = result.map_err(|failure| failure.located_in(sql))?;
    let page = page.ok_or_else(|| Failure::internal("A page was lost."))?;
    page.finish(outcome)
}

/// A quarter of the pool, and at least one.
fn most(database: &Database) -> usize {
    (database.config.pool.max_connections as usize / 4).max(1)
}

/// Not to be guessed, and never used twice.
fn new_handle() -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    // Its keys are random.
    let random = RandomState::new().hash_one(number);
    format!("c{number}-{random:016x}")
}

/// The failure of a handle that reads nothing any more.
pub(crate) fn gone(why: Option<Gone>) -> Failure {
    let because = match why {
        None => {
            "it is not known here, as one from before this server was started, or of a connection that was closed"
        }
        Some(Gone::Finished) => "its last row has been read",
        Some(Gone::Unused) => "it was not used for 60 seconds",
        Some(Gone::Old) => "it had been open for 5 minutes",
        Some(Gone::Displaced) => "newer results took its place",
        Some(Gone::Crowded) => "its connection was needed by another call",
        Some(Gone::Failed) => "its statement or its connection was ended",
    };
    Failure::invalid_argument(format!("The cursor has ended: {because}.")).with_hint(AGAIN)
}

const AGAIN: &str = "Run the statement again, with a condition on a key to begin after the last row that was seen, or with a larger maxRows.";

/// What ended a result between two of its pages, for a caller who cannot see that there was a session to lose.
fn lost(mut failure: Failure) -> Failure {
    if failure.kind == FailureKind::Unavailable {
        failure.message = format!("The cursor has ended with its session. {}", failure.message);
        failure.hint = Some(AGAIN.to_owned());
    }
    failure
}
