//! Tables that a role hides, on PostgreSQL.

use domain::connection::Database;
use serde_json::json;
use support::{
    client::{LEGACY, Launch, Server},
    databases::{config, open, server_variable, unique, writable, write},
    on_postgres,
    scratch::Scratch,
};

use super::{
    asking::{are_answered, are_kept, are_told_alike, are_told_alike_by},
    variants::variants,
};

/// A schema of its own, and a server whose caller may see in it what is not of salaries.
pub(super) struct House {
    pub(super) admin: Database,
    pub(super) schema: String,
    pub(super) server: Server,
    _scratch: Scratch,
}

const TABLES: [&str; 34] = [
    "CREATE TABLE {s}.salaries (id int PRIMARY KEY, amount text, boss int REFERENCES {s}.salaries)",
    "CREATE INDEX salaries_by_amount ON {s}.salaries (amount)",
    "CREATE TABLE {s}.orders (id int PRIMARY KEY, note text, paid_by int REFERENCES {s}.salaries, salaries int)",
    "CREATE TABLE {s}.\"Odd One\" (id int, \"Salaries\" text)",
    "INSERT INTO {s}.salaries VALUES (1, 'S3CR3T')",
    "INSERT INTO {s}.orders VALUES (1, 'a', 1, 3), (2, 'b', NULL, 4)",
    "CREATE VIEW {s}.pay AS SELECT amount FROM {s}.salaries",
    "CREATE VIEW {s}.pay_of_pay AS SELECT upper(amount) AS a FROM {s}.pay",
    "CREATE MATERIALIZED VIEW {s}.salaries_kept AS SELECT amount FROM {s}.salaries",
    "CREATE VIEW {s}.notes AS SELECT note FROM {s}.orders",
    "CREATE FUNCTION {s}.amounts() RETURNS SETOF text LANGUAGE sql STABLE AS 'SELECT amount FROM {s}.salaries'",
    "CREATE FUNCTION {s}.amount_of(int) RETURNS text LANGUAGE sql STABLE AS 'SELECT amount FROM {s}.salaries WHERE id = $1'",
    "CREATE FUNCTION {s}.pay_of({s}.orders) RETURNS text LANGUAGE sql STABLE AS 'SELECT amount FROM {s}.salaries WHERE id = $1.paid_by'",
    "CREATE FUNCTION {s}.reverse(int) RETURNS text LANGUAGE sql STABLE AS 'SELECT amount FROM {s}.salaries WHERE id = $1'",
    "CREATE FUNCTION {s}.slug(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT translate($1, '' '', ''-'')'",
    "CREATE OPERATOR {s}.|##| (FUNCTION = {s}.amount_of, RIGHTARG = int)",
    "CREATE VIEW {s}.called AS SELECT {s}.amount_of(1) AS got",
    "CREATE VIEW {s}.catalog AS SELECT relname FROM pg_class",
    "CREATE TABLE {s}.events (id int, at int) PARTITION BY RANGE (at)",
    "CREATE TABLE {s}.events_1 PARTITION OF {s}.events FOR VALUES FROM (1) TO (10)",
    "CREATE TABLE {s}.wide (id int) PARTITION BY RANGE (id)",
    "CREATE TABLE {s}.salaries_of_wide PARTITION OF {s}.wide FOR VALUES FROM (1) TO (10)",
    "CREATE SEQUENCE {s}.numbers",
    "CREATE SEQUENCE {s}.salaries_numbers",
    "CREATE TYPE {s}.mood AS ENUM ('good', 'bad')",
    "CREATE DOMAIN {s}.of_salaries AS {s}.salaries",
    "CREATE TYPE {s}.holds_salaries AS (one int, other {s}.salaries)",
    "CREATE TYPE {s}.box_of_pay AS (got text)",
    "CREATE FUNCTION {s}.boxed(int) RETURNS {s}.box_of_pay LANGUAGE sql STABLE AS 'SELECT ROW(amount)::{s}.box_of_pay FROM {s}.salaries WHERE id = $1'",
    "CREATE CAST (int AS {s}.box_of_pay) WITH FUNCTION {s}.boxed(int)",
    "CREATE VIEW {s}.told_by_xml AS SELECT query_to_xml('SELECT * FROM {s}.salaries', true, true, '') AS got",
    "CREATE VIEW {s}.told_by_size AS SELECT pg_total_relation_size('{s}.salaries'::text::regclass) AS got",
    "CREATE TYPE {s}.pay_range AS RANGE (subtype = {s}.salaries)",
    "ANALYZE {s}.salaries",
];

