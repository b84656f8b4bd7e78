//! JSON values as literals of `EXECUTE`.
//!
//! Every value goes in as text, through the input function of the type that the server inferred for its
//! placeholder: a string as it is, so that a string fits a uuid, a timestamp or a number, and everything else as its
//! JSON text. The one exception is an array for a parameter of an array type, which becomes an array literal.

use domain::Failure;
use serde_json::Value;

use super::types::{Scalar, Shape, TypeFacts};

/// One literal for each placeholder, ready to be put into SQL.
pub(super) fn literals(params: &[Value], types: &[TypeFacts]) -> Result<Vec<String>, Failure> {
    if params.len() != types.len() {
        return Err(miscounted(types.len(), params.len()));
    }
    params
        .iter()
        .zip(types)
        .enumerate()
        .map(|(index, (value, facts))| literal(value, facts.shape, index + 1))
        .collect()
}

fn miscounted(placeholders: usize, given: usize) -> Failure {
    let plural = |count: usize, word: &str| match count {
        0 => format!("no {word}s"),
        1 => format!("1 {word}"),
        _ => format!("{count} {word}s"),
    };
    Failure::invalid_argument(format!(
        "The statement has {}, but {} given.",
        plural(placeholders, "placeholder"),
        match given {
            1 => "1 parameter was".to_owned(),
            _ => format!("{} were", plural(given, "parameter")),
        },
    ))
    .with_hint("Placeholders are $1, $2, …; `params` holds one value for each, in that order.")
}

fn literal(value: &Value, shape: Shape, number: usize) -> Result<String, Failure> {
    let text = match (value, shape) {
        (Value::Null, _) => return Ok("NULL".to_owned()),
        (Value::Array(elements), Shape::Array { element, delimiter }) => {
            let mut out = String::new();
            write_array(elements, element, delimiter, &mut out);
            out
        }
        (value, Shape::Scalar(scalar)) => scalar_text(value, scalar),
        (value, Shape::Array { .. }) => scalar_text(value, Scalar::Text),
    };
    if text.contains('\0') {
        return Err(Failure::invalid_argument(format!(
            "Parameter {number} contains a NUL character, which PostgreSQL cannot store in text."
        ))
        .with_parameter(number)
        .with_hint("Remove it, or pass the bytes as hex to a bytea column: \"\\\\x00…\"."));
    }
    Ok(quoted(&text))
}

/// The text of one value that is not NULL.
fn scalar_text(value: &Value, scalar: Scalar) -> String {
    match value {
        Value::String(text) => text.clone(),
        // 2.0 is the integer 2 to JSON, but not to the server.
        Value::Number(number) if scalar == Scalar::Integer => match number.as_f64() {
            Some(float) if number.is_f64() && float.fract() == 0.0 => format!("{float:.0}"),
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}

fn write_array(elements: &[Value], element: Scalar, delimiter: u8, out: &mut String) {
    out.push('{');
    for (index, value) in elements.iter().enumerate() {
        if index > 0 {
            out.push(char::from(delimiter));
        }
        match value {
            Value::Null => out.push_str("NULL"),
            // An array inside an array of JSON is JSON.
            Value::Array(inner) if element != Scalar::Json => {
                write_array(inner, element, delimiter, out);
            }
            other => {
                out.push('"');
                for character in scalar_text(other, element).chars() {
                    if matches!(character, '"' | '\\') {
                        out.push('\\');
                    }
                    out.push(character);
                }
                out.push('"');
            }
        }
    }
    out.push('}');
}

/// `text` as a string literal that means the same whatever `standard_conforming_strings` says.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 3);
    out.push_str("E'");
    for character in text.chars() {
        match character {
            // Doubled: the server may be told to refuse a quote behind a backslash (`backslash_quote`).
            '\'' => out.push_str("''"),
            '\\' => out.push_str("\\\\"),
            _ => out.push(character),
        }
    }
    out.push('\'');
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(shape: Shape) -> TypeFacts {
        TypeFacts {
            name: "any".into(),
            shape,
        }
    }

    #[test]
    fn values_become_literals() {
        let scalar = Shape::Scalar;
        let array = |element| Shape::Array {
            element,
            delimiter: b',',
        };
        for (value, shape, expected) in [
            (json!(null), scalar(Scalar::Text), "NULL"),
            (json!("it's \\ ok"), scalar(Scalar::Text), r"E'it''s \\ ok'"),
            (json!(12), scalar(Scalar::Integer), "E'12'"),
            (json!(2.0), scalar(Scalar::Integer), "E'2'"),
            (json!(2.5), scalar(Scalar::Integer), "E'2.5'"),
            (json!(1.25), scalar(Scalar::Text), "E'1.25'"),
            (json!(true), scalar(Scalar::Bool), "E'true'"),
            (
                json!({"a": [1, "b'"]}),
                scalar(Scalar::Json),
                r#"E'{"a":[1,"b''"]}'"#,
            ),
            (json!([1, 2]), scalar(Scalar::Json), "E'[1,2]'"),
            (
                json!([1, null, "3"]),
                array(Scalar::Integer),
                r#"E'{"1",NULL,"3"}'"#,
            ),
            (
                json!([[1], [2.0]]),
                array(Scalar::Integer),
                r#"E'{{"1"},{"2"}}'"#,
            ),
            (
                json!(["a\"b\\c", "NULL", ""]),
                array(Scalar::Text),
                r#"E'{"a\\"b\\\\c","NULL",""}'"#,
            ),
            (
                json!([[1], {"a": 1}]),
                array(Scalar::Json),
                r#"E'{"[1]","{\\"a\\":1}"}'"#,
            ),
            (json!("{1,2}"), array(Scalar::Integer), "E'{1,2}'"),
            (json!([]), array(Scalar::Integer), "E'{}'"),
            (
                json!(["(1,1),(0,0)", null]),
                Shape::Array {
                    element: Scalar::Text,
                    delimiter: b';',
                },
                r#"E'{"(1,1),(0,0)";NULL}'"#,
            ),
        ] {
            assert_eq!(literals(&[value], &[of(shape)]).unwrap(), [expected]);
        }
    }

    #[test]
    fn a_wrong_number_of_parameters_is_counted_out() {
        let failure = literals(&[json!(1)], &[]).unwrap_err();

        assert_eq!(
            failure.message,
            "The statement has no placeholders, but 1 parameter was given."
        );
    }

    #[test]
    fn a_nul_is_refused_with_the_number_of_its_parameter() {
        let text = of(Shape::Scalar(Scalar::Text));

        let failure = literals(&[json!("a"), json!("b\0")], &[text.clone(), text]).unwrap_err();

        assert_eq!(failure.parameter, Some(2));
    }
}
