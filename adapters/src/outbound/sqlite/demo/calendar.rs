//! Days without a clock: counted from 1970-01-01, written as dates.

use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Day(i32);

impl Day {
    /// A day of the Gregorian calendar. <https://howardhinnant.github.io/date_algorithms.html>
    pub(super) const fn new(year: i32, month: i32, day: i32) -> Self {
        let year = if month <= 2 { year - 1 } else { year };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Self(era * 146_097 + day_of_era - 719_468)
    }

    /// Year, month and day.
    pub(super) fn date(self) -> (i32, i32, i32) {
        let days = self.0 + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let month = if shifted < 10 {
            shifted + 3
        } else {
            shifted - 9
        };
        let year = year_of_era + era * 400 + i32::from(month <= 2);
        (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
    }

    /// 0 for Monday.
    pub(super) fn weekday(self) -> i32 {
        (self.0 + 3).rem_euclid(7)
    }

    pub(super) fn plus(self, days: i32) -> Self {
        Self(self.0 + days)
    }

    pub(super) fn until(self, later: Self) -> i32 {
        later.0 - self.0
    }

    /// The day with a time of day, given in seconds.
    pub(super) fn at(self, second: i32) -> String {
        let (hour, minute) = (second / 3_600, second / 60 % 60);
        format!("{self} {hour:02}:{minute:02}:{:02}", second % 60)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date();
        write!(formatter, "{year:04}-{month:02}-{day:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_are_the_same_thing() {
        for (year, month, day, count, weekday) in [
            (1970, 1, 1, 0, 3),
            (2000, 2, 29, 11_016, 1),
            (2024, 12, 31, 20_088, 1),
            (1969, 12, 31, -1, 2),
        ] {
            let it = Day::new(year, month, day);
            assert_eq!(
                (it.0, it.date(), it.weekday()),
                (count, (year, month, day), weekday)
            );
        }
        assert_eq!(
            Day::new(2024, 2, 28).plus(2).at(3_661),
            "2024-03-01 01:01:01"
        );
    }
}
