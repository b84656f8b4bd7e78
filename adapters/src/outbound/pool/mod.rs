//! The pool that every engine uses: how long connections live, who waits, and how all of it ends.
//!
//! What a connection is, and how it is opened, is the engine's matter ([`Session`]).

mod ending;
mod lease;

use std::{
    fmt,
    future::Future,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use deadpool::managed::{
    self, Metrics, PoolError, QueueMode, RecycleError, RecycleResult, Timeouts,
};
use domain::{
    Cancel, Failure, FailureKind,
    cancel::CancelReason,
    connection::{ConnectionConfig, PoolFigures},
};
use tokio::sync::Notify;
use tokio_util::task::TaskTracker;

use self::ending::closed;
pub(super) use self::{
    ending::{cancelled, must_end, must_end_by, timed_out},
    lease::Lease,
};

/// How long a call waits at least for a clean-up before it opens a session of its own.
const CLEAN_UP_TAKES: Duration = Duration::from_millis(10);

/// A session that died while it was idle shows it at the first touch. One that dies later was killed over what it
/// runs, which must not be run again.
pub(super) const NOTICED_WITHIN: Duration = Duration::from_millis(500);

/// One connection to a database.
pub(super) trait Session: Send + Sync + Sized + 'static {
    /// Connects and prepares the session, ready for its first statement. The pool bounds the time.
    fn open(config: &Arc<ConnectionConfig>) -> impl Future<Output = Result<Self, Failure>> + Send;

    /// Says goodbye to the server. Must not wait for a statement that is still running.
    fn close(self) -> impl Future<Output = ()> + Send;
}

/// A pool of sessions. Nothing is opened before it is asked for.
pub(super) struct Pool<S: Session> {
    slots: managed::Pool<Opener<S>>,
    config: Arc<ConnectionConfig>,
    /// Fires when the pool is closed: whatever runs on it must end.
    closing: Cancel,
    /// Leases and clean-ups that are still under way.
    tracker: TaskTracker,
    /// Clean-ups under way, each about to give a session back.
    cleaning: AtomicUsize,
    /// Told whenever a clean-up ends.
    cleaned: Notify,
    /// Calls that wait for one.
    waiting: AtomicUsize,
    /// Told whenever a call finds every session taken.
    crowded: Notify,
    /// Calls that have asked for a session, and how long they waited together, in microseconds.
    asked: AtomicU64,
    waited: AtomicU64,
}

struct Slot<S> {
    session: S,
    opened: Instant,
    idle_since: Instant,
    /// A loan of it has ended properly.
    used: bool,
}

struct Opener<S> {
    config: Arc<ConnectionConfig>,
    /// How long opening the last session took, in microseconds.
    took: AtomicU64,
    session: std::marker::PhantomData<fn() -> S>,
}

impl<S: Session> managed::Manager for Opener<S> {
    type Type = Slot<S>;
    type Error = Failure;

    async fn create(&self) -> Result<Slot<S>, Failure> {
        let limit = self.config.pool.connect_timeout;
        let begun = Instant::now();
        let session = match tokio::time::timeout(limit, Box::pin(S::open(&self.config))).await {
            Ok(opened) => opened?,
            Err(_) => return Err(super::reach::timed_out(&self.config).await),
        };
        let now = Instant::now();
        let took = u64::try_from((now - begun).as_micros()).unwrap_or(u64::MAX);
        self.took.store(took, Ordering::Relaxed);
        Ok(Slot {
            session,
            opened: now,
            idle_since: now,
            used: false,
        })
    }

    async fn recycle(&self, slot: &mut Slot<S>, _: &Metrics) -> RecycleResult<Failure> {
        // How long it was idle does not matter any more: it is wanted now.
        if outlived(slot, &self.config) {
            return Err(RecycleError::message("too old"));
        }
        Ok(())
    }
}

fn outlived<S>(slot: &Slot<S>, config: &ConnectionConfig) -> bool {
    config
        .pool
        .max_lifetime
        .is_some_and(|limit| slot.opened.elapsed() >= limit)
}

