//! PostgreSQL's statements, by what they do: data, not code.
//!
//! This explains early and keeps out what the server's read-only mode lets through. What holds is the server.

use std::{borrow::Cow, sync::LazyLock};

use domain::{
    Failure,
    query::{
        Dialect, Effect, PlannedIndex, QueryPlan, StatementClass,
        dialect::Classified,
        effect::{Finding, first_of_each},
        plan::{PlanStep, PlanTable},
    },
};

use super::{
    super::{
        lexer::{self, Lexed},
        lexicon,
        remembered::Memory,
    },
    functions, plan, quoting,
    syntax::{Inner, Syntax, name_of},
    tokens::{self, Token, first_word},
    trial,
};

#[derive(Debug)]
pub(super) struct PostgresDialect;

const READING_WORDS: [&str; 6] = ["SELECT", "WITH", "VALUES", "TABLE", "SHOW", "EXPLAIN"];

impl Dialect for PostgresDialect {
    fn classify(&self, sql: &str) -> Classified {
        static VERDICTS: LazyLock<Memory<Classified>> = LazyLock::new(Memory::new);
        VERDICTS.of(sql, || judge(sql))
    }

    fn reading_words(&self) -> &'static [&'static str] {
        &READING_WORDS
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

    fn quoted<'name>(&self, name: &'name str) -> Cow<'name, str> {
        quoting::quoted(name)
    }

    fn plan_request(&self, sql: &str) -> Option<String> {
        plan::request(sql)
    }

    fn size_request(&self, plan: &PlanTable) -> Option<String> {
        plan::size_request(plan)
    }

    fn costliest_step(&self, plan: &PlanTable, sizes: &PlanTable) -> Option<PlanStep> {
        plan::costliest(plan, sizes)
    }

    fn explain_request(&self, sql: &str, analyze: bool) -> Result<String, Failure> {
        plan::full_request(&first_word(sql), sql, analyze)
    }

    fn planned_index(&self, sql: &str) -> Result<PlannedIndex, Failure> {
        trial::read(sql)
    }

    fn query_plan(&self, answer: &PlanTable) -> Result<QueryPlan, Failure> {
        plan::read(answer)
    }
}

fn judge(sql: &str) -> Classified {
    let tokens: Vec<Token<'_>> = tokens::significant(sql).collect();
    let words = Words::of(&tokens, sql);
    if words.first.is_empty() {
        return Classified {
            class: StatementClass::Unknown,
            construct: String::new(),
            position: None,
            findings: Vec::new(),
            flaw: Some(Lexed::of(&lexicon::POSTGRES, sql).wordless(sql)),
        };
    }
    let syntax = Syntax::needed(sql, &tokens);
    let (class, inner) = class_of(&words, &syntax);
    let (construct, position) = match inner {
        Some(inner) => (inner.construct.to_owned(), lexer::character(sql, inner.at)),
        None => (words.first.clone(), words.position),
    };
    Classified {
        class,
        construct,
        position: Some(position),
        findings: first_of_each(
            administering(&words)
                .into_iter()
                .chain(foreign_code(&tokens, sql))
                .chain(disguised(&syntax, sql))
                .chain(calling(&syntax, sql))
                .chain(locking(&syntax, sql)),
        ),
        // A broken text behind a word is the server's to tell: it refuses what it cannot read.
        flaw: None,
    }
}

/// Where something follows a semicolon, in characters from 1.
pub(super) fn second_statement(sql: &str) -> Option<usize> {
    Lexed::of(&lexicon::POSTGRES, sql).second_statement(sql)
}

/// The words of a text that no string, quoted name, comment or parenthesis holds.
struct Words {
    first: String,
    /// Where the first one stands, in characters from 1.
    position: usize,
    /// Those behind it.
    others: Vec<String>,
}

/// What kind of statement it is shows within this many words.
const TELLING_WORDS: usize = 12;

