//! One value of the binary protocol as a borrowed [`Cell`]; the only decoder of this engine.

use std::fmt::Write as _;

use domain::query::Cell;

use super::column::Kind;

/// The bytes do not have the form that their type prescribes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// Reads `bytes` as the protocol sent them; `None` is NULL. Temporal values are written into `text`, exactly as
/// the server's own client prints them.
pub(super) fn cell<'a>(
    kind: Kind,
    bytes: Option<&'a [u8]>,
    text: &'a mut String,
) -> Result<Cell<'a>, Malformed> {
    let Some(bytes) = bytes else {
        return Ok(Cell::Null);
    };
    Ok(match kind {
        Kind::Null => return Err(Malformed),
        Kind::Boolean { unsigned } => match (integer(bytes, 1, unsigned)?, bytes) {
            (_, [0]) => Cell::Bool(false),
            (_, [1]) => Cell::Bool(true),
            (other, _) => other,
        },
        Kind::Integer {
            bytes: width,
            unsigned,
        } => integer(bytes, width, unsigned)?,
        Kind::Float => Cell::Float32(f32::from_le_bytes(array(bytes)?)),
        Kind::Double => Cell::Float64(f64::from_le_bytes(array(bytes)?)),
        Kind::Date => {
            text.clear();
            DateTime::read(bytes)?.write_date(text);
            Cell::Text(text)
        }
        Kind::DateTime { digits } => {
            text.clear();
            DateTime::read(bytes)?.write(digits, text);
            Cell::Text(text)
        }
        Kind::Time { digits } => {
            text.clear();
            write_time(bytes, digits, text)?;
            Cell::Text(text)
        }
        Kind::Text => match std::str::from_utf8(bytes) {
            Ok(text) => Cell::Text(text),
            Err(_) => Cell::InvalidText(bytes),
        },
        Kind::Json => match std::str::from_utf8(bytes) {
            Ok(text) => Cell::Json(text),
            Err(_) => Cell::InvalidText(bytes),
        },
        Kind::Bytes => Cell::Bytes(bytes),
    })
}

fn array<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Malformed> {
    bytes.try_into().map_err(|_| Malformed)
}

fn integer<'a>(bytes: &[u8], width: usize, unsigned: bool) -> Result<Cell<'a>, Malformed> {
    if unsigned {
        return Ok(Cell::UInt(match width {
            1 => u8::from_le_bytes(array(bytes)?).into(),
            2 => u16::from_le_bytes(array(bytes)?).into(),
            4 => u32::from_le_bytes(array(bytes)?).into(),
            _ => u64::from_le_bytes(array(bytes)?),
        }));
    }
    Ok(Cell::Int(match width {
        1 => i8::from_le_bytes(array(bytes)?).into(),
        2 => i16::from_le_bytes(array(bytes)?).into(),
        4 => i32::from_le_bytes(array(bytes)?).into(),
        _ => i64::from_le_bytes(array(bytes)?),
    }))
}

/// A date, or a date and time; trailing zero parts are not sent, so that a zero date is one byte.
#[derive(Default)]
struct DateTime {
    year: u16,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
    microsecond: u32,
}

impl DateTime {
    fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let (length, rest) = bytes.split_first().ok_or(Malformed)?;
        if usize::from(*length) != rest.len() {
            return Err(Malformed);
        }
        let mut read = Self::default();
        match *rest {
            [] => {}
            [y0, y1, month, day] => {
                (read.year, read.month, read.day) = (u16::from_le_bytes([y0, y1]), month, day);
            }
            [y0, y1, month, day, hour, minute, second, ref fraction @ ..] => {
                (read.year, read.month, read.day) = (u16::from_le_bytes([y0, y1]), month, day);
                (read.hour, read.minute, read.second) = (hour, minute, second);
                if !fraction.is_empty() {
                    read.microsecond = u32::from_le_bytes(array(fraction)?);
                }
            }
            _ => return Err(Malformed),
        }
        Ok(read)
    }

    fn write_date(&self, text: &mut String) {
        // Writing into a string cannot fail.
        let _ = write!(text, "{:04}-{:02}-{:02}", self.year, self.month, self.day);
    }

    fn write(&self, digits: usize, text: &mut String) {
        self.write_date(text);
        let _ = write!(
            text,
            " {:02}:{:02}:{:02}",
            self.hour, self.minute, self.second
        );
        write_fraction(self.microsecond, digits, text);
    }
}

