//! What a PostgreSQL parser finds in a text: where its statements begin, what writes inside of them, what is called.
//!
//! After an error, and in a text that is too large to be parsed for every call, words alone tell (`guess.rs`). They tell
//! as well where there is nothing to find, as in most texts: parsing takes several times as long.

use std::{panic, thread};

use squawk_parser::{EntryPoint, LexedStr, StrStep, SyntaxKind};

use super::{
    guess::Guess,
    tokens::{Token, significant},
};

/// A name that is called, or that may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Called {
    /// As the server reads it: in lower case unless quoted, escapes resolved.
    pub(super) name: String,
    /// In bytes from 0.
    pub(super) at: usize,
}

/// Something inside of a query that is no query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Inner {
    pub(super) construct: &'static str,
    /// In bytes from 0.
    pub(super) at: usize,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Syntax {
    /// Statements that change rows or make tables, wherever they stand, in order.
    pub(super) writes: Vec<Inner>,
    /// What locks the rows that a query returns.
    pub(super) locks: Option<Inner>,
    /// Where a prepared statement is run, whose text does not stand here.
    pub(super) executes: Option<Inner>,
    /// Whether `EXPLAIN` is to run what it explains.
    pub(super) analyzes: bool,
    pub(super) calls: Vec<Called>,
    /// What is written so that only the server can read it.
    pub(super) disguised: Option<Inner>,
}

/// The parser descends into itself, and a text of this many bytes cannot take it deeper than a usual stack holds.
const SHALLOW_BYTES: usize = 1024;
/// Parsed on a thread of its own, with a stack for the worst nesting. Beyond this nothing is parsed.
const DEEP_BYTES: usize = 32 * 1024;
const STACK_BYTES: usize = 512 * 1024 * 1024;

impl Syntax {
    /// What classifying needs to know; `tokens` are those of `sql`. Of the calls it has at least those that act.
    pub(super) fn needed(sql: &str, tokens: &[Token<'_>]) -> Self {
        let guess = by_words(sql, tokens.iter().copied());
        if guess.is_certain() {
            guess.into_syntax()
        } else {
            Self::of(sql)
        }
    }

    /// All that is found, in any text.
    pub(super) fn of(sql: &str) -> Self {
        let parsed = if sql.len() <= SHALLOW_BYTES {
            panic::catch_unwind(|| parse(sql)).ok()
        } else if sql.len() <= DEEP_BYTES {
            on_a_deep_stack(|| parse(sql))
        } else {
            None
        };
        parsed.unwrap_or_else(|| by_words(sql, significant(sql)).into_syntax())
    }
}

impl Syntax {
    /// `CREATE TABLE … AS` and its kin, whose query is run.
    pub(super) fn makes_a_table_of_a_query(&self) -> bool {
        self.writes.iter().any(|inner| {
            matches!(
                inner.construct,
                "CREATE TABLE AS" | "CREATE MATERIALIZED VIEW"
            )
        })
    }
}

fn on_a_deep_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    thread::scope(|scope| {
        thread::Builder::new()
            .name("parser".to_owned())
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, work)
            .ok()?
            .join()
            .ok()
    })
}

fn parse(sql: &str) -> Syntax {
    let lexed = LexedStr::new(sql);
    let output = EntryPoint::SourceFile.parse(&lexed.to_input());
    let mut walk = Walk {
        guess: Guess::of(sql),
        ..Walk::default()
    };
    lexed.intersperse_trivia(&output, &mut |step| walk.step(&step));
    walk.finish()
}

#[derive(Default)]
struct Walk<'a> {
    syntax: Syntax,
    guess: Guess<'a>,
    at: usize,
    /// The node that was entered last.
    entered: Option<SyntaxKind>,
    /// Where a clause that locks rows begins.
    locking: Option<usize>,
    /// The last token was the option ANALYZE, which a value may follow.
    analyze_named: bool,
    failed: bool,
}

