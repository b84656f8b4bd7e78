//! How much work a statement would be, as the planner expects.

use domain::query::plan::{PlanStep, PlanTable};
use serde_json::Value;

/// What asks for the plan of a statement that begins with `word`, if it has one.
pub(super) fn request(word: &str, sql: &str) -> Option<String> {
    matches!(
        word,
        "SELECT" | "WITH" | "VALUES" | "TABLE" | "INSERT" | "UPDATE" | "DELETE" | "MERGE"
    )
    .then(|| format!("EXPLAIN (FORMAT JSON) {sql}"))
}

/// The step that returns the most rows. Rows that a scan reads and drops are not told in a plan.
pub(super) fn costliest(plan: &PlanTable) -> Option<PlanStep> {
    let text = plan.rows.first()?.first()?.as_deref()?;
    let plans: Value = serde_json::from_str(text).ok()?;
    let mut costliest: Option<PlanStep> = None;
    let mut nodes = vec![plans.get(0)?.get("Plan")?];
    while let Some(node) = nodes.pop() {
        nodes.extend(
            node.get("Plans")
                .and_then(Value::as_array)
                .into_iter()
                .flatten(),
        );
        let rows = node.get("Plan Rows").and_then(Value::as_f64).unwrap_or(0.0);
        if costliest.as_ref().is_none_or(|step| rows > step.rows) {
            costliest = Some(PlanStep {
                what: name(node),
                rows,
            });
        }
    }
    costliest
}

/// `Seq Scan on orders`, as the planner's own text form has it.
fn name(node: &Value) -> String {
    let text = |key| node.get(key).and_then(Value::as_str);
    let kind = text("Node Type").unwrap_or("step");
    match text("Relation Name")
        .or(text("Function Name"))
        .or(text("CTE Name"))
    {
        Some(relation) => format!("{kind} on {relation}"),
        None => kind.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_step_with_the_most_rows_is_named() {
        let json = r#"[{"Plan":{"Node Type":"Aggregate","Plan Rows":1,"Plans":[{"Node Type":"Nested Loop","Plan Rows":5000000,
            "Plans":[{"Node Type":"Seq Scan","Relation Name":"orders","Plan Rows":5000}]}]}}]"#;
        let plan = PlanTable {
            columns: vec!["QUERY PLAN".to_owned()],
            rows: vec![vec![Some(json.to_owned())]],
        };

        assert_eq!(
            costliest(&plan),
            Some(PlanStep {
                what: "Nested Loop".to_owned(),
                rows: 5_000_000.0
            })
        );
    }

    #[test]
    fn what_has_no_plan_is_not_asked_for_one() {
        for (word, expected) in [
            ("SELECT", true),
            ("MERGE", true),
            ("SHOW", false),
            ("CREATE", false),
        ] {
            assert_eq!(request(word, "…").is_some(), expected, "{word}");
        }
    }
}