impl<S: Session> Pool<S> {
    /// Must be called inside the runtime: it starts the task that closes idle connections.
    pub(super) fn new(config: Arc<ConnectionConfig>) -> Result<Arc<Self>, Failure> {
        let opener = Opener {
            config: Arc::clone(&config),
            took: AtomicU64::new(0),
            session: std::marker::PhantomData,
        };
        let slots = managed::Pool::builder(opener)
            .max_size(config.pool.max_connections as usize)
            // The most recently used first: it has the warmest statement cache, and the others can grow idle.
            .queue_mode(QueueMode::Lifo)
            .runtime(deadpool::Runtime::Tokio1)
            .build()
            .map_err(|error| {
                Failure::internal("The pool could not be built.").with_source(error)
            })?;
        let pool = Arc::new(Self {
            slots,
            config,
            closing: Cancel::new(),
            tracker: TaskTracker::new(),
            cleaning: AtomicUsize::new(0),
            cleaned: Notify::new(),
            waiting: AtomicUsize::new(0),
            crowded: Notify::new(),
            asked: AtomicU64::new(0),
            waited: AtomicU64::new(0),
        });
        tokio::spawn(close_idle(Arc::downgrade(&pool), pool.closing.clone()));
        Ok(pool)
    }

    pub(super) fn config(&self) -> &Arc<ConnectionConfig> {
        &self.config
    }

    /// Fires when the pool is closed. Every running statement must watch it.
    pub(super) fn closing(&self) -> &Cancel {
        &self.closing
    }

    /// A session, waited for no longer than the acquire time-out.
    pub(super) async fn acquire(&self, cancel: &Cancel) -> Result<Lease<S>, Failure> {
        let token = self.tracker.token();
        let _asking = Asking::new(self);
        let timeouts = Timeouts {
            wait: Some(self.config.pool.acquire_timeout),
            create: None,
            recycle: None,
        };
        let got = tokio::select! {
            biased;
            reason = cancel.fired() => return Err(cancelled(reason)),
            got = async {
                self.await_clean_up().await;
                let status = self.slots.status();
                // How many sessions a pooler has for us is not known here, so behind one results give way to every call.
                if self.config.pooler
                    || (status.available == 0 && status.size >= status.max_size)
                {
                    self.crowded.notify_waiters();
                }
                self.slots.timeout_get(&timeouts).await
            } => got,
        };
        let slot = got.map_err(|error| match error {
            PoolError::Backend(failure) => failure,
            PoolError::Timeout(_) => self.all_busy(),
            _ => closed(),
        })?;
        Ok(Lease {
            fresh: !slot.used,
            slot: Some(slot),
            _token: token,
        })
    }

    /// A session that nobody uses, if there is one.
    pub(super) async fn idle(&self) -> Option<Lease<S>> {
        if self.slots.status().available == 0 {
            return None;
        }
        let token = self.tracker.token();
        let at_once = Timeouts {
            wait: Some(Duration::ZERO),
            ..Timeouts::default()
        };
        let slot = self.slots.timeout_get(&at_once).await.ok()?;
        Some(Lease {
            fresh: !slot.used,
            slot: Some(slot),
            _token: token,
        })
    }

    /// Cleans up after a call, which need not wait for it, and gives the session back; the next call waits for a
    /// moment, and closing the pool.
    pub(super) fn spawn(self: &Arc<Self>, work: impl Future<Output = ()> + Send + 'static) {
        self.cleaning.fetch_add(1, Ordering::AcqRel);
        let pool = Arc::clone(self);
        // Large, and it would be copied with each of the futures around it.
        let work = Box::pin(work);
        self.spawn_ending(async move {
            work.await;
            pool.cleaning.fetch_sub(1, Ordering::AcqRel);
            pool.cleaned.notify_waiters();
        });
    }

    /// Ends a session after a call. Only closing the pool waits for that: nothing comes back.
    pub(super) fn spawn_ending(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.tracker.spawn(async move {
            // The answer goes first: this lets every task that can run do so.
            tokio::task::yield_now().await;
            work.await;
        });
    }

