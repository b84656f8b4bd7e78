//! MySQL's plan as a tree of lines: `-> Table scan on o  (cost=0.65 rows=4) (actual time=0.1..0.2 rows=4 loops=1)`.

use domain::query::explained::{PlanNode, QueryPlan};

/// What other servers tell of a plan that was run.
const UNKNOWN_SPILLS: &str = "MySQL does not tell whether a sort went to disk.";

fn sorts(node: &PlanNode) -> bool {
    node.step.starts_with("Sort") || node.children.iter().any(sorts)
}

/// A line, with the figures of one loop.
#[derive(Debug, Default)]
struct Line {
    depth: usize,
    operation: String,
    cost: Option<f64>,
    expected: Option<f64>,
    rows: Option<f64>,
    loops: Option<f64>,
    /// Milliseconds until its last row.
    time: Option<f64>,
}

pub(super) fn read(text: &str) -> Option<QueryPlan> {
    let mut lines: Vec<Line> = Vec::new();
    for text in text.lines() {
        let rest = text.trim_start_matches(' ');
        match (rest.strip_prefix("-> "), lines.last_mut()) {
            (Some(rest), _) => {
                let mut line = figures(rest);
                line.depth = text.len() - text.trim_start_matches(' ').len();
                lines.push(line);
            }
            // A condition may hold a text with line breaks.
            (None, Some(last)) if !rest.is_empty() => {
                let whole = format!("{}\n{text}", last.operation);
                *last = Line {
                    depth: last.depth,
                    ..figures(&whole)
                };
            }
            _ => {}
        }
    }
    let mut lines = lines.into_iter().peekable();
    let mut root = node(&lines.next()?, &mut lines, 1.0);
    // Subqueries of what is selected stand beside the query.
    while let Some(line) = lines.next() {
        root.children.push(node(&line, &mut lines, 1.0));
    }
    let was_sorted = root.time.is_some() && sorts(&root);
    Some(QueryPlan {
        execution_time: root.time,
        root,
        notes: if was_sorted {
            vec![UNKNOWN_SPILLS.to_owned()]
        } else {
            Vec::new()
        },
        ..QueryPlan::default()
    })
}

/// The operation, and the figures behind it.
fn figures(text: &str) -> Line {
    let marks = ["  (cost=", "  (actual time=", "  (never executed)"];
    let at = marks
        .iter()
        .find_map(|mark| text.rfind(mark))
        .unwrap_or(text.len());
    let (operation, figures) = text.split_at(at);
    let (expected, actual) = match figures.split_once("(actual time=") {
        Some((expected, actual)) => (expected, Some(actual)),
        None => (figures, None),
    };
    let never = figures.contains("(never executed)").then_some(0.0);
    Line {
        depth: 0,
        operation: operation.to_owned(),
        cost: number(expected, "cost="),
        expected: number(expected, "rows="),
        rows: actual.and_then(|actual| number(actual, "rows=")).or(never),
        loops: actual.and_then(|actual| number(actual, "loops=")).or(never),
        time: actual.and_then(|actual| number(actual, "")),
    }
}

/// The number behind `mark`; of a range, its end.
fn number(text: &str, mark: &str) -> Option<f64> {
    let (_, rest) = text.split_once(mark)?;
    let end = rest.find([' ', ')']).unwrap_or(rest.len());
    let range = rest.get(..end)?;
    let last = range.rsplit_once("..").map_or(range, |(_, last)| last);
    last.parse().ok()
}

/// The step of a line with all below it, which is expected to run `times`.
fn node(
    line: &Line,
    rest: &mut std::iter::Peekable<impl Iterator<Item = Line>>,
    times: f64,
) -> PlanNode {
    let mut node = named(&line.operation);
    node.estimated_rows = line.expected.map(|rows| rows * times);
    node.cost = line.cost.map(|cost| cost * times);
    node.loops = line.loops;
    node.actual_rows = line.rows.zip(line.loops).map(|(rows, loops)| rows * loops);
    node.time = line.time.zip(line.loops).map(|(time, loops)| time * loops);
    // What is joined by a loop runs for each row of what comes first.
    let is_loop = line.operation.starts_with("Nested loop");
    let mut inner = times;
    while let Some(next) = rest.next_if(|next| next.depth > line.depth) {
        let child = self::node(&next, rest, inner);
        if is_loop && node.children.is_empty() {
            inner = child.estimated_rows.unwrap_or(times);
        }
        node.children.push(child);
    }
    with_its_filter(node)
}

/// A filter right above a table is told as a part of its step, as other engines tell it.
fn with_its_filter(mut filter: PlanNode) -> PlanNode {
    let over_table = filter.step == "Filter"
        && filter.children.len() == 1
        && filter
            .children
            .first()
            .is_some_and(|child| child.table.is_some());
    if !over_table {
        return filter;
    }
    let Some(mut table) = filter.children.pop() else {
        return filter;
    };
    let less = |read: Option<f64>, kept: Option<f64>| Some((read? - kept?).max(0.0));
    table.removed_rows = less(table.actual_rows, filter.actual_rows)
        .or_else(|| less(table.estimated_rows, filter.estimated_rows));
    table.filter = filter.filter;
    table.estimated_rows = filter.estimated_rows.or(table.estimated_rows);
    table.actual_rows = filter.actual_rows;
    table.cost = filter.cost.or(table.cost);
    table.time = filter.time;
    table
}

