//! A call's arguments into a tool's parameters, or into a failure that says which argument is wrong and how.
//!
//! The schema that the model has read is what its arguments are held against, so what is said here and what was
//! promised there cannot differ.

use domain::{Failure, nearest::nearest};
use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value};
use validator::Validate;

/// Integers beyond this are not exact where numbers are floats.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// Reads the arguments of a call by the tool's `schema`. A null means the same as an argument left out.
pub(super) fn read<P: DeserializeOwned + Validate>(
    mut arguments: Map<String, Value>,
    schema: &Map<String, Value>,
) -> Result<P, Failure> {
    let empty = Map::new();
    let properties = schema
        .get("properties")
        .and_then(Value::as_object)
        .unwrap_or(&empty);
    arguments.retain(|name, value| !value.is_null() || !properties.contains_key(name));
    for (name, value) in &mut arguments {
        let property = properties
            .get(name)
            .ok_or_else(|| unknown(name, properties))?;
        check(name, value, property)?;
    }
    let required = schema.get("required").and_then(Value::as_array);
    for name in required.into_iter().flatten().filter_map(Value::as_str) {
        if !arguments.contains_key(name) {
            return Err(missing(name, properties));
        }
    }
    let params: P = serde_json::from_value(Value::Object(arguments)).map_err(|error| {
        Failure::invalid_argument(format!("The arguments cannot be read: {error}."))
    })?;
    params.validate().map_err(|errors| invalid(&errors))?;
    Ok(params)
}

fn unknown(name: &str, properties: &Map<String, Value>) -> Failure {
    let failure = Failure::invalid_argument(format!("There is no argument `{name}`."));
    let names: Vec<&str> = properties.keys().map(String::as_str).collect();
    if names.is_empty() {
        return failure.with_hint("This tool takes no arguments.");
    }
    let known = names.join(", ");
    failure.with_hint(match nearest(name, names) {
        Some(meant) => format!("Did you mean `{meant}`? Arguments: {known}."),
        None => format!("Arguments: {known}."),
    })
}

fn missing(name: &str, properties: &Map<String, Value>) -> Failure {
    let failure = Failure::invalid_argument(format!("The argument `{name}` is missing."));
    match description(properties.get(name)) {
        Some(description) => failure.with_hint(format!("`{name}`: {description}")),
        None => failure,
    }
}

/// Holds one argument against its schema. A whole number in the form of a float becomes an integer.
fn check(name: &str, value: &mut Value, property: &Value) -> Result<(), Failure> {
    if let Some(words) = property.get("enum").and_then(Value::as_array) {
        if words.contains(value) {
            return Ok(());
        }
        return Err(not_one_of(name, value, words));
    }
    let Some(expected) = property.get("type").and_then(Value::as_str) else {
        return Ok(());
    };
    if expected == "integer"
        && let Some(whole) = whole_number(value)
    {
        *value = whole;
    }
    let fits = match expected {
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => true,
    };
    if !fits {
        let failure = Failure::invalid_argument(format!(
            "`{name}` must be {}, not {}.",
            with_article(expected),
            kind(value)
        ));
        return Err(match description(Some(property)) {
            Some(description) => failure.with_hint(format!("`{name}`: {description}")),
            None => failure,
        });
    }
    // Whatever is an integer here counts something.
    let least = property.get("minimum").and_then(Value::as_u64).unwrap_or(0);
    if expected == "integer" && value.as_u64().is_none_or(|value| value < least) {
        return Err(Failure::invalid_argument(format!(
            "`{name}` is {value}; it must be at least {least}."
        ))
        .with_hint(left_out(name)));
    }
    Ok(())
}

fn whole_number(value: &Value) -> Option<Value> {
    let float = value.as_f64().filter(|_| value.is_f64())?;
    (float.fract() == 0.0 && float.abs() < MAX_EXACT).then_some(())?;
    format!("{float:.0}")
        .parse::<i64>()
        .ok()
        .map(|whole| Value::Number(Number::from(whole)))
}

fn not_one_of(name: &str, value: &Value, words: &[Value]) -> Failure {
    let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
    let failure =
        Failure::invalid_argument(format!("`{name}` must be one of {}.", words.join(", ")));
    match value.as_str().and_then(|value| nearest(value, words)) {
        Some(meant) => failure.with_hint(format!("Did you mean `{meant}`?")),
        None => failure,
    }
}

