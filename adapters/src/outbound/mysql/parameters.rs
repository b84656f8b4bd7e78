//! JSON values as bound parameters.

use domain::{Failure, query::Statement};
use serde_json::Value;
use sqlx::{Arguments as _, Either, Statement as _, mysql::MySqlArguments, mysql::MySqlStatement};

use super::text;

/// One letter for the type of each parameter, in order.
pub(super) type Types = Box<[u8]>;

/// The types that the values of `statement` are sent with.
pub(super) fn types(statement: &Statement) -> Types {
    statement
        .params
        .iter()
        .map(|value| match value {
            Value::Null => b'n',
            Value::Bool(_) => b'b',
            Value::Number(number) if number.is_i64() => b'i',
            Value::Number(number) if number.is_u64() => b'u',
            Value::Number(_) => b'f',
            Value::String(_) | Value::Array(_) | Value::Object(_) => b's',
        })
        .collect()
}

/// The values of `statement`, ready to be sent; refused where their number is not that of the placeholders.
pub(super) fn bind(
    statement: &Statement,
    prepared: &MySqlStatement,
) -> Result<MySqlArguments, Failure> {
    let wanted = match prepared.parameters() {
        Some(Either::Left(types)) => types.len(),
        Some(Either::Right(count)) => count,
        None => 0,
    };
    let given = statement.params.len();
    if wanted != given {
        return Err(count_mismatch(statement, wanted, given));
    }
    let mut arguments = MySqlArguments::default();
    for (index, value) in statement.params.iter().enumerate() {
        add(&mut arguments, value).map_err(|error| {
            Failure::internal(format!("Parameter {} could not be sent.", index + 1))
                .with_parameter(index + 1)
                .with_source(error)
        })?;
    }
    Ok(arguments)
}

fn add(arguments: &mut MySqlArguments, value: &Value) -> Result<(), sqlx::error::BoxDynError> {
    match value {
        // A NULL has the type of text: that converts to every other, as a NULL literal does.
        Value::Null => arguments.add(None::<&str>),
        Value::Bool(value) => arguments.add(i8::from(*value)),
        Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(signed), _, _) => arguments.add(signed),
            (None, Some(unsigned), _) => arguments.add(unsigned),
            (None, None, Some(float)) => arguments.add(float),
            (None, None, None) => arguments.add(number.to_string()),
        },
        Value::String(text) => arguments.add(text.as_str()),
        Value::Array(_) | Value::Object(_) => arguments.add(value.to_string()),
    }
}

fn count_mismatch(statement: &Statement, wanted: usize, given: usize) -> Failure {
    let failure = Failure::invalid_argument(format!(
        "The statement has {wanted} placeholder{} (`?`), and `params` has {given} value{}.",
        plural(wanted),
        plural(given)
    ));
    if wanted == 0 && text::numbered_placeholder(&statement.sql).is_some() {
        return failure.with_hint(text::PLACEHOLDER_HINT);
    }
    failure.with_hint(
        "Give one value for each `?`, in order. A `?` inside quotes or a comment is not a placeholder.",
    )
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}
