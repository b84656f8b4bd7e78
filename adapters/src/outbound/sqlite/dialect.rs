//! What `SQLite`'s statements do, by their words.

use std::{borrow::Cow, iter::Peekable, sync::LazyLock};

use domain::{
    Failure, FailureKind,
    query::{
        Dialect, Effect, StatementClass,
        dialect::{Classified, Flaw},
        effect::{Finding, first_of_each},
        explained::QueryPlan,
        plan::PlanTable,
    },
    schema::name::unquoted,
};
use sqlparser::tokenizer::Token;

use super::{
    super::{
        lexer::{self, Lexed},
        lexicon,
        remembered::Memory,
        sources::sources,
    },
    blank::skip_blank,
    functions, names, plan, pragmas,
};

#[derive(Debug)]
pub(super) struct SqliteDialect;

impl Dialect for SqliteDialect {
    fn classify(&self, sql: &str) -> Classified {
        static VERDICTS: LazyLock<Memory<Classified>> = LazyLock::new(Memory::new);
        VERDICTS.of(sql, || judge(sql))
    }

    fn reading_words(&self) -> &'static [&'static str] {
        &["SELECT", "WITH", "VALUES", "EXPLAIN", "PRAGMA"]
    }

    fn instead_of(&self, sql: &str) -> Option<&'static str> {
        if sql.trim_start().starts_with('.') {
            return Some(
                "Commands such as .tables are the shell's own; SELECT name, sql FROM sqlite_schema.",
            );
        }
        let words = Lexed::of(&lexicon::SQLITE, sql).leading_words(1);
        Some(match words.first()?.as_str() {
            "SHOW" => {
                "SQLite has no SHOW; SELECT name, sql FROM sqlite_schema lists tables, views and indexes."
            }
            "DESCRIBE" | "DESC" => {
                "SQLite has no DESCRIBE; SELECT * FROM pragma_table_info('table') lists the columns."
            }
            "TABLE" => "SQLite has no TABLE statement; write SELECT * FROM the table.",
            "USE" => "SQLite has no USE; name another database as `connection`.",
            "ATTACH" => {
                "Another file is another connection: have it configured, or open it with connect_database. Whoever runs this server can attach it for every call by ATTACH=name=path of the connection."
            }
            "PRAGMA" => {
                "Ask only, without a value: SELECT * FROM pragma_table_info('table'), or pragma_index_list, \
                 pragma_foreign_key_list, pragma_compile_options."
            }
            _ => return None,
        })
    }

    fn quoted<'name>(&self, name: &'name str) -> Cow<'name, str> {
        names::quoted(name)
    }

    fn explain_request(&self, sql: &str, analyze: bool) -> Result<String, Failure> {
        if analyze {
            return Err(Failure::new(
                FailureKind::Unsupported,
                "SQLite does not measure the steps of a plan.",
            )
            .with_hint("Leave `analyze` out to see the plan; execute_query runs the statement."));
        }
        let statement = skip_blank(sql);
        match self.classify(statement).construct.as_str() {
            "SELECT" | "VALUES" | "WITH" | "INSERT" | "UPDATE" | "DELETE" | "REPLACE" => {
                Ok(format!("EXPLAIN QUERY PLAN {statement}"))
            }
            "EXPLAIN" => Err(
                Failure::invalid_argument("The statement is an EXPLAIN itself.")
                    .with_hint("Send the statement alone, without EXPLAIN."),
            ),
            other => Err(Failure::invalid_argument(format!(
                "There is no plan for {}.",
                if other.is_empty() { "this text" } else { other }
            ))
            .with_hint("Plans are for SELECT, VALUES, WITH, INSERT, UPDATE, DELETE and REPLACE.")),
        }
    }

    fn tables_called(&self, sql: &str) -> Vec<(String, String)> {
        let in_quotes = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        sources(&Lexed::of(&lexicon::SQLITE, sql))
            .into_iter()
            .map(|source| {
                let table = in_quotes(&source.table);
                let named = match &source.schema {
                    Some(schema) => format!("{}.{table}", in_quotes(schema)),
                    None => table,
                };
                (unquoted(&source.called).into_owned(), named)
            })
            .collect()
    }

    fn query_plan(&self, answer: &PlanTable) -> Result<QueryPlan, Failure> {
        plan::read(answer)
    }
}

