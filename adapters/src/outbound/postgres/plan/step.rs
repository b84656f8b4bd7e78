//! One step of the server's plan, in words.

use serde_json::Value;

use super::{super::quoting::quoted, tree::number};

pub(super) fn text<'plan>(plan: &'plan Value, key: &str) -> Option<&'plan str> {
    plan.get(key).and_then(Value::as_str)
}

pub(super) fn children(plan: &Value) -> impl Iterator<Item = &Value> {
    plan.get("Plans")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// As the server's own text form has it: `Parallel Hash Left Join`, `HashAggregate`, `CTE recent: Seq Scan`.
pub(super) fn name(plan: &Value) -> String {
    let kind = text(plan, "Node Type").unwrap_or("Step");
    let mut name = String::new();
    if let Some(subplan) = text(plan, "Subplan Name") {
        name.push_str(subplan);
        name.push_str(": ");
    }
    match text(plan, "Partial Mode") {
        None | Some("Simple") => {}
        Some(part) => {
            name.push_str(part);
            name.push(' ');
        }
    }
    if plan.get("Parallel Aware") == Some(&Value::Bool(true)) {
        name.push_str("Parallel ");
    }
    match kind {
        "Aggregate" => name.push_str(match text(plan, "Strategy") {
            Some("Hashed") => "HashAggregate",
            Some("Sorted") => "GroupAggregate",
            Some("Mixed") => "MixedAggregate",
            _ => "Aggregate",
        }),
        "ModifyTable" => name.push_str(text(plan, "Operation").unwrap_or(kind)),
        "Nested Loop" | "Hash Join" | "Merge Join" => {
            name.push_str(kind.trim_end_matches(" Join"));
            match text(plan, "Join Type") {
                None | Some("Inner") if kind == "Nested Loop" => {}
                None | Some("Inner") => name.push_str(" Join"),
                Some(join) => {
                    name.push(' ');
                    name.push_str(join);
                    name.push_str(" Join");
                }
            }
        }
        kind => name.push_str(kind),
    }
    if text(plan, "Scan Direction") == Some("Backward") {
        name.push_str(" Backward");
    }
    let of = text(plan, "CTE Name").or_else(|| text(plan, "Function Name"));
    if let Some(of) = of.filter(|_| plan.get("Relation Name").is_none()) {
        name.push_str(" on ");
        name.push_str(of);
    }
    name
}

/// `orders o`, as it would stand in a statement.
pub(super) fn table(plan: &Value) -> Option<String> {
    let table = text(plan, "Relation Name")?;
    let written = quoted(table).into_owned();
    Some(match text(plan, "Alias").filter(|alias| *alias != table) {
        Some(alias) => format!("{written} {}", quoted(alias)),
        None => written,
    })
}

pub(super) fn is_full_scan(plan: &Value) -> bool {
    match text(plan, "Node Type") {
        Some("Seq Scan") => true,
        // In the order of the index, but all of it.
        Some("Index Scan" | "Index Only Scan") => {
            plan.get("Index Cond").is_none() && plan.get("Order By").is_none()
        }
        _ => false,
    }
}

pub(super) fn condition(plan: &Value) -> Option<String> {
    joined(
        plan,
        &[
            "Index Cond",
            "Order By",
            "TID Cond",
            "Hash Cond",
            "Merge Cond",
        ],
    )
}

pub(super) fn filter(plan: &Value) -> Option<String> {
    joined(plan, &["Join Filter", "Filter", "One-Time Filter"])
}

fn joined(plan: &Value, keys: &[&str]) -> Option<String> {
    let found: Vec<&str> = keys.iter().filter_map(|key| text(plan, key)).collect();
    (!found.is_empty()).then(|| found.join(" AND "))
}

/// What did not fit into memory.
pub(super) fn spilled(plan: &Value) -> Option<String> {
    let kind = text(plan, "Node Type").unwrap_or("Step");
    let everyone = || {
        std::iter::once(plan).chain(
            plan.get("Workers")
                .and_then(Value::as_array)
                .into_iter()
                .flatten(),
        )
    };
    let sum = |amounts: &mut dyn Iterator<Item = f64>| amounts.sum::<f64>();
    let sorted = sum(&mut everyone()
        .filter(|one| text(one, "Sort Space Type") == Some("Disk"))
        .filter_map(|one| number(one, "Sort Space Used")));
    let grouped = sum(&mut everyone().filter_map(|one| number(one, "Disk Usage")));
    let batches = everyone()
        .filter_map(|one| number(one, "Hash Batches"))
        .fold(1.0, f64::max);
    let stored = number(plan, "Maximum Storage")
        .filter(|_| text(plan, "Storage") == Some("Disk"))
        .unwrap_or_default();
    let written = written_by_itself(plan);
    let kilobytes = [sorted, grouped, stored, written]
        .into_iter()
        .find(|amount| *amount > 0.0);
    match kilobytes {
        Some(amount) if batches > 1.0 => Some(format!(
            "{kind} spilled {} to disk in {batches} batches",
            size(amount)
        )),
        Some(amount) => Some(format!("{kind} spilled {} to disk", size(amount))),
        None if batches > 1.0 => Some(format!("{kind} spilled to disk in {batches} batches")),
        None => None,
    }
}

/// Temporary pages, in kilobytes: the server counts those of the steps below with them.
fn written_by_itself(plan: &Value) -> f64 {
    const PAGE: f64 = 8.0;
    let pages = |plan| number(plan, "Temp Written Blocks").unwrap_or_default();
    let below: f64 = children(plan).map(pages).sum();
    PAGE * (pages(plan) - below).max(0.0)
}

fn size(kilobytes: f64) -> String {
    if kilobytes < 1024.0 {
        format!("{kilobytes:.0} kB")
    } else {
        format!("{:.1} MB", kilobytes / 1024.0)
    }
}

/// What concerns no single step.
pub(super) fn notes(explained: &Value) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(functions) = explained
        .get("JIT")
        .and_then(|jit| number(jit, "Functions"))
    {
        let time = explained
            .pointer("/JIT/Timing/Total")
            .and_then(Value::as_f64);
        notes.push(match time {
            Some(time) => format!("JIT compiled {functions} functions in {time:.1} ms."),
            None => format!("JIT would compile {functions} functions."),
        });
    }
    let triggers = explained.get("Triggers").and_then(Value::as_array);
    for trigger in triggers.into_iter().flatten() {
        let name = text(trigger, "Trigger Name").or_else(|| text(trigger, "Constraint Name"));
        if let (Some(name), Some(calls)) = (name, number(trigger, "Calls")) {
            let time = number(trigger, "Time").unwrap_or_default();
            notes.push(format!("Trigger {name} ran {calls} times in {time:.1} ms."));
        }
    }
    let settings = explained.get("Settings").and_then(Value::as_object);
    if let Some(settings) = settings.filter(|settings| !settings.is_empty()) {
        let told: Vec<String> = settings
            .iter()
            .map(|(name, value)| format!("{name} = {}", value.as_str().unwrap_or_default()))
            .collect();
        notes.push(format!(
            "Settings that are not the usual: {}.",
            told.join(", ")
        ));
    }
    notes
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn steps_have_the_names_of_the_servers_text() {
        for (plan, expected) in [
            (
                json!({"Node Type": "Hash Join", "Join Type": "Left", "Parallel Aware": true}),
                "Parallel Hash Left Join",
            ),
            (
                json!({"Node Type": "Hash Join", "Join Type": "Inner"}),
                "Hash Join",
            ),
            (
                json!({"Node Type": "Nested Loop", "Join Type": "Inner"}),
                "Nested Loop",
            ),
            (
                json!({"Node Type": "Nested Loop", "Join Type": "Anti"}),
                "Nested Loop Anti Join",
            ),
            (
                json!({"Node Type": "Aggregate", "Strategy": "Hashed", "Partial Mode": "Finalize"}),
                "Finalize HashAggregate",
            ),
            (
                json!({"Node Type": "ModifyTable", "Operation": "Update"}),
                "Update",
            ),
            (
                json!({"Node Type": "Index Scan", "Scan Direction": "Backward"}),
                "Index Scan Backward",
            ),
            (
                json!({"Node Type": "Seq Scan", "Subplan Name": "CTE recent"}),
                "CTE recent: Seq Scan",
            ),
            (
                json!({"Node Type": "CTE Scan", "CTE Name": "recent"}),
                "CTE Scan on recent",
            ),
        ] {
            assert_eq!(name(&plan), expected);
        }
    }

    #[test]
    fn a_table_is_told_with_its_alias() {
        let plan = json!({"Relation Name": "Order Items", "Alias": "i"});
        assert_eq!(table(&plan).as_deref(), Some("\"Order Items\" i"));
    }

    #[test]
    fn what_does_not_fit_into_memory_is_told() {
        for (plan, expected) in [
            (
                json!({"Node Type": "Sort", "Sort Space Type": "Disk", "Sort Space Used": 2048}),
                Some("Sort spilled 2.0 MB to disk"),
            ),
            (
                json!({"Node Type": "Sort", "Sort Space Type": "Memory", "Sort Space Used": 25}),
                None,
            ),
            (
                json!({"Node Type": "Hash", "Hash Batches": 8, "Temp Written Blocks": 10}),
                Some("Hash spilled 80 kB to disk in 8 batches"),
            ),
            (
                json!({"Node Type": "Aggregate", "Disk Usage": 100}),
                Some("Aggregate spilled 100 kB to disk"),
            ),
            (
                json!({"Node Type": "Limit", "Temp Written Blocks": 10, "Plans": [{"Temp Written Blocks": 10}]}),
                None,
            ),
        ] {
            assert_eq!(spilled(&plan).as_deref(), expected);
        }
    }
}