impl House {
    async fn new(key: &str) -> Self {
        Self::reached(key, false).await
    }

    /// As if there were a pooler in between, or not.
    async fn reached(key: &str, pooler: bool) -> Self {
        let admin = open(writable(config(key))).await;
        let url = server_variable(key, "URL");
        Self::at(&url, admin, unique("roles"), pooler).await
    }

    /// In the database of this address.
    pub(super) async fn at(url: &str, admin: Database, schema: String, pooler: bool) -> Self {
        write(&admin, &format!("CREATE SCHEMA {schema}"), vec![])
            .await
            .unwrap();
        for sql in TABLES {
            write(&admin, &sql.replace("{s}", &schema), vec![])
                .await
                .expect(sql);
        }
        let scratch = Scratch::new();
        let file = scratch.path("portolan.json");
        let configuration = json!({
            "connections": {"shop": {
                "url": url, "schema": schema, "readOnly": false, "pooler": pooler,
            }},
            "roles": {"local": {
                "connections": "*", "tools": "full", "functions": format!("{schema}.slug"),
                "tables": {"allow": format!("{schema}.*"), "deny": "salaries*"},
            }},
        });
        std::fs::write(&file, configuration.to_string()).unwrap();
        let launch = Launch::default()
            .argument("--config")
            .argument(file.display().to_string());
        Self {
            admin,
            schema,
            server: Server::start(launch).await,
            _scratch: scratch,
        }
    }

    pub(super) fn told(&self, statements: &[&str]) -> Vec<String> {
        let told = statements.iter();
        told.map(|sql| sql.replace("{s}", &self.schema)).collect()
    }

    async fn gone(self) {
        let sql = format!("DROP SCHEMA {} CASCADE", self.schema);
        write(&self.admin, &sql, vec![]).await.unwrap();
    }
}

