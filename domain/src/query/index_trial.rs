//! What an index would do that nobody has made: the statement is planned as if it were there.

use serde::Serialize;

use super::{
    explained::QueryPlan,
    plan_report::{PlanReport, rounded},
};

/// An index to plan with, as an engine has read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedIndex {
    /// The statement that would make it. It is never run.
    pub definition: String,
    /// Reads what the index would be made of, so that whoever may not read that may not plan with it either.
    pub probe: String,
}

/// An index that a statement was planned with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriedIndex {
    /// What the plan calls it.
    pub name: String,
    /// As large as it is expected to be.
    pub size_bytes: Option<u64>,
}

/// A plan with indexes that are not there, beside the one without.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IndexTrial {
    /// In the engine's own unit, without the indexes and with them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_without: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_with: Option<f64>,
    pub indexes: Vec<Tried>,
    /// One line a step, as in the plan without.
    pub plan: Vec<String>,
}

/// What came of one index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tried {
    pub index: String,
    /// Whether the plan uses it.
    pub used: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimated_bytes: Option<u64>,
}

impl IndexTrial {
    /// The definitions and what became of them are in the same order.
    pub fn of(
        cost_without: Option<f64>,
        mut with: QueryPlan,
        definitions: &[String],
        tried: &[TriedIndex],
    ) -> Self {
        let mut used = vec![false; tried.len()];
        let mut waiting = vec![&mut with.root];
        while let Some(node) = waiting.pop() {
            for (at, (index, used)) in tried.iter().zip(&mut used).enumerate() {
                if node.index.as_ref() == Some(&index.name) {
                    *used = true;
                    node.index = Some(format!("index {} of these", at + 1));
                    break;
                }
            }
            waiting.extend(&mut node.children);
        }
        let cost_with = with.root.cost.map(rounded);
        Self {
            cost_without: cost_without.map(rounded),
            cost_with,
            indexes: definitions
                .iter()
                .zip(tried.iter().zip(used))
                .map(|(index, (tried, used))| Tried {
                    index: index.clone(),
                    used,
                    estimated_bytes: tried.size_bytes,
                })
                .collect(),
            plan: PlanReport::of(with, &|_| None).plan,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::PlanNode;

    #[test]
    fn an_index_that_the_plan_uses_is_told_by_its_number() {
        let scan = PlanNode {
            step: "Index Scan".to_owned(),
            table: Some("orders".to_owned()),
            index: Some("<2>btree_orders".to_owned()),
            ..PlanNode::default()
        };
        let with = QueryPlan {
            root: PlanNode {
                step: "Limit".to_owned(),
                cost: Some(8.25),
                children: vec![scan],
                ..PlanNode::default()
            },
            ..QueryPlan::default()
        };
        let tried = ["<1>btree_orders", "<2>btree_orders"].map(|name| TriedIndex {
            name: name.to_owned(),
            size_bytes: Some(8_192),
        });
        let definitions = ["one", "two"].map(str::to_owned);

        let trial = IndexTrial::of(Some(100.0), with, &definitions, &tried);

        let used: Vec<bool> = trial.indexes.iter().map(|tried| tried.used).collect();
        assert_eq!(used, [false, true]);
        assert_eq!(
            (trial.cost_without, trial.cost_with),
            (Some(100.0), Some(8.25))
        );
        assert_eq!(
            trial.plan,
            [
                "1 Limit: cost 8.25",
                "2   Index Scan on orders using index 2 of these"
            ]
        );
    }
}
