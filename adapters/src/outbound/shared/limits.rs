//! Limits that all processes count together.

use std::{
    collections::HashMap,
    fmt,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    num::{NonZeroU32, NonZeroU64},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use domain::{
    Failure,
    calls::{CallLimits, Caller, InFlight, Principal},
};
use redis::Script;
use tokio::task::AbortHandle;

use super::store::{Question, SharedStore};
use crate::outbound::limits::{LimitOptions, Limits, Measure, Quotas, Scope, TooMuch};

/// All keys are in one slot, so that a cluster can take them.
const PREFIX: &str = "{portolan}";

/// Counts calls and rows in the shared store, and in this process alone while that does not answer.
pub struct SharedLimits(Arc<Shared>, AbortHandle);

struct Shared {
    store: Arc<SharedStore>,
    options: LimitOptions,
    lease: Duration,
    alone: Limits,
    enter: Script,
    gave: Script,
    /// Tells the calls of this process from those of others.
    process: u64,
    calls: AtomicU64,
    /// Calls that hold places there.
    running: Mutex<HashMap<u64, Principal>>,
}

/// A call's place in the store, until this is dropped.
struct Place {
    shared: Arc<Shared>,
    call: u64,
}

impl SharedLimits {
    /// A lease that a stalled process outlives, and after which nobody minds a place that a dead one held.
    pub const LEASE: Duration = Duration::from_mins(1);

    /// The place of a call whose process is gone is free after the lease. Renews those of its own for as long as this lives:
    /// in a runtime alone.
    pub fn new(store: Arc<SharedStore>, options: LimitOptions, lease: Duration) -> Self {
        let shared = Arc::new(Shared {
            store,
            options,
            lease,
            alone: Limits::new(options),
            enter: Script::new(include_str!("enter.lua")),
            gave: Script::new(include_str!("gave.lua")),
            process: RandomState::new().build_hasher().finish(),
            calls: AtomicU64::new(0),
            running: Mutex::default(),
        });
        let renewing = tokio::spawn(renew(Arc::clone(&shared))).abort_handle();
        Self(shared, renewing)
    }
}

impl Drop for SharedLimits {
    fn drop(&mut self) {
        self.1.abort();
    }
}

#[async_trait]
impl CallLimits for SharedLimits {
    async fn enter(&self, caller: &Caller) -> Result<InFlight, Failure> {
        let shared = &self.0;
        let call = shared.calls.fetch_add(1, Ordering::Relaxed);
        // Before it is asked: a caller who is dropped meanwhile gives back what may have been taken.
        let place = shared.place(call, &caller.principal);
        let mut script = shared.enter.prepare_invoke();
        for key in keys(&caller.principal) {
            script.key(key);
        }
        script.arg(shared.name(call)).arg(micros(shared.lease));
        for quotas in [shared.options.each, shared.options.total] {
            script
                .arg(rate(quotas))
                .arg(burst(quotas))
                .arg(quotas.calls_in_flight.map_or(0, NonZeroU32::get))
                .arg(rows_per_hour(quotas));
        }
        let answer: Result<(i64, i64, i64), _> = shared.store.ask(Question::Script(&script)).await;
        let Ok(answer) = answer else {
            shared.running().remove(&call);
            return shared.alone.enter(caller).await;
        };
        if let Some(too_much) = too_much(answer) {
            shared.running().remove(&call);
            return Err(too_much.failure(&shared.options));
        }
        Ok(InFlight::holding(place))
    }

    async fn gave(&self, caller: &Caller, rows: u64) {
        let shared = &self.0;
        let options = shared.options;
        let per_hour = [options.each, options.total].map(rows_per_hour);
        if rows == 0 || per_hour == [0, 0] {
            return;
        }
        let [_, _, each, _, _, total] = keys(&caller.principal);
        let mut script = shared.gave.prepare_invoke();
        script.key(each).key(total).arg(rows).arg(&per_hour);
        let counted: Result<(), _> = shared.store.ask(Question::Script(&script)).await;
        if counted.is_err() {
            shared.alone.gave(caller, rows).await;
        }
    }
}

impl fmt::Debug for SharedLimits {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SharedLimits")
            .field("store", &self.0.store)
            .field("options", &self.0.options)
            .finish_non_exhaustive()
    }
}