/// What a line says that it does.
fn named(operation: &str) -> PlanNode {
    let mut node = PlanNode {
        step: operation.to_owned(),
        ..PlanNode::default()
    };
    if let Some(condition) = operation.strip_prefix("Filter: ") {
        "Filter".clone_into(&mut node.step);
        node.filter = Some(bare(condition).to_owned());
    } else if let Some((step, condition)) = operation.split_once(" hash join (") {
        node.step = format!("{step} hash join");
        node.condition = condition.strip_suffix(')').map(str::to_owned);
    } else if let Some((step, rest)) = operation.split_once(" on ")
        && (step == "Table scan" || step.to_ascii_lowercase().contains("index"))
    {
        let (table, rest) = rest.split_once(" using ").unwrap_or((rest, ""));
        step.clone_into(&mut node.step);
        node.table = Some(table.to_owned());
        let ends = [" (", " over ", ", with "];
        let end = ends.iter().filter_map(|end| rest.find(end)).min();
        let (index, condition) = rest.split_at(end.unwrap_or(rest.len()));
        node.index = (!index.is_empty()).then(|| index.to_owned());
        let condition = condition.trim_start().trim_start_matches(", ");
        let condition = condition.strip_prefix("over ").unwrap_or(condition);
        node.condition = (!condition.is_empty()).then(|| bare(condition).to_owned());
        let is_whole = matches!(step, "Table scan" | "Index scan" | "Covering index scan");
        // What stands in angle brackets is a result in between.
        node.is_full_scan = is_whole && !table.starts_with('<');
    }
    node
}

/// Without the brackets around the whole.
fn bare(condition: &str) -> &str {
    let Some(inside) = condition
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'))
    else {
        return condition;
    };
    let mut depth = 0_usize;
    for character in inside.chars() {
        match character {
            '(' => depth += 1,
            ')' if depth == 0 => return condition,
            ')' => depth -= 1,
            _ => {}
        }
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "\
-> Nested loop inner join  (cost=0.7 rows=20) (actual time=0.03..0.5 rows=6 loops=1)
    -> Filter: (c.score > 1.00)  (cost=0.35 rows=10) (actual time=0.01..0.2 rows=3 loops=1)
        -> Table scan on c  (cost=0.35 rows=30) (actual time=0.01..0.1 rows=40 loops=1)
    -> Covering index lookup on o using customer (customer = c.id)  (cost=0.01..0.03 rows=2) (actual time=0.01..0.02 rows=2 loops=3)
";

    #[test]
    fn the_figures_are_those_of_all_loops_together() {
        let plan = read(TREE).unwrap();
        let lookup = &plan.root.children[1];

        assert_eq!(lookup.step, "Covering index lookup");
        assert_eq!(lookup.table.as_deref(), Some("o"));
        assert_eq!(lookup.index.as_deref(), Some("customer"));
        assert_eq!(lookup.condition.as_deref(), Some("customer = c.id"));
        assert_eq!(lookup.estimated_rows, Some(20.0));
        assert_eq!(lookup.actual_rows, Some(6.0));
        assert_eq!(lookup.loops, Some(3.0));
        assert_eq!(lookup.time, Some(0.06));
    }

    #[test]
    fn a_filter_is_a_part_of_the_scan_below_it() {
        let plan = read(TREE).unwrap();
        let scan = &plan.root.children[0];

        assert_eq!(scan.step, "Table scan");
        assert!(scan.is_full_scan);
        assert_eq!(scan.filter.as_deref(), Some("c.score > 1.00"));
        assert_eq!(scan.actual_rows, Some(3.0));
        assert_eq!(scan.removed_rows, Some(37.0));
        assert_eq!(scan.estimated_rows, Some(10.0));
        assert!(scan.children.is_empty());
    }

    #[test]
    fn a_condition_may_hold_line_breaks_and_brackets() {
        let plan = read("-> Filter: ((a = 'x\n  (cost=9') or (b))  (cost=1 rows=2)\n    -> Zero rows (Impossible)  (cost=0..0 rows=0)\n").unwrap();

        assert_eq!(
            plan.root.filter.as_deref(),
            Some("(a = 'x\n  (cost=9') or (b)")
        );
        assert_eq!(plan.root.cost, Some(1.0));
        assert_eq!(plan.root.children[0].step, "Zero rows (Impossible)");
    }

    #[test]
    fn a_result_in_between_is_no_table_to_index() {
        let plan = read("-> Table scan on <temporary>  (never executed)\n").unwrap();

        assert!(!plan.root.is_full_scan);
        assert_eq!(plan.root.loops, Some(0.0));
    }
}
