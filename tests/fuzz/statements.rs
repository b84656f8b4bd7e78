//! Texts that are SQL, nearly, or not at all.

use proptest::{
    collection::vec,
    option,
    prelude::{Just, any, prop_oneof},
    sample::{Index, select},
    strategy::Strategy,
};

/// Statements of every kind and every way to quote.
pub(super) const SEEDS: &[&str] = &[
    "SELECT a, b FROM t WHERE a > 1 ORDER BY b LIMIT 3",
    "SELECT 'it''s', E'it\\'s', $$ DELETE $$, $x$ ' $x$, U&'\\0041', \"b\", B'01', X'ff', 1.5e3, -1 FROM t",
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT i FROM n",
    "WITH d AS (DELETE FROM t RETURNING b) SELECT b FROM d",
    "WITH a AS (SELECT 1) INSERT INTO t (a) SELECT 1 FROM a",
    "VALUES (1, 'a'), (2, 'b')",
    "TABLE t",
    "SELECT t.b, l.c FROM t, LATERAL (SELECT upper(t.b) AS c) AS l",
    "SELECT count(*) FILTER (WHERE a > 0) OVER (PARTITION BY b ORDER BY a ROWS 1 PRECEDING) FROM t",
    "SELECT CASE WHEN a = 1 THEN 'x' ELSE (SELECT max(b) FROM t) END FROM t",
    "SELECT '{\"a\": [1]}' -> 'a' ->> 0, ARRAY[1, 2] || 3, b COLLATE \"C\", a::text, CAST(a AS text) FROM t",
    "EXPLAIN (ANALYZE, COSTS OFF) SELECT a FROM t",
    "EXPLAIN ANALYZE DELETE FROM t",
    "EXPLAIN QUERY PLAN SELECT a FROM t",
    "SELECT a FROM t FOR NO KEY UPDATE OF t SKIP LOCKED",
    "SELECT a INTO x FROM t",
    "SELECT nextval('s'), pg_catalog.set_config('work_mem', '8MB', true)",
    "SELECT U&\"nextv\\0061l\"('s'), U&\"d!0061ta\" UESCAPE '!'",
    "INSERT INTO t (a, b) VALUES (7, 'x') ON CONFLICT DO NOTHING RETURNING a",
    "REPLACE INTO t (a, b) VALUES (7, 'x')",
    "UPDATE t SET b = 'y' WHERE a = 1",
    "DELETE FROM t USING u WHERE t.a = u.a",
    "MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN UPDATE SET b = u.b WHEN NOT MATCHED THEN DO NOTHING",
    "CREATE TABLE x AS SELECT a FROM t",
    "CREATE TEMPORARY TABLE x (a int DEFAULT nextval('s'), PRIMARY KEY (a))",
    "CREATE MATERIALIZED VIEW x AS SELECT a FROM t",
    "CREATE FUNCTION f () RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; END",
    "ALTER TABLE t ADD COLUMN c int",
    "DROP TABLE t",
    "TRUNCATE t",
    "PREPARE p AS SELECT 1",
    "EXECUTE p (1)",
    "EXPLAIN ANALYZE EXECUTE p",
    "DECLARE c CURSOR FOR SELECT 1",
    "SET LOCAL work_mem = '8MB'",
    "SHOW ALL",
    "BEGIN; DELETE FROM t; COMMIT",
    "SAVEPOINT s",
    "COPY t TO STDOUT",
    "LOCK TABLE t IN SHARE MODE",
    "DO $$ BEGIN DELETE FROM t; END $$",
    "CALL p (1)",
    "GRANT SELECT ON t TO PUBLIC",
    "VACUUM t",
    "PRAGMA table_info(t)",
    "PRAGMA main.user_version = 5",
    "ATTACH 'other.db' AS other",
    "SELECT a FROM t INTO OUTFILE '/tmp/x'",
    "SELECT /*! a */ 1, /*M! b */ 2, /*+ NO_INDEX(t) */ `a` # end\nFROM t",
    "SELECT a INTO @v FROM t LOCK IN SHARE MODE",
    "SELECT [a], $x::y(1), ?1, :n, @n FROM t -- end",
    "SELECT 'a'||/* \" */'b' |/* ' */ 1 FROM t",
    "-- first\n/* second /* nested */ */ ; (SELECT 1) ;",
];

