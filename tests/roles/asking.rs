//! What callers who may see some tables only try, and what they are told.

use serde_json::{Value, json};
use support::client::Server;

/// In a table that is hidden, and nowhere else.
pub(super) const SECRET: &str = "S3CR3T";

/// Each way (`{t}` stands for a table's name) fails alike for a hidden table and for one that is not there.
pub(super) async fn are_told_alike(
    server: &mut Server,
    ways: &[impl AsRef<str>],
    hidden: &str,
    missing: &str,
) {
    for tool in ["execute_query", "explain_query"] {
        are_told_alike_by(server, tool, ways, hidden, missing).await;
    }
}

/// The same of one tool; before and after it the harmless statement is asked that is written alike, and all of it twice, so that what
/// a server remembers of one counts for no other.
pub(super) async fn are_told_alike_by(
    server: &mut Server,
    tool: &str,
    ways: &[impl AsRef<str>],
    hidden: &str,
    missing: &str,
) {
    answers(server).await;
    for way in ways.iter().map(AsRef::as_ref) {
        let mut told = Vec::new();
        for name in ["orders", hidden, missing, "orders", hidden] {
            let arguments = json!({"sql": way.replace("{t}", name)});
            let answer = server.call(tool, arguments).await;
            if name != "orders" {
                told.push(answer.failure().to_string().replace(name, "?"));
            }
        }
        assert_eq!(told[0], told[1], "{tool} {way}");
        assert_eq!(told[0], told[2], "{tool} {way}");
        assert!(!told[0].contains(SECRET), "{way}");
    }
}

/// Each fails as often as it is asked, and tells neither a secret nor a name that it does not have itself.
pub(super) async fn are_kept(server: &mut Server, statements: &[impl AsRef<str>], names: &[&str]) {
    answers(server).await;
    let twice = statements.iter().flat_map(|sql| [sql, sql]);
    for sql in twice.map(AsRef::as_ref) {
        let failure = server
            .call("execute_query", json!({ "sql": sql }))
            .await
            .failure()
            .to_string();

        assert!(!failure.contains(SECRET), "{sql}: {failure}");
        for name in names {
            assert!(
                sql.contains(name) || !failure.contains(name),
                "{sql}: {failure}"
            );
        }
    }
}

/// Where nothing can be asked at all, everything fails alike.
async fn answers(server: &mut Server) {
    server
        .call("execute_query", json!({"sql": "SELECT 1"}))
        .await
        .ok();
}

/// Each is answered, the second time too.
pub(super) async fn are_answered(server: &mut Server, statements: &[impl AsRef<str>]) {
    let mut refused = Vec::new();
    let twice = statements.iter().flat_map(|sql| [sql, sql]);
    for sql in twice.map(AsRef::as_ref) {
        let id = server
            .begin_call("execute_query", json!({ "sql": sql }))
            .await;
        let answer = server.answer(id).await;
        if answer["result"]["isError"] == Value::Bool(true) || answer["error"] != Value::Null {
            refused.push(format!("{sql}: {answer}"));
        }
    }
    assert_eq!(refused, Vec::<String>::new());
}