    /// Waits for a session that is about to come back, where none is idle and a new one would be opened: one caller
    /// at a time needs one session. No longer than opening one took, so that waiting in vain at most doubles the time;
    /// the further away the database is, the longer takes either.
    async fn await_clean_up(&self) {
        let connecting = Duration::from_micros(self.slots.manager().took.load(Ordering::Relaxed));
        let until = tokio::time::Instant::now() + connecting.max(CLEAN_UP_TAKES);
        let _waiting = Waiting::new(&self.waiting);
        loop {
            // Made before the look, so that what ends in between is not missed.
            let cleaned = self.cleaned.notified();
            let status = self.slots.status();
            // Each clean-up gives back one session, for one of those who wait.
            let spoken_for =
                self.waiting.load(Ordering::Acquire) > self.cleaning.load(Ordering::Acquire);
            if status.available > 0
                || status.size >= status.max_size
                || spoken_for
                || tokio::time::timeout_at(until, cleaned).await.is_err()
            {
                return;
            }
        }
    }

    /// Closes what is idle: where one session was found dead, the others will be too, and the next is to be a new one.
    /// Nobody waits for their goodbyes but who closes the pool.
    pub(super) fn close_idle_now(&self) {
        let idle = self.slots.retain(|_, _| false).removed;
        self.spawn_ending(async move {
            for slot in idle {
                slot.session.close().await;
            }
        });
    }

    /// Returns once somebody has to wait for a session.
    pub(super) async fn crowded(&self) {
        self.crowded.notified().await;
    }

    pub(super) fn figures(&self) -> PoolFigures {
        let status = self.slots.status();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        PoolFigures {
            in_use: count(status.size.saturating_sub(status.available)),
            idle: count(status.available),
            max: self.config.pool.max_connections,
            waiting: count(status.waiting),
            asked: self.asked.load(Ordering::Relaxed),
            waited: Duration::from_micros(self.waited.load(Ordering::Relaxed)),
        }
    }

    /// Ends what runs, closes every session and waits until they are closed.
    pub(super) async fn close(&self) {
        self.closing.fire(CancelReason::ConnectionClosed);
        self.close_idle_now();
        self.slots.close();
        self.tracker.close();
        self.tracker.wait().await;
    }

    fn all_busy(&self) -> Failure {
        let figures = self.figures();
        Failure::new(
            FailureKind::Busy,
            format!(
                "All {} connections were busy for {} ms; the statement was not started.",
                figures.max,
                self.config.pool.acquire_timeout.as_millis()
            ),
        )
        .with_hint("Try again in a moment, or let running calls finish first.")
    }
}

/// One call that asks for a session, however that ends.
struct Asking<'a, S: Session> {
    pool: &'a Pool<S>,
    since: Instant,
}

impl<'a, S: Session> Asking<'a, S> {
    fn new(pool: &'a Pool<S>) -> Self {
        Self {
            pool,
            since: Instant::now(),
        }
    }
}

impl<S: Session> Drop for Asking<'_, S> {
    fn drop(&mut self) {
        let waited = u64::try_from(self.since.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.pool.waited.fetch_add(waited, Ordering::Relaxed);
        self.pool.asked.fetch_add(1, Ordering::Relaxed);
    }
}

/// One call that waits, however its waiting ends.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl<S: Session> fmt::Debug for Pool<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Pool")
            .field("figures", &self.figures())
            .finish_non_exhaustive()
    }
}

/// Closes what has been idle too long, keeping the smallest number that the configuration asks for.
async fn close_idle<S: Session>(pool: Weak<Pool<S>>, closing: Cancel) {
    loop {
        let Some(rest) = pool.upgrade().map(|pool| {
            (pool.config.pool.idle_timeout / 4)
                .clamp(Duration::from_millis(100), Duration::from_secs(5))
        }) else {
            return;
        };
        tokio::select! {
            _ = closing.fired() => return,
            () = tokio::time::sleep(rest) => {}
        }
        let Some(pool) = pool.upgrade() else { return };
        let mut spare = pool
            .slots
            .status()
            .size
            .saturating_sub(pool.config.pool.min_connections as usize);
        let old = pool.slots.retain(|slot, _| {
            let idle = slot.idle_since.elapsed() >= pool.config.pool.idle_timeout;
            let close = outlived(slot, &pool.config) || (idle && spare > 0);
            spare = spare.saturating_sub(usize::from(close));
            !close
        });
        for slot in old.removed {
            slot.session.close().await;
        }
    }
}
