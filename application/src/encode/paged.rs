//! A result in pages: a full page is handed over, and the result waits until somebody wants the next one.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use async_trait::async_trait;
use domain::{
    Failure,
    connection::ConnectionPool,
    query::{Cell, Column, Flow, Outcome, RowSink, limits::RESULT_STAYS_OPEN},
};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout},
};

use super::AnswerSink;

/// A result that nobody has read on for this long is given up.
pub(crate) const UNUSED_FOR: Duration = Duration::from_mins(1);

/// Why a result is not kept open any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gone {
    /// It was read to its last row.
    Finished,
    /// Nobody read on for too long.
    Unused,
    /// It had been open for too long in all.
    Old,
    /// A newer one took its place.
    Displaced,
    /// Its connection was needed by another call.
    Crowded,
    /// The statement or its connection came to an end.
    Failed,
}

/// What the reader of a result is handed.
#[derive(Debug)]
pub(crate) enum Page {
    /// More rows exist; they wait.
    Full(AnswerSink),
    Last(Result<Outcome, Failure>, Option<Box<AnswerSink>>),
}

/// What the reader asks for.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) page: AnswerSink,
    /// How long the work for it may take.
    pub(crate) time: Duration,
}

/// The sink of a result that is read page by page.
pub(crate) struct PagedSink {
    /// `None` while the result waits.
    page: Option<AnswerSink>,
    columns: Vec<Column>,
    pages: mpsc::Sender<Page>,
    wanted: mpsc::Receiver<Wanted>,
    pool: Arc<dyn ConnectionPool>,
    /// What is left of the time that it may wait in all.
    may_wait: Duration,
    gone: Arc<OnceLock<Gone>>,
}

impl PagedSink {
    pub(crate) fn new(
        page: AnswerSink,
        pages: mpsc::Sender<Page>,
        wanted: mpsc::Receiver<Wanted>,
        pool: Arc<dyn ConnectionPool>,
        gone: Arc<OnceLock<Gone>>,
    ) -> Self {
        Self {
            page: Some(page),
            columns: Vec::new(),
            pages,
            wanted,
            pool,
            may_wait: RESULT_STAYS_OPEN,
            gone,
        }
    }

    /// The page that was being written when the result ended.
    pub(crate) fn into_page(self) -> Option<AnswerSink> {
        self.page
    }
}

/// A full page is a reason to wait.
const fn waiting(flow: Flow) -> Flow {
    match flow {
        Flow::Continue => Flow::Continue,
        Flow::Stop | Flow::Wait => Flow::Wait,
    }
}

#[async_trait]
impl RowSink for PagedSink {
    fn columns(&mut self, columns: &[Column]) {
        columns.clone_into(&mut self.columns);
        if let Some(page) = &mut self.page {
            page.columns(columns);
        }
    }

    fn begin_row(&mut self) -> Flow {
        self.page
            .as_mut()
            .map_or(Flow::Wait, |page| waiting(page.begin_row()))
    }

    fn cell(&mut self, cell: Cell<'_>) {
        if let Some(page) = &mut self.page {
            page.cell(cell);
        }
    }

    fn end_row(&mut self) -> Flow {
        self.page
            .as_mut()
            .map_or(Flow::Wait, |page| waiting(page.end_row()))
    }

    async fn resume(&mut self) -> Option<Duration> {
        let page = self.page.take()?;
        self.pages.send(Page::Full(page)).await.ok()?;
        let began = Instant::now();
        let wanted = tokio::select! {
            biased;
            wanted = timeout(UNUSED_FOR.min(self.may_wait), self.wanted.recv()) => wanted,
            () = self.pool.crowded() => {
                let _ = self.gone.set(Gone::Crowded);
                return None;
            }
        };
        let Ok(wanted) = wanted else {
            let why = if self.may_wait < UNUSED_FOR {
                Gone::Old
            } else {
                Gone::Unused
            };
            let _ = self.gone.set(why);
            return None;
        };
        let Wanted { mut page, time } = wanted?;
        self.may_wait = self.may_wait.saturating_sub(began.elapsed());
        page.columns(&self.columns);
        self.page = Some(page);
        Some(time)
    }
}