fn judge(sql: &str) -> Classified {
    let lexed = Lexed::of(&lexicon::SQLITE, sql);
    let position = lexed.beginning(sql);
    let verdict = class_of(&lexed, sql);
    let vacuum = (verdict.construct == "VACUUM").then(|| Finding {
        effect: Effect::Unsupported,
        construct: verdict.construct.clone(),
        position: position.unwrap_or(1),
    });
    let findings = first_of_each(
        vacuum
            .into_iter()
            .chain(disguising(&lexed, sql))
            .chain(lexed.effects(sql, functions::effect_of)),
    );
    Classified {
        position,
        findings,
        ..verdict
    }
}

/// A variable as Tcl writes it, `$name(…)` or `$name::more`: whatever stands in its parentheses is part of its name to
/// SQLite, a quote or a parenthesis too, and to no other lexer.
fn disguising(lexed: &Lexed, sql: &str) -> Option<Finding> {
    let mut variable = None;
    lexed.tokens.iter().find_map(|token| {
        let begins = match &token.token {
            Token::Word(word) => {
                word.quote_style.is_none() && word.value.starts_with(['$', '@', '#'])
            }
            Token::Placeholder(_)
            | Token::AtSign
            | Token::Colon
            | Token::DoubleColon
            | Token::Sharp => true,
            Token::LParen => {
                return variable.take().map(|place| Finding {
                    effect: Effect::HiddenCode,
                    construct: "A variable with parentheses in its name".to_owned(),
                    position: lexer::position(sql, place),
                });
            }
            _ => {
                variable = None;
                return None;
            }
        };
        if begins {
            variable.get_or_insert(token.span.start);
        }
        None
    })
}

fn class_of(lexed: &Lexed, sql: &str) -> Classified {
    let Some(word) = lexed.leading_words(1).pop() else {
        return Classified {
            flaw: Some(match lexed.wordless(sql) {
                // SQLite takes the end of the text for the end of a comment.
                Flaw::Unclosed {
                    what: "comment", ..
                } => Flaw::Empty,
                flaw => flaw,
            }),
            ..classified(StatementClass::Unknown, String::new())
        };
    };
    let class = match word.as_str() {
        "SELECT" | "VALUES" => StatementClass::Read,
        "WITH" => return with(lexed),
        "EXPLAIN" => return explain(lexed),
        "PRAGMA" => return pragma(significant(lexed).into_iter().skip(1)),
        "INSERT" | "UPDATE" | "DELETE" | "REPLACE" => StatementClass::Write,
        "CREATE" | "ALTER" | "DROP" | "REINDEX" | "ANALYZE" => StatementClass::Ddl,
        "ATTACH" | "DETACH" => StatementClass::Session,
        "VACUUM" => StatementClass::Admin,
        "BEGIN" | "COMMIT" | "END" | "ROLLBACK" | "SAVEPOINT" | "RELEASE" => {
            StatementClass::Transaction
        }
        _ => StatementClass::Unknown,
    };
    classified(class, word)
}

fn classified(class: StatementClass, construct: impl Into<String>) -> Classified {
    Classified {
        class,
        construct: construct.into(),
        position: None,
        findings: Vec::new(),
        // A broken text behind a word is the database's to tell: it refuses what it cannot read.
        flaw: None,
    }
}

/// The tokens that count, up to where the lexer cannot read on.
fn significant(lexed: &Lexed) -> Vec<Token> {
    lexed
        .significant()
        .map(|token| token.token.clone())
        .skip_while(|token| matches!(token, Token::LParen))
        .collect()
}

fn bare_word(token: &Token) -> Option<String> {
    match token {
        Token::Word(word) if word.quote_style.is_none() => Some(word.value.to_uppercase()),
        _ => None,
    }
}

/// What comes after the common table expressions. The verbs of a write are never names unless quoted, but for one, which
/// writes only with its second word.
fn with(lexed: &Lexed) -> Classified {
    let tokens = significant(lexed);
    let words: Vec<String> = tokens
        .iter()
        .map(|token| bare_word(token).unwrap_or_default())
        .collect();
    let next = words.iter().skip(1).map(String::as_str).chain([""]);
    for (word, next) in words.iter().zip(next) {
        if matches!(
            (word.as_str(), next),
            ("INSERT" | "UPDATE" | "DELETE", _) | ("REPLACE", "INTO")
        ) {
            return classified(StatementClass::Write, word.as_str());
        }
    }
    classified(StatementClass::Read, "WITH")
}

/// Explaining runs nothing, but some pragmas take effect as soon as they are prepared.
fn explain(lexed: &Lexed) -> Classified {
    let mut tokens = significant(lexed).into_iter().skip(1).peekable();
    for word in ["QUERY", "PLAN"] {
        tokens.next_if(|token| bare_word(token).as_deref() == Some(word));
    }
    if tokens
        .next_if(|token| bare_word(token).as_deref() == Some("PRAGMA"))
        .is_some()
    {
        return pragma(tokens);
    }
    classified(StatementClass::Read, "EXPLAIN")
}