/// Ways to name a table, and what the statement does with it. `{t}` stands for its name.
pub(super) const WAYS: [&str; 70] = [
    "SELECT * FROM {t}",
    "SELECT amount FROM {t}",
    "SELECT count(*) FROM {t}",
    "SELECT 1 FROM {t} WHERE false",
    "SELECT nothing FROM {t}",
    "SELECT amount, nothing FROM {t}",
    "SELECT {t}.amount FROM {t}",
    "SELECT {t} FROM {t}",
    "SELECT ctid, tableoid FROM {t}",
    "SELECT * FROM {s}.{t}",
    "SELECT * FROM \"{s}\".\"{t}\"",
    "SELECT * FROM \"{t}\"",
    "SELECT * FROM U&\"{t}\"",
    "SELECT * FROM/**/{t}",
    "SELECT * FROM -- orders\n {t}",
    "SELECT * FROM ONLY {t}",
    "SELECT * FROM ONLY ({t})",
    "SELECT * FROM {t} *",
    "SELECT * FROM {t} AS orders",
    "SELECT * FROM {t} orders (a, b, c)",
    "SELECT * FROM (SELECT * FROM {t}) x",
    "SELECT * FROM {t} TABLESAMPLE system (100)",
    "TABLE {t}",
    "TABLE ONLY {t}",
    "SELECT * FROM orders JOIN {t} ON true",
    "SELECT * FROM orders LEFT JOIN {t} USING (id)",
    "SELECT * FROM orders NATURAL JOIN {t}",
    "SELECT * FROM orders CROSS JOIN {t}",
    "SELECT * FROM orders, {t}",
    "SELECT * FROM orders, LATERAL (SELECT amount FROM {t} LIMIT 1) x",
    "SELECT (SELECT amount FROM {t}) FROM orders",
    "SELECT ARRAY(SELECT amount FROM {t})",
    "SELECT * FROM orders WHERE id IN (SELECT id FROM {t})",
    "SELECT * FROM orders WHERE id = ANY (SELECT id FROM {t})",
    "SELECT * FROM orders WHERE EXISTS (SELECT 1 FROM {t})",
    "SELECT * FROM orders ORDER BY (SELECT amount FROM {t})",
    "SELECT count(*) FROM orders GROUP BY (SELECT amount FROM {t})",
    "SELECT count(*) FROM orders HAVING (SELECT amount FROM {t}) > 'R'",
    "SELECT * FROM orders LIMIT (SELECT id FROM {t})",
    "SELECT * FROM orders OFFSET (SELECT id FROM {t})",
    "SELECT note FROM orders UNION SELECT amount FROM {t}",
    "SELECT note FROM orders UNION ALL TABLE {t}",
    "SELECT note FROM orders EXCEPT SELECT amount FROM {s}.{t}",
    "SELECT note FROM orders INTERSECT ALL SELECT amount FROM {t}",
    "(SELECT amount FROM {t})",
    "WITH x AS (SELECT * FROM {t}) SELECT * FROM x",
    "WITH x AS MATERIALIZED (SELECT * FROM {t}) SELECT 1",
    "WITH RECURSIVE x(a) AS (SELECT amount FROM {t} UNION SELECT a FROM x) SELECT a FROM x",
    "WITH orders AS (SELECT * FROM {s}.{t}) SELECT * FROM orders",
    "VALUES ((SELECT amount FROM {t}))",
    "SELECT string_agg(amount, ',') FILTER (WHERE true) FROM {t}",
    "SELECT row_to_json(x) FROM {t} x",
    "SELECT sum(id) OVER (ORDER BY (SELECT amount FROM {t})) FROM orders",
    "SELECT CASE WHEN (SELECT amount FROM {t}) LIKE 'S%' THEN 1 / 0 END",
    "SELECT (SELECT amount FROM {t})::int",
    "SELECT xmlelement(name a, (SELECT amount FROM {t}))",
    "SELECT NULL::{t}",
    "SELECT (NULL::{s}.{t}).amount",
    "SELECT CAST(NULL AS {t})",
    "SELECT {t} '(1,a,2)'",
    "SELECT ('(1,a,2)'::text).{t}",
    "SELECT * FROM json_to_record('{}') AS (a {t})",
    "SELECT * FROM json_populate_record(NULL::{t}, '{}')",
    "SELECT note, nothing, 'é' FROM orders, {t} WHERE",
    "EXPLAIN SELECT * FROM {t}",
    "EXPLAIN (ANALYZE, VERBOSE) SELECT * FROM {t}",
    "SELECT*FROM\"{t}\"",
    "SELECT\"amount\"FROM\"{t}\"ORDER BY 1",
    "SELECT NULL::\"{t}\"FROM orders",
    "SELECT (SELECT amount FROM\"{t}\" LIMIT 1) FROM (SELECT 1 AS amount) q",
];

on_postgres!(
    a_hidden_table_is_answered_as_one_that_is_not_there,
    async |key: &str| {
        let mut house = House::new(key).await;
        let ways = house.told(&WAYS);

        are_told_alike(&mut house.server, &ways, "salaries", "wages000").await;

        house.gone().await;
    }
);

on_postgres!(
    however_a_hidden_table_is_written_it_is_not_there,
    async |key: &str| {
        let mut house = House::new(key).await;
        let variants = variants(&WAYS, '"');
        let variants: Vec<&str> = variants.iter().map(String::as_str).collect();
        let ways = house.told(&variants);

        are_told_alike_by(
            &mut house.server,
            "execute_query",
            &ways,
            "salaries",
            "wages000",
        )
        .await;

        house.gone().await;
    }
);

