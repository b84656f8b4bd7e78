//! What a column of a result holds, read from the protocol's own facts.
//!
//! `sqlx` tells a column's type by a name that it makes from flags, and the flags lie: a text column with a binary
//! collation is no column of bytes. Collation and length tell the truth, but `sqlx` keeps them to itself: serde
//! would show them (its feature `offline`, which does not build with the other drivers), and so does `Debug`, which
//! is what is read here. A test holds that form still.

use domain::{Failure, query::Column as ResultColumn};
use sqlx::{Column as _, mysql::MySqlColumn};

/// The collation of bytes.
const BINARY: u16 = 63;
/// The most bytes that a character takes in utf8mb4, in which all text is sent to us: text lengths are given as
/// if each character took that many.
const CHARACTER_BYTES: u32 = 4;

/// How the bytes of a value are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    /// `TINYINT(1)`, which is what `BOOL` means.
    Boolean {
        unsigned: bool,
    },
    /// An integer of so many bytes on the wire.
    Integer {
        bytes: usize,
        unsigned: bool,
    },
    Float,
    Double,
    Date,
    /// `DATETIME` and `TIMESTAMP`, with so many fractional digits.
    DateTime {
        digits: usize,
    },
    Time {
        digits: usize,
    },
    /// Everything that the server sends as text: `DECIMAL` too.
    Text,
    Json,
    Bytes,
}

/// One column of a result.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) shown: ResultColumn,
    pub(super) kind: Kind,
}

/// What the protocol says of a column.
#[derive(Debug, PartialEq, Eq)]
struct Facts<'a> {
    r#type: &'a str,
    flags: &'a str,
    collation: u16,
    length: Option<u32>,
}

impl<'a> Facts<'a> {
    /// Reads `MySqlTypeInfo { type: Datetime, flags: ColumnFlags(BINARY), collation: Collation(63), max_size: Some(26) }`.
    fn read(debug: &'a str) -> Option<Self> {
        let facts = debug.strip_prefix("MySqlTypeInfo { type: ")?;
        let (r#type, facts) = facts.split_once(", flags: ColumnFlags(")?;
        let (flags, facts) = facts.split_once("), collation: Collation(")?;
        let (collation, length) = facts.split_once("), max_size: ")?;
        let length = length.strip_suffix(" }")?;
        Some(Self {
            r#type,
            flags,
            collation: collation.parse().ok()?,
            length: match length.strip_prefix("Some(") {
                Some(length) => Some(length.strip_suffix(')')?.parse().ok()?),
                None if length == "None" => None,
                None => return None,
            },
        })
    }

    fn has(&self, flag: &str) -> bool {
        self.flags.split(" | ").any(|word| word == flag)
    }

    fn is_bytes(&self) -> bool {
        self.collation == BINARY
    }

    /// Fractional digits of a temporal value that is `width` characters wide without them.
    ///
    /// The protocol has a field for them, which `sqlx` hides; the display length counts the point and the digits.
    fn digits(&self, width: u32) -> usize {
        match self.length.unwrap_or(width).saturating_sub(width) {
            0 | 1 => 0,
            with_point => (with_point as usize - 1).min(6),
        }
    }
}

impl Column {
    pub(super) fn of(column: &MySqlColumn) -> Result<Self, Failure> {
        let debug = format!("{:?}", column.type_info());
        let facts = Facts::read(&debug).ok_or_else(|| {
            Failure::internal(format!(
                "The type of column `{}` could not be read.",
                column.name()
            ))
        })?;
        let (kind, type_name) = kind_and_name(&facts).ok_or_else(|| {
            Failure::internal(format!(
                "Column `{}` has the type {}, which is not known here.",
                column.name(),
                facts.r#type
            ))
        })?;
        Ok(Self {
            shown: ResultColumn {
                name: column.name().to_owned(),
                type_name,
            },
            kind,
        })
    }

    pub(super) fn all_of(columns: &[MySqlColumn]) -> Result<Vec<Self>, Failure> {
        columns.iter().map(Self::of).collect()
    }
}

fn kind_and_name(facts: &Facts<'_>) -> Option<(Kind, String)> {
    let unsigned = facts.has("UNSIGNED");
    let integer = |bytes, name: &str| {
        let name = if unsigned {
            format!("{name} unsigned")
        } else {
            name.to_owned()
        };
        (Kind::Integer { bytes, unsigned }, name)
    };
    let plain = |kind, name: &str| (kind, name.to_owned());
    Some(match facts.r#type {
        "Null" => plain(Kind::Null, "null"),
        "Tiny" if facts.length == Some(1) => plain(Kind::Boolean { unsigned }, "tinyint(1)"),
        "Tiny" => integer(1, "tinyint"),
        "Short" => integer(2, "smallint"),
        "Int24" => integer(4, "mediumint"),
        "Long" => integer(4, "int"),
        "LongLong" => integer(8, "bigint"),
        "Year" => plain(
            Kind::Integer {
                bytes: 2,
                unsigned: true,
            },
            "year",
        ),
        "Float" => plain(Kind::Float, "float"),
        "Double" => plain(Kind::Double, "double"),
        "Decimal" | "NewDecimal" => plain(Kind::Text, "decimal"),
        "Date" => plain(Kind::Date, "date"),
        "Datetime" => plain(
            Kind::DateTime {
                digits: facts.digits(19),
            },
            "datetime",
        ),
        "Timestamp" => plain(
            Kind::DateTime {
                digits: facts.digits(19),
            },
            "timestamp",
        ),
        "Time" => plain(
            Kind::Time {
                digits: facts.digits(10),
            },
            "time",
        ),
        "Json" => plain(Kind::Json, "json"),
        "Bit" => plain(Kind::Bytes, "bit"),
        "Geometry" => plain(Kind::Bytes, "geometry"),
        "Enum" => plain(Kind::Text, "enum"),
        "Set" => plain(Kind::Text, "set"),
        "String" if facts.has("ENUM") => plain(Kind::Text, "enum"),
        "String" if facts.has("SET") => plain(Kind::Text, "set"),
        "String" => string(facts, "binary", "char"),
        "VarChar" | "VarString" => string(facts, "varbinary", "varchar"),
        "TinyBlob" | "Blob" | "MediumBlob" | "LongBlob" => blob(facts),
        _ => return None,
    })
}

