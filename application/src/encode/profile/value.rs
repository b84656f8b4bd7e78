//! One value of a profile: what of a cell is kept to compare, count and show it.

use std::{
    cmp::Ordering,
    hash::{DefaultHasher, Hash, Hasher as _},
};

use domain::query::Cell;

use super::super::json_value::{not_finite, serialize, string};

/// A text is kept up to so many characters, which are compared and shown.
const MOST_CHARACTERS: usize = 64;
/// The largest integer that every reader of JSON keeps exact.
const MOST_EXACT: i128 = (1 << 53) - 1;

/// How the values of a column are compared, by the name of its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Numbers as numbers, texts by their bytes.
    Plain,
    /// Texts of digits are numbers: decimals, and times without their colons.
    Digits,
    /// The order of the texts is not the order of the values, so there is neither min nor max.
    None,
}

impl Order {
    pub(super) fn of(type_name: &str) -> Self {
        let name = type_name.to_ascii_lowercase();
        if name == "time" || name.starts_with("numeric") || name.starts_with("decimal") {
            Self::Digits
        } else if matches!(name.as_str(), "money" | "interval" | "inet" | "cidr")
            || name.ends_with("range")
        {
            Self::None
        } else {
            Self::Plain
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Bool(bool),
    Integer(i128),
    Float(f64),
    /// A number that is shown as the text it came as.
    Digits(String),
    /// The beginning of a text, and whether it goes on.
    Text {
        start: String,
        goes_on: bool,
    },
}

impl Value {
    /// What is kept of a cell, and a hash that equal values share; no value for what is only counted.
    pub(super) fn of(cell: Cell<'_>, order: Order) -> (u64, Option<Self>) {
        let value = match cell {
            Cell::Bool(value) => Self::Bool(value),
            Cell::Int(value) => Self::Integer(value.into()),
            Cell::UInt(value) => Self::Integer(value.into()),
            // Through its shortest text: 0.1 is no 0.10000000149011612.
            Cell::Float32(value) => Self::Float(value.to_string().parse().unwrap_or(value.into())),
            Cell::Float64(value) => Self::Float(value),
            Cell::Number(text) => match text.parse() {
                Ok(value) => Self::Integer(value),
                Err(_) => Self::Float(text.parse().unwrap_or(f64::NAN)),
            },
            Cell::Text(text) => {
                let number = (order == Order::Digits).then(|| Self::number(text));
                match number.flatten() {
                    Some(number) => number,
                    // Of the whole text, of which only the beginning is kept.
                    None => return (hash_of(&(0, text)), Some(Self::text(text))),
                }
            }
            Cell::Null => return (0, None),
            Cell::InvalidText(bytes) => return (hash_of(&(1, bytes)), None),
            Cell::Bytes(bytes) | Cell::MixedBytes(bytes) => return (hash_of(&(2, bytes)), None),
            Cell::HexBytes(text) | Cell::Json(text) | Cell::Array(text) => {
                return (hash_of(&(3, text)), None);
            }
        };
        (value.hash(), Some(value))
    }

    fn text(text: &str) -> Self {
        let end = text.char_indices().nth(MOST_CHARACTERS);
        let start = end.and_then(|(end, _)| text.get(..end)).unwrap_or(text);
        Self::Text {
            start: start.to_owned(),
            goes_on: start.len() < text.len(),
        }
    }

    fn number(text: &str) -> Option<Self> {
        Some(match text {
            "NaN" => Self::Float(f64::NAN),
            "Infinity" => Self::Float(f64::INFINITY),
            "-Infinity" => Self::Float(f64::NEG_INFINITY),
            _ => {
                Parts::of(text)?;
                Self::Digits(text.to_owned())
            }
        })
    }

    fn hash(&self) -> u64 {
        match self {
            Self::Bool(value) => hash_of(&(4, value)),
            Self::Integer(value) => hash_of(&(5, value)),
            // 1.0 is 1, and -0.0 is 0.
            Self::Float(value) => match whole(*value) {
                Some(whole) => hash_of(&(5, whole)),
                None => hash_of(&(6, value.to_bits())),
            },
            Self::Digits(text) => hash_of(&(7, Parts::of(text))),
            Self::Text { start, .. } => hash_of(&(0, start)),
        }
    }

    /// Truth values, then numbers, then texts.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(one), Self::Bool(other)) => one.cmp(other),
            (Self::Integer(one), Self::Integer(other)) => one.cmp(other),
            (Self::Float(one), Self::Float(other)) => compare_floats(*one, *other),
            (Self::Integer(one), Self::Float(other)) => compare_to_float(*one, *other),
            (Self::Float(one), Self::Integer(other)) => compare_to_float(*other, *one).reverse(),
            (Self::Digits(one), Self::Digits(other)) => Parts::of(one).cmp(&Parts::of(other)),
            // An exact number beside one that is not: a column of decimals has NaN and infinities only.
            (Self::Digits(_), _) | (_, Self::Digits(_))
                if self.rank() == 1 && other.rank() == 1 =>
            {
                compare_floats(self.nearest(), other.nearest())
            }
            (
                Self::Text { start, goes_on },
                Self::Text {
                    start: other,
                    goes_on: longer,
                },
            ) => (start, goes_on).cmp(&(other, longer)),
            _ => self.rank().cmp(&other.rank()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Bool(_) => 0,
            Self::Integer(_) | Self::Float(_) | Self::Digits(_) => 1,
            Self::Text { .. } => 2,
        }
    }

    fn nearest(&self) -> f64 {
        match self {
            Self::Float(value) => *value,
            Self::Integer(value) => value.to_string().parse().unwrap_or_default(),
            Self::Digits(text) => text.replace(':', "").parse().unwrap_or_default(),
            Self::Bool(_) | Self::Text { .. } => 0.0,
        }
    }

    /// Appends it as JSON, as in the rows; a text that goes on ends in `…`.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Bool(value) => serialize(out, value),
            Self::Integer(value) if (-MOST_EXACT..=MOST_EXACT).contains(value) => {
                serialize(out, value);
            }
            Self::Integer(value) => string(out, &value.to_string()),
            Self::Float(value) if value.is_finite() => serialize(out, value),
            Self::Float(value) => string(out, not_finite(*value)),
            Self::Digits(text) => string(out, text),
            Self::Text {
                start,
                goes_on: true,
            } => string(out, &format!("{start}…")),
            Self::Text { start, .. } => string(out, start),
        }
    }
}