/// What statements are made of.
pub(super) const TOKENS: &[&str] = &[
    "SELECT",
    "WITH",
    "VALUES",
    "TABLE",
    "FROM",
    "WHERE",
    "AS",
    "INTO",
    "FOR",
    "UPDATE",
    "SHARE",
    "NO",
    "KEY",
    "LOCK",
    "IN",
    "MODE",
    "DELETE",
    "INSERT",
    "REPLACE",
    "MERGE",
    "EXPLAIN",
    "ANALYZE",
    "VERBOSE",
    "EXECUTE",
    "CREATE",
    "DROP",
    "UNION",
    "ALL",
    "RECURSIVE",
    "MATERIALIZED",
    "RETURNING",
    "SET",
    "PRAGMA",
    "QUERY",
    "PLAN",
    "LATERAL",
    "CASE",
    "WHEN",
    "THEN",
    "END",
    "NOT",
    "NULL",
    "OUTFILE",
    "UESCAPE",
    "a",
    "b",
    "t",
    "x",
    "\"a\"",
    "\"delete\"",
    "`a`",
    "[a]",
    "nextval",
    "set_config",
    "lo_create",
    "count",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ".",
    ";",
    ":",
    "::",
    "=",
    "==",
    ":=",
    "=>",
    "*",
    "+",
    "-",
    "/",
    "<>",
    "||",
    "->>",
    "?",
    "?1",
    "$1",
    "$x",
    "@",
    "@@",
    "#",
    "!",
    "~",
    "\\",
    "'",
    "''",
    "'x'",
    "E'",
    "U&'",
    "U&\"",
    "\"",
    "`",
    "$$",
    "$x$",
    "--",
    "\n",
    "/*",
    "*/",
    "/*!",
    "/*+",
    "0",
    "1",
    "1e",
    "0x",
    "é",
    "\u{1F6A2}",
    "\u{feff}",
    "\u{a0}",
    "\t",
    "\r",
];

/// Any characters at all, and bytes taken for UTF-8.
pub(super) fn noise() -> impl Strategy<Value = String> {
    prop_oneof![
        vec(any::<char>(), 0..60).prop_map(String::from_iter),
        vec(any::<u8>(), 0..200).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
    ]
}

/// Words and signs of SQL in any order.
pub(super) fn jumbled() -> impl Strategy<Value = String> {
    vec(
        (select(TOKENS), select(&["", " ", "\n", "/**/"][..])),
        0..40,
    )
    .prop_map(|pairs| {
        pairs
            .into_iter()
            .flat_map(|(token, gap)| [token, gap])
            .collect()
    })
}

/// One thing repeated, with or without its end.
pub(super) fn nested() -> impl Strategy<Value = String> {
    let pairs = select(
        &[
            ("(", ")"),
            ("(SELECT ", ")"),
            ("WITH a AS (", ")"),
            ("ARRAY[", "]"),
            ("CASE WHEN ", " THEN 1 END"),
            ("f(", ")"),
            ("f(\n", ""),
            ("/*", "*/"),
            ("NOT ", ""),
            ("- ", ""),
            ("a.", ""),
            ("1 + ", ""),
            ("1 UNION SELECT ", ""),
            ("a IN (", ")"),
            ("$$", ""),
            ("EXPLAIN ", ""),
            ("CAST(", " AS int)"),
            ("1 BETWEEN ", " AND 2"),
            ("a::int[", "]"),
        ][..],
    );
    (
        select(&["", "SELECT ", "EXPLAIN ", "WITH "][..]),
        pairs,
        1..6000_usize,
        any::<bool>(),
    )
        .prop_map(|(start, (open, close), times, closed)| {
            let end = if closed {
                close.repeat(times)
            } else {
                String::new()
            };
            format!("{start}{}1{end}", open.repeat(times))
        })
}

