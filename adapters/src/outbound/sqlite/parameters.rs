//! Values to bind: which placeholder takes which, and what a JSON value becomes.

use domain::{Failure, FailureKind};
use serde_json::Value;

use super::handle::Bound;

/// Which value each parameter of a statement takes, from 0, by the names of the parameters (`None` for a bare `?` or for
/// a number that was passed over).
///
/// The second bare `?` takes the second value, `?3` and `$3` the third. `SQLite` numbers a bare `?` after the highest
/// number before it, so that both can be told apart only where the bare ones come first; and other names have no
/// position at all.
pub(super) fn positions(names: &[Option<String>]) -> Result<Vec<usize>, Failure> {
    let mut positions = Vec::with_capacity(names.len());
    let mut named_before = false;
    for (index, name) in names.iter().enumerate() {
        let number = match name {
            None if named_before => {
                return Err(refused(
                    "Numbered placeholders are mixed with `?`, or leave a number out.",
                ));
            }
            None => index + 1,
            Some(name) => {
                named_before = true;
                name.strip_prefix(['?', '$'])
                    .and_then(|digits| digits.parse::<usize>().ok())
                    .filter(|number| *number > 0)
                    .ok_or_else(|| refused(format!("The placeholder `{name}` has no position.")))?
            }
        };
        positions.push(number - 1);
    }
    Ok(positions)
}

/// How many values there must be.
pub(super) fn needed(positions: &[usize]) -> usize {
    positions.iter().max().map_or(0, |last| last + 1)
}

fn refused(message: impl Into<String>) -> Failure {
    Failure::new(FailureKind::InvalidSql, message).with_hint(
        "Write `?` for each value in order, or `?1`, `?2`, … to name each by its position; not both.",
    )
}

/// The values as `SQLite` takes them, checked against how many the statement needs.
pub(super) fn bind(values: &[Value], needed: usize) -> Result<Vec<Bound>, Failure> {
    if values.len() != needed {
        return Err(Failure::invalid_argument(format!(
            "The statement has {}, but `params` has {}.",
            counted(needed, "placeholder"),
            counted(values.len(), "value"),
        ))
        .with_hint("Placeholders are `?` or `?1`; give one value for each in `params`."));
    }
    values
        .iter()
        .enumerate()
        .map(|(index, value)| bound(value, index + 1))
        .collect()
}

fn counted(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

fn bound(value: &Value, parameter: usize) -> Result<Bound, Failure> {
    Ok(match value {
        Value::Null => Bound::Null,
        Value::Bool(truth) => Bound::Int(i64::from(*truth)),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => Bound::Int(integer),
            (None, Some(float)) if number.is_f64() => Bound::Real(float),
            _ => {
                return Err(Failure::invalid_argument(format!(
                    "Parameter {parameter} is larger than any integer of SQLite."
                ))
                .with_parameter(parameter)
                .with_hint(
                    "Integers go up to 9223372036854775807. Pass it as a string to bind text.",
                ));
            }
        },
        Value::String(text) => Bound::Text(text.clone()),
        Value::Array(_) | Value::Object(_) => Bound::Text(value.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn names(names: &[&str]) -> Vec<Option<String>> {
        names
            .iter()
            .map(|name| (!name.is_empty()).then(|| (*name).to_owned()))
            .collect()
    }

    #[test]
    fn values_are_counted_by_position() {
        for (given, needed) in [
            (&[][..], Some(0)),
            (&["", ""], Some(2)),
            (&["?1", "?2"], Some(2)),
            (&["", "?2"], Some(2)),
            // `SELECT ?2, ?3`: the first was passed over.
            (&["", "?2", "?3"], Some(3)),
            // `SELECT ?2, ?, ?5` and `SELECT ?1, ?3`.
            (&["", "?2", "", "", "?5"], None),
            (&["?1", "", "?3"], None),
            // `SELECT $2, $1`: numbered by SQLite in order of use, by the driver as written.
            (&["$2", "$1"], Some(2)),
            (&["?1", ""], None),
            (&[":name"], None),
            (&["@name"], None),
            (&["$name"], None),
            (&["$0"], None),
            (&["$1st"], None),
        ] {
            assert_eq!(
                positions(&names(given))
                    .ok()
                    .map(|positions| super::needed(&positions)),
                needed,
                "{given:?}"
            );
        }
    }

    #[test]
    fn a_number_beyond_64_bits_names_its_parameter() {
        let failure = bind(&[json!(1), json!(u64::MAX)], 2).unwrap_err();

        assert_eq!(failure.parameter, Some(2));
    }

    #[test]
    fn a_value_too_few_says_how_many_there_are() {
        let failure = bind(&[json!(1)], 2).unwrap_err();

        assert_eq!(failure.kind, FailureKind::InvalidArgument);
        assert_eq!(
            failure.message,
            "The statement has 2 placeholders, but `params` has 1 value."
        );
    }
}