impl Walk<'_> {
    fn step(&mut self, step: &StrStep<'_>) {
        match *step {
            StrStep::Enter { kind } => self.enter(kind),
            StrStep::Exit => {}
            StrStep::Error { .. } => self.failed = true,
            StrStep::Token { kind, text } => {
                if !kind.is_trivia() {
                    self.analyzes(text);
                    self.guess.token(text, self.at);
                }
                self.at += text.len();
            }
        }
    }

    fn enter(&mut self, kind: SyntaxKind) {
        self.entered = Some(kind);
        let construct = match kind {
            SyntaxKind::INSERT => "INSERT",
            SyntaxKind::UPDATE => "UPDATE",
            SyntaxKind::DELETE => "DELETE",
            SyntaxKind::MERGE => "MERGE",
            SyntaxKind::INTO_CLAUSE => "SELECT INTO",
            SyntaxKind::CREATE_TABLE_AS => "CREATE TABLE AS",
            SyntaxKind::CREATE_MATERIALIZED_VIEW => "CREATE MATERIALIZED VIEW",
            SyntaxKind::EXECUTE => {
                self.syntax.executes.get_or_insert(Inner {
                    construct: "EXECUTE",
                    at: self.at,
                });
                return;
            }
            SyntaxKind::LOCKING_CLAUSE => {
                self.locking.get_or_insert(self.at);
                return;
            }
            SyntaxKind::ARG_LIST => {
                self.syntax.calls.extend(self.guess.name());
                return;
            }
            _ => return,
        };
        self.syntax.writes.push(Inner {
            construct,
            at: self.at,
        });
    }

    fn analyzes(&mut self, text: &str) {
        let is = |word: &str| text.eq_ignore_ascii_case(word);
        if std::mem::take(&mut self.analyze_named) {
            self.syntax.analyzes |= !(is("FALSE") || is("OFF") || text == "0");
        }
        if !(is("ANALYZE") || is("ANALYSE")) {
            return;
        }
        match self.entered {
            Some(SyntaxKind::EXPLAIN_ANALYZE) => self.syntax.analyzes = true,
            Some(SyntaxKind::EXPLAIN_OPTION_NAME) => self.analyze_named = true,
            _ => {}
        }
    }

    fn finish(mut self) -> Syntax {
        if self.failed {
            return self.guess.into_syntax();
        }
        self.syntax.calls.extend(self.guess.fields());
        Syntax {
            locks: self.locking.and_then(|at| self.guess.lock_at(at)),
            disguised: self.guess.disguised(),
            ..self.syntax
        }
    }
}

/// An identifier as the server reads it.
pub(super) fn name_of(text: &str) -> String {
    let escaped = text
        .get(..2)
        .is_some_and(|start| start.eq_ignore_ascii_case("U&"));
    let quoted = if escaped { text.get(2..) } else { Some(text) };
    match quoted.and_then(|quoted| quoted.strip_prefix('"')?.strip_suffix('"')) {
        Some(name) if escaped => unescape(&name.replace("\"\"", "\"")),
        Some(name) => name.replace("\"\"", "\""),
        None => text.to_lowercase(),
    }
}

/// `\0061` and `\+000061`; a doubled backslash is one.
fn unescape(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('\\') {
        plain.push_str(before);
        let (digits, skip) = match after.as_bytes().first() {
            Some(b'\\') => {
                plain.push('\\');
                rest = after.get(1..).unwrap_or_default();
                continue;
            }
            Some(b'+') => (after.get(1..7), 7),
            _ => (after.get(..4), 4),
        };
        plain.extend(
            digits
                .and_then(|digits| u32::from_str_radix(digits, 16).ok())
                .and_then(char::from_u32),
        );
        rest = after.get(skip..).unwrap_or_default();
    }
    plain.push_str(rest);
    plain
}

/// Without a parser.
fn by_words<'a>(sql: &'a str, tokens: impl Iterator<Item = Token<'a>>) -> Guess<'a> {
    let mut guess = Guess::of(sql);
    for token in tokens {
        guess.token(token.text, token.at);
    }
    guess
}

#[cfg(test)]
mod tests {
    use proptest::{
        collection::vec,
        prelude::{prop_assert_eq, prop_oneof},
        sample::select,
        strategy::Strategy,
    };

    use super::{
        super::{super::fuzz::holds, functions},
        *,
    };

    fn calls(sql: &str) -> Vec<String> {
        let called = Syntax::of(sql).calls.into_iter();
        called.map(|called| called.name).collect()
    }

    fn writes(sql: &str) -> Vec<(&'static str, usize)> {
        let inner = Syntax::of(sql).writes.into_iter();
        inner.map(|inner| (inner.construct, inner.at)).collect()
    }

