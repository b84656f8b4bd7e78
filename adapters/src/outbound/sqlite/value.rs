//! One cell of a result, by the storage class of the value in it: `SQLite` lets any column hold any class.

use domain::{Failure, query::Cell};
use sqlx::{Decode, Sqlite, TypeInfo, ValueRef, sqlite::SqliteValueRef};

/// What a column's declared type says about values that their storage class does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Declared {
    /// `BOOLEAN`: 0 and 1 are truth values.
    Boolean,
    /// A column of bytes.
    Blob,
    Other,
}

impl Declared {
    /// `declared` as written in the table's definition.
    pub(super) fn of(declared: Option<&str>) -> Self {
        let declared = declared.unwrap_or_default().trim().to_ascii_uppercase();
        match declared.as_str() {
            "BOOLEAN" | "BOOL" => Self::Boolean,
            other if other.contains("BLOB") => Self::Blob,
            _ => Self::Other,
        }
    }
}

/// The value, borrowed from its row.
pub(super) fn cell(value: SqliteValueRef<'_>, declared: Declared) -> Result<Cell<'_>, Failure> {
    if value.is_null() {
        return Ok(Cell::Null);
    }
    // Of a value that is not NULL this is the storage class, not the column's type.
    let decoded = match value.type_info().name() {
        "INTEGER" => {
            <i64 as Decode<Sqlite>>::decode(value).map(|number| match (number, declared) {
                (0 | 1, Declared::Boolean) => Cell::Bool(number == 1),
                _ => Cell::Int(number),
            })
        }
        "REAL" => <f64 as Decode<Sqlite>>::decode(value).map(Cell::Float64),
        // The driver's own text stops at bytes that are not UTF-8, so text is taken as bytes and looked at here.
        "TEXT" => <&[u8] as Decode<Sqlite>>::decode(value)
            .map(|bytes| std::str::from_utf8(bytes).map_or(Cell::InvalidText(bytes), Cell::Text)),
        "BLOB" => <&[u8] as Decode<Sqlite>>::decode(value).map(|bytes| match declared {
            Declared::Blob => Cell::Bytes(bytes),
            Declared::Boolean | Declared::Other => Cell::MixedBytes(bytes),
        }),
        other => {
            return Err(Failure::internal(format!(
                "A value of the storage class {other} has no decoder."
            )));
        }
    };
    decoded.map_err(|error| Failure::internal("A value could not be read.").with_source(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_declared_type_is_read_as_people_write_it() {
        for (declared, expected) in [
            (Some("BOOLEAN"), Declared::Boolean),
            (Some("bool"), Declared::Boolean),
            (Some("LONGBLOB"), Declared::Blob),
            (Some("INTEGER"), Declared::Other),
            (Some(""), Declared::Other),
            (None, Declared::Other),
        ] {
            assert_eq!(Declared::of(declared), expected, "{declared:?}");
        }
    }
}