fn invalid(errors: &validator::ValidationErrors) -> Failure {
    let mut told: Vec<String> = errors
        .field_errors()
        .iter()
        .flat_map(|(field, errors)| {
            let name = camel_case(field);
            errors.iter().map(move |error| match &error.message {
                Some(message) => format!("`{name}` {message}."),
                None => format!("`{name}` breaks the rule `{}`.", error.code),
            })
        })
        .collect();
    told.sort();
    let failure = Failure::invalid_argument(told.join(" "));
    let too_small = errors
        .field_errors()
        .into_iter()
        .find(|(_, errors)| errors.iter().any(|error| error.code == "range"));
    match too_small {
        Some((field, _)) => failure.with_hint(left_out(&camel_case(&field))),
        None => failure,
    }
}

/// Zero is not "no limit".
fn left_out(name: &str) -> String {
    format!("Leave `{name}` out to get the default.")
}

fn description(property: Option<&Value>) -> Option<&str> {
    property?.get("description")?.as_str()
}

fn camel_case(field: &str) -> String {
    let mut words = field.split('_');
    let mut name = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut characters = word.chars();
        name.extend(characters.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(characters.as_str());
    }
    name
}

fn with_article(kind: &str) -> &'static str {
    match kind {
        "string" => "a string",
        "integer" => "an integer",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "an array",
        _ => "an object",
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::Deserialize;
    use serde_json::json;

    use super::*;
    use crate::inbound::mcp::schema;

    #[derive(Debug, PartialEq, Deserialize, JsonSchema, Validate)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Params {
        /// One SQL statement.
        sql: String,
        /// Most rows.
        #[validate(range(min = 1, message = "must be at least 1"))]
        max_rows: Option<u64>,
        #[validate(length(max = 3, message = "has at most 3 characters"))]
        short_name: Option<String>,
        #[serde(default)]
        #[schemars(schema_with = "words")]
        format: Option<String>,
        values: Option<Vec<String>>,
        exact: Option<bool>,
    }

    fn words(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "enum": ["json", "csv"]})
    }

    fn params(arguments: Value) -> Result<Params, Failure> {
        let Value::Object(arguments) = arguments else {
            panic!("arguments are an object")
        };
        read(arguments, &schema::of_arguments::<Params>())
    }

    #[test]
    fn each_mistake_names_the_argument_and_what_was_expected() {
        for (arguments, message, hint) in [
            (
                json!({}),
                "The argument `sql` is missing.",
                Some("`sql`: One SQL statement."),
            ),
            (
                json!({"sql": null}),
                "The argument `sql` is missing.",
                Some("`sql`: One SQL statement."),
            ),
            (
                json!({"sql": 5}),
                "`sql` must be a string, not a number.",
                Some("`sql`: One SQL statement."),
            ),
            (
                json!({"sql": "x", "maxRow": 5}),
                "There is no argument `maxRow`.",
                Some(
                    "Did you mean `maxRows`? Arguments: exact, format, maxRows, shortName, sql, values.",
                ),
            ),
            (
                json!({"sql": "x", "zzz": 5}),
                "There is no argument `zzz`.",
                Some("Arguments: exact, format, maxRows, shortName, sql, values."),
            ),
            (
                json!({"sql": "x", "maxRows": "10"}),
                "`maxRows` must be an integer, not a string.",
                Some("`maxRows`: Most rows."),
            ),
            (
                json!({"sql": "x", "maxRows": 1.5}),
                "`maxRows` must be an integer, not a number.",
                Some("`maxRows`: Most rows."),
            ),
            (
                json!({"sql": "x", "maxRows": 0}),
                "`maxRows` must be at least 1.",
                Some("Leave `maxRows` out to get the default."),
            ),
            (
                json!({"sql": "x", "maxRows": -3}),
                "`maxRows` is -3; it must be at least 0.",
                Some("Leave `maxRows` out to get the default."),
            ),
            (
                json!({"sql": "x", "format": "jsn"}),
                "`format` must be one of json, csv.",
                Some("Did you mean `json`?"),
            ),
            (
                json!({"sql": "x", "format": 1}),
                "`format` must be one of json, csv.",
                None,
            ),
            (
                json!({"sql": "x", "values": {}}),
                "`values` must be an array, not an object.",
                None,
            ),
            (
                json!({"sql": "x", "exact": "yes"}),
                "`exact` must be true or false, not a string.",
                None,
            ),
            (
                json!({"sql": "x", "shortName": "long"}),
                "`shortName` has at most 3 characters.",
                None,
            ),
        ] {
            let failure = params(arguments.clone()).unwrap_err();
            assert_eq!(failure.message, message, "{arguments}");
            assert_eq!(failure.hint.as_deref(), hint, "{arguments}");
        }
    }

    #[test]
    fn null_and_whole_floats_are_taken_as_meant() {
        let params = params(json!({"sql": "x", "maxRows": 5.0, "format": null})).unwrap();

        assert_eq!(params.max_rows, Some(5));
        assert_eq!(params.format, None);
    }
}
