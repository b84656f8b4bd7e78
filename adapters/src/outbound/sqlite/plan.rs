//! The answer to EXPLAIN QUERY PLAN as a tree.
//!
//! It tells neither rows nor costs, only which way `SQLite` goes. Its words are meant for people and have changed
//! over time, so what is not known here is kept as it is written.

use std::collections::HashSet;

use domain::{
    Failure,
    query::{
        explained::{PlanNode, QueryPlan},
        plan::PlanTable,
    },
};

/// What a step is called when the answer has no single one at its top.
const ROOT: &str = "QUERY PLAN";
/// The deepest that a tree is read; `SQLite` allows statements to be deeper than anybody reads.
const MAX_DEPTH: usize = 500;

/// What is missing where others would tell what a scan throws away.
const NO_FILTERS: &str = "SQLite's plans tell neither rows, costs nor what a scan throws away: compare the WHERE and ON clauses of a table that is scanned with its indexes (describe_table).";

/// Whether a table is read as a whole at this step or below it. No deeper than a tree is read.
fn scans(node: &PlanNode) -> bool {
    node.is_full_scan || node.children.iter().any(scans)
}

struct Row<'a> {
    id: i64,
    parent: i64,
    detail: &'a str,
}

pub(super) fn read(answer: &PlanTable) -> Result<QueryPlan, Failure> {
    let number = |cell: Option<&str>| cell.and_then(|text| text.parse::<i64>().ok());
    let rows: Option<Vec<Row<'_>>> = answer
        .column("id")
        .zip(answer.column("parent"))
        .zip(answer.column("detail"))
        .map(|((id, parent), detail)| {
            Some(Row {
                id: number(id)?,
                parent: number(parent)?,
                detail: detail?,
            })
        })
        .collect();
    let rows = rows
        .filter(|rows| rows.len() == answer.rows.len())
        .ok_or_else(|| Failure::internal("The plan cannot be read."))?;
    // Results within the statement, which a scan reads as if they were tables.
    let made: HashSet<&str> = rows
        .iter()
        .filter_map(|row| {
            let (verb, name) = row.detail.split_once(' ')?;
            matches!(verb, "MATERIALIZE" | "CO-ROUTINE").then_some(name)
        })
        .collect();
    let children = below(0, &rows, &made, 0);
    Ok(QueryPlan {
        notes: if children.iter().any(scans) {
            vec![NO_FILTERS.to_owned()]
        } else {
            Vec::new()
        },
        root: PlanNode {
            step: ROOT.to_owned(),
            children,
            ..PlanNode::default()
        },
        ..QueryPlan::default()
    })
}

fn below(parent: i64, rows: &[Row<'_>], made: &HashSet<&str>, depth: usize) -> Vec<PlanNode> {
    if depth > MAX_DEPTH {
        return Vec::new();
    }
    // A step stands behind the one that it belongs to.
    rows.iter()
        .enumerate()
        .filter(|(_, row)| row.parent == parent)
        .map(|(place, row)| PlanNode {
            children: below(
                row.id,
                rows.get(place + 1..).unwrap_or_default(),
                made,
                depth + 1,
            ),
            ..node(row.detail, made)
        })
        .collect()
}

/// One step by its words: `SEARCH o USING COVERING INDEX by_day (day>?)`.
fn node(detail: &str, made: &HashSet<&str>) -> PlanNode {
    let as_written = || PlanNode {
        step: detail.to_owned(),
        ..PlanNode::default()
    };
    let Some((verb, rest)) = detail
        .split_once(' ')
        .filter(|(verb, _)| matches!(*verb, "SCAN" | "SEARCH"))
    else {
        return as_written();
    };
    if rest.ends_with("CONSTANT ROW") || rest.ends_with("-ROW VALUES CLAUSE") {
        return as_written();
    }
    // Plans of older versions name the table like this.
    let rest = rest.strip_prefix("TABLE ").unwrap_or(rest);
    let (rest, join) = match rest.strip_suffix(" LEFT-JOIN") {
        Some(rest) => (rest, " LEFT-JOIN"),
        None => (rest, ""),
    };
    let (table, how) = [" USING ", " VIRTUAL TABLE "]
        .iter()
        .filter_map(|word| rest.find(word))
        .min()
        .map_or((rest, ""), |at| rest.split_at(at));
    let (index, condition) = index(how);
    let is_made = made.contains(table) || table.starts_with('(');
    let is_virtual = how.starts_with(" VIRTUAL TABLE");
    PlanNode {
        step: format!("{verb}{}{join}", kind(how)),
        table: Some(table.to_owned()),
        index,
        is_full_scan: verb == "SCAN" && !is_made && !is_virtual,
        condition,
        ..PlanNode::default()
    }
}

/// What sort of index is used, where that says something.
fn kind(how: &str) -> &'static str {
    [
        (
            "USING AUTOMATIC",
            " with an index that is built for this query",
        ),
        ("COVERING INDEX", " by a covering index"),
        ("USING ROWID SEARCH", " by rowid"),
        ("VIRTUAL TABLE", " of a virtual table"),
    ]
    .iter()
    .find(|(words, _)| how.contains(words))
    .map_or("", |(_, told)| told)
}

