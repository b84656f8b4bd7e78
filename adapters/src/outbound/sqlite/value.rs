//! One cell of a result, by the storage class of the value in it: `SQLite` lets any column hold any class.

use domain::query::Cell;

use super::handle::Stored;

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

/// The value as a cell.
pub(super) fn cell(value: Stored<'_>, declared: Declared) -> Cell<'_> {
    match (value, declared) {
        (Stored::Null, _) => Cell::Null,
        (Stored::Int(number @ (0 | 1)), Declared::Boolean) => Cell::Bool(number == 1),
        (Stored::Int(number), _) => Cell::Int(number),
        (Stored::Real(number), _) => Cell::Float64(number),
        (Stored::Text(bytes), _) => {
            std::str::from_utf8(bytes).map_or(Cell::InvalidText(bytes), Cell::Text)
        }
        (Stored::Blob(bytes), Declared::Blob) => Cell::Bytes(bytes),
        (Stored::Blob(bytes), Declared::Boolean | Declared::Other) => Cell::MixedBytes(bytes),
    }
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
