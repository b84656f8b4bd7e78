//! How an engine runs a statement: one form for the plans of all engines.

/// A plan, with what was measured where the statement was run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct QueryPlan {
    pub root: PlanNode,
    /// Milliseconds.
    pub planning_time: Option<f64>,
    /// Milliseconds, where the statement was run.
    pub execution_time: Option<f64>,
    /// What the engine says besides: that it compiled the statement, that triggers ran.
    pub notes: Vec<String>,
}

/// One step. What an engine does not tell is left out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PlanNode {
    /// As the engine calls it: `Seq Scan`, `Hash Join`, `ref`, `SEARCH`.
    pub step: String,
    /// The table that it reads, as it is written in the plan, with its alias if it has one.
    pub table: Option<String>,
    pub index: Option<String>,
    /// It reads every row of `table` (or of `index`).
    pub is_full_scan: bool,
    /// By what it finds rows: the condition of an index or of a join.
    pub condition: Option<String>,
    /// What is thrown away after it was read.
    pub filter: Option<String>,
    /// Rows that come out, all loops together, as the engine expected.
    pub estimated_rows: Option<f64>,
    /// Rows that came out, all loops together.
    pub actual_rows: Option<f64>,
    /// Rows that were read and thrown away, all loops together.
    pub removed_rows: Option<f64>,
    /// How often it ran.
    pub loops: Option<f64>,
    /// With everything below it, in the engine's own unit.
    pub cost: Option<f64>,
    /// With everything below it, all loops together, in milliseconds.
    pub time: Option<f64>,
    /// What did not fit into memory: `Sort spilled 12 MB to disk`.
    pub spilled: Option<String>,
    pub children: Vec<PlanNode>,
}
