//! The keys of one issuer, kept and renewed by a task of their own, so that no request waits for an issuer that is down.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use tokio::{
    sync::{Notify, Semaphore, watch},
    task::AbortHandle,
    time::{Instant, sleep, timeout},
};

use super::{fetch::Fetcher, key_set::KeySet};
use crate::web::Authorities;

/// The longest pause between attempts while the issuer is down.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// How many requests may wait for keys that are just being fetched; others are answered by what is there.
const MOST_WAITING: usize = 64;

/// Where the keys are, and how long they count.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyOptions {
    /// `None` to ask the issuer itself.
    pub url: Option<String>,
    /// Never nobody's word alone: keys from whoever answers would let anybody in.
    pub authorities: Authorities,
    /// Of each question.
    pub timeout: Duration,
    /// Between two questions, if all goes well.
    pub refresh: Duration,
    /// Between two questions at least, whatever tokens come: those of unknown keys cause one each.
    pub pause: Duration,
    /// How long keys count that could not be renewed.
    pub max_age: Duration,
}

impl Default for KeyOptions {
    fn default() -> Self {
        Self {
            url: None,
            authorities: Authorities::System,
            timeout: Duration::from_secs(5),
            refresh: Duration::from_mins(5),
            pause: Duration::from_secs(10),
            max_age: Duration::from_hours(4),
        }
    }
}

/// Renews the keys for as long as it lives.
pub(super) struct Keys {
    shared: Arc<Shared>,
    task: AbortHandle,
}

impl fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Keys")
            .field("issuer", &self.shared.issuer)
            .finish_non_exhaustive()
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Shared {
    issuer: String,
    options: KeyOptions,
    held: RwLock<Option<Held>>,
    /// Up to when nobody may cause another attempt; `None` before the first has ended.
    rests: watch::Sender<Option<Instant>>,
    /// Somebody has a token whose key is not known.
    wanted: Notify,
    waiting: Semaphore,
}

#[derive(Clone)]
struct Held {
    keys: Arc<KeySet>,
    text: Arc<[u8]>,
    fetched: Instant,
}

impl Keys {
    /// Begins to fetch, and does not wait for it. `before` gives its keys on, if it is of the same issuer.
    pub(super) fn of(issuer: &str, options: KeyOptions, before: Option<&Self>) -> Self {
        let held = before
            .filter(|keys| keys.shared.issuer == issuer && keys.shared.options == options)
            .and_then(|keys| keys.shared.held());
        let shared = Arc::new(Shared {
            issuer: issuer.to_owned(),
            options,
            held: RwLock::new(held),
            rests: watch::Sender::new(None),
            wanted: Notify::new(),
            waiting: Semaphore::new(MOST_WAITING),
        });
        let task = tokio::spawn(renew(Arc::clone(&shared))).abort_handle();
        Self { shared, task }
    }

    /// Those that count now.
    pub(super) fn now(&self) -> Option<Arc<KeySet>> {
        let held = self.shared.held()?;
        (held.fetched.elapsed() <= self.shared.options.max_age).then_some(held.keys)
    }

    /// Has them fetched again and waits for it, if that may be done at this moment. Whether it was done.
    pub(super) async fn renewed(&self) -> bool {
        let Ok(_place) = self.shared.waiting.try_acquire() else {
            return false;
        };
        let mut attempts = self.shared.rests.subscribe();
        let rest = *attempts.borrow_and_update();
        if rest.is_some_and(|until| Instant::now() < until) {
            return false;
        }
        // The first attempt runs already, or is about to.
        if rest.is_some() {
            self.shared.wanted.notify_one();
        }
        // Discovery, and then the keys.
        let patience = self.shared.options.timeout * 2;
        matches!(timeout(patience, attempts.changed()).await, Ok(Ok(())))
    }
}

impl Shared {
    fn held(&self) -> Option<Held> {
        self.held
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn hold(&self, keys: KeySet, text: Vec<u8>) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        let fetched = Instant::now();
        match &mut *held {
            // The same object stays, so that what it has verified stays verified.
            Some(held) if *held.text == text => held.fetched = fetched,
            held => {
                *held = Some(Held {
                    keys: Arc::new(keys),
                    text: text.into(),
                    fetched,
                });
            }
        }
    }
}

/// Fetches for ever: each time after the refresh, or sooner if somebody wants it, or if it failed.
async fn renew(shared: Arc<Shared>) {
    let options = &shared.options;
    let mut fetcher = None;
    let mut failures: u32 = 0;
    loop {
        let (issuer, options_of_task) = (shared.issuer.clone(), options.clone());
        let ready: Option<Fetcher> = fetcher.take();
        let asked = tokio::task::spawn_blocking(move || {
            // The system's certificates are files, read on the way to the first question.
            let fetcher = ready.unwrap_or_else(|| {
                let (url, authorities) =
                    (options_of_task.url.as_deref(), &options_of_task.authorities);
                Fetcher::new(&issuer, url, authorities, options_of_task.timeout)
            });
            let outcome = fetcher.fetch();
            (fetcher, outcome)
        })
        .await;
        let outcome = match asked {
            Ok((used, outcome)) => {
                fetcher = Some(used);
                outcome
            }
            Err(error) => Err(format!("the question broke off: {error}")),
        };
        let rest = match outcome {
            Ok(answer) => {
                if failures > 0 {
                    tracing::info!(
                        issuer = shared.issuer,
                        "the keys of an issuer are here again"
                    );
                }
                failures = 0;
                shared.hold(answer.keys, answer.text);
                options.refresh
            }
            Err(reason) => {
                failures = failures.saturating_add(1);
                // At the first failure, and ever more seldom after it.
                if failures.is_power_of_two() {
                    tracing::warn!(
                        issuer = shared.issuer,
                        failures,
                        reason,
                        keys_count_still = shared
                            .held()
                            .is_some_and(|held| { held.fetched.elapsed() <= options.max_age }),
                        "the keys of an issuer cannot be had"
                    );
                }
                let doubled = FIRST_PAUSE.saturating_mul(1 << (failures - 1).min(6));
                doubled.min(LONGEST_PAUSE).min(options.refresh)
            }
        };
        let least = options.pause.min(rest);
        shared.rests.send_replace(Some(Instant::now() + least));
        sleep(least).await;
        tokio::select! {
            () = sleep(rest.saturating_sub(least)) => {}
            () = shared.wanted.notified() => {}
        }
    }
}
