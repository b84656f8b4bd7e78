//! What a read-only policy admits is asked of PostgreSQL itself, in a transaction that may write: it assigns a transaction id as
//! soon as anything is to be written, a row to be locked among it.
//!
//! A user's own function that writes is left out: nothing in the text shows what it does, and the server's read-only
//! transaction refuses it.

use proptest::strategy::Strategy;
use sqlx::{
    AssertSqlSafe, Connection, PgConnection, Row,
    postgres::{PgConnectOptions, PgSslMode},
    query, raw_sql,
};
use support::{
    databases::{config, open, server_variable, unique},
    on_postgres,
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
        "'delete'",
        "'it''s'",
        "E'it\\'s'",
        "$$DELETE FROM t$$",
        "$x$ ' $x$",
        "U&'\\0041'",
        "NULL::text",
        "CAST(1 AS text)",
        "(b COLLATE \"C\")",
        "current_user::text",
        "extract(year FROM now())::text",
        "substring(b FROM 1 FOR 1)",
        "trim(BOTH 'x' FROM b)",
        "overlay(b PLACING 'x' FROM 1)",
        "(ARRAY['a', b])[1]",
        "('{\"a\": \"b\"}'::jsonb ->> 'a')",
        "pg_typeof(b)::text",
        "row_number() OVER (ORDER BY b)::text",
        "xmlserialize(CONTENT xmlelement(NAME a, b) AS text)",
        "nullif(b, 'x')",
        "(\"update\" . \"insert\")",
    ],
    acts: &[
        "nextval('s')::text",
        "pg_catalog . nextval /* of */ ('s')::text",
        "\"nextval\"('s')::text",
        "U&\"nextv\\0061l\"('s')::text",
        "setval('s', 5)::text",
        "set_config('work_mem', '8MB', true)",
        "pg_try_advisory_lock(8264551)::text",
        "lo_create(0)::text",
        "lo_from_bytea(0, 'x')::text",
        "query_to_xml('SELECT nextval(''s'')', true, true, '')::text",
    ],
    of_one: &[
        "({})",
        "upper({})",
        "lower({})::text",
        "coalesce({}, 'x')",
        "CASE WHEN {} = 'x' THEN 'y' ELSE 'z' END",
        "concat_ws(',', {}, 'x')",
        "(ROW({}, 1) IS NOT NULL)::text",
        "({} IN ('x', 'y'))::text",
        "({} BETWEEN 'a' AND 'z')::text",
        "({} IS DISTINCT FROM 'x')::text",
        "({})::varchar(3)::text",
    ],
    of_two: &[
        "{} || {}",
        "greatest({}, {})",
        "(({} = {}) OR NOT true)::text",
        "replace({}, 'x', {})",
    ],
    of_a_query: &[
        "(SELECT min(q.b) FROM ({}) AS q (b))",
        "EXISTS ({})::text",
        "array_to_string(ARRAY({}), ',')",
    ],
    sources: &[
        "t",
        "ONLY t",
        "t AS t",
        "public_t AS t",
        "(VALUES ('a'), ('b')) AS t (b)",
        "(TABLE t) AS t",
        "generate_series(1, 2) AS g (i), LATERAL (SELECT g.i::text) AS t (b)",
        "ROWS FROM (unnest(ARRAY['a']), generate_series(1, 2)) AS t (b, c)",
        "t LEFT JOIN u ON t.a = u.a",
        "t TABLESAMPLE SYSTEM (100)",
        "json_each_text('{\"a\": \"b\"}') AS t (a, b)",
        "t CROSS JOIN (SELECT 'x' AS \"insert\") AS \"update\"",
    ],
    sources_of_a_query: &["({}) AS t (b)", "u, LATERAL ({}) AS t (b)"],
    queries: &[
        "SELECT {} FROM {} WHERE {} IS NOT NULL",
        "SELECT ALL {} AS delete FROM {} ORDER BY {} LIMIT 2",
        "SELECT DISTINCT {} AS \"into\" FROM {} WHERE {} LIKE 'x%' OFFSET 0 ROWS FETCH FIRST 1 ROW ONLY",
        "SELECT max({}) FROM {} HAVING count({}) > 0",
        "SELECT count(*)::text FILTER (WHERE {} = 'x') FROM {}",
        "SELECT {} FROM {} GROUP BY 1",
    ],
    acting_queries: &[
        "SELECT {} FROM {} WHERE {} IS NOT NULL FOR UPDATE",
        "SELECT {} FROM {} FOR NO KEY UPDATE SKIP LOCKED",
        "SELECT {} FROM {} FOR KEY SHARE OF t",
        "SELECT {} AS b INTO x FROM {}",
        "SELECT {} AS b INTO TEMP x FROM {}",
    ],
    writes: &[
        "DELETE FROM t RETURNING b",
        "UPDATE t SET b = 'y' RETURNING b",
        "INSERT INTO t (a, b) VALUES (7, 'z') RETURNING b",
        "INSERT INTO t (a, b) SELECT 8, 'y' RETURNING b",
        "INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET b = 'q' RETURNING b",
        "WITH q AS (SELECT 1 AS a) DELETE FROM t USING q WHERE t.a = q.a RETURNING b",
        "MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE RETURNING t.b",
    ],
    with_a_write: &[
        "WITH d AS ({}) SELECT b FROM d",
        "WITH d (b) AS MATERIALIZED ({}) TABLE d",
        "WITH a AS (SELECT 1), d AS ({}) SELECT 'x' FROM a",
        "WITH RECURSIVE a AS (VALUES (1)), d AS ({}) SELECT b FROM d UNION ALL SELECT 'x'",
    ],
    compound: &[
        "{} UNION ALL {}",
        "({}) INTERSECT ({})",
        "({}) EXCEPT ALL ({})",
        "WITH q (b) AS ({}) {}",
        "WITH q (b) AS NOT MATERIALIZED ({}), delete AS ({}) SELECT b FROM q, delete",
        "WITH RECURSIVE q (b) AS (({}) UNION ({})) TABLE q",
        "VALUES (({} LIMIT 1)), (({} LIMIT 1))",
    ],
    whole: &[
        "({})",
        "EXPLAIN {}",
        "EXPLAIN VERBOSE {}",
        "EXPLAIN (COSTS OFF, FORMAT JSON) {}",
        "EXPLAIN ANALYZE {}",
        "EXPLAIN (ANALYZE, TIMING OFF) {}",
        "EXPLAIN (ANALYZE ON) {}",
        "SELECT * FROM ({}) AS q (b)",
    ],
    acting_whole: &[
        "CREATE TABLE x (b) AS {}",
        "CREATE TEMP TABLE x (b) AS {}",
        "EXPLAIN ANALYZE CREATE TABLE x (b) AS {}",
        "EXPLAIN (ANALYZE) CREATE MATERIALIZED VIEW x (b) AS {}",
        "CREATE VIEW x (b) AS {}",
        "SELECT b INTO x FROM ({}) AS q (b)",
        "DECLARE c CURSOR WITH HOLD FOR {}",
        "PREPARE p AS {}",
    ],
};