/// The name of the index, and the condition that stands in parentheses behind it.
fn index(how: &str) -> (Option<String>, Option<String>) {
    let how = how.trim_start();
    let (named, condition) = match how.strip_suffix(')').and_then(|how| how.rsplit_once(" (")) {
        Some((named, condition)) => (named, Some(condition.to_owned())),
        None => (how, None),
    };
    let name = [
        "USING COVERING INDEX ",
        "USING INDEX ",
        "USING INTEGER ",
        "USING ",
    ]
    .iter()
    .find_map(|words| named.strip_prefix(words))
    .or_else(|| named.strip_prefix("VIRTUAL TABLE INDEX "))
    .map(|name| name.trim_end().to_owned());
    (name, condition)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(detail: &str) -> (String, Option<String>, Option<String>, bool, Option<String>) {
        let node = node(detail, &HashSet::from(["totals"]));
        (
            node.step,
            node.table,
            node.index,
            node.is_full_scan,
            node.condition,
        )
    }

    #[test]
    fn each_step_is_read_by_its_words() {
        let some = |text: &str| Some(text.to_owned());
        for (detail, step, table, index, is_full_scan, condition) in [
            ("SCAN orders", "SCAN", some("orders"), None, true, None),
            (
                "SCAN TABLE orders",
                "SCAN",
                some("orders"),
                None,
                true,
                None,
            ),
            (
                "SCAN o USING COVERING INDEX by_day",
                "SCAN by a covering index",
                some("o"),
                some("by_day"),
                true,
                None,
            ),
            (
                "SEARCH o USING INDEX by day (day>? AND day<?)",
                "SEARCH",
                some("o"),
                some("by day"),
                false,
                some("day>? AND day<?"),
            ),
            (
                "SEARCH c USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN",
                "SEARCH LEFT-JOIN",
                some("c"),
                some("PRIMARY KEY"),
                false,
                some("rowid=?"),
            ),
            (
                "SEARCH t USING AUTOMATIC COVERING INDEX (a=?)",
                "SEARCH with an index that is built for this query",
                some("t"),
                some("AUTOMATIC COVERING INDEX"),
                false,
                some("a=?"),
            ),
            (
                "SCAN f VIRTUAL TABLE INDEX 0:M2",
                "SCAN of a virtual table",
                some("f"),
                some("0:M2"),
                false,
                None,
            ),
            ("SCAN totals", "SCAN", some("totals"), None, false, None),
            (
                "SCAN (subquery-1)",
                "SCAN",
                some("(subquery-1)"),
                None,
                false,
                None,
            ),
            (
                "SCAN CONSTANT ROW",
                "SCAN CONSTANT ROW",
                None,
                None,
                false,
                None,
            ),
            (
                "USE TEMP B-TREE FOR ORDER BY",
                "USE TEMP B-TREE FOR ORDER BY",
                None,
                None,
                false,
                None,
            ),
        ] {
            assert_eq!(
                told(detail),
                (step.to_owned(), table, index, is_full_scan, condition),
                "{detail}"
            );
        }
    }
}