fn hash_of<T: Hash>(value: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// As PostgreSQL orders them: NaN is the greatest, and equal to itself.
fn compare_floats(one: f64, other: f64) -> Ordering {
    one.partial_cmp(&other)
        .unwrap_or_else(|| one.is_nan().cmp(&other.is_nan()))
}

fn compare_to_float(one: i128, other: f64) -> Ordering {
    if other.is_nan() {
        return Ordering::Less;
    }
    one.cmp(&truncated(other))
        .then_with(|| compare_floats(0.0, other.fract()))
}

/// The integer that a float is, if it is one that a column of integers can hold.
fn whole(value: f64) -> Option<i128> {
    let is_integer = value.fract() == 0.0 && value.abs() < 1e37;
    is_integer.then(|| truncated(value))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "what is too large becomes the largest, which compares as it should"
)]
fn truncated(value: f64) -> i128 {
    value as i128
}

/// A number of digits, taken apart so that parts compare and hash as the number does.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Parts<'a> {
    is_negative: bool,
    /// Without leading zeros, and without the colons of a time.
    whole: String,
    /// Without the zeros at its end.
    fraction: &'a str,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let whole = whole.replace(':', "");
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.len() + fraction.len() == 0 || !is_digits(&whole) || !is_digits(fraction) {
            return None;
        }
        let whole = whole.trim_start_matches('0').to_owned();
        let fraction = fraction.trim_end_matches('0');
        let is_zero = whole.is_empty() && fraction.is_empty();
        Some(Self {
            is_negative: unsigned.len() < text.len() && !is_zero,
            whole,
            fraction,
        })
    }

    fn size(&self) -> (usize, &str, &str) {
        (self.whole.len(), &self.whole, self.fraction)
    }
}

