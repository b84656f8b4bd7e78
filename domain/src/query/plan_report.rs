//! What a reader wants to know of a plan: its steps in order, where the work is, and what looks wrong.

use std::fmt::Write as _;

use serde::Serialize;

use super::{
    explained::{PlanNode, QueryPlan},
    index_trial::IndexTrial,
};

/// Steps told as the costliest.
const COSTLIEST: usize = 3;
/// A step below this share of the whole is never told as costly.
const WORTH_TELLING: f64 = 0.05;
/// An estimate that is wrong by more than this factor is told.
const MISESTIMATED: f64 = 10.0;
/// Fewer rows than this are never worth a remark.
const MANY_ROWS: f64 = 1_000.0;
/// Steps told; what is deeper or later is counted.
const MAX_STEPS: usize = 200;
/// Characters of one condition.
const MAX_CONDITION: usize = 300;

/// A plan as the model reads it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanReport {
    /// One line a step, numbered, indented under the step that it feeds.
    pub plan: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub costliest: Vec<CostlyStep>,
    /// What looks wrong, each with its step's number.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub planning_ms: Option<f64>,
    /// Milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_ms: Option<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The plan with indexes that are not there, where some were to be tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub with_indexes: Option<IndexTrial>,
}

/// A step that does much of the work itself, without what is below it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CostlyStep {
    pub step: usize,
    pub what: String,
    /// Of the whole, in percent.
    pub percent: u8,
    /// What the share is of: `time` that was measured, or `cost` as the engine expects it.
    pub of: &'static str,
}

/// A step with its place in the tree.
struct Numbered<'a> {
    node: &'a PlanNode,
    depth: usize,
}

impl PlanReport {
    /// `rows_of` gives the estimated rows of a table by its name in the plan, where they are known.
    pub fn of(plan: QueryPlan, rows_of: &dyn Fn(&str) -> Option<u64>) -> Self {
        let mut steps = Vec::new();
        number(&plan.root, &mut steps);
        let mut lines: Vec<String> = steps
            .iter()
            .take(MAX_STEPS)
            .enumerate()
            .map(|(index, step)| line(index + 1, step))
            .collect();
        if steps.len() > MAX_STEPS {
            lines.push(format!("… {} more steps", steps.len() - MAX_STEPS));
        }
        let mut warnings = Vec::new();
        for (index, step) in steps.iter().enumerate() {
            warn(index + 1, step.node, rows_of, &mut warnings);
        }
        Self {
            plan: lines,
            costliest: costliest(&steps),
            warnings,
            planning_ms: plan.planning_time.map(rounded),
            execution_ms: plan.execution_time.map(rounded),
            notes: plan.notes,
            with_indexes: None,
        }
    }
}

/// Gathers the steps as they are read: each before what feeds it. Not recursive: a plan is as deep as its statement.
fn number<'a>(root: &'a PlanNode, steps: &mut Vec<Numbered<'a>>) {
    let mut waiting = vec![(root, 0)];
    while let Some((node, depth)) = waiting.pop() {
        steps.push(Numbered { node, depth });
        waiting.extend(node.children.iter().rev().map(|child| (child, depth + 1)));
    }
}

impl PlanNode {
    /// `Seq Scan on orders`, `Index Scan on orders using orders_pkey`.
    fn what(&self) -> String {
        let mut what = self.step.clone();
        if let Some(table) = &self.table {
            what.push_str(" on ");
            what.push_str(table);
        }
        if let Some(index) = &self.index {
            what.push_str(" using ");
            what.push_str(index);
        }
        what
    }

    /// What the step itself does of `measure`, which counts everything below it too.
    fn own(&self, measure: fn(&Self) -> Option<f64>) -> Option<f64> {
        let below: f64 = self.children.iter().filter_map(measure).sum();
        Some((measure(self)? - below).max(0.0))
    }
}

fn line(number: usize, step: &Numbered<'_>) -> String {
    let node = step.node;
    let mut line = format!("{number} {}{}", "  ".repeat(step.depth), node.what());
    if let Some(condition) = &node.condition {
        let _ = write!(line, " ({})", shortened(condition));
    }
    if let Some(filter) = &node.filter {
        let _ = write!(line, " filter ({})", shortened(filter));
    }
    let mut facts = Vec::new();
    match (node.estimated_rows, node.actual_rows) {
        (Some(estimated), Some(actual)) => {
            facts.push(format!(
                "{} rows, expected {}",
                whole(actual),
                whole(estimated)
            ));
        }
        (Some(estimated), None) => facts.push(format!("~{} rows", whole(estimated))),
        (None, Some(actual)) => facts.push(format!("{} rows", whole(actual))),
        (None, None) => {}
    }
    if let Some(loops) = node.loops.filter(|loops| !is(*loops, 1.0)) {
        facts.push(if is(loops, 0.0) {
            "never ran".to_owned()
        } else {
            format!("{} times", whole(loops))
        });
    }
    if let Some(time) = node.time {
        facts.push(format!("{} ms", rounded(time)));
    } else if let Some(cost) = node.cost {
        facts.push(format!("cost {}", rounded(cost)));
    }
    if let Some(spilled) = &node.spilled {
        facts.push(spilled.clone());
    }
    if !facts.is_empty() {
        line.push_str(": ");
        line.push_str(&facts.join(", "));
    }
    line
}

