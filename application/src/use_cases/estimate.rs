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
        acts_as: statement.acts_as.clone(),
        indexes: Vec::new(),
    };
    let Some(plan) = ask(database, &request, limits, cancel).await? else {
        return Ok(());
    };
    let sizes = match database.dialect.size_request(&plan) {
        Some(sql) => {
            let request = Statement {
                sql,
                params: Vec::new(),
                acts_as: statement.acts_as.clone(),
                indexes: Vec::new(),
            };
            ask(database, &request, limits, cancel).await?
        }
        None => None,
    };
    let sizes = sizes.unwrap_or_default();
    match database.dialect.costliest_step(&plan, &sizes) {
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

/// `None` where the statement is at fault, which its own run tells better.
async fn ask(
    database: &Database,
    request: &Statement,
    limits: &QueryLimits,
    cancel: &Cancel,
) -> Result<Option<PlanTable>, Failure> {
    let mut answer = PlanTable::default();
    let runner = &database.query_runner;
    // A plan of a statement that writes may itself be refused where nothing may be written.
    let asked = if database.config.policy.is_read_only() {
        runner.run_read(request, limits, &mut answer, cancel).await
    } else {
        runner.run_write(request, limits, &mut answer, cancel).await
    };
    match asked {
        Ok(_) => Ok(Some(answer)),
        Err(failure)
            if matches!(
                failure.kind,
                FailureKind::InvalidSql
                    | FailureKind::InvalidArgument
                    | FailureKind::NotAllowed
                    | FailureKind::Unsupported
            ) =>
        {
            Ok(None)
        }
        Err(failure) => Err(failure),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::query::{
        Cell, Column, Dialect, Outcome, StatementClass, dialect::Classified, plan::PlanStep,
        port::MockQueryRunner,
    };

    use super::*;
    use crate::use_cases::doubles::{config, database_with};

    /// A dialect whose plans are one number.
    #[derive(Debug)]
    struct Planned;

    impl Dialect for Planned {
        fn classify(&self, _: &str) -> Classified {
            unreachable!("nothing is judged here")
        }

        fn reading_words(&self) -> &'static [&'static str] {
            &[]
        }

        fn instead_of(&self, _: &str) -> Option<&'static str> {
            None
        }

        fn plan_request(&self, sql: &str) -> Option<String> {
            Some(format!("PLAN {sql}"))
        }

        fn costliest_step(&self, plan: &PlanTable, _: &PlanTable) -> Option<PlanStep> {
            let rows = plan.rows.first()?.first()?.as_deref()?.parse().ok()?;
            Some(PlanStep {
                what: "Scan on t".to_owned(),
                rows,
            })
        }
    }

    fn planning(answer: Result<&'static str, FailureKind>) -> Database {
        let mut runner = MockQueryRunner::new();
        runner
            .expect_run_read()
            .withf(|statement, _, _, _| statement.sql == "PLAN SELECT 1")
            .times(1)
            .returning(move |_, _, sink, _| {
                let rows = answer.map_err(|kind| Failure::new(kind, "no plan"))?;
                sink.columns(&[Column {
                    name: "plan".to_owned(),
                    type_name: "text".to_owned(),
                }]);
                sink.begin_row();
                sink.cell(Cell::Text(rows));
                sink.end_row();
                Ok(Outcome::default())
            });
        let mut config = config();
        config.max_estimated_rows = Some(100);
        let mut database = database_with(config, StatementClass::Read, runner);
        database.dialect = Arc::new(Planned);
        database
    }

    async fn judge(database: &Database) -> Result<(), Failure> {
        let statement = Statement::new("SELECT 1".to_owned(), vec![]).unwrap();
        let limits = QueryLimits::default();
        refuse_costly(database, &statement, &limits, &Cancel::new()).await
    }

    #[tokio::test]
    async fn a_step_above_the_ceiling_is_refused_by_name_and_one_at_it_is_not() {
        assert!(judge(&planning(Ok("100"))).await.is_ok());

        let failure = judge(&planning(Ok("101"))).await.unwrap_err();

        assert_eq!(
            (failure.kind, failure.message.as_str()),
            (
                FailureKind::TooLarge,
                "The plan has a step that is expected to handle 101 rows (Scan on t); this connection runs nothing above 100."
            )
        );
    }

    #[tokio::test]
    async fn a_statement_without_a_plan_fails_by_itself_and_an_ended_call_ends() {
        for (kind, goes_on) in [
            (FailureKind::InvalidSql, true),
            (FailureKind::NotAllowed, true),
            (FailureKind::Cancelled, false),
            (FailureKind::Timeout, false),
        ] {
            let verdict = judge(&planning(Err(kind))).await;
            assert_eq!(verdict.is_ok(), goes_on, "{kind:?}");
        }
    }

    #[tokio::test]
    async fn without_a_ceiling_nobody_is_asked() {
        let database = database_with(config(), StatementClass::Read, MockQueryRunner::new());

        assert!(judge(&database).await.is_ok());
    }
}
