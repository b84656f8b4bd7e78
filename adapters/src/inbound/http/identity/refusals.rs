//! Tells of those who are not let in, in the log and in the audit: the first at once, and of a flood how many they were.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use domain::calls::{AuditTrail, Caller, Principal, RefusedSignIns};

use super::Refusal;

/// Between two times that refused requests are told of, however many there are.
const PAUSE: Duration = Duration::from_secs(10);
/// That are told apart within a pause. The rest is told without where it came from: whoever can change addresses is
/// not to fill the memory or the disk.
const MOST_KINDS: usize = 64;

/// A request that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Denied {
    pub(super) refusal: Refusal,
    /// Who it would have been, where that is sure.
    pub(super) principal: Option<Principal>,
}

impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Self {
        Self {
            refusal,
            principal: None,
        }
    }
}

impl Refusal {
    /// With whom it was.
    pub(super) fn of(self, caller: &Caller) -> Denied {
        Denied {
            refusal: self,
            principal: Some(caller.principal.clone()),
        }
    }
}

/// Everybody who was refused, until they are told of.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    state: Mutex<State>,
    audit: OnceLock<Arc<dyn AuditTrail>>,
}

#[derive(Debug, Default)]
struct State {
    told: Option<Instant>,
    /// Somebody waits for the pause to be over.
    is_waited_for: bool,
    untold: HashMap<(Denied, Option<IpAddr>), u64>,
}

impl Refusals {
    /// They go into this audit, too. The first one that is given counts.
    pub(super) fn recorded_in(&self, audit: Arc<dyn AuditTrail>) {
        let _ = self.audit.set(audit);
    }

    pub(super) fn tell(self: &Arc<Self>, denied: &Denied, from: Option<IpAddr>) {
        // Clients that do not sign in yet begin without a token: that is how they learn where to.
        if denied.refusal == Refusal::Missing {
            tracing::debug!("a request without a token was refused");
            return;
        }
        let Some(wait) = self.take(denied.clone(), from, Instant::now()) else {
            return;
        };
        if wait.is_zero() {
            return self.tell_now(denied, from, 1);
        }
        let refusals = Arc::clone(self);
        tokio::spawn(async move {
            tokio::time::sleep(wait).await;
            refusals.tell_rest();
        });
    }

    /// Tells of those who are not told of yet.
    pub(super) fn tell_rest(&self) {
        let untold = {
            let mut state = self.state();
            state.is_waited_for = false;
            state.told = Some(Instant::now());
            std::mem::take(&mut state.untold)
        };
        for ((denied, from), times) in untold {
            self.tell_now(&denied, from, times);
        }
    }

    /// Zero, if it is to be told of now. A time, if somebody has to tell of it after that. Nothing, if somebody will.
    fn take(&self, denied: Denied, from: Option<IpAddr>, now: Instant) -> Option<Duration> {
        let mut state = self.state();
        let since = state.told.map(|told| now.saturating_duration_since(told));
        let Some(wait) = since.and_then(|since| PAUSE.checked_sub(since)) else {
            state.told = Some(now);
            return Some(Duration::ZERO);
        };
        let is_known = state.untold.contains_key(&(denied.clone(), from));
        let kind = if is_known || state.untold.len() < MOST_KINDS {
            (denied, from)
        } else {
            (denied.refusal.into(), None)
        };
        *state.untold.entry(kind).or_default() += 1;
        let is_first = !std::mem::replace(&mut state.is_waited_for, true);
        // Never zero, which is now.
        is_first.then_some(wait.max(Duration::from_millis(1)))
    }

    fn tell_now(&self, denied: &Denied, from: Option<IpAddr>, times: u64) {
        let principal = denied.principal.as_ref();
        tracing::warn!(
            reason = denied.refusal.word(),
            principal = principal.map(tracing::field::display),
            address = from.map(tracing::field::display),
            times,
            "somebody was not let in: {}",
            denied.refusal.message()
        );
        if let Some(audit) = self.audit.get() {
            audit.refused(&RefusedSignIns {
                reason: denied.refusal.word(),
                principal,
                address: from,
                times,
                told: SystemTime::now(),
            });
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));

    fn at(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn the_first_is_told_at_once_and_the_next_after_the_pause() {
        let refusals = Refusals::default();
        let start = Instant::now();
        let take = |seconds| refusals.take(Refusal::Expired.into(), ADDRESS, at(start, seconds));

        assert_eq!(take(0), Some(Duration::ZERO));
        assert_eq!(take(4), Some(Duration::from_secs(6)));
        assert_eq!(take(9), None);
    }

    #[test]
    fn who_comes_after_a_quiet_pause_is_told_at_once() {
        let refusals = Refusals::default();
        let start = Instant::now();

        refusals.take(Refusal::Expired.into(), ADDRESS, start);
        let next = refusals.take(Refusal::Revoked.into(), ADDRESS, at(start, 11));

        assert_eq!(next, Some(Duration::ZERO));
    }

    #[test]
    fn a_flood_is_counted_by_reason_and_address() {
        let refusals = Refusals::default();
        let start = Instant::now();
        for _ in 0..=1_000 {
            refusals.take(Refusal::Unknown.into(), ADDRESS, start);
        }
        refusals.take(Refusal::Expired.into(), None, start);

        let untold = &refusals.state().untold;

        assert_eq!(untold.len(), 2);
        assert_eq!(untold[&(Refusal::Unknown.into(), ADDRESS)], 1_000);
        assert_eq!(untold[&(Refusal::Expired.into(), None)], 1);
    }

    #[test]
    fn a_flood_from_everywhere_is_counted_without_where_it_came_from() {
        let refusals = Refusals::default();
        let start = Instant::now();
        refusals.take(Refusal::Unknown.into(), None, start);
        for last in 0..=255 {
            let from = IpAddr::from([198, 51, 100, last]);
            refusals.take(Refusal::Unknown.into(), Some(from), start);
        }

        let untold = &refusals.state().untold;

        assert_eq!(untold.len(), MOST_KINDS + 1);
        assert_eq!(
            untold[&(Refusal::Unknown.into(), None)],
            256 - u64::try_from(MOST_KINDS).unwrap()
        );
    }
}
