//! Whether the policies of a database hold for whom a connection acts, asked once when it is opened.

use std::collections::HashSet;

use domain::{
    Failure, FailureKind,
    connection::{Finding, FindingKind, RowSecurity},
};
use sqlx::PgConnection;

use super::{
    super::{parameters::quoted, session::run, text_of},
    HARMLESS, Unlisted,
};

const BEGIN: &str = "BEGIN READ ONLY; SET LOCAL search_path = pg_catalog; SET LOCAL statement_timeout = 10000; \
     SET LOCAL jit = off; SET LOCAL max_parallel_workers_per_gather = 0;";
const QUESTION: &str = include_str!("../queries/row_security.sql");

/// Why the policies would not hold; names take the place of `{}`.
const REASONS: [(&str, &str); 7] = [
    (
        "bypass",
        "row security does not hold for {} (superuser or BYPASSRLS)",
    ),
    (
        "owner",
        "it owns tables whose row security is not forced on their owner: {}",
    ),
    ("none", "no table that it may read has row security"),
    (
        "view",
        "views read protected tables with the rights of an owner for whom row security does not hold: {}",
    ),
    (
        "stored",
        "materialized views hold rows of protected tables: {}",
    ),
    (
        "child",
        "partitions or children of protected tables can be read directly and have no row security: {}",
    ),
    (
        "operator",
        "operators or casts call functions that are not in ROW_SECURITY_FUNCTIONS: {}",
    ),
];

/// What was found out of a database whose policies hold.
pub(in super::super) struct Checked {
    pub(in super::super) unlisted: Unlisted,
    /// Tables that show everybody the same.
    pub(in super::super) finding: Option<Finding>,
}

/// Refuses a connection whose policies would not hold, or of which that cannot be found out. `None` if the session cannot
/// be used after it.
pub(in super::super) async fn check(
    connection: &mut PgConnection,
    mapping: &RowSecurity,
) -> Option<Result<Checked, Failure>> {
    let prefix = match &mapping.role {
        Some(role) => quoted(role.prefix()),
        None => "NULL".to_owned(),
    };
    let harmless: Vec<&str> = HARMLESS.iter().copied().collect();
    let sql = QUESTION
        .replace(":prefix", &prefix)
        .replace(":harmless", &quoted(&harmless.join(" ")))
        .replace(":listed", &quoted(&mapping.functions.join(" ")));
    let rows = match run(connection, format!("{BEGIN}{sql};ROLLBACK")).await {
        Ok(rows) => rows,
        Err(error) => {
            return Some(Err(Failure::new(
                FailureKind::NotAllowed,
                "Whether row security holds for this connection could not be found out.",
            )
            .with_hint("Leave ROW_SECURITY out for this server, or connect to a PostgreSQL that can be asked.")
            .with_source(error)));
        }
    };
    let answers: Vec<(&str, &str)> = rows
        .iter()
        .filter_map(|row| Some((text_of(row, 0)?, text_of(row, 1).unwrap_or_default())))
        .collect();
    let answer = |kind: &str| {
        let found = answers.iter().find(|(known, _)| *known == kind);
        found.map(|(_, names)| *names)
    };
    let reasons: Vec<String> = REASONS
        .iter()
        .filter_map(|(kind, reason)| Some(reason.replace("{}", answer(kind)?)))
        .collect();
    if !reasons.is_empty() {
        return Some(Err(Failure::new(
            FailureKind::NotAllowed,
            format!(
                "The rows of this connection are to be shown by who asks, but its role in the database sees past that: {}.",
                reasons.join("; ")
            ),
        )
        .with_hint(
            "Whoever runs this server must connect as a role of its own that owns nothing, or mend what is named: FORCE ROW LEVEL SECURITY, security_invoker = true, REVOKE.",
        )));
    }
    let names = |kind: &str| -> HashSet<String> {
        let names = answer(kind).unwrap_or_default();
        names.split('\n').map(str::to_owned).collect()
    };
    Some(Ok(Checked {
        unlisted: Unlisted {
            namesakes: names("namesakes"),
            of_a_value: names("of_a_value"),
            of_a_row: names("of_a_row"),
        },
        finding: answer("open").map(|tables| {
            Finding::new(
                FindingKind::BypassesRowSecurity,
                false,
                format!("Tables without row security show every caller the same: {tables}."),
            )
        }),
    }))
}
