//! The server's plan as the tree that all engines share: loops multiplied out, workers taken together.

use domain::query::{PlanNode, QueryPlan};
use serde_json::Value;

use super::step;

pub(super) fn plan(plans: &Value) -> QueryPlan {
    let Some(first) = plans.get(0) else {
        // A rule has replaced the statement by none.
        return QueryPlan {
            root: PlanNode {
                step: "Nothing".to_owned(),
                ..PlanNode::default()
            },
            ..QueryPlan::default()
        };
    };
    let mut notes = Vec::new();
    let root = first
        .get("Plan")
        .map(|root| node(root, Around::default(), &mut notes))
        .unwrap_or_default();
    notes.extend(step::notes(first));
    if let Some(further) = plans.as_array().map(|all| all.len() - 1).filter(|n| *n > 0) {
        notes.push(format!("A rule adds {further} more statements."));
    }
    QueryPlan {
        root,
        planning_time: number(first, "Planning Time"),
        execution_time: number(first, "Execution Time"),
        notes,
    }
}

/// What the steps above mean for a step.
#[derive(Debug, Clone, Copy)]
struct Around {
    /// How often it is expected to run.
    runs: f64,
    /// Processes that run it at once.
    processes: f64,
    /// By so much the planner has divided its rows, because other processes have the rest.
    share: f64,
}

impl Default for Around {
    fn default() -> Self {
        Self {
            runs: 1.0,
            processes: 1.0,
            share: 1.0,
        }
    }
}

fn node(plan: &Value, around: Around, notes: &mut Vec<String>) -> PlanNode {
    let loops = number(plan, "Actual Loops");
    // All loops together: of those that ran, or of those that are expected to.
    let times = match loops {
        Some(loops) if loops > 0.0 => (around.share * loops / around.processes).max(1.0),
        _ => around.share * around.runs,
    };
    let estimated_rows = number(plan, "Plan Rows").map(|rows| rows * times);
    let all_loops = |key| Some(number(plan, key)? * loops?);
    let removed = [
        "Rows Removed by Filter",
        "Rows Removed by Join Filter",
        "Rows Removed by Index Recheck",
    ]
    .into_iter()
    .filter_map(all_loops)
    .reduce(|sum, more| sum + more);
    if let (Some(planned), Some(launched)) = (
        number(plan, "Workers Planned"),
        number(plan, "Workers Launched"),
    ) && launched < planned
    {
        notes.push(format!(
            "Of {planned} workers that were planned, {launched} could be had."
        ));
    }
    PlanNode {
        step: step::name(plan),
        table: step::table(plan),
        index: step::text(plan, "Index Name").map(str::to_owned),
        is_full_scan: step::is_full_scan(plan),
        condition: step::condition(plan),
        filter: step::filter(plan),
        estimated_rows,
        actual_rows: all_loops("Actual Rows"),
        removed_rows: removed,
        loops,
        cost: number(plan, "Total Cost"),
        // Processes run side by side; not all of them need to have run this step.
        time: all_loops("Actual Total Time").map(|time| {
            let side_by_side = around.processes.min(loops.unwrap_or(1.0)).max(1.0);
            time / side_by_side
        }),
        spilled: step::spilled(plan),
        children: children(plan, around, times, notes),
    }
}

fn children(plan: &Value, around: Around, times: f64, notes: &mut Vec<String>) -> Vec<PlanNode> {
    let kind = step::text(plan, "Node Type").unwrap_or_default();
    let below = below(plan, kind, around);
    let mut told: Vec<PlanNode> = Vec::new();
    let mut outer_rows = times;
    for child in step::children(plan) {
        let mut around = below;
        match step::text(child, "Parent Relationship") {
            // Run once, wherever it hangs.
            Some("InitPlan") => around.runs = 1.0,
            // Once for each row of the other side.
            Some("Inner") if kind == "Nested Loop" => around.runs = outer_rows.max(1.0),
            _ => {}
        }
        let node = node(child, around, notes);
        if step::text(child, "Parent Relationship") == Some("Outer") {
            outer_rows = node.estimated_rows.unwrap_or(1.0);
        }
        told.push(node);
    }
    told
}

