//! What a statement does, as far as its words tell; read by a real lexer, so that words in strings, comments and
//! quoted names decide nothing.
//!
//! This explains early and closes what the server's own read-only mode lets through. It is never the only thing
//! between a statement and a write.

use std::{borrow::Cow, sync::LazyLock};

use domain::{
    Failure,
    query::{
        Dialect, Effect, StatementClass,
        dialect::Classified,
        effect::{Finding, first_of_each},
        explained::QueryPlan,
        plan::{PlanStep, PlanTable},
    },
};
use sqlparser::tokenizer::{Token, Whitespace};

use super::{
    super::{
        lexer::{Lexed, character, position},
        remembered::Memory,
    },
    explain,
    flavor::Flavor,
    functions, plan, reserved,
    text::{Words, first_word, is, word},
};

/// The language of one of the two servers.
#[derive(Debug)]
pub(super) struct MySql(pub(super) Flavor);

impl Dialect for MySql {
    fn classify(&self, sql: &str) -> Classified {
        classify(sql)
    }

    fn reading_words(&self) -> &'static [&'static str] {
        &["SELECT", "WITH", "VALUES", "SHOW", "DESCRIBE", "EXPLAIN"]
    }

    fn instead_of(&self, sql: &str) -> Option<&'static str> {
        let words = Lexed::of(&Words::MYSQL, sql).leading_words(1);
        Some(match words.first()?.as_str() {
            "USE" => "Write database.table, or name another database as `connection`.",
            "PRAGMA" => "MySQL has no PRAGMA; use SHOW TABLES and DESCRIBE table.",
            // Which no read-only mode of the server stops, as it stops no ANALYZE TABLE.
            "CHECK" => {
                "CHECK TABLE marks tables that it finds damaged; CHECKSUM TABLE and SHOW TABLE STATUS only read."
            }
            _ => return None,
        })
    }

    fn plan_request(&self, sql: &str) -> Option<String> {
        plan::request(sql)
    }

    fn costliest_step(&self, plan: &PlanTable, _: &PlanTable) -> Option<PlanStep> {
        plan::costliest(plan)
    }

    fn quoted<'name>(&self, name: &'name str) -> Cow<'name, str> {
        reserved::quoted(name)
    }

    fn explain_request(&self, sql: &str, analyze: bool) -> Result<String, Failure> {
        explain::request(self.0, &first_word(sql), sql, analyze)
    }

    fn query_plan(&self, answer: &PlanTable) -> Result<QueryPlan, Failure> {
        explain::plan(self.0, answer)
    }
}

/// What `sql` does, on either server.
pub(super) fn classify(sql: &str) -> Classified {
    judged(sql).classified
}

/// All that a text tells before and after it runs.
#[derive(Debug, Clone)]
struct Judged {
    classified: Classified,
    leaves_traces: bool,
}

fn judged(sql: &str) -> Judged {
    static JUDGED: LazyLock<Memory<Judged>> = LazyLock::new(Memory::new);
    JUDGED.of(sql, || {
        let lexed = Lexed::of(&Words::MYSQL, sql);
        let classified = judge(&lexed, sql);
        Judged {
            leaves_traces: may_leave_traces(&classified, &lexed, sql),
            classified,
        }
    })
}

fn judge(lexed: &Lexed, sql: &str) -> Classified {
    let hidden = hidden_code(lexed, sql);
    let into = into_elsewhere(lexed, sql);
    let (class, construct) = match (&hidden, &into) {
        (Some(found), _) => verdict(StatementClass::Admin, &found.construct),
        (None, Some((class, found))) => verdict(*class, &found.construct),
        (None, None) => by_words(lexed),
    };
    let position = hidden
        .as_ref()
        .or(into.as_ref().map(|(_, found)| found))
        .map(|found| found.position)
        .or_else(|| lexed.beginning(sql));
    let findings = first_of_each(
        hidden
            .into_iter()
            .chain(into.map(|(_, found)| found))
            .chain(administering(&construct, position.unwrap_or(1)))
            .chain(library(lexed, sql))
            .chain(lexed.effects(sql, functions::effect_of))
            .chain(locking(lexed, sql)),
    );
    let flaw = if construct.is_empty() {
        Some(lexed.wordless(sql))
    } else {
        // What comes behind may be code that no read-only mode of the server refuses.
        lexed.flaw.clone()
    };
    Classified {
        class,
        construct,
        position,
        findings,
        flaw,
    }
}

