//! Calls of the last minutes, in figures of a fixed size.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use domain::health::{CallMeasures, MethodMeasures};

/// How long a call counts.
const REMEMBERED: Duration = Duration::from_mins(5);
/// Calls that ended within the same time are forgotten together.
const TOGETHER: Duration = Duration::from_secs(10);

/// Times are counted in steps that grow by half, from a tenth of a millisecond to more than ten minutes.
const STEPS: usize = 40;
const FIRST_STEP_SECS: f64 = 0.000_1;
const GROWTH: f64 = 1.5;

/// By method and tool, of which there are few: both are words of ours.
#[derive(Debug, Default)]
pub(super) struct Recent(BTreeMap<(&'static str, Option<&'static str>), VecDeque<Tally>>);

/// Calls that ended within [`TOGETHER`].
#[derive(Debug, Clone)]
struct Tally {
    /// Which such time it is, counted from the start.
    period: u64,
    calls: u64,
    errors: u64,
    steps: [u32; STEPS],
}

impl Tally {
    fn of(period: u64) -> Self {
        Self {
            period,
            calls: 0,
            errors: 0,
            steps: [0; STEPS],
        }
    }

    fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.errors += other.errors;
        for (mine, theirs) in self.steps.iter_mut().zip(other.steps) {
            *mine = mine.saturating_add(theirs);
        }
    }

    /// A time that so many of a hundred calls did not exceed, up to the width of a step.
    fn percentile(&self, percent: u64) -> Duration {
        let wanted = (self.calls * percent).div_ceil(100);
        let mut seen = 0;
        let mut limit = FIRST_STEP_SECS;
        for count in self.steps {
            seen += u64::from(count);
            if seen >= wanted {
                break;
            }
            limit *= GROWTH;
        }
        Duration::from_secs_f64(if self.calls == 0 { 0.0 } else { limit })
    }

    fn measures(&self) -> CallMeasures {
        CallMeasures {
            calls: self.calls,
            errors: self.errors,
            median: self.percentile(50),
            p95: self.percentile(95),
        }
    }
}

impl Recent {
    /// Counts a call that ended `now` after the start.
    pub(super) fn add(
        &mut self,
        now: Duration,
        method: &'static str,
        tool: Option<&'static str>,
        duration: Duration,
        is_error: bool,
    ) {
        let period = period(now);
        let tallies = self.0.entry((method, tool)).or_default();
        if tallies.back().is_none_or(|last| last.period < period) {
            tallies.retain(|tally| counts(tally, period));
            tallies.push_back(Tally::of(period));
        }
        if let Some(tally) = tallies.back_mut() {
            tally.calls += 1;
            tally.errors += u64::from(is_error);
            if let Some(count) = tally.steps.get_mut(step(duration)) {
                *count = count.saturating_add(1);
            }
        }
    }

    /// What they came to, all together and each by itself, `now` after the start.
    pub(super) fn measures(&self, now: Duration) -> (CallMeasures, Vec<MethodMeasures>) {
        let period = period(now);
        let mut all = Tally::of(period);
        let mut each = Vec::new();
        for ((method, tool), tallies) in &self.0 {
            let mut sum = Tally::of(period);
            for tally in tallies.iter().filter(|tally| counts(tally, period)) {
                sum.add(tally);
            }
            if sum.calls > 0 {
                all.add(&sum);
                each.push((*method, *tool, sum.measures()));
            }
        }
        (all.measures(), each)
    }
}

fn period(now: Duration) -> u64 {
    now.as_secs() / TOGETHER.as_secs()
}

fn counts(tally: &Tally, now: u64) -> bool {
    tally.period + REMEMBERED.as_secs() / TOGETHER.as_secs() > now
}

fn step(took: Duration) -> usize {
    let mut limit = FIRST_STEP_SECS;
    let took = took.as_secs_f64();
    let mut step = 0;
    while took > limit && step + 1 < STEPS {
        limit *= GROWTH;
        step += 1;
    }
    step
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn milliseconds(number: u64) -> Duration {
        Duration::from_millis(number)
    }

    #[test]
    fn percentiles_are_right_up_to_the_width_of_a_step() {
        let mut recent = Recent::default();
        for number in 1..=100 {
            recent.add(SECOND, "ping", None, milliseconds(number), false);
        }

        let (all, each) = recent.measures(SECOND);

        assert_eq!(all.calls, 100);
        assert_eq!(each, [("ping", None, all)]);
        for (told, exact) in [(all.median, 50), (all.p95, 95)] {
            assert!(
                milliseconds(exact) <= told && told < milliseconds(exact).mul_f64(1.5),
                "{told:?} for {exact} ms"
            );
        }
    }

    #[test]
    fn calls_of_each_method_are_told_apart_and_together() {
        let mut recent = Recent::default();
        recent.add(SECOND, "tools/call", Some("a"), SECOND, true);
        recent.add(SECOND, "tools/call", Some("b"), SECOND, false);

        let (all, each) = recent.measures(SECOND);

        assert_eq!((all.calls, all.errors), (2, 1));
        let told: Vec<_> = each
            .iter()
            .map(|(method, tool, calls)| (*method, *tool, calls.calls, calls.errors))
            .collect();
        assert_eq!(
            told,
            [
                ("tools/call", Some("a"), 1, 1),
                ("tools/call", Some("b"), 1, 0)
            ]
        );
    }

    #[test]
    fn a_call_is_forgotten_after_five_minutes() {
        let mut recent = Recent::default();
        recent.add(SECOND, "ping", None, SECOND, false);

        assert_eq!(recent.measures(299 * SECOND).0.calls, 1);
        assert_eq!(recent.measures(300 * SECOND).0.calls, 0);
    }

    #[test]
    fn what_is_remembered_does_not_grow_with_time() {
        let mut recent = Recent::default();
        for second in 0..100_000 {
            recent.add(second * SECOND, "ping", None, SECOND, false);
        }

        assert_eq!(recent.0.values().map(VecDeque::len).sum::<usize>(), 30);
    }
}