on_postgres!(
    an_index_on_a_hidden_table_is_answered_as_one_on_a_table_that_is_not_there,
    async |key: &str| {
        let mut house = House::new(key).await;

        for index in [
            "CREATE INDEX ON {t} (id)",
            "CREATE INDEX ON orders (id) WHERE id IN (SELECT id FROM {t})",
            "CREATE INDEX ON orders ((id::text::{t}))",
        ] {
            let mut told = Vec::new();
            for name in ["salaries", "wages000"] {
                let index = index.replace("{t}", name);
                let arguments = json!({"sql": "SELECT id FROM orders", "tryIndexes": index});
                let failure = house
                    .server
                    .call("explain_query", arguments)
                    .await
                    .failure();
                told.push(failure.to_string().replace(name, "?"));
            }
            assert_eq!(told[0], told[1], "{index}");
        }

        house.gone().await;
    }
);

/// What shows no name of a table, or of one that is in the text, and would tell of what is hidden.
pub(super) const AROUND: [&str; 100] = [
    "SELECT * FROM pay",
    "SELECT count(*) FROM pay",
    "SELECT a FROM pay_of_pay",
    "SELECT * FROM orders, pay",
    "WITH x AS (SELECT * FROM pay) SELECT * FROM x",
    "EXPLAIN SELECT * FROM pay",
    "SELECT * FROM wide",
    "SELECT * FROM called",
    "SELECT * FROM catalog",
    "SELECT * FROM salaries_kept",
    "SELECT * FROM salaries_by_amount",
    "SELECT last_value FROM salaries_numbers",
    "SELECT * FROM amounts()",
    "SELECT amounts()",
    "SELECT {s}.amounts()",
    "SELECT \"amounts\"()",
    "SELECT amount_of(1)",
    "SELECT reverse(1)",
    "SELECT {s}.reverse(1)",
    "SELECT pay_of(o) FROM orders o",
    "SELECT o.pay_of FROM orders o",
    "SELECT (o).pay_of FROM orders o",
    "SELECT |##| 1",
    "SELECT OPERATOR({s}.|##|) 1",
    "SELECT (1).amount_of",
    "SELECT t.amount_of FROM generate_series(1, 1) t",
    "SELECT table_name FROM information_schema.tables",
    "SELECT column_name FROM information_schema.columns WHERE table_name = 'orders'",
    "SELECT count(*) FROM information_schema.tables",
    "SELECT * FROM information_schema.table_constraints",
    "SELECT relname FROM pg_class",
    "SELECT relname FROM pg_catalog.pg_class",
    "SELECT * FROM \"pg_catalog\".\"pg_attribute\"",
    "SELECT * FROM pg_tables",
    "SELECT * FROM pg_stats",
    "SELECT * FROM pg_stat_user_tables",
    "SELECT * FROM pg_statio_user_tables",
    "SELECT * FROM pg_locks",
    "SELECT query FROM pg_stat_activity",
    "SELECT * FROM pg_prepared_statements",
    "SELECT * FROM pg_description",
    "SELECT conname FROM pg_constraint",
    "SELECT 'salaries'::regclass",
    "SELECT CAST('salaries' AS regclass)",
    "SELECT regclass 'salaries'",
    "SELECT pg_catalog.regclass 'salaries'",
    "SELECT U&\"\\0072egclass\" 'salaries'",
    "SELECT '{salaries}'::regclass[]",
    "SELECT to_regclass('salaries')",
    "SELECT ('salaries'::text).to_regclass",
    "SELECT 'salaries'::regtype",
    "SELECT to_regtype('salaries')",
    "SELECT tableoid::regclass FROM orders",
    "SELECT pg_input_is_valid('salaries', 'regclass')",
    "SELECT format_type(16400, NULL)",
    "SELECT g.format_type FROM (SELECT 1) g",
    "SELECT pg_relation_size('salaries')",
    "SELECT pg_total_relation_size('salaries')",
    "SELECT has_table_privilege('salaries', 'SELECT')",
    "SELECT has_column_privilege('salaries', 'amount', 'SELECT')",
    "SELECT obj_description(16400, 'pg_class')",
    "SELECT col_description(16400, 1)",
    "SELECT pg_get_serial_sequence('salaries', 'id')",
    "SELECT pg_get_viewdef('pay')",
    "SELECT query_to_xml('SELECT * FROM salaries', true, true, '')",
    "SELECT table_to_xml('salaries', true, true, '')",
    "SELECT schema_to_xml('{s}', true, true, '')",
    "SELECT database_to_xml(true, true, '')",
    "SELECT * FROM ts_stat('SELECT amount::tsvector FROM salaries')",
    "SELECT currtid2('salaries', '(0,1)')",
    "SELECT nextval('salaries_numbers')",
    "SELECT pg_read_file('PG_VERSION')",
    "SELECT * FROM dblink('', 'SELECT amount FROM salaries') AS t(a text)",
    "SELECT lo_get(1)",
    "SELECT '{salaries}'::_regclass",
    "SELECT CAST('{salaries}' AS pg_catalog._regtype)",
    "SELECT '{{salaries}}'::\"_regclass\"",
    "SELECT x FROM unnest((SELECT array_agg(tableoid::int8 - 60 + g) FROM orders, generate_series(1, 100) g)::oid[]::_regclass) x",
    "SELECT * FROM unnest(NULL::_salaries)",
    "SELECT ((NULL::{s}._salaries)[1]).amount",
    "SELECT _salaries '{}'",
    "SELECT _salaries('{}')",
    "SELECT (NULL::of_salaries)",
    "SELECT NULL::holds_salaries",
    "SELECT ARRAY[1]::_box_of_pay",
    "SELECT jsonb_populate_record(r, jsonb_build_object('t', (tableoid::int8 - 20 + g)::text))::text FROM (SELECT pg_typeof(1) AS t) r, orders, generate_series(1, 40) g",
    "SELECT * FROM told_by_xml",
    "SELECT * FROM told_by_size",
    "SELECT NULL::pay_range",
    "SELECT (lower(NULL::pay_range)).amount",
    "SELECT t.currval FROM unnest(ARRAY['salaries_numbers'::text]) t",
    "SELECT t.row_security_active FROM CAST('salaries' AS text) t",
    "SELECT 1 AS pg_class, c.relname FROM pg_class c",
    "SELECT relname FROM pg_class AS pg_class",
    "SELECT pg_class.relname FROM pg_class pg_class",
    "WITH pg_class AS (SELECT 1) SELECT relname FROM pg_catalog.pg_class",
    "SELECT 1 AS pg_relation_size, pg_relation_size('salaries')",
    "SELECT 1 AS pg_relation_size, t.pg_relation_size FROM unnest(ARRAY['salaries'::text]) t",
    "SELECT 1 AS pg_relation_size, ('salaries'::text).pg_relation_size",
    "SELECT 1 AS \"pg_relation_size\", t.U&\"\\0070g_relation_size\" FROM lower('salaries') t",
];