type Verdict = (StatementClass, String);

fn verdict(class: StatementClass, construct: &str) -> Verdict {
    (class, construct.to_owned())
}

/// `/*! … */` and `/*M! … */` are code to one server or the other. An optimizer hint, `/*+ … */`, is not.
///
/// And the server reads on where our lexer sees a comment or a name: behind `--` with no blank of its own, behind a bare
/// `@`, and where a word follows a number or `\N` at once. Control characters are blanks to one of them only.
fn hidden_code(lexed: &Lexed, sql: &str) -> Option<Finding> {
    let found = |construct: &str, position| Finding {
        effect: Effect::HiddenCode,
        construct: construct.to_owned(),
        position,
    };
    let control =
        |character: char| character.is_ascii_control() && !matches!(character, '\t' | '\n' | '\r');
    if let Some(at) = sql.find(control) {
        return Some(found("A control character", character(sql, at)));
    }
    let next = lexed.tokens.iter().skip(1).map(Some).chain([None]);
    lexed.tokens.iter().zip(next).find_map(|(token, next)| {
        let construct = match &token.token {
            Token::Whitespace(Whitespace::MultiLineComment(comment))
                if comment.starts_with('!') || comment.starts_with("M!") =>
            {
                "An executable comment (/*! … */)"
            }
            Token::Whitespace(Whitespace::SingleLineComment { comment, prefix })
                if prefix == "--" && comment.starts_with(|first: char| !first.is_ascii()) =>
            {
                "A comment (--) without a plain blank"
            }
            token if is_bare_at(token, next.map(|next| &next.token)) => "An @ without a name",
            token if ends_in_a_word(token) => "A number that a word follows without a blank",
            // `\NINTO @a` is NULL and INTO to MariaDB.
            Token::Backslash if !next.is_some_and(|next| is(&next.token, "N")) => {
                "A backslash outside of quotes"
            }
            _ => return None,
        };
        Some(found(construct, position(sql, token.span.start)))
    })
}

/// `1.5INTO` is a number and a word to the server, and one word to our lexer; of `1e5LOCK` it drops the L.
fn ends_in_a_word(token: &Token) -> bool {
    match token {
        Token::Word(word) => word.quote_style.is_none() && word.value.contains('.'),
        Token::Number(_, long) => *long,
        _ => false,
    }
}

/// Whether the server reads less of a name behind `@` than our lexer, which takes whatever follows for its beginning.
fn is_bare_at(token: &Token, next: Option<&Token>) -> bool {
    match token {
        Token::AtSign => !next.is_some_and(is_quoted),
        Token::Word(word) if word.quote_style.is_none() && word.value.starts_with('@') => {
            let name = word.value.trim_start_matches('@');
            let is_part =
                |part: char| part.is_alphanumeric() || matches!(part, '_' | '$' | '.' | '@');
            if name.is_empty() {
                !next.is_some_and(is_quoted)
            } else {
                !name.chars().all(is_part)
            }
        }
        _ => false,
    }
}

fn is_quoted(token: &Token) -> bool {
    match token {
        Token::Word(word) => word.quote_style.is_some() || word.value.starts_with('@'),
        Token::SingleQuotedString(_) | Token::DoubleQuotedString(_) => true,
        _ => false,
    }
}

/// `SELECT … INTO` a file or a variable, which no read-only mode of the server refuses.
fn into_elsewhere(lexed: &Lexed, sql: &str) -> Option<(StatementClass, Finding)> {
    // In the body of a routine a variable is no concern of this session.
    let defines = lexed
        .leading_words(1)
        .first()
        .is_some_and(|first| first == "CREATE");
    let next = lexed.significant().skip(1);
    lexed.significant().zip(next).find_map(|(into, target)| {
        if !is(&into.token, "INTO") {
            return None;
        }
        let (class, effect, construct) = match &target.token {
            Token::AtSign => (
                StatementClass::Session,
                Effect::SessionState,
                "INTO @variable".to_owned(),
            ),
            token => match word(token)? {
                variable if variable.starts_with('@') => (
                    StatementClass::Session,
                    Effect::SessionState,
                    "INTO @variable".to_owned(),
                ),
                file if matches!(file.as_str(), "OUTFILE" | "DUMPFILE") => (
                    StatementClass::Admin,
                    Effect::ServerFiles,
                    format!("INTO {file}"),
                ),
                _ => return None,
            },
        };
        let finding = Finding {
            effect,
            construct,
            position: position(sql, into.span.start),
        };
        (!defines || effect == Effect::ServerFiles).then_some((class, finding))
    })
}