impl Shared {
    fn running(&self) -> MutexGuard<'_, HashMap<u64, Principal>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn name(&self, call: u64) -> String {
        format!("{:016x}-{call}", self.process)
    }

    fn place(self: &Arc<Self>, call: u64, principal: &Principal) -> Option<Place> {
        let is_counted = [self.options.each, self.options.total]
            .iter()
            .any(|quotas| quotas.calls_in_flight.is_some());
        is_counted.then(|| {
            self.running().insert(call, principal.clone());
            Place {
                shared: Arc::clone(self),
                call,
            }
        })
    }

    /// Gives a place back. A store that does not answer frees it by itself, once its lease is over.
    async fn leave(&self, call: u64, principal: &Principal) {
        let [_, each, _, _, total, _] = keys(principal);
        for key in [each, total] {
            let mut command = redis::cmd("ZREM");
            command.arg(key).arg(self.name(call));
            let _: Result<(), _> = self.store.ask(Question::Command(&command)).await;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let (shared, call) = (Arc::clone(&self.shared), self.call);
        let Some(principal) = shared.running().remove(&call) else {
            return;
        };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { shared.leave(call, &principal).await });
        }
    }
}

/// Keeps the places of calls that take long.
async fn renew(shared: Arc<Shared>) {
    let script = Script::new(
        "local time = redis.call('TIME')\n\
         local ends = string.format('%.0f', time[1] * 1000000 + time[2] + ARGV[1])\n\
         for at = 2, #ARGV do redis.call('ZADD', KEYS[at - 1], 'XX', ends, ARGV[at]) end\n\
         for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, math.ceil(ARGV[1] / 1000)) end\n\
         return 0",
    );
    loop {
        tokio::time::sleep(shared.lease / 3).await;
        let running: Vec<_> = shared
            .running()
            .iter()
            .map(|(call, principal)| (*call, principal.clone()))
            .collect();
        if running.is_empty() {
            continue;
        }
        let mut renewal = script.prepare_invoke();
        renewal.arg(micros(shared.lease));
        for (call, principal) in running {
            let [_, each, _, _, total, _] = keys(&principal);
            for key in [each, total] {
                renewal.key(key).arg(shared.name(call));
            }
        }
        let _: Result<(), _> = shared.store.ask(Question::Script(&renewal)).await;
    }
}

/// Of a principal and of all: calls, places, rows.
fn keys(principal: &Principal) -> [String; 6] {
    let of = |scope: &str, what: &str| format!("{PREFIX}:{scope}:{what}");
    let each = format!("each:{principal}");
    [
        of(&each, "calls"),
        of(&each, "places"),
        of(&each, "rows"),
        of("total", "calls"),
        of("total", "places"),
        of("total", "rows"),
    ]
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Zero for no limit.
fn rate(quotas: Quotas) -> u32 {
    quotas.calls_per_second.map_or(0, NonZeroU32::get)
}

fn burst(quotas: Quotas) -> u32 {
    let burst = quotas.burst.or(quotas.calls_per_second);
    burst.map_or(0, NonZeroU32::get)
}

/// Zero for no limit.
fn rows_per_hour(quotas: Quotas) -> u64 {
    quotas.rows_per_hour.map_or(0, NonZeroU64::get)
}

/// What the script has answered, if it is a refusal.
fn too_much((scope, measure, wait): (i64, i64, i64)) -> Option<TooMuch> {
    let scope = match scope {
        0 => Scope::Each,
        1 => Scope::Total,
        _ => return None,
    };
    let measure = match measure {
        0 => Measure::CallsPerSecond,
        1 => Measure::CallsInFlight,
        _ => Measure::RowsPerHour,
    };
    Some(TooMuch {
        scope,
        measure,
        wait: Duration::from_micros(u64::try_from(wait).unwrap_or_default()),
    })
}
