//! A plan as a table, which tells how an UPDATE or a DELETE finds its rows.

use domain::query::{
    explained::{PlanNode, QueryPlan},
    plan::PlanTable,
};

pub(super) fn read(answer: &PlanTable) -> Option<QueryPlan> {
    let mut outer = 1.0;
    let mut children: Vec<PlanNode> = (0..answer.rows.len())
        .map(|row| step(answer, row, &mut outer))
        .collect();
    let root = if children.len() > 1 {
        PlanNode {
            step: "Nested loop".to_owned(),
            estimated_rows: Some(outer),
            children,
            ..PlanNode::default()
        }
    } else {
        children.pop()?
    };
    Some(QueryPlan {
        root,
        ..QueryPlan::default()
    })
}

/// One table. `outer` is how many rows those before it bring.
fn step(answer: &PlanTable, row: usize, outer: &mut f64) -> PlanNode {
    let text = |column: &str| {
        let cell = answer.column(column).nth(row).flatten();
        cell.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let number = |column: &str| text(column).and_then(|text| text.parse::<f64>().ok());
    let verb = text("select_type").unwrap_or_default();
    let access = text("type").unwrap_or_default();
    let read = number("rows").map(|rows| rows * *outer);
    let kept = read.map(|read| read * number("filtered").unwrap_or(100.0) / 100.0);
    *outer = kept.unwrap_or(*outer);
    PlanNode {
        step: format!("{verb} {access}").trim().to_owned(),
        table: text("table"),
        index: text("key"),
        is_full_scan: matches!(access.as_str(), "ALL" | "index"),
        condition: text("ref"),
        filter: text("Extra"),
        estimated_rows: kept,
        removed_rows: read.zip(kept).map(|(read, kept)| read - kept),
        ..PlanNode::default()
    }
}