/// A function that a library brings.
fn library(lexed: &Lexed, sql: &str) -> Option<Finding> {
    lexed
        .significant()
        .find(|token| is(&token.token, "SONAME"))
        .map(|token| Finding {
            effect: Effect::ServerPrograms,
            construct: "SONAME".to_owned(),
            position: position(sql, token.span.start),
        })
}

/// A clause that locks the rows it reads, which the server's read-only mode lets through.
fn locking(lexed: &Lexed, sql: &str) -> Option<Finding> {
    let tokens: Vec<_> = lexed.significant().collect();
    (0..tokens.len()).find_map(|at| {
        let rest = tokens.get(at..)?;
        let construct = LOCKING.into_iter().find(|clause| {
            let mut rest = rest.iter();
            clause
                .split(' ')
                .all(|word| rest.next().is_some_and(|token| is(&token.token, word)))
        })?;
        Some(Finding {
            effect: Effect::RowLocks,
            construct: construct.to_owned(),
            position: position(sql, rest.first()?.span.start),
        })
    })
}

const LOCKING: [&str; 3] = ["FOR UPDATE", "FOR SHARE", "LOCK IN SHARE MODE"];

/// What acts beyond rows and tables by its kind.
fn administering(construct: &str, position: usize) -> Option<Finding> {
    let (first, second) = construct.split_once(' ').unwrap_or((construct, ""));
    let effect = match (first, second) {
        ("LOAD", "DATA LOCAL" | "XML LOCAL") => Effect::OwnFiles,
        ("LOAD", "DATA" | "XML") => Effect::ServerFiles,
        ("LOAD" | "IMPORT", _) => Effect::Unsupported,
        ("KILL", _) => Effect::OtherSessions,
        ("GRANT" | "REVOKE", _)
        | ("CREATE" | "ALTER" | "DROP" | "RENAME", "USER" | "ROLE")
        | ("SET", "PASSWORD") => Effect::Accounts,
        ("CREATE" | "ALTER" | "DROP", "SERVER") => Effect::RemoteServers,
        ("RESET" | "PURGE" | "CHANGE" | "START" | "STOP" | "BINLOG" | "CLONE", _) => {
            Effect::Replication
        }
        ("FLUSH" | "INSTALL" | "UNINSTALL" | "SHUTDOWN" | "RESTART" | "CACHE" | "BACKUP", _)
        | ("CREATE" | "ALTER" | "DROP", "INSTANCE" | "RESOURCE" | "LOGFILE" | "TABLESPACE")
        | ("SET", "GLOBAL" | "PERSIST" | "PERSIST_ONLY") => Effect::ServerControl,
        _ => return None,
    };
    Some(Finding {
        effect,
        construct: construct.to_owned(),
        position,
    })
}

fn significant(lexed: &Lexed) -> impl Iterator<Item = &Token> {
    lexed.significant().map(|token| &token.token)
}