on_postgres!(no_way_around_leads_to_a_hidden_table, async |key: &str| {
    let mut house = House::new(key).await;
    let around = house.told(&AROUND);

    are_kept(&mut house.server, &around, &["salaries", "boss"]).await;

    house.gone().await;
});

/// What is no query, whatever it reads.
const OTHERS: [&str; 20] = [
    "INSERT INTO orders VALUES (9, 'x')",
    "INSERT INTO orders SELECT id, amount FROM salaries RETURNING note",
    "UPDATE orders SET note = (SELECT amount FROM pay) RETURNING note",
    "DELETE FROM orders USING pay RETURNING amount",
    "WITH x AS (INSERT INTO orders SELECT 9, amount FROM pay RETURNING note) SELECT * FROM x",
    "MERGE INTO orders USING pay ON true WHEN MATCHED THEN DELETE",
    "CREATE TABLE mine AS SELECT * FROM pay",
    "CREATE TEMP TABLE mine AS SELECT * FROM pay",
    "CREATE VIEW mine AS SELECT * FROM pay",
    "SELECT * INTO mine FROM pay",
    "COPY salaries TO STDOUT",
    "COPY (SELECT * FROM pay) TO STDOUT",
    "PREPARE x AS SELECT * FROM salaries",
    "DECLARE c CURSOR WITH HOLD FOR SELECT * FROM salaries",
    "EXECUTE portolan_judged",
    "DO 'BEGIN PERFORM 1; END'",
    "SET search_path = pg_catalog",
    "LOCK TABLE salaries",
    "EXPLAIN EXECUTE x",
    "SELECT 1; SELECT * FROM salaries",
];