/// By measured time where there is one, else by the engine's own cost.
fn costliest(steps: &[Numbered<'_>]) -> Vec<CostlyStep> {
    let time: fn(&PlanNode) -> Option<f64> = |node| node.time;
    let cost: fn(&PlanNode) -> Option<f64> = |node| node.cost;
    let measured = steps.iter().any(|step| step.node.time.is_some());
    let (measure, of) = if measured {
        (time, "time")
    } else {
        (cost, "cost")
    };
    let own: Vec<(usize, f64)> = steps
        .iter()
        .enumerate()
        .filter_map(|(index, step)| Some((index, step.node.own(measure)?)))
        .collect();
    let whole: f64 = own.iter().map(|(_, own)| own).sum();
    if whole <= 0.0 {
        return Vec::new();
    }
    let mut told: Vec<(usize, f64)> = own
        .into_iter()
        .map(|(index, own)| (index, own / whole))
        .filter(|(_, share)| *share >= WORTH_TELLING)
        .collect();
    told.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    told.into_iter()
        .take(COSTLIEST)
        .filter_map(|(index, share)| {
            Some(CostlyStep {
                step: index + 1,
                what: steps.get(index)?.node.what(),
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a share of at most one"
                )]
                percent: (share * 100.0).round() as u8,
                of,
            })
        })
        .collect()
}

fn warn(
    number: usize,
    node: &PlanNode,
    rows_of: &dyn Fn(&str) -> Option<u64>,
    warnings: &mut Vec<String>,
) {
    if node.is_full_scan
        && let Some(warning) = full_scan(number, node, rows_of)
    {
        warnings.push(warning);
    }
    if let (Some(estimated), Some(actual)) = (node.estimated_rows, node.actual_rows)
        && !node.loops.is_some_and(|loops| is(loops, 0.0))
        && estimated.max(actual) >= MANY_ROWS
    {
        let factor = estimated.max(actual) / estimated.min(actual).max(1.0);
        if factor > MISESTIMATED {
            let way = if actual > estimated { "more" } else { "fewer" };
            warnings.push(format!(
                "Step {number}: {} rows came, {} times {way} than the {} expected; the statistics may be old (ANALYZE) or blind to how columns depend on each other.",
                whole(actual),
                whole(factor),
                whole(estimated),
            ));
        }
    }
    if let Some(spilled) = &node.spilled {
        warnings.push(format!(
            "Step {number}: {spilled}; it did not fit into the memory that a step may use."
        ));
    }
}

