//! How much work a statement would be, as the optimizer expects.

use domain::query::plan::{PlanStep, PlanTable};
use sqlparser::tokenizer::Token;

use super::{
    super::lexer::{Lexed, position},
    text::{Words, word},
};

/// What asks for the plan of a statement, if it has one. Of what is run to be explained, and of what a table is made from,
/// the query is planned.
pub(super) fn request(sql: &str) -> Option<String> {
    let lexed = Lexed::of(&Words::MYSQL, sql);
    let words = lexed.leading_words(2);
    let begins = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [
            "SELECT" | "WITH" | "VALUES" | "TABLE" | "INSERT" | "UPDATE" | "DELETE" | "REPLACE",
            ..,
        ] => 1,
        [
            "ANALYZE",
            "TABLE" | "TABLES" | "LOCAL" | "NO_WRITE_TO_BINLOG",
        ] => return None,
        ["EXPLAIN" | "DESCRIBE" | "DESC", "ANALYZE"] | ["ANALYZE", ..] => query(
            &lexed,
            sql,
            &["SELECT", "WITH", "VALUES", "TABLE", "UPDATE", "DELETE"],
        )?,
        ["CREATE", ..] => query(&lexed, sql, &["SELECT", "WITH"])?,
        _ => return None,
    };
    let statement: String = sql.chars().skip(begins - 1).collect();
    Some(format!("EXPLAIN {statement}"))
}

/// Where the query stands, in characters from 1: outside of parentheses, or in the first behind AS.
fn query(lexed: &Lexed, sql: &str, words: &[&str]) -> Option<usize> {
    let mut depth = 0_usize;
    let mut behind_as = false;
    // The first word is that of the statement around it.
    lexed.significant().skip(1).find_map(|token| {
        let name = word(&token.token).unwrap_or_default();
        let opens = token.token == Token::LParen;
        let begins = depth == 0 && (words.contains(&name.as_str()) || (opens && behind_as));
        behind_as = name == "AS";
        match token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            _ => {}
        }
        begins.then(|| position(sql, token.span.start))
    })
}

/// The step that handles the most rows. MariaDB answers with a table, and so does MySQL before version 9; from then on it
/// answers with a tree.
pub(super) fn costliest(plan: &PlanTable) -> Option<PlanStep> {
    let steps = match plan.rows.first().map(Vec::as_slice) {
        Some([Some(tree)]) => of_tree(tree),
        _ => of_table(plan),
    };
    steps
        .into_iter()
        .max_by(|one, other| one.rows.total_cmp(&other.rows))
}

/// Each line is a step: `-> Table scan on a  (cost=0.65 rows=4)`.
fn of_tree(tree: &str) -> Vec<PlanStep> {
    tree.lines()
        .filter_map(|line| {
            let (what, figures) = line.rsplit_once("  (")?;
            let (_, rows) = figures.split_once("rows=")?;
            let end = rows.find([')', ' ']).unwrap_or(rows.len());
            Some(PlanStep {
                what: what.trim().trim_start_matches("-> ").to_owned(),
                rows: rows.get(..end)?.parse().ok()?,
            })
        })
        .collect()
}

/// The tables of a query block are joined in the order of the plan, so their rows multiply.
fn of_table(plan: &PlanTable) -> Vec<PlanStep> {
    let mut blocks: Vec<(&str, PlanStep)> = Vec::new();
    let ids = plan.column("id").map(Option::unwrap_or_default);
    let tables = plan.column("table").map(Option::unwrap_or_default);
    let rows = plan.column("rows");
    for ((id, table), rows) in ids.zip(tables).zip(rows) {
        let Some(rows) = rows.and_then(|rows| rows.parse::<f64>().ok()) else {
            continue;
        };
        match blocks.iter_mut().find(|(known, _)| *known == id) {
            Some((_, step)) => {
                step.what = format!("{}, {table}", step.what);
                step.rows *= rows.max(1.0);
            }
            None => blocks.push((
                id,
                PlanStep {
                    what: format!("reading {table}"),
                    rows: rows.max(1.0),
                },
            )),
        }
    }
    blocks.into_iter().map(|(_, step)| step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_line_of_a_tree_is_the_costliest() {
        let tree = "-> Inner hash join (no condition)  (cost=2.3 rows=16)\n    -> Table scan on b  (cost=0.16 rows=4)\n    -> Hash\n        -> Table scan on a  (cost=0.65 rows=4)\n";
        let plan = PlanTable {
            columns: vec!["EXPLAIN".to_owned()],
            rows: vec![vec![Some(tree.to_owned())]],
        };

        assert_eq!(
            costliest(&plan),
            Some(PlanStep {
                what: "Inner hash join (no condition)".to_owned(),
                rows: 16.0
            })
        );
    }

    #[test]
    fn what_is_run_is_planned_and_nothing_else() {
        for (sql, expected) in [
            ("SELECT 1", Some("SELECT 1")),
            ("REPLACE t SELECT 1", Some("REPLACE t SELECT 1")),
            ("SHOW TABLES", None),
            ("EXPLAIN SELECT 1", None),
            ("EXPLAIN ANALYZE FORMAT=TREE SELECT 'é'", Some("SELECT 'é'")),
            ("/* é */ ANALYZE FORMAT=JSON SELECT 1", Some("SELECT 1")),
            ("ANALYZE TABLE t", None),
            ("CREATE TABLE t (a INT AS (b + 1))", None),
            (
                "CREATE TABLE t (a INT) ENGINE=InnoDB SELECT 1 AS a",
                Some("SELECT 1 AS a"),
            ),
            (
                "CREATE TABLE t AS WITH q AS (SELECT 1) SELECT * FROM q",
                Some("WITH q AS (SELECT 1) SELECT * FROM q"),
            ),
            ("CREATE TABLE t AS (SELECT 1)", Some("(SELECT 1)")),
            ("CREATE TABLE t LIKE u", None),
        ] {
            let expected = expected.map(|sql| format!("EXPLAIN {sql}"));
            assert_eq!(request(sql), expected, "{sql}");
        }
    }

    #[test]
    fn tables_of_one_block_multiply() {
        let cell = |text: &str| Some(text.to_owned());
        let plan = PlanTable {
            columns: ["id", "table", "rows"].map(str::to_owned).to_vec(),
            rows: vec![
                vec![cell("1"), cell("a"), cell("1000")],
                vec![cell("1"), cell("b"), cell("200")],
                vec![cell("2"), cell("c"), cell("5000")],
                vec![None, cell("<union1,2>"), None],
            ],
        };

        assert_eq!(
            costliest(&plan),
            Some(PlanStep {
                what: "reading a, b".to_owned(),
                rows: 200_000.0
            })
        );
    }
}