on_postgres!(what_is_no_query_is_not_run, async |key: &str| {
    let mut house = House::new(key).await;

    are_kept(&mut house.server, &OTHERS, &["salaries", "boss"]).await;

    house.gone().await;
});

/// What somebody asks who means no harm, hidden names among columns and aliases included.
pub(super) const HONEST: [&str; 52] = [
    "SELECT 1",
    "SELECT * FROM orders",
    "SELECT note FROM {s}.orders WHERE id = 1",
    "SELECT \"note\" FROM \"{s}\".\"orders\"",
    "SELECT o.note, o.salaries FROM orders o",
    "SELECT salaries FROM orders WHERE salaries > 1 ORDER BY salaries",
    "SELECT sum(salaries) FROM orders GROUP BY note HAVING max(salaries) > 1",
    "SELECT id AS salaries FROM orders",
    "SELECT x.salaries FROM (SELECT id AS salaries FROM orders) x",
    "WITH salaries AS (SELECT 1 AS n) SELECT n FROM salaries",
    "WITH pay (n) AS (VALUES (1)) SELECT n FROM pay",
    "SELECT 'salaries', E'a\\'salaries', $$salaries$$ -- salaries",
    "SELECT \"Salaries\" FROM \"Odd One\"",
    "SELECT salaries.id FROM orders AS salaries",
    "SELECT salaries.id FROM orders salaries",
    "TABLE orders",
    "VALUES (1, 'a'), (2, 'b')",
    "SELECT * FROM notes",
    "SELECT * FROM events",
    "SELECT count(*) FROM events_1",
    "SELECT count(*), min(id), max(id), avg(id), string_agg(note, ', ' ORDER BY note) FROM orders",
    "SELECT count(*) FILTER (WHERE id > 1), row_number() OVER (PARTITION BY note ORDER BY id) FROM orders GROUP BY id, note",
    "SELECT a.id FROM orders a JOIN orders b USING (id) LEFT JOIN notes n ON n.note = a.note",
    "SELECT id FROM orders WHERE EXISTS (SELECT 1 FROM notes WHERE notes.note = orders.note)",
    "SELECT id FROM orders WHERE id IN (SELECT id FROM events) OR id = ANY (ARRAY[1, 2])",
    "SELECT x.n FROM orders o, LATERAL (SELECT o.id + 1 AS n) x",
    "WITH RECURSIVE t(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM t WHERE n < 3) SELECT sum(n) FROM t",
    "SELECT note FROM orders UNION SELECT note FROM notes ORDER BY 1 LIMIT 1 OFFSET 1",
    "SELECT CASE WHEN id > 1 THEN 'many' ELSE 'one' END, coalesce(note, ''), nullif(id, 1) FROM orders",
    "SELECT id::text, CAST(id AS numeric(10, 2)), note::varchar(3), '2026-01-01'::date, interval '1 day', date '2026-01-01' FROM orders",
    "SELECT lower('A'), upper(note), length(note), substring(note from 1 for 1), trim(both ' ' from note), position('a' in note) FROM orders",
    "SELECT now(), current_date, current_timestamp, date_trunc('day', now()), extract(year FROM now()), to_char(now(), 'YYYY')",
    "SELECT json_build_object('a', id), to_jsonb(o) -> 'note', jsonb_agg(o) FROM orders o GROUP BY o.id, o.*",
    "SELECT * FROM jsonb_to_recordset('[{\"a\": 1}]') AS x(a int)",
    "SELECT * FROM json_each('{\"a\": 1}'), unnest(ARRAY[1, 2]) WITH ORDINALITY AS u(v, n)",
    "SELECT g, g * 2 FROM generate_series(1, 3) g",
    "SELECT t.v FROM unnest(ARRAY['a']) AS t(v)",
    "SELECT (o).note, (ROW(1, 'a')).f1 FROM orders o",
    "SELECT note ~ '^a', note ILIKE 'A%', note || 'x', id % 2, id BETWEEN 1 AND 2 FROM orders",
    "SELECT DISTINCT ON (note) note FROM orders ORDER BY note, id DESC NULLS LAST",
    "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY id), corr(id, id), bool_and(id > 0) FROM orders",
    "SELECT id, lag(id) OVER w, sum(id) OVER w FROM orders WINDOW w AS (ORDER BY id)",
    "SELECT note, grouping(note) FROM orders GROUP BY ROLLUP (note)",
    "SELECT pg_column_size(note), version() IS NULL, current_setting('server_version') FROM orders",
    "SELECT slug('a b'), {s}.slug(note) FROM orders",
    "SELECT last_value FROM numbers",
    "SELECT 'good'::mood, enum_range(NULL::{s}.mood)",
    "SELECT md5(note), encode(sha256('a'), 'hex'), regexp_replace(note, 'a', 'b'), split_part(note, ',', 1) FROM orders",
    "SELECT * FROM orders TABLESAMPLE bernoulli (100)",
    "SHOW server_version",
    "EXPLAIN SELECT * FROM orders WHERE id = 1",
    "EXPLAIN (ANALYZE, VERBOSE, FORMAT JSON) SELECT * FROM notes",
];

