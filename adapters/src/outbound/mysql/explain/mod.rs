//! How a statement is run: asking for the plan, and reading it.
//!
//! MySQL is asked for its tree: its JSON is as deep as the joins are many, and its form is a setting of the server's.
//! Versions before the tree, and `MariaDB`, are asked for JSON.

mod blocks;
mod table;
mod tree;
mod unescaped;

use domain::{
    Failure, FailureKind,
    query::{explained::QueryPlan, plan::PlanTable},
};

use super::flavor::Flavor;

/// The statement that asks for the plan of `sql`, which begins with `word`.
pub(super) fn request(
    flavor: Flavor,
    word: &str,
    sql: &str,
    analyze: bool,
) -> Result<String, Failure> {
    if !matches!(
        word,
        "SELECT" | "WITH" | "VALUES" | "TABLE" | "INSERT" | "UPDATE" | "DELETE" | "REPLACE"
    ) {
        return Err(Failure::invalid_argument(format!(
            "A statement that begins with `{word}` has no plan."
        ))
        .with_hint(
            "Send the SELECT, INSERT, UPDATE or DELETE itself, without EXPLAIN before it.",
        ));
    }
    let ask = match (flavor.is_mariadb, analyze) {
        (true, true) => "ANALYZE FORMAT=JSON",
        // The tree does not tell how rows to be changed are found.
        (false, false) if matches!(word, "UPDATE" | "DELETE") => "EXPLAIN FORMAT=TRADITIONAL",
        (false, false) if flavor.is_mysql_since(8, 0, 18) => "EXPLAIN FORMAT=TREE",
        (_, false) => "EXPLAIN FORMAT=JSON",
        (false, true) if flavor.is_mysql_since(8, 0, 21) => "EXPLAIN ANALYZE FORMAT=TREE",
        (false, true) if flavor.is_mysql_since(8, 0, 18) => "EXPLAIN ANALYZE",
        (false, true) => {
            return Err(Failure::new(
                FailureKind::Unsupported,
                "MySQL measures a statement from version 8.0.18 on; this server is older.",
            )
            .with_hint("Leave `analyze` out: the plan without it tells what is expected."));
        }
    };
    Ok(format!("{ask} {sql}"))
}

/// The plan in the answer to such a request.
pub(super) fn plan(flavor: Flavor, answer: &PlanTable) -> Result<QueryPlan, Failure> {
    let plan = match answer.rows.first().map(Vec::as_slice) {
        Some([Some(text)]) if text.trim_start().starts_with('{') => blocks::read(flavor, text),
        Some([Some(text)]) => tree::read(text),
        _ => table::read(answer),
    };
    plan.ok_or_else(|| Failure::internal("The server's plan cannot be read."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_server_is_asked_in_its_own_way() {
        for (flavor, word, analyze, expected) in [
            (Flavor::MYSQL, "SELECT", false, "EXPLAIN FORMAT=TREE x"),
            (
                Flavor::MYSQL,
                "SELECT",
                true,
                "EXPLAIN ANALYZE FORMAT=TREE x",
            ),
            (
                Flavor::MYSQL,
                "DELETE",
                false,
                "EXPLAIN FORMAT=TRADITIONAL x",
            ),
            (Flavor::MARIADB, "DELETE", false, "EXPLAIN FORMAT=JSON x"),
            (Flavor::MARIADB, "SELECT", true, "ANALYZE FORMAT=JSON x"),
        ] {
            assert_eq!(request(flavor, word, "x", analyze).unwrap(), expected);
        }
    }

    #[test]
    fn what_has_no_plan_is_told() {
        let failure = request(Flavor::MYSQL, "EXPLAIN", "EXPLAIN SELECT 1", false).unwrap_err();

        assert_eq!(failure.kind, FailureKind::InvalidArgument);
        assert_eq!(
            failure.message,
            "A statement that begins with `EXPLAIN` has no plan."
        );
    }
}