impl Ord for Parts<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.is_negative, other.is_negative) {
            (false, false) => self.size().cmp(&other.size()),
            (true, true) => other.size().cmp(&self.size()),
            (one, other) => other.cmp(&one),
        }
    }
}

impl PartialOrd for Parts<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(cell: Cell<'_>, order: Order) -> Value {
        Value::of(cell, order).1.unwrap()
    }

    #[test]
    fn values_are_ordered_as_the_values_they_are() {
        for (order, cells) in [
            (
                Order::Plain,
                vec![
                    Cell::Bool(false),
                    Cell::Bool(true),
                    Cell::Float64(f64::NEG_INFINITY),
                    Cell::Int(i64::MIN),
                    Cell::Number("-2.5"),
                    Cell::Int(-2),
                    Cell::Int(9),
                    Cell::Float32(9.5),
                    Cell::Number("10"),
                    Cell::Float64(9_007_199_254_740_992.0),
                    Cell::Int(9_007_199_254_740_993),
                    Cell::UInt(u64::MAX),
                    Cell::Float64(f64::INFINITY),
                    Cell::Float64(f64::NAN),
                    Cell::Text("10"),
                    Cell::Text("9"),
                    Cell::Text("é"),
                ],
            ),
            (
                Order::Digits,
                vec![
                    Cell::Text("-Infinity"),
                    Cell::Text("-12.50"),
                    Cell::Text("-9"),
                    Cell::Text("-0.01"),
                    Cell::Text("0.00"),
                    Cell::Text("0.010"),
                    Cell::Text("9.5"),
                    Cell::Text("9.51"),
                    Cell::Text("10"),
                    Cell::Text("123456789012345678901234567890.1"),
                    Cell::Text("123456789012345678901234567890.2"),
                    Cell::Text("Infinity"),
                    Cell::Text("NaN"),
                ],
            ),
            (
                Order::Digits,
                vec![
                    Cell::Text("-838:59:59"),
                    Cell::Text("-00:00:01"),
                    Cell::Text("00:00:00.5"),
                    Cell::Text("09:59:59"),
                    Cell::Text("10:00:00"),
                    Cell::Text("100:00:00"),
                ],
            ),
        ] {
            for pair in cells.windows(2) {
                let (one, other) = (value(pair[0], order), value(pair[1], order));
                assert_eq!(one.compare(&other), Ordering::Less, "{pair:?}");
                assert_eq!(other.compare(&one), Ordering::Greater, "{pair:?}");
            }
        }
    }

    #[test]
    fn equal_numbers_have_one_hash() {
        for (one, other, order) in [
            (Cell::Int(1), Cell::Float64(1.0), Order::Plain),
            (Cell::Number("1"), Cell::UInt(1), Order::Plain),
            (Cell::Float64(0.0), Cell::Float64(-0.0), Order::Plain),
            (Cell::Float32(0.1), Cell::Float64(0.1), Order::Plain),
            (Cell::Text("1.50"), Cell::Text("01.5"), Order::Digits),
            (Cell::Text("-0.0"), Cell::Text("0"), Order::Digits),
        ] {
            let (one_hash, one_value) = Value::of(one, order);
            let (other_hash, other_value) = Value::of(other, order);
            assert_eq!(one_hash, other_hash, "{one:?} {other:?}");
            let compared = one_value.unwrap().compare(&other_value.unwrap());
            assert_eq!(compared, Ordering::Equal, "{one:?} {other:?}");
        }
    }

    #[test]
    fn long_texts_are_told_apart_beyond_what_is_shown() {
        let long = "é".repeat(64);
        let longer = format!("{long}!");

        let (hash, shown) = Value::of(Cell::Text(&long), Order::Plain);
        let (other_hash, other_shown) = Value::of(Cell::Text(&longer), Order::Plain);

        assert_ne!(hash, other_hash);
        let mut out = Vec::new();
        shown.unwrap().write(&mut out);
        other_shown.unwrap().write(&mut out);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            format!("\"{long}\"\"{long}…\"")
        );
    }
}
