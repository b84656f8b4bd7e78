//! How much work a statement would be, as the planner expects; and its whole plan.

mod step;
mod tree;

use domain::{
    Failure,
    query::{
        QueryPlan,
        plan::{PlanStep, PlanTable},
    },
};
use serde_json::Value;

/// What asks for the plan of a statement that begins with `word`, if it has one.
pub(super) fn request(word: &str, sql: &str) -> Option<String> {
    has_plan(word).then(|| format!("EXPLAIN (FORMAT JSON) {sql}"))
}

fn has_plan(word: &str) -> bool {
    matches!(
        word,
        "SELECT" | "WITH" | "VALUES" | "TABLE" | "INSERT" | "UPDATE" | "DELETE" | "MERGE"
    )
}

/// What asks for everything that is known of the plan of a statement that begins with `word`.
pub(super) fn full_request(word: &str, sql: &str, analyze: bool) -> Result<String, Failure> {
    if has_plan(word) {
        let how = if analyze {
            "ANALYZE, BUFFERS, SETTINGS, FORMAT JSON"
        } else {
            "SETTINGS, FORMAT JSON"
        };
        return Ok(format!("EXPLAIN ({how}) {sql}"));
    }
    let failure = match word {
        "EXPLAIN" => Failure::invalid_argument("The text is an EXPLAIN itself.")
            .with_hint("Send the statement alone, without EXPLAIN and its options."),
        "" => Failure::invalid_argument("The text holds no statement.")
            .with_hint("Send one SQL statement, such as `SELECT 1`."),
        word => Failure::invalid_argument(format!("{word} has no plan."))
            .with_hint("What has one: SELECT, WITH, VALUES, TABLE, INSERT, UPDATE, DELETE, MERGE."),
    };
    Err(failure)
}

/// The plan in the answer to [`full_request`].
pub(super) fn read(answer: &PlanTable) -> Result<QueryPlan, Failure> {
    let text = answer
        .rows
        .first()
        .and_then(|row| row.first()?.as_deref())
        .ok_or_else(|| {
            Failure::internal("The database answered a request for a plan with none.")
        })?;
    // Each step is nested twice; the reader stops at 128 for the sake of its stack.
    let plans: Value = serde_json::from_str(text).map_err(|error| {
        Failure::new(
            domain::FailureKind::Unsupported,
            "The plan is nested too deeply to be read.",
        )
        .with_hint("Send EXPLAIN with the statement to execute_query for the server's own text.")
        .with_source(error)
    })?;
    Ok(tree::plan(&plans))
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
