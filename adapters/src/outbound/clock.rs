//! The time of a statement's work.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use domain::query::DynRowSink;
use tokio::{sync::Notify, time::Instant};

/// Counts the time of a statement, page by page; it stands still while nobody wants the next page.
#[derive(Debug)]
pub(super) struct Clock {
    limit: Mutex<Limit>,
    changed: Notify,
}

#[derive(Debug, Clone, Copy)]
struct Limit {
    time: Duration,
    /// When it is up; `None` while the clock stands still.
    up: Option<Instant>,
}

impl Limit {
    fn from_now(time: Duration, grace: Duration) -> Self {
        Self {
            time,
            up: Some(Instant::now() + time + grace),
        }
    }
}

impl Clock {
    pub(super) fn new(time: Duration) -> Self {
        Self::with_grace(time, Duration::ZERO)
    }

    /// Strikes later than its time by `grace`, so that a server that was told the same time comes first.
    pub(super) fn with_grace(time: Duration, grace: Duration) -> Self {
        Self {
            limit: Mutex::new(Limit::from_now(time, grace)),
            changed: Notify::new(),
        }
    }

    /// Waits, off the clock, for the sink to want its next page. False if it never will.
    pub(super) async fn resume(&self, sink: &mut DynRowSink) -> bool {
        self.set(|limit| limit.up = None);
        let Some(time) = sink.resume().await else {
            return false;
        };
        self.set(|limit| *limit = Limit::from_now(time, Duration::ZERO));
        true
    }

    /// Returns the time that was allowed, once it is up.
    pub(super) async fn passed(&self) -> Duration {
        loop {
            let Limit { time, up } = *self.limit.lock().unwrap_or_else(PoisonError::into_inner);
            let is_up = async {
                match up {
                    Some(up) => tokio::time::sleep_until(up).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                // A change that came since the look has left its mark, so none is missed.
                () = self.changed.notified() => {}
                () = is_up => return time,
            }
        }
    }

    fn set(&self, change: impl FnOnce(&mut Limit)) {
        change(&mut self.limit.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use domain::query::{Cell, Column, Flow, RowSink};
    use futures_util::poll;

    use super::*;

    /// Wants its next page after a while, which may take as long as said.
    struct Resting {
        rest: Duration,
        then: Option<Duration>,
    }

    #[async_trait::async_trait]
    impl RowSink for Resting {
        fn columns(&mut self, _: &[Column]) {}

        fn begin_row(&mut self) -> Flow {
            Flow::Wait
        }

        fn cell(&mut self, _: Cell<'_>) {}

        fn end_row(&mut self) -> Flow {
            Flow::Wait
        }

        async fn resume(&mut self) -> Option<Duration> {
            tokio::time::sleep(self.rest).await;
            self.then
        }
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_clock_strikes_when_its_time_and_grace_are_over() {
        let clock = Clock::with_grace(SECOND, SECOND);
        let mut passed = pin!(clock.passed());

        tokio::time::advance(SECOND).await;
        assert!(poll!(&mut passed).is_pending());
        tokio::time::advance(SECOND).await;

        assert_eq!(passed.await, SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_for_the_next_page_counts_nothing_and_the_page_has_its_own_time() {
        // GIVEN a clock that somebody watches
        let clock = Clock::new(SECOND);
        let mut passed = pin!(clock.passed());
        assert!(poll!(&mut passed).is_pending());

        // WHEN the sink rests for longer than the clock's time
        let mut sink = Resting {
            rest: SECOND * 60,
            then: Some(SECOND * 3),
        };
        assert!(clock.resume(&mut sink).await);

        // THEN it has not struck, and strikes after the time of the new page
        assert!(poll!(&mut passed).is_pending());
        tokio::time::advance(SECOND * 2).await;
        assert!(poll!(&mut passed).is_pending());
        tokio::time::advance(SECOND).await;
        assert_eq!(passed.await, SECOND * 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_sink_that_wants_no_more_is_told_apart() {
        let clock = Clock::new(SECOND);
        let mut sink = Resting {
            rest: Duration::ZERO,
            then: None,
        };

        assert!(!clock.resume(&mut sink).await);
    }
}
