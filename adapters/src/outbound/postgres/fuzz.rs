//! No text makes a decoder fail, and what the server can print of arrays and JSON is read back as it was.

use domain::query::Cell;
use proptest::{
    collection::vec,
    option,
    prelude::{Just, any, prop_assert_eq, prop_oneof},
    sample::select,
    strategy::Strategy,
};
use serde_json::{Value, json};

use super::{
    super::fuzz::holds,
    json::compact,
    types::{Scalar, Shape},
    value::cell,
};

const SCALARS: [Scalar; 6] = [
    Scalar::Bool,
    Scalar::Integer,
    Scalar::Float,
    Scalar::Bytes,
    Scalar::Json,
    Scalar::Text,
];

fn shape() -> impl Strategy<Value = Shape> {
    let element = select(&SCALARS[..]);
    prop_oneof![
        element.clone().prop_map(Shape::Scalar),
        (element, select(&b",;"[..]))
            .prop_map(|(element, delimiter)| Shape::Array { element, delimiter }),
    ]
}

/// Bytes, and the signs of arrays, composites and JSON in any order.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let signs = select(
        &[
            "{", "}", "(", ")", ",", ";", "\"", "\\", "NULL", "null", "[0:1]=", "1", "-1.5e7", "t",
            "\\x0", "é", " ", "a",
        ][..],
    );
    prop_oneof![
        1 => vec(any::<u8>(), 0..40),
        3 => vec(signs, 0..30).prop_map(|signs| signs.concat().into_bytes()),
        1 => (1..5000_usize).prop_map(|depth| "{".repeat(depth).into_bytes()),
    ]
}

#[test]
fn no_bytes_make_decoding_fail() {
    holds(5000, &(shape(), bytes()), |(shape, bytes)| {
        let mut scratch = String::new();
        let null = cell(shape, Some(&bytes), &mut scratch) == Cell::Null;
        prop_assert_eq!(null, false);
        Ok(())
    });
}

/// What stands in an array: a text, or NULL.
type Element = Option<String>;

/// As the server writes an array of texts.
fn printed(rows: &[Vec<Element>]) -> String {
    let element = |element: &Element| match element {
        None => "NULL".to_owned(),
        Some(text) => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
    };
    let row = |row: &Vec<Element>| {
        let elements: Vec<String> = row.iter().map(element).collect();
        format!("{{{}}}", elements.join(","))
    };
    let rows: Vec<String> = rows.iter().map(row).collect();
    format!("{{{}}}", rows.join(","))
}

fn text() -> impl Strategy<Value = String> {
    let odd = select(
        &[
            '"', '\\', '{', '}', ',', '\n', '\u{1}', ' ', 'é', '\u{2028}',
        ][..],
    );
    vec(prop_oneof![odd, any::<char>()], 0..10).prop_map(String::from_iter)
}

#[test]
fn an_array_is_read_back() {
    let rows = vec(vec(option::weighted(0.8, text()), 1..4), 1..4);
    let shape = Shape::Array {
        element: Scalar::Text,
        delimiter: b',',
    };

    holds(1500, &rows, |rows| {
        let mut scratch = String::new();
        let bytes = printed(&rows).into_bytes();
        let Cell::Array(json) = cell(shape, Some(&bytes), &mut scratch) else {
            return Err(proptest::test_runner::TestCaseError::fail("not an array"));
        };
        prop_assert_eq!(serde_json::from_str::<Value>(json).ok(), Some(json!(rows)));
        Ok(())
    });
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 30, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((text(), inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

#[test]
fn json_loses_white_space_and_nothing_else() {
    holds(1500, &document(), |document| {
        let mut scratch = String::new();
        let spaced = format!(" {document:#}\n");
        prop_assert_eq!(compact(&spaced, &mut scratch), document.to_string());
        Ok(())
    });
}