fn string(facts: &Facts<'_>, bytes: &str, text: &str) -> (Kind, String) {
    if facts.is_bytes() {
        (Kind::Bytes, bytes.to_owned())
    } else {
        (Kind::Text, text.to_owned())
    }
}

/// The server sends one type code for every size of blob and text; the length tells which it is.
fn blob(facts: &Facts<'_>) -> (Kind, String) {
    let (kind, unit, word) = if facts.is_bytes() {
        (Kind::Bytes, 1, "blob")
    } else {
        (Kind::Text, CHARACTER_BYTES, "text")
    };
    let size = match facts.length.unwrap_or(u32::MAX) / unit {
        0..=0xff => "tiny",
        0x100..=0xffff => "",
        0x1_0000..=0xff_ffff => "medium",
        0x100_0000.. => "long",
    };
    (kind, format!("{size}{word}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts<'a>(r#type: &'a str, flags: &'a str, collation: u16, length: u32) -> Facts<'a> {
        Facts {
            r#type,
            flags,
            collation,
            length: Some(length),
        }
    }

    #[test]
    fn the_type_is_told_by_code_collation_and_length() {
        let unsigned = |bytes| Kind::Integer {
            bytes,
            unsigned: true,
        };
        for (type_code, flags, collation, length, kind, name) in [
            (
                "Tiny",
                "UNSIGNED | NUM",
                63,
                3,
                unsigned(1),
                "tinyint unsigned",
            ),
            (
                "Tiny",
                "NUM",
                63,
                1,
                Kind::Boolean { unsigned: false },
                "tinyint(1)",
            ),
            ("Year", "UNSIGNED | ZEROFILL", 63, 4, unsigned(2), "year"),
            (
                "Datetime",
                "BINARY",
                63,
                19,
                Kind::DateTime { digits: 0 },
                "datetime",
            ),
            (
                "Timestamp",
                "BINARY",
                63,
                23,
                Kind::DateTime { digits: 3 },
                "timestamp",
            ),
            ("Time", "BINARY", 63, 17, Kind::Time { digits: 6 }, "time"),
            // The flag says BINARY for every `_bin` collation; only the collation of bytes means bytes.
            ("VarString", "BINARY", 45, 40, Kind::Text, "varchar"),
            ("VarString", "BINARY", 63, 40, Kind::Bytes, "varbinary"),
            ("String", "ENUM", 45, 40, Kind::Text, "enum"),
            ("Blob", "BLOB", 45, 262_140, Kind::Text, "text"),
            (
                "Blob",
                "BLOB | BINARY",
                63,
                16_777_215,
                Kind::Bytes,
                "mediumblob",
            ),
        ] {
            assert_eq!(
                kind_and_name(&facts(type_code, flags, collation, length)),
                Some((kind, name.to_owned())),
                "{type_code} {flags} {collation} {length}"
            );
        }
    }

    #[test]
    fn the_driver_shows_its_facts_as_they_are_read() {
        let text = <str as sqlx::Type<sqlx::MySql>>::type_info();
        let bytes = <[u8] as sqlx::Type<sqlx::MySql>>::type_info();

        assert_eq!(
            Facts::read(&format!("{text:?}")),
            Some(Facts {
                r#type: "VarString",
                flags: "0x0",
                collation: 45,
                length: None,
            })
        );
        assert_eq!(
            Facts::read(&format!("{bytes:?}")),
            Some(Facts {
                r#type: "Blob",
                flags: "BINARY",
                collation: 63,
                length: None,
            })
        );
        assert_eq!(
            Facts::read(
                "MySqlTypeInfo { type: Time, flags: ColumnFlags(NOT_NULL | BINARY), collation: Collation(63), \
                 max_size: Some(17) }"
            ),
            Some(Facts {
                r#type: "Time",
                flags: "NOT_NULL | BINARY",
                collation: 63,
                length: Some(17),
            })
        );
    }

    #[test]
    fn an_unknown_type_is_not_guessed() {
        assert_eq!(kind_and_name(&facts("Vector", "", 63, 12)), None);
    }
}