impl Words {
    fn of(tokens: &[Token<'_>], sql: &str) -> Self {
        let mut depth = 0_usize;
        let mut bare = tokens
            .iter()
            .skip_while(|token| token.text == "(")
            .filter(move |token| {
                match token.text {
                    "(" => depth += 1,
                    ")" => depth = depth.saturating_sub(1),
                    _ => {}
                }
                depth == 0
            });
        let first = bare.next();
        let position = first.map_or(1, |first| lexer::character(sql, first.at));
        let first = first.and_then(word).unwrap_or_default();
        let others = if READING_WORDS.contains(&first.as_str()) {
            // None of them administers.
            Vec::new()
        } else {
            bare.filter_map(word).take(TELLING_WORDS).collect()
        };
        Self {
            first,
            position,
            others,
        }
    }

    fn has(&self, word: &str) -> bool {
        self.others.iter().any(|other| other == word)
    }

    /// What is created, altered or dropped.
    fn target(&self) -> &str {
        self.others
            .iter()
            .map(String::as_str)
            .find(|word| !matches!(*word, "OR" | "REPLACE" | "TRUSTED" | "PROCEDURAL"))
            .unwrap_or_default()
    }

    /// The word behind TO or FROM.
    fn copied_through(&self) -> &str {
        self.others
            .iter()
            .skip_while(|word| !matches!(word.as_str(), "TO" | "FROM"))
            .nth(1)
            .map_or("", String::as_str)
    }
}

fn word(token: &Token<'_>) -> Option<String> {
    token.word().map(str::to_ascii_uppercase)
}

/// The class, and what inside of the statement decided it if its first word did not.
fn class_of(words: &Words, syntax: &Syntax) -> (StatementClass, Option<Inner>) {
    let class =
        match words.first.as_str() {
            "SELECT" | "WITH" | "VALUES" | "TABLE" => match syntax.writes.first() {
                Some(inner) => return (StatementClass::Write, Some(*inner)),
                None => StatementClass::Read,
            },
            "EXPLAIN" => {
                // What is prepared on a session is ours.
                if let Some(inner) = syntax.executes {
                    return (StatementClass::Session, Some(inner));
                }
                match syntax.writes.first() {
                    Some(inner) if syntax.analyzes => {
                        return (StatementClass::Write, Some(*inner));
                    }
                    _ => StatementClass::Read,
                }
            }
            "SHOW" => StatementClass::Read,
            // A block and a procedure may do anything that a transaction holds.
            "INSERT" | "UPDATE" | "DELETE" | "MERGE" | "DO" | "CALL" => StatementClass::Write,
            "CREATE" | "ALTER" | "DROP" | "TRUNCATE" | "COMMENT" | "REINDEX" | "REFRESH"
            | "CLUSTER" | "VACUUM" | "ANALYZE" | "ANALYSE" | "IMPORT" => StatementClass::Ddl,
            "SET" | "RESET" | "DISCARD" | "LISTEN" | "UNLISTEN" | "NOTIFY" | "PREPARE"
            | "EXECUTE" | "DEALLOCATE" | "DECLARE" | "FETCH" | "MOVE" | "CLOSE" | "LOAD"
            | "LOCK" => StatementClass::Session,
            "BEGIN" | "START" | "COMMIT" | "END" | "ROLLBACK" | "ABORT" | "SAVEPOINT"
            | "RELEASE" => StatementClass::Transaction,
            "COPY" | "CHECKPOINT" | "GRANT" | "REVOKE" | "SECURITY" | "REASSIGN" => {
                StatementClass::Admin
            }
            _ => StatementClass::Unknown,
        };
    (class, None)
}
/// What acts beyond rows and tables by its kind.
fn administering(words: &Words) -> Option<Finding> {
    let first = words.first.as_str();
    let target = words.target();
    let (effect, what) = match (first, target) {
        ("COPY", _) => match words.copied_through() {
            word @ ("STDIN" | "STDOUT") => (Effect::ClientStream, word),
            "PROGRAM" => (Effect::ServerPrograms, "PROGRAM"),
            _ => (Effect::ServerFiles, "of a file"),
        },
        ("IMPORT", _) => (Effect::RemoteServers, "FOREIGN SCHEMA"),
        ("GRANT" | "REVOKE" | "REASSIGN" | "SECURITY", _) => (Effect::Accounts, ""),
        ("CHECKPOINT", _) => (Effect::ServerControl, ""),
        ("CREATE" | "ALTER" | "DROP", "USER") if words.has("MAPPING") => {
            (Effect::RemoteServers, "USER MAPPING")
        }
        ("CREATE" | "ALTER" | "DROP", "ROLE" | "USER" | "GROUP") => (Effect::Accounts, target),
        ("ALTER", "DEFAULT") => (Effect::Accounts, "DEFAULT PRIVILEGES"),
        ("CREATE" | "ALTER" | "DROP", "SERVER" | "FOREIGN" | "SUBSCRIPTION") => {
            (Effect::RemoteServers, target)
        }
        (
            "CREATE" | "ALTER" | "DROP",
            "SYSTEM" | "DATABASE" | "TABLESPACE" | "EXTENSION" | "LANGUAGE" | "EVENT",
        ) => (Effect::ServerControl, target),
        _ => return None,
    };
    Some(Finding {
        effect,
        construct: format!("{first} {what}").trim_end().to_owned(),
        position: words.position,
    })
}

/// Code in a language that nothing confines.
fn foreign_code(tokens: &[Token<'_>], sql: &str) -> Option<Finding> {
    tokens.windows(2).find_map(|pair| {
        let [language, name] = pair else { return None };
        let says = language.word()?;
        if !says.eq_ignore_ascii_case("LANGUAGE") {
            return None;
        }
        let name = match name.text.strip_prefix('\'') {
            Some(text) => text.trim_end_matches('\'').to_owned(),
            None => name_of(name.text),
        };
        let name = name.to_lowercase();
        let unconfined = matches!(name.as_str(), "c" | "internal" | "plsh")
            || (name.starts_with("pl") && name.ends_with('u'));
        unconfined.then(|| Finding {
            effect: Effect::ServerPrograms,
            construct: format!("LANGUAGE {name}"),
            position: lexer::character(sql, language.at),
        })
    })
}

fn disguised(syntax: &Syntax, sql: &str) -> Option<Finding> {
    syntax.disguised.map(|inner| Finding {
        effect: Effect::HiddenCode,
        construct: inner.construct.to_owned(),
        position: lexer::character(sql, inner.at),
    })
}

/// Of `ts_rewrite` only the form with two arguments runs a text.
fn has_three_arguments(sql: &str, at: usize) -> bool {
    let call = sql.get(at..).unwrap_or_default();
    let mut depth = 0_usize;
    let mut commas = 0_usize;
    for token in tokens::significant(call) {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    break;
                }
            }
            "," if depth == 1 => commas += 1,
            // Nobody has counted what a star stands for.
            "*" => return false,
            _ => {}
        }
    }
    commas == 2
}

