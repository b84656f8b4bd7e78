//! Tells how a statement would be run, or, where it only reads, how it was.

use domain::{
    Cancel, Failure, FailureKind,
    connection::{Database, Policy},
    query::{
        Dialect, IndexTrial, PlanReport, PlannedIndex, QueryLimits, Statement, plan::PlanTable,
    },
    schema::{Snapshot, TableName},
};

use super::estimate::refuse_costly;
use crate::registry::OpenConnection;

/// The request.
#[derive(Debug, Clone)]
pub struct ExplainQuery {
    pub statement: Statement,
    /// Runs the statement too, and tells what was measured. Only for what reads, on a writable connection as well.
    pub analyze: bool,
    /// Statements that would make indexes: the plan is told with and without them. None is made.
    pub try_indexes: Vec<String>,
}

/// So many can be tried in one call.
const MOST_INDEXES: usize = 5;
/// Bytes of one.
const LONGEST_INDEX: usize = 2_000;

impl ExplainQuery {
    pub async fn execute(
        self,
        connection: &OpenConnection,
        cancel: &Cancel,
    ) -> Result<PlanReport, Failure> {
        let database = &connection.database;
        let sql = &self.statement.sql;
        let indexes = self.planned_indexes(&*database.dialect)?;
        if self.analyze {
            Policy::READ_ONLY
                .admit(sql, &*database.dialect)
                .map_err(|failure| refused(failure).located_in(sql))?;
        }
        let request = Statement {
            sql: database.dialect.explain_request(sql, self.analyze)?,
            params: self.statement.params.clone(),
            acts_as: self.statement.acts_as.clone(),
            indexes: Vec::new(),
        };
        let shared = SharedEnd::of(&request.sql, sql);
        database
            .config
            .policy
            .admit(&request.sql, &*database.dialect)
            .map_err(|failure| shared.shifted(failure).located_in(sql))?;
        let limits = QueryLimits {
            rows: MAX_PLAN_ROWS,
            bytes: usize::MAX,
            cell_bytes: usize::MAX,
            time: database.config.statement_timeout,
            waits: std::time::Duration::ZERO,
        };
        if self.analyze {
            refuse_costly(database, &self.statement, &limits, cancel).await?;
        }
        let answer = ask(database, &request, self.analyze, &limits, cancel)
            .await
            .map_err(|failure| shared.shifted(failure).located_in(sql))?;
        let plan = database.dialect.query_plan(&answer)?;
        let with_indexes = if indexes.is_empty() {
            None
        } else {
            let cost = plan.root.cost;
            Some(tried(database, request, &indexes, cost, &limits, cancel).await?)
        };
        // How large tables are makes a full scan worth a word or not; a plan without it is still a plan.
        let schema = connection.schema(cancel).await.ok();
        let called = database.dialect.tables_called(sql);
        let report = PlanReport::of(plan, &|table| {
            let named = called.iter().find(|(called, _)| called == table);
            rows_of(schema.as_deref()?, named.map_or(table, |(_, name)| name))
        });
        Ok(PlanReport {
            with_indexes,
            ..report
        })
    }

    fn planned_indexes(&self, dialect: &dyn Dialect) -> Result<Vec<PlannedIndex>, Failure> {
        if self.analyze && !self.try_indexes.is_empty() {
            return Err(Failure::invalid_argument(
                "`tryIndexes` does not go with `analyze`: nothing runs with an index that is not there.",
            )
            .with_hint("Leave one of them out."));
        }
        if self.try_indexes.len() > MOST_INDEXES {
            return Err(Failure::invalid_argument(format!(
                "{} indexes are too many for one call.",
                self.try_indexes.len()
            ))
            .with_hint(format!("Try up to {MOST_INDEXES}.")));
        }
        self.try_indexes
            .iter()
            .map(|index| match index.len() {
                ..=LONGEST_INDEX => dialect.planned_index(index),
                length => Err(Failure::invalid_argument(format!(
                    "An index of {length} bytes is too long; the limit is {LONGEST_INDEX}."
                ))),
            })
            .collect()
    }
}

