//! What is allowed, and what is said to a caller that wants more.

use std::{
    num::{NonZeroU32, NonZeroU64},
    time::Duration,
};

use domain::{Failure, FailureKind};

/// What somebody may do; what is not there is not limited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quotas {
    pub calls_per_second: Option<NonZeroU32>,
    /// Calls that may come at once before that rate counts; as many as come in a second, if it is not said.
    pub burst: Option<NonZeroU32>,
    pub calls_in_flight: Option<NonZeroU32>,
    pub rows_per_hour: Option<NonZeroU64>,
}

/// For each principal, and for all of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LimitOptions {
    pub each: Quotas,
    pub total: Quotas,
}

impl LimitOptions {
    pub fn is_unlimited(&self) -> bool {
        *self == Self::default()
    }
}

/// Whose limit was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::outbound) enum Scope {
    Each,
    Total,
}

/// Which one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::outbound) enum Measure {
    CallsPerSecond,
    CallsInFlight,
    RowsPerHour,
}

/// A caller has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::outbound) struct TooMuch {
    pub(in crate::outbound) scope: Scope,
    pub(in crate::outbound) measure: Measure,
    pub(in crate::outbound) wait: Duration,
}

impl TooMuch {
    /// The name of the limit, as clients, logs and metrics see it.
    fn limit(self) -> &'static str {
        match (self.scope, self.measure) {
            (Scope::Each, Measure::CallsPerSecond) => "calls_per_second",
            (Scope::Each, Measure::CallsInFlight) => "calls_in_flight",
            (Scope::Each, Measure::RowsPerHour) => "rows_per_hour",
            (Scope::Total, Measure::CallsPerSecond) => "total_calls_per_second",
            (Scope::Total, Measure::CallsInFlight) => "total_calls_in_flight",
            (Scope::Total, Measure::RowsPerHour) => "total_rows_per_hour",
        }
    }

    pub(in crate::outbound) fn failure(self, options: &LimitOptions) -> Failure {
        let (quotas, who) = match self.scope {
            Scope::Each => (options.each, "one caller"),
            Scope::Total => (options.total, "all callers together"),
        };
        let number = |count: Option<u64>| count.map_or_else(String::new, |count| count.to_string());
        let what = match self.measure {
            Measure::CallsPerSecond => format!(
                "{} calls a second",
                number(quotas.calls_per_second.map(|count| count.get().into()))
            ),
            Measure::CallsInFlight => format!(
                "{} calls at the same time",
                number(quotas.calls_in_flight.map(|count| count.get().into()))
            ),
            Measure::RowsPerHour => format!(
                "{} rows an hour",
                number(quotas.rows_per_hour.map(NonZeroU64::get))
            ),
        };
        // Whoever tries again in time must not be too early.
        let wait = self.wait.max(Duration::from_millis(1)) + Duration::from_micros(999);
        let milliseconds = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        Failure::new(
            FailureKind::Busy,
            format!("Slow down: the limit of {who} is {what}."),
        )
        .with_hint(format!("Try again in {}.", told(milliseconds)))
        .with_limit(self.limit(), milliseconds)
    }
}

/// A time for people, never shorter than it is.
fn told(milliseconds: u64) -> String {
    match milliseconds {
        0..10_000 => {
            let tenths = milliseconds.div_ceil(100);
            format!("{}.{} seconds", tenths / 10, tenths % 10)
        }
        10_000..120_000 => format!("{} seconds", milliseconds.div_ceil(1_000)),
        _ => format!("{} minutes", milliseconds.div_ceil(60_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_too_fast_is_told_which_limit_and_when_to_try_again() {
        let options = LimitOptions {
            each: Quotas {
                calls_per_second: NonZeroU32::new(10),
                ..Quotas::default()
            },
            total: Quotas {
                rows_per_hour: NonZeroU64::new(5_000),
                ..Quotas::default()
            },
        };
        for (scope, measure, wait, expected) in [
            (
                Scope::Each,
                Measure::CallsPerSecond,
                Duration::from_micros(70_100),
                r#"{"kind":"busy","message":"Slow down: the limit of one caller is 10 calls a second.","hint":"Try again in 0.1 seconds.","limit":"calls_per_second","retryAfterMs":71}"#,
            ),
            (
                Scope::Total,
                Measure::RowsPerHour,
                Duration::from_secs(150),
                r#"{"kind":"busy","message":"Slow down: the limit of all callers together is 5000 rows an hour.","hint":"Try again in 3 minutes.","limit":"total_rows_per_hour","retryAfterMs":150000}"#,
            ),
        ] {
            let too_much = TooMuch {
                scope,
                measure,
                wait,
            };
            let failure = too_much.failure(&options);
            assert_eq!(serde_json::to_string(&failure).unwrap(), expected);
        }
    }

    #[test]
    fn a_time_is_never_told_shorter_than_it_is() {
        for (milliseconds, expected) in [
            (1, "0.1 seconds"),
            (1_000, "1.0 seconds"),
            (9_999, "10.0 seconds"),
            (10_001, "11 seconds"),
            (120_001, "3 minutes"),
        ] {
            assert_eq!(told(milliseconds), expected);
        }
    }
}