/// A signed time of up to 838 hours, sent as days and the rest.
fn write_time(bytes: &[u8], digits: usize, text: &mut String) -> Result<(), Malformed> {
    let (length, rest) = bytes.split_first().ok_or(Malformed)?;
    if usize::from(*length) != rest.len() {
        return Err(Malformed);
    }
    let (negative, days, [hour, minute, second], microsecond) = match *rest {
        [] => (0, 0, [0; 3], 0),
        [
            negative,
            d0,
            d1,
            d2,
            d3,
            hour,
            minute,
            second,
            ref fraction @ ..,
        ] => (
            negative,
            u32::from_le_bytes([d0, d1, d2, d3]),
            [hour, minute, second],
            if fraction.is_empty() {
                0
            } else {
                u32::from_le_bytes(array(fraction)?)
            },
        ),
        _ => return Err(Malformed),
    };
    if negative != 0 {
        text.push('-');
    }
    let hours = u64::from(days) * 24 + u64::from(hour);
    let _ = write!(text, "{hours:02}:{minute:02}:{second:02}");
    write_fraction(microsecond, digits, text);
    Ok(())
}

/// The first `digits` digits. The server has already rounded to them: what is left out is zero.
fn write_fraction(microsecond: u32, digits: usize, text: &mut String) {
    if digits > 0 {
        let start = text.len();
        let _ = write!(text, ".{microsecond:06}");
        text.truncate(start + 1 + digits.min(6));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(kind: Kind, bytes: &[u8]) -> String {
        let mut text = String::new();
        match cell(kind, Some(bytes), &mut text).unwrap() {
            Cell::Text(text) => text.to_owned(),
            other => panic!("{other:?} is not text"),
        }
    }

    #[test]
    fn temporal_values_are_written_as_the_server_prints_them() {
        let datetime = |digits| Kind::DateTime { digits };
        let time = |digits| Kind::Time { digits };
        for (kind, bytes, expected) in [
            (Kind::Date, &[0][..], "0000-00-00"),
            (Kind::Date, &[4, 0xe8, 0x07, 2, 29], "2024-02-29"),
            (datetime(0), &[0], "0000-00-00 00:00:00"),
            (datetime(3), &[0], "0000-00-00 00:00:00.000"),
            (datetime(0), &[4, 0xe8, 0x07, 0, 0], "2024-00-00 00:00:00"),
            (
                datetime(6),
                &[11, 0x0f, 0x27, 12, 31, 23, 59, 59, 0x3f, 0x42, 0x0f, 0],
                "9999-12-31 23:59:59.999999",
            ),
            (time(0), &[0], "00:00:00"),
            (time(2), &[0], "00:00:00.00"),
            (time(0), &[8, 1, 34, 0, 0, 0, 22, 59, 59], "-838:59:59"),
            (
                time(1),
                &[12, 0, 0, 0, 0, 0, 1, 2, 3, 0x20, 0xa1, 0x07, 0],
                "01:02:03.5",
            ),
        ] {
            assert_eq!(shown(kind, bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn a_boolean_is_zero_or_one_and_anything_else_a_number() {
        let kind = Kind::Boolean { unsigned: false };
        for (byte, expected) in [
            (0, Cell::Bool(false)),
            (1, Cell::Bool(true)),
            (2, Cell::Int(2)),
            (255, Cell::Int(-1)),
        ] {
            assert_eq!(cell(kind, Some(&[byte]), &mut String::new()), Ok(expected));
        }
    }

    #[test]
    fn text_that_is_not_utf8_stays_bytes() {
        assert_eq!(
            cell(Kind::Text, Some(&[0xff]), &mut String::new()),
            Ok(Cell::InvalidText(&[0xff]))
        );
    }

    #[test]
    fn a_value_of_the_wrong_length_is_never_guessed() {
        for (kind, bytes) in [
            (Kind::Double, &[0; 4][..]),
            (Kind::Date, &[4, 1]),
            (Kind::DateTime { digits: 0 }, &[5, 1, 1, 1, 1, 1]),
            (Kind::Time { digits: 0 }, &[]),
        ] {
            assert_eq!(
                cell(kind, Some(bytes), &mut String::new()),
                Err(Malformed),
                "{bytes:?}"
            );
        }
    }
}