/// The plan with indexes that are not there. Whoever may not read what one would be made of is told so first.
async fn tried(
    database: &Database,
    request: Statement,
    indexes: &[PlannedIndex],
    cost_without: Option<f64>,
    limits: &QueryLimits,
    cancel: &Cancel,
) -> Result<IndexTrial, Failure> {
    let runner = &database.query_runner;
    for index in indexes {
        let probe = Statement {
            sql: index.probe.clone(),
            params: Vec::new(),
            acts_as: request.acts_as.clone(),
            indexes: Vec::new(),
        };
        let within = |mut failure: Failure| {
            failure.message = format!("In `{}`: {}", index.definition, failure.message);
            // It would count in a text that the caller has not written.
            failure.position = None;
            failure
        };
        Policy::READ_ONLY
            .admit(&probe.sql, &*database.dialect)
            .map_err(within)?;
        runner
            .run_read(&probe, limits, &mut PlanTable::default(), cancel)
            .await
            .map_err(within)?;
    }
    let definitions: Vec<String> = indexes
        .iter()
        .map(|index| index.definition.clone())
        .collect();
    let request = Statement {
        indexes: definitions.clone(),
        ..request
    };
    let mut answer = PlanTable::default();
    let outcome = runner
        .run_read(&request, limits, &mut answer, cancel)
        .await?;
    let plan = database.dialect.query_plan(&answer)?;
    Ok(IndexTrial::of(
        cost_without,
        plan,
        &definitions,
        &outcome.tried_indexes,
    ))
}

/// More rows than any plan has.
const MAX_PLAN_ROWS: u64 = 100_000;

async fn ask(
    database: &Database,
    request: &Statement,
    analyze: bool,
    limits: &QueryLimits,
    cancel: &Cancel,
) -> Result<PlanTable, Failure> {
    let mut answer = PlanTable::default();
    let runner = &database.query_runner;
    // Some servers refuse even the plan of a statement that writes where nothing may be written.
    if analyze || database.config.policy.is_read_only() {
        runner
            .run_read(request, limits, &mut answer, cancel)
            .await?;
    } else {
        runner
            .run_write(request, limits, &mut answer, cancel)
            .await?;
    }
    Ok(answer)
}

/// Why `analyze` is refused, where the connection itself may allow the statement.
fn refused(mut failure: Failure) -> Failure {
    if failure.kind != FailureKind::NotAllowed {
        return failure;
    }
    failure.message = format!("`analyze` runs the statement. {}", failure.message);
    failure.with_hint(
        "Leave `analyze` out: the plan without it tells what would be done, with estimates.",
    )
}

/// The end that the request and the caller's text have in common: before it stand our words, and in the caller's text
/// perhaps what a dialect leaves out.
struct SharedEnd {
    /// Characters before it in the request.
    ours: usize,
    /// Characters before it in the caller's text.
    theirs: usize,
}

impl SharedEnd {
    fn of(request: &str, sql: &str) -> Self {
        let shared = request
            .chars()
            .rev()
            .zip(sql.chars().rev())
            .take_while(|(one, other)| one == other)
            .count();
        Self {
            ours: request.chars().count() - shared,
            theirs: sql.chars().count() - shared,
        }
    }

    /// A position in the request as one in the caller's text; none for one in our words.
    fn shifted(&self, mut failure: Failure) -> Failure {
        failure.position = failure
            .position
            .and_then(|position| position.checked_sub(self.ours))
            .filter(|position| *position > 0)
            .map(|position| position + self.theirs);
        failure
    }
}

