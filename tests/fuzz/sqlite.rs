//! What a read-only policy admits changes nothing of a file that is open for writing, without any of the hardening that
//! a connection of ours has.
//!
//! The driver runs every statement of a text, and that there is only one is held elsewhere, so there is no
//! semicolon inside of these.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
};

use proptest::strategy::Strategy;
use sqlx::{AssertSqlSafe, Row, SqliteConnection, raw_sql};
use support::{
    databases::{open, sqlite_config},
    scratch::{Scratch, bare_sqlite},
};

use super::{
    grammar::{Grammar, Sentence, varied},
    judged::{Bench, Did, Judged},
    samples,
    statements::{SEEDS, mutated, rewritten},
};

const GRAMMAR: Grammar = Grammar {
    values: &[
        "b",
        "t.b",
        "\"b\"",
        "[b]",
        "`b`",
        "'delete'",
        "'it''s'",
        "'back\\'",
        "x'00'",
        "NULL",
        "CAST(1 AS text)",
        "(b COLLATE NOCASE)",
        "json_extract('{\"a\": \"b\"}', '$.a')",
        "'{\"a\": 1}' ->> 'a'",
        "row_number() OVER (ORDER BY b)",
        "$x",
        ":n",
        "@n",
        "?1",
        "replace(b, 'x', 'y')",
        "last_insert_rowid()",
        "likelihood(b, 0.5)",
    ],
    acts: &[
        // Variables, which have more in their names to SQLite than to anybody else.
        "$x::y(z)",
        "$x(()",
        "load_extension('nothing')",
        "writefile('x', b)",
        "fts3_tokenizer('simple', x'00')",
    ],
    of_one: &[
        "({})",
        "upper({})",
        "coalesce({}, 'x')",
        "CASE WHEN {} = 'x' THEN 'y' ELSE 'z' END",
        "({} IN ('x', 'y'))",
        "({} NOTNULL)",
        "printf('%s', {})",
        "-{}",
    ],
    of_two: &[
        "{} || {}",
        "max({}, {})",
        "({} = {} OR NOT 1)",
        "iif({}, 'x', {})",
    ],
    of_a_query: &["({})", "EXISTS ({})", "('x' IN ({}))"],
    sources: &[
        "t",
        "main.t AS t",
        "t INDEXED BY i AS t",
        "(VALUES ('a'), ('b')) AS q JOIN t",
        "(SELECT 'x' AS b) AS t",
        "json_each('[1]') AS j, t",
        "pragma_table_info('t') AS p, t",
        "pragma_user_version AS p, t",
        "t LEFT JOIN u USING (a)",
        "t CROSS JOIN (SELECT 'x' AS \"insert\") AS \"update\"",
    ],
    sources_of_a_query: &["({}) AS q, t", "t NATURAL JOIN ({}) AS q"],
    queries: &[
        "SELECT {} AS b FROM {} WHERE {} IS NOT NULL",
        "SELECT ALL {} AS \"delete\" FROM {} ORDER BY {} LIMIT 2",
        "SELECT DISTINCT {} AS b FROM {} WHERE {} LIKE 'x%' LIMIT 1 OFFSET 0",
        "SELECT count(*) FILTER (WHERE {} = 'x') FROM {}",
        "SELECT {} FROM {} GROUP BY 1",
        "SELECT {} replace FROM {}",
    ],
    acting_queries: &[
        "INSERT INTO t (b) SELECT {} FROM {}",
        "REPLACE INTO t (b) SELECT {} FROM {}",
    ],
    writes: &[
        "DELETE FROM t",
        "DELETE FROM t WHERE a = 1 RETURNING b",
        "UPDATE t SET b = 'z' RETURNING b",
        "UPDATE OR IGNORE t SET b = 'z'",
        "INSERT INTO t (b) VALUES ('z')",
        "INSERT OR REPLACE INTO t (a, b) VALUES (1, 'z')",
        "INSERT INTO t (a, b) VALUES (1, 'z') ON CONFLICT (a) DO UPDATE SET b = 'q'",
        "REPLACE INTO t (a, b) VALUES (1, 'z')",
        "CREATE TABLE x AS SELECT b FROM t",
        "DROP TABLE u",
        "PRAGMA user_version = 7",
        "PRAGMA main.application_id(7)",
        "PRAGMA journal_mode = wal",
        "ANALYZE",
        "VACUUM",
        "ALTER TABLE t ADD COLUMN c",
    ],
    with_a_write: &[
        "WITH q AS (SELECT 1) {}",
        "WITH q (x) AS (VALUES (1)), r AS (SELECT 2) {}",
        "WITH q AS (SELECT $x(() ) {}",
        "WITH q AS (SELECT $x(') ) {} -- '",
        "WITH q AS (SELECT @x::y(\") ) {} -- \"",
        "WITH replace AS (SELECT 1) {}",
        "WITH [q (] AS (SELECT 1) {}",
        "WITH q AS (SELECT '\\') {} -- '",
    ],
    compound: &[
        "{} UNION ALL {}",
        "WITH q AS ({}) {}",
        "WITH q AS NOT MATERIALIZED ({}), replace AS ({}) SELECT 'x' FROM q, replace",
        "VALUES (({})), (({}))",
    ],
    whole: &["EXPLAIN {}", "EXPLAIN QUERY PLAN {}", "SELECT * FROM ({})"],
    acting_whole: &[
        "CREATE TABLE x AS {}",
        "CREATE TEMP TABLE x AS {}",
        "CREATE VIEW x AS {}",
        "INSERT INTO t (b) {}",
        "WITH q AS (SELECT 1) INSERT INTO t (b) {}",
    ],
};

