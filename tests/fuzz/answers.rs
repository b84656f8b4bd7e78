//! Whatever cells an engine pushes, an answer is valid JSON within its limit.

use application::encode::{AnswerSink, Format};
use domain::query::{Cell, Column, Flow, Outcome, QueryLimits, RowSink};
use proptest::{
    collection::vec,
    num,
    prelude::{Just, any, prop_oneof},
    sample::select,
    strategy::Strategy,
};
use serde_json::Value;
use support::rows::Owned;

use super::{holds, statements::noise};

/// What the contract of [`Cell`] allows.
pub(super) fn cell() -> impl Strategy<Value = Owned> {
    let number = prop_oneof![
        any::<i64>().prop_map(|value| value.to_string()),
        any::<i128>().prop_map(|value| value.to_string()),
        num::f64::NORMAL.prop_map(|value| format!("{value:e}")),
        select(
            &[
                "0",
                "-0",
                "9007199254740991",
                "-9007199254740992",
                "1e-07",
                "1.5e+300",
                "0.1"
            ][..]
        )
        .prop_map(str::to_owned),
    ];
    let json = prop_oneof![
        noise().prop_map(|text| Value::from(text).to_string()),
        noise().prop_map(|text| serde_json::json!({"a": [text, null, 1.5]}).to_string()),
        select(
            &[
                "null",
                " null ",
                "[]",
                "\"\"",
                "1e999",
                "123456789012345678901234567890"
            ][..]
        )
        .prop_map(str::to_owned),
    ];
    prop_oneof![
        Just(Owned::Null),
        any::<bool>().prop_map(Owned::Bool),
        any::<i64>().prop_map(|value| Owned::Int(value.into())),
        any::<u64>().prop_map(|value| Owned::Int(value.into())),
        num::f64::ANY.prop_map(Owned::Float),
        number.prop_map(Owned::Number),
        noise().prop_map(Owned::Text),
        vec(any::<u8>(), 0..60).prop_map(Owned::InvalidText),
        vec(any::<u8>(), 0..60).prop_map(Owned::Bytes),
        vec(any::<u8>(), 0..60).prop_map(Owned::MixedBytes),
        vec(select(&["00", "9f", "ff"][..]), 0..30)
            .prop_map(|digits| Owned::HexBytes(digits.concat())),
        json.clone().prop_map(Owned::Json),
        json.prop_map(Owned::Array),
    ]
}

pub(super) fn borrowed(cell: &Owned) -> Cell<'_> {
    match cell {
        Owned::Null => Cell::Null,
        Owned::Bool(value) => Cell::Bool(*value),
        Owned::Int(value) => match i64::try_from(*value) {
            Ok(value) => Cell::Int(value),
            Err(_) => Cell::UInt((*value).try_into().unwrap()),
        },
        Owned::Float(value) => Cell::Float64(*value),
        Owned::Number(text) => Cell::Number(text),
        Owned::Text(text) => Cell::Text(text),
        Owned::InvalidText(bytes) => Cell::InvalidText(bytes),
        Owned::Bytes(bytes) => Cell::Bytes(bytes),
        Owned::MixedBytes(bytes) => Cell::MixedBytes(bytes),
        Owned::HexBytes(digits) => Cell::HexBytes(digits),
        Owned::Json(text) => Cell::Json(text),
        Owned::Array(text) => Cell::Array(text),
    }
}

fn answer(format: Format, limits: QueryLimits, names: &[String], rows: &[Vec<Owned>]) -> String {
    let columns = names.iter().map(|name| Column {
        name: name.clone(),
        type_name: name.clone(),
    });
    let mut sink = AnswerSink::new(format, limits);
    sink.columns(&columns.collect::<Vec<_>>());
    for row in rows {
        if sink.begin_row() == Flow::Stop {
            break;
        }
        for cell in row {
            sink.cell(borrowed(cell));
        }
        if sink.end_row() == Flow::Stop {
            break;
        }
    }
    sink.finish(Outcome::default()).unwrap().text
}

#[test]
fn an_answer_is_always_valid_json() {
    let rows =
        (1..4_usize).prop_flat_map(|width| (vec(noise(), width), vec(vec(cell(), width), 0..6)));
    let formats = select(&Format::WORDS[..]);
    let limits = (
        prop_oneof![Just(QueryLimits::default().cell_bytes), 0..40_usize],
        400..6000_usize,
    );

    holds(
        1500,
        &(rows, formats, limits),
        |((names, rows), (_, format), (cell_bytes, bytes))| {
            let limits = QueryLimits {
                cell_bytes,
                bytes,
                ..QueryLimits::default()
            };
            let text = answer(format, limits, &names, &rows);

            let told: Result<Value, _> = serde_json::from_str(&text);

            assert!(told.is_ok(), "{told:?}: {text}");
        },
    );
}