    #[test]
    fn calls_are_found_wherever_they_stand() {
        for (sql, expected) in [
            ("SELECT f(1)", &["f"][..]),
            ("SELECT 'f(1)', \"f(1)\" -- f(1)", &[]),
            ("SELECT $$ f(1) $$, E'\\' f(', /* f( /* g( */ */ 1", &[]),
            ("SELECT Pg_Catalog . \"F\" /* here */ (1)", &["F"]),
            ("SELECT U&\"\\0070g_\\+00006eotify\"(1)", &["pg_notify"]),
            ("SELECT * FROM f(1) AS g(a int), LATERAL h(2)", &["f", "h"]),
            (
                "SELECT * FROM ROWS FROM (f(1), g(2)) AS x(a, b)",
                &["f", "g"],
            ),
            ("WITH f (a) AS (VALUES (1)) SELECT a FROM f", &[]),
            (
                "SELECT count(*) FILTER (WHERE f(a)) OVER (ORDER BY g(a))",
                &["count", "f", "g"],
            ),
            (
                "EXPLAIN ANALYZE SELECT CASE WHEN f() THEN (SELECT g()) END",
                &["f", "g"],
            ),
            ("CREATE TABLE t (a int DEFAULT f())", &["f"]),
            ("CREATE VIEW v AS SELECT f()", &["f"]),
            ("CALL f(1)", &["f"]),
        ] {
            assert_eq!(calls(sql), expected, "{sql}");
        }
    }

    /// What a classification takes from it.
    fn told(mut syntax: Syntax) -> Syntax {
        // It matters to what writes alone.
        syntax.analyzes &= !syntax.writes.is_empty();
        syntax
            .calls
            .retain(|called| functions::effect_of(&called.name).is_some());
        syntax
    }

    /// Statements and pieces of them, in any order.
    fn text() -> impl Strategy<Value = String> {
        let pieces = select(
            &[
                "SELECT",
                "a",
                "1",
                "FROM",
                "t",
                "(",
                ")",
                ",",
                ";",
                ".",
                "*",
                "WITH",
                "AS",
                "EXPLAIN",
                "ANALYZE",
                "INSERT",
                "INTO",
                "VALUES",
                "DELETE",
                "UPDATE",
                "SET",
                "=",
                "MERGE",
                "USING",
                "CREATE",
                "TABLE",
                "MATERIALIZED VIEW",
                "EXECUTE",
                "PREPARE",
                "CALL",
                "FOR",
                "SHARE",
                "KEY",
                "NO",
                "nextval",
                "f",
                "\"pg_notify\"",
                "U&\"d\\0062link\"",
                "UESCAPE",
                "'x'",
                "E'x'",
                "$1",
                "$$x$$",
                "[",
                "]",
                "::int",
                "SEARCH DEPTH FIRST BY a SET b",
                "ROWS FROM",
                "LATERAL",
                "/* INTO */",
                "-- FOR UPDATE\n",
                "RETURNING",
            ][..],
        );
        let clauses = select(
            &[
                "WITH RECURSIVE a AS (SELECT 1 AS x UNION ALL SELECT x FROM a) SEARCH DEPTH FIRST BY x SET b",
                "WITH a AS (DELETE FROM t RETURNING *)",
                "EXPLAIN ANALYZE",
                "EXPLAIN (VERBOSE)",
                "DELETE FROM t",
                "UPDATE t SET a = 1",
                "INSERT INTO t VALUES (1)",
                "MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE",
                "CREATE TABLE x AS",
                "EXECUTE p(1)",
                "SELECT nextval('s'), ('x').pg_ls_dir",
                "SELECT t.pg_ls_dir, a.b",
                "FROM a, unnest(b) t",
                "FROM current_user t",
                "SELECT a, substring(a FROM 1 FOR 2)",
                "INTO x",
                "FROM t, dblink(a) AS nextval (a int)",
                "FOR NO KEY UPDATE",
                "RETURNING lower(a)",
            ][..],
        );
        prop_oneof![vec(pieces, 1..24), vec(clauses, 1..5)].prop_map(|pieces| pieces.join(" "))
    }

    #[test]
    fn what_words_rule_out_no_parser_finds() {
        holds(20_000, &text(), |sql| {
            let tokens: Vec<_> = significant(&sql).collect();
            prop_assert_eq!(told(Syntax::needed(&sql, &tokens)), told(Syntax::of(&sql)));
            Ok(())
        });
    }

    #[test]
    fn after_an_error_each_name_before_a_parenthesis_counts() {
        assert_eq!(calls("SELECT FROM WHERE f (1) ) AS g(a)"), ["f", "g"]);
    }

