//! Refuses a statement that would be too much work, before it is run.

use domain::{
    Cancel, Failure, FailureKind,
    connection::Database,
    query::{QueryLimits, Statement, plan::PlanTable},
};

/// Asks the database for its plan, where the connection has a ceiling. What has no plan, or is not understood, is left
/// to the statement itself, whose failure tells more.
pub(super) async fn refuse_costly(
    database: &Database,
    statement: &Statement,
    limits: &QueryLimits,
    cancel: &Cancel,
) -> Result<(), Failure> {
    let Some(ceiling) = database.config.max_estimated_rows else {
        return Ok(());
    };
    let Some(sql) = database.dialect.plan_request(&statement.sql) else {
        return Ok(());
    };
    let request = Statement {
        sql,
        params: statement.params.clone(),
    };
    let mut plan = PlanTable::default();
    let asked = database
        .query_runner
        .run_read(&request, limits, &mut plan, cancel)
        .await;
    match asked {
        Ok(_) => {}
        Err(failure)
            if matches!(
                failure.kind,
                FailureKind::InvalidSql
                    | FailureKind::InvalidArgument
                    | FailureKind::NotAllowed
                    | FailureKind::Unsupported
            ) =>
        {
            return Ok(());
        }
        Err(failure) => return Err(failure),
    }
    match database.dialect.costliest_step(&plan) {
        #[expect(clippy::cast_precision_loss, reason = "an estimate is not exact")]
        Some(step) if step.rows > ceiling as f64 => Err(Failure::new(
            FailureKind::TooLarge,
            format!(
                "The plan has a step that is expected to handle {:.0} rows ({}); this connection runs nothing above {ceiling}.",
                step.rows, step.what
            ),
        )
        .with_hint(
            "Narrow it: a condition on an indexed column, a missing join condition, fewer tables. EXPLAIN shows the plan. Whoever runs this server can raise MAX_ESTIMATED_ROWS.",
        )),
        _ => Ok(()),
    }
}
