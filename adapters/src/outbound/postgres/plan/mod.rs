//! How much work a statement would be, as the planner expects; and its whole plan.

mod step;
mod tree;

use domain::{
    Failure,
    query::{
        QueryPlan,
        plan::{PlanStep, PlanTable},
    },
};
use serde_json::Value;
use sqlparser::tokenizer::Token;

use super::{
    super::{
        lexer::{Lexed, position},
        lexicon,
    },
    parameters::quoted,
    syntax::Syntax,
};

/// What asks for the plan of a statement, if it has one. Where `EXPLAIN ANALYZE` runs something, that is planned.
pub(super) fn request(sql: &str) -> Option<String> {
    let lexed = Lexed::of(&lexicon::POSTGRES, sql);
    let begins = match lexed.leading_words(1).pop()?.as_str() {
        "SELECT" | "WITH" | "VALUES" | "TABLE" | "INSERT" | "UPDATE" | "DELETE" | "MERGE" => 1,
        "CREATE" if Syntax::of(sql).makes_a_table_of_a_query() => 1,
        "EXPLAIN" if Syntax::of(sql).analyzes => explained(&lexed, sql)?,
        _ => return None,
    };
    let statement: String = sql.chars().skip(begins - 1).collect();
    Some(format!("EXPLAIN (VERBOSE, FORMAT JSON) {statement}"))
}

fn has_plan(word: &str) -> bool {
    matches!(
        word,
        "SELECT" | "WITH" | "VALUES" | "TABLE" | "INSERT" | "UPDATE" | "DELETE" | "MERGE"
    )
}

/// What asks for everything that is known of the plan of a statement that begins with `word`.
pub(super) fn full_request(word: &str, sql: &str, analyze: bool) -> Result<String, Failure> {
    if has_plan(word) {
        let how = if analyze {
            "ANALYZE, BUFFERS, SETTINGS, FORMAT JSON"
        } else {
            "SETTINGS, FORMAT JSON"
        };
        return Ok(format!("EXPLAIN ({how}) {sql}"));
    }
    let failure = match word {
        "EXPLAIN" => Failure::invalid_argument("The text is an EXPLAIN itself.")
            .with_hint("Send the statement alone, without EXPLAIN and its options."),
        "" => Failure::invalid_argument("The text holds no statement.")
            .with_hint("Send one SQL statement, such as `SELECT 1`."),
        word => Failure::invalid_argument(format!("{word} has no plan."))
            .with_hint("What has one: SELECT, WITH, VALUES, TABLE, INSERT, UPDATE, DELETE, MERGE."),
    };
    Err(failure)
}

/// The plan in the answer to [`full_request`].
pub(super) fn read(answer: &PlanTable) -> Result<QueryPlan, Failure> {
    let text = answer
        .rows
        .first()
        .and_then(|row| row.first()?.as_deref())
        .ok_or_else(|| {
            Failure::internal("The database answered a request for a plan with none.")
        })?;
    // Each step is nested twice; the reader stops at 128 for the sake of its stack.
    let plans: Value = serde_json::from_str(text).map_err(|error| {
        Failure::new(
            domain::FailureKind::Unsupported,
            "The plan is nested too deeply to be read.",
        )
        .with_hint("Send EXPLAIN with the statement to execute_query for the server's own text.")
        .with_source(error)
    })?;
    Ok(tree::plan(&plans))
}

/// Where the statement stands behind EXPLAIN and its options, in characters from 1.
fn explained(lexed: &Lexed, sql: &str) -> Option<usize> {
    let mut tokens = lexed.significant().skip(1).peekable();
    if tokens.peek()?.token == Token::LParen {
        tokens.find(|token| token.token == Token::RParen)?;
    }
    let statement = tokens.find(|token| {
        !matches!(&token.token, Token::Word(word) if ["ANALYZE", "ANALYSE", "VERBOSE"]
            .iter()
            .any(|option| word.value.eq_ignore_ascii_case(option)))
    })?;
    Some(position(sql, statement.span.start))
}

