//! A plan as JSON: `MariaDB`'s, and that of older versions of `MySQL`. Query blocks hold what is done to the rows of
//! nested loops of tables.

use domain::query::explained::{PlanNode, QueryPlan};
use serde_json::{Map, Value};

type Object = Map<String, Value>;

pub(super) fn read(text: &str) -> Option<QueryPlan> {
    let answer: Value = serde_json::from_str(text).ok()?;
    let mut steps = below(&answer);
    let root = if steps.len() == 1 {
        steps.pop()?
    } else {
        around("Query", steps)
    };
    Some(QueryPlan {
        planning_time: answer
            .pointer("/query_optimization/r_total_time_ms")
            .and_then(Value::as_f64),
        execution_time: answer
            .pointer("/query_block/r_total_time_ms")
            .and_then(Value::as_f64),
        root,
        notes: Vec::new(),
    })
}

/// The steps in a value, whatever wraps them.
fn below(value: &Value) -> Vec<PlanNode> {
    match value {
        Value::Array(items) => items.iter().flat_map(below).collect(),
        Value::Object(object) => object
            .iter()
            .flat_map(|(key, value)| keyed(key, value))
            .collect(),
        _ => Vec::new(),
    }
}

fn keyed(key: &str, value: &Value) -> Vec<PlanNode> {
    match (key, value) {
        ("table", Value::Object(table)) => vec![table_step(table, 1.0)],
        ("nested_loop", Value::Array(tables)) => vec![nested_loop(tables)],
        (_, Value::Object(object)) => match name_of(key, object) {
            Some(name) => vec![wrapper(&name, object, below(value))],
            None => below(value),
        },
        _ => below(value),
    }
}

/// What a wrapper does, if it does something worth a line.
fn name_of(key: &str, object: &Object) -> Option<String> {
    let is = |flag: &str| object.get(flag) == Some(&Value::Bool(true));
    let name = match key {
        "query_block" => match text(object, "message") {
            Some(message) => return Some(message),
            None => "Query block",
        },
        "filesort" | "read_sorted_file" => "Filesort",
        "ordering_operation" | "grouping_operation" | "duplicates_removal"
            if is("using_filesort") =>
        {
            "Filesort"
        }
        "grouping_operation" | "duplicates_removal" | "ordering_operation"
            if is("using_temporary_table") =>
        {
            "Temporary table"
        }
        "duplicates_removal" => "Remove duplicates",
        "temporary_table" => "Temporary table",
        "union_result" => "Union",
        "except_result" => "Except",
        "intersect_result" => "Intersect",
        "recursive_union" => "Recursive union",
        "window_functions_computation" | "windowing" => "Window functions",
        "materialized" | "materialized_from_subquery" => "Materialize",
        "expression_cache" => "Expression cache",
        "block-nl-join" => "Block nested loop",
        _ => return None,
    };
    Some(name.to_owned())
}

/// A step over others: its figures are its own where the server tells them, else those below it together.
fn wrapper(name: &str, object: &Object, children: Vec<PlanNode>) -> PlanNode {
    let mut node = around(name, children);
    node.condition = text(object, "sort_key").or_else(|| text(object, "having_condition"));
    node.filter = text(object, "attached_condition");
    node.loops = number(object, "r_loops");
    if let Some(rows) = number(object, "r_output_rows") {
        node.actual_rows = Some(rows);
    }
    node.time = number(object, "r_total_time_ms").or(node.time);
    node.cost = number(object, "cost")
        .or_else(|| nested_number(object, "query_cost"))
        .or(node.cost);
    node.spilled = number(object, "r_sort_passes")
        .filter(|passes| *passes > 0.0)
        .map(|passes| format!("Sort went to disk in {passes:.0} passes"));
    node
}

fn around(name: &str, children: Vec<PlanNode>) -> PlanNode {
    PlanNode {
        step: name.to_owned(),
        time: sum(&children, |child| child.time),
        cost: sum(&children, |child| child.cost),
        children,
        ..PlanNode::default()
    }
}

fn sum(nodes: &[PlanNode], measure: fn(&PlanNode) -> Option<f64>) -> Option<f64> {
    nodes
        .iter()
        .filter_map(measure)
        .reduce(|sum, next| sum + next)
}