fn full_scan(
    number: usize,
    node: &PlanNode,
    rows_of: &dyn Fn(&str) -> Option<u64>,
) -> Option<String> {
    let table = node.table.as_deref().unwrap_or("its input");
    // What is kept and what is thrown away was read.
    let passed = |kept: f64| kept + node.removed_rows.unwrap_or(0.0);
    #[expect(clippy::cast_precision_loss, reason = "an estimate is not exact")]
    let read = node.actual_rows.map(passed).or_else(|| {
        let known = node.table.as_deref().and_then(rows_of);
        known
            .map(|rows| rows as f64)
            .or_else(|| node.estimated_rows.map(passed))
    });
    let rows = match read {
        Some(rows) if rows < MANY_ROWS => return None,
        Some(rows) => format!("all {} rows", whole(rows)),
        None => "all rows".to_owned(),
    };
    Some(match &node.filter {
        Some(filter) => format!(
            "Step {number}: reads {rows} of {table} to find those with {}; if they are few, an index on what is compared there is missing.",
            shortened(filter)
        ),
        None => format!("Step {number}: reads {rows} of {table}."),
    })
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= MAX_CONDITION {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(MAX_CONDITION).collect();
    short.push('…');
    short
}

/// Counts come as floats; they are whole all the same.
fn is(count: f64, number: f64) -> bool {
    (count - number).abs() < f64::EPSILON
}

fn whole(number: f64) -> String {
    format!("{number:.0}")
}

/// Three significant digits at least, as far as a reader wants them.
pub(super) fn rounded(number: f64) -> f64 {
    let places = if number.abs() >= 100.0 { 1.0 } else { 1_000.0 };
    (number * places).round() / places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(table: &str) -> PlanNode {
        PlanNode {
            step: "Seq Scan".to_owned(),
            table: Some(table.to_owned()),
            is_full_scan: true,
            ..PlanNode::default()
        }
    }

    fn report(root: PlanNode) -> PlanReport {
        let plan = QueryPlan {
            root,
            ..QueryPlan::default()
        };
        PlanReport::of(plan, &|table| (table == "orders").then_some(50_000))
    }

    #[test]
    fn steps_are_numbered_and_stand_under_what_they_feed() {
        let join = PlanNode {
            step: "Hash Join".to_owned(),
            condition: Some("o.customer_id = c.id".to_owned()),
            estimated_rows: Some(20.0),
            actual_rows: Some(18.0),
            time: Some(1.234_56),
            children: vec![
                PlanNode {
                    filter: Some("status = 'paid'".to_owned()),
                    loops: Some(3.0),
                    estimated_rows: Some(5.0),
                    cost: Some(8.5),
                    ..scan("orders o")
                },
                PlanNode {
                    step: "Index Scan".to_owned(),
                    table: Some("customers c".to_owned()),
                    index: Some("customers_pkey".to_owned()),
                    loops: Some(0.0),
                    ..PlanNode::default()
                },
            ],
            ..PlanNode::default()
        };

        assert_eq!(
            report(join).plan,
            [
                "1 Hash Join (o.customer_id = c.id): 18 rows, expected 20, 1.235 ms",
                "2   Seq Scan on orders o filter (status = 'paid'): ~5 rows, 3 times, cost 8.5",
                "3   Index Scan on customers c using customers_pkey: never ran",
            ]
        );
    }

    #[test]
    fn the_costliest_steps_are_those_that_work_themselves() {
        let cost = |step: &str, cost: f64, children: Vec<PlanNode>| PlanNode {
            step: step.to_owned(),
            cost: Some(cost),
            children,
            ..PlanNode::default()
        };
        let root = cost(
            "Sort",
            100.0,
            vec![
                cost("Scan a", 70.0, Vec::new()),
                cost("Scan b", 20.0, vec![cost("Scan c", 2.0, Vec::new())]),
            ],
        );

        let told: Vec<(usize, u8, &str)> = report(root)
            .costliest
            .iter()
            .map(|step| (step.step, step.percent, step.of))
            .collect();

        assert_eq!(told, [(2, 70, "cost"), (3, 18, "cost"), (1, 10, "cost")]);
    }

    #[test]
    fn measured_time_counts_before_expected_cost() {
        let root = PlanNode {
            step: "Result".to_owned(),
            cost: Some(1.0),
            time: Some(2.0),
            ..PlanNode::default()
        };

        assert_eq!(report(root).costliest[0].of, "time");
    }

    #[test]
    fn a_full_scan_of_many_rows_is_told_with_its_filter() {
        for (node, expected) in [
            (
                PlanNode {
                    filter: Some("status = 'paid'".to_owned()),
                    ..scan("orders")
                },
                vec![
                    "Step 1: reads all 50000 rows of orders to find those with status = 'paid'; if they are few, an index on what is compared there is missing.",
                ],
            ),
            (
                scan("orders"),
                vec!["Step 1: reads all 50000 rows of orders."],
            ),
            (scan("unknown"), vec!["Step 1: reads all rows of unknown."]),
            (
                PlanNode {
                    estimated_rows: Some(100.0),
                    removed_rows: Some(1_900.0),
                    ..scan("unknown")
                },
                vec!["Step 1: reads all 2000 rows of unknown."],
            ),
            (
                PlanNode {
                    actual_rows: Some(1.0),
                    removed_rows: Some(998.0),
                    ..scan("orders")
                },
                vec![],
            ),
            (
                PlanNode {
                    actual_rows: Some(1.0),
                    removed_rows: Some(999.0),
                    ..scan("orders")
                },
                vec!["Step 1: reads all 1000 rows of orders."],
            ),
        ] {
            assert_eq!(report(node).warnings, expected);
        }
    }

    #[test]
    fn an_estimate_that_is_wrong_by_more_than_ten_times_is_told() {
        for (estimated, actual, told) in [
            (10.0, 1_000.0, 1),
            (100.0, 1_000.0, 0),
            (1_000_000.0, 0.0, 1),
            (1.0, 900.0, 0),
        ] {
            let node = PlanNode {
                step: "Join".to_owned(),
                estimated_rows: Some(estimated),
                actual_rows: Some(actual),
                ..PlanNode::default()
            };
            assert_eq!(report(node).warnings.len(), told, "{estimated} {actual}");
        }
    }

    #[test]
    fn what_spilled_is_told() {
        let node = PlanNode {
            step: "Sort".to_owned(),
            spilled: Some("12 MB on disk".to_owned()),
            ..PlanNode::default()
        };

        assert_eq!(
            report(node).warnings,
            ["Step 1: 12 MB on disk; it did not fit into the memory that a step may use."]
        );
    }

    #[test]
    fn a_plan_of_any_depth_is_told_without_running_out_of_stack() {
        let mut root = scan("t0");
        for _ in 0..50_000 {
            root = PlanNode {
                step: "Limit".to_owned(),
                children: vec![root],
                ..PlanNode::default()
            };
        }
        let mut steps = Vec::new();

        number(&root, &mut steps);

        assert_eq!(steps.len(), 50_001);
        drop(steps);
        // Taken apart by hand: to drop a chain is recursive too.
        while let Some(child) = root.children.pop() {
            root = child;
        }
    }
}