    #[test]
    fn a_text_too_large_to_be_parsed_is_still_looked_at() {
        let padding = "x".repeat(DEEP_BYTES);
        assert_eq!(calls(&format!("SELECT '{padding}', f(1)")), ["f"]);
    }

    #[test]
    fn writes_inside_of_a_query_are_found() {
        for (sql, expected) in [
            ("SELECT 'DELETE'", &[][..]),
            (
                "WITH a AS (DELETE FROM t RETURNING b) SELECT b FROM a",
                &[("DELETE", 11)],
            ),
            ("EXPLAIN ANALYZE UPDATE t SET a = 1", &[("UPDATE", 16)]),
            ("SELECT 1 INTO t", &[("SELECT INTO", 9)]),
            ("SELECT a FROM t FOR UPDATE", &[]),
        ] {
            assert_eq!(writes(sql), expected, "{sql}");
        }
    }

    #[test]
    fn explaining_runs_nothing_unless_it_is_told_to() {
        for (sql, expected) in [
            ("EXPLAIN DELETE FROM t", false),
            ("EXPLAIN ANALYZE DELETE FROM t", true),
            ("EXPLAIN VERBOSE DELETE FROM t", false),
            ("EXPLAIN (ANALYZE) DELETE FROM t", true),
            ("EXPLAIN (ANALYZE true) DELETE FROM t", true),
            ("EXPLAIN (analyze FALSE) DELETE FROM t", false),
            (
                "EXPLAIN (COSTS off, ANALYZE /* on */ off) DELETE FROM t",
                false,
            ),
            ("EXPLAIN (ANALYZE 0, VERBOSE) DELETE FROM t", false),
            ("EXPLAIN (ANALYZE 1) DELETE FROM t", true),
            ("EXPLAIN (ANALYZE off, ANALYZE) DELETE FROM t", true),
            ("EXPLAIN (ANALYZE, COSTS off) DELETE FROM t", true),
            ("EXPLAIN (ANALYZE 'on') DELETE FROM t", true),
        ] {
            assert_eq!(Syntax::of(sql).analyzes, expected, "{sql}");
        }
    }

    #[test]
    fn clauses_that_lock_rows_are_found() {
        let padding = "x".repeat(DEEP_BYTES);
        for (sql, expected) in [
            ("SELECT a FROM t FOR UPDATE", Some(("FOR UPDATE", 16))),
            ("TABLE t for /* all */ share NOWAIT", Some(("FOR SHARE", 8))),
            (
                "SELECT (SELECT a FROM t LIMIT 1 FOR NO KEY UPDATE OF t)",
                Some(("FOR NO KEY UPDATE", 32)),
            ),
            ("SELECT a FROM t FOR KEY SHARE", Some(("FOR KEY SHARE", 16))),
            ("SELECT a FROM ) FOR UPDATE", Some(("FOR UPDATE", 16))),
            (
                &format!("SELECT '{padding}' FOR UPDATE"),
                Some(("FOR UPDATE", DEEP_BYTES + 10)),
            ),
            ("SELECT substring('abc' FROM 1 FOR share) FROM t", None),
            ("SELECT 'FOR UPDATE', \"for\" update FROM t", None),
        ] {
            let found = Syntax::of(sql).locks;
            let found = found.map(|inner| (inner.construct, inner.at));
            assert_eq!(found, expected, "{sql:.60}");
        }
    }

    #[test]
    fn no_nesting_and_no_chain_is_too_deep() {
        for (open, middle, close) in [
            ("(", "1", ")"),
            ("ARRAY[", "1", "]"),
            ("CASE WHEN ", "true", " THEN 1 END"),
            ("NOT ", "true", ""),
            ("- ", "1", ""),
            ("1 ->> ", "1", ""),
            ("1 UNION SELECT ", "1", ""),
            ("f(", "1", ")"),
            ("(SELECT ", "1", ")"),
        ] {
            for bytes in [SHALLOW_BYTES, DEEP_BYTES, 4 * DEEP_BYTES] {
                let times = (bytes - 20) / (open.len() + close.len());
                let sql = format!(
                    "SELECT {}{middle}{}",
                    open.repeat(times),
                    close.repeat(times)
                );
                assert_eq!(Syntax::of(&sql).writes, [], "{open} {bytes}");
            }
        }
    }
}
