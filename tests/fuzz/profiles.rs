//! Whatever rows a page holds, its profile is what counting them gives.

use std::collections::BTreeMap;

use application::encode::{AnswerSink, Format, MOST_PROFILE_BYTES};
use domain::query::{Column, Flow, Outcome, QueryLimits, RowSink};
use proptest::{
    collection::vec,
    option,
    prelude::{any, prop_oneof},
    strategy::Strategy,
};
use serde_json::{Value, json};
use support::rows::Owned;

use super::{
    answers::{borrowed, cell},
    holds,
    statements::noise,
};

fn answer(type_name: &str, names: &[String], rows: &[Vec<Owned>], limits: QueryLimits) -> String {
    let columns = names.iter().map(|name| Column {
        name: name.clone(),
        type_name: type_name.to_owned(),
    });
    let mut sink = AnswerSink::new(Format::Json, limits).with_profile();
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

/// The profile of one column.
fn profile(type_name: &str, cells: &[Owned]) -> Value {
    let rows: Vec<_> = cells.iter().map(|cell| vec![cell.clone()]).collect();
    let limits = QueryLimits {
        bytes: 1_000_000,
        ..QueryLimits::default()
    };
    let text = answer(type_name, &["c".to_owned()], &rows, limits);
    let mut answer: Value = serde_json::from_str(&text).unwrap();
    answer["profile"]["columns"][0].take()
}

#[test]
fn a_profile_is_what_counting_gives() {
    let cells = vec(option::of(-6..12_i64), 1..80);

    holds(800, &cells, |cells| {
        let mut counts: BTreeMap<i64, (u64, usize)> = BTreeMap::new();
        for (index, number) in cells.iter().enumerate() {
            if let Some(number) = number {
                counts.entry(*number).or_insert((0, index)).0 += 1;
            }
        }
        let owned: Vec<_> = cells
            .iter()
            .map(|number| number.map_or(Owned::Null, |number| Owned::Int(number.into())))
            .collect();

        let told = profile("int8", &owned);

        let nulls = cells.iter().filter(|number| number.is_none()).count();
        let mut expected = json!({"name": "c", "nulls": nulls, "distinct": counts.len()});
        if let (Some((min, _)), Some((max, _))) =
            (counts.first_key_value(), counts.last_key_value())
        {
            expected["min"] = json!(min);
            expected["max"] = json!(max);
        }
        let mut top: Vec<_> = counts.iter().filter(|(_, (count, _))| *count > 1).collect();
        top.sort_by_key(|(_, (count, first))| (std::cmp::Reverse(*count), *first));
        top.truncate(3);
        if !top.is_empty() {
            let top = top
                .iter()
                .map(|(number, (count, _))| json!([number, count]));
            expected["top"] = top.collect();
        }
        assert_eq!(told, expected);
    });
}

#[test]
fn no_value_is_below_min_or_above_max() {
    let wide = vec(
        any::<i64>().prop_map(|number| Owned::Int(number.into())),
        1..30,
    );
    let decimals = vec(
        (any::<i64>(), 0..1_000_u32)
            .prop_map(|(whole, fraction)| Owned::Text(format!("{whole}.{fraction:03}"))),
        1..30,
    );
    let texts = vec("[a-zé]{0,6}".prop_map(Owned::Text), 1..30);

    let columns = prop_oneof![
        wide.prop_map(|cells| ("int8", cells)),
        decimals.prop_map(|cells| ("numeric", cells)),
        texts.prop_map(|cells| ("text", cells)),
    ];
    holds(800, &columns, |(type_name, cells)| {
        let told = profile(type_name, &cells);

        let plain = |value: &Value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        };
        let (min, max) = (plain(&told["min"]), plain(&told["max"]));
        let texts = cells.iter().map(|cell| match cell {
            Owned::Int(number) => number.to_string(),
            Owned::Text(text) => text.clone(),
            other => unreachable!("{other:?}"),
        });
        let mut ordered: Vec<String> = texts.collect();
        if type_name == "text" {
            ordered.sort();
        } else {
            // Thousandths, which a number of this size holds exactly.
            ordered.sort_by_key(|text| {
                let (whole, fraction) = text.split_once('.').unwrap_or((text, "000"));
                let sign = if whole.starts_with('-') { -1 } else { 1 };
                whole.parse::<i128>().unwrap() * 1_000 + sign * fraction.parse::<i128>().unwrap()
            });
        }
        assert_eq!((&min, &max), (&ordered[0], &ordered[ordered.len() - 1]));
    });
}

#[test]
fn an_answer_with_a_profile_is_valid_json_within_its_limits() {
    let rows =
        (1..4_usize).prop_flat_map(|width| (vec(noise(), width), vec(vec(cell(), width), 0..12)));

    holds(800, &(rows, 400..6_000_usize), |((names, rows), bytes)| {
        let limits = QueryLimits {
            bytes,
            ..QueryLimits::default()
        };
        // Names are the answer's own matter, and alone may be longer than it.
        let names: Vec<String> = names
            .iter()
            .map(|name| name.chars().take(20).collect())
            .collect();
        let text = answer("any", &names, &rows, limits);

        assert!(text.len() <= bytes + MOST_PROFILE_BYTES);
        let told: Value = serde_json::from_str(&text).unwrap();
        let shown = usize::try_from(told["rowCount"].as_u64().unwrap()).unwrap();
        assert_eq!(told["profile"]["rows"], shown);
        for (index, column) in told["profile"]["columns"]
            .as_array()
            .unwrap()
            .iter()
            .enumerate()
        {
            let is_null = |row: &&Vec<Owned>| row[index] == Owned::Null;
            let nulls = rows.iter().take(shown).filter(is_null).count();
            assert_eq!(column["nulls"], nulls);
            let distinct = usize::try_from(column["distinct"].as_u64().unwrap()).unwrap();
            assert!((usize::from(nulls < shown)..=shown - nulls).contains(&distinct));
        }
    });
}