on_postgres!(what_is_shown_is_read_as_by_anybody, async |key: &str| {
    let mut house = House::new(key).await;
    let honest = house.told(&HONEST);

    are_answered(&mut house.server, &honest).await;

    house.gone().await;
});

on_postgres!(what_analysts_ask_is_answered, async |key: &str| {
    let mut house = House::new(key).await;
    let asked: Vec<&str> = include_str!("analysts/postgres.sql").lines().collect();

    are_answered(&mut house.server, &asked).await;

    house.gone().await;
});

on_postgres!(parameters_and_pages_are_judged_too, async |key: &str| {
    let mut house = House::new(key).await;

    let asked = json!({"sql": "SELECT note FROM orders WHERE id = $1", "params": [2]});
    let answer = house.server.call("execute_query", asked).await.ok();
    let asked = json!({"sql": "SELECT amount FROM salaries WHERE id = $1", "params": [1]});
    let failure = house.server.call("execute_query", asked).await.failure();
    let asked = json!({"sql": "SELECT id FROM orders ORDER BY id", "maxRows": 1});
    let first = house.server.call("execute_query", asked).await.ok();
    let more = json!({"cursor": first["truncated"]["cursor"]});
    let second = house.server.call("execute_query", more).await.ok();

    assert_eq!(answer["rows"], json!([["b"]]));
    assert_eq!(failure["message"], "relation \"salaries\" does not exist");
    assert_eq!(failure["position"], 20);
    assert_eq!(
        (&first["rows"], &second["rows"]),
        (&json!([[1]]), &json!([[2]]))
    );
    house.gone().await;
});