/// Statements from a list, changed in a few places.
pub(super) fn mutated(seeds: &'static [&'static str]) -> impl Strategy<Value = String> {
    (select(seeds), vec(edit(seeds), 1..4)).prop_map(|(seed, edits)| {
        edits
            .iter()
            .fold(seed.to_owned(), |text, edit| edit.of(&text))
    })
}

#[derive(Debug, Clone)]
enum Edit {
    Cut(Index),
    Remove(Index, usize),
    Insert(Index, String),
    Repeat(Index, usize),
}

fn edit(seeds: &'static [&'static str]) -> impl Strategy<Value = Edit> {
    let place = any::<Index>;
    let piece = prop_oneof![
        3 => select(TOKENS).prop_map(|token| format!(" {token} ")),
        1 => select(TOKENS).prop_map(str::to_owned),
        1 => select(seeds).prop_map(|seed| format!("({seed})")),
        1 => select(seeds).prop_map(|seed| format!(" {seed} ")),
    ];
    prop_oneof![
        1 => place().prop_map(Edit::Cut),
        2 => (place(), 1..12_usize).prop_map(|(at, length)| Edit::Remove(at, length)),
        4 => (place(), piece).prop_map(|(at, piece)| Edit::Insert(at, piece)),
        1 => (place(), 1..30_usize).prop_map(|(at, length)| Edit::Repeat(at, length)),
    ]
}

impl Edit {
    fn of(&self, text: &str) -> String {
        let characters: Vec<char> = text.chars().collect();
        let split = |at: &Index| characters.split_at(at.index(characters.len() + 1));
        let parts: [&[char]; 3] = match self {
            Self::Cut(at) => [split(at).0, &[], &[]],
            Self::Remove(at, length) => {
                let (before, after) = split(at);
                [before, &after[(*length).min(after.len())..], &[]]
            }
            Self::Insert(at, piece) => {
                let (before, after) = split(at);
                return String::from_iter(before) + piece + &String::from_iter(after);
            }
            Self::Repeat(at, length) => {
                let (before, after) = split(at);
                [before, &after[..(*length).min(after.len())], after]
            }
        };
        parts.concat().into_iter().collect()
    }
}

/// The same text in other cases, with comments in its gaps.
#[derive(Debug, Clone)]
pub(super) struct Rewriting {
    gaps: Vec<&'static str>,
    /// Which letters of eight change, and whether any do.
    letters: Option<u8>,
}

pub(super) fn rewriting() -> impl Strategy<Value = Rewriting> {
    let gaps = vec(
        prop_oneof![
            8 => Just(" "),
            1 => select(&["\n", "\t", "/**/", " /* DELETE */ ", " -- INSERT\n", "/* \" */"][..]),
        ],
        1..8,
    );
    (gaps, option::of(any::<u8>())).prop_map(|(gaps, letters)| Rewriting { gaps, letters })
}

impl Rewriting {
    /// What stands in quotes changes too, which is as good.
    pub(super) fn of(&self, text: &str) -> String {
        let mut gaps = self.gaps.iter().cycle();
        let mut out = String::with_capacity(text.len() * 2);
        for (index, character) in text.chars().enumerate() {
            match (character, self.letters) {
                (' ', _) => out.extend(gaps.next().copied()),
                (letter, None) => out.push(letter),
                (letter, Some(upper)) if upper >> (index % 8) & 1 == 1 => {
                    out.push(letter.to_ascii_uppercase());
                }
                (letter, Some(_)) => out.push(letter.to_ascii_lowercase()),
            }
        }
        out
    }
}

pub(super) fn rewritten(texts: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    (texts, rewriting()).prop_map(|(text, rewriting)| rewriting.of(&text))
}