fn by_words(lexed: &Lexed) -> Verdict {
    use StatementClass::{Admin, Ddl, Read, Session, Transaction, Unknown, Write};

    let mut leading = significant(lexed)
        .skip_while(|token| matches!(token, Token::LParen))
        .map_while(word);
    let Some(first) = leading.next() else {
        return verdict(Unknown, "");
    };
    let second = leading
        .find(|word| first != "CREATE" || !matches!(word.as_str(), "OR" | "REPLACE"))
        .unwrap_or_default();
    let both = format!("{first} {second}");
    let class = match first.as_str() {
        "WITH" => return main_verb(lexed),
        "EXPLAIN" | "DESCRIBE" | "DESC" if second == "ANALYZE" => return analysed(lexed, &both),
        "SELECT" | "VALUES" | "TABLE" | "SHOW" | "DESCRIBE" | "DESC" | "EXPLAIN" | "CHECKSUM"
        | "HELP" => Read,
        "ANALYZE" => match second.as_str() {
            "TABLE" | "TABLES" | "LOCAL" | "NO_WRITE_TO_BINLOG" => return verdict(Ddl, &both),
            _ => return analysed(lexed, &first),
        },
        // A procedure may do anything that a transaction holds, and more.
        "INSERT" | "UPDATE" | "DELETE" | "REPLACE" | "CALL" | "DO" => Write,
        "CREATE" | "ALTER" | "DROP" | "RENAME" => match second.as_str() {
            "USER" | "ROLE" | "SERVER" | "INSTANCE" | "RESOURCE" | "LOGFILE" | "TABLESPACE" => {
                return verdict(Admin, &both);
            }
            _ => return verdict(Ddl, both.trim_end()),
        },
        "TRUNCATE" | "OPTIMIZE" | "REPAIR" => Ddl,
        "SET"
            if matches!(
                second.as_str(),
                "GLOBAL" | "PERSIST" | "PERSIST_ONLY" | "PASSWORD"
            ) =>
        {
            return verdict(Admin, &both);
        }
        "SET" | "USE" | "PREPARE" | "EXECUTE" | "DEALLOCATE" | "HANDLER" | "LOCK" | "UNLOCK" => {
            Session
        }
        "LOAD" if matches!(second.as_str(), "DATA" | "XML") => {
            let whose = significant(lexed)
                .map_while(word)
                .take_while(|word| word != "INFILE")
                .find(|word| word == "LOCAL");
            return verdict(
                Admin,
                format!("{both} {}", whose.unwrap_or_default()).trim(),
            );
        }
        "START" if second != "TRANSACTION" => return verdict(Admin, &both),
        "BEGIN" if second == "NOT" => return verdict(Transaction, "BEGIN NOT ATOMIC"),
        "BEGIN" | "START" | "COMMIT" | "ROLLBACK" | "SAVEPOINT" | "RELEASE" | "XA" => Transaction,
        "LOAD" | "IMPORT" | "FLUSH" | "KILL" | "RESET" | "PURGE" | "CHANGE" | "STOP"
        | "INSTALL" | "UNINSTALL" | "GRANT" | "REVOKE" | "SHUTDOWN" | "RESTART" | "BINLOG"
        | "CACHE" | "CLONE" | "CHECK" | "BACKUP" | "SIGNAL" | "RESIGNAL" | "GET" => Admin,
        _ => Unknown,
    };
    verdict(class, &first)
}

/// The verbs outside all parentheses, in order.
fn verbs(lexed: &Lexed) -> impl Iterator<Item = String> {
    let mut depth = 0_usize;
    let mut tokens = significant(lexed).peekable();
    std::iter::from_fn(move || {
        loop {
            let token = tokens.next()?;
            match token {
                Token::LParen => depth += 1,
                Token::RParen => depth = depth.saturating_sub(1),
                _ => {}
            }
            let Some(word) = word(token).filter(|_| depth == 0) else {
                continue;
            };
            let is_verb = match word.as_str() {
                "SELECT" | "VALUES" | "TABLE" | "UPDATE" | "DELETE" => true,
                // Else they are functions.
                "INSERT" | "REPLACE" => tokens.peek() != Some(&&Token::LParen),
                _ => false,
            };
            if is_verb {
                return Some(word);
            }
        }
    })
}

/// What stands behind the common table expressions, which are all in parentheses.
fn main_verb(lexed: &Lexed) -> Verdict {
    match verbs(lexed).next() {
        Some(verb) if writes(&verb) => verdict(StatementClass::Write, &verb),
        _ => verdict(StatementClass::Read, "WITH"),
    }
}

/// A statement that is run to be explained.
fn analysed(lexed: &Lexed, construct: &str) -> Verdict {
    match verbs(lexed).find(|verb| writes(verb)) {
        Some(verb) => verdict(StatementClass::Write, &format!("{construct} {verb}")),
        None => verdict(StatementClass::Read, construct),
    }
}

fn writes(verb: &str) -> bool {
    matches!(verb, "INSERT" | "UPDATE" | "DELETE" | "REPLACE")
}

/// Whether a session that has run `sql` may hold what our reset does not undo, as far as the text tells: user variables
/// have no reset, and what is neither reading nor writing rows can change anything. What a view or a trigger calls is seen
/// by the server's counters alone.
pub(super) fn leaves_traces(sql: &str) -> bool {
    judged(sql).leaves_traces
}

