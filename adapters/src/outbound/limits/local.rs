//! Limits that this process counts by itself.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use domain::{
    Failure,
    calls::{CallLimits, Caller, InFlight, Principal},
};
use governor::{
    DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};

use super::{
    places::Places,
    quotas::{LimitOptions, Measure, Quotas, Scope, TooMuch},
    rows::RowBudgets,
};

/// When a call that found no place should try again: nobody knows when another one ends.
const PLACE_MAY_TAKE: Duration = Duration::from_secs(1);

/// After so many calls principals are forgotten that nothing is to be remembered of.
const TIDY_AFTER: u32 = 4_096;

/// Counts calls and rows in memory.
pub struct Limits {
    options: LimitOptions,
    clock: DefaultClock,
    each: Option<DefaultKeyedRateLimiter<Principal>>,
    total: Option<DefaultDirectRateLimiter>,
    places: Arc<Places>,
    rows: Option<Mutex<RowBudgets<Principal>>>,
    total_rows: Option<Mutex<RowBudgets<()>>>,
    calls: AtomicU32,
}

impl fmt::Debug for Limits {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Limits")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl Limits {
    pub fn new(options: LimitOptions) -> Self {
        let LimitOptions { each, total } = options;
        Self {
            options,
            clock: DefaultClock::default(),
            each: rate(each).map(RateLimiter::keyed),
            total: rate(total).map(RateLimiter::direct),
            places: Places::new(each.calls_in_flight, total.calls_in_flight),
            rows: each
                .rows_per_hour
                .map(|rows| Mutex::new(RowBudgets::new(rows))),
            total_rows: total
                .rows_per_hour
                .map(|rows| Mutex::new(RowBudgets::new(rows))),
            calls: AtomicU32::new(0),
        }
    }

    /// A caller's own limits come first, so that one who is too fast takes nothing from the others.
    fn admit(&self, principal: &Principal) -> Result<InFlight, TooMuch> {
        let place = self.places.take(principal).map_err(|scope| TooMuch {
            scope,
            measure: Measure::CallsInFlight,
            wait: PLACE_MAY_TAKE,
        })?;
        let now = Instant::now();
        let owed = |scope, wait: Option<Duration>| match wait {
            Some(wait) => Err(TooMuch {
                scope,
                measure: Measure::RowsPerHour,
                wait,
            }),
            None => Ok(()),
        };
        if let Some(rows) = &self.rows {
            owed(Scope::Each, lock(rows).wait(principal, now))?;
        }
        if let Some(rows) = &self.total_rows {
            owed(Scope::Total, lock(rows).wait(&(), now))?;
        }
        let too_fast = |scope, until: governor::NotUntil<_>| TooMuch {
            scope,
            measure: Measure::CallsPerSecond,
            wait: until.wait_time_from(self.clock.now()),
        };
        if let Some(each) = &self.each {
            each.check_key(principal)
                .map_err(|until| too_fast(Scope::Each, until))?;
            if self.calls.fetch_add(1, Ordering::Relaxed) % TIDY_AFTER == TIDY_AFTER - 1 {
                each.retain_recent();
            }
        }
        if let Some(total) = &self.total {
            total
                .check()
                .map_err(|until| too_fast(Scope::Total, until))?;
        }
        Ok(InFlight::holding(place))
    }

    fn count(&self, principal: &Principal, rows: u64) {
        let now = Instant::now();
        if let Some(budgets) = &self.rows {
            lock(budgets).gave(principal, rows, now);
        }
        if let Some(budgets) = &self.total_rows {
            lock(budgets).gave(&(), rows, now);
        }
    }
}

#[async_trait]
impl CallLimits for Limits {
    async fn enter(&self, caller: &Caller) -> Result<InFlight, Failure> {
        self.admit(&caller.principal)
            .map_err(|too_much| too_much.failure(&self.options))
    }

    async fn gave(&self, caller: &Caller, rows: u64) {
        self.count(&caller.principal, rows);
    }
}

fn rate(quotas: Quotas) -> Option<Quota> {
    let rate = quotas.calls_per_second?;
    Some(Quota::per_second(rate).allow_burst(quotas.burst.unwrap_or(rate)))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::num::{NonZeroU32, NonZeroU64};

    use super::*;

    fn limits(each: Quotas, total: Quotas) -> Limits {
        Limits::new(LimitOptions { each, total })
    }

    fn met(limits: &Limits, principal: &str) -> Option<(Scope, Measure)> {
        let admitted = limits.admit(&Principal::new(principal));
        admitted
            .err()
            .map(|too_much| (too_much.scope, too_much.measure))
    }

    #[test]
    fn who_is_too_fast_takes_nothing_from_the_others() {
        let limits = limits(
            Quotas {
                calls_per_second: NonZeroU32::new(1),
                burst: NonZeroU32::new(2),
                ..Quotas::default()
            },
            Quotas {
                calls_per_second: NonZeroU32::new(1),
                burst: NonZeroU32::new(3),
                ..Quotas::default()
            },
        );
        assert_eq!(met(&limits, "ada"), None);
        assert_eq!(met(&limits, "ada"), None);
        for _ in 0..10 {
            assert_eq!(
                met(&limits, "ada"),
                Some((Scope::Each, Measure::CallsPerSecond))
            );
        }
        assert_eq!(met(&limits, "grace"), None);
        assert_eq!(
            met(&limits, "grace"),
            Some((Scope::Total, Measure::CallsPerSecond))
        );
    }

    #[test]
    fn rows_count_for_their_caller_and_for_all() {
        let of_rows = |rows| Quotas {
            rows_per_hour: NonZeroU64::new(rows),
            ..Quotas::default()
        };
        let limits = limits(of_rows(10), of_rows(15));
        limits.count(&Principal::new("ada"), 10);
        assert_eq!(
            met(&limits, "ada"),
            Some((Scope::Each, Measure::RowsPerHour))
        );
        assert_eq!(met(&limits, "grace"), None);
        limits.count(&Principal::new("grace"), 5);
        assert_eq!(
            met(&limits, "grace"),
            Some((Scope::Total, Measure::RowsPerHour))
        );
    }

    #[test]
    fn principals_that_come_once_are_forgotten() {
        let limits = limits(
            Quotas {
                calls_per_second: NonZeroU32::new(1_000_000),
                ..Quotas::default()
            },
            Quotas::default(),
        );
        for number in 0..TIDY_AFTER {
            assert_eq!(met(&limits, &number.to_string()), None);
        }
        // A microsecond later there is nothing to be remembered of a principal.
        assert!(limits.each.as_ref().unwrap().len() < 100);
    }
}