/// The estimated rows of a table as a plan names it: with its schema or without, and perhaps with an alias behind.
fn rows_of(schema: &Snapshot, table: &str) -> Option<u64> {
    let found = |text: &str| TableName::parse(text).ok()?.resolve(schema).ok();
    let id = found(table).or_else(|| found(table.rsplit_once(' ')?.0))?;
    schema.relation(id)?.estimated_rows
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::{
        connection::ConnectionName,
        query::{
            Cell, Column, Dialect, Outcome, PlanNode, QueryPlan, StatementClass,
            dialect::Classified, port::MockQueryRunner,
        },
        schema::{Relation, RelationKind, port::MockCatalog},
    };

    use super::*;
    use crate::use_cases::doubles::{config, database_with};

    /// A dialect whose plans are one word: the table that is read as a whole.
    #[derive(Debug)]
    struct Scanning(StatementClass);

    impl Dialect for Scanning {
        fn classify(&self, _: &str) -> Classified {
            Classified {
                class: self.0,
                construct: "WORD".to_owned(),
                position: Some(9),
                findings: Vec::new(),
                flaw: None,
            }
        }

        fn reading_words(&self) -> &'static [&'static str] {
            &["WORD"]
        }

        fn instead_of(&self, _: &str) -> Option<&'static str> {
            None
        }

        fn explain_request(&self, sql: &str, analyze: bool) -> Result<String, Failure> {
            Ok(format!("{} {sql}", if analyze { "RUN" } else { "EXPLAIN" }))
        }

        fn query_plan(&self, answer: &PlanTable) -> Result<QueryPlan, Failure> {
            let table = answer.column("plan").next().flatten().map(str::to_owned);
            Ok(QueryPlan {
                root: PlanNode {
                    step: "Scan".to_owned(),
                    table,
                    is_full_scan: true,
                    ..PlanNode::default()
                },
                ..QueryPlan::default()
            })
        }
    }

    fn answer(sink: &mut domain::query::DynRowSink) -> Outcome {
        sink.columns(&[Column {
            name: "plan".to_owned(),
            type_name: "text".to_owned(),
        }]);
        sink.begin_row();
        sink.cell(Cell::Text("orders o"));
        sink.end_row();
        Outcome::default()
    }

    /// A connection with a table `orders` of 5,000 rows.
    fn connection(
        policy: Policy,
        class: StatementClass,
        runner: MockQueryRunner,
    ) -> OpenConnection {
        let mut config = config();
        config.policy = policy;
        let mut database = database_with(config, class, runner);
        database.dialect = Arc::new(Scanning(class));
        let mut catalog = MockCatalog::new();
        catalog.expect_outline().returning(|_| Ok(None));
        catalog.expect_fingerprint().returning(|_| Ok(None));
        catalog.expect_read().returning(|_| {
            Ok(Snapshot {
                search_path: vec![Arc::from("public")],
                relations: vec![Relation {
                    schema: Arc::from("public"),
                    name: Arc::from("orders"),
                    kind: RelationKind::Table,
                    comment: None,
                    estimated_rows: Some(5_000),
                    partitions: 0,
                    columns: Vec::new(),
                    keys: Vec::new(),
                }],
                ..Snapshot::default()
            })
        });
        database.catalog = Arc::new(catalog);
        OpenConnection::new(ConnectionName::new("shop").unwrap(), database)
    }

    fn explain(analyze: bool) -> ExplainQuery {
        ExplainQuery {
            statement: Statement::new("WORD t".to_owned(), vec![]).unwrap(),
            analyze,
            try_indexes: Vec::new(),
        }
    }

    #[tokio::test]
    async fn a_full_scan_is_told_with_the_size_of_its_table() {
        let mut runner = MockQueryRunner::new();
        runner
            .expect_run_read()
            .withf(|statement, _, _, _| statement.sql == "EXPLAIN WORD t")
            .times(1)
            .returning(|_, _, sink, _| Ok(answer(sink)));
        let connection = connection(Policy::READ_ONLY, StatementClass::Read, runner);

        let report = explain(false)
            .execute(&connection, &Cancel::new())
            .await
            .unwrap();

        assert_eq!(
            report.warnings,
            ["Step 1: reads all 5000 rows of orders o."]
        );
    }

    #[tokio::test]
    async fn analyze_of_what_writes_is_refused_on_a_writable_connection_too() {
        let connection = connection(
            Policy::READ_WRITE,
            StatementClass::Write,
            MockQueryRunner::new(),
        );

        let failure = explain(true)
            .execute(&connection, &Cancel::new())
            .await
            .unwrap_err();

        assert_eq!(failure.kind, FailureKind::NotAllowed);
        assert!(failure.message.starts_with("`analyze` runs the statement."));
    }

    #[tokio::test]
    async fn analyze_runs_in_a_transaction_that_only_reads_wherever_it_is() {
        let mut runner = MockQueryRunner::new();
        runner
            .expect_run_read()
            .withf(|statement, _, _, _| statement.sql == "RUN WORD t")
            .times(1)
            .returning(|_, _, sink, _| Ok(answer(sink)));
        let connection = connection(Policy::READ_WRITE, StatementClass::Read, runner);

        let report = explain(true).execute(&connection, &Cancel::new()).await;

        assert!(report.is_ok());
    }

    #[tokio::test]
    async fn a_failures_position_is_one_in_the_callers_own_text() {
        for (position, told) in [(Some(9), Some(1)), (Some(3), None), (None, None)] {
            let mut runner = MockQueryRunner::new();
            runner.expect_run_read().returning(move |_, _, _, _| {
                let mut failure = Failure::new(FailureKind::InvalidSql, "no such table");
                failure.position = position;
                Err(failure)
            });
            let connection = connection(Policy::READ_ONLY, StatementClass::Read, runner);

            let failure = explain(false)
                .execute(&connection, &Cancel::new())
                .await
                .unwrap_err();

            assert_eq!(failure.position, told, "{position:?}");
        }
    }
}