fn may_leave_traces(verdict: &Classified, lexed: &Lexed, sql: &str) -> bool {
    sql.contains(":=")
        || verdict.flaw.is_some()
        || matches!(verdict.construct.as_str(), "CALL" | "DO")
        // A stored function may set variables.
        || lexed
            .called()
            .any(|(name, _)| !functions::is_built_in(&name))
        // A table may be temporary.
        || !matches!(verdict.class, StatementClass::Read | StatementClass::Write)
}

#[cfg(test)]
mod tests {
    use super::*;
    use StatementClass::{Admin, Ddl, Read, Session, Transaction, Unknown, Write};

    #[test]
    fn a_load_is_judged_by_whose_file_it_reads() {
        for (sql, construct, effect) in [
            (
                "load data concurrent local infile 'x' into table t",
                "LOAD DATA LOCAL",
                Effect::OwnFiles,
            ),
            (
                "LOAD XML INFILE 'local' INTO TABLE t",
                "LOAD XML",
                Effect::ServerFiles,
            ),
            ("LOAD INDEX INTO CACHE t", "LOAD", Effect::Unsupported),
        ] {
            let classified = classify(sql);
            assert_eq!(
                (classified.construct.as_str(), classified.findings[0].effect),
                (construct, effect),
                "{sql}"
            );
        }
    }

    #[test]
    fn each_statement_has_its_class() {
        for (sql, class, construct) in [
            ("select 1", Read, "SELECT"),
            (
                "/* drop */ -- delete\n # x\n ((SELECT 1) UNION SELECT 2)",
                Read,
                "SELECT",
            ),
            ("SELECT 'delete' FROM `drop` -- insert", Read, "SELECT"),
            ("WITH a AS (SELECT 1) SELECT * FROM a", Read, "WITH"),
            (
                "WITH RECURSIVE a AS (SELECT 1) DELETE FROM t",
                Write,
                "DELETE",
            ),
            (
                "with a as (select 1), b as (select 2) update t set x = 1",
                Write,
                "UPDATE",
            ),
            ("VALUES ROW(1)", Read, "VALUES"),
            ("TABLE t", Read, "TABLE"),
            ("SHOW TABLES", Read, "SHOW"),
            ("DESC t", Read, "DESC"),
            ("EXPLAIN DELETE FROM t", Read, "EXPLAIN"),
            ("EXPLAIN ANALYZE SELECT 1", Read, "EXPLAIN ANALYZE"),
            (
                "EXPLAIN ANALYZE DELETE a FROM a JOIN b",
                Write,
                "EXPLAIN ANALYZE DELETE",
            ),
            ("ANALYZE SELECT 1", Read, "ANALYZE"),
            ("ANALYZE FORMAT=JSON DELETE FROM t", Write, "ANALYZE DELETE"),
            ("ANALYZE TABLE t", Ddl, "ANALYZE TABLE"),
            ("ANALYZE LOCAL TABLE t", Ddl, "ANALYZE LOCAL"),
            ("CHECKSUM TABLE t", Read, "CHECKSUM"),
            ("INSERT INTO t VALUES (1)", Write, "INSERT"),
            ("REPLACE t VALUES (1)", Write, "REPLACE"),
            ("CREATE TABLE t (a INT)", Ddl, "CREATE TABLE"),
            ("DROP USER x", Admin, "DROP USER"),
            ("TRUNCATE t", Ddl, "TRUNCATE"),
            ("SET @a = 1", Session, "SET"),
            (
                "SET STATEMENT max_statement_time = 0 FOR SELECT 1",
                Session,
                "SET",
            ),
            ("USE other", Session, "USE"),
            ("CALL p()", Write, "CALL"),
            ("DO SLEEP(1)", Write, "DO"),
            ("LOAD DATA INFILE 'x' INTO TABLE t", Admin, "LOAD DATA"),
            ("BEGIN", Transaction, "BEGIN"),
            (
                "BEGIN NOT ATOMIC COMMIT; DELETE FROM t; END",
                Transaction,
                "BEGIN NOT ATOMIC",
            ),
            ("START TRANSACTION READ WRITE", Transaction, "START"),
            ("START REPLICA", Admin, "START REPLICA"),
            ("COMMIT", Transaction, "COMMIT"),
            ("XA START 'x'", Transaction, "XA"),
            ("FLUSH TABLES", Admin, "FLUSH"),
            ("FROBNICATE t", Unknown, "FROBNICATE"),
            ("-- nothing", Unknown, ""),
            ("SELECT 'unclosed", Read, "SELECT"),
            ("SELECT /*+ MAX_EXECUTION_TIME(1) */ 1", Read, "SELECT"),
            ("SELECT '/*! */', \"/*M! */\", `/*!`", Read, "SELECT"),
            (
                "SELECT 1 /*!50000 INTO OUTFILE 'x' */",
                Admin,
                "An executable comment (/*! … */)",
            ),
            (
                "/*M!100100 DELETE */ FROM t",
                Admin,
                "An executable comment (/*! … */)",
            ),
            ("SELECT 1 INTO OUTFILE '/tmp/x'", Admin, "INTO OUTFILE"),
            (
                "SELECT 1 into /* x */ dumpfile '/tmp/x'",
                Admin,
                "INTO DUMPFILE",
            ),
            ("SELECT 1 INTO @a", Session, "INTO @variable"),
            ("SELECT 1 INTO@a", Session, "INTO @variable"),
            ("SELECT 1 INTO@`a`", Session, "INTO @variable"),
            (
                "(SELECT 1) UNION (SELECT 2 INTO @`a`)",
                Session,
                "INTO @variable",
            ),
            ("SELECT 'INTO OUTFILE'", Read, "SELECT"),
        ] {
            let classified = classify(sql);
            assert_eq!(
                (classified.class, classified.construct.as_str()),
                (class, construct),
                "{sql}"
            );
        }
    }