/// A file that anybody may write, made anew after each change.
struct OpenFile {
    scratch: Scratch,
    session: Option<SqliteConnection>,
    bytes: Vec<u8>,
    /// How many more steps, in thousands, the statement may take: some would never end.
    steps: Arc<AtomicU32>,
}

impl OpenFile {
    async fn new() -> Self {
        let mut file = Self {
            scratch: Scratch::new(),
            session: None,
            bytes: Vec::new(),
            steps: Arc::new(AtomicU32::new(0)),
        };
        file.begin().await;
        file
    }

    fn path(&self) -> PathBuf {
        self.scratch.path("fuzz.db")
    }

    async fn begin(&mut self) {
        self.session = None;
        for name in names(&self.scratch.path("")) {
            fs::remove_file(self.scratch.path(&name)).unwrap();
        }
        let mut session = bare_sqlite(&self.path()).await;
        let sql = "PRAGMA synchronous = off; CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); CREATE INDEX i ON t (b);
            CREATE TABLE u (a INTEGER); INSERT INTO t (b) VALUES ('x'), ('y'); INSERT INTO u VALUES (1)";
        raw_sql(sql).execute(&mut session).await.unwrap();
        let steps = Arc::clone(&self.steps);
        let left = move || {
            steps
                .fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1))
                .is_ok()
        };
        session
            .lock_handle()
            .await
            .unwrap()
            .set_progress_handler(1000, left);
        self.session = Some(session);
        self.bytes = fs::read(self.path()).unwrap();
    }
}

impl Bench for OpenFile {
    async fn run(&mut self, sql: &str) -> Did {
        self.steps.store(1000, Relaxed);
        let session = self.session.as_mut().unwrap();
        let before = told(session).await;
        // Values are not asked for: a variable is NULL.
        let ran = raw_sql(AssertSqlSafe(sql.to_owned()))
            .fetch_all(&mut *session)
            .await;
        self.steps.store(1000, Relaxed);
        if told(session).await != before
            || fs::read(self.path()).unwrap() != self.bytes
            || names(&self.scratch.path("")) != ["fuzz.db"]
        {
            self.begin().await;
            return Did::Something;
        }
        if ran.is_ok() {
            Did::Nothing
        } else {
            Did::Refused
        }
    }
}

/// Rows changed so far, things that only this session has, and its settings.
async fn told(session: &mut SqliteConnection) -> (i64, i64, i64) {
    let sql = "SELECT total_changes(), (SELECT count(*) FROM temp.sqlite_schema), (SELECT count(*) FROM pragma_database_list)";
    let row = raw_sql(sql).fetch_one(session).await.unwrap();
    (row.get(0), row.get(1), row.get(2))
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

async fn judged(sentences: impl Iterator<Item = Sentence>) -> Judged {
    let mut bench = OpenFile::new().await;
    let database = open(sqlite_config(bench.path())).await;
    let judged = Judged::of(&database, &mut bench, sentences).await;
    judged.assert_right();
    judged
}

#[tokio::test]
async fn what_is_admitted_changes_nothing_and_what_reads_is_admitted() {
    let sentences = samples(2000, varied(GRAMMAR.statements()));
    judged(sentences).await.assert_telling();
}

#[tokio::test]
async fn what_is_admitted_of_changed_texts_changes_nothing() {
    let texts = rewritten(mutated(SEEDS)).prop_map(|sql| Sentence {
        sql: sql.replace(';', " "),
        reads: false,
    });

    judged(samples(3000, texts)).await;
}
