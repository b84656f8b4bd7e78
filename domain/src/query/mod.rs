//! Statements, their limits and the rows that come back.

pub mod acts_as;
pub mod dialect;
pub mod effect;
pub mod explained;
pub mod index_trial;
pub mod limits;
pub mod plan;
pub mod plan_report;
pub mod port;
pub mod redacted;
pub mod rows;
pub mod statement;

pub use acts_as::ActsAs;
pub use dialect::{Dialect, StatementClass};
pub use effect::{Allowance, Effect};
pub use explained::{PlanNode, QueryPlan};
pub use index_trial::{IndexTrial, PlannedIndex, TriedIndex};
pub use limits::QueryLimits;
pub use plan_report::PlanReport;
pub use port::QueryRunner;
pub use redacted::{redacted, redacted_knowing, redacted_to};
pub use rows::{Cell, Column, DynRowSink, Flow, Outcome, RowSink};
pub use statement::Statement;