    #[test]
    fn what_resembles_another_statement_has_the_class_of_its_own() {
        for (sql, class, construct) in [
            (
                "EXPLAIN ANALYZE SELECT REPLACE(a, 'x', INSERT(b, 1, 1, 'c')) FROM t",
                Read,
                "EXPLAIN ANALYZE",
            ),
            ("CREATE OR REPLACE USER x", Admin, "CREATE USER"),
            ("IF 1 THEN SET GLOBAL a = 1; END IF", Unknown, "IF"),
            (
                "CREATE PROCEDURE p() SELECT 1 INTO @a",
                Ddl,
                "CREATE PROCEDURE",
            ),
        ] {
            let classified = classify(sql);
            assert_eq!(
                (classified.class, classified.construct.as_str()),
                (class, construct),
                "{sql}"
            );
        }
    }

    #[test]
    fn what_acts_beyond_rows_is_found_with_its_place() {
        for (sql, effect, construct, position) in [
            (
                "SELECT 'é', `load_file` ('x')",
                Effect::ServerFiles,
                "LOAD_FILE()",
                13,
            ),
            ("SELECT get_lock('a', 1)", Effect::Locks, "GET_LOCK()", 8),
            (
                "SELECT 'a'||/* \" */load_file('x') -- \"",
                Effect::ServerFiles,
                "LOAD_FILE()",
                20,
            ),
            (
                "SELECT 1 ||/*! 1 */",
                Effect::HiddenCode,
                "An executable comment (/*! … */)",
                12,
            ),
            (
                "SELECT a FROM t for /* all */ update",
                Effect::RowLocks,
                "FOR UPDATE",
                17,
            ),
            (
                "(SELECT a FROM t FOR SHARE)",
                Effect::RowLocks,
                "FOR SHARE",
                18,
            ),
            (
                "SELECT a FROM t LOCK IN SHARE MODE",
                Effect::RowLocks,
                "LOCK IN SHARE MODE",
                17,
            ),
            (
                "SELECT 1 INTO OUTFILE 'x'",
                Effect::ServerFiles,
                "INTO OUTFILE",
                10,
            ),
            (
                "SELECT 1 /*! x */",
                Effect::HiddenCode,
                "An executable comment (/*! … */)",
                10,
            ),
            (
                "LOAD DATA INFILE 'x' INTO TABLE t",
                Effect::ServerFiles,
                "LOAD DATA",
                1,
            ),
            ("-- a\nKILL 1", Effect::OtherSessions, "KILL", 6),
            (
                "SELECT 'x' --\u{a0} INTO OUTFILE '/tmp/f'",
                Effect::HiddenCode,
                "A comment (--) without a plain blank",
                12,
            ),
            (
                "SELECT @,get_lock(0x41,0)",
                Effect::HiddenCode,
                "An @ without a name",
                8,
            ),
            (
                "SELECT @\nFOR UPDATE",
                Effect::HiddenCode,
                "An @ without a name",
                8,
            ),
            (
                "SELECT 1 --\u{1} '\n, 2 -- '",
                Effect::HiddenCode,
                "A control character",
                12,
            ),
            ("GRANT ALL ON *.* TO a", Effect::Accounts, "GRANT", 1),
            ("SET GLOBAL a = 1", Effect::ServerControl, "SET GLOBAL", 1),
            (
                "CREATE FUNCTION f RETURNS STRING SONAME 'x.so'",
                Effect::ServerPrograms,
                "SONAME",
                34,
            ),
            ("PURGE BINARY LOGS TO 'x'", Effect::Replication, "PURGE", 1),
        ] {
            let finding = classify(sql).findings.remove(0);
            assert_eq!(
                (finding.effect, finding.construct.as_str(), finding.position),
                (effect, construct, position),
                "{sql}"
            );
        }
    }