fn root(plan: &PlanTable) -> Option<Value> {
    let text = plan.rows.first()?.first()?.as_deref()?;
    let mut plans: Value = serde_json::from_str(text).ok()?;
    Some(plans.get_mut(0)?.get_mut("Plan")?.take())
}

/// Asks how many rows there are in the tables that are read from end to end and returned in part: the plan tells only the
/// part.
pub(super) fn size_request(plan: &PlanTable) -> Option<String> {
    let root = root(plan)?;
    let mut tables = Vec::new();
    each_step(&root, 1.0, &mut |node, _| {
        if let Some((schema, table)) = scanned(node).filter(|_| node.get("Filter").is_some()) {
            tables.push(format!("({},{})", quoted(schema), quoted(table)));
        }
    });
    (!tables.is_empty()).then(|| {
        format!(
            "SELECT n.nspname::text, c.relname::text, c.reltuples::text FROM pg_catalog.pg_class c \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE (n.nspname::text, c.relname::text) IN ({})",
            tables.join(",")
        )
    })
}

/// The step that handles the most rows: returns them or, of a table that is read from end to end, reads them.
pub(super) fn costliest(plan: &PlanTable, sizes: &PlanTable) -> Option<PlanStep> {
    let root = root(plan)?;
    let mut costliest: Option<PlanStep> = None;
    each_step(&root, 1.0, &mut |node, share| {
        let read = scanned(node).and_then(|table| size(sizes, table));
        let rows = share * returned(node).max(read.unwrap_or(0.0));
        if costliest.as_ref().is_none_or(|step| rows > step.rows) {
            costliest = Some(PlanStep {
                what: name(node),
                rows,
            });
        }
    });
    costliest
}

/// Every step with the share of its rows that is asked for: below a LIMIT only some, unless a step in between needs all of
/// them before it returns the first.
fn each_step<'a>(node: &'a Value, share: f64, visit: &mut impl FnMut(&'a Value, f64)) {
    visit(node, share);
    let kind = node.get("Node Type").and_then(Value::as_str);
    for below in node
        .get("Plans")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let beside = below
            .get("Parent Relationship")
            .and_then(Value::as_str)
            .is_some_and(|kind| matches!(kind, "InitPlan" | "SubPlan"));
        let share = match kind {
            _ if beside => 1.0,
            Some("Limit") => share * (returned(node) / returned(below).max(1.0)).min(1.0),
            Some("Append" | "Subquery Scan" | "Result" | "Gather" | "LockRows" | "ProjectSet") => {
                share
            }
            Some("Nested Loop" | "Hash Join") if is_outer(below) => share,
            _ => 1.0,
        };
        each_step(below, share, visit);
    }
}

fn is_outer(node: &Value) -> bool {
    node.get("Parent Relationship").and_then(Value::as_str) == Some("Outer")
}

fn returned(node: &Value) -> f64 {
    node.get("Plan Rows").and_then(Value::as_f64).unwrap_or(0.0)
}

/// The schema and the table that a step reads from end to end.
fn scanned(node: &Value) -> Option<(&str, &str)> {
    let text = |key| node.get(key).and_then(Value::as_str);
    (text("Node Type")? == "Seq Scan").then_some((text("Schema")?, text("Relation Name")?))
}

fn size(sizes: &PlanTable, (schema, table): (&str, &str)) -> Option<f64> {
    let row = sizes.rows.iter().find(|row| {
        row.first().and_then(Option::as_deref) == Some(schema)
            && row.get(1).and_then(Option::as_deref) == Some(table)
    })?;
    row.get(2)?.as_deref()?.parse().ok()
}