/// Whether a statement is explained for any values, so that none are given.
pub(super) fn explains_for_any_values(sql: &str) -> bool {
    let asks = |token: Token<'_>| {
        token
            .word()
            .is_some_and(|word| word.eq_ignore_ascii_case("GENERIC_PLAN"))
    };
    first_word(sql) == "EXPLAIN" && tokens::significant(sql).any(asks)
}

fn calling(syntax: &Syntax, sql: &str) -> Vec<Finding> {
    let calls = syntax
        .calls
        .iter()
        .filter(|called| !(called.name == "ts_rewrite" && has_three_arguments(sql, called.at)))
        .filter_map(|called| Some((functions::effect_of(&called.name)?, called)));
    lexer::first_calls(calls, |effect, called| Finding {
        effect,
        construct: if functions::is_view_of_a_file(&called.name) {
            called.name.clone()
        } else {
            format!("{}()", called.name)
        },
        position: lexer::character(sql, called.at),
    })
}

/// The server's read-only mode would refuse it later.
fn locking(syntax: &Syntax, sql: &str) -> Option<Finding> {
    syntax.locks.map(|inner| Finding {
        effect: Effect::RowLocks,
        construct: inner.construct.to_owned(),
        position: lexer::character(sql, inner.at),
    })
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
        use StatementClass::{Ddl, Read, Write};
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
                    "explain delete from t",
                    "select * from t for update",
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
                    "do $$ begin end $$",
                    "call p()",
                    "with a as (delete from t returning b) select b from a",
                    "select 1 into t",
                    "explain analyze delete from t",
                    "explain (buffers, analyze) delete from t",
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
                    "reindex table t",
                    "refresh materialized view v",
                    "cluster",
                    "vacuum",
                    "analyze",
                    "import foreign schema s",
                ],
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
    fn what_is_no_business_of_rows_has_its_class() {
        use StatementClass::{Admin, Session, Transaction, Unknown};
        for (class, statements) in [
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
                    "explain analyze execute sqlx_s_1",
                ][..],
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
                    "checkpoint",
                    "grant all on t to u",
                    "revoke all on t from u",
                    "security label on table t is ''",
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

    fn finding(sql: &str) -> Option<(Effect, String, usize)> {
        let finding = PostgresDialect.classify(sql).findings.into_iter().next()?;
        Some((finding.effect, finding.construct, finding.position))
    }

    #[test]
    fn what_acts_beyond_rows_is_found_with_its_place() {
        for (sql, effect, construct, position) in [
            (
                "SELECT 'é', pg_notify('a', 'b')",
                Effect::Notifications,
                "pg_notify()",
                13,
            ),
            (
                "select * from dblink('x', 'y') as t(a int)",
                Effect::RemoteServers,
                "dblink()",
                15,
            ),
            (
                "SELECT 'é' FROM t FOR UPDATE",
                Effect::RowLocks,
                "FOR UPDATE",
                19,
            ),
            (
                "COPY program TO '/tmp/x'",
                Effect::ServerFiles,
                "COPY of a file",
                1,
            ),
            (
                "COPY (SELECT 1) TO PROGRAM 'x'",
                Effect::ServerPrograms,
                "COPY PROGRAM",
                1,
            ),
            ("COPY t FROM STDIN", Effect::ClientStream, "COPY STDIN", 1),
            (" CREATE ROLE r", Effect::Accounts, "CREATE ROLE", 2),
            (
                "ALTER SYSTEM SET a = 1",
                Effect::ServerControl,
                "ALTER SYSTEM",
                1,
            ),
            (
                "CREATE USER MAPPING FOR u SERVER s",
                Effect::RemoteServers,
                "CREATE USER MAPPING",
                1,
            ),
            (
                "CREATE FUNCTION f() RETURNS int LANGUAGE 'c' AS 'x'",
                Effect::ServerPrograms,
                "LANGUAGE c",
                33,
            ),
            (
                "DO LANGUAGE plpython3u $$ pass $$",
                Effect::ServerPrograms,
                "LANGUAGE plpython3u",
                4,
            ),
            (
                "SELECT ('x'::text).pg_read_file",
                Effect::ServerFiles,
                "pg_read_file()",
                20,
            ),
            (
                "SELECT a[1] . /* */ \"dblink_exec\" FROM t",
                Effect::RemoteServers,
                "dblink_exec()",
                21,
            ),
            (
                "SELECT $1.pg_ls_dir",
                Effect::ServerFiles,
                "pg_ls_dir()",
                11,
            ),
            (
                "SELECT E'a'\n'\\\\'', pg_read_file($$x$$) --'",
                Effect::HiddenCode,
                "A string that goes on behind E'…'",
                13,
            ),
            ("GRANT SELECT ON t TO u", Effect::Accounts, "GRANT", 1),
            (
                "SELECT U&\"!0061\" UESCAPE '!' (1)",
                Effect::HiddenCode,
                "A name with UESCAPE",
                18,
            ),
        ] {
            assert_eq!(
                finding(sql),
                Some((effect, construct.to_owned(), position)),
                "{sql}"
            );
        }
    }

    #[test]
    fn a_column_of_what_a_function_returns_is_a_call() {
        for (sql, effect, construct, position) in [
            (
                "SELECT t.pg_ls_dir FROM unnest(ARRAY['.']) t",
                Effect::ServerFiles,
                "pg_ls_dir()",
                10,
            ),
            (
                "SELECT \"text\" . /* */ Pg_Read_File FROM a, LATERAL CAST(a.b AS text)",
                Effect::ServerFiles,
                "pg_read_file()",
                23,
            ),
            (
                "SELECT t.http_get FROM a JOIN ((s.f(1) t CROSS JOIN b)) ON true",
                Effect::RemoteServers,
                "http_get()",
                10,
            ),
        ] {
            assert_eq!(
                finding(sql),
                Some((effect, construct.to_owned(), position)),
                "{sql}"
            );
        }
    }

    #[test]
    fn what_only_looks_like_it_is_not_found() {
        for sql in [
            "SELECT 'pg_notify(1)', \"pg_notify\" FROM \"nextval\" -- dblink()",
            "WITH dblink (a) AS (VALUES (1)) SELECT a FROM dblink",
            "SELECT U&'!0061' UESCAPE '!'",
            "SELECT t.pg_read_file, t.http_status, E'a' || 'b' FROM t",
            "SELECT count(*), lower(t.dblink), t.pg_ls_dir FROM t WHERE f(t.nextval) ORDER BY a, g(b)",
            "SELECT t.http_status FROM t, generate_series(1, 2)",
            "SELECT pg_size_pretty(pg_relation_size('t'))",
            "CREATE TABLE role (a int)",
            "CREATE OR REPLACE VIEW v AS SELECT 1",
        ] {
            assert_eq!(finding(sql), None, "{sql}");
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
