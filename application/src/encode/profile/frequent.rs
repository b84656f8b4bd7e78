//! The most frequent values of a column, in bounded memory.

use std::collections::HashMap;

use super::value::Value;

/// Counts values, and takes one from each count when there is no room for another: "Misra-Gries". What remains is at
/// least what came often, and never more than came; with no more values than there is room for it is exact.
#[derive(Debug)]
pub(super) struct Frequent {
    counts: HashMap<u64, Counted>,
    most: usize,
    is_exact: bool,
    /// How many values came first, to tell equally frequent ones apart.
    seen: u64,
}

#[derive(Debug)]
struct Counted {
    value: Value,
    count: u64,
    first: u64,
}

impl Frequent {
    pub(super) fn new(most: usize) -> Self {
        Self {
            counts: HashMap::new(),
            most,
            is_exact: true,
            seen: 0,
        }
    }

    pub(super) fn add(&mut self, hash: u64, value: &Value) {
        self.seen += 1;
        if let Some(counted) = self.counts.get_mut(&hash) {
            counted.count += 1;
        } else if self.counts.len() < self.most {
            let counted = Counted {
                value: value.clone(),
                count: 1,
                first: self.seen,
            };
            self.counts.insert(hash, counted);
        } else {
            // Each pass takes away as many counts as it looks at, so all passes together cost what the adding did.
            self.is_exact = false;
            self.counts.retain(|_, counted| {
                counted.count -= 1;
                counted.count > 0
            });
        }
    }

    pub(super) fn is_exact(&self) -> bool {
        self.is_exact
    }

    /// At most `wanted` values that came more than once, the most frequent first, the earlier of equals first.
    pub(super) fn top(&self, wanted: usize) -> Vec<(&Value, u64)> {
        let mut all: Vec<&Counted> = self.counts.values().filter(|it| it.count > 1).collect();
        all.sort_unstable_by_key(|counted| (u64::MAX - counted.count, counted.first));
        all.truncate(wanted);
        all.into_iter().map(|it| (&it.value, it.count)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(most: usize, numbers: impl IntoIterator<Item = u32>) -> Frequent {
        let mut frequent = Frequent::new(most);
        for number in numbers {
            frequent.add(u64::from(number), &Value::Integer(number.into()));
        }
        frequent
    }

    fn told(frequent: &Frequent) -> Vec<(i128, u64)> {
        let number = |value: &Value| match value {
            Value::Integer(number) => *number,
            other => panic!("{other:?}"),
        };
        let top = frequent.top(3).into_iter();
        top.map(|(value, count)| (number(value), count)).collect()
    }

    #[test]
    fn the_most_frequent_come_first_and_the_earlier_of_equals() {
        let frequent = of(10, [5, 4, 4, 1, 2, 2, 3, 3, 3]);

        assert_eq!(told(&frequent), [(3, 3), (4, 2), (2, 2)]);
    }

    #[test]
    fn what_came_once_is_not_told() {
        assert_eq!(told(&of(10, [1, 2, 3])), []);
    }

    #[test]
    fn what_came_often_is_found_among_more_values_than_there_is_room_for() {
        // 500 times a 7 between 500 numbers that come once
        let frequent = of(10, (0..1_000).map(|n| if n % 2 == 0 { 7 } else { n }));

        let top = told(&frequent);

        assert_eq!(top.len(), 1);
        assert_eq!(top[0].0, 7);
        assert!((400..=500).contains(&top[0].1), "{top:?}");
        assert!(!frequent.is_exact());
    }
}
