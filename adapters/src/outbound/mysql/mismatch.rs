//! A value that does not become the type it must have: both types from the server's words, and a conversion to try.

/// The hint to `Incorrect integer value: 'abc' for column 'n' at row 1` and its kin.
pub(super) fn hint(number: u16, message: &str) -> Option<String> {
    if number == 1265 {
        let column = column(message)?;
        return Some(format!(
            "The value is none of those that column {column} takes, or only its beginning is: describe_table tells the column's type, and an enum's values."
        ));
    }
    let (before, after) = message.split_once(" value: '")?;
    let is_number_of_text = before.starts_with("Truncated incorrect ");
    let wanted = before
        .strip_prefix("Truncated incorrect ")
        .or_else(|| before.strip_prefix("Incorrect "))?
        .to_lowercase();
    // The last quote ends it: there may be others in it.
    let (value, place) = match after.split_once("' for ") {
        Some((value, place)) => (value, Some(place)),
        None => (after.strip_suffix('\'')?, None),
    };
    if wanted == "string" {
        let column =
            column(message).map_or_else(String::new, |column| format!(" of column {column}"));
        return Some(format!(
            "The text has characters that the character set{column} lacks: leave them out, or write into a column of utf8mb4."
        ));
    }
    let conversion = Conversion::to(&wanted);
    let is_a = format!("'{value}' is text and no {wanted}");
    Some(match (column(message), place) {
        (Some(column), _) => format!(
            "{is_a}, which column {column} takes: give {}, or convert the text with {}.",
            conversion.example, conversion.cast
        ),
        (None, Some(function)) => format!(
            "{is_a}, as {} needs it: give text of the form that it is told.",
            function.trim_start_matches("function ")
        ),
        (None, None) if is_number_of_text => format!(
            "{is_a}: compare text with text, as in CAST(number AS CHAR) = text, and convert with {} only text that has that form.",
            conversion.cast
        ),
        (None, None) => format!(
            "{is_a}: give {}, or convert the text with {}.",
            conversion.example, conversion.cast
        ),
    })
}

struct Conversion {
    example: &'static str,
    cast: &'static str,
}

impl Conversion {
    /// The types as the servers call them in messages, in whatever letter case.
    fn to(wanted: &str) -> Self {
        let (example, cast) = match wanted {
            "integer" => ("a whole number such as 42", "CAST(text AS SIGNED)"),
            "double" | "float" | "decimal" => {
                ("a number such as 4.2", "CAST(text AS DECIMAL(20,6))")
            }
            "date" => (
                "a date such as '2024-12-31'",
                "STR_TO_DATE(text, '%d/%m/%Y')",
            ),
            "datetime" | "timestamp" => (
                "a time such as '2024-12-31 23:59:59'",
                "STR_TO_DATE(text, '%d/%m/%Y %H:%i:%s')",
            ),
            "time" => ("a time such as '23:59:59'", "STR_TO_DATE(text, '%H.%i.%s')"),
            _ => ("a value of that type", "CAST"),
        };
        Self { example, cast }
    }
}

/// The column that a message names: `'n'`, or MariaDB's `` `shop`.`orders`.`n` ``.
fn column(message: &str) -> Option<String> {
    let (_, rest) = message.rsplit_once(" for column ")?;
    let (name, _) = rest.rsplit_once(" at row ")?;
    let name = name.rsplit("`.`").next()?;
    Some(format!("`{}`", name.trim_matches(['\'', '`'])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_types_are_told_with_a_conversion() {
        for (number, message, expected) in [
            (
                1366,
                "Incorrect integer value: 'abc' for column 'n' at row 1",
                "'abc' is text and no integer, which column `n` takes: give a whole number such as 42, or convert the text with CAST(text AS SIGNED).",
            ),
            (
                1366,
                "Incorrect DOUBLE value: 'it's' for column `shop`.`t`.`f` at row 12",
                "'it's' is text and no double, which column `f` takes: give a number such as 4.2, or convert the text with CAST(text AS DECIMAL(20,6)).",
            ),
            (
                1292,
                "Incorrect datetime value: '31/12/2020' for column 'dt' at row 1",
                "'31/12/2020' is text and no datetime, which column `dt` takes: give a time such as '2024-12-31 23:59:59', or convert the text with STR_TO_DATE(text, '%d/%m/%Y %H:%i:%s').",
            ),
            (
                1292,
                "Truncated incorrect DOUBLE value: 'abc'",
                "'abc' is text and no double: compare text with text, as in CAST(number AS CHAR) = text, and convert with CAST(text AS DECIMAL(20,6)) only text that has that form.",
            ),
            (
                1525,
                "Incorrect DATE value: 'abc'",
                "'abc' is text and no date: give a date such as '2024-12-31', or convert the text with STR_TO_DATE(text, '%d/%m/%Y').",
            ),
            (
                1411,
                "Incorrect datetime value: 'x' for function str_to_date",
                "'x' is text and no datetime, as str_to_date needs it: give text of the form that it is told.",
            ),
            (
                1366,
                "Incorrect string value: '\\xE6\\x97' for column `shop`.`t`.`s` at row 1",
                "The text has characters that the character set of column `s` lacks: leave them out, or write into a column of utf8mb4.",
            ),
            (
                1265,
                "Data truncated for column 'e' at row 1",
                "The value is none of those that column `e` takes, or only its beginning is: describe_table tells the column's type, and an enum's values.",
            ),
        ] {
            assert_eq!(
                hint(number, message).as_deref(),
                Some(expected),
                "{message}"
            );
        }
        assert_eq!(hint(3140, "Invalid JSON text: \"Invalid value.\""), None);
    }
}
