//! Masked columns: what is shown of them, and that nothing else gets out, on real servers.
//!
//! Each engine has a list of statements that try to find out a masked value, and one of honest statements that must be
//! answered.

mod benign;
mod client;
mod mysql;
mod postgres;
mod refused;
mod sqlite;

use application::{
    encode::Format,
    use_cases::{AskedLimits, Ceilings, ExecuteQuery},
};
use domain::{
    Cancel, Failure, FailureKind,
    connection::{ConnectionConfig, Database},
    masking::{MaskKey, MaskRules, Masking},
    query::Statement,
};
use support::databases::{open, opened};

/// What no answer and no failure may hold.
const SECRETS: [&str; 4] = ["ada@", "grace@", "111-22-3333", "912 000"];

/// The same connection with three of its columns masked.
async fn masked(mut config: ConnectionConfig, rules: &str) -> Database {
    config.masking = Some(Masking {
        rules: MaskRules::parse(rules).unwrap(),
        key: MaskKey::new(b"a key of the suite"),
    });
    open(config).await
}

const RULES: &str = "*.email=partial,customers.ssn=full,*.*.phone=hash";

/// What a client is answered.
async fn ask(database: &Database, sql: &str) -> Result<String, Failure> {
    ask_in(database, sql, Format::Json, false).await
}

async fn ask_in(
    database: &Database,
    sql: &str,
    format: Format,
    profile: bool,
) -> Result<String, Failure> {
    let query = ExecuteQuery {
        statement: Statement::new(sql.to_owned(), Vec::new())?,
        format,
        asked: AskedLimits {
            profile,
            ..AskedLimits::default()
        },
    };
    let answer = query
        .execute(&opened(database), Ceilings::default(), &Cancel::new())
        .await?;
    Ok(answer.text)
}

/// Every statement is refused, before the database could tell anything.
async fn all_are_refused(database: &Database, statements: &[&str]) {
    let mut run = Vec::new();
    for sql in statements {
        match ask(database, sql).await {
            Err(failure) if failure.kind == FailureKind::NotAllowed => {}
            other => run.push(format!("{sql}\n    {other:?}")),
        }
    }
    assert!(
        run.is_empty(),
        "{} were run:\n{}",
        run.len(),
        run.join("\n")
    );
}

/// Every statement is answered, and no answer holds a secret.
async fn all_are_answered(database: &Database, statements: &[&str]) {
    let mut wrong = Vec::new();
    for sql in statements {
        match ask(database, sql).await {
            Ok(text) if SECRETS.iter().all(|secret| !text.contains(secret)) => {}
            other => wrong.push(format!("{sql}\n    {other:?}")),
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        statements.len(),
        wrong.join("\n")
    );
}