/// Tables in the order in which they are read: each for every row of those before it.
fn nested_loop(items: &[Value]) -> PlanNode {
    let mut outer = 1.0;
    let mut children: Vec<PlanNode> = Vec::new();
    for item in items {
        let steps = match item.get("table") {
            Some(Value::Object(table)) => vec![table_step(table, outer)],
            _ => below(item),
        };
        if let Some(rows) = steps.last().and_then(|step| step.estimated_rows) {
            outer = rows;
        }
        children.extend(steps);
    }
    if children.len() == 1
        && let Some(only) = children.pop()
    {
        return only;
    }
    let last = children.last();
    let (estimated_rows, actual_rows) = (
        last.and_then(|last| last.estimated_rows),
        last.and_then(|last| last.actual_rows),
    );
    PlanNode {
        estimated_rows,
        actual_rows,
        ..around("Nested loop", children)
    }
}

/// A table that is read `times`, as it is expected.
fn table_step(table: &Object, times: f64) -> PlanNode {
    let access = text(table, "access_type").unwrap_or_else(|| "message".to_owned());
    let name = text(table, "table_name");
    let read = number(table, "rows")
        .or_else(|| number(table, "rows_examined_per_scan"))
        .map(|rows| rows * times);
    let share = number(table, "filtered").unwrap_or(100.0) / 100.0;
    let kept = number(table, "rows_produced_per_join").or(read.map(|read| read * share));
    let loops = number(table, "r_loops");
    // Of what never ran, the server has no rows to tell.
    let came = loops.map(|loops| loops * number(table, "r_rows").unwrap_or(0.0));
    let passed = number(table, "r_filtered").unwrap_or(100.0) / 100.0;
    let actual = came.map(|came| came * passed);
    let removed = came
        .zip(actual)
        .or(read.zip(kept))
        .map(|(read, kept)| (read - kept).max(0.0));
    let times = ["r_table_time_ms", "r_other_time_ms"].map(|part| number(table, part));
    // What it is made of, where it is a result in between.
    let children: Vec<PlanNode> = table
        .iter()
        .flat_map(|(key, value)| keyed(key, value))
        .collect();
    let made_in = sum(&children, |child| child.time);
    PlanNode {
        is_full_scan: matches!(access.as_str(), "ALL" | "index")
            && name.as_ref().is_some_and(|name| !name.starts_with('<')),
        step: match text(table, "message") {
            Some(message) => message,
            None => access,
        },
        table: name,
        index: text(table, "key"),
        condition: found_by(table),
        filter: text(table, "attached_condition"),
        estimated_rows: kept,
        actual_rows: actual,
        removed_rows: removed,
        loops,
        cost: number(table, "cost").or_else(|| own_cost(table)),
        time: times
            .into_iter()
            .flatten()
            .reduce(|sum, next| sum + next)
            .map(|own| own + made_in.unwrap_or(0.0)),
        spilled: None,
        children,
    }
}

/// `customer = shop.c.id`: the parts of the key and what each is compared with; or the condition on the index.
fn found_by(table: &Object) -> Option<String> {
    let list = |key: &str| -> Vec<&str> {
        let items = table.get(key).and_then(Value::as_array);
        items
            .map(|items| items.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default()
    };
    let compared: Vec<String> = list("used_key_parts")
        .iter()
        .zip(list("ref"))
        .map(|(part, with)| format!("{part} = {with}"))
        .collect();
    if compared.is_empty() {
        text(table, "index_condition")
    } else {
        Some(compared.join(" and "))
    }
}

fn own_cost(table: &Object) -> Option<f64> {
    Some(nested_number(table, "read_cost")? + nested_number(table, "eval_cost")?)
}

fn nested_number(object: &Object, key: &str) -> Option<f64> {
    number(object.get("cost_info")?.as_object()?, key)
}

fn text(object: &Object, key: &str) -> Option<String> {
    object.get(key).and_then(Value::as_str).map(str::to_owned)
}

/// Some versions write numbers as text.
fn number(object: &Object, key: &str) -> Option<f64> {
    match object.get(key)? {
        Value::String(text) => text.parse().ok(),
        other => other.as_f64(),
    }
}