on_postgres!(a_refusal_tells_what_to_do_instead, async |key: &str| {
    let mut house = House::new(key).await;

    for (sql, message, hint) in [
        (
            "SELECT * FROM pay",
            "A view, a policy or a table with partitions in this statement reads what your role may not see.",
            "Whoever runs this server can allow what it reads, or deny it.",
        ),
        (
            "SELECT table_name FROM information_schema.tables",
            "tables tells of tables that your role may not see.",
            "search_schema and describe_table tell of the tables that your role may see.",
        ),
        (
            "SELECT amounts()",
            "amounts() could read any table, and your role may see some only.",
            "Do without it. Whoever runs this server can list a function that keeps to those tables in `functions` of the role.",
        ),
        (
            "SELECT * FROM called",
            "amount_of() could read any table, and your role may see some only. A view in this statement calls it.",
            "Do without it. Whoever runs this server can list a function that keeps to those tables in `functions` of the role.",
        ),
    ] {
        let failure = house
            .server
            .call("execute_query", json!({ "sql": sql }))
            .await
            .failure();
        assert_eq!(failure["kind"], "not_allowed", "{sql}");
        assert_eq!(failure["message"], message, "{sql}");
        assert_eq!(failure["hint"], hint, "{sql}");
    }
    house.gone().await;
});

on_postgres!(
    the_tools_that_look_at_the_schema_show_no_hidden_table,
    async |key: &str| {
        let mut house = House::new(key).await;
        house.server.initialize(LEGACY).await;

        let mut answers = Vec::new();
        for (tool, arguments) in [
            ("search_schema", json!({})),
            (
                "search_schema",
                json!({"search": "amount", "detail": "full"}),
            ),
            ("search_schema", json!({"search": "salar"})),
            (
                "describe_table",
                json!({"tables": ["orders", "notes", "events", "wide"]}),
            ),
            ("find_join_path", json!({"from": "orders", "to": "notes"})),
            ("explain_query", json!({"sql": "SELECT * FROM notes"})),
            ("connection_info", json!({})),
        ] {
            let answer = house.server.call(tool, arguments).await;
            answers.push((tool, answer.json().to_string()));
        }
        for (method, params) in [
            ("resources/read", json!({"uri": "portolan://shop/schema"})),
            (
                "resources/read",
                json!({"uri": "portolan://shop/schema/diagram"}),
            ),
            (
                "resources/read",
                json!({"uri": format!("portolan://shop/schema/{}/orders", house.schema)}),
            ),
        ] {
            let answer = house.server.request(method, params).await;
            assert_eq!(answer["error"], json!(null), "{method}");
            answers.push((method, answer.to_string()));
        }

        let mut told = Vec::new();
        for name in ["salaries_kept", "wages_000"] {
            let pattern = format!("{name}%");
            for argument in [json!({ "search": pattern }), json!({ "schema": name })] {
                let answer = house.server.call("search_schema", argument).await;
                let answer = answer.json().to_string().replace(name, "?");
                assert!(answer.contains("be seen here"), "{answer}");
                told.push(answer);
            }
        }
        assert_eq!(told[..2], told[2..]);

        for (what, answer) in answers {
            // A column of orders has that name.
            let answer = answer
                .replace("\"salaries\"", "")
                .replace("salaries int4", "");
            for name in ["salaries_", "boss", ".salaries", "salaries(", "REFERENCES"] {
                assert!(!answer.contains(name), "{what}: {name}: {answer}");
            }
        }
        house.gone().await;
    }
);

on_postgres!(behind_a_pooler_it_is_judged_alike, async |key: &str| {
    let mut house = House::reached(key, true).await;

    let ways = house.told(&WAYS[..12]);
    are_told_alike(&mut house.server, &ways, "salaries", "wages000").await;
    are_kept(&mut house.server, &AROUND[..5], &["salaries", "boss"]).await;
    are_answered(&mut house.server, &HONEST[..2]).await;
    are_answered(&mut house.server, &HONEST[4..8]).await;

    house.gone().await;
});
