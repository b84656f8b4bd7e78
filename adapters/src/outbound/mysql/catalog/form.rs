//! How the servers' words are told: one form for both.

use std::fmt::Write as _;

use super::{super::reserved::quoted, Flavor};

/// One part of an index.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// The column; `None` for an expression.
    pub(super) column: Option<String>,
    pub(super) expression: Option<String>,
    pub(super) prefix: Option<u64>,
    pub(super) descends: bool,
}

impl Part {
    /// The column, if it is nothing but one.
    pub(super) fn plain_column(&self) -> Option<&str> {
        let is_plain = self.prefix.is_none() && !self.descends;
        self.column.as_deref().filter(|_| is_plain)
    }

    /// `name(5) DESC`, or an expression in brackets, as a statement would have it.
    pub(super) fn text(&self) -> String {
        let mut text = match (&self.column, &self.expression) {
            (Some(column), _) => quoted(column).into_owned(),
            (None, Some(expression)) => format!("({})", plain(expression)),
            // Older versions have neither for an index of a kind that they do not know.
            (None, None) => "?".to_owned(),
        };
        if let Some(prefix) = self.prefix {
            // Writing into a string cannot fail.
            let _ = write!(text, "({prefix})");
        }
        if self.descends {
            text.push_str(" DESC");
        }
        text
    }
}

/// An expression as it was written: MySQL's catalog has its quotes and backslashes escaped once more.
pub(super) fn plain(expression: &str) -> String {
    let mut text = String::with_capacity(expression.len());
    let mut characters = expression.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => text.extend(characters.next()),
            other => text.push(other),
        }
    }
    text
}

/// An expression of the catalog of either server.
pub(super) fn expression(flavor: Flavor, text: &str) -> String {
    if flavor.is_mariadb {
        text.to_owned()
    } else {
        plain(text)
    }
}

/// What a column's default says, as it would stand in its declaration. `MariaDB` tells it so; `MySQL` tells the bare
/// value, and in `extra` whether it is an expression.
pub(super) fn default(
    flavor: Flavor,
    default: &str,
    data_type: &str,
    extra: &str,
) -> Option<String> {
    if flavor.is_mariadb {
        return (default != "NULL").then(|| default.to_owned());
    }
    let is_expression = extra.contains("DEFAULT_GENERATED")
        // Before version 8 that word was not there, and this the only function that could be a default.
        || (matches!(data_type, "timestamp" | "datetime")
            && default.to_ascii_uppercase().starts_with("CURRENT_TIMESTAMP"));
    let is_text = matches!(
        data_type,
        "char"
            | "varchar"
            | "enum"
            | "set"
            | "date"
            | "time"
            | "datetime"
            | "timestamp"
            | "tinytext"
            | "text"
            | "mediumtext"
            | "longtext"
    ) || (matches!(data_type, "binary" | "varbinary") && !default.starts_with("0x"));
    Some(if is_expression {
        plain(default)
    } else if is_text {
        format!("'{}'", default.replace('\'', "''"))
    } else {
        default.to_owned()
    })
}

/// The values of `enum('a','it''s')`; none for any other type.
pub(super) fn values(column_type: &str) -> Vec<String> {
    let Some(list) = column_type
        .strip_prefix("enum(")
        .or_else(|| column_type.strip_prefix("set("))
        .and_then(|rest| rest.strip_suffix(')'))
    else {
        return Vec::new();
    };
    let mut values = Vec::new();
    let mut characters = list.chars().peekable();
    while characters.next() == Some('\'') {
        let mut value = String::new();
        while let Some(character) = characters.next() {
            if character == '\'' && characters.next_if_eq(&'\'').is_none() {
                break;
            }
            value.push(character);
        }
        values.push(value);
        // The comma.
        characters.next();
    }
    values
}

/// The comment of a table. A view's is not one: it says that it is a view, or that it is broken.
pub(super) fn table_comment(table_type: &str, comment: &str) -> Option<String> {
    (!table_type.ends_with("VIEW") && !comment.is_empty()).then(|| comment.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_has_one_form_whatever_the_server() {
        for (flavor, told, data_type, extra, expected) in [
            (Flavor::MYSQL, "it's", "varchar", "", Some("'it''s'")),
            (Flavor::MARIADB, "'it''s'", "varchar", "", Some("'it''s'")),
            (Flavor::MYSQL, "NULL", "varchar", "", Some("'NULL'")),
            (Flavor::MARIADB, "NULL", "varchar", "", None),
            (Flavor::MYSQL, "", "char", "", Some("''")),
            (Flavor::MYSQL, "1.50", "decimal", "", Some("1.50")),
            (Flavor::MYSQL, "b'101'", "bit", "", Some("b'101'")),
            (Flavor::MYSQL, "0x6100", "binary", "", Some("0x6100")),
            (
                Flavor::MYSQL,
                "2020-01-01",
                "date",
                "",
                Some("'2020-01-01'"),
            ),
            (
                Flavor::MYSQL,
                "concat(_utf8mb4\\'a\\',1)",
                "varchar",
                "DEFAULT_GENERATED",
                Some("concat(_utf8mb4'a',1)"),
            ),
            (
                Flavor::MYSQL,
                "CURRENT_TIMESTAMP",
                "timestamp",
                "on update CURRENT_TIMESTAMP",
                Some("CURRENT_TIMESTAMP"),
            ),
        ] {
            assert_eq!(
                default(flavor, told, data_type, extra).as_deref(),
                expected,
                "{told}"
            );
        }
    }

    #[test]
    fn the_values_of_an_enum_are_read_through_their_quotes() {
        for (column_type, expected) in [
            ("enum('new','it''s','a,b')", &["new", "it's", "a,b"][..]),
            ("set('x','y')", &["x", "y"]),
            ("enum('')", &[""]),
            ("enum('''')", &["'"]),
            ("varchar(3)", &[]),
        ] {
            assert_eq!(values(column_type), expected, "{column_type}");
        }
    }

    #[test]
    fn the_parts_of_an_index_are_told_as_they_are_declared() {
        let column = |name: &str| Part {
            column: Some(name.to_owned()),
            ..Part::default()
        };
        for (part, expected) in [
            (column("a"), "a"),
            (
                Part {
                    prefix: Some(5),
                    descends: true,
                    ..column("a")
                },
                "a(5) DESC",
            ),
            (
                Part {
                    expression: Some("lower(`b`)".to_owned()),
                    ..Part::default()
                },
                "(lower(`b`))",
            ),
        ] {
            assert_eq!(part.text(), expected);
        }
    }
}