/// `Seq Scan on orders`, as the planner's own text form has it.
fn name(node: &Value) -> String {
    let text = |key| node.get(key).and_then(Value::as_str);
    let kind = text("Node Type").unwrap_or("step");
    match text("Relation Name")
        .or(text("Function Name"))
        .or(text("CTE Name"))
    {
        Some(relation) => format!("{kind} on {relation}"),
        None => kind.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(json: &str) -> PlanTable {
        PlanTable {
            columns: vec!["QUERY PLAN".to_owned()],
            rows: vec![vec![Some(json.to_owned())]],
        }
    }

    fn sizes(table: &str, rows: &str) -> PlanTable {
        let row = ["public", table, rows].map(|cell| Some(cell.to_owned()));
        PlanTable {
            columns: Vec::new(),
            rows: vec![row.to_vec()],
        }
    }

    fn step(what: &str, rows: f64) -> PlanStep {
        PlanStep {
            what: what.to_owned(),
            rows,
        }
    }

    #[test]
    fn the_step_with_the_most_rows_is_named() {
        let plan = plan(
            r#"[{"Plan":{"Node Type":"Aggregate","Plan Rows":1,"Plans":[{"Node Type":"Nested Loop","Plan Rows":5000000,
            "Plans":[{"Node Type":"Seq Scan","Relation Name":"orders","Plan Rows":5000}]}]}}]"#,
        );

        assert_eq!(size_request(&plan), None);
        assert_eq!(
            costliest(&plan, &PlanTable::default()),
            Some(step("Nested Loop", 5_000_000.0))
        );
    }

    #[test]
    fn what_a_scan_reads_and_drops_counts() {
        let plan = plan(
            r#"[{"Plan":{"Node Type":"Seq Scan","Schema":"public","Relation Name":"o'r","Filter":"(a = 1)","Plan Rows":1}}]"#,
        );

        let request = size_request(&plan).unwrap();

        assert!(request.ends_with("IN ((E'public',E'o''r'))"), "{request}");
        assert_eq!(
            costliest(&plan, &sizes("o'r", "1e+09")),
            Some(step("Seq Scan on o'r", 1e9))
        );
        assert_eq!(
            costliest(&plan, &sizes("other", "1e+09")),
            Some(step("Seq Scan on o'r", 1.0))
        );
    }

    #[test]
    fn below_a_limit_only_a_share_counts_unless_all_must_be_read_first() {
        let scan =
            r#"{"Node Type":"Seq Scan","Schema":"public","Relation Name":"t","Plan Rows":1000}"#;
        for (json, expected) in [
            (
                format!(r#"[{{"Plan":{{"Node Type":"Limit","Plan Rows":10,"Plans":[{scan}]}}}}]"#),
                10.0,
            ),
            (
                format!(
                    r#"[{{"Plan":{{"Node Type":"Limit","Plan Rows":10,"Plans":[{{"Node Type":"Sort","Plan Rows":1000,"Plans":[{scan}]}}]}}}}]"#
                ),
                1000.0,
            ),
        ] {
            let found = costliest(&plan(&json), &PlanTable::default());
            assert_eq!(found.map(|step| step.rows), Some(expected), "{json}");
        }
    }

    #[test]
    fn what_is_run_is_planned_and_nothing_else() {
        for (sql, expected) in [
            ("SELECT 1", Some("SELECT 1")),
            ("MERGE INTO t", Some("MERGE INTO t")),
            ("SHOW all", None),
            ("CREATE TABLE t (a int)", None),
            (
                "CREATE TABLE t AS SELECT 1",
                Some("CREATE TABLE t AS SELECT 1"),
            ),
            (
                "CREATE MATERIALIZED VIEW v AS SELECT 1",
                Some("CREATE MATERIALIZED VIEW v AS SELECT 1"),
            ),
            ("EXPLAIN SELECT 1", None),
            ("EXPLAIN (ANALYZE off) SELECT 1", None),
            ("EXPLAIN ANALYZE VERBOSE SELECT 'é'", Some("SELECT 'é'")),
            (
                "/* é */ EXPLAIN (ANALYZE, BUFFERS) (SELECT 1)",
                Some("(SELECT 1)"),
            ),
        ] {
            let expected = expected.map(|sql| format!("EXPLAIN (VERBOSE, FORMAT JSON) {sql}"));
            assert_eq!(request(sql), expected, "{sql}");
        }
    }
}
