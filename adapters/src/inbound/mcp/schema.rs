//! Parameter schemas as small as they can be: every character of them is read by the model at every start.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Map, Value};

/// The schema of a tool's arguments.
pub(super) fn of_arguments<P: JsonSchema>() -> Map<String, Value> {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.meta_schema = None;
        // A reference costs more than what it refers to, and some clients follow none.
        settings.inline_subschemas = true;
    });
    let mut schema = settings
        .into_generator()
        .into_root_schema_for::<P>()
        .to_value();
    slim(&mut schema);
    let Value::Object(mut schema) = schema else {
        return Map::new();
    };
    // The type's own doc comment is for readers of the code.
    schema.remove("description");
    schema
        .entry("properties")
        .or_insert_with(|| Value::Object(Map::new()));
    schema
}

/// Takes out what tells a model nothing: the names of Rust types, integer widths, that what may be left out may also
/// be null.
fn slim(schema: &mut Value) {
    let Value::Object(schema) = schema else {
        return;
    };
    schema.remove("title");
    // Unknown arguments are refused all the same, with the nearest known one.
    if schema.get("additionalProperties") == Some(&Value::Bool(false)) {
        schema.remove("additionalProperties");
    }
    schema.remove("format");
    if schema
        .get("maximum")
        .and_then(Value::as_u64)
        .is_some_and(is_of_a_type)
    {
        schema.remove("maximum");
    }
    if schema.get("default").is_some_and(Value::is_null) {
        schema.remove("default");
    }
    // That a count is not below one goes without saying; a call that says so all the same is told.
    if schema
        .get("minimum")
        .and_then(Value::as_u64)
        .is_some_and(|least| least <= 1)
    {
        schema.remove("minimum");
    }
    if let Some([word, null]) = schema
        .get("type")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        && null == "null"
    {
        let word = word.clone();
        schema.insert("type".to_owned(), word);
    }
    for (keyword, value) in schema.iter_mut() {
        match keyword.as_str() {
            "properties" => {
                for property in value.as_object_mut().into_iter().flat_map(Map::values_mut) {
                    slim(property);
                }
            }
            "items" | "additionalProperties" => slim(value),
            _ => {}
        }
    }
}

/// The bound of a Rust type, which says nothing of what the value means.
fn is_of_a_type(bound: u64) -> bool {
    [u8::MAX.into(), u16::MAX.into(), u32::MAX.into(), u64::MAX].contains(&bound)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// For readers of the code.
    #[derive(JsonSchema)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Params {
        /// What to read.
        title: String,
        /// Most rows.
        #[validate(range(min = 1))]
        max_rows: Option<u64>,
        #[validate(range(min = 2, max = 9))]
        pages: Option<u64>,
        port: Option<u16>,
        names: Option<Vec<String>>,
    }

    #[derive(JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct None {}

    #[test]
    fn only_what_helps_a_model_is_left() {
        assert_eq!(
            Value::Object(of_arguments::<Params>()),
            json!({
                "type": "object",
                "properties": {
                    "title": {"type": "string", "description": "What to read."},
                    "maxRows": {"type": "integer", "description": "Most rows."},
                    "pages": {"type": "integer", "minimum": 2, "maximum": 9},
                    "port": {"type": "integer"},
                    "names": {"type": "array", "items": {"type": "string"}}
                },
                "required": ["title"]
            })
        );
    }

    #[test]
    fn a_tool_without_arguments_still_has_an_object() {
        assert_eq!(
            Value::Object(of_arguments::<None>()),
            json!({"type": "object", "properties": {}})
        );
    }
}