/// A schema with a few tables, and a session in it that may write.
struct Session {
    session: PgConnection,
    schema: String,
}

impl Session {
    async fn new(server: &str) -> Self {
        let options: PgConnectOptions = server_variable(server, "URL").parse().unwrap();
        let mut session = PgConnection::connect_with(&options.ssl_mode(PgSslMode::Prefer))
            .await
            .unwrap();
        let schema = unique("fuzz");
        // The first temporary table of a session may write by being explained: it makes the schema for them.
        let sql = format!(
            "CREATE SCHEMA {schema}; SET search_path = {schema}; SET statement_timeout = '1s'; SET lock_timeout = '1s';
             CREATE TABLE t (a int PRIMARY KEY, b text); INSERT INTO t VALUES (1, 'x'), (2, 'y');
             CREATE TABLE u (a int, b text); INSERT INTO u VALUES (1, 'z');
             CREATE VIEW public_t AS SELECT a, b FROM t; CREATE SEQUENCE s;
             CREATE TEMP TABLE first (); DROP TABLE first"
        );
        raw_sql(AssertSqlSafe(sql))
            .execute(&mut session)
            .await
            .unwrap();
        Self { session, schema }
    }

    async fn has_acted(&mut self) -> bool {
        let sql = "SELECT pg_catalog.pg_current_xact_id_if_assigned() IS NOT NULL
            OR EXISTS (SELECT FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())
            OR EXISTS (SELECT FROM pg_catalog.pg_cursors WHERE name <> '')
            OR EXISTS (SELECT FROM pg_catalog.pg_prepared_statements WHERE from_sql)
            OR (SELECT is_called FROM s) OR current_setting('work_mem') = '8MB'";
        raw_sql(sql)
            .fetch_one(&mut self.session)
            .await
            .unwrap()
            .get(0)
    }

    async fn drop(mut self) {
        let sql = format!("DROP SCHEMA {} CASCADE", self.schema);
        raw_sql(AssertSqlSafe(sql))
            .execute(&mut self.session)
            .await
            .unwrap();
    }
}

impl Bench for Session {
    /// By the extended protocol, as Portolan has a client's text parsed: it takes one statement and no more.
    async fn run(&mut self, sql: &str) -> Did {
        raw_sql("BEGIN").execute(&mut self.session).await.unwrap();
        let ran = query(AssertSqlSafe(sql.to_owned()))
            .persistent(false)
            .fetch_all(&mut self.session)
            .await;
        let did = match ran {
            Err(_) => Did::Refused,
            Ok(_) if self.has_acted().await => Did::Something,
            Ok(_) => Did::Nothing,
        };
        raw_sql("ROLLBACK; SELECT pg_advisory_unlock_all()")
            .execute(&mut self.session)
            .await
            .unwrap();
        did
    }
}

async fn judged(server: &str, sentences: impl Iterator<Item = Sentence>) -> Judged {
    let database = open(config(server)).await;
    let mut bench = Session::new(server).await;
    let judged = Judged::of(&database, &mut bench, sentences).await;
    bench.drop().await;
    judged.assert_right();
    judged
}

on_postgres!(
    what_is_admitted_writes_nothing_and_what_reads_is_admitted,
    async |server: &str| {
        let sentences = samples(1500, varied(GRAMMAR.statements()));
        judged(server, sentences).await.assert_telling();
    }
);

on_postgres!(
    what_is_admitted_of_changed_texts_writes_nothing,
    async |server: &str| {
        let texts = rewritten(mutated(SEEDS)).prop_map(|sql| Sentence { sql, reads: false });
        judged(server, samples(1500, texts)).await;
    }
);