/// What a step means for those below it.
fn below(plan: &Value, kind: &str, around: Around) -> Around {
    match kind {
        "Gather" | "Gather Merge" => {
            let workers = number(plan, "Workers Launched")
                .or_else(|| number(plan, "Workers Planned"))
                .unwrap_or_default();
            let planned = number(plan, "Workers Planned").unwrap_or_default();
            let is_single = plan.get("Single Copy") == Some(&Value::Bool(true));
            if is_single {
                return around;
            }
            Around {
                processes: around.processes * (workers + 1.0),
                // As the planner counts: who gathers helps less, the more there is to gather.
                share: around.share * (planned + (1.0 - 0.3 * planned).max(0.0)).max(1.0),
                ..around
            }
        }
        // Asked often, they answer from what they keep.
        "Materialize" | "Memoize" | "Hash" | "Sort" => Around {
            runs: 1.0,
            ..around
        },
        _ => around,
    }
}

pub(super) fn number(plan: &Value, key: &str) -> Option<f64> {
    plan.get(key)?.as_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(plan: &str) -> QueryPlan {
        super::plan(&serde_json::from_str(plan).unwrap())
    }

    #[test]
    fn loops_are_multiplied_out() {
        let plan = of(
            r#"[{"Plan":{"Node Type":"Nested Loop","Plan Rows":40,"Actual Rows":50,"Actual Loops":1,"Actual Total Time":9,"Plans":[
            {"Node Type":"Seq Scan","Parent Relationship":"Outer","Plan Rows":10,"Actual Rows":20,"Actual Loops":1,"Actual Total Time":1},
            {"Node Type":"Index Scan","Parent Relationship":"Inner","Plan Rows":4,"Actual Rows":2.5,"Actual Loops":20,"Actual Total Time":0.25,
             "Rows Removed by Filter":3}]}}]"#,
        );

        let inner = &plan.root.children[1];
        assert_eq!(
            (
                inner.estimated_rows,
                inner.actual_rows,
                inner.removed_rows,
                inner.time
            ),
            (Some(80.0), Some(50.0), Some(60.0), Some(5.0))
        );
    }

    #[test]
    fn without_loops_the_other_side_of_a_nested_loop_tells_how_many_are_expected() {
        let plan = of(
            r#"[{"Plan":{"Node Type":"Nested Loop","Plan Rows":40,"Plans":[
            {"Node Type":"Seq Scan","Parent Relationship":"Outer","Plan Rows":10},
            {"Node Type":"Materialize","Parent Relationship":"Inner","Plan Rows":4,"Plans":[
                {"Node Type":"Seq Scan","Parent Relationship":"Outer","Plan Rows":4}]}]}}]"#,
        );

        let inner = &plan.root.children[1];
        assert_eq!(inner.estimated_rows, Some(40.0));
        assert_eq!(inner.children[0].estimated_rows, Some(4.0));
        assert_eq!(inner.loops, None);
    }

    #[test]
    fn processes_are_taken_together() {
        let plan = of(
            r#"[{"Plan":{"Node Type":"Gather","Plan Rows":500,"Actual Rows":500,"Actual Loops":1,"Actual Total Time":10,
            "Workers Planned":2,"Workers Launched":2,"Single Copy":false,"Plans":[
            {"Node Type":"Seq Scan","Parallel Aware":true,"Parent Relationship":"Outer","Plan Rows":208,"Actual Rows":166.67,
             "Actual Loops":3,"Actual Total Time":4}]}}]"#,
        );

        let scan = &plan.root.children[0];
        assert_eq!(scan.step, "Parallel Seq Scan");
        assert_eq!(scan.estimated_rows.map(f64::round), Some(499.0));
        assert_eq!(scan.actual_rows.map(f64::round), Some(500.0));
        assert_eq!(scan.time, Some(4.0));
    }

    #[test]
    fn what_never_ran_says_so() {
        let plan = of(
            r#"[{"Plan":{"Node Type":"Seq Scan","Plan Rows":7,"Actual Rows":0,"Actual Loops":0,"Actual Total Time":0}}]"#,
        );

        assert_eq!(
            (
                plan.root.loops,
                plan.root.actual_rows,
                plan.root.estimated_rows
            ),
            (Some(0.0), Some(0.0), Some(7.0))
        );
    }

    #[test]
    fn a_statement_that_a_rule_replaced_by_nothing_does_nothing() {
        assert_eq!(of("[]").root.step, "Nothing");
    }
}