/// A pragma by its name and by whether it is given a value.
fn pragma(tokens: impl Iterator<Item = Token>) -> Classified {
    let mut tokens: Peekable<_> = tokens.peekable();
    let mut name = tokens.next().as_ref().and_then(bare_word);
    if tokens.next_if_eq(&Token::Period).is_some() {
        name = tokens.next().as_ref().and_then(bare_word);
    }
    let name = name.unwrap_or_default();
    let argument = tokens.peek().is_some_and(|next| *next != Token::SemiColon);
    let class = if pragmas::only_tells(&name, argument) {
        StatementClass::Read
    } else {
        StatementClass::Session
    };
    classified(class, format!("PRAGMA {name}").trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_statement_has_its_class() {
        use StatementClass::{Admin, Ddl, Read, Session, Transaction, Unknown, Write};
        for (sql, class, construct) in [
            ("select 1", Read, "SELECT"),
            ("/* DELETE */ (VALUES (1))", Read, "VALUES"),
            ("WITH a AS (SELECT 1) SELECT * FROM a", Read, "WITH"),
            (
                "WITH replace AS (SELECT 1) SELECT 'DELETE', \"delete\" FROM replace",
                Read,
                "WITH",
            ),
            (
                "WITH RECURSIVE a(x) AS (SELECT 1), b AS (SELECT 2) DELETE FROM t",
                Write,
                "DELETE",
            ),
            (
                "WITH a AS (SELECT 1) REPLACE INTO t SELECT * FROM a",
                Write,
                "REPLACE",
            ),
            (
                "WITH a AS (SELECT 'a'||/* \" */'b') DELETE FROM t -- \"",
                Write,
                "DELETE",
            ),
            ("EXPLAIN QUERY PLAN DELETE FROM t", Read, "EXPLAIN"),
            (
                "EXPLAIN PRAGMA query_only = 0",
                Session,
                "PRAGMA QUERY_ONLY",
            ),
            (
                "EXPLAIN QUERY PLAN PRAGMA query_only(0)",
                Session,
                "PRAGMA QUERY_ONLY",
            ),
            ("PRAGMA table_info(orders)", Read, "PRAGMA TABLE_INFO"),
            (
                "PRAGMA main.table_xinfo('orders')",
                Read,
                "PRAGMA TABLE_XINFO",
            ),
            ("PRAGMA main . user_version ;", Read, "PRAGMA USER_VERSION"),
            ("PRAGMA user_version = 5", Session, "PRAGMA USER_VERSION"),
            ("PRAGMA query_only(0)", Session, "PRAGMA QUERY_ONLY"),
            ("PRAGMA wal_checkpoint", Session, "PRAGMA WAL_CHECKPOINT"),
            ("PRAGMA", Session, "PRAGMA"),
            ("insert into t values (1)", Write, "INSERT"),
            ("CREATE TABLE t(a)", Ddl, "CREATE"),
            ("ATTACH 'x' AS y", Session, "ATTACH"),
            ("VACUUM INTO 'copy.db'", Admin, "VACUUM"),
            ("SAVEPOINT s", Transaction, "SAVEPOINT"),
            ("FROBNICATE", Unknown, "FROBNICATE"),
            ("'unclosed", Unknown, ""),
        ] {
            let verdict = SqliteDialect.classify(sql);
            assert_eq!(
                (verdict.class, verdict.construct.as_str()),
                (class, construct),
                "{sql}"
            );
        }
    }

    #[test]
    fn what_only_sqlite_reads_as_a_name_is_told() {
        for (sql, position) in [
            ("WITH q AS (SELECT $x(() ) DELETE FROM t", 19),
            ("WITH q AS (SELECT $x(') ) DELETE FROM t -- '", 19),
            ("SELECT @x::y(1)", 8),
            ("SELECT :x(1)", 8),
            ("SELECT #x(1)", 8),
        ] {
            let finding = SqliteDialect.classify(sql).findings.remove(0);
            assert_eq!(
                (finding.effect, finding.position),
                (Effect::HiddenCode, position),
                "{sql}"
            );
        }
    }

    #[test]
    fn other_variables_and_calls_are_not_told() {
        for sql in [
            "SELECT $x, :n, @n, ?1, ? FROM t WHERE a IN ($x, :n)",
            "SELECT $x (1), f(:n), (@n)",
            "SELECT '$x(', \"$x\"(1), [@x](1)",
        ] {
            assert_eq!(SqliteDialect.classify(sql).findings, [], "{sql}");
        }
    }
}
