//! PostgreSQL's statements, by what they do: data, not code.
//!
//! This explains early and keeps out what the server's read-only mode lets through. What holds is the server.

use domain::query::{Dialect, StatementClass, dialect::Classified};
use sqlparser::dialect::PostgreSqlDialect;

use super::super::lexer::Lexed;

#[derive(Debug)]
pub(super) struct PostgresDialect;

impl Dialect for PostgresDialect {
    fn classify(&self, sql: &str) -> Classified {
        let lexed = Lexed::of(&PostgreSqlDialect {}, sql);
        let construct = lexed.leading_words(1).pop().unwrap_or_default();
        Classified {
            class: class_of(&construct),
            // A broken text behind a word is the server's to tell: it refuses what it cannot read.
            flaw: construct.is_empty().then(|| lexed.wordless(sql)),
            construct,
        }
    }

    fn reading_words(&self) -> &'static [&'static str] {
        &["SELECT", "WITH", "VALUES", "TABLE", "SHOW", "EXPLAIN"]
    }

    fn instead_of(&self, sql: &str) -> Option<&'static str> {
        if sql.trim_start().starts_with('\\') {
            return Some(
                "Commands such as \\d are psql's own; SELECT from information_schema.tables or information_schema.columns.",
            );
        }
        Some(match first_word(sql).as_str() {
            "DESCRIBE" | "DESC" => {
                "PostgreSQL has no DESCRIBE; SELECT column_name, data_type FROM information_schema.columns WHERE table_name = …"
            }
            "USE" => {
                "PostgreSQL has no USE; write schema.table, and name another database as `connection`."
            }
            "PRAGMA" => "PostgreSQL has no PRAGMA; SELECT from information_schema or pg_catalog.",
            "COPY" => "Read with SELECT; `format` csv gives the rows as CSV.",
            _ => return None,
        })
    }
}

/// The word that a statement begins with, in upper case; empty if there is none.
pub(super) fn first_word(sql: &str) -> String {
    Lexed::of(&PostgreSqlDialect {}, sql)
        .leading_words(1)
        .pop()
        .unwrap_or_default()
}

/// Where something follows a semicolon, in characters from 1.
pub(super) fn second_statement(sql: &str) -> Option<usize> {
    Lexed::of(&PostgreSqlDialect {}, sql).second_statement(sql)
}

fn class_of(word: &str) -> StatementClass {
    match word {
        // A WITH that writes, a SELECT INTO and an EXPLAIN ANALYZE of a write are stopped by the server itself.
        "SELECT" | "WITH" | "VALUES" | "TABLE" | "SHOW" | "EXPLAIN" => StatementClass::Read,
        "INSERT" | "UPDATE" | "DELETE" | "MERGE" => StatementClass::Write,
        "CREATE" | "ALTER" | "DROP" | "TRUNCATE" | "COMMENT" | "GRANT" | "REVOKE" | "REINDEX"
        | "REFRESH" | "CLUSTER" | "VACUUM" | "ANALYZE" | "ANALYSE" | "IMPORT" | "SECURITY"
        | "REASSIGN" => StatementClass::Ddl,
        "SET" | "RESET" | "DISCARD" | "LISTEN" | "UNLISTEN" | "NOTIFY" | "PREPARE" | "EXECUTE"
        | "DEALLOCATE" | "DECLARE" | "FETCH" | "MOVE" | "CLOSE" | "LOAD" | "LOCK" => {
            StatementClass::Session
        }
        "BEGIN" | "START" | "COMMIT" | "END" | "ROLLBACK" | "ABORT" | "SAVEPOINT" | "RELEASE" => {
            StatementClass::Transaction
        }
        "COPY" | "DO" | "CALL" | "CHECKPOINT" => StatementClass::Admin,
        _ => StatementClass::Unknown,
    }
}

/// Whether a text is nothing but white space, comments and semicolons.
pub(super) fn holds_no_statement(sql: &str) -> bool {
    let mut rest = sql;
    loop {
        rest = rest
            .trim_start_matches(|character: char| character.is_whitespace() || character == ';');
        if rest.is_empty() {
            return true;
        }
        rest = if rest.starts_with("--") {
            rest.split_once('\n').map_or("", |(_, after)| after)
        } else if rest.starts_with("/*") {
            after_block_comment(rest)
        } else {
            return false;
        };
    }
}

/// Block comments nest.
fn after_block_comment(text: &str) -> &str {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return text.get(at..).unwrap_or_default();
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_statement_has_its_class() {
        use StatementClass::{Admin, Ddl, Read, Session, Transaction, Unknown, Write};
        for (class, statements) in [
            (
                Read,
                &[
                    "select 1",
                    "(SELECT 1)",
                    "with a as (select 1) table a",
                    "VALUES (1)",
                    "table t",
                    "show all",
                    "explain select 1",
                    "/* DELETE */ select 1",
                    "-- drop\nselect 1",
                ][..],
            ),
            (
                Write,
                &[
                    "insert into t values (1)",
                    "UPDATE t SET a = 1",
                    "delete from t",
                    "merge into t",
                ],
            ),
            (
                Ddl,
                &[
                    "create table t ()",
                    "alter table t",
                    "drop table t",
                    "truncate t",
                    "comment on table t is ''",
                    "grant all on t to u",
                    "revoke all on t from u",
                    "reindex table t",
                    "refresh materialized view v",
                    "cluster",
                    "vacuum",
                    "analyze",
                    "import foreign schema s",
                    "security label on table t is ''",
                ],
            ),
            (
                Session,
                &[
                    "set a = 1",
                    "reset all",
                    "discard all",
                    "listen c",
                    "unlisten *",
                    "notify c",
                    "prepare p as select 1",
                    "execute p",
                    "deallocate p",
                    "declare c cursor for select 1",
                    "fetch c",
                    "move c",
                    "close c",
                    "load 'x'",
                    "lock table t",
                ],
            ),
            (
                Transaction,
                &[
                    "begin",
                    "start transaction",
                    "commit",
                    "end",
                    "rollback",
                    "abort",
                    "savepoint a",
                    "release a",
                ],
            ),
            (
                Admin,
                &[
                    "copy t to stdout",
                    "do $$ begin end $$",
                    "call p()",
                    "checkpoint",
                ],
            ),
            (
                Unknown,
                &["frobnicate", "", "-- nothing", "1", "\"select\""],
            ),
        ] {
            for statement in statements {
                assert_eq!(
                    PostgresDialect.classify(statement).class,
                    class,
                    "{statement}"
                );
            }
        }
    }

    #[test]
    fn a_text_of_comments_holds_no_statement() {
        for (sql, expected) in [
            ("", true),
            (" ;; ", true),
            ("-- a", true),
            ("-- a\n/* b /* c */ é */ ;", true),
            ("/* unclosed", true),
            ("-- a\nselect 1", false),
            ("/* a */ 1", false),
            ("- 1", false),
        ] {
            assert_eq!(holds_no_statement(sql), expected, "{sql}");
        }
    }
}