    #[test]
    fn what_the_lexer_reads_on_into_is_refused() {
        let number = "A number that a word follows without a blank";
        for (sql, construct, position) in [
            ("SELECT 1.5INTO OUTFILE '/tmp/f'", number, 8),
            ("SELECT 1 FROM t WHERE a = .5FOR UPDATE", number, 27),
            (
                "SELECT 1 FROM t WHERE a = 1e1LOCK IN SHARE MODE",
                number,
                27,
            ),
            ("SELECT \\NINTO @a", "A backslash outside of quotes", 8),
        ] {
            let finding = classify(sql).findings.remove(0);
            assert_eq!(
                (finding.effect, finding.construct.as_str(), finding.position),
                (Effect::HiddenCode, construct, position),
                "{sql}"
            );
        }
    }

    #[test]
    fn into_is_found_behind_whatever_it_follows_at_once() {
        for operand in [
            "1.",
            "1.5",
            ".5",
            "-1.",
            "1e1",
            "1.e1",
            ".5e1",
            "0x41",
            "x'41'",
            "b'1'",
            "'a'",
            "\"a\"",
            "n'a'",
            "_utf8'a'",
            "(1)",
            "t.`a`",
            "@`a`",
            "\\N",
            "?",
            "{d '2020-01-01'}",
            "1/**/",
            "1#\n",
        ] {
            let sql = format!("SELECT {operand}INTO @a");
            assert_ne!(classify(&sql).class, Read, "{sql}");
        }
    }

    #[test]
    fn what_only_looks_like_it_is_not_found() {
        for sql in [
            "SELECT 'LOAD_FILE(1)', `get_lock` FROM t -- LOAD_FILE()",
            "SELECT /*+ MAX_EXECUTION_TIME(1) */ 1",
            "WITH http_codes (code) AS (SELECT 1) SELECT code FROM http_codes",
            "CREATE TABLE http_x (a INT)",
            "INSERT INTO http_x (a) VALUES (1)",
            "SELECT@a, 1 OR@b, @@x.y, a AS b@c",
            "SELECT 1.5, .5, 1., 1e5, 1.5e-3, 0x1F, a.1b, 2fa, 1L, t.2Late, \\N, \\N + 1 FROM 1st_t.2nd_t",
            "SELECT @a, @`b c`, @'d', @@version, @@SESSION.sql_mode, 'x@y', `a@b` -- c",
            "SELECT 1 --\n+ 1 --\t é",
            "SELECT IS_USED_LOCK('a'), SLEEP(0), LAST_INSERT_ID()",
            "SELECT 'FOR UPDATE', `for` AS `update` FROM t USE INDEX FOR JOIN (i)",
        ] {
            assert_eq!(classify(sql).findings, [], "{sql}");
        }
    }

    #[test]
    fn what_our_reset_does_not_undo_is_known() {
        for (sql, leaves) in [
            ("SELECT 1", false),
            ("INSERT INTO t VALUES (1)", false),
            (
                "SELECT COUNT(*), st_x(p) FROM t WHERE a IN (1) AND (b OR (c))",
                false,
            ),
            ("SELECT remembers(1)", true),
            ("SELECT db.remembers (1)", true),
            ("SELECT @a := 1", true),
            ("SELECT 1 INTO @a", true),
            ("SELECT 1 INTO@a", true),
            ("SET @a = 1", true),
            ("USE other", true),
            ("FROBNICATE", true),
            ("SELECT 'a\\' INTO @a", true),
        ] {
            assert_eq!(leaves_traces(sql), leaves, "{sql}");
        }
    }
}
