//! A plan as JSON: `MariaDB`'s, and that of older versions of `MySQL`. Query blocks hold what is done to the rows of
//! nested loops of tables.

use domain::query::explained::{PlanNode, QueryPlan};
use serde_json::{Map, Value};

use super::{super::flavor::Flavor, unescaped::escaped};

type Object = Map<String, Value>;

/// Milliseconds after a row of a table was read and before the next one was asked for.
const OTHER_TIME: &str = "r_other_time_ms";

pub(super) fn read(flavor: Flavor, text: &str) -> Option<QueryPlan> {
    let as_it_is = || serde_json::from_str(text);
    let answer: Value = if flavor.is_mariadb {
        serde_json::from_str(&escaped(text)).or_else(|_| as_it_is())
    } else {
        as_it_is()
    }
    .ok()?;
    let mut steps = below(&answer, Behind::Table);
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

/// Who has done what the server measures beside the reading of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Behind {
    /// The table's own conditions.
    Table,
    /// A step above, such as a sort or a grouping, which takes the rows as they come.
    Above,
}

impl Behind {
    /// Whose it is below this key; `None` where that is not for it to say.
    fn below(key: &str) -> Option<Self> {
        match key {
            "filesort" | "temporary_table" => Some(Self::Above),
            // Subqueries run for themselves.
            "block-nl-join" | "query_block" | "subqueries" => Some(Self::Table),
            _ => None,
        }
    }
}

/// The steps in a value, whatever wraps them.
fn below(value: &Value, behind: Behind) -> Vec<PlanNode> {
    match value {
        Value::Array(items) => items.iter().flat_map(|item| below(item, behind)).collect(),
        Value::Object(object) => object
            .iter()
            .flat_map(|(key, value)| keyed(key, value, behind))
            .collect(),
        _ => Vec::new(),
    }
}

fn keyed(key: &str, value: &Value, behind: Behind) -> Vec<PlanNode> {
    let behind = Behind::below(key).unwrap_or(behind);
    match (key, value) {
        ("table", Value::Object(table)) => vec![table_step(table, 1.0, behind)],
        ("nested_loop", Value::Array(tables)) => vec![nested_loop(tables, behind)],
        (_, Value::Object(object)) => match name_of(key, object) {
            Some(name) => vec![wrapper(key, &name, object, below(value, behind))],
            None => below(value, behind),
        },
        _ => below(value, behind),
    }
}

/// The time that was measured at the table whose rows a step takes as they come, and that is the step's.
fn taken_over(object: &Object) -> Option<f64> {
    object
        .iter()
        .find_map(|(key, value)| match (key.as_str(), value) {
            ("table", Value::Object(table)) => number(table, OTHER_TIME),
            ("nested_loop", Value::Array(tables)) => taken_over(tables.last()?.as_object()?),
            // Others have taken it over themselves, or do not pass it on.
            (key, Value::Object(object)) if Behind::below(key).is_none() => taken_over(object),
            _ => None,
        })
}

/// What a wrapper does, if it does something worth a line.
fn name_of(key: &str, object: &Object) -> Option<String> {
    let is = |flag: &str| object.get(flag) == Some(&Value::Bool(true));
    let name = match key {
        "query_block" => match text(object, "message") {
            Some(message) => return Some(message),
            None => "Query block",
        },
        "filesort" => "Filesort",
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
        "duplicates_removal" | "duplicate_removal" => "Remove duplicates",
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
fn wrapper(key: &str, name: &str, object: &Object, children: Vec<PlanNode>) -> PlanNode {
    let mut node = around(name, children);
    node.condition = text(object, "sort_key").or_else(|| text(object, "having_condition"));
    node.filter = text(object, "attached_condition");
    node.loops = number(object, "r_loops");
    if let Some(rows) = number(object, "r_output_rows") {
        node.actual_rows = Some(rows);
    }
    let total = number(object, "r_total_time_ms");
    node.time = match key {
        // It tells of its own work alone, but for what it reads itself, which counts at the table too.
        "filesort" => added(node.time, taken_over(object).or(total)),
        "temporary_table" => added(node.time, taken_over(object)),
        "block-nl-join" => added(
            added(node.time, number(object, "r_unpack_time_ms")),
            number(object, OTHER_TIME),
        ),
        _ => total.or(node.time),
    };
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

fn added(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    [one, other]
        .into_iter()
        .flatten()
        .reduce(|sum, next| sum + next)
}

fn sum(nodes: &[PlanNode], measure: fn(&PlanNode) -> Option<f64>) -> Option<f64> {
    nodes
        .iter()
        .filter_map(measure)
        .reduce(|sum, next| sum + next)
}

/// Tables in the order in which they are read: each for every row of those before it.
fn nested_loop(items: &[Value], behind: Behind) -> PlanNode {
    let mut outer = 1.0;
    let mut children: Vec<PlanNode> = Vec::new();
    for (at, item) in items.iter().enumerate() {
        // Behind the rows of the others stands the next table.
        let behind = if at + 1 == items.len() {
            behind
        } else {
            Behind::Table
        };
        let steps = match item.get("table") {
            Some(Value::Object(table)) => vec![table_step(table, outer, behind)],
            _ => below(item, behind),
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
fn table_step(table: &Object, times: f64, behind: Behind) -> PlanNode {
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
    let reading = number(table, "r_table_time_ms");
    let own = match behind {
        Behind::Table => added(reading, number(table, OTHER_TIME)),
        Behind::Above => reading,
    };
    // What it is made of, where it is a result in between.
    let children: Vec<PlanNode> = table
        .iter()
        .flat_map(|(key, value)| keyed(key, value, Behind::Table))
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
        time: own.map(|own| own + made_in.unwrap_or(0.0)),
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
