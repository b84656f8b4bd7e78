//! Medians, ratios and what they are held against.

use std::time::Duration;

use serde::Serialize;

/// What one contender reached on one subject.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Figure {
    pub(crate) who: String,
    /// In the unit of its line.
    pub(crate) value: f64,
    /// 99 of 100 calls took no longer; in the unit of its line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) p99: Option<f64>,
    /// Against the direct client. None for the direct client and for what it does not do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ratio: Option<Ratio>,
}

impl Figure {
    pub(crate) fn plain(who: &str, value: f64) -> Self {
        Self {
            who: who.to_owned(),
            value,
            p99: None,
            ratio: None,
        }
    }
}

/// A contender's value divided by the direct client's.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Ratio {
    /// The median of the rounds' ratios.
    pub(crate) median: f64,
    /// The smallest and the largest of the rounds' ratios, where rounds are told apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) range: Option<(f64, f64)>,
}

impl Ratio {
    /// Of two values per round, in the order of the rounds.
    pub(crate) fn of_rounds(ours: &[f64], direct: &[f64]) -> Option<Self> {
        let mut ratios = ours
            .iter()
            .zip(direct)
            .map(|(ours, direct)| ours / direct)
            .collect::<Vec<_>>();
        let median = median(&mut ratios)?;
        Some(Self {
            median,
            range: ratios.first().copied().zip(ratios.last().copied()),
        })
    }

    pub(crate) fn of_totals(ours: f64, direct: f64) -> Option<Self> {
        (direct > 0.0).then(|| Self {
            median: ours / direct,
            range: None,
        })
    }
}

/// One subject of the table.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Line {
    pub(crate) subject: String,
    pub(crate) unit: &'static str,
    /// How the figures were got.
    pub(crate) how: &'static str,
    pub(crate) figures: Vec<Figure>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) target: Option<Target>,
}

/// What Portolan wants to reach, and whether it did. A report, not a test: machines are noisy.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Target {
    pub(crate) text: String,
    pub(crate) met: bool,
}

/// A target before it is held against anything.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Goal {
    ValueBelow(f64),
    ValueAtMost(f64),
    /// The value is what something adds.
    AddsAtMost(f64),
    RatioAtMost(f64),
    RatioAtLeast(f64),
}

impl Line {
    pub(crate) fn new(
        subject: impl Into<String>,
        unit: &'static str,
        how: &'static str,
        figures: Vec<Figure>,
        goal: Option<Goal>,
    ) -> Self {
        let portolan = figures.iter().find(|figure| figure.who == "portolan");
        let target = goal.zip(portolan).and_then(|(goal, figure)| {
            let ratio = figure.ratio.map(|ratio| ratio.median);
            Some(match goal {
                Goal::ValueBelow(limit) => Target {
                    text: format!("below {limit} {unit}"),
                    met: figure.value < limit,
                },
                Goal::ValueAtMost(limit) => Target {
                    text: format!("at most {limit} {unit}"),
                    met: figure.value <= limit,
                },
                Goal::AddsAtMost(limit) => Target {
                    text: format!("at most {limit} µs"),
                    met: figure.value <= limit,
                },
                Goal::RatioAtMost(limit) => Target {
                    text: format!("at most {limit:.2}×"),
                    met: ratio? <= limit,
                },
                Goal::RatioAtLeast(limit) => Target {
                    text: format!("at least {limit:.2}×"),
                    met: ratio? >= limit,
                },
            })
        });
        Self {
            subject: subject.into(),
            unit,
            how,
            figures,
            target,
        }
    }
}

/// The value in the middle, or between the two in the middle. Sorts the values; none for no values.
pub(crate) fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    let lower = *values.get((values.len() - 1) / 2)?;
    Some(f64::midpoint(lower, upper))
}

/// The smallest value that `percent` of the values do not exceed. Sorts them; none for no values.
pub(crate) fn quantile(values: &mut [f64], percent: usize) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let place = (values.len() * percent).div_ceil(100);
    values.get(place.checked_sub(1)?).copied()
}

/// Exact up to 2^53, which no count of this program reaches.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts and bytes are far below 2^53"
)]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}

pub(crate) fn microseconds(time_ns: u64) -> f64 {
    Duration::from_nanos(time_ns).as_secs_f64() * 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_one_of_the_values() {
        let mut values = [5.0, 1.0, 4.0, 2.0, 3.0];
        assert_eq!(
            [1, 50, 99].map(|percent| quantile(&mut values, percent)),
            [Some(1.0), Some(3.0), Some(5.0)]
        );
        assert_eq!(quantile(&mut [], 50), None);
    }

    #[test]
    fn a_median_favours_neither_half() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&mut [4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(&mut []), None);
    }

    #[test]
    fn rounds_are_compared_with_themselves() {
        let ratio = Ratio::of_rounds(&[2.0, 30.0, 4.0], &[1.0, 10.0, 4.0]).unwrap();
        assert_eq!((ratio.median, ratio.range), (2.0, Some((1.0, 3.0))));
    }

    #[test]
    fn a_target_is_held_against_portolan_alone() {
        let figures = vec![Figure::plain("other", 1.0), Figure::plain("portolan", 5.0)];
        let line = Line::new("size", "MB", "", figures, Some(Goal::ValueBelow(5.0)));
        let target = line.target.unwrap();
        assert_eq!((target.text.as_str(), target.met), ("below 5 MB", false));
    }
}
